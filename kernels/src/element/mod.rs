//! The choice between fast and reference kernels, made by the type of the values: f32 computes
//! fast, f64 by the plain loops of [`crate::reference`], which gradient checks need.

mod plain;

use crate::kernels::Kernels;
use crate::matmul::Gemm;
use crate::rows::Rows;
use crate::shape::{ConvShape, PoolShape};
use crate::{
    Accumulate, Activation, Convolution, Gram, Normalization, elementwise, normalize, pool, reference,
};
use num_traits::Float;
use plain::{PlainConvolution, PlainGram, cut_out, filled_up};
use std::fmt::{Debug, Display};
use std::ops::Range;

/// Cannot be named outside this crate, so that only its own types have the traits below.
mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

impl Sealed for f32 {}
impl Sealed for f64 {}
impl Sealed for Convolution {}
impl Sealed for Gram {}
impl<T> Sealed for PlainConvolution<T> {}
impl Sealed for PlainGram {}

/// A type of values that all kernels exist for: f32 or f64.
///
/// The methods are those of [`crate::reference`], which has their formulas.
///
/// ```
/// use impasto_kernels::Element;
///
/// fn distance<T: Element>(a: &[T], b: &[T]) -> T {
///     T::squared_difference(a, b)
/// }
/// assert_eq!(distance(&[1.0f32, 2.0], &[0.0, 0.0]), 5.0); // fast
/// assert_eq!(distance(&[1.0f64, 2.0], &[0.0, 0.0]), 5.0); // plain loops
/// ```
///
/// It is sealed: only `f32` and `f64` have kernels.
///
/// # Panics
/// If a slice's length does not fit the shape or the others.
pub trait Element: Float + Gemm + Sealed + Default + Debug + Display + Send + Sync + 'static {
    /// A convolution with its packed weights.
    type Convolution: ConvolutionKernels<Self>;
    /// Gram matrices with the buffers they work in.
    type Gram: GramKernels<Self>;

    /// The nearest value to an f64.
    fn from_f64(value: f64) -> Self;
    /// This value as f64.
    fn as_f64(self) -> f64;
    /// See [`reference::max_pool`].
    fn max_pool(shape: &PoolShape, image: &[Self], out: &mut [Self], argmax: &mut [u8]);
    /// See [`reference::max_pool_gradient`].
    fn max_pool_gradient(
        shape: &PoolShape,
        d_out: &[Self],
        argmax: &[u8],
        accumulate: Accumulate,
        d_image: &mut [Self],
    );
    /// [`max_pool`](Self::max_pool) for some `rows` of the output of a single image, from the rows of the image that
    /// are in memory.
    fn max_pool_rows(
        shape: &PoolShape,
        image: Rows<'_, Self>,
        rows: Range<usize>,
        out: &mut [Self],
        argmax: &mut [u8],
    );
    /// [`max_pool_gradient`](Self::max_pool_gradient) for some rows of a single image, which `d_image` has, from the
    /// rows of the output that are in memory.
    fn max_pool_gradient_rows(
        shape: &PoolShape,
        d_out: Rows<'_, Self>,
        argmax: Rows<'_, u8>,
        accumulate: Accumulate,
        d_image: (Range<usize>, &mut [Self]),
    );
    /// See [`reference::relu`].
    fn relu(input: &[Self], out: &mut [Self]);
    /// See [`reference::relu_gradient`].
    fn relu_gradient(out: &[Self], d_out: &[Self], accumulate: Accumulate, d_input: &mut [Self]);
    /// See [`reference::moments`].
    fn moments(channels: usize, x: &[Self], moments: &mut [Self]);
    /// See [`reference::moments_gradient`].
    fn moments_gradient(
        channels: usize,
        x: &[Self],
        moments: &[Self],
        d_moments: &[Self],
        accumulate: Accumulate,
        d_x: &mut [Self],
    );
    /// See [`reference::normalize`].
    fn normalize(with: Normalization<'_, Self>, x: &[Self], out: &mut [Self]);
    /// See [`reference::normalize_gradient`].
    fn normalize_gradient(
        with: Normalization<'_, Self>,
        x: &[Self],
        d_out: &[Self],
        sums: &mut [Self],
        d_x: Option<(Accumulate, &mut [Self])>,
    );
    /// See [`reference::squared_difference`].
    fn squared_difference(a: &[Self], b: &[Self]) -> Self;
    /// See [`reference::squared_difference_gradient`].
    fn squared_difference_gradient(
        a: &[Self],
        b: &[Self],
        scale: Self,
        accumulate: Accumulate,
        d_a: &mut [Self],
    );
    /// See [`reference::total_variation`].
    fn total_variation(shape: [usize; 4], image: &[Self]) -> Self;
    /// See [`reference::total_variation_gradient`].
    fn total_variation_gradient(
        shape: [usize; 4],
        image: &[Self],
        scale: Self,
        accumulate: Accumulate,
        d_image: &mut [Self],
    );
}

/// The kernels of a convolution for one element type. Sealed, as [`Element`] is.
pub trait ConvolutionKernels<T>: Send + Sealed {
    /// Values that a convolution of this shape allocates at most, for its weights and for the scratch memory of one
    /// thread that runs it; `usize::MAX` where they are too many to count.
    fn buffers_len(shape: &ConvShape) -> usize;
    /// Values of the scratch buffer that each thread needs; see [`crate::reserve_scratch`].
    fn scratch_len(&self) -> usize;
    /// A convolution of this shape with all weights zero.
    fn new(shape: ConvShape) -> Self;
    /// The shape that it was made for.
    fn shape(&self) -> &ConvShape;
    /// Where strips may begin; see [`Convolution::next_strips`].
    fn next_strips(&self, row: usize) -> [usize; 2];
    /// Sets the weights (KH, KW, Cin, Cout) and bias (Cout) of filter `index`.
    fn set_weights(&mut self, index: usize, weights: &[T], bias: &[T]);
    /// See [`reference::convolution`].
    fn forward(&self, activation: Activation, image: &[T], out: &mut [T]);
    /// See [`reference::convolution_input_gradient`].
    fn input_gradient(
        &self,
        d_out: &[T],
        relu_output: Option<&[T]>,
        accumulate: Accumulate,
        d_image: &mut [T],
    );
    /// [`forward`](Self::forward) for some `rows` of the output of a single image, from the rows of the image that are
    /// in memory.
    fn forward_rows(&self, activation: Activation, image: Rows<'_, T>, rows: Range<usize>, out: &mut [T]);
    /// [`input_gradient`](Self::input_gradient) for some `rows` of a single image, from the rows of the output that are
    /// in memory.
    fn input_gradient_rows(
        &self,
        d_out: Rows<'_, T>,
        relu_output: Option<Rows<'_, T>>,
        accumulate: Accumulate,
        rows: Range<usize>,
        d_image: &mut [T],
    );
    /// See [`reference::convolution_weight_gradient`].
    fn weight_gradient(
        &mut self,
        index: usize,
        image: &[T],
        d_out: &[T],
        relu_output: Option<&[T]>,
        accumulate: Accumulate,
        d_weights: &mut [T],
    );
    /// See [`reference::convolution_bias_gradient`].
    fn bias_gradient(
        &self,
        index: usize,
        d_out: &[T],
        relu_output: Option<&[T]>,
        accumulate: Accumulate,
        d_bias: &mut [T],
    );
}

/// The kernels of Gram matrices for one element type. Sealed, as [`Element`] is.
pub trait GramKernels<T>: Send + Sealed {
    /// Values of the scratch buffer that each thread needs; see [`crate::reserve_scratch`].
    fn scratch_len(&self) -> usize;
    /// Gram matrices of features with `channels` channels.
    fn new(channels: usize) -> Self;
    /// See [`reference::gram`].
    fn forward(&mut self, scale: T, features: &[T], gram: &mut [T]);
    /// See [`reference::gram_gradient`].
    fn gradient(
        &mut self,
        scale: T,
        features: &[T],
        d_gram: &[T],
        accumulate: Accumulate,
        d_features: &mut [T],
    );
}

/// Forwards the trait's methods to functions or methods of the same names.
macro_rules! delegate {
    ($type:ty, $pool:ident, $normalize:ident, $elementwise:ident) => {
        fn from_f64(value: f64) -> Self {
            value as $type
        }

        fn as_f64(self) -> f64 {
            f64::from(self)
        }

        fn max_pool(shape: &PoolShape, image: &[Self], out: &mut [Self], argmax: &mut [u8]) {
            $pool::max_pool(shape, image, out, argmax);
        }

        fn max_pool_gradient(
            shape: &PoolShape,
            d_out: &[Self],
            argmax: &[u8],
            accumulate: Accumulate,
            d_image: &mut [Self],
        ) {
            $pool::max_pool_gradient(shape, d_out, argmax, accumulate, d_image);
        }

        fn relu(input: &[Self], out: &mut [Self]) {
            $elementwise::relu(input, out);
        }

        fn relu_gradient(out: &[Self], d_out: &[Self], accumulate: Accumulate, d_input: &mut [Self]) {
            $elementwise::relu_gradient(out, d_out, accumulate, d_input);
        }

        fn moments(channels: usize, x: &[Self], moments: &mut [Self]) {
            $normalize::moments(channels, x, moments);
        }

        fn moments_gradient(
            channels: usize,
            x: &[Self],
            moments: &[Self],
            d_moments: &[Self],
            accumulate: Accumulate,
            d_x: &mut [Self],
        ) {
            $normalize::moments_gradient(channels, x, moments, d_moments, accumulate, d_x);
        }

        fn normalize(with: Normalization<'_, Self>, x: &[Self], out: &mut [Self]) {
            $normalize::normalize(with, x, out);
        }

        fn normalize_gradient(
            with: Normalization<'_, Self>,
            x: &[Self],
            d_out: &[Self],
            sums: &mut [Self],
            d_x: Option<(Accumulate, &mut [Self])>,
        ) {
            $normalize::normalize_gradient(with, x, d_out, sums, d_x);
        }

        fn squared_difference(a: &[Self], b: &[Self]) -> Self {
            $elementwise::squared_difference(a, b) as $type
        }

        fn squared_difference_gradient(
            a: &[Self],
            b: &[Self],
            scale: Self,
            accumulate: Accumulate,
            d_a: &mut [Self],
        ) {
            $elementwise::squared_difference_gradient(a, b, scale, accumulate, d_a);
        }

        fn total_variation(shape: [usize; 4], image: &[Self]) -> Self {
            $elementwise::total_variation(shape, image) as $type
        }

        fn total_variation_gradient(
            shape: [usize; 4],
            image: &[Self],
            scale: Self,
            accumulate: Accumulate,
            d_image: &mut [Self],
        ) {
            $elementwise::total_variation_gradient(shape, image, scale, accumulate, d_image);
        }
    };
}

impl Element for f32 {
    type Convolution = Convolution;
    type Gram = Gram;

    fn max_pool_rows(
        shape: &PoolShape,
        image: Rows<'_>,
        rows: Range<usize>,
        out: &mut [f32],
        argmax: &mut [u8],
    ) {
        Kernels::current().max_pool_rows(shape, image, rows, out, argmax);
    }

    fn max_pool_gradient_rows(
        shape: &PoolShape,
        d_out: Rows<'_>,
        argmax: Rows<'_, u8>,
        accumulate: Accumulate,
        d_image: (Range<usize>, &mut [f32]),
    ) {
        Kernels::current().max_pool_gradient_rows(shape, d_out, argmax, accumulate, d_image);
    }

    delegate!(f32, pool, normalize, elementwise);
}

#[allow(clippy::unnecessary_cast)]
impl Element for f64 {
    type Convolution = PlainConvolution<f64>;
    type Gram = PlainGram;

    fn max_pool_rows(
        shape: &PoolShape,
        image: Rows<'_, f64>,
        rows: Range<usize>,
        out: &mut [f64],
        argmax: &mut [u8],
    ) {
        let image = filled_up(image, shape.input());
        let (mut whole, mut places) = (vec![0.0; shape.output_len()], vec![0; shape.output_len()]);
        reference::max_pool(shape, &image, &mut whole, &mut places);
        out.copy_from_slice(cut_out(&whole, &rows, shape.output()));
        argmax.copy_from_slice(cut_out(&places, &rows, shape.output()));
    }

    fn max_pool_gradient_rows(
        shape: &PoolShape,
        d_out: Rows<'_, f64>,
        argmax: Rows<'_, u8>,
        accumulate: Accumulate,
        (rows, d_image): (Range<usize>, &mut [f64]),
    ) {
        let (d_out, argmax) = (filled_up(d_out, shape.output()), filled_up(argmax, shape.output()));
        let mut whole = filled_up(Rows { first: rows.start, values: d_image }, shape.input());
        reference::max_pool_gradient(shape, &d_out, &argmax, accumulate, &mut whole);
        d_image.copy_from_slice(cut_out(&whole, &rows, shape.input()));
    }

    delegate!(f64, reference, reference, reference);
}

impl ConvolutionKernels<f32> for Convolution {
    fn buffers_len(shape: &ConvShape) -> usize {
        Convolution::buffers_len(shape)
    }

    fn scratch_len(&self) -> usize {
        Convolution::scratch_len(self)
    }

    fn new(shape: ConvShape) -> Self {
        Convolution::new(shape)
    }

    fn shape(&self) -> &ConvShape {
        Convolution::shape(self)
    }

    fn next_strips(&self, row: usize) -> [usize; 2] {
        Convolution::next_strips(self, row)
    }

    fn set_weights(&mut self, index: usize, weights: &[f32], bias: &[f32]) {
        Convolution::set_weights(self, index, weights, bias);
    }

    fn forward(&self, activation: Activation, image: &[f32], out: &mut [f32]) {
        Convolution::forward(self, activation, image, out);
    }

    fn input_gradient(
        &self,
        d_out: &[f32],
        relu_output: Option<&[f32]>,
        accumulate: Accumulate,
        d_image: &mut [f32],
    ) {
        Convolution::input_gradient(self, d_out, relu_output, accumulate, d_image);
    }

    fn forward_rows(&self, activation: Activation, image: Rows<'_>, rows: Range<usize>, out: &mut [f32]) {
        Convolution::forward_rows(self, activation, image, rows, out);
    }

    fn input_gradient_rows(
        &self,
        d_out: Rows<'_>,
        relu_output: Option<Rows<'_>>,
        accumulate: Accumulate,
        rows: Range<usize>,
        d_image: &mut [f32],
    ) {
        Convolution::input_gradient_rows(self, d_out, relu_output, accumulate, rows, d_image);
    }

    fn weight_gradient(
        &mut self,
        index: usize,
        image: &[f32],
        d_out: &[f32],
        relu_output: Option<&[f32]>,
        accumulate: Accumulate,
        d_weights: &mut [f32],
    ) {
        Convolution::weight_gradient(self, index, image, d_out, relu_output, accumulate, d_weights);
    }

    fn bias_gradient(
        &self,
        index: usize,
        d_out: &[f32],
        relu_output: Option<&[f32]>,
        accumulate: Accumulate,
        d_bias: &mut [f32],
    ) {
        Convolution::bias_gradient(self, index, d_out, relu_output, accumulate, d_bias);
    }
}

impl GramKernels<f32> for Gram {
    fn scratch_len(&self) -> usize {
        Gram::scratch_len(self)
    }

    fn new(channels: usize) -> Self {
        Gram::new(channels)
    }

    fn forward(&mut self, scale: f32, features: &[f32], gram: &mut [f32]) {
        Gram::forward(self, scale, features, gram);
    }

    fn gradient(
        &mut self,
        scale: f32,
        features: &[f32],
        d_gram: &[f32],
        accumulate: Accumulate,
        d_features: &mut [f32],
    ) {
        Gram::gradient(self, scale, features, d_gram, accumulate, d_features);
    }
}
