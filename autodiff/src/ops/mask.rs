//! An image under a mask: every position, or only its gradient, times a number of its own.

use super::positions::{self, check};
use crate::{
    Accumulate, Element, Formulas, Gradients, Mismatch, Operation, RowOperation, RowValues, Rows, Tape,
    TapeError, Values, Var,
};
use std::ops::Range;

const FORMULAS: Formulas = Formulas {
    forward: &["out[n, y, x, c] = factors[n, y, x, 0] * image[n, y, x, c]"],
    backward: &["d_image[n, y, x, c] = factors[n, y, x, 0] * d_out[n, y, x, c]"],
};

/// What is multiplied: values and gradients, or gradients alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mask {
    Values,
    Gradients,
}

impl<T: Element> Tape<T> {
    /// Records an image (N, H, W, C) with each position multiplied by its own of `factors`, (N, H, W, 1), which get no
    /// gradient. Where the factor is 0, so is the gradient.
    ///
    /// ```text
    /// out[n, y, x, c] = factors[n, y, x, 0] * image[n, y, x, c]
    /// d_image[n, y, x, c] = factors[n, y, x, 0] * d_out[n, y, x, c]
    /// ```
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let image = tape.variable(&array![[[[1.0, 2.0], [3.0, 4.0]]]]); // (1, 1, 2, 2): two positions
    /// let factors = tape.constant(&array![[[[0.5], [0.0]]]]);
    /// let masked = tape.mask(image, factors)?;
    /// let loss = tape.sum(masked)?;
    /// tape.forward();
    /// tape.backward(loss)?;
    /// assert_eq!(tape.value(masked)?, array![[[[0.5, 1.0], [0.0, 0.0]]]].into_dyn());
    /// assert_eq!(tape.gradient(image)?, array![[[[0.5, 0.5], [0.0, 0.0]]]].into_dyn());
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if the image is not (N, H, W, C), or there is not one factor per position.
    pub fn mask(&mut self, image: Var, factors: Var) -> Result<Var, TapeError> {
        self.record(Mask::Values, &[image, factors])
    }

    /// Records an image (N, H, W, C) as it is, whose gradient is multiplied by `factors`, (N, H, W, 1), on its way back: 0
    /// lets nothing through.
    ///
    /// Where a gradient is 0 in exact arithmetic, rounding may have left something of it, which an optimizer that knows no
    /// scale, such as Adam, would follow.
    ///
    /// ```text
    /// out = image
    /// d_image[n, y, x, c] = factors[n, y, x, 0] * d_out[n, y, x, c]
    /// ```
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let image = tape.variable(&array![[[[1.0], [3.0]]]]);
    /// let factors = tape.constant(&array![[[[1.0], [0.0]]]]);
    /// let gated = tape.mask_gradient(image, factors)?;
    /// let loss = tape.sum(gated)?;
    /// tape.forward();
    /// tape.backward(loss)?;
    /// assert_eq!(tape.number(loss)?, 4.0);
    /// assert_eq!(tape.gradient(image)?, array![[[[1.0], [0.0]]]].into_dyn());
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tape::mask`].
    pub fn mask_gradient(&mut self, image: Var, factors: Var) -> Result<Var, TapeError> {
        self.record(Mask::Gradients, &[image, factors])
    }
}

fn multiply<T: Element>(factors: &[T], image: &[T], accumulate: Accumulate, out: &mut [T]) {
    positions::multiply(factors, |factor| factor, image, accumulate, out);
}

impl Mask {
    fn values<T: Element>(self, factors: &[T], image: &[T], out: &mut [T]) {
        match self {
            Mask::Values => multiply(factors, image, Accumulate::Replace, out),
            Mask::Gradients => out.copy_from_slice(image),
        }
    }
}

impl<T: Element> Operation<T> for Mask {
    fn name(&self) -> &'static str {
        match self {
            Mask::Values => "mask",
            Mask::Gradients => "mask_gradient",
        }
    }

    fn formulas(&self) -> Formulas {
        match self {
            Mask::Values => FORMULAS,
            Mask::Gradients => Formulas { forward: &["out = image"], ..FORMULAS },
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        check(inputs[0], "factors", inputs[1])?;
        Ok(inputs[0].to_vec())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        self.values(values.input(1), values.input(0), out);
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.write(0, |d_image, update| multiply(values.input(1), d_out, update, d_image));
    }

    fn reads_input(&self, index: usize, _: &[bool]) -> bool {
        index == 1
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

impl<T: Element> RowOperation<T> for Mask {
    fn images(&self) -> usize {
        2
    }

    fn is_sum(&self) -> bool {
        false
    }

    fn read_rows(&self, _: &Values<'_, T>, index: usize, rows: Range<usize>) -> Option<Range<usize>> {
        (index == 1).then_some(rows)
    }

    fn forward_rows(&mut self, values: &RowValues<'_, T>, rows: Range<usize>, out: &mut [T]) {
        let [image, factors] =
            [0, 1].map(|index| values.rows(index).select(rows.clone(), values.row_len(index)).values);
        self.values(factors, image, out);
    }

    fn backward_rows(
        &mut self,
        values: &RowValues<'_, T>,
        d_out: Rows<'_, T>,
        _: usize,
        accumulate: Accumulate,
        (rows, d_image): (Range<usize>, &mut [T]),
    ) {
        let factors = values.rows(1).select(rows.clone(), values.row_len(1)).values;
        multiply(factors, d_out.select(rows, values.row_len(0)).values, accumulate, d_image);
    }
}
