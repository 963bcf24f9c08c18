//! The kernels that are more than functions, computed by the plain loops of [`reference`](mod@crate::reference).

use super::{ConvolutionKernels, GramKernels};
use crate::reference;
use crate::rows::Rows;
use crate::shape::ConvShape;
use crate::{Accumulate, Activation};
use num_traits::Float;
use std::ops::Range;

/// A whole image (1, H, W, C), zero but for the rows that are there: with these, plain loops need no other code for rows.
pub(super) fn filled_up<T: Copy + Default>(
    rows: Rows<'_, T>,
    [_, height, width, channels]: [usize; 4],
) -> Vec<T> {
    let mut image = vec![T::default(); height * width * channels];
    image[rows.first * width * channels..][..rows.values.len()].copy_from_slice(rows.values);
    image
}

/// Some rows of an image (1, H, W, C).
pub(super) fn cut_out<'a, T>(
    image: &'a [T],
    rows: &Range<usize>,
    [_, _, width, channels]: [usize; 4],
) -> &'a [T] {
    &image[rows.start * width * channels..rows.end * width * channels]
}

/// A convolution computed by the plain loops of [`reference`](mod@reference).
pub struct PlainConvolution<T> {
    shape: ConvShape,
    weights: Vec<Vec<T>>,
    biases: Vec<Vec<T>>,
}

impl<T: Float + Send + Default> ConvolutionKernels<T> for PlainConvolution<T> {
    fn buffers_len(shape: &ConvShape) -> usize {
        let filters = shape.filters().iter().enumerate();
        let lens =
            filters.map(|(index, filter)| shape.weight_len(index).saturating_add(filter.out_channels()));
        lens.fold(0, usize::saturating_add)
    }

    fn scratch_len(&self) -> usize {
        0
    }

    fn new(shape: ConvShape) -> Self {
        let filters = shape.filters().len();
        let weights = (0..filters).map(|index| vec![T::zero(); shape.weight_len(index)]).collect();
        let biases = shape.filters().iter().map(|f| vec![T::zero(); f.out_channels()]).collect();
        PlainConvolution { shape, weights, biases }
    }

    fn shape(&self) -> &ConvShape {
        &self.shape
    }

    fn next_strips(&self, row: usize) -> [usize; 2] {
        [row, row]
    }

    fn set_weights(&mut self, index: usize, weights: &[T], bias: &[T]) {
        self.weights[index].copy_from_slice(weights);
        self.biases[index].copy_from_slice(bias);
    }

    fn forward(&self, activation: Activation, image: &[T], out: &mut [T]) {
        let weights: Vec<&[T]> = self.weights.iter().map(Vec::as_slice).collect();
        let biases: Vec<&[T]> = self.biases.iter().map(Vec::as_slice).collect();
        reference::convolution(&self.shape, &weights, &biases, activation, image, out);
    }

    fn input_gradient(
        &self,
        d_out: &[T],
        relu_output: Option<&[T]>,
        accumulate: Accumulate,
        d_image: &mut [T],
    ) {
        let weights: Vec<&[T]> = self.weights.iter().map(Vec::as_slice).collect();
        reference::convolution_input_gradient(&self.shape, &weights, d_out, relu_output, accumulate, d_image);
    }

    fn forward_rows(&self, activation: Activation, image: Rows<'_, T>, rows: Range<usize>, out: &mut [T]) {
        let image = filled_up(self.shape.select_input(image, &rows, out), self.shape.input());
        let mut whole = vec![T::zero(); self.shape.output_len()];
        self.forward(activation, &image, &mut whole);
        out.copy_from_slice(cut_out(&whole, &rows, self.shape.output()));
    }

    fn input_gradient_rows(
        &self,
        d_out: Rows<'_, T>,
        relu_output: Option<Rows<'_, T>>,
        accumulate: Accumulate,
        rows: Range<usize>,
        d_image: &mut [T],
    ) {
        let select = |there| filled_up(self.shape.select_output(there, &rows, d_image), self.shape.output());
        let (d_out, relu_output) = (select(d_out), relu_output.map(select));
        let mut whole = filled_up(Rows { first: rows.start, values: &*d_image }, self.shape.input());
        self.input_gradient(&d_out, relu_output.as_deref(), accumulate, &mut whole);
        d_image.copy_from_slice(cut_out(&whole, &rows, self.shape.input()));
    }

    fn weight_gradient(
        &mut self,
        index: usize,
        image: &[T],
        d_out: &[T],
        relu_output: Option<&[T]>,
        accumulate: Accumulate,
        d_weights: &mut [T],
    ) {
        let shape = &self.shape;
        reference::convolution_weight_gradient(
            shape,
            index,
            image,
            d_out,
            relu_output,
            accumulate,
            d_weights,
        );
    }

    fn bias_gradient(
        &self,
        index: usize,
        d_out: &[T],
        relu_output: Option<&[T]>,
        accumulate: Accumulate,
        d_bias: &mut [T],
    ) {
        reference::convolution_bias_gradient(&self.shape, index, d_out, relu_output, accumulate, d_bias);
    }
}

/// Gram matrices computed by the plain loops of [`reference`](mod@reference).
pub struct PlainGram {
    channels: usize,
}

impl<T: Float> GramKernels<T> for PlainGram {
    fn scratch_len(&self) -> usize {
        0
    }

    fn new(channels: usize) -> Self {
        assert!(channels > 0, "a Gram matrix needs at least one channel");
        PlainGram { channels }
    }

    fn forward(&mut self, scale: T, features: &[T], gram: &mut [T]) {
        reference::gram(self.channels, scale, features, gram);
    }

    fn gradient(
        &mut self,
        scale: T,
        features: &[T],
        d_gram: &[T],
        accumulate: Accumulate,
        d_features: &mut [T],
    ) {
        reference::gram_gradient(self.channels, scale, features, d_gram, accumulate, d_features);
    }
}
