//! The gradient with respect to the image at stride 1: a convolution of `d_out` with the flipped
//! windows of all filters at once.

use super::{largest, window_len};
use crate::Update;
use crate::aligned::{announce_scratch, with_scratch};
use crate::parallel;
use crate::patch::{CopyFrame, Frame};
use crate::product::{Grid, PackedMatrix, Product, Segment, joined};
use crate::shape::{ConvShape, PlacedFilter};
use crate::simd::Level;

/// The flipped weights of all filters, one after the other, as one right operand.
pub(super) struct Gather {
    weights: PackedMatrix,
    /// Where the values that meet in a pixel lie in `d_out`, framed.
    segments: Vec<Segment>,
    /// Rows above and columns to the left of a strip that its pixels reach.
    before: [usize; 2],
    /// Rows below, and columns of the frame.
    below: usize,
    frame_width: usize,
    rows_a_strip: usize,
}

/// Rows in a strip at least: the frame repeats the rows between strips, and copying them costs.
const FEWEST_ROWS: usize = 4;

impl Gather {
    pub(super) fn new(shape: &ConvShape, level: Level) -> Self {
        let [_, _, width, channels] = shape.input;
        let out_channels = shape.output[3];
        // Window row i of a filter meets image row y from output row y + before - i.
        let [below, right] = largest(shape.filters.iter().map(|f| f.before));
        let before =
            largest(shape.filters.iter().map(|f| [0, 1].map(|axis| f.kernel[axis] - 1 - f.before[axis])));
        let frame_width = before[1] + width + right;
        let segments = joined(shape.filters.iter().flat_map(|filter| {
            flipped_taps(filter).map(move |tap| {
                let [down, across] = [0, 1].map(|axis| before[axis] + filter.before[axis] - tap[axis]);
                Segment {
                    start: (down * frame_width + across) * out_channels + filter.first_channel,
                    len: filter.out_channels,
                }
            })
        }));
        let depth = shape.filters.iter().map(|f| window_len(f, f.out_channels)).sum();
        let weights = PackedMatrix::zeros(level, depth, channels);
        let limit = parallel::cached_rows(frame_width * out_channels).max(FEWEST_ROWS);
        let rows_a_strip = parallel::rows_a_strip(shape.input, limit);
        announce_scratch((before[0] + rows_a_strip + below) * frame_width * out_channels);
        Gather { weights, segments, before, below, frame_width, rows_a_strip }
    }

    /// Packs the weights (KH, KW, Cin, Cout) of filter `index`.
    pub(super) fn set_weights(&mut self, shape: &ConvShape, index: usize, weights: &[f32]) {
        let filter = &shape.filters[index];
        let (channels, out_channels) = (shape.input[3], filter.out_channels);
        let rows_before = shape.filters[..index].iter().map(|f| window_len(f, f.out_channels)).sum::<usize>();
        for (step, tap) in flipped_taps(filter).enumerate() {
            let tap = (tap[0] * filter.kernel[1] + tap[1]) * channels;
            for o in 0..out_channels {
                let row = (0..channels).map(|c| weights[(tap + c) * out_channels + o]);
                self.weights.set_row(rows_before + step * out_channels + o, row);
            }
        }
    }

    pub(super) fn run(
        &self,
        (shape, level): (&ConvShape, Level),
        d_out: &[f32],
        gate: Option<&[f32]>,
        update: Update,
        d_image: &mut [f32],
    ) {
        let [_, _, width, channels] = shape.input;
        let [_, out_height, out_width, out_channels] = shape.output;
        let [top, left] = self.before;
        parallel::for_each_strip(shape.input, self.rows_a_strip, d_image, |n, rows, strip| {
            let image_len = out_height * out_width * out_channels;
            let d_out = &d_out[n * image_len..][..image_len];
            let gate = gate.map(|gate| &gate[n * image_len..][..image_len]);
            let frame = Frame {
                top: rows.start as isize - top as isize,
                left: -(left as isize),
                height: top + rows.len() + self.below,
                width: self.frame_width,
            };
            let mut compute = |pixels: &[f32]| {
                Product {
                    left: pixels,
                    left_grid: Grid {
                        width,
                        pixel_stride: out_channels,
                        row_stride: self.frame_width * out_channels,
                    },
                    segments: &self.segments,
                    right: &self.weights,
                    bias: None,
                    relu: false,
                    update,
                    target: strip,
                    target_stride: channels,
                    rows: rows.len() * width,
                }
                .run();
            };
            if gate.is_none() && frame.width == out_width && frame.is_inside(out_height, out_width) {
                compute(&d_out[frame.top as usize * out_width * out_channels..]);
            } else {
                with_scratch(frame.pixels() * out_channels, |scratch| {
                    let shape = [out_height, out_width, out_channels];
                    level.run(CopyFrame { frame, shape, image: d_out, gate, target: scratch });
                    compute(scratch);
                });
            }
        });
    }
}

/// The places of a window from the last to the first.
fn flipped_taps(filter: &PlacedFilter) -> impl Iterator<Item = [usize; 2]> + use<> {
    let [height, width] = filter.kernel;
    (0..height).rev().flat_map(move |i| (0..width).rev().map(move |j| [i, j]))
}
