//! The diagonal of a matrix.

use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas = Formulas {
    forward: &["out[i] = matrix[i, i]"],
    backward: &["d_matrix[i, j] = d_out[i] where i = j, 0 elsewhere"],
};

struct Diagonal;

impl<T: Element> Tape<T> {
    /// Records the diagonal, (N), of a square matrix (N, N).
    ///
    /// ```text
    /// out[i] = matrix[i, i]
    /// d_matrix[i, j] = d_out[i] where i = j, 0 elsewhere
    /// ```
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let matrix = tape.variable(&array![[1.0, 2.0], [3.0, 4.0]]);
    /// let diagonal = tape.diagonal(matrix)?;
    /// tape.forward();
    /// assert_eq!(tape.value(diagonal)?, array![1.0, 4.0].into_dyn());
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if it is no square matrix.
    pub fn diagonal(&mut self, matrix: Var) -> Result<Var, TapeError> {
        self.record(Diagonal, &[matrix])
    }
}

impl<T: Element> Operation<T> for Diagonal {
    fn name(&self) -> &'static str {
        "diagonal"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        match *inputs[0] {
            [rows, columns] if rows == columns => Ok(vec![rows]),
            _ => Err(Mismatch::new("the matrix must be square, (N, N)")),
        }
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        let (matrix, step) = (values.input(0), out.len() + 1);
        out.iter_mut().zip(matrix.iter().step_by(step)).for_each(|(out, &value)| *out = value);
    }

    fn backward(&mut self, _: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        let step = d_out.len() + 1;
        gradients.add(0, |d_matrix| {
            for (value, &d_out) in d_matrix.iter_mut().step_by(step).zip(d_out) {
                *value = *value + d_out;
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
