//! How windows slide over an image, strip by strip, and the product of what they see with a filter's weights. The
//! forward pass and the gradient with respect to the image are both this, over different images.

use super::largest;
use super::winograd::{self, Winograd};
use crate::convolution::frame::{CopyFrame, Frame};
use crate::gemm::micro_kernel::{Epilogue, Segment};
use crate::gemm::nn::{Grid, Product, joined};
use crate::gemm::packed::PackedMatrix;
use crate::memory::parallel;
use crate::memory::with_scratch;
use crate::rows::Rows;
use crate::simd::Level;
use std::ops::Range;

/// Windows over a source image (N, H, W, C), one for each pixel of a target image (N, H, W, C).
///
/// Where windows reach beyond the source, strips of it are copied into frames with zeros around.
pub(super) struct Windows {
    source: [usize; 4],
    target: [usize; 4],
    stride: [usize; 2],
    /// Rows and columns that windows reach beyond the place of their target pixel: before it, and from it on.
    before: [usize; 2],
    reach: [usize; 2],
    /// Pixels of a row of the frame, or of the source if it is read in place.
    frame_width: usize,
    in_place: bool,
    /// Rows and columns that are computed together, even if they end beyond the target.
    unit: usize,
    /// The first row of a unit.
    phase: usize,
    rows_per_strip: usize,
    /// Values of scratch that the filters need.
    scratch: usize,
}

/// A filter over the channels `first_channel..first_channel + channels` of the source, with its window's size.
#[derive(Clone, Copy)]
pub(super) struct Filter {
    pub(super) kernel: [usize; 2],
    pub(super) before: [usize; 2],
    pub(super) first_channel: usize,
    pub(super) channels: usize,
    pub(super) out_channels: usize,
}

impl Filter {
    /// Whether it is computed by Winograd's products.
    fn is_winograd(&self, stride: [usize; 2]) -> bool {
        stride == [1, 1] && winograd::supports(self.kernel, self.channels, self.out_channels)
    }
}

/// The products of what one filter's windows see with its packed weights.
pub(super) enum WindowProduct {
    /// Window by window.
    Direct { segments: Vec<Segment>, weights: PackedMatrix },
    /// Four by four windows at a time.
    Winograd { start: usize, weights: Winograd },
}

impl Windows {
    /// Windows of these filters; strips have at most `max_rows` rows. The sizes are those of a checked shape, and the
    /// stride is its step: nothing here wraps.
    pub(super) fn new(
        source: [usize; 4],
        target: [usize; 4],
        stride: [usize; 2],
        filters: &[Filter],
        (max_rows, phase): (usize, usize),
    ) -> Self {
        let before = largest(filters.iter().map(|f| f.before));
        let reach = largest(filters.iter().map(|f| [0, 1].map(|axis| f.kernel[axis] - f.before[axis])));
        let unit = if filters.iter().any(|filter| filter.is_winograd(stride)) { winograd::TILE } else { 1 };
        let needed = |axis: usize| {
            let pixels = target[1 + axis].next_multiple_of(unit);
            (pixels - 1) * stride[axis] + before[axis] + reach[axis]
        };
        let in_place = before == [0, 0] && needed(0) <= source[1] && needed(1) <= source[2];
        let mut windows = Windows {
            source,
            target,
            stride,
            before,
            reach,
            frame_width: if in_place { source[2] } else { needed(1) },
            in_place,
            unit,
            phase: phase % unit,
            rows_per_strip: parallel::rows_per_strip(target, max_rows).next_multiple_of(unit),
            scratch: 0,
        };
        let tiles = filters.iter().filter(|filter| filter.is_winograd(stride));
        windows.scratch = tiles.map(|f| winograd::scratch(f.channels, f.out_channels)).max().unwrap_or(0);
        windows
    }

    /// The first row from `row` on that a strip may begin with.
    pub(super) fn next_strip(&self, row: usize) -> usize {
        row + (self.phase + self.unit - row % self.unit) % self.unit
    }

    /// Values of the scratch buffer that each thread needs: a strip's frame, and the filters' scratch.
    pub(super) fn scratch_len(&self) -> usize {
        // A masked source is copied even if windows stay inside.
        self.frame(0, self.rows_per_strip).pixels() * self.source[3] + self.scratch
    }

    /// The products for one of the filters, with weights of zero.
    pub(super) fn product(&self, filter: &Filter, level: Level) -> WindowProduct {
        let [down, across] = [0, 1].map(|axis| self.before[axis] - filter.before[axis]);
        let start = |i: usize, j: usize| {
            ((down + i) * self.frame_width + across + j) * self.source[3] + filter.first_channel
        };
        if filter.is_winograd(self.stride) {
            let weights = Winograd::new(level, filter.channels, filter.out_channels);
            return WindowProduct::Winograd { start: start(0, 0), weights };
        }
        let [height, width] = filter.kernel;
        let taps = (0..height).flat_map(|i| (0..width).map(move |j| (i, j)));
        let segments = joined(taps.map(|(i, j)| Segment { start: start(i, j), len: filter.channels }));
        let weights = PackedMatrix::zeros(level, height * width * filter.channels, filter.out_channels);
        WindowProduct::Direct { segments, weights }
    }

    /// The pixels of the source that windows of `rows` target rows from `first` on touch, those outside included.
    fn frame(&self, first: usize, rows: usize) -> Frame {
        let rows = rows.next_multiple_of(self.unit);
        Frame {
            top: (first * self.stride[0]) as isize - self.before[0] as isize,
            left: -(self.before[1] as isize),
            height: (rows - 1) * self.stride[0] + self.before[0] + self.reach[0],
            width: self.frame_width,
        }
    }

    /// Calls `body` with each strip of these rows of the target, in parallel. `source` has the rows that they are
    /// computed from, all of them if there are several images. It is taken to be zero where `relu_output`, of the same
    /// rows, is not positive.
    pub(super) fn for_each_strip(
        &self,
        level: Level,
        source: Rows<'_>,
        relu_output: Option<&[f32]>,
        (rows, target): (Range<usize>, &mut [f32]),
        body: impl Fn(Strip<'_>) + Sync,
    ) {
        let [batch, _, width, channels] = self.source;
        let image_len = source.values.len() / batch;
        let height = image_len / (width * channels);
        let [_, _, target_width, target_channels] = self.target;
        let run = |n: usize, strip: Range<usize>, target: &mut [f32]| {
            let image = &source.values[n * image_len..][..image_len];
            let relu_output = relu_output.map(|relu_output| &relu_output[n * image_len..][..image_len]);
            let mut frame = self.frame(strip.start, strip.len());
            frame.top -= source.first as isize;
            let rows = strip;
            let is_inside = frame.top >= 0 && frame.top as usize + frame.height <= height;
            if self.in_place && is_inside && relu_output.is_none() {
                let pixels = &image[frame.top as usize * width * channels..];
                return with_scratch(self.scratch, |scratch| {
                    body(Strip { windows: self, pixels, rows: rows.len(), target, scratch });
                });
            }
            with_scratch(frame.pixels() * channels + self.scratch, |scratch| {
                let (pixels, scratch) = scratch.split_at_mut(frame.pixels() * channels);
                let shape = [height, width, channels];
                level.run(CopyFrame { frame, shape, image, relu_output, target: &mut *pixels });
                body(Strip { windows: self, pixels, rows: rows.len(), target, scratch });
            });
        };
        // What stands above the first unit is a strip of its own. Several images are never cut in rows.
        let head = if batch == 1 { self.next_strip(rows.start).min(rows.end) } else { rows.start };
        let (above, target) = target.split_at_mut((head - rows.start) * target_width * target_channels);
        let shape = [batch, rows.end - head, target_width, target_channels];
        let rows_per_strip = parallel::rows_per_strip(shape, self.rows_per_strip).next_multiple_of(self.unit);
        let rest = |target: &mut [f32]| {
            parallel::for_each_strip(shape, rows_per_strip, target, |n, strip, target| {
                run(n, head + strip.start..head + strip.end, target);
            });
        };
        match (above.is_empty(), target.is_empty()) {
            (true, _) => rest(target),
            (false, true) => run(0, rows.start..head, above),
            (false, false) => drop(rayon::join(|| run(0, rows.start..head, above), || rest(target))),
        }
    }
}

/// Some rows of the target, and the pixels that their windows see.
pub(super) struct Strip<'a> {
    windows: &'a Windows,
    pixels: &'a [f32],
    rows: usize,
    target: &'a mut [f32],
    scratch: &'a mut [f32],
}

impl WindowProduct {
    /// Sets the weights: `weight(tap, c)` gives, for a place of the window and a channel of the source, those of all
    /// output channels.
    pub(super) fn set_weights<I: IntoIterator<Item = f32>>(
        &mut self,
        [height, width]: [usize; 2],
        channels: usize,
        weight: impl Fn([usize; 2], usize) -> I,
    ) {
        match self {
            WindowProduct::Direct { weights, .. } => {
                let taps = (0..height).flat_map(|i| (0..width).map(move |j| [i, j]));
                let rows = taps.flat_map(|tap| (0..channels).map(move |channel| (tap, channel)));
                for (k, (tap, channel)) in rows.enumerate() {
                    weights.set_row(k, weight(tap, channel));
                }
            }
            WindowProduct::Winograd { weights, .. } => weights.set_weights(weight),
        }
    }

    /// Computes the products of one strip, and writes them to the channels of the target from `first_channel` on.
    pub(super) fn run(&self, strip: &mut Strip<'_>, first_channel: usize, epilogue: Epilogue<'_>) {
        let Windows { source, target, stride, frame_width, .. } = *strip.windows;
        let [_, _, width, out_channels] = target;
        let row_stride = frame_width * source[3];
        let target = &mut strip.target[first_channel..];
        match self {
            WindowProduct::Direct { segments, weights } => Product {
                left: strip.pixels,
                left_grid: Grid {
                    width,
                    pixel_stride: stride[1] * source[3],
                    row_stride: stride[0] * row_stride,
                },
                segments,
                right: weights,
                epilogue,
                target,
                target_stride: out_channels,
                rows: strip.rows * width,
                cold: true,
            }
            .run(),
            WindowProduct::Winograd { start, weights } => weights.run(winograd::Region {
                source: &strip.pixels[*start..],
                pixel_stride: source[3],
                row_stride,
                rows: strip.rows,
                columns: width,
                epilogue,
                target,
                target_stride: out_channels,
                scratch: strip.scratch,
            }),
        }
    }
}
