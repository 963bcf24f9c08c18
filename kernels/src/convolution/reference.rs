//! Convolution and its gradients as plain loops.

use crate::elementwise::reference::masked;
use crate::options::{Accumulate, Activation};
use crate::shape::{ConvShape, PlacedFilter};
use num_traits::Float;

/// `out[n, y, x, o] = bias[o] + sum over i, j, c of image[n, sy*y + i - top, sx*x + j - left, c] * weights[i, j, c, o]`
/// for each filter of the bank, zeros outside the image; then ReLU, if the activation says so.
///
/// `weights` and `biases` hold one slice per filter.
///
/// ```
/// use impasto_kernels::{ConvShape, Activation, Filter, Padding, reference};
///
/// // A row of three pixels under a filter of two: differences of neighbors.
/// let filter = Filter { kernel: [1, 2], out_channels: 1, padding: Padding::Valid };
/// let shape = ConvShape::new([1, 1, 3, 1], &[filter], [1, 1])?;
/// let weights: &[f64] = &[-1.0, 1.0];
/// let mut out = [0.0; 2];
/// reference::convolution(&shape, &[weights], &[&[0.0]], Activation::Relu, &[1.0, 4.0, 2.0], &mut out);
/// assert_eq!(out, [3.0, 0.0]); // 4 - 1, and 2 - 4 rectified
/// # Ok::<(), impasto_kernels::ShapeError>(())
/// ```
///
/// # Panics
/// If a length is not the shape's.
pub fn convolution<T: Float>(
    shape: &ConvShape,
    weights: &[&[T]],
    biases: &[&[T]],
    activation: Activation,
    image: &[T],
    out: &mut [T],
) {
    shape.assert_all_weights(weights);
    shape.assert_all_biases(biases);
    shape.assert_input(image);
    shape.assert_output(out, None);
    for ((filter, weights), bias) in shape.filters().iter().zip(weights).zip(biases) {
        for_each_output(shape, filter, |position, o| out[position] = bias[o]);
        for_each_tap(shape, filter, |input, weight, output| {
            out[output] = out[output] + image[input] * weights[weight];
        });
    }
    if activation == Activation::Relu {
        out.iter_mut().for_each(|value| *value = value.max(T::zero()));
    }
}

/// The gradient of [`convolution`] with respect to the image:
/// `d_image[n, y, x, c] = sum over i, j, o of d_out[n, (y + top - i)/sy, (x + left - j)/sx, o] * weights[i, j, c, o]`
/// over the windows that cover the pixel.
///
/// `relu_output`, the output of a convolution with ReLU, masks `d_out`: the gradient passes only where it is positive.
///
/// ```
/// use impasto_kernels::{ConvShape, Filter, Padding, Accumulate, reference};
///
/// let filter = Filter { kernel: [1, 2], out_channels: 1, padding: Padding::Valid };
/// let shape = ConvShape::new([1, 1, 3, 1], &[filter], [1, 1])?;
/// let weights: &[f64] = &[-1.0, 1.0];
/// let (d_out, relu_output) = ([1.0, 1.0], [3.0, 0.0]); // ReLU gave 0 at the second
/// let mut d_image = [0.0; 3];
/// reference::convolution_input_gradient(&shape, &[weights], &d_out, None, Accumulate::Replace, &mut d_image);
/// assert_eq!(d_image, [-1.0, 0.0, 1.0]);
/// reference::convolution_input_gradient(&shape, &[weights], &d_out, Some(&relu_output), Accumulate::Replace, &mut d_image);
/// assert_eq!(d_image, [-1.0, 1.0, 0.0]);
/// # Ok::<(), impasto_kernels::ShapeError>(())
/// ```
///
/// # Panics
/// If a length is not the shape's.
pub fn convolution_input_gradient<T: Float>(
    shape: &ConvShape,
    weights: &[&[T]],
    d_out: &[T],
    relu_output: Option<&[T]>,
    accumulate: Accumulate,
    d_image: &mut [T],
) {
    shape.assert_all_weights(weights);
    shape.assert_output(d_out, relu_output);
    shape.assert_input(d_image);
    accumulate.start(d_image);
    for (filter, weights) in shape.filters().iter().zip(weights) {
        for_each_tap(shape, filter, |input, weight, output| {
            let upstream = masked(d_out, relu_output, output);
            d_image[input] = d_image[input] + upstream * weights[weight];
        });
    }
}

/// The gradient of [`convolution`] with respect to the weights of filter `index`:
/// `d_weights[i, j, c, o] = sum over n, y, x of image[n, sy*y + i - top, sx*x + j - left, c] * d_out[n, y, x, o]`.
///
/// # Panics
/// If there is no such filter, or a length is not the shape's.
pub fn convolution_weight_gradient<T: Float>(
    shape: &ConvShape,
    index: usize,
    image: &[T],
    d_out: &[T],
    relu_output: Option<&[T]>,
    accumulate: Accumulate,
    d_weights: &mut [T],
) {
    shape.assert_input(image);
    shape.assert_output(d_out, relu_output);
    shape.assert_weights(index, d_weights);
    accumulate.start(d_weights);
    for_each_tap(shape, &shape.filters()[index], |input, weight, output| {
        d_weights[weight] = d_weights[weight] + image[input] * masked(d_out, relu_output, output);
    });
}

/// The gradient of [`convolution`] with respect to the bias of filter `index`:
/// `d_bias[o] = sum over n, y, x of d_out[n, y, x, o]`.
///
/// # Panics
/// If there is no such filter, or a length is not the shape's.
pub fn convolution_bias_gradient<T: Float>(
    shape: &ConvShape,
    index: usize,
    d_out: &[T],
    relu_output: Option<&[T]>,
    accumulate: Accumulate,
    d_bias: &mut [T],
) {
    shape.assert_output(d_out, relu_output);
    shape.assert_bias(index, d_bias);
    accumulate.start(d_bias);
    for_each_output(shape, &shape.filters()[index], |position, o| {
        d_bias[o] = d_bias[o] + masked(d_out, relu_output, position);
    });
}

/// Calls `visit(output index, o)` for each output value of one filter.
fn for_each_output(shape: &ConvShape, filter: &PlacedFilter, mut visit: impl FnMut(usize, usize)) {
    let [batch, height, width, channels] = shape.output();
    for pixel in 0..batch * height * width {
        for o in 0..filter.out_channels() {
            visit(pixel * channels + filter.first_channel() + o, o);
        }
    }
}

/// Calls `visit(input index, weight index, output index)` for each product of one filter.
fn for_each_tap(shape: &ConvShape, filter: &PlacedFilter, mut visit: impl FnMut(usize, usize, usize)) {
    let [_, height, width, channels] = shape.input();
    let [batch, out_height, out_width, out_channels] = shape.output();
    let [kernel_height, kernel_width] = filter.kernel();
    for n in 0..batch {
        for y in 0..out_height {
            for x in 0..out_width {
                let output = ((n * out_height + y) * out_width + x) * out_channels;
                for i in 0..kernel_height {
                    for j in 0..kernel_width {
                        let row = (y * shape.stride()[0] + i).checked_sub(filter.before()[0]);
                        let column = (x * shape.stride()[1] + j).checked_sub(filter.before()[1]);
                        let (Some(row), Some(column)) = (row, column) else { continue };
                        if row >= height || column >= width {
                            continue;
                        }
                        for c in 0..channels {
                            let input = ((n * height + row) * width + column) * channels + c;
                            let tap = (i * kernel_width + j) * channels + c;
                            for o in 0..filter.out_channels() {
                                visit(
                                    input,
                                    tap * filter.out_channels() + o,
                                    output + filter.first_channel() + o,
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}
