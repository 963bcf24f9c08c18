//! The squared distance of two arrays.

use super::check_equal;
use crate::formulas::product;
use crate::{
    Accumulate, Element, Formulas, Gradients, Mismatch, Operation, RowOperation, RowValues, Rows, Tape,
    TapeError, Values, Var,
};
use std::ops::Range;

const FORMULAS: Formulas = Formulas {
    forward: &["out = sum of (a - b)^2"],
    backward: &["d_a = 2 (a - b) * d_out", "d_b = 2 (b - a) * d_out"],
};

struct SquaredDifference {
    len: usize,
}

impl<T: Element> Tape<T> {
    /// Records the sum of `(a - b)^2` over all values of two arrays of one shape, as a single number
    /// of shape ().
    ///
    /// ```text
    /// out = sum of (a - b)^2
    /// d_a = 2 (a - b) * d_out
    /// d_b = 2 (b - a) * d_out
    /// ```
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let a = tape.variable(&array![1.0, 5.0]);
    /// let b = tape.constant(&array![2.0, 2.0]);
    /// let distance = tape.squared_difference(a, b)?;
    /// tape.forward();
    /// tape.backward(distance)?;
    /// assert_eq!(tape.number(distance)?, 10.0); // 1 + 9
    /// assert_eq!(tape.gradient(a)?, array![-2.0, 6.0].into_dyn());
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if the shapes differ.
    pub fn squared_difference(&mut self, a: Var, b: Var) -> Result<Var, TapeError> {
        self.record_with("squared_difference", &[a, b], SquaredDifference::new)
    }
}

impl SquaredDifference {
    fn new(inputs: &[&[usize]]) -> Result<Self, Mismatch> {
        check_equal(inputs[0], inputs[1])?;
        Ok(SquaredDifference { len: inputs[0].iter().product() })
    }
}

impl<T: Element> Operation<T> for SquaredDifference {
    fn name(&self) -> &'static str {
        "squared_difference"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(Vec::new())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        out[0] = T::squared_difference(values.input(0), values.input(1));
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        let (a, b) = (values.input(0), values.input(1));
        gradients.write(0, |d_a, update| T::squared_difference_gradient(a, b, d_out[0], update, d_a));
        gradients.write(1, |d_b, update| T::squared_difference_gradient(b, a, d_out[0], update, d_b));
    }

    fn arithmetic(&self, inputs: &[&[usize]], _: &[usize]) -> Vec<String> {
        vec![format!("{} = {} differences, squared and summed", product(inputs[0]), self.len)]
    }

    fn flops(&self) -> u64 {
        3 * self.len as u64
    }

    fn backward_flops(&self, wanted: &[bool]) -> u64 {
        2 * self.len as u64 * wanted.iter().filter(|&&wanted| wanted).count() as u64
    }

    fn reads_output(&self) -> bool {
        false
    }

    fn by_rows(&self) -> Option<&dyn RowOperation<T>> {
        Some(self)
    }

    fn by_rows_mut(&mut self) -> Option<&mut dyn RowOperation<T>> {
        Some(self)
    }
}

impl<T: Element> RowOperation<T> for SquaredDifference {
    fn images(&self) -> usize {
        2
    }

    fn is_sum(&self) -> bool {
        true
    }

    fn read_rows(&self, _: &Values<'_, T>, _: usize, rows: Range<usize>) -> Option<Range<usize>> {
        Some(rows)
    }

    fn forward_rows(&mut self, values: &RowValues<'_, T>, rows: Range<usize>, out: &mut [T]) {
        let row_len = values.row_len(0);
        let [a, b] = [0, 1].map(|index| values.rows(index).select(rows.clone(), row_len).values);
        out[0] = out[0] + T::squared_difference(a, b);
    }

    fn backward_rows(
        &mut self,
        values: &RowValues<'_, T>,
        d_out: Rows<'_, T>,
        index: usize,
        accumulate: Accumulate,
        (rows, gradient): (Range<usize>, &mut [T]),
    ) {
        let row_len = values.row_len(0);
        let [own, other] =
            [index, 1 - index].map(|index| values.rows(index).select(rows.clone(), row_len).values);
        T::squared_difference_gradient(own, other, d_out.values[0], accumulate, gradient);
    }
}
