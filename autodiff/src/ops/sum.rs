//! The sum of all values.

use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas =
    Formulas { forward: &["out = sum of all x"], backward: &["d_x = d_out, the same for every value"] };

struct Sum;

impl<T: Element> Tape<T> {
    /// Records the sum of all values of `x`, any shape, as a single number of shape ().
    ///
    /// ```text
    /// out = sum of all x
    /// d_x = d_out, the same for every value
    /// ```
    ///
    /// # Errors
    /// [`TapeError::ForeignVariable`].
    pub fn sum(&mut self, x: Var) -> Result<Var, TapeError> {
        self.record(Sum, &[x])
    }
}

impl<T: Element> Operation<T> for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(Vec::new())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        // In f64: a sum of millions of f32 must not lose the small ones.
        out[0] = T::from_f64(values.input(0).iter().map(|x| x.as_f64()).sum());
    }

    fn backward(&mut self, _: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.add(0, |d_x| d_x.iter_mut().for_each(|d_x| *d_x = *d_x + d_out[0]));
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        false
    }

    fn reads_output(&self) -> bool {
        false
    }
}
