//! How much neighboring pixels differ; both sums are over the pairs of neighbors inside the image.

use super::add_to;
use crate::strips::few_rows;
use crate::{
    Accumulate, Element, Formulas, Gradients, Mismatch, Operation, RowOperation, RowValues, Rows, Tape,
    TapeError, Values, Var,
};
use std::ops::Range;

const FORMULAS: Formulas = Formulas {
    forward: &[
        "out = sum of (image[n, y+1, x, c] - image[n, y, x, c])^2",
        "    + sum of (image[n, y, x+1, c] - image[n, y, x, c])^2",
    ],
    backward: &["d_image = 2 * d_out * sum over the pixel's neighbors of (pixel - neighbor)"],
};

struct TotalVariation<T> {
    /// N, H, W, C.
    shape: [usize; 4],
    /// The gradient of some rows and their neighbors, where these come one after the other.
    part: Vec<T>,
}

impl<T: Element> Tape<T> {
    /// Records the sum of squared differences between vertical and between horizontal neighbors of
    /// an image (N, H, W, C), as a single number of shape ().
    ///
    /// ```text
    /// out = sum of (image[n, y+1, x, c] - image[n, y, x, c])^2
    ///     + sum of (image[n, y, x+1, c] - image[n, y, x, c])^2
    /// d_image = 2 * d_out * sum over the pixel's neighbors of (pixel - neighbor)
    /// ```
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let image = tape.variable(&array![[[[0.0], [1.0]], [[0.0], [3.0]]]]); // (1, 2, 2, 1)
    /// let roughness = tape.total_variation(image)?;
    /// tape.forward();
    /// tape.backward(roughness)?;
    /// assert_eq!(tape.number(roughness)?, 14.0); // vertical 0 + 4, horizontal 1 + 9
    /// assert_eq!(tape.gradient(image)?[[0, 1, 1, 0]], 10.0); // 2 * ((3 - 1) + (3 - 0))
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if the input is not (N, H, W, C) or has no pixels.
    pub fn total_variation(&mut self, image: Var) -> Result<Var, TapeError> {
        self.record_with("total_variation", &[image], TotalVariation::new)
    }
}

impl<T> TotalVariation<T> {
    fn new(inputs: &[&[usize]]) -> Result<Self, Mismatch> {
        let &[n, h, w, c] = inputs[0] else {
            return Err(Mismatch::new("the image must be (N, H, W, C)"));
        };
        if inputs[0].contains(&0) {
            return Err(Mismatch::new("there must be at least one pixel and one channel"));
        }
        Ok(TotalVariation { shape: [n, h, w, c], part: Vec::new() })
    }
}

impl<T: Element> Operation<T> for TotalVariation<T> {
    fn name(&self) -> &'static str {
        "total_variation"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(Vec::new())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        out[0] = T::total_variation(self.shape, values.input(0));
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.write(0, |d_image, update| {
            T::total_variation_gradient(self.shape, values.input(0), d_out[0], update, d_image);
        });
    }

    fn arithmetic(&self, _: &[&[usize]], _: &[usize]) -> Vec<String> {
        let [n, h, w, c] = self.shape;
        let vertical = format!("vertical pairs: {n} * {} * {w} * {c} = {}", h - 1, n * (h - 1) * w * c);
        let horizontal = format!("horizontal pairs: {n} * {h} * {} * {c} = {}", w - 1, n * h * (w - 1) * c);
        vec![vertical, horizontal]
    }

    fn flops(&self) -> u64 {
        6 * self.shape.iter().product::<usize>() as u64
    }

    fn backward_flops(&self, _: &[bool]) -> u64 {
        // Four differences, their sum, and the factor.
        8 * self.shape.iter().product::<usize>() as u64
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

impl<T> TotalVariation<T> {
    /// These rows and the one below, if there is one.
    fn with_below(&self, rows: Range<usize>) -> Range<usize> {
        rows.start..(rows.end + 1).min(self.shape[1])
    }

    /// The shape of some rows.
    fn of_rows(&self, rows: &Range<usize>) -> [usize; 4] {
        [1, rows.len(), self.shape[2], self.shape[3]]
    }
}

impl<T: Element> RowOperation<T> for TotalVariation<T> {
    fn is_sum(&self) -> bool {
        true
    }

    fn input_rows(&self, _: &Values<'_, T>, _: usize, rows: Range<usize>) -> Range<usize> {
        self.with_below(rows)
    }

    fn read_rows(&self, _: &Values<'_, T>, _: usize, rows: Range<usize>) -> Option<Range<usize>> {
        Some(rows.start.saturating_sub(1)..self.with_below(rows).end)
    }

    fn forward_rows(&mut self, values: &RowValues<'_, T>, rows: Range<usize>, out: &mut [T]) {
        let row_len = values.row_len(0);
        let all = self.with_below(rows.clone());
        let image = values.rows(0).select(all.clone(), row_len);
        out[0] = out[0] + T::total_variation(self.of_rows(&all), image.values);
        // The pairs inside of the row below belong to the next rows.
        let below = rows.end..all.end;
        let inside = image.select(below.clone(), row_len).values;
        if !below.is_empty() {
            out[0] = out[0] - T::total_variation(self.of_rows(&below), inside);
        }
    }

    fn backward_rows(
        &mut self,
        values: &RowValues<'_, T>,
        d_out: Rows<'_, T>,
        _: usize,
        accumulate: Accumulate,
        (rows, d_image): (Range<usize>, &mut [T]),
    ) {
        let row_len = values.row_len(0);
        for (rows, d_image) in few_rows(rows, d_image) {
            let all = rows.start.saturating_sub(1)..self.with_below(rows.clone()).end;
            let image = values.rows(0).select(all.clone(), row_len).values;
            self.part.resize(image.len(), T::zero());
            let shape = self.of_rows(&all);
            T::total_variation_gradient(shape, image, d_out.values[0], Accumulate::Replace, &mut self.part);
            let part = Rows { first: all.start, values: &self.part[..] }.select(rows, row_len).values;
            match accumulate {
                Accumulate::Replace => d_image.copy_from_slice(part),
                Accumulate::Add => add_to(d_image, part),
            }
        }
    }
}
