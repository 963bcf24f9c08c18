//! Convolution the classical way, a yardstick for [`crate::Convolution`]: every window is copied into a row of a matrix
//! (im2col; Chellapilla, Puri and Simard 2006), and a plain matrix product does the rest. Nothing here is used to
//! compute a picture.
//!
//! It gets what costs nothing to give: the rows of windows are shared out to rayon's threads, and a 1x1 window is read
//! where it lies.

use crate::matmul::{Operand, matmul};
use crate::memory::parallel;
use crate::options::{Accumulate, Activation};
use crate::shape::{ConvShape, PlacedFilter, checked_len};
use rayon::prelude::*;

/// A bank of convolutions through im2col, with the buffers it works in.
///
/// ```
/// use impasto_kernels::yardstick::Im2col;
/// use impasto_kernels::{Activation, ConvShape, Filter, Padding};
///
/// let filter = Filter { kernel: [1, 2], out_channels: 1, padding: Padding::Valid };
/// let shape = ConvShape::new([1, 1, 3, 1], &[filter], [1, 1])?;
/// let mut out = [0.0; 2];
/// let image = [1.0, 4.0, 2.0]; // windows (1, 4) and (4, 2)
/// Im2col::new(shape).forward(&[&[-1.0, 1.0]], &[&[0.0]], Activation::None, &image, &mut out);
/// assert_eq!(out, [3.0, -2.0]);
/// # Ok::<(), impasto_kernels::ShapeError>(())
/// ```
pub struct Im2col {
    shape: ConvShape,
    /// One row per window, of as many values as the largest window.
    windows: Vec<f32>,
    /// One filter's output, or the part of `d_out` that belongs to it: one row per window, of its output channels.
    products: Vec<f32>,
}

/// One filter of a bank, in numbers of values.
#[derive(Clone, Copy)]
struct Sizes {
    /// Windows of a task: those of a few rows of the output.
    windows_per_task: usize,
    /// Values of a window: KH * KW * Cin.
    window: usize,
    /// The filter's output channels, and those of the whole bank.
    channels: usize,
    bank_channels: usize,
}

impl Im2col {
    /// Buffers for convolutions of this shape.
    ///
    /// # Panics
    /// If the matrix of windows would be larger than memory can address.
    pub fn new(shape: ConvShape) -> Im2col {
        let positions: usize = shape.output()[..3].iter().product();
        let copied = shape.filters().iter().filter(|filter| !is_pixel(&shape, filter));
        let window = copied.map(|filter| window_len(&shape, filter)).max().unwrap_or(0);
        let channels = shape.filters().iter().map(|filter| filter.out_channels()).max().unwrap_or(0);
        let zeros = |columns: usize| {
            vec![0.0; checked_len(&[positions, columns]).expect("a matrix of windows must fit the memory")]
        };
        Im2col { windows: zeros(window), products: zeros(channels), shape }
    }

    /// Computes the output; arguments and result as for [`crate::reference::convolution`].
    ///
    /// # Panics
    /// If a length is not the shape's.
    pub fn forward(
        &mut self,
        weights: &[&[f32]],
        biases: &[&[f32]],
        activation: Activation,
        image: &[f32],
        out: &mut [f32],
    ) {
        let Im2col { shape, windows, products } = self;
        shape.assert_all_weights(weights);
        shape.assert_all_biases(biases);
        shape.assert_input(image);
        shape.assert_output(out, None);
        for ((filter, weights), bias) in shape.filters().iter().zip(weights).zip(biases) {
            let sizes = Sizes::new(shape, filter);
            let windows = copy_windows(shape, filter, image, windows);
            let tasks = sizes.tasks(windows).zip(sizes.product_tasks(products, shape));
            tasks.zip(out.par_chunks_mut(sizes.windows_per_task * sizes.bank_channels)).for_each(
                |((windows, products), out)| {
                    let rows = windows.len() / sizes.window;
                    let (a, b) = (plain(windows), plain(weights));
                    matmul([rows, sizes.window, sizes.channels], a, b, Accumulate::Replace, products);
                    let pixels = out.chunks_exact_mut(sizes.bank_channels);
                    for (out, products) in pixels.zip(products.chunks_exact(sizes.channels)) {
                        let out = &mut out[filter.first_channel()..][..sizes.channels];
                        for ((out, &product), &bias) in out.iter_mut().zip(products).zip(*bias) {
                            let value = product + bias;
                            *out = if activation == Activation::Relu { value.max(0.0) } else { value };
                        }
                    }
                },
            );
        }
    }

    /// Computes the gradient with respect to the image; arguments and result as for
    /// [`crate::reference::convolution_input_gradient`].
    ///
    /// # Panics
    /// If a length is not the shape's.
    pub fn input_gradient(
        &mut self,
        weights: &[&[f32]],
        d_out: &[f32],
        relu_output: Option<&[f32]>,
        accumulate: Accumulate,
        d_image: &mut [f32],
    ) {
        let Im2col { shape, windows, products } = self;
        shape.assert_all_weights(weights);
        shape.assert_output(d_out, relu_output);
        shape.assert_input(d_image);
        if accumulate == Accumulate::Replace {
            d_image.fill(0.0);
        }
        for (filter, weights) in shape.filters().iter().zip(weights) {
            let sizes = Sizes::new(shape, filter);
            let d_products = copy_masked(shape, filter, d_out, relu_output, products);
            let product = |d_products: &[f32], accumulate: Accumulate, target: &mut [f32]| {
                let rows = d_products.len() / sizes.channels;
                let b = Operand { values: weights, transposed: true };
                matmul([rows, sizes.channels, sizes.window], plain(d_products), b, accumulate, target);
            };
            let tasks = d_products.par_chunks(sizes.windows_per_task * sizes.channels);
            if is_pixel(shape, filter) {
                let targets = d_image.par_chunks_mut(sizes.windows_per_task * sizes.window);
                tasks
                    .zip(targets)
                    .for_each(|(d_products, target)| product(d_products, Accumulate::Add, target));
            } else {
                let windows = &mut windows[..d_products.len() / sizes.channels * sizes.window];
                let targets = windows.par_chunks_mut(sizes.windows_per_task * sizes.window);
                tasks
                    .zip(targets)
                    .for_each(|(d_products, target)| product(d_products, Accumulate::Replace, target));
                add_windows(shape, filter, windows, d_image);
            }
        }
    }

    /// Computes the gradient with respect to the weights of filter `index`; arguments and result as for
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
        let Im2col { shape, windows, products } = self;
        shape.assert_input(image);
        shape.assert_output(d_out, relu_output);
        shape.assert_weights(index, d_weights);
        let filter = &shape.filters()[index];
        let sizes = Sizes::new(shape, filter);
        let windows = copy_windows(shape, filter, image, windows);
        let d_products = copy_masked(shape, filter, d_out, relu_output, products);
        let tasks = sizes.tasks(windows).zip(d_products.par_chunks(sizes.windows_per_task * sizes.channels));
        let parts: Vec<Vec<f32>> = tasks
            .map(|(windows, d_products)| {
                let mut part = vec![0.0; sizes.window * sizes.channels];
                let a = Operand { values: windows, transposed: true };
                let rows = windows.len() / sizes.window;
                let lengths = [sizes.window, rows, sizes.channels];
                matmul(lengths, a, plain(d_products), Accumulate::Replace, &mut part);
                part
            })
            .collect();
        if accumulate == Accumulate::Replace {
            d_weights.fill(0.0);
        }
        for part in &parts {
            d_weights.iter_mut().zip(part).for_each(|(d_weight, part)| *d_weight += part);
        }
    }
}

impl Sizes {
    fn new(shape: &ConvShape, filter: &PlacedFilter) -> Sizes {
        let [batch, height, width, bank_channels] = shape.output();
        let rows = parallel::rows_per_strip([1, batch * height, width, bank_channels], usize::MAX);
        Sizes {
            windows_per_task: rows * width,
            window: window_len(shape, filter),
            channels: filter.out_channels(),
            bank_channels,
        }
    }

    fn tasks(self, windows: &[f32]) -> rayon::slice::Chunks<'_, f32> {
        windows.par_chunks(self.windows_per_task * self.window)
    }

    fn product_tasks<'a>(
        self,
        products: &'a mut [f32],
        shape: &ConvShape,
    ) -> rayon::slice::ChunksMut<'a, f32> {
        let positions: usize = shape.output()[..3].iter().product();
        products[..positions * self.channels].par_chunks_mut(self.windows_per_task * self.channels)
    }
}

fn plain(values: &[f32]) -> Operand<'_, f32> {
    Operand { values, transposed: false }
}

fn window_len(shape: &ConvShape, filter: &PlacedFilter) -> usize {
    filter.kernel()[0] * filter.kernel()[1] * shape.input()[3]
}

/// Whether the windows are the pixels themselves, so that the image is the matrix of windows already.
fn is_pixel(shape: &ConvShape, filter: &PlacedFilter) -> bool {
    filter.kernel() == [1, 1] && shape.stride() == [1, 1]
}

/// The matrix of windows (N * OH * OW, KH * KW * Cin) of one filter: the image itself, or copied to `target`.
fn copy_windows<'a>(
    shape: &ConvShape,
    filter: &PlacedFilter,
    image: &'a [f32],
    target: &'a mut [f32],
) -> &'a [f32] {
    if is_pixel(shape, filter) {
        return image;
    }
    let [_, height, width, channels] = shape.input();
    let [batch, out_height, out_width, _] = shape.output();
    let window = window_len(shape, filter);
    let target = &mut target[..batch * out_height * out_width * window];
    target.par_chunks_mut(out_width * window).enumerate().for_each(|(row, target)| {
        let (n, y) = (row / out_height, row % out_height);
        for (x, target) in target.chunks_exact_mut(window).enumerate() {
            for (tap, target) in target.chunks_exact_mut(channels).enumerate() {
                let (i, j) = (tap / filter.kernel()[1], tap % filter.kernel()[1]);
                let row = (y * shape.stride()[0] + i).wrapping_sub(filter.before()[0]);
                let column = (x * shape.stride()[1] + j).wrapping_sub(filter.before()[1]);
                if row < height && column < width {
                    let start = ((n * height + row) * width + column) * channels;
                    target.copy_from_slice(&image[start..][..channels]);
                } else {
                    target.fill(0.0);
                }
            }
        }
    });
    target
}

/// Adds every value of the matrix of windows to the pixel it was copied from (col2im).
fn add_windows(shape: &ConvShape, filter: &PlacedFilter, windows: &[f32], d_image: &mut [f32]) {
    let [_, height, width, channels] = shape.input();
    let [_, out_height, out_width, _] = shape.output();
    let window = window_len(shape, filter);
    // Rows of the image, not of windows: two windows may cover one pixel, but no pixel lies in two rows.
    d_image.par_chunks_mut(width * channels).enumerate().for_each(|(row, d_row)| {
        let (n, row) = (row / height, row % height);
        for i in 0..filter.kernel()[0] {
            let Some(above) = (row + filter.before()[0]).checked_sub(i) else { break };
            let y = above / shape.stride()[0];
            if above % shape.stride()[0] != 0 || y >= out_height {
                continue;
            }
            let windows = &windows[(n * out_height + y) * out_width * window..][..out_width * window];
            for (x, values) in windows.chunks_exact(window).enumerate() {
                for j in 0..filter.kernel()[1] {
                    let column = (x * shape.stride()[1] + j).wrapping_sub(filter.before()[1]);
                    if column < width {
                        let values = &values[(i * filter.kernel()[1] + j) * channels..][..channels];
                        let d_pixel = &mut d_row[column * channels..][..channels];
                        d_pixel.iter_mut().zip(values).for_each(|(d_pixel, value)| *d_pixel += value);
                    }
                }
            }
        }
    });
}

/// The part of `d_out` that belongs to one filter, (N * OH * OW, Cout), zero where `relu_output` is not positive.
fn copy_masked<'a>(
    shape: &ConvShape,
    filter: &PlacedFilter,
    d_out: &[f32],
    relu_output: Option<&[f32]>,
    target: &'a mut [f32],
) -> &'a [f32] {
    let [batch, out_height, out_width, bank_channels] = shape.output();
    let channels = filter.out_channels();
    let target = &mut target[..batch * out_height * out_width * channels];
    target.par_chunks_mut(out_width * channels).enumerate().for_each(|(row, target)| {
        for (x, target) in target.chunks_exact_mut(channels).enumerate() {
            let start = (row * out_width + x) * bank_channels + filter.first_channel();
            target.copy_from_slice(&d_out[start..][..channels]);
            if let Some(relu_output) = relu_output {
                for (value, &relu_output) in target.iter_mut().zip(&relu_output[start..][..channels]) {
                    *value = if relu_output > 0.0 { *value } else { 0.0 };
                }
            }
        }
    });
    target
}
