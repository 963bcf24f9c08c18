//! Max pooling of f32 images and its gradient; see [`crate::reference::max_pool`].
//!
//! Both loop over the channels, which are adjacent in memory, and are limited by memory bandwidth.

#[cfg(test)]
mod agreement;
pub(crate) mod reference;

use crate::kernels::Kernels;
use crate::memory::parallel;
use crate::options::Accumulate;
use crate::rows::Rows;
use crate::shape::PoolShape;
use crate::simd::{Kernel, Simd};
use std::ops::Range;

/// Computes the maximum of each window and its place; see [`crate::reference::max_pool`].
///
/// ```
/// use impasto_kernels::{PoolRounding, PoolShape, Accumulate, max_pool, max_pool_gradient};
///
/// let shape = PoolShape::new([1, 2, 2, 1], [2, 2], [2, 2], PoolRounding::Floor)?;
/// let (mut out, mut argmax) = ([0.0], [0]);
/// max_pool(&shape, &[1.0, 4.0, 3.0, 2.0], &mut out, &mut argmax);
/// assert_eq!((out, argmax), ([4.0], [1])); // the second place of the window
///
/// let mut d_image = [0.0; 4];
/// max_pool_gradient(&shape, &[5.0], &argmax, Accumulate::Replace, &mut d_image);
/// assert_eq!(d_image, [0.0, 5.0, 0.0, 0.0]);
/// # Ok::<(), impasto_kernels::ShapeError>(())
/// ```
///
/// # Panics
/// If a length is not the shape's.
pub fn max_pool(shape: &PoolShape, image: &[f32], out: &mut [f32], argmax: &mut [u8]) {
    Kernels::current().max_pool(shape, image, out, argmax);
}

impl Kernels {
    /// As [`max_pool`](fn@max_pool), with this instruction set.
    ///
    /// # Panics
    /// If a length is not the shape's.
    pub fn max_pool(self, shape: &PoolShape, image: &[f32], out: &mut [f32], argmax: &mut [u8]) {
        shape.assert_input(image);
        shape.assert_output(out, argmax);
        let [_, out_height, _, _] = shape.output();
        self.pool(shape, Rows { first: 0, values: image }, 0..out_height, out, argmax);
    }
}

impl Kernels {
    /// As [`max_pool`](fn@max_pool), for some `rows` of the output of a single image, from those rows of the image that
    /// are in memory; [`PoolShape::input_rows`] says which are needed.
    ///
    /// # Panics
    /// If there are several images, a row that is needed is not there, or a length is not that of the rows.
    pub fn max_pool_rows(
        self,
        shape: &PoolShape,
        image: Rows<'_>,
        rows: Range<usize>,
        out: &mut [f32],
        argmax: &mut [u8],
    ) {
        let [batch, _, _, channels] = shape.input();
        let [_, out_height, out_width, _] = shape.output();
        assert!(batch == 1 && rows.end <= out_height, "rows are of the output of one image");
        assert_eq!(out.len(), rows.len() * out_width * channels, "the output is those rows");
        assert_eq!(argmax.len(), out.len(), "one place for each maximum");
        self.pool(shape, image, rows, out, argmax);
    }

    /// These rows of each output; of several images all rows are there.
    fn pool(
        self,
        shape: &PoolShape,
        image: Rows<'_>,
        rows: Range<usize>,
        out: &mut [f32],
        argmax: &mut [u8],
    ) {
        let level = self.level();
        let [batch, _, width, channels] = shape.input();
        let [_, _, out_width, _] = shape.output();
        let image_len = image.values.len() / batch;
        parallel::for_each_row_pair(out_width * channels, out, argmax, |row, out, argmax| {
            let (n, y) = (row / rows.len(), rows.start + row % rows.len());
            let image = Rows { first: image.first, values: &image.values[n * image_len..][..image_len] };
            let image = image.select(shape.window(0, y), width * channels).values;
            level.run(PoolRow { shape, image, out, argmax });
        });
    }
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
    fn run<S: Simd, const MR: usize, const NV: usize>(self, simd: S) {
        let PoolRow { shape, image, out, argmax } = self;
        let [_, _, width, channels] = shape.input();
        let (stride, kernel_width) = (shape.stride()[1], shape.kernel()[1]);
        let outputs = out.chunks_exact_mut(channels).zip(argmax.chunks_exact_mut(channels));
        for (x, (out, argmax)) in outputs.enumerate() {
            let start = x * stride;
            let window = Window {
                image: &image[start * channels..],
                rows: image.len() / (width * channels),
                columns: kernel_width.min(width - start),
                row_stride: width * channels,
                channels,
                kernel_width,
            };
            window.maxima(simd, out, argmax);
        }
    }
}

/// The pixels that one output is chosen from.
struct Window<'a> {
    /// From the window's first pixel on.
    image: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    channels: usize,
    /// Columns of a window that is not cut at the border, by which places are counted.
    kernel_width: usize,
}

impl Window<'_> {
    /// The maximum of each channel, and the first place in the window that has it.
    #[inline(always)]
    fn maxima<S: Simd>(&self, simd: S, out: &mut [f32], argmax: &mut [u8]) {
        let channels = self.channels;
        // All that the unsafe code below relies on.
        let last_row = (self.rows - 1).checked_mul(self.row_stride);
        let last = last_row.and_then(|row| row.checked_add((self.columns - 1).checked_mul(channels)?));
        let end = last.and_then(|last| last.checked_add(channels));
        assert!(
            end.is_some_and(|end| end <= self.image.len()),
            "all pixels of the window lie inside the image"
        );
        assert!(out.len() == channels && argmax.len() == channels);
        let mut channel = 0;
        while channel + S::LANES <= channels {
            // SAFETY: a vector of each of the window's pixels lies inside the image, and one inside both results.
            unsafe {
                let mut best = simd.load(self.image.as_ptr().add(channel));
                let mut place = simd.splat(0.0);
                for row in 0..self.rows {
                    for column in 0..self.columns {
                        let start = row * self.row_stride + column * channels + channel;
                        let value = simd.load(self.image.as_ptr().add(start));
                        let here = simd.splat((row * self.kernel_width + column) as f32);
                        place = simd.select_greater(value, best, here, place);
                        best = simd.select_greater(value, best, value, best);
                    }
                }
                simd.store(out.as_mut_ptr().add(channel), best);
                simd.store_bytes(argmax.as_mut_ptr().add(channel), place);
            }
            channel += S::LANES;
        }
        while channel < channels {
            (out[channel], argmax[channel]) = self.maximum(channel);
            channel += 1;
        }
    }

    /// The same for one channel.
    fn maximum(&self, channel: usize) -> (f32, u8) {
        let (mut best, mut place) = (self.image[channel], 0);
        for row in 0..self.rows {
            for column in 0..self.columns {
                let value = self.image[row * self.row_stride + column * self.channels + channel];
                if value > best {
                    (best, place) = (value, row * self.kernel_width + column);
                }
            }
        }
        (best, place as u8)
    }
}

/// Adds each `d_out` to the pixel that was the maximum of its window; see [`crate::reference::max_pool_gradient`].
///
/// # Panics
/// If a length is not the shape's.
pub fn max_pool_gradient(
    shape: &PoolShape,
    d_out: &[f32],
    argmax: &[u8],
    accumulate: Accumulate,
    d_image: &mut [f32],
) {
    Kernels::current().max_pool_gradient(shape, d_out, argmax, accumulate, d_image);
}

impl Kernels {
    /// As [`max_pool_gradient`](fn@max_pool_gradient), with this instruction set.
    ///
    /// # Panics
    /// If a length is not the shape's.
    pub fn max_pool_gradient(
        self,
        shape: &PoolShape,
        d_out: &[f32],
        argmax: &[u8],
        accumulate: Accumulate,
        d_image: &mut [f32],
    ) {
        shape.assert_input(d_image);
        shape.assert_output(d_out, argmax);
        let [_, height, _, _] = shape.input();
        self.pool_gradient(shape, Rows { first: 0, values: d_out }, argmax, accumulate, (0..height, d_image));
    }

    /// As [`max_pool_gradient`](fn@max_pool_gradient), for some `rows` of a single image, from those rows of `d_out` and
    /// `argmax` that are in memory; [`PoolShape::output_rows`] says which are needed.
    ///
    /// # Panics
    /// If there are several images, a row that is needed is not there, or a length is not that of the rows.
    pub fn max_pool_gradient_rows(
        self,
        shape: &PoolShape,
        d_out: Rows<'_>,
        argmax: Rows<'_, u8>,
        accumulate: Accumulate,
        (rows, d_image): (Range<usize>, &mut [f32]),
    ) {
        let [batch, height, width, channels] = shape.input();
        let [_, _, out_width, _] = shape.output();
        assert!(batch == 1 && rows.end <= height, "rows are of one image");
        assert_eq!(d_image.len(), rows.len() * width * channels, "the gradient is those rows");
        let needed = shape.output_rows(rows.clone());
        let d_out = d_out.select(needed.clone(), out_width * channels);
        let argmax = argmax.select(needed, out_width * channels);
        self.pool_gradient(shape, d_out, argmax.values, accumulate, (rows, d_image));
    }

    /// These rows of each image's gradient; of several images all rows are there. `argmax` has the rows of `d_out`.
    fn pool_gradient(
        self,
        shape: &PoolShape,
        d_out: Rows<'_>,
        argmax: &[u8],
        accumulate: Accumulate,
        (rows, d_image): (Range<usize>, &mut [f32]),
    ) {
        let level = self.level();
        let [batch, _, width, channels] = shape.input();
        let out_len = argmax.len() / batch;
        let target = [batch, rows.len(), width, channels];
        let rows_per_strip = parallel::rows_per_strip(target, usize::MAX);
        parallel::for_each_strip(target, rows_per_strip, d_image, |n, strip, d_rows| {
            for (y, d_row) in strip.zip(d_rows.chunks_exact_mut(width * channels)) {
                level.run(PoolGradientRow {
                    shape,
                    y: rows.start + y,
                    first_out: d_out.first,
                    d_out: &d_out.values[n * out_len..][..out_len],
                    argmax: &argmax[n * out_len..][..out_len],
                    accumulate,
                    d_row,
                });
            }
        });
    }
}

/// One row of the image's gradient: a sum over the windows that cover it.
struct PoolGradientRow<'a> {
    shape: &'a PoolShape,
    y: usize,
    /// The row of the output that `d_out` and `argmax` begin with.
    first_out: usize,
    d_out: &'a [f32],
    argmax: &'a [u8],
    accumulate: Accumulate,
    d_row: &'a mut [f32],
}

impl Kernel for PoolGradientRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(self, simd: S) {
        let PoolGradientRow { shape, y, first_out, d_out, argmax, accumulate, d_row } = self;
        let channels = shape.input()[3];
        let [_, out_height, out_width, _] = shape.output();
        // Windows that cover a row or column start in the `kernel` ones that end with it.
        let [stride_y, stride_x] = shape.step();
        let rows =
            (y + 1).saturating_sub(shape.kernel()[0]).div_ceil(stride_y)..(y / stride_y + 1).min(out_height);
        let mut columns = 0..0;
        for (x, pixel) in d_row.chunks_exact_mut(channels).enumerate() {
            while columns.start * stride_x + shape.kernel()[1] <= x {
                columns.start += 1;
            }
            while columns.end < out_width && columns.end * stride_x <= x {
                columns.end += 1;
            }
            let mut accumulate = accumulate;
            for row in rows.start..rows.end {
                for column in columns.start..columns.end {
                    let start = ((row - first_out) * out_width + column) * channels;
                    let place = (y - row * stride_y) * shape.kernel()[1] + (x - column * stride_x);
                    let (d_out, argmax) = (&d_out[start..][..channels], &argmax[start..][..channels]);
                    add_at_maximum(simd, place, d_out, argmax, accumulate, pixel);
                    accumulate = Accumulate::Add;
                }
            }
            if accumulate == Accumulate::Replace {
                pixel.fill(0.0);
            }
        }
    }
}

/// `pixel (+)= d_out` for the channels whose maximum was at `place` in the window.
#[inline(always)]
fn add_at_maximum<S: Simd>(
    simd: S,
    place: usize,
    d_out: &[f32],
    argmax: &[u8],
    accumulate: Accumulate,
    pixel: &mut [f32],
) {
    let channels = pixel.len();
    assert!(d_out.len() == channels && argmax.len() == channels);
    let here = simd.splat(place as f32);
    let mut channel = 0;
    while channel + S::LANES <= channels {
        // SAFETY: all three have `channels` values, and this vector of each ends before that.
        unsafe {
            let target = pixel.as_mut_ptr().add(channel);
            let argmax = simd.load_bytes(argmax.as_ptr().add(channel));
            let passed = simd.zero_unless_equal(argmax, here, simd.load(d_out.as_ptr().add(channel)));
            let sum =
                if accumulate == Accumulate::Add { simd.add(simd.load(target), passed) } else { passed };
            simd.store(target, sum);
        }
        channel += S::LANES;
    }
    while channel < channels {
        let passed = if usize::from(argmax[channel]) == place { d_out[channel] } else { 0.0 };
        pixel[channel] = if accumulate == Accumulate::Add { pixel[channel] + passed } else { passed };
        channel += 1;
    }
}
