//! The trait of operations that can be computed a few rows at a time, and what they work on.

use super::window::Strip;
use crate::operation::Values;
use impasto_kernels::{Accumulate, Element, Rows};
use std::ops::Range;

/// An operation on images that can be computed a few rows at a time, so that neither its inputs nor its output need
/// ever be in memory whole; see [`Tape::into_strips`](crate::Tape::into_strips).
///
/// Its first inputs are images (1, H, W, C), of which it gets the rows that it asks for. The others, such as weights, are
/// there whole. Its output is either an image, computed row by row, or a sum over all rows, such as a Gram matrix.
pub trait RowOperation<T: Element> {
    /// How many of the first inputs are images. An operation without any makes its rows itself, from a file, say.
    fn images(&self) -> usize {
        1
    }

    /// Whether the output is a sum over all rows; else it is an image.
    fn is_sum(&self) -> bool;

    /// The first rows, from `row` on, that a strip of the output and one of the gradient of an image may begin with, if rows
    /// are to have the bits that they have in the whole image. A bit more or less would decide about a maximum or a ReLU
    /// here and there.
    fn next_strips(&self, row: usize) -> [usize; 2] {
        [row, row]
    }

    /// The rows of image `index` that these rows of the output are computed from; of a sum, the rows of the image that
    /// are read to add these.
    fn input_rows(&self, values: &Values<'_, T>, index: usize, rows: Range<usize>) -> Range<usize> {
        let _ = (values, index);
        rows
    }

    /// The rows of the output that depend on these rows of image `index`. Not asked of a sum.
    fn output_rows(&self, values: &Values<'_, T>, index: usize, rows: Range<usize>) -> Range<usize> {
        let _ = (values, index);
        rows
    }

    /// The rows of image `index` that [`backward_rows`](Self::backward_rows) reads for the gradient of these rows of an
    /// image; none if it reads no value of that image.
    fn read_rows(&self, values: &Values<'_, T>, index: usize, rows: Range<usize>) -> Option<Range<usize>>;

    /// Computes `rows` of the output; a sum adds the part of `rows` to `out`.
    fn forward_rows(&mut self, values: &RowValues<'_, T>, rows: Range<usize>, out: &mut [T]);

    /// Computes the gradient of `rows` of image `index` from `d_out`: of an image, the rows of it that depend on these
    /// ones; of a sum, all of it.
    fn backward_rows(
        &mut self,
        values: &RowValues<'_, T>,
        d_out: Rows<'_, T>,
        index: usize,
        accumulate: Accumulate,
        gradient: (Range<usize>, &mut [T]),
    );
}

/// The values that a [`RowOperation`] works on.
pub struct RowValues<'a, T: Element> {
    pub(super) values: Values<'a, T>,
    pub(super) strips: &'a [Option<Strip<T>>],
}

impl<'a, T: Element> RowValues<'a, T> {
    /// The inputs that are there whole, and the shapes of all.
    ///
    /// [`Values::input`] must not be asked for an image.
    pub fn whole(&self) -> &Values<'a, T> {
        &self.values
    }

    /// The rows of image `index` that are in memory.
    ///
    /// # Panics
    /// If input `index` is not an image.
    pub fn rows(&self, index: usize) -> Rows<'a, T> {
        self.window(self.values.inputs[index])
    }

    /// Values in a row of image `index`.
    ///
    /// # Panics
    /// If input `index` is not an image.
    pub fn row_len(&self, index: usize) -> usize {
        let [_, _, width, channels] = self.values.input_shape(index)[..] else {
            panic!("an image has four axes")
        };
        width * channels
    }

    /// Those of the output, during [`RowOperation::backward_rows`].
    ///
    /// # Panics
    /// During [`RowOperation::forward_rows`], and of a sum.
    pub fn output_rows(&self) -> Rows<'a, T> {
        self.window(self.values.output.expect("the output is known during backward only"))
    }

    fn window(&self, node: usize) -> Rows<'a, T> {
        let strip = self.strips[node].as_ref().expect("the node is an image");
        match strip.in_place {
            true => {
                let place = &self.values.places[node];
                Rows { first: 0, values: &self.values.buffers[place.buffer][..place.len] }
            }
            false => strip.values.rows(),
        }
    }
}
