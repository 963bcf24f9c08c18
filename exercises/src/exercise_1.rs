//! Exercise 1: the content loss. 练习一：内容损失。

use impasto::autodiff::{Tape, TapeError, Var};

/// `weight * sum of (features - target)^2`.
///
/// How far the picture's features are from the content image's, at one layer.
///
/// 图像在某一层的特征与内容图的特征相差多远。
///
/// - `weight`: how much the content counts; 内容的权重
/// - `features`, `target`: features of one shape, (1, H, W, C); 形状相同的特征
///
/// Returns a single number. Use `tape.sub`, `tape.square`, `tape.sum` and `tape.scale`.
///
/// 返回一个数。请用 `tape.sub`、`tape.square`、`tape.sum` 和 `tape.scale`。
///
/// # Errors
/// Those of the tape.
pub fn content_loss(tape: &mut Tape<f64>, weight: f64, features: Var, target: Var) -> Result<Var, TapeError> {
    let _ = (tape, weight, features, target);
    todo!("write the content loss")
}
