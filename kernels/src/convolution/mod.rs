//! Convolution of f32 images: forward and the gradients with respect to image, weights and bias.
//!
//! All are products of an image read through a sliding window with a packed matrix of weights; see
//! `gemm::nn` for the loop nest. [`crate::reference`] has the same as plain loops.
//!
//! - `forward`: the outputs
//! - `input_gradient`: the gradient with respect to the image, at stride 1 and at any other
//! - `weight_gradient`: the gradients with respect to weights and bias
//! - `windows`: how windows slide over an image, for the first two
//! - `frame`: windows that reach over the image's edge, from a padded copy
//! - `winograd`: 3x3 windows with a quarter of the multiplications (Lavin and Gray 2016, "Fast Algorithms for
//!   Convolutional Neural Networks")

#[cfg(test)]
mod agreement;
mod forward;
mod frame;
mod input_gradient;
pub(crate) mod reference;
mod weight_gradient;
mod windows;
mod winograd;

use crate::gemm::tn::TransposedProduct;
use crate::options::{Accumulate, Activation};
use crate::rows::Rows;
use crate::shape::{ConvShape, PlacedFilter};
use crate::simd::{Level, MAX_NR};
use forward::Forward;
use input_gradient::{any_stride::AnyStride, unit_stride::UnitStride};
use std::ops::Range;

/// A bank of convolutions with its weights packed for the forward pass and for the input gradient.
///
/// Weights are packed once, by [`Convolution::set_weights`], for any number of passes.
///
/// ```
/// use impasto_kernels::{ConvShape, Convolution, Activation, Filter, Padding, Accumulate};
///
/// // A bank as in a fire module: two channels from 1x1 beside one from 3x3.
/// let filter = |side, out_channels| Filter { kernel: [side, side], out_channels, padding: Padding::Same };
/// let shape = ConvShape::new([1, 4, 4, 1], &[filter(1, 2), filter(3, 1)], [1, 1])?;
/// let mut convolution = Convolution::new(shape);
/// convolution.set_weights(0, &[1.0, -1.0], &[0.0, 0.0]);
/// convolution.set_weights(1, &[1.0; 9], &[0.0]);
///
/// let mut out = [0.0; 4 * 4 * 3];
/// convolution.forward(Activation::Relu, &[1.0; 16], &mut out);
/// assert_eq!(out[..3], [1.0, 0.0, 4.0]); // in a corner, the 3x3 window sees four pixels
///
/// // Backward, with the output of ReLU as the mask: nothing passes through the second channel.
/// let mut d_image = [0.0; 16];
/// convolution.input_gradient(&[1.0; 48], Some(&out), Accumulate::Replace, &mut d_image);
/// assert_eq!(d_image[0], 5.0); // 1 from 1x1, 4 from 3x3
/// # Ok::<(), impasto_kernels::ShapeError>(())
/// ```
pub struct Convolution {
    shape: ConvShape,
    level: Level,
    forward: Forward,
    input_gradient: InputGradient,
    weight_gradient: TransposedProduct,
}

enum InputGradient {
    UnitStride(UnitStride),
    AnyStride(AnyStride),
}

impl Convolution {
    /// A convolution of this shape with all weights zero.
    pub fn new(shape: ConvShape) -> Self {
        Self::with_level(shape, Level::current())
    }

    /// As [`Convolution::new`], with kernels of one instruction set (plain Rust if it is missing).
    pub fn with_level(shape: ConvShape, level: Level) -> Self {
        let level = level.or_portable();
        let forward = Forward::new(&shape, level);
        let input_gradient = match shape.stride() {
            [1, 1] => InputGradient::UnitStride(UnitStride::new(&shape, level)),
            _ => InputGradient::AnyStride(AnyStride::new(&shape, level)),
        };
        let weight_gradient = TransposedProduct::new(level);
        Convolution { shape, level, forward, input_gradient, weight_gradient }
    }

    /// Values that a convolution of this shape allocates at most, for its packed weights and for the scratch memory of
    /// one thread that runs it; `usize::MAX` where they are too many to count.
    pub fn buffers_len(shape: &ConvShape) -> usize {
        let whole = |len: usize| len.next_multiple_of(MAX_NR);
        let packed = shape.filters().iter().map(|filter| {
            let (taps, [_, _, _, channels]) = (window_len(filter, 1), shape.input());
            let window = taps * channels;
            let forward = window.saturating_mul(whole(filter.out_channels()));
            let unit_stride = (taps * filter.out_channels()).saturating_mul(whole(channels));
            let any_stride = filter.out_channels().saturating_mul(whole(window));
            forward
                .saturating_add(unit_stride.max(any_stride))
                .saturating_mul(winograd::growth(filter.kernel()))
        });
        let gradient = match shape.stride() {
            [1, 1] => UnitStride::windows(shape).0.scratch_len(),
            _ => AnyStride::scratch(shape, MAX_NR),
        };
        let scratch = Forward::windows(shape).0.scratch_len().max(gradient);
        packed.fold(scratch, usize::saturating_add)
    }

    /// Values of the scratch buffer that each thread needs for [`Convolution::forward`] and
    /// [`Convolution::input_gradient`]; see [`crate::reserve_scratch`].
    pub fn scratch_len(&self) -> usize {
        let gradient = match &self.input_gradient {
            InputGradient::UnitStride(unit_stride) => unit_stride.scratch_len(),
            InputGradient::AnyStride(_) => AnyStride::scratch(&self.shape, self.level.panel_width()),
        };
        self.forward.scratch_len().max(gradient)
    }

    /// The first rows, from `row` on, that a strip of the output and one of the gradient with respect to the image may
    /// begin with, if rows are to have the bits that they have in the whole image: where tiles of rows that are computed
    /// together begin.
    pub fn next_strips(&self, row: usize) -> [usize; 2] {
        let gradient = match &self.input_gradient {
            InputGradient::UnitStride(unit_stride) => unit_stride.next_strip(row),
            InputGradient::AnyStride(_) => row,
        };
        [self.forward.next_strip(row), gradient]
    }

    /// The shape this convolution was made for.
    pub fn shape(&self) -> &ConvShape {
        &self.shape
    }

    /// Packs the weights (KH, KW, Cin, Cout) and the bias (Cout) of filter `index`.
    ///
    /// # Panics
    /// If there is no such filter, or a length is not the filter's.
    pub fn set_weights(&mut self, index: usize, weights: &[f32], bias: &[f32]) {
        self.shape.assert_weights(index, weights);
        self.shape.assert_bias(index, bias);
        self.forward.set_weights(&self.shape, index, weights, bias);
        match &mut self.input_gradient {
            InputGradient::UnitStride(unit_stride) => unit_stride.set_weights(&self.shape, index, weights),
            InputGradient::AnyStride(any_stride) => any_stride.set_weights(&self.shape, index, weights),
        }
    }

    /// Computes the output (N, H, W, Cout) of the image (N, H, W, Cin); see
    /// [`crate::reference::convolution`].
    ///
    /// # Panics
    /// If a length is not the shape's.
    pub fn forward(&self, activation: Activation, image: &[f32], out: &mut [f32]) {
        self.shape.assert_input(image);
        self.shape.assert_output(out, None);
        let rows = 0..self.shape.output()[1];
        self.forward.run(self.level, activation, Rows { first: 0, values: image }, (rows, out));
    }

    /// As [`Convolution::forward`], for some `rows` of the output of a single image, from those rows of the image that
    /// are in memory; [`ConvShape::input_rows`] says which are needed.
    ///
    /// ```
    /// use impasto_kernels::{Activation, ConvShape, Convolution, Filter, Padding, Rows};
    ///
    /// // Sums of three rows.
    /// let filter = Filter { kernel: [3, 1], out_channels: 1, padding: Padding::Valid };
    /// let shape = ConvShape::new([1, 100, 1, 1], &[filter], [1, 1])?;
    /// assert_eq!(shape.input_rows(10..12), 10..14);
    /// let mut sums = Convolution::new(shape);
    /// sums.set_weights(0, &[1.0; 3], &[0.0]);
    /// let mut out = [0.0; 2];
    /// sums.forward_rows(Activation::None, Rows { first: 10, values: &[1.0, 2.0, 3.0, 4.0] }, 10..12, &mut out);
    /// assert_eq!(out, [6.0, 9.0]);
    /// # Ok::<(), impasto_kernels::ShapeError>(())
    /// ```
    ///
    /// # Panics
    /// If there are several images, a row that is needed is not there, or `out` is not those rows.
    pub fn forward_rows(&self, activation: Activation, image: Rows<'_>, rows: Range<usize>, out: &mut [f32]) {
        let image = self.shape.select_input(image, &rows, out);
        self.forward.run(self.level, activation, image, (rows, out));
    }

    /// Computes the gradient with respect to the image; see
    /// [`crate::reference::convolution_input_gradient`].
    ///
    /// # Panics
    /// If a length is not the shape's.
    pub fn input_gradient(
        &self,
        d_out: &[f32],
        relu_output: Option<&[f32]>,
        accumulate: Accumulate,
        d_image: &mut [f32],
    ) {
        self.shape.assert_output(d_out, relu_output);
        self.shape.assert_input(d_image);
        let (d_out, rows) = (Rows { first: 0, values: d_out }, 0..self.shape.input()[1]);
        self.run_input_gradient(d_out, relu_output, accumulate, (rows, d_image));
    }

    /// As [`Convolution::input_gradient`], for some `rows` of a single image, from those rows of `d_out` and
    /// `relu_output` that are in memory; [`ConvShape::output_rows`] says which are needed.
    ///
    /// # Panics
    /// If there are several images, a row that is needed is not there, or `d_image` is not those rows.
    pub fn input_gradient_rows(
        &self,
        d_out: Rows<'_>,
        relu_output: Option<Rows<'_>>,
        accumulate: Accumulate,
        rows: Range<usize>,
        d_image: &mut [f32],
    ) {
        let d_out = self.shape.select_output(d_out, &rows, d_image);
        let relu_output =
            relu_output.map(|rows_there| self.shape.select_output(rows_there, &rows, d_image).values);
        self.run_input_gradient(d_out, relu_output, accumulate, (rows, d_image));
    }

    fn run_input_gradient(
        &self,
        d_out: Rows<'_>,
        relu_output: Option<&[f32]>,
        accumulate: Accumulate,
        d_image: (Range<usize>, &mut [f32]),
    ) {
        match &self.input_gradient {
            InputGradient::UnitStride(unit_stride) => {
                unit_stride.run(self.level, d_out, relu_output, accumulate, d_image)
            }
            InputGradient::AnyStride(any_stride) => {
                any_stride.run((&self.shape, self.level), d_out, relu_output, accumulate, d_image);
            }
        }
    }

    /// Computes the gradient with respect to the weights of filter `index`; see
    /// [`crate::reference::convolution_weight_gradient`].
    ///
    /// # Panics
    /// If there is no such filter, or a length is not the shape's.
    pub fn weight_gradient(
        &mut self,
        index: usize,
        image: &[f32],
        d_out: &[f32],
        relu_output: Option<&[f32]>,
        accumulate: Accumulate,
        d_weights: &mut [f32],
    ) {
        self.shape.assert_input(image);
        self.shape.assert_output(d_out, relu_output);
        self.shape.assert_weights(index, d_weights);
        let filter = (&self.shape, index);
        weight_gradient::weights(
            &mut self.weight_gradient,
            filter,
            image,
            d_out,
            relu_output,
            accumulate,
            d_weights,
        );
    }

    /// Computes the gradient with respect to the bias of filter `index`; see
    /// [`crate::reference::convolution_bias_gradient`].
    ///
    /// # Panics
    /// If there is no such filter, or a length is not the shape's.
    pub fn bias_gradient(
        &self,
        index: usize,
        d_out: &[f32],
        relu_output: Option<&[f32]>,
        accumulate: Accumulate,
        d_bias: &mut [f32],
    ) {
        self.shape.assert_output(d_out, relu_output);
        self.shape.assert_bias(index, d_bias);
        weight_gradient::bias((&self.shape, index), d_out, relu_output, accumulate, d_bias);
    }
}

fn window_len(filter: &PlacedFilter, channels: usize) -> usize {
    filter.kernel()[0] * filter.kernel()[1] * channels
}

fn largest(pairs: impl Iterator<Item = [usize; 2]>) -> [usize; 2] {
    pairs.fold([0, 0], |[a, b], [c, d]| [a.max(c), b.max(d)])
}
