//! Exercise 2: the Gram matrix. 练习二：Gram 矩阵。

use impasto::autodiff::{Tape, TapeError, Var};

/// Which channels respond together, wherever they do: `G[i, j] = sum over positions of F[p, i] * F[p, j]`.
///
/// 哪些通道一起响应，不论在哪里。
///
/// - `features`: (1, H, W, C)
/// - `normalize`: whether the matrix is divided by the number of features, H * W * C; 是否除以特征的个数
///
/// Returns a matrix (C, C). Look the shape up with `tape.shape(features)?`; use `tape.reshape`, `tape.transpose` and
/// `tape.matmul`. A reshape does not move numbers, a transpose does.
///
/// 返回 (C, C) 的矩阵。形状用 `tape.shape(features)?` 查；请用 `tape.reshape`、`tape.transpose` 和 `tape.matmul`。
/// reshape 不移动数，transpose 才移动。
///
/// # Errors
/// Those of the tape.
pub fn gram_matrix(tape: &mut Tape<f64>, features: Var, normalize: bool) -> Result<Var, TapeError> {
    let _ = (tape, features, normalize);
    todo!("write the Gram matrix")
}
