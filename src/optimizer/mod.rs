//! Ways to walk downhill: [`Adam`], the notebook's, and [`Lbfgs`], the one of the original paper.

mod adam;
mod lbfgs;

use std::borrow::Cow;

pub use adam::Adam;
pub use lbfgs::Lbfgs;

/// An optimizer that steps value by value, so that a gradient need not be in memory whole.
pub trait StepByParts {
    /// Begins the next step.
    fn begin(&mut self);

    /// Takes the step for the values from number `start` on.
    fn part(&mut self, start: usize, gradient: &[f32], values: &mut [f32]);
}

/// What an optimizer remembers.
#[derive(Debug, Clone, PartialEq)]
pub struct OptimizerState<'a> {
    /// Which optimizer, such as `adam`.
    pub name: Cow<'a, str>,
    /// Its numbers.
    pub numbers: Vec<f64>,
    /// Its arrays.
    pub arrays: Vec<Cow<'a, [f32]>>,
}

/// A rule that changes values so that a loss falls.
///
/// ```
/// use impasto::optimizer::{Adam, Lbfgs, Optimizer};
///
/// /// Goes down `x^2`, whose gradient is `2 x`, from 1.
/// fn descend(optimizer: &mut dyn Optimizer) -> f32 {
///     let mut x = [1.0];
///     for _ in 0..20 {
///         let (loss, gradient) = (f64::from(x[0] * x[0]), [2.0 * x[0]]);
///         optimizer.step(loss, &gradient, &mut x);
///     }
///     x[0]
/// }
/// assert!(descend(&mut Adam::new(1, 0.1)).abs() < 0.5);
/// assert!(descend(&mut Lbfgs::new()).abs() < 1e-3);
/// ```
pub trait Optimizer: Send {
    /// Changes `values`, at which the loss is `loss` and its gradient `gradient`. All slices have one
    /// length, the same at each call.
    ///
    /// # Panics
    /// [`Adam`] panics where the lengths differ; [`Lbfgs`] does not always notice.
    fn step(&mut self, loss: f64, gradient: &[f32], values: &mut [f32]);

    /// Sets the length of the coming steps, in units of the values; a rule that finds its own ignores it.
    fn set_learning_rate(&mut self, learning_rate: f64) {
        let _ = learning_rate;
    }

    /// The same rule as one that steps by parts, if it is one.
    fn by_parts(&mut self) -> Option<&mut dyn StepByParts> {
        None
    }

    /// What it remembers, for [`restore`](Self::restore); none if it cannot be told.
    fn state(&self) -> Option<OptimizerState<'_>> {
        None
    }

    /// Goes on as the optimizer that remembered this, if it is one of the same kind for as many values; tells whether it is.
    fn restore(&mut self, state: OptimizerState<'_>) -> bool {
        let _ = state;
        false
    }

    /// Called once after the last step, with the loss at `values`: a rule that only tried these
    /// values may return to better ones, and tells whether it did.
    fn finish(&self, loss: f64, values: &mut [f32]) -> bool {
        let _ = (loss, values);
        false
    }
}
