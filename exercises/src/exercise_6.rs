//! Exercise 6: a step of Adam. 练习六：Adam 的一步。

/// What Adam remembers of each value. Adam 对每个值记住的东西。
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// The average of the gradient, 0 at first; 梯度的移动平均，起初为 0
    pub m: Vec<f64>,
    /// The average of its square, 0 at first; 梯度平方的移动平均，起初为 0
    pub v: Vec<f64>,
    /// Steps taken, 0 at first; 已走的步数，起初为 0
    pub t: i32,
}

/// Changes `x` by one step of Adam, down the `gradient`, as TensorFlow does:
///
/// ```text
/// t = t + 1
/// m = 0.9 * m + 0.1 * g
/// v = 0.999 * v + 0.001 * g^2
/// x = x - learning_rate * sqrt(1 - 0.999^t) / (1 - 0.9^t) * m / (sqrt(v) + 1e-8)
/// ```
///
/// 按 TensorFlow 的写法，沿着梯度向下走一步，直接修改 `x` 和 `memory`。
pub fn adam_step(memory: &mut Memory, learning_rate: f64, gradient: &[f64], x: &mut [f64]) {
    let _ = (memory, learning_rate, gradient, x);
    todo!("write a step of Adam")
}
