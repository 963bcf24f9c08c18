//! Exercise 3: the style loss. 练习三：风格损失。

use impasto::autodiff::{Tape, TapeError, Var};

/// `sum over i of weights[i] * sum of (gram_matrix(features[layers[i]]) - targets[i])^2`.
///
/// How far the picture's Gram matrices are from the style image's. Your own `exercise_2::gram_matrix` may be used.
///
/// 图像的 Gram 矩阵与风格图的 Gram 矩阵相差多远。可以用你自己写的 `exercise_2::gram_matrix`。
///
/// - `features`: of *every* layer, (1, H, W, C) each; *所有*层的特征
/// - `layers`: the numbers of the layers that count, not all of them; 参与计算的层的编号，不是全部
/// - `targets`: the style image's normalized Gram matrix of each of these layers; 这些层上风格图的归一化 Gram 矩阵
/// - `weights`: of each of these layers; 这些层的权重
///
/// # Errors
/// Those of the tape.
pub fn style_loss(
    tape: &mut Tape<f64>,
    features: &[Var],
    layers: &[usize],
    targets: &[Var],
    weights: &[f64],
) -> Result<Var, TapeError> {
    let _ = (tape, features, layers, targets, weights);
    todo!("write the style loss")
}
