//! The rectifier, value by value.

use crate::{
    Accumulate, Element, Formulas, Gradients, Mismatch, Operation, RowOperation, RowValues, Rows, Tape,
    TapeError, Values, Var,
};
use std::ops::Range;

const FORMULAS: Formulas =
    Formulas { forward: &["out = max(x, 0)"], backward: &["d_x = d_out where out > 0, else 0"] };

struct Relu;

impl<T: Element> Tape<T> {
    /// Records `max(x, 0)` for each value of `x`, any shape. After a convolution, [`Tape::conv2d`]
    /// does it in the same pass.
    ///
    /// ```text
    /// out = max(x, 0)
    /// d_x = d_out where out > 0, else 0
    /// ```
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let x = tape.variable(&array![-1.0, 0.0, 2.0]);
    /// let open = tape.relu(x)?;
    /// let loss = tape.sum(open)?;
    /// tape.forward();
    /// tape.backward(loss)?;
    /// assert_eq!(tape.value(open)?, array![0.0, 0.0, 2.0].into_dyn());
    /// assert_eq!(tape.gradient(x)?, array![0.0, 0.0, 1.0].into_dyn());
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::ForeignVariable`].
    pub fn relu(&mut self, x: Var) -> Result<Var, TapeError> {
        self.record(Relu, &[x])
    }
}

impl<T: Element> Operation<T> for Relu {
    fn name(&self) -> &'static str {
        "relu"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        T::relu(values.input(0), out);
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.write(0, |d_x, update| T::relu_gradient(values.output(), d_out, update, d_x));
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        false
    }

    fn by_rows(&self) -> Option<&dyn RowOperation<T>> {
        Some(self)
    }

    fn by_rows_mut(&mut self) -> Option<&mut dyn RowOperation<T>> {
        Some(self)
    }
}

impl<T: Element> RowOperation<T> for Relu {
    fn is_sum(&self) -> bool {
        false
    }

    fn read_rows(&self, _: &Values<'_, T>, _: usize, _: Range<usize>) -> Option<Range<usize>> {
        None
    }

    fn forward_rows(&mut self, values: &RowValues<'_, T>, rows: Range<usize>, out: &mut [T]) {
        let row_len = values.row_len(0);
        T::relu(values.rows(0).select(rows, row_len).values, out);
    }

    fn backward_rows(
        &mut self,
        values: &RowValues<'_, T>,
        d_out: Rows<'_, T>,
        _: usize,
        accumulate: Accumulate,
        (rows, d_x): (Range<usize>, &mut [T]),
    ) {
        let row_len = values.row_len(0);
        let [out, d_out] =
            [values.output_rows(), d_out].map(|there| there.select(rows.clone(), row_len).values);
        T::relu_gradient(out, d_out, accumulate, d_x);
    }
}
