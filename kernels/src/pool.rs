//! Max pooling of f32 images and its gradient; see [`crate::reference::max_pool`].
//!
//! Both run along the channels, which lie side by side in memory, and are bound by its speed.

use crate::Update;
use crate::parallel;
use crate::shape::PoolShape;
use crate::simd::{Kernel, Level, Simd};

/// Channels whose running maxima stay in registers while a window is read.
const LANES: usize = 16;

/// Computes the maximum of each window and its place; see [`crate::reference::max_pool`].
///
/// # Panics
/// If a length is not the shape's.
pub fn max_pool(shape: &PoolShape, image: &[f32], out: &mut [f32], argmax: &mut [u8]) {
    let level = Level::current();
    let [batch, height, width, channels] = shape.input;
    let [_, out_height, out_width, _] = shape.output;
    assert_eq!(image.len(), batch * height * width * channels, "the image is (N, H, W, C)");
    assert_eq!(out.len(), batch * out_height * out_width * channels, "the output is (N, H, W, C)");
    assert_eq!(argmax.len(), out.len(), "one place for each maximum");
    let row_len = width * channels;
    parallel::for_each_row_pair(out_width * channels, out, argmax, |row, out, argmax| {
        let (n, y) = (row / out_height, row % out_height);
        let rows = shape.window(0, y);
        let image = &image[(n * height + rows.start) * row_len..][..rows.len() * row_len];
        level.run(PoolRow { shape, image, out, argmax });
    });
}

/// One row of the output, from the rows of the image that its windows cover.
struct PoolRow<'a> {
    shape: &'a PoolShape,
    image: &'a [f32],
    out: &'a mut [f32],
    argmax: &'a mut [u8],
}

impl Kernel for PoolRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const ROWS: usize, const VECTORS: usize>(self, _: S) {
        let [_, _, width, channels] = self.shape.input;
        let rows = self.image.len() / (width * channels);
        let outputs = self.out.chunks_exact_mut(channels).zip(self.argmax.chunks_exact_mut(channels));
        for (x, (out, argmax)) in outputs.enumerate() {
            let columns = self.shape.window(1, x);
            let groups = out.chunks_mut(LANES).zip(argmax.chunks_mut(LANES));
            for (group, (out, argmax)) in groups.enumerate() {
                let first = |row: usize, column: usize| (row * width + column) * channels + group * LANES;
                if let (Ok(out), Ok(argmax)) =
                    (<&mut [f32; LANES]>::try_from(&mut *out), <&mut [u8; LANES]>::try_from(&mut *argmax))
                {
                    let start = first(0, columns.start);
                    let mut best = [0.0f32; LANES];
                    best.copy_from_slice(&self.image[start..start + LANES]);
                    let mut place = [0u32; LANES];
                    for row in 0..rows {
                        for column in columns.clone() {
                            let start = first(row, column);
                            let values = &self.image[start..start + LANES];
                            let here = (row * self.shape.kernel[1] + column - columns.start) as u32;
                            for lane in 0..LANES {
                                let wins = values[lane] > best[lane];
                                best[lane] = if wins { values[lane] } else { best[lane] };
                                place[lane] = if wins { here } else { place[lane] };
                            }
                        }
                    }
                    *out = best;
                    *argmax = place.map(|place| place as u8);
                } else {
                    for (lane, (out, argmax)) in out.iter_mut().zip(argmax).enumerate() {
                        let (mut best, mut place) = (self.image[first(0, columns.start) + lane], 0);
                        for row in 0..rows {
                            for column in columns.clone() {
                                let value = self.image[first(row, column) + lane];
                                if value > best {
                                    best = value;
                                    place = row * self.shape.kernel[1] + column - columns.start;
                                }
                            }
                        }
                        (*out, *argmax) = (best, place as u8);
                    }
                }
            }
        }
    }
}

/// Sends each `d_out` to the pixel that won its window; see [`crate::reference::max_pool_gradient`].
///
/// # Panics
/// If a length is not the shape's.
pub fn max_pool_gradient(
    shape: &PoolShape,
    d_out: &[f32],
    argmax: &[u8],
    update: Update,
    d_image: &mut [f32],
) {
    let level = Level::current();
    let [batch, height, width, channels] = shape.input;
    let [_, out_height, out_width, _] = shape.output;
    assert_eq!(d_image.len(), batch * height * width * channels, "d_image is (N, H, W, C)");
    assert_eq!(d_out.len(), batch * out_height * out_width * channels, "d_out is (N, H, W, C)");
    assert_eq!(argmax.len(), d_out.len(), "one place for each maximum");
    let out_len = out_height * out_width * channels;
    let rows_a_strip = parallel::rows_a_strip(shape.input, usize::MAX);
    parallel::for_each_strip(shape.input, rows_a_strip, d_image, |n, rows, strip| {
        for (y, d_row) in rows.zip(strip.chunks_exact_mut(width * channels)) {
            level.run(PoolGradientRow {
                shape,
                y,
                d_out: &d_out[n * out_len..][..out_len],
                argmax: &argmax[n * out_len..][..out_len],
                update,
                d_row,
            });
        }
    });
}

/// One row of the image's gradient, gathered from the windows that cover it.
struct PoolGradientRow<'a> {
    shape: &'a PoolShape,
    y: usize,
    d_out: &'a [f32],
    argmax: &'a [u8],
    update: Update,
    d_row: &'a mut [f32],
}

impl Kernel for PoolGradientRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const ROWS: usize, const VECTORS: usize>(self, _: S) {
        let channels = self.shape.input[3];
        let [_, out_height, out_width, _] = self.shape.output;
        if self.update == Update::Replace {
            self.d_row.fill(0.0);
        }
        // Windows that cover this row start in the `kernel` rows that end with it.
        let [stride, _] = self.shape.stride;
        let first = (self.y + 1).saturating_sub(self.shape.kernel[0]).div_ceil(stride);
        let end = (self.y / stride + 1).min(out_height);
        for out_y in first..end {
            let row_in_window = self.y - out_y * stride;
            let start = out_y * out_width * channels;
            let pixels = self.d_out[start..][..out_width * channels].chunks_exact(channels);
            let places = self.argmax[start..][..out_width * channels].chunks_exact(channels);
            for (x, (d_out, argmax)) in pixels.zip(places).enumerate() {
                let columns = self.shape.window(1, x);
                for column in columns.clone() {
                    let here = (row_in_window * self.shape.kernel[1] + column - columns.start) as u8;
                    let target = &mut self.d_row[column * channels..][..channels];
                    for ((target, &d_out), &place) in target.iter_mut().zip(d_out).zip(argmax) {
                        *target += if place == here { d_out } else { 0.0 };
                    }
                }
            }
        }
    }
}
