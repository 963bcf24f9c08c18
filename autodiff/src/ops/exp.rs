//! The exponential, value by value.

use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas = Formulas { forward: &["out = e^x"], backward: &["d_x = out * d_out"] };

struct Exp;

impl<T: Element> Tape<T> {
    /// Records `e^x` for each value of `x`, any shape.
    ///
    /// Gradient: `d_x = out * d_out`.
    ///
    /// # Errors
    /// [`TapeError::ForeignVariable`].
    pub fn exp(&mut self, x: Var) -> Result<Var, TapeError> {
        self.record(Exp, &[x])
    }
}

impl<T: Element> Operation<T> for Exp {
    fn name(&self) -> &'static str {
        "exp"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&mut self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        for (out, &x) in out.iter_mut().zip(values.input(0)) {
            *out = x.exp();
        }
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.add(0, |d_x| {
            for ((d_x, &out), &d_out) in d_x.iter_mut().zip(values.output()).zip(d_out) {
                *d_x = *d_x + out * d_out;
            }
        });
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        false
    }
}
