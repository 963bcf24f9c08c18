//! The gradient with respect to the image at any stride: a plain product of `d_out` with the weights
//! gives the gradient of every window, and the windows are added to the pixels they cover.

use crate::convolution::frame::{CopyFrame, Frame};
use crate::convolution::{largest, window_len};
use crate::gemm::micro_kernel::{Epilogue, Segment};
use crate::gemm::nn::{Grid, Product};
use crate::gemm::packed::PackedMatrix;
use crate::memory::tuning::{MAX_RUN, MIN_STRIP_ANY_STRIDE};
use crate::memory::{parallel, with_scratch};
use crate::options::Accumulate;
use crate::rows::Rows;
use crate::shape::ConvShape;
use crate::simd::{Kernel, Level, Simd};
use std::ops::Range;

/// Each filter's weights, transposed: a row for each output channel.
pub(in crate::convolution) struct AnyStride {
    /// Windows are filled up with zeros to whole panels, so that their products are written in whole vectors.
    weights: Vec<PackedMatrix>,
    /// Windows of a row that are computed together.
    windows_per_run: usize,
    rows_per_strip: usize,
}

impl AnyStride {
    pub(in crate::convolution) fn new(shape: &ConvShape, level: Level) -> Self {
        let panel = level.panel_width();
        let lens = || shape.filters().iter().map(|f| window_len(f, shape.input()[3]).next_multiple_of(panel));
        let pairs = shape.filters().iter().zip(lens());
        let weights =
            pairs.map(|(filter, len)| PackedMatrix::zeros(level, filter.out_channels(), len)).collect();
        AnyStride {
            weights,
            windows_per_run: AnyStride::run_of_windows(shape, panel)[0],
            rows_per_strip: parallel::rows_per_strip(shape.input(), usize::MAX).max(MIN_STRIP_ANY_STRIDE),
        }
    }

    /// Packs the weights (KH, KW, Cin, Cout) of filter `index`.
    pub(in crate::convolution) fn set_weights(&mut self, shape: &ConvShape, index: usize, weights: &[f32]) {
        let out_channels = shape.filters()[index].out_channels();
        for o in 0..out_channels {
            self.weights[index].set_row(o, weights.iter().skip(o).step_by(out_channels).copied());
        }
    }

    /// Windows that are computed together, and the values of the largest in whole panels.
    fn run_of_windows(shape: &ConvShape, panel: usize) -> [usize; 2] {
        let lens = shape.filters().iter().map(|filter| window_len(filter, shape.input()[3]));
        let widest = lens.max().unwrap_or(1).next_multiple_of(panel);
        [(MAX_RUN / widest).clamp(1, shape.output()[2]), widest]
    }

    /// Values of the scratch buffer that each thread needs: a row of `d_out`, and the gradients of a run of its windows.
    pub(in crate::convolution) fn scratch(shape: &ConvShape, panel: usize) -> usize {
        let [_, _, out_width, out_channels] = shape.output();
        let [windows, widest] = AnyStride::run_of_windows(shape, panel);
        out_width * out_channels + windows * widest
    }

    pub(in crate::convolution) fn run(
        &self,
        (shape, level): (&ConvShape, Level),
        d_out: Rows<'_>,
        relu_output: Option<&[f32]>,
        accumulate: Accumulate,
        (all_rows, d_image): (Range<usize>, &mut [f32]),
    ) {
        let [batch, _, width, channels] = shape.input();
        let [_, out_height, out_width, out_channels] = shape.output();
        let [stride_y, stride_x] = shape.step();
        let [above, _] = largest(shape.filters().iter().map(|f| f.before()));
        let [reach, _] = largest(shape.filters().iter().map(|f| [f.kernel()[0] - f.before()[0], 0]));

        let image_len = d_out.values.len() / batch;
        let out_rows = image_len / (out_width * out_channels);
        let target = [batch, all_rows.len(), width, channels];
        let rows_per_strip = parallel::rows_per_strip(target, self.rows_per_strip).max(MIN_STRIP_ANY_STRIDE);
        parallel::for_each_strip(target, rows_per_strip, d_image, |n, rows, strip| {
            if accumulate == Accumulate::Replace {
                strip.fill(0.0);
            }
            let rows = all_rows.start + rows.start..all_rows.start + rows.end;
            let Rows { first: first_out, values } = d_out;
            let d_out = &values[n * image_len..][..image_len];
            let relu_output = relu_output.map(|relu_output| &relu_output[n * image_len..][..image_len]);
            let row_len = out_width * out_channels;
            with_scratch(AnyStride::scratch(shape, level.panel_width()), |scratch| {
                let (masked, products) = scratch.split_at_mut(row_len);
                // The output rows whose windows touch these rows of the image.
                let first = (rows.start + 1).saturating_sub(reach).div_ceil(stride_y);
                let end = ((rows.end - 1 + above) / stride_y + 1).min(out_height);
                for y in first..end {
                    let left = match relu_output {
                        None => &d_out[(y - first_out) * row_len..][..row_len],
                        Some(_) => {
                            let top = (y - first_out) as isize;
                            let frame = Frame { top, left: 0, height: 1, width: out_width };
                            let shape = [out_rows, out_width, out_channels];
                            level.run(CopyFrame {
                                frame,
                                shape,
                                image: d_out,
                                relu_output,
                                target: &mut *masked,
                            });
                            &*masked
                        }
                    };
                    let runs = (0..out_width).step_by(self.windows_per_run);
                    let runs = runs.map(|first| first..out_width.min(first + self.windows_per_run));
                    for ((filter, weights), run) in shape
                        .filters()
                        .iter()
                        .zip(&self.weights)
                        .flat_map(|filter| runs.clone().map(move |run| (filter, run)))
                    {
                        let window = weights.columns();
                        let products = &mut products[..run.len() * window];
                        Product {
                            left: &left[run.start * out_channels..run.end * out_channels],
                            left_grid: Grid::flat(out_channels),
                            segments: &[Segment {
                                start: filter.first_channel(),
                                len: filter.out_channels(),
                            }],
                            right: weights,
                            epilogue: Epilogue::Replace,
                            target: products,
                            target_stride: window,
                            rows: run.len(),
                            cold: false,
                        }
                        .run();
                        let window_row = filter.kernel()[1] * channels;
                        for i in 0..filter.kernel()[0] {
                            let row = (y * stride_y + i).wrapping_sub(filter.before()[0]);
                            if !rows.contains(&row) {
                                continue;
                            }
                            level.run(AddWindows {
                                windows: products,
                                window,
                                first: run.start,
                                row: i * window_row..(i + 1) * window_row,
                                step: stride_x * channels,
                                before: filter.before()[1] * channels,
                                target: &mut strip[(row - rows.start) * width * channels..]
                                    [..width * channels],
                            });
                        }
                    }
                }
            });
        });
    }
}

/// Values of one row of a 3x3 window over an RGB image, and from one window to the next at stride 2: the first layer of
/// many networks. Without padding, it has a loop of its own, whose length the compiler knows.
const RGB_ROW: usize = 3 * 3;
const RGB_STEP: usize = 2 * 3;

/// Adds one row of each window to the pixels it covers: window `x`, counted from `first` on, starts
/// `x * step - before` values into `target`; what lies outside is dropped.
struct AddWindows<'a> {
    /// All windows, and which values of each are the row.
    windows: &'a [f32],
    window: usize,
    first: usize,
    row: Range<usize>,
    step: usize,
    before: usize,
    target: &'a mut [f32],
}

impl Kernel for AddWindows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(self, _: S) {
        let AddWindows { windows, window, first, row, step, before, target } = self;
        let count = windows.len() / window;
        let all_inside = (first + count).saturating_sub(1) * step + row.len() <= target.len();
        if (row.len(), step, before) == (RGB_ROW, RGB_STEP, 0) && all_inside {
            // Every second window, since these do not touch each other: what two windows share would stall if it were
            // written and read back at once.
            for parity in 0..2 {
                let mut x = parity;
                while x < count {
                    let values = &windows[x * window + row.start..][..RGB_ROW];
                    let pixels = &mut target[(first + x) * step..][..RGB_ROW];
                    for index in 0..RGB_ROW {
                        pixels[index] += values[index];
                    }
                    x += 2;
                }
            }
            return;
        }
        for (x, values) in windows.chunks_exact(window).enumerate() {
            let values = &values[row.clone()];
            let start = (first + x) * step;
            let skipped = before.saturating_sub(start).min(values.len());
            let begin = (start + skipped - before).min(target.len());
            let pixels = target[begin..].iter_mut();
            pixels.zip(&values[skipped..]).for_each(|(pixel, &value)| *pixel += value);
        }
    }
}
