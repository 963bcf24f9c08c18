//! Adam (Kingma and Ba 2015, algorithm 1) in the form of TensorFlow's `AdamOptimizer`.

use super::{Optimizer, OptimizerState, StepByParts};
use impasto_kernels::elementwise;
use std::borrow::Cow;

/// The name of its state.
const NAME: &str = "adam";

/// Decay of the averages of the gradient and of its square, unless told otherwise.
const BETAS: [f32; 2] = [0.9, 0.999];

/// Keeps the division finite. TensorFlow adds it outside the bias correction.
const EPSILON: f32 = 1e-8;

/// Adam: each value moves by about the learning rate, in the direction that its recent gradients
/// agree on.
///
/// With `m` and `v` the averages of the gradient and of its square, step `t` counted from 1:
/// `x -= learning_rate * sqrt(1 - 0.999^t) / (1 - 0.9^t) * m / (sqrt(v) + 1e-8)`. This is the order of computation at the
/// end of the paper's section 2, whose epsilon is not algorithm 1's.
///
/// ```
/// use impasto::optimizer::{Adam, Optimizer};
///
/// let mut adam = Adam::new(2, 0.1);
/// let mut values = [1.0, 1.0];
/// adam.step(0.0, &[4.0, -0.001], &mut values); // Adam does not look at the loss
/// // The first step has the length of the learning rate, however large the gradient.
/// assert!((values[0] - 0.9).abs() < 1e-4 && (values[1] - 1.1).abs() < 1e-4);
/// ```
pub struct Adam {
    /// The length of a step, in units of the values.
    learning_rate: f64,
    betas: [f32; 2],
    steps: i32,
    first_moment: Vec<f32>,
    second_moment: Vec<f32>,
}

impl Adam {
    /// Adam for `len` values.
    ///
    /// The learning rate is in units of the values.
    pub fn new(len: usize, learning_rate: f64) -> Self {
        let (first_moment, second_moment) = (vec![0.0; len], vec![0.0; len]);
        Adam { learning_rate, betas: BETAS, steps: 0, first_moment, second_moment }
    }

    /// The same with other decays of the averages of the gradient and of its square, each at least 0 and below 1.
    pub fn with_betas(self, betas: [f32; 2]) -> Self {
        Adam { betas, ..self }
    }
}

impl StepByParts for Adam {
    fn begin(&mut self) {
        self.steps = self.steps.saturating_add(1);
    }

    fn part(&mut self, start: usize, gradient: &[f32], values: &mut [f32]) {
        // Of the betas that the averages are taken with: 1 - 0.999 is off by 1e-5 in 32 bits.
        let [first, second] = self.betas.map(|beta| 1.0 - f64::from(beta).powi(self.steps));
        let step = self.learning_rate * second.sqrt() / first;
        elementwise::adam(
            step as f32,
            self.betas,
            EPSILON,
            gradient,
            &mut self.first_moment[start..][..gradient.len()],
            &mut self.second_moment[start..][..gradient.len()],
            values,
        );
    }
}

impl Optimizer for Adam {
    fn step(&mut self, _: f64, gradient: &[f32], values: &mut [f32]) {
        assert_eq!(gradient.len(), self.first_moment.len(), "one gradient per value");
        self.begin();
        self.part(0, gradient, values);
    }

    fn state(&self) -> Option<OptimizerState<'_>> {
        let arrays = [&self.first_moment, &self.second_moment].map(|moment| Cow::Borrowed(&moment[..]));
        Some(OptimizerState {
            name: NAME.into(),
            numbers: vec![f64::from(self.steps)],
            arrays: arrays.into(),
        })
    }

    fn restore(&mut self, state: OptimizerState<'_>) -> bool {
        let len = self.first_moment.len();
        match (&*state.name, &state.numbers[..], <[_; 2]>::try_from(state.arrays)) {
            (NAME, &[steps], Ok([first, second])) if first.len() == len && second.len() == len => {
                self.steps = steps as i32;
                (self.first_moment, self.second_moment) = (first.into_owned(), second.into_owned());
                true
            }
            _ => false,
        }
    }

    fn by_parts(&mut self) -> Option<&mut dyn StepByParts> {
        Some(self)
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_tensorflows() {
        // x -= lr * sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + 1e-8), by hand for two steps.
        let mut adam = Adam::new(2, 0.5);
        let mut values = [1.0f32, -2.0];
        adam.step(0.0, &[0.3, -4.0], &mut values);
        assert!((values[0] - 0.5).abs() < 1e-6 && (values[1] + 1.5).abs() < 1e-6, "{values:?}");
        adam.step(0.0, &[-0.1, -4.0], &mut values);
        let m: f64 = 0.9 * 0.03 + 0.1 * -0.1;
        let v: f64 = 0.999 * (0.001 * 0.09) + 0.001 * 0.01;
        let step = 0.5 * (1.0 - 0.999f64.powi(2)).sqrt() / (1.0 - 0.81);
        let expected = 0.5 - step * m / (v.sqrt() + 1e-8);
        assert!((f64::from(values[0]) - expected).abs() < 1e-5, "{} and {expected}", values[0]);
        assert!((values[1] + 1.0).abs() < 1e-5, "{values:?}");
    }
}
