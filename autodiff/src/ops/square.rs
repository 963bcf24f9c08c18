//! The square, value by value.

use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas = Formulas { forward: &["out = x^2"], backward: &["d_x = 2 x * d_out"] };

struct Square;

impl<T: Element> Tape<T> {
    /// Records the square of each value of `x`, any shape.
    ///
    /// Gradient: `d_x = 2 x * d_out`.
    ///
    /// # Errors
    /// [`TapeError::ForeignVariable`].
    pub fn square(&mut self, x: Var) -> Result<Var, TapeError> {
        self.record(Square, &[x])
    }
}

impl<T: Element> Operation<T> for Square {
    fn name(&self) -> &'static str {
        "square"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&mut self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        for (out, &x) in out.iter_mut().zip(values.input(0)) {
            *out = x * x;
        }
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.add(0, |d_x| {
            for ((d_x, &x), &d_out) in d_x.iter_mut().zip(values.input(0)).zip(d_out) {
                *d_x = *d_x + (x + x) * d_out;
            }
        });
    }

    fn reads_output(&self) -> bool {
        false
    }
}
