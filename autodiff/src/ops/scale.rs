//! The product with a constant.

use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas = Formulas { forward: &["out = factor * x"], backward: &["d_x = factor * d_out"] };

struct Scale<T> {
    factor: T,
}

impl<T: Element> Tape<T> {
    /// Records each value of `x`, any shape, times a constant. (By a number that varies: [`Tape::mul`].)
    ///
    /// Gradient: `d_x = factor * d_out`.
    ///
    /// # Errors
    /// [`TapeError::ForeignVariable`].
    pub fn scale(&mut self, x: Var, factor: T) -> Result<Var, TapeError> {
        self.record(Scale { factor }, &[x])
    }
}

impl<T: Element> Operation<T> for Scale<T> {
    fn name(&self) -> &'static str {
        "scale"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&mut self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        for (out, &x) in out.iter_mut().zip(values.input(0)) {
            *out = self.factor * x;
        }
    }

    fn backward(&mut self, _: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.add(0, |d_x| {
            for (d_x, &d_out) in d_x.iter_mut().zip(d_out) {
                *d_x = *d_x + self.factor * d_out;
            }
        });
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        false
    }

    fn reads_output(&self) -> bool {
        false
    }
}
