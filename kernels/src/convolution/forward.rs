//! The forward pass: the windows of a strip of rows as left operand, read where they lie or, where
//! they reach beyond the image, in a framed copy.

use super::{largest, window_len};
use crate::aligned::{announce_scratch, with_scratch};
use crate::parallel;
use crate::patch::{CopyFrame, Frame};
use crate::product::{Grid, PackedMatrix, Product, Segment, joined};
use crate::shape::ConvShape;
use crate::simd::Level;
use crate::{Epilogue, Update};

/// The weights of every filter as right operands.
pub(super) struct Forward {
    filters: Vec<PackedFilter>,
    /// Whether windows reach beyond the image, so that strips are copied into frames.
    framed: bool,
    /// Rows above and columns to the left of the first window's place that the windows reach.
    before: [usize; 2],
    /// Rows and columns from the first window's place on that it covers.
    reach: [usize; 2],
    rows_a_strip: usize,
}

struct PackedFilter {
    /// Where a window's values lie.
    segments: Vec<Segment>,
    /// A row for each of them.
    weights: PackedMatrix,
    bias: Vec<f32>,
}

impl Forward {
    pub(super) fn new(shape: &ConvShape, level: Level) -> Self {
        let [_, height, width, channels] = shape.input;
        let [_, out_height, out_width, _] = shape.output;
        let before = largest(shape.filters.iter().map(|f| f.before));
        let reach = largest(shape.filters.iter().map(|f| [0, 1].map(|axis| f.kernel[axis] - f.before[axis])));
        let frame_height = (out_height - 1) * shape.stride[0] + before[0] + reach[0];
        let frame_width = (out_width - 1) * shape.stride[1] + before[1] + reach[1];
        let framed = before != [0, 0] || frame_height > height || frame_width > width;
        let row_stride = channels * if framed { frame_width } else { width };
        let filters = shape.filters.iter().map(|filter| {
            let [down, across] = [0, 1].map(|axis| before[axis] - filter.before[axis]);
            PackedFilter {
                segments: joined((0..filter.kernel[0]).map(|i| Segment {
                    start: (down + i) * row_stride + across * channels,
                    len: filter.kernel[1] * channels,
                })),
                weights: PackedMatrix::zeros(level, window_len(filter, channels), filter.out_channels),
                bias: vec![0.0; filter.out_channels],
            }
        });
        let limit = parallel::cached_rows(out_width * shape.output[3]);
        let rows_a_strip = parallel::rows_a_strip(shape.output, limit);
        if framed {
            let rows = (rows_a_strip - 1) * shape.stride[0] + before[0] + reach[0];
            announce_scratch(rows * frame_width * channels);
        }
        Forward { filters: filters.collect(), framed, before, reach, rows_a_strip }
    }

    /// Packs the weights (KH, KW, Cin, Cout) and the bias (Cout) of filter `index`.
    pub(super) fn set_weights(&mut self, index: usize, weights: &[f32], bias: &[f32]) {
        let filter = &mut self.filters[index];
        filter.bias.copy_from_slice(bias);
        for (k, row) in weights.chunks_exact(bias.len()).enumerate() {
            filter.weights.set_row(k, row.iter().copied());
        }
    }

    pub(super) fn run(
        &self,
        (shape, level): (&ConvShape, Level),
        epilogue: Epilogue,
        image: &[f32],
        out: &mut [f32],
    ) {
        let [_, height, width, channels] = shape.input;
        let [_, _, out_width, out_channels] = shape.output;
        let [stride_y, stride_x] = shape.stride;
        let ([top, left], [reach_y, reach_x]) = (self.before, self.reach);
        parallel::for_each_strip(shape.output, self.rows_a_strip, out, |n, rows, strip| {
            let image = &image[n * height * width * channels..][..height * width * channels];
            let mut compute = |pixels: &[f32], row_stride: usize| {
                for (filter, packed) in shape.filters.iter().zip(&self.filters) {
                    Product {
                        left: pixels,
                        left_grid: Grid {
                            width: out_width,
                            pixel_stride: stride_x * channels,
                            row_stride: stride_y * row_stride,
                        },
                        segments: &packed.segments,
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
            if !self.framed {
                return compute(&image[rows.start * stride_y * width * channels..], width * channels);
            }
            // The pixels that the windows of these rows touch, those outside the image included.
            let frame = Frame {
                top: (rows.start * stride_y) as isize - top as isize,
                left: -(left as isize),
                height: (rows.len() - 1) * stride_y + top + reach_y,
                width: (out_width - 1) * stride_x + left + reach_x,
            };
            with_scratch(frame.pixels() * channels, |scratch| {
                let shape = [height, width, channels];
                level.run(CopyFrame { frame, shape, image, gate: None, target: scratch });
                compute(scratch, frame.width * channels);
            });
        });
    }
}
