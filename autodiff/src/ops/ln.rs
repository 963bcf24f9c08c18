//! The natural logarithm, value by value.

use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas = Formulas { forward: &["out = ln x"], backward: &["d_x = d_out / x"] };

struct Ln;

impl<T: Element> Tape<T> {
    /// Records the natural logarithm of each value of `x`, any shape: -inf at 0, NaN below.
    ///
    /// Gradient: `d_x = d_out / x`.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let x = tape.variable(&array![0.5]);
    /// let power = tape.exp(x)?;
    /// let back = tape.ln(power)?;
    /// tape.forward();
    /// tape.backward(back)?;
    /// assert!((tape.number(back)? - 0.5).abs() < 1e-15);
    /// assert!((tape.gradient(x)?[[0]] - 1.0).abs() < 1e-15); // e^x / e^x
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::ForeignVariable`].
    pub fn ln(&mut self, x: Var) -> Result<Var, TapeError> {
        self.record(Ln, &[x])
    }
}

impl<T: Element> Operation<T> for Ln {
    fn name(&self) -> &'static str {
        "ln"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&mut self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        for (out, &x) in out.iter_mut().zip(values.input(0)) {
            *out = x.ln();
        }
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.add(0, |d_x| {
            for ((d_x, &x), &d_out) in d_x.iter_mut().zip(values.input(0)).zip(d_out) {
                *d_x = *d_x + d_out / x;
            }
        });
    }

    fn reads_output(&self) -> bool {
        false
    }
}
