//! The logarithm of the softmax along the last axis.

use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas = Formulas {
    forward: &["out[i] = x[i] - ln(sum over j of e^x[j])"],
    backward: &["d_x[i] = d_out[i] - e^out[i] * sum over j of d_out[j]"],
};

struct LogSoftmax {
    row_len: usize,
}

impl<T: Element> Tape<T> {
    /// Records the logarithm of the softmax over the last axis of `x`: scores become log-probabilities,
    /// however large they are.
    ///
    /// The cross-entropy of a classifier is minus their mean at the right classes: [`Tape::mul`] by
    /// one-hot targets, then [`Tape::sum`], then [`Tape::scale`] by `-1 / N`.
    ///
    /// ```text
    /// out[i] = x[i] - ln(sum over j of e^x[j])
    /// d_x[i] = d_out[i] - e^out[i] * sum over j of d_out[j]
    /// ```
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let scores = tape.variable(&array![[1.0, 1.0]]);
    /// let right = tape.constant(&array![[0.0, 1.0]]); // the second class, one-hot
    /// let log_probabilities = tape.log_softmax(scores)?;
    /// let picked = tape.mul(log_probabilities, right)?;
    /// let sum = tape.sum(picked)?;
    /// let cross_entropy = tape.scale(sum, -1.0)?;
    /// tape.forward();
    /// tape.backward(cross_entropy)?;
    /// assert!((tape.number(cross_entropy)? - 2f64.ln()).abs() < 1e-15);
    /// let slope = tape.gradient(scores)?; // probabilities - right
    /// assert!((slope[[0, 0]] - 0.5).abs() < 1e-15 && (slope[[0, 1]] + 0.5).abs() < 1e-15);
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] for a single number of shape (): it has no axes.
    pub fn log_softmax(&mut self, x: Var) -> Result<Var, TapeError> {
        self.record_with("log_softmax", &[x], LogSoftmax::new)
    }
}

impl LogSoftmax {
    fn new(inputs: &[&[usize]]) -> Result<Self, Mismatch> {
        let Some(&row_len) = inputs[0].last() else {
            return Err(Mismatch::new("there must be at least one axis"));
        };
        // Of rows without values there are none to walk over.
        Ok(LogSoftmax { row_len: row_len.max(1) })
    }
}

impl<T: Element> Operation<T> for LogSoftmax {
    fn name(&self) -> &'static str {
        "log_softmax"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        let rows = values.input(0).chunks_exact(self.row_len).zip(out.chunks_exact_mut(self.row_len));
        for (x, out) in rows {
            // e^(x - max) cannot overflow, and at least one of them is 1.
            let max = x.iter().fold(T::neg_infinity(), |max, &x| max.max(x));
            let sum = x.iter().fold(T::zero(), |sum, &x| sum + (x - max).exp());
            let log_sum = sum.ln();
            for (out, &x) in out.iter_mut().zip(x) {
                *out = x - max - log_sum;
            }
        }
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.add(0, |d_x| {
            let rows = values.output().chunks_exact(self.row_len).zip(d_out.chunks_exact(self.row_len));
            for (d_x, (out, d_out)) in d_x.chunks_exact_mut(self.row_len).zip(rows) {
                let sum = d_out.iter().fold(T::zero(), |sum, &d_out| sum + d_out);
                for ((d_x, &out), &d_out) in d_x.iter_mut().zip(out).zip(d_out) {
                    *d_x = *d_x + d_out - out.exp() * sum;
                }
            }
        });
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        false
    }
}
