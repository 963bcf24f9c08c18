//! Every kernel as plain loops, generic over f32 and f64: the text to read first, and the oracle
//! that each fast kernel is tested against. Nothing here is fast.
//!
//! Tensors are contiguous slices in NHWC order, weights in (KH, KW, Cin, Cout) order. In formulas `sy` and `sx` are the
//! stride, `top` and `left` the padding before the image; (N, OH, OW, Cout) is the shape of a convolution's output and
//! of `d_out`. All lengths are checked up front,
//! as those of the fast kernels are. NaN is no more than zero, so ReLU makes zero of it and its gate is closed.

use crate::elementwise::check_image;
use crate::shape::{ConvShape, PlacedFilter, PoolShape};
use crate::{Epilogue, Update};
use num_traits::Float;

mod normalise;

pub use normalise::{moments, moments_gradient, normalise, normalise_gradient};

/// `out[n, y, x, o] = bias[o] + sum over i, j, c of image[n, sy*y + i - top, sx*x + j - left, c] * weights[i, j, c, o]`
/// for each filter of the bank, zeros outside the image; then ReLU, if the epilogue says so.
///
/// `weights` and `biases` hold one slice a filter.
///
/// ```
/// use impasto_kernels::{ConvShape, Epilogue, Filter, Padding, reference};
///
/// // A row of three pixels under a filter of two: differences of neighbours.
/// let filter = Filter { kernel: [1, 2], out_channels: 1, padding: Padding::Valid };
/// let shape = ConvShape::new([1, 1, 3, 1], &[filter], [1, 1])?;
/// let weights: &[f64] = &[-1.0, 1.0];
/// let mut out = [0.0; 2];
/// reference::convolution(&shape, &[weights], &[&[0.0]], Epilogue::Relu, &[1.0, 4.0, 2.0], &mut out);
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
    epilogue: Epilogue,
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
    if epilogue == Epilogue::Relu {
        out.iter_mut().for_each(|value| *value = value.max(T::zero()));
    }
}

/// The gradient of [`convolution`] with respect to the image:
/// `d_image[n, y, x, c] = sum over i, j, o of d_out[n, (y + top - i)/sy, (x + left - j)/sx, o] * weights[i, j, c, o]`
/// over the windows that cover the pixel.
///
/// `gate`, the output of a convolution with ReLU, closes the way for `d_out` where it is not positive.
///
/// ```
/// use impasto_kernels::{ConvShape, Filter, Padding, Update, reference};
///
/// let filter = Filter { kernel: [1, 2], out_channels: 1, padding: Padding::Valid };
/// let shape = ConvShape::new([1, 1, 3, 1], &[filter], [1, 1])?;
/// let weights: &[f64] = &[-1.0, 1.0];
/// let (d_out, gate) = ([1.0, 1.0], [3.0, 0.0]); // ReLU gave 0 at the second
/// let mut d_image = [0.0; 3];
/// reference::convolution_input_gradient(&shape, &[weights], &d_out, None, Update::Replace, &mut d_image);
/// assert_eq!(d_image, [-1.0, 0.0, 1.0]);
/// reference::convolution_input_gradient(&shape, &[weights], &d_out, Some(&gate), Update::Replace, &mut d_image);
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
    gate: Option<&[T]>,
    update: Update,
    d_image: &mut [T],
) {
    shape.assert_all_weights(weights);
    shape.assert_output(d_out, gate);
    shape.assert_input(d_image);
    start(update, d_image);
    for (filter, weights) in shape.filters().iter().zip(weights) {
        for_each_tap(shape, filter, |input, weight, output| {
            let arriving = gated(d_out, gate, output);
            d_image[input] = d_image[input] + arriving * weights[weight];
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
    gate: Option<&[T]>,
    update: Update,
    d_weights: &mut [T],
) {
    shape.assert_input(image);
    shape.assert_output(d_out, gate);
    shape.assert_weights(index, d_weights);
    start(update, d_weights);
    for_each_tap(shape, &shape.filters()[index], |input, weight, output| {
        d_weights[weight] = d_weights[weight] + image[input] * gated(d_out, gate, output);
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
    gate: Option<&[T]>,
    update: Update,
    d_bias: &mut [T],
) {
    shape.assert_output(d_out, gate);
    shape.assert_bias(index, d_bias);
    start(update, d_bias);
    for_each_output(shape, &shape.filters()[index], |position, o| {
        d_bias[o] = d_bias[o] + gated(d_out, gate, position);
    });
}

/// `out[n, y, x, c] = max over the window of image[n, ., ., c]`; `argmax` receives the place of the
/// maximum in the whole window, row by row. Of equal values the first wins, as in TensorFlow and PyTorch.
///
/// # Panics
/// If a length is not the shape's.
pub fn max_pool<T: Float>(shape: &PoolShape, image: &[T], out: &mut [T], argmax: &mut [u8]) {
    shape.assert_input(image);
    shape.assert_output(out, argmax);
    for_each_window(shape, |output, places| {
        let mut best = None;
        for (input, place) in places {
            if best.is_none_or(|(value, _)| image[input] > value) {
                best = Some((image[input], place));
            }
        }
        if let Some((value, place)) = best {
            out[output] = value;
            argmax[output] = place;
        }
    });
}

/// The gradient of [`max_pool`]: each `d_out` goes to the pixel that won its window.
///
/// # Panics
/// If a length is not the shape's.
pub fn max_pool_gradient<T: Float>(
    shape: &PoolShape,
    d_out: &[T],
    argmax: &[u8],
    update: Update,
    d_image: &mut [T],
) {
    shape.assert_input(d_image);
    shape.assert_output(d_out, argmax);
    start(update, d_image);
    for_each_window(shape, |output, places| {
        for (input, place) in places {
            if argmax[output] == place {
                d_image[input] = d_image[input] + d_out[output];
            }
        }
    });
}

/// `gram[i, j] = scale * sum over p of features[p, i] * features[p, j]`, features of shape (P, C).
///
/// Source: Gatys, Ecker and Bethge 2016, equation 3.
///
/// ```
/// use impasto_kernels::reference;
///
/// let features = [1.0, 2.0, 3.0, 0.0]; // positions (1, 2) and (3, 0), of two channels
/// let mut gram = [0.0; 4];
/// reference::gram(2, 1.0, &features, &mut gram);
/// assert_eq!(gram, [10.0, 2.0, 2.0, 4.0]);
/// ```
///
/// # Panics
/// If a length does not fit the channels.
pub fn gram<T: Float>(channels: usize, scale: T, features: &[T], gram: &mut [T]) {
    crate::gram::check(channels, features, gram);
    gram.fill(T::zero());
    for row in features.chunks_exact(channels) {
        for i in 0..channels {
            for j in 0..channels {
                gram[i * channels + j] = gram[i * channels + j] + scale * row[i] * row[j];
            }
        }
    }
}

/// The gradient of [`gram`]: `d_features[p, j] = scale * sum over i of features[p, i] * (d_gram[i, j] + d_gram[j, i])`.
///
/// # Panics
/// If a length does not fit the channels.
pub fn gram_gradient<T: Float>(
    channels: usize,
    scale: T,
    features: &[T],
    d_gram: &[T],
    update: Update,
    d_features: &mut [T],
) {
    crate::gram::check(channels, features, d_gram);
    assert_eq!(features.len(), d_features.len(), "features and gradient have one shape");
    start(update, d_features);
    for (row, d_row) in features.chunks_exact(channels).zip(d_features.chunks_exact_mut(channels)) {
        for j in 0..channels {
            for i in 0..channels {
                let both = d_gram[i * channels + j] + d_gram[j * channels + i];
                d_row[j] = d_row[j] + scale * row[i] * both;
            }
        }
    }
}

/// `out = max(input, 0)`.
///
/// # Panics
/// If the lengths differ.
pub fn relu<T: Float>(input: &[T], out: &mut [T]) {
    assert_eq!(input.len(), out.len());
    for (out, &value) in out.iter_mut().zip(input) {
        *out = value.max(T::zero());
    }
}

/// The gradient of [`relu`]: `d_input = d_out` where `out > 0`, else 0, NaN being no more than 0.
///
/// # Panics
/// If the lengths differ.
pub fn relu_gradient<T: Float>(out: &[T], d_out: &[T], update: Update, d_input: &mut [T]) {
    assert_eq!(out.len(), d_out.len());
    assert_eq!(out.len(), d_input.len());
    start(update, d_input);
    for (index, d_input) in d_input.iter_mut().enumerate() {
        *d_input = *d_input + gated(d_out, Some(out), index);
    }
}

/// `sum of (a - b)^2`.
///
/// # Panics
/// If the lengths differ.
pub fn squared_difference<T: Float>(a: &[T], b: &[T]) -> T {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(T::zero(), |sum, (&a, &b)| sum + (a - b) * (a - b))
}

/// The gradient of `scale *` [`squared_difference`] with respect to `a`: `2 * scale * (a - b)`.
/// With respect to `b` it is the same with the two exchanged.
///
/// # Panics
/// If the lengths differ.
pub fn squared_difference_gradient<T: Float>(a: &[T], b: &[T], scale: T, update: Update, d_a: &mut [T]) {
    assert_eq!(a.len(), b.len());
    assert_eq!(a.len(), d_a.len());
    start(update, d_a);
    let two = T::one() + T::one();
    for ((d_a, &a), &b) in d_a.iter_mut().zip(a).zip(b) {
        *d_a = *d_a + two * scale * (a - b);
    }
}

/// `sum of (image[n, y+1, x, c] - image[n, y, x, c])^2 + sum of (image[n, y, x+1, c] - image[n, y, x, c])^2`.
///
/// # Panics
/// If a length is not the shape's.
pub fn total_variation<T: Float>(shape: [usize; 4], image: &[T]) -> T {
    check_image(shape, image);
    let mut sum = T::zero();
    for_each_neighbours(shape, |a, b| sum = sum + (image[b] - image[a]) * (image[b] - image[a]));
    sum
}

/// The gradient of `scale *` [`total_variation`] with respect to the image.
///
/// # Panics
/// If a length is not the shape's.
pub fn total_variation_gradient<T: Float>(
    shape: [usize; 4],
    image: &[T],
    scale: T,
    update: Update,
    d_image: &mut [T],
) {
    check_image(shape, image);
    assert_eq!(d_image.len(), image.len(), "the gradient has the image's shape");
    start(update, d_image);
    let two = T::one() + T::one();
    for_each_neighbours(shape, |a, b| {
        let slope = two * scale * (image[b] - image[a]);
        d_image[b] = d_image[b] + slope;
        d_image[a] = d_image[a] - slope;
    });
}

/// One step of Adam (Kingma and Ba 2015) as TensorFlow takes it, epsilon outside the bias correction:
/// `m = b1*m + (1-b1)*g`, `v = b2*v + (1-b2)*g^2`, `x -= step * m / (sqrt(v) + epsilon)`,
/// where the caller gives `step = learning_rate * sqrt(1 - b2^t) / (1 - b1^t)`.
///
/// The order of computation is the one that the paper's section 2 proposes for efficiency, below its algorithm 1.
///
/// ```
/// use impasto_kernels::reference;
///
/// let [beta1, beta2] = [0.9, 0.999f64];
/// let step = 0.1 * (1.0 - beta2).sqrt() / (1.0 - beta1); // learning rate 0.1, t = 1
/// let (mut m, mut v, mut x) = ([0.0], [0.0], [1.0]);
/// reference::adam(step, [beta1, beta2], 1e-8, &[4.0], &mut m, &mut v, &mut x);
/// assert!((m[0] - 0.4).abs() < 1e-12 && (v[0] - 0.016).abs() < 1e-12);
/// assert!((x[0] - 0.9).abs() < 1e-6); // the first step has the length of the learning rate
/// ```
///
/// # Panics
/// If the lengths differ.
pub fn adam<T: Float>(
    step: T,
    [beta1, beta2]: [T; 2],
    epsilon: T,
    gradient: &[T],
    first_moment: &mut [T],
    second_moment: &mut [T],
    values: &mut [T],
) {
    assert_eq!(gradient.len(), first_moment.len());
    assert_eq!(gradient.len(), second_moment.len());
    assert_eq!(gradient.len(), values.len());
    for (((x, &g), m), v) in values.iter_mut().zip(gradient).zip(first_moment).zip(second_moment) {
        *m = beta1 * *m + (T::one() - beta1) * g;
        *v = beta2 * *v + (T::one() - beta2) * g * g;
        *x = *x - step * *m / (v.sqrt() + epsilon);
    }
}

/// Keeps each channel of an image (N, H, W, 3) within its range `[low, high]`; NaN stays NaN.
///
/// # Panics
/// If the length is not a multiple of three.
pub fn clamp<T: Float>(values: &mut [T], ranges: [[T; 2]; 3]) {
    assert_eq!(values.len() % 3, 0, "pixels have three channels");
    for pixel in values.chunks_exact_mut(3) {
        for (value, [low, high]) in pixel.iter_mut().zip(ranges) {
            *value = if *value < low { low } else { *value };
            *value = if *value > high { high } else { *value };
        }
    }
}

fn start<T: Float>(update: Update, gradient: &mut [T]) {
    if update == Update::Replace {
        gradient.fill(T::zero());
    }
}

fn gated<T: Float>(d_out: &[T], gate: Option<&[T]>, index: usize) -> T {
    match gate {
        None => d_out[index],
        Some(gate) if gate[index] > T::zero() => d_out[index],
        Some(_) => T::zero(),
    }
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

/// Calls `visit(output index, (input index, place in the window)...)` for each window.
fn for_each_window(shape: &PoolShape, mut visit: impl FnMut(usize, &mut dyn Iterator<Item = (usize, u8)>)) {
    let [_, height, width, channels] = shape.input();
    let [batch, out_height, out_width, _] = shape.output();
    for n in 0..batch {
        for y in 0..out_height {
            for x in 0..out_width {
                for c in 0..channels {
                    let output = ((n * out_height + y) * out_width + x) * channels + c;
                    let (rows, columns) = (shape.window(0, y), shape.window(1, x));
                    let mut places = rows.clone().flat_map(|row| {
                        let (rows, columns) = (rows.clone(), columns.clone());
                        columns.clone().map(move |column| {
                            let place = (row - rows.start) * shape.kernel()[1] + column - columns.start;
                            (((n * height + row) * width + column) * channels + c, place as u8)
                        })
                    });
                    visit(output, &mut places);
                }
            }
        }
    }
}

/// Calls `visit(index, index of the pixel below or to the right)` for each such pair.
fn for_each_neighbours(shape: [usize; 4], mut visit: impl FnMut(usize, usize)) {
    let [batch, height, width, channels] = shape;
    if shape.contains(&0) {
        // Without this, the loops outside could go on for ever around one inside that has nothing to do.
        return;
    }
    for n in 0..batch {
        for y in 0..height {
            for x in 0..width {
                for c in 0..channels {
                    let here = ((n * height + y) * width + x) * channels + c;
                    if y + 1 < height {
                        visit(here, here + width * channels);
                    }
                    if x + 1 < width {
                        visit(here, here + channels);
                    }
                }
            }
        }
    }
}
