//! Two images laid over each other, each position in a mix of its own.

use super::check_equal;
use super::positions::{check, multiply, walk};
use crate::{
    Accumulate, Element, Formulas, Gradients, Mismatch, Operation, RowOperation, RowValues, Rows, Tape,
    TapeError, Values, Var,
};
use std::ops::Range;

const FORMULAS: Formulas = Formulas {
    forward: &[
        "out[n, y, x, c] = (1 - shares[n, y, x, 0]) * a[n, y, x, c] + shares[n, y, x, 0] * b[n, y, x, c]",
    ],
    backward: &[
        "d_a[n, y, x, c] = (1 - shares[n, y, x, 0]) * d_out[n, y, x, c]",
        "d_b[n, y, x, c] = shares[n, y, x, 0] * d_out[n, y, x, c]",
    ],
};

struct Blend;

impl<T: Element> Tape<T> {
    /// Records the blend of two images (N, H, W, C): at each position, so much of `b` as `shares`, (N, H, W, 1), say, and
    /// the rest of `a`. Shares get no gradient. At 0 and 1 the blend has the bits of one image, if the other is finite.
    ///
    /// ```text
    /// out[n, y, x, c] = (1 - shares[n, y, x, 0]) * a[n, y, x, c] + shares[n, y, x, 0] * b[n, y, x, c]
    /// d_a[n, y, x, c] = (1 - shares[n, y, x, 0]) * d_out[n, y, x, c]
    /// d_b[n, y, x, c] = shares[n, y, x, 0] * d_out[n, y, x, c]
    /// ```
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let a = tape.variable(&array![[[[1.0], [1.0], [1.0]]]]);
    /// let b = tape.constant(&array![[[[5.0], [5.0], [5.0]]]]);
    /// let shares = tape.constant(&array![[[[0.0], [0.25], [1.0]]]]);
    /// let blend = tape.blend(a, b, shares)?;
    /// let loss = tape.sum(blend)?;
    /// tape.forward();
    /// tape.backward(loss)?;
    /// assert_eq!(tape.value(blend)?, array![[[[1.0], [2.0], [5.0]]]].into_dyn());
    /// assert_eq!(tape.gradient(a)?, array![[[[1.0], [0.75], [0.0]]]].into_dyn());
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if the images are not (N, H, W, C) and equal in shape, or there is not one share per position.
    pub fn blend(&mut self, a: Var, b: Var, shares: Var) -> Result<Var, TapeError> {
        self.record(Blend, &[a, b, shares])
    }
}

fn forward<T: Element>(shares: &[T], images: [&[T]; 2], out: &mut [T]) {
    walk(shares, out, images, |share, out, [a, b]| {
        for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
            *out = (T::one() - share) * a + share * b;
        }
    });
}

/// The gradient of image `index`.
fn backward<T: Element>(shares: &[T], d_out: &[T], index: usize, accumulate: Accumulate, gradient: &mut [T]) {
    let share = |share: T| if index == 0 { T::one() - share } else { share };
    multiply(shares, share, d_out, accumulate, gradient);
}

impl<T: Element> Operation<T> for Blend {
    fn name(&self) -> &'static str {
        "blend"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        check_equal(inputs[0], inputs[1])?;
        check(inputs[0], "shares", inputs[2])?;
        Ok(inputs[0].to_vec())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        forward(values.input(2), [values.input(0), values.input(1)], out);
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        for index in [0, 1] {
            gradients
                .write(index, |gradient, update| backward(values.input(2), d_out, index, update, gradient));
        }
    }

    fn reads_input(&self, index: usize, _: &[bool]) -> bool {
        index == 2
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

impl<T: Element> RowOperation<T> for Blend {
    fn images(&self) -> usize {
        3
    }

    fn is_sum(&self) -> bool {
        false
    }

    fn read_rows(&self, _: &Values<'_, T>, index: usize, rows: Range<usize>) -> Option<Range<usize>> {
        (index == 2).then_some(rows)
    }

    fn forward_rows(&mut self, values: &RowValues<'_, T>, rows: Range<usize>, out: &mut [T]) {
        let [a, b, shares] =
            [0, 1, 2].map(|index| values.rows(index).select(rows.clone(), values.row_len(index)).values);
        forward(shares, [a, b], out);
    }

    fn backward_rows(
        &mut self,
        values: &RowValues<'_, T>,
        d_out: Rows<'_, T>,
        index: usize,
        accumulate: Accumulate,
        (rows, gradient): (Range<usize>, &mut [T]),
    ) {
        let shares = values.rows(2).select(rows.clone(), values.row_len(2)).values;
        backward(shares, d_out.select(rows, values.row_len(0)).values, index, accumulate, gradient);
    }
}
