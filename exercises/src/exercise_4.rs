//! Exercise 4: the total variation. 练习四：总变差。

use impasto::autodiff::{Tape, TapeError, Var};

/// `weight * (sum of squared differences of pixels above each other + the same of pixels beside each other)`.
///
/// How rough the picture is. Every pair of neighbors counts once, those of the last row and the last column too. (The formula
/// as the notebook prints it leaves some of these out; its answers have them.)
///
/// 画面有多粗糙。每一对相邻像素都算一次，最后一行和最后一列的也算。（笔记本印出的公式漏了其中一部分，它的答案却没有漏。）
///
/// - `image`: (1, H, W, 3)
/// - `weight`: how much roughness counts; 粗糙程度的权重
///
/// Use `tape.narrow(image, axis, start, len)`, which keeps `len` rows or columns from `start` on.
///
/// 请用 `tape.narrow(image, axis, start, len)`：从 `start` 起保留 `len` 行或列。
///
/// # Errors
/// Those of the tape.
pub fn tv_loss(tape: &mut Tape<f64>, image: Var, weight: f64) -> Result<Var, TapeError> {
    let _ = (tape, image, weight);
    todo!("write the total variation")
}
