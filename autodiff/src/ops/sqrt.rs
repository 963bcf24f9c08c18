//! The square root, value by value.

use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas = Formulas { forward: &["out = sqrt(x)"], backward: &["d_x = d_out / (2 out)"] };

struct Sqrt;

impl<T: Element> Tape<T> {
    /// Records the square root of each value of `x`, any shape: NaN below 0, an infinite gradient at 0.
    ///
    /// Gradient: `d_x = d_out / (2 out)`.
    ///
    /// # Errors
    /// [`TapeError::ForeignVariable`].
    pub fn sqrt(&mut self, x: Var) -> Result<Var, TapeError> {
        self.record(Sqrt, &[x])
    }
}

impl<T: Element> Operation<T> for Sqrt {
    fn name(&self) -> &'static str {
        "sqrt"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&mut self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        for (out, &x) in out.iter_mut().zip(values.input(0)) {
            *out = x.sqrt();
        }
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.add(0, |d_x| {
            for ((d_x, &out), &d_out) in d_x.iter_mut().zip(values.output()).zip(d_out) {
                *d_x = *d_x + d_out / (out + out);
            }
        });
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        false
    }
}
