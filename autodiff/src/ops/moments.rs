//! Mean and variance of each channel; the positions p are those along all other axes.

use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas = Formulas {
    forward: &[
        "mean[c] = (sum over p of x[p, c]) / P",
        "variance[c] = (sum over p of (x[p, c] - mean[c])^2) / P",
    ],
    backward: &["d_x[p, c] = (d_mean[c] + 2 * d_variance[c] * (x[p, c] - mean[c])) / P"],
};

struct Moments {
    channels: usize,
    len: usize,
}

impl<T: Element> Tape<T> {
    /// Records the mean and the variance of each channel of `x`, its last axis, over all other axes: of
    /// (N, H, W, C) they are (2, C), the means first. The variance is the plain one, divided by the count.
    ///
    /// ```text
    /// mean[c] = (sum over p of x[p, c]) / P
    /// variance[c] = (sum over p of (x[p, c] - mean[c])^2) / P
    /// d_x[p, c] = (d_mean[c] + 2 * d_variance[c] * (x[p, c] - mean[c])) / P
    /// ```
    ///
    /// Here p runs over all P positions.
    ///
    /// # Errors
    /// [`TapeError::Shape`] for a single number of shape (), which has no channels, or where there are no
    /// values.
    pub fn moments(&mut self, x: Var) -> Result<Var, TapeError> {
        self.record_with("moments", &[x], Moments::new)
    }
}

impl Moments {
    fn new(inputs: &[&[usize]]) -> Result<Self, Mismatch> {
        let Some(&channels) = inputs[0].last() else {
            return Err(Mismatch::new("there must be at least one axis"));
        };
        if inputs[0].contains(&0) {
            return Err(Mismatch::new("there are no values to take the mean of"));
        }
        Ok(Moments { channels, len: inputs[0].iter().product() })
    }
}

impl<T: Element> Operation<T> for Moments {
    fn name(&self) -> &'static str {
        "moments"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(vec![2, self.channels])
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        T::moments(self.channels, values.input(0), out);
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.write(0, |d_x, update| {
            T::moments_gradient(self.channels, values.input(0), values.output(), d_out, update, d_x);
        });
    }

    fn flops(&self) -> u64 {
        4 * self.len as u64
    }

    fn backward_flops(&self, wanted: &[bool]) -> u64 {
        if wanted[0] { 3 * self.len as u64 } else { 0 }
    }
}
