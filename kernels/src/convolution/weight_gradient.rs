//! The gradients with respect to the weights and the bias of one filter: sums over every position of
//! the output.

use super::window_len;
use crate::convolution::frame::{CopyFrame, Frame, copy_masked};
use crate::gemm::tn::{Rows, TransposedProduct};
use crate::options::Accumulate;
use crate::shape::{ConvShape, PlacedFilter};

/// Adds up `image^T * d_out` over all positions, the image seen through the filter's window.
pub(super) fn weights(
    product: &mut TransposedProduct,
    (shape, index): (&ConvShape, usize),
    image: &[f32],
    d_out: &[f32],
    relu_output: Option<&[f32]>,
    accumulate: Accumulate,
    d_weights: &mut [f32],
) {
    let filter = shape.filters()[index];
    let [batch, out_height, out_width, _] = shape.output();
    let windows = Windows { shape, filter, image };
    let gradients = Gradients { shape, filter, d_out, relu_output };
    product.run(batch * out_height * out_width, &windows, &gradients, accumulate, d_weights);
}

/// Adds up `d_out` over all positions.
pub(super) fn bias(
    (shape, index): (&ConvShape, usize),
    d_out: &[f32],
    relu_output: Option<&[f32]>,
    accumulate: Accumulate,
    d_bias: &mut [f32],
) {
    let filter = shape.filters()[index];
    let channels = shape.output()[3];
    if accumulate == Accumulate::Replace {
        d_bias.fill(0.0);
    }
    // A sum over every pixel: columns of f64 keep the rounding of millions of terms away.
    let mut sums = vec![0.0f64; filter.out_channels()];
    for (pixel, d_out) in d_out.chunks_exact(channels).enumerate() {
        let d_out = &d_out[filter.first_channel()..][..filter.out_channels()];
        match relu_output {
            None => sums.iter_mut().zip(d_out).for_each(|(sum, &d)| *sum += f64::from(d)),
            Some(relu_output) => {
                let relu_output = &relu_output[pixel * channels + filter.first_channel()..];
                for ((sum, &d), &relu_output) in sums.iter_mut().zip(d_out).zip(relu_output) {
                    *sum += if relu_output > 0.0 { f64::from(d) } else { 0.0 };
                }
            }
        }
    }
    d_bias.iter_mut().zip(sums).for_each(|(d_bias, sum)| *d_bias += sum as f32);
}

/// What a filter sees at each position of its output: rows of the im2col matrix.
struct Windows<'a> {
    shape: &'a ConvShape,
    filter: PlacedFilter,
    image: &'a [f32],
}

impl Rows for Windows<'_> {
    fn len(&self) -> usize {
        window_len(&self.filter, self.shape.input()[3])
    }

    fn in_memory(&self) -> Option<&[f32]> {
        let is_pixel = self.filter.kernel() == [1, 1] && self.filter.before() == [0, 0];
        (is_pixel && self.shape.stride() == [1, 1]).then_some(self.image)
    }

    #[inline(always)]
    fn copy_row(&self, position: usize, target: &mut [f32]) {
        let [_, height, width, channels] = self.shape.input();
        let [_, out_height, out_width, _] = self.shape.output();
        let (n, y, x) =
            (position / (out_height * out_width), position / out_width % out_height, position % out_width);
        let [stride, before] = [self.shape.stride(), self.filter.before()];
        let frame = Frame {
            top: (y * stride[0]) as isize - before[0] as isize,
            left: (x * stride[1]) as isize - before[1] as isize,
            height: self.filter.kernel()[0],
            width: self.filter.kernel()[1],
        };
        let image = &self.image[n * height * width * channels..][..height * width * channels];
        CopyFrame { frame, shape: [height, width, channels], image, relu_output: None, target }.copy();
    }
}

/// The part of `d_out` that belongs to one filter, masked by `relu_output`.
struct Gradients<'a> {
    shape: &'a ConvShape,
    filter: PlacedFilter,
    d_out: &'a [f32],
    relu_output: Option<&'a [f32]>,
}

impl Rows for Gradients<'_> {
    fn len(&self) -> usize {
        self.filter.out_channels()
    }

    fn in_memory(&self) -> Option<&[f32]> {
        let is_alone = self.filter.out_channels() == self.shape.output()[3];
        (is_alone && self.relu_output.is_none()).then_some(self.d_out)
    }

    #[inline(always)]
    fn copy_row(&self, position: usize, target: &mut [f32]) {
        let start = position * self.shape.output()[3] + self.filter.first_channel();
        let d_out = &self.d_out[start..][..self.filter.out_channels()];
        match self.relu_output {
            None => target.copy_from_slice(d_out),
            Some(relu_output) => {
                copy_masked(d_out, &relu_output[start..][..self.filter.out_channels()], target)
            }
        }
    }
}
