//! A value as it is, with a gradient of a given strength.

use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas = Formulas {
    forward: &["out = x"],
    backward: &["d_x = strength / (sum of |d_out|) * d_out, or 0 where d_out is 0 everywhere"],
};

struct NormalizeGradient<T> {
    strength: T,
}

impl<T: Element> Tape<T> {
    /// Records `x` as it is, whose gradient is scaled on its way back so that the absolute values of it sum up to
    /// `strength`.
    ///
    /// What lies behind it then pulls at `x` as strongly whatever the size of its loss. What comes out is no longer the
    /// gradient of a loss, so that rules which compare losses, such as line searches, do not get along with it.
    ///
    /// ```text
    /// out = x
    /// d_x = strength / (sum of |d_out|) * d_out, or 0 where d_out is 0 everywhere
    /// ```
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let x = tape.variable(&array![3.0, -1.0]);
    /// let normalized = tape.normalize_gradient(x, 2.0)?;
    /// let squares = tape.square(normalized)?;
    /// let loss = tape.sum(squares)?;
    /// tape.forward();
    /// tape.backward(loss)?;
    /// assert_eq!(tape.gradient(x)?, array![1.5, -0.5].into_dyn()); // 6 and -2, to a sum of 2
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::ForeignVariable`].
    pub fn normalize_gradient(&mut self, x: Var, strength: T) -> Result<Var, TapeError> {
        self.record(NormalizeGradient { strength }, &[x])
    }
}

impl<T: Element> Operation<T> for NormalizeGradient<T> {
    fn name(&self) -> &'static str {
        "normalize_gradient"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        out.copy_from_slice(values.input(0));
    }

    fn backward(&mut self, _: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        // In f64: there are millions of summands.
        let sum: f64 = d_out.iter().map(|value| value.as_f64().abs()).sum();
        if sum > 0.0 && sum.is_finite() {
            let factor = T::from_f64(self.strength.as_f64() / sum);
            gradients.add(0, |d_x| {
                for (d_x, &d_out) in d_x.iter_mut().zip(d_out) {
                    *d_x = *d_x + factor * d_out;
                }
            });
        } else {
            gradients.add(0, |_| ());
        }
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        false
    }

    fn reads_output(&self) -> bool {
        false
    }
}
