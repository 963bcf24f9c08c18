//! Convolution of f32 images: forward and the gradients with respect to image, weights and bias.
//!
//! All are products of an image read through a sliding window with a packed matrix of weights; see
//! `product.rs` for the loop nest. [`crate::reference`] has the same as plain loops.

use crate::aligned::with_scratch;
use crate::parallel;
use crate::patch::{CopyFrame, Frame, copy_gated};
use crate::product::{Grid, PackedMatrix, Product, Segment, joined};
use crate::shape::{ConvShape, PlacedFilter};
use crate::simd::{Kernel, Level, Simd};
use crate::transposed::{Rows, TransposedProduct};
use crate::{Epilogue, Update};
use std::ops::Range;

/// A bank of convolutions with its weights packed for the forward pass and for the input gradient.
pub struct Convolution {
    shape: ConvShape,
    level: Level,
    filters: Vec<PackedFilter>,
    input_gradient: InputGradient,
    weight_gradient: TransposedProduct,
}

/// One filter's weights as the right operand of the forward product.
struct PackedFilter {
    /// Rows in the order of the window's values.
    weights: PackedMatrix,
    bias: Vec<f32>,
}

/// The weights as right operand of the input gradient's product.
enum InputGradient {
    /// Stride 1: a convolution of `d_out` with the flipped windows of all filters at once.
    Gather(PackedMatrix),
    /// Any stride: a plain product for each filter, whose rows are added to the pixels of the window.
    Scatter(Vec<PackedMatrix>),
}

impl Convolution {
    /// A convolution of this shape with all weights zero.
    pub fn new(shape: ConvShape) -> Self {
        Self::with_level(shape, Level::current())
    }

    /// As [`Convolution::new`], with kernels of one instruction set (plain Rust if it is missing).
    pub fn with_level(shape: ConvShape, level: Level) -> Self {
        let level = level.or_portable();
        let channels = shape.input[3];
        let filters = shape
            .filters
            .iter()
            .map(|filter| PackedFilter {
                weights: PackedMatrix::zeros(level, window_len(filter, channels), filter.out_channels),
                bias: vec![0.0; filter.out_channels],
            })
            .collect();
        let input_gradient = if shape.stride == [1, 1] {
            let depth = shape.filters.iter().map(|f| window_len(f, f.out_channels)).sum();
            InputGradient::Gather(PackedMatrix::zeros(level, depth, channels))
        } else {
            InputGradient::Scatter(
                shape
                    .filters
                    .iter()
                    .map(|f| PackedMatrix::zeros(level, f.out_channels, window_len(f, channels)))
                    .collect(),
            )
        };
        Convolution { shape, level, filters, input_gradient, weight_gradient: TransposedProduct::new(level) }
    }

    /// The shape this convolution was made for.
    pub fn shape(&self) -> &ConvShape {
        &self.shape
    }

    /// Packs the weights (KH, KW, Cin, Cout) and the bias (Cout) of filter `index`.
    ///
    /// # Panics
    /// If a length is not the filter's.
    pub fn set_weights(&mut self, index: usize, weights: &[f32], bias: &[f32]) {
        let filter = self.shape.filters[index];
        let channels = self.shape.input[3];
        assert_eq!(weights.len(), self.shape.weight_len(index), "weights are (KH, KW, Cin, Cout)");
        assert_eq!(bias.len(), filter.out_channels, "one bias an output channel");
        let packed = &mut self.filters[index];
        packed.bias.copy_from_slice(bias);
        let out = filter.out_channels;
        for (k, row) in weights.chunks_exact(out).enumerate() {
            packed.weights.set_row(k, row.iter().copied());
        }
        let at = |tap: usize, c: usize, o: usize| weights[(tap * channels + c) * out + o];
        match &mut self.input_gradient {
            InputGradient::Gather(packed) => {
                let before = &self.shape.filters[..index];
                let mut k = before.iter().map(|f| window_len(f, f.out_channels)).sum::<usize>();
                for tap in flipped_taps(&filter) {
                    let tap = tap[0] * filter.kernel[1] + tap[1];
                    for o in 0..out {
                        packed.set_row(k, (0..channels).map(|c| at(tap, c, o)));
                        k += 1;
                    }
                }
            }
            InputGradient::Scatter(packed) => {
                for o in 0..out {
                    let window = filter.kernel[0] * filter.kernel[1];
                    let row = (0..window).flat_map(|tap| (0..channels).map(move |c| at(tap, c, o)));
                    packed[index].set_row(o, row);
                }
            }
        }
    }

    /// Computes the output (N, H, W, Cout) of the image (N, H, W, Cin); see
    /// [`crate::reference::convolution`].
    ///
    /// # Panics
    /// If a length is not the shape's.
    pub fn forward(&self, epilogue: Epilogue, image: &[f32], out: &mut [f32]) {
        let (shape, level) = (&self.shape, self.level);
        let [_, height, width, channels] = shape.input;
        let [_, _, out_width, out_channels] = shape.output;
        assert_eq!(image.len(), shape.input.iter().product::<usize>(), "the image is (N, H, W, Cin)");
        assert_eq!(out.len(), shape.output.iter().product::<usize>(), "the output is (N, H, W, Cout)");
        let [top, left] = largest(shape.filters.iter().map(|f| f.before));
        let [reach_y, reach_x] =
            largest(shape.filters.iter().map(|f| [0, 1].map(|axis| f.kernel[axis] - f.before[axis])));
        let [stride_y, stride_x] = shape.stride;

        parallel::for_each_strip(shape.output, out, |n, rows, strip| {
            let image = &image[n * height * width * channels..][..height * width * channels];
            // The pixels that the windows of these rows touch, those outside the image included.
            let frame = Frame {
                top: (rows.start * stride_y) as isize - top as isize,
                left: -(left as isize),
                height: (rows.len() - 1) * stride_y + top + reach_y,
                width: (out_width - 1) * stride_x + left + reach_x,
            };
            let mut compute = |pixels: &[f32], row_stride: usize| {
                for (filter, packed) in shape.filters.iter().zip(&self.filters) {
                    let [down, right] = [top - filter.before[0], left - filter.before[1]];
                    let segments = joined((0..filter.kernel[0]).map(|i| Segment {
                        start: (down + i) * row_stride + right * channels,
                        len: filter.kernel[1] * channels,
                    }));
                    Product {
                        left: pixels,
                        left_grid: Grid {
                            width: out_width,
                            pixel_stride: stride_x * channels,
                            row_stride: stride_y * row_stride,
                        },
                        segments: &segments,
                        right: &packed.weights,
                        bias: Some(&packed.bias),
                        relu: epilogue == Epilogue::Relu,
                        update: Update::Replace,
                        target: &mut strip[filter.first_channel..],
                        target_stride: out_channels,
                        rows: rows.len() * out_width,
                    }
                    .run();
                }
            };
            if frame.is_inside(height, width) {
                compute(&image[frame.top as usize * width * channels..], width * channels);
            } else {
                with_scratch(frame.pixels() * channels, |scratch| {
                    level.run(CopyFrame {
                        frame,
                        shape: [height, width, channels],
                        image,
                        gate: None,
                        target: scratch,
                    });
                    compute(scratch, frame.width * channels);
                });
            }
        });
    }

    /// Computes the gradient with respect to the image; see
    /// [`crate::reference::convolution_input_gradient`].
    ///
    /// # Panics
    /// If a length is not the shape's.
    pub fn input_gradient(&self, d_out: &[f32], gate: Option<&[f32]>, update: Update, d_image: &mut [f32]) {
        self.check_d_out(d_out, gate);
        assert_eq!(d_image.len(), self.shape.input.iter().product::<usize>(), "d_image is (N, H, W, Cin)");
        match &self.input_gradient {
            InputGradient::Gather(weights) => self.gather(weights, d_out, gate, update, d_image),
            InputGradient::Scatter(weights) => self.scatter(weights, d_out, gate, update, d_image),
        }
    }

    fn gather(
        &self,
        weights: &PackedMatrix,
        d_out: &[f32],
        gate: Option<&[f32]>,
        update: Update,
        d_image: &mut [f32],
    ) {
        let (shape, level) = (&self.shape, self.level);
        let [_, _, width, channels] = shape.input;
        let [_, out_height, out_width, out_channels] = shape.output;
        // Window row i of a filter meets image row y from output row y + before - i.
        let [bottom, right] = largest(shape.filters.iter().map(|f| f.before));
        let [top, left] =
            largest(shape.filters.iter().map(|f| [0, 1].map(|axis| f.kernel[axis] - 1 - f.before[axis])));
        let frame_width = left + width + right;
        let segments = joined(shape.filters.iter().flat_map(|filter| {
            flipped_taps(filter).map(move |tap| {
                let down = top + filter.before[0] - tap[0];
                let across = left + filter.before[1] - tap[1];
                Segment {
                    start: (down * frame_width + across) * out_channels + filter.first_channel,
                    len: filter.out_channels,
                }
            })
        }));

        parallel::for_each_strip(shape.input, d_image, |n, rows, strip| {
            let image_len = out_height * out_width * out_channels;
            let d_out = &d_out[n * image_len..][..image_len];
            let gate = gate.map(|gate| &gate[n * image_len..][..image_len]);
            let frame = Frame {
                top: rows.start as isize - top as isize,
                left: -(left as isize),
                height: top + rows.len() + bottom,
                width: frame_width,
            };
            let mut compute = |pixels: &[f32]| {
                Product {
                    left: pixels,
                    left_grid: Grid {
                        width,
                        pixel_stride: out_channels,
                        row_stride: frame_width * out_channels,
                    },
                    segments: &segments,
                    right: weights,
                    bias: None,
                    relu: false,
                    update,
                    target: strip,
                    target_stride: channels,
                    rows: rows.len() * width,
                }
                .run();
            };
            if gate.is_none() && frame_width == out_width && frame.is_inside(out_height, out_width) {
                compute(&d_out[frame.top as usize * out_width * out_channels..]);
            } else {
                with_scratch(frame.pixels() * out_channels, |scratch| {
                    level.run(CopyFrame {
                        frame,
                        shape: [out_height, out_width, out_channels],
                        image: d_out,
                        gate,
                        target: scratch,
                    });
                    compute(scratch);
                });
            }
        });
    }

    fn scatter(
        &self,
        weights: &[PackedMatrix],
        d_out: &[f32],
        gate: Option<&[f32]>,
        update: Update,
        d_image: &mut [f32],
    ) {
        let (shape, level) = (&self.shape, self.level);
        let [_, _, width, channels] = shape.input;
        let [_, out_height, out_width, out_channels] = shape.output;
        let widest = shape.filters.iter().map(|f| window_len(f, channels)).max().unwrap_or(0);
        let [stride_y, stride_x] = shape.stride;

        parallel::for_each_strip(shape.input, d_image, |n, rows, strip| {
            if update == Update::Replace {
                strip.fill(0.0);
            }
            let image_len = out_height * out_width * out_channels;
            let d_out = &d_out[n * image_len..][..image_len];
            let gate = gate.map(|gate| &gate[n * image_len..][..image_len]);
            let row_len = out_width * out_channels;
            with_scratch(row_len + out_width * widest, |scratch| {
                let (gated, products) = scratch.split_at_mut(row_len);
                // The output rows whose windows touch these rows of the image.
                let reach = shape.filters.iter().map(|f| f.kernel[0] - f.before[0]).max().unwrap_or(1);
                let above = shape.filters.iter().map(|f| f.before[0]).max().unwrap_or(0);
                let first = (rows.start + 1).saturating_sub(reach).div_ceil(stride_y);
                let end = ((rows.end - 1 + above) / stride_y + 1).min(out_height);
                for y in first..end {
                    let frame = Frame { top: y as isize, left: 0, height: 1, width: out_width };
                    level.run(CopyFrame {
                        frame,
                        shape: [out_height, out_width, out_channels],
                        image: d_out,
                        gate,
                        target: gated,
                    });
                    for (filter, weights) in shape.filters.iter().zip(weights) {
                        let window = window_len(filter, channels);
                        let products = &mut products[..out_width * window];
                        Product {
                            left: gated,
                            left_grid: Grid::flat(out_channels),
                            segments: &[Segment { start: filter.first_channel, len: filter.out_channels }],
                            right: weights,
                            bias: None,
                            relu: false,
                            update: Update::Replace,
                            target: products,
                            target_stride: window,
                            rows: out_width,
                        }
                        .run();
                        let window_row = filter.kernel[1] * channels;
                        for i in 0..filter.kernel[0] {
                            let row = (y * stride_y + i).wrapping_sub(filter.before[0]);
                            if !rows.contains(&row) {
                                continue;
                            }
                            level.run(AddWindows {
                                windows: products,
                                window,
                                row: i * window_row..(i + 1) * window_row,
                                step: stride_x * channels,
                                before: filter.before[1] * channels,
                                target: &mut strip[(row - rows.start) * width * channels..]
                                    [..width * channels],
                            });
                        }
                    }
                }
            });
        });
    }

    /// Computes the gradient with respect to the weights of filter `index`; see
    /// [`crate::reference::convolution_weight_gradient`].
    ///
    /// # Panics
    /// If a length is not the shape's.
    pub fn weight_gradient(
        &mut self,
        index: usize,
        image: &[f32],
        d_out: &[f32],
        gate: Option<&[f32]>,
        update: Update,
        d_weights: &mut [f32],
    ) {
        self.check_d_out(d_out, gate);
        let shape = &self.shape;
        let [batch, out_height, out_width, _] = shape.output;
        let filter = shape.filters[index];
        assert_eq!(image.len(), shape.input.iter().product::<usize>(), "the image is (N, H, W, Cin)");
        assert_eq!(d_weights.len(), shape.weight_len(index), "d_weights is (KH, KW, Cin, Cout)");

        let windows = Windows { shape, filter, image };
        let gradients = Gradients { shape, filter, d_out, gate };
        let positions = batch * out_height * out_width;
        self.weight_gradient.run(positions, &windows, &gradients, update, d_weights);
    }

    /// Computes the gradient with respect to the bias of filter `index`; see
    /// [`crate::reference::convolution_bias_gradient`].
    ///
    /// # Panics
    /// If a length is not the shape's.
    pub fn bias_gradient(
        &self,
        index: usize,
        d_out: &[f32],
        gate: Option<&[f32]>,
        update: Update,
        d_bias: &mut [f32],
    ) {
        self.check_d_out(d_out, gate);
        let filter = &self.shape.filters[index];
        let channels = self.shape.output[3];
        assert_eq!(d_bias.len(), filter.out_channels, "one bias an output channel");
        if update == Update::Replace {
            d_bias.fill(0.0);
        }
        // A sum over every pixel: columns of f64 keep the rounding of millions of terms away.
        let mut sums = vec![0.0f64; filter.out_channels];
        for (pixel, d_out) in d_out.chunks_exact(channels).enumerate() {
            let d_out = &d_out[filter.first_channel..][..filter.out_channels];
            match gate {
                None => sums.iter_mut().zip(d_out).for_each(|(sum, &d)| *sum += f64::from(d)),
                Some(gate) => {
                    let gate = &gate[pixel * channels + filter.first_channel..];
                    for ((sum, &d), &gate) in sums.iter_mut().zip(d_out).zip(gate) {
                        *sum += if gate > 0.0 { f64::from(d) } else { 0.0 };
                    }
                }
            }
        }
        d_bias.iter_mut().zip(sums).for_each(|(d_bias, sum)| *d_bias += sum as f32);
    }

    fn check_d_out(&self, d_out: &[f32], gate: Option<&[f32]>) {
        let len = self.shape.output.iter().product::<usize>();
        assert_eq!(d_out.len(), len, "d_out is (N, H, W, Cout)");
        assert!(gate.is_none_or(|gate| gate.len() == len), "the gate is (N, H, W, Cout)");
    }
}

/// What a filter sees at each position of its output: rows of the im2col matrix.
struct Windows<'a> {
    shape: &'a ConvShape,
    filter: PlacedFilter,
    image: &'a [f32],
}

impl Rows for Windows<'_> {
    fn len(&self) -> usize {
        window_len(&self.filter, self.shape.input[3])
    }

    fn row<'a>(&'a self, position: usize, scratch: &'a mut [f32]) -> &'a [f32] {
        let [_, height, width, channels] = self.shape.input;
        let [_, out_height, out_width, _] = self.shape.output;
        let (n, y, x) =
            (position / (out_height * out_width), position / out_width % out_height, position % out_width);
        let [stride, before] = [self.shape.stride, self.filter.before];
        let frame = Frame {
            top: (y * stride[0]) as isize - before[0] as isize,
            left: (x * stride[1]) as isize - before[1] as isize,
            height: self.filter.kernel[0],
            width: self.filter.kernel[1],
        };
        let image = &self.image[n * height * width * channels..][..height * width * channels];
        CopyFrame { frame, shape: [height, width, channels], image, gate: None, target: &mut *scratch }
            .copy();
        scratch
    }
}

/// The part of `d_out` that belongs to one filter, closed where its gate is not positive.
struct Gradients<'a> {
    shape: &'a ConvShape,
    filter: PlacedFilter,
    d_out: &'a [f32],
    gate: Option<&'a [f32]>,
}

impl Rows for Gradients<'_> {
    fn len(&self) -> usize {
        self.filter.out_channels
    }

    fn row<'a>(&'a self, position: usize, scratch: &'a mut [f32]) -> &'a [f32] {
        let start = position * self.shape.output[3] + self.filter.first_channel;
        let d_out = &self.d_out[start..][..self.filter.out_channels];
        let Some(gate) = self.gate else { return d_out };
        let gate = &gate[start..][..self.filter.out_channels];
        copy_gated(d_out, gate, scratch);
        scratch
    }
}

/// Adds one row of each window to the pixels it covers: window `x` starts `x * step - before` values
/// into `target`; what lies outside is dropped.
struct AddWindows<'a> {
    /// All windows, and which values of each are the row.
    windows: &'a [f32],
    window: usize,
    row: Range<usize>,
    step: usize,
    before: usize,
    target: &'a mut [f32],
}

impl Kernel for AddWindows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const ROWS: usize, const VECTORS: usize>(self, _: S) {
        let AddWindows { windows, window, row, step, before, target } = self;
        let rows = windows.chunks_exact(window).map(|window| &window[row.clone()]);
        // SqueezeNet's first layer: windows of three pixels of three channels, every second pixel.
        if (row.len(), step, before) == (9, 6, 0) {
            return add_overlapping::<9, 6>(rows, target);
        }
        for (x, row) in rows.enumerate() {
            let start = x * step;
            let skipped = before.saturating_sub(start).min(row.len());
            let begin = (start + skipped - before).min(target.len());
            let pixels = target[begin..].iter_mut();
            pixels.zip(&row[skipped..]).for_each(|(pixel, &value)| *pixel += value);
        }
    }
}

/// The same for windows of known size that reach into the next one only. What they share is carried
/// along in registers: to write it and read it back at once would stall.
#[inline(always)]
fn add_overlapping<'a, const WINDOW: usize, const STEP: usize>(
    windows: impl ExactSizeIterator<Item = &'a [f32]>,
    target: &mut [f32],
) {
    let mut carried = [0.0f32; STEP];
    let (own, behind) = target.split_at_mut(windows.len() * STEP);
    for (window, pixels) in windows.zip(own.chunks_exact_mut(STEP)) {
        let (own, shared) = window.split_at(STEP);
        for (pixel, (value, carried)) in pixels.iter_mut().zip(own.iter().zip(&mut carried)) {
            *pixel += value + std::mem::take(carried);
        }
        carried[..WINDOW - STEP].copy_from_slice(&shared[..WINDOW - STEP]);
    }
    behind.iter_mut().zip(carried).for_each(|(pixel, value)| *pixel += value);
}

fn window_len(filter: &PlacedFilter, channels: usize) -> usize {
    filter.kernel[0] * filter.kernel[1] * channels
}

/// The places of a window from the last to the first.
fn flipped_taps(filter: &PlacedFilter) -> impl Iterator<Item = [usize; 2]> + use<> {
    let [height, width] = filter.kernel;
    (0..height).rev().flat_map(move |i| (0..width).rev().map(move |j| [i, j]))
}

fn largest(pairs: impl Iterator<Item = [usize; 2]>) -> [usize; 2] {
    pairs.fold([0, 0], |[a, b], [c, d]| [a.max(c), b.max(d)])
}
