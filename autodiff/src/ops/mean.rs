//! The mean of all values.

use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas = Formulas {
    forward: &["out = sum of all x / count"],
    backward: &["d_x = d_out / count, the same for every value"],
};

struct Mean {
    count: usize,
}

impl<T: Element> Tape<T> {
    /// Records the mean of all values of `x`, any shape, as a single number of shape ().
    ///
    /// ```text
    /// out = sum of all x / count
    /// d_x = d_out / count, the same for every value
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if there are no values.
    pub fn mean(&mut self, x: Var) -> Result<Var, TapeError> {
        self.record_with("mean", &[x], Mean::new)
    }
}

impl Mean {
    fn new(inputs: &[&[usize]]) -> Result<Self, Mismatch> {
        if inputs[0].contains(&0) {
            return Err(Mismatch::new("there are no values"));
        }
        Ok(Mean { count: inputs[0].iter().product() })
    }
}

impl<T: Element> Operation<T> for Mean {
    fn name(&self) -> &'static str {
        "mean"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(Vec::new())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        let sum: f64 = values.input(0).iter().map(|x| x.as_f64()).sum();
        out[0] = T::from_f64(sum / self.count as f64);
    }

    fn backward(&mut self, _: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        let share = T::from_f64(d_out[0].as_f64() / self.count as f64);
        gradients.add(0, |d_x| d_x.iter_mut().for_each(|d_x| *d_x = *d_x + share));
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        false
    }

    fn reads_output(&self) -> bool {
        false
    }
}
