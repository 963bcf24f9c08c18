//! Exercise 5: an operation of your own. 练习五：自己写一个运算。

use ndarray::{Array2, ArrayView2};

/// Forward: `out = x^T x`, of x (P, C) a matrix (C, C).
///
/// 前向：x 的形状是 (P, C)，结果是 (C, C)。
pub fn forward(x: ArrayView2<'_, f64>) -> Array2<f64> {
    let _ = x;
    todo!("write the forward pass")
}

/// Backward: from `d_out`, the gradient of some number with respect to the output, (C, C), *adds* that number's gradient with
/// respect to x to `d_x`, (P, C).
///
/// x stands in the product twice, and `d_out` need not be symmetric.
///
/// 反向：由 `d_out`（某个数对输出的梯度）算出它对 x 的梯度，*加到* `d_x` 上。x 在乘积里出现两次，`d_out` 也不一定对称。
pub fn backward(x: ArrayView2<'_, f64>, d_out: ArrayView2<'_, f64>, d_x: &mut Array2<f64>) {
    let _ = (x, d_out, d_x);
    todo!("write the backward pass")
}
