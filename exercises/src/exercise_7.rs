//! Exercise 7: the loop. 练习七：主循环。

/// The gradient at a place. 某处的梯度。
pub type Gradient<'a> = dyn FnMut(&[f64]) -> Vec<f64> + 'a;

/// A step with a learning rate, down a gradient. 以某个学习率沿梯度走一步。
pub type Step<'a> = dyn FnMut(f64, &[f64], &mut [f64]) + 'a;

/// The notebook's loop over the values of a picture, with 0 for the first iteration. In each iteration:
///
/// 1. find the gradient at `x` with `gradient(x)`;
/// 2. take a step with `step(learning_rate, gradient, x)`, where the learning rate is 3 before iteration `decay_at` and 0.1
///    from it on;
/// 3. if the iteration is before `decay_at`, clamp every value to -1.5..=1.5.
///
/// 笔记本的主循环，迭代从 0 数起。每次迭代：先用 `gradient(x)` 求梯度；再用 `step(learning_rate, gradient, x)` 走一步，
/// 第 `decay_at` 次之前学习率为 3，从它起为 0.1；第 `decay_at` 次之前的迭代，走完之后把每个值截断到 [-1.5, 1.5]。
pub fn optimize(
    x: &mut [f64],
    iterations: usize,
    decay_at: usize,
    gradient: &mut Gradient<'_>,
    step: &mut Step<'_>,
) {
    let _ = (x, iterations, decay_at, gradient, step);
    todo!("write the loop")
}
