//! Kernels that touch each value once: ReLU, sums of squares, total variation, Adam, clamp. They are limited
//! by memory bandwidth, so each is one pass. See [`crate::reference`] for the formulas.
//!
//! Sums are taken in f32 over a few thousand values at a time and joined in f64.

#[cfg(test)]
mod agreement;
pub(crate) mod reference;

use crate::kernels::Kernels;
use crate::memory::parallel;
use crate::memory::tuning::MAX_F32_SUM;
use crate::options::Accumulate;
use crate::shape::checked_len;
use crate::simd::{Kernel, Simd, vectorized};

/// Vectors of independent sums that one pass keeps, so that the additions need not wait for each other.
const SUMS: usize = 4;

/// `sum of (a - b)^2` over two slices of one length.
#[inline(always)]
fn squares<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f64 {
    let step = SUMS * S::LANES;
    let mut total = 0.0;
    for (a, b) in a.chunks(MAX_F32_SUM).zip(b.chunks(MAX_F32_SUM)) {
        let whole = a.len().min(b.len()) / step * step;
        let mut sums = [simd.splat(0.0); SUMS];
        let mut first = 0;
        while first < whole {
            for v in 0..SUMS {
                let index = first + v * S::LANES;
                // SAFETY: `whole` values exist in both, and this vector ends before that.
                let difference = unsafe {
                    simd.subtract(simd.load(a.as_ptr().add(index)), simd.load(b.as_ptr().add(index)))
                };
                sums[v] = simd.multiply_add(difference, difference, sums[v]);
            }
            first += step;
        }
        for sum in sums {
            total += lanes_sum(simd, sum);
        }
        for (a, b) in a[whole..].iter().zip(&b[whole..]) {
            total += f64::from((a - b) * (a - b));
        }
    }
    total
}

/// The sum of a vector's lanes.
#[inline(always)]
fn lanes_sum<S: Simd>(simd: S, vector: S::Vector) -> f64 {
    let mut lanes = [0.0f32; 16];
    const { assert!(S::LANES <= 16) };
    // SAFETY: a vector has at most that many lanes, as asserted.
    unsafe { simd.store(lanes.as_mut_ptr(), vector) };
    lanes.iter().map(|&lane| f64::from(lane)).sum()
}

/// [`squares`] as a kernel.
struct Squares<'a> {
    a: &'a [f32],
    b: &'a [f32],
}

impl Kernel for Squares<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(self, simd: S) -> f64 {
        squares(simd, self.a, self.b)
    }
}

/// `out = max(input, 0)`.
///
/// ```
/// use impasto_kernels::elementwise::{relu, relu_gradient};
/// use impasto_kernels::Accumulate;
///
/// let mut out = [0.0; 3];
/// relu(&[-1.0, 0.0, 2.0], &mut out);
/// assert_eq!(out, [0.0, 0.0, 2.0]);
///
/// let mut d_input = [1.0; 3];
/// relu_gradient(&out, &[5.0; 3], Accumulate::Add, &mut d_input);
/// assert_eq!(d_input, [1.0, 1.0, 6.0]);
/// ```
///
/// # Panics
/// If the lengths differ.
pub fn relu(input: &[f32], out: &mut [f32]) {
    Kernels::current().relu(input, out);
}

impl Kernels {
    /// As [`relu`](fn@relu), with this instruction set.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn relu(self, input: &[f32], out: &mut [f32]) {
        assert_eq!(input.len(), out.len());
        let level = self.level();
        parallel::for_each_chunk(1, out, |start, out| {
            let input = &input[start..][..out.len()];
            vectorized!(level, |input: &'a [f32], out: &'a mut [f32]| -> () {
                for (out, &value) in out.iter_mut().zip(input) {
                    *out = if value > 0.0 { value } else { 0.0 };
                }
            });
        });
    }
}

/// The gradient of [`relu`], from its output.
///
/// `d_input (+)= d_out` where `out > 0`, else 0.
///
/// # Panics
/// If the lengths differ.
pub fn relu_gradient(out: &[f32], d_out: &[f32], accumulate: Accumulate, d_input: &mut [f32]) {
    Kernels::current().relu_gradient(out, d_out, accumulate, d_input);
}

impl Kernels {
    /// As [`relu_gradient`](fn@relu_gradient), with this instruction set.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn relu_gradient(self, out: &[f32], d_out: &[f32], accumulate: Accumulate, d_input: &mut [f32]) {
        assert_eq!(out.len(), d_out.len());
        assert_eq!(out.len(), d_input.len());
        let level = self.level();
        parallel::for_each_chunk(1, d_input, |start, d_input| {
            let out = &out[start..][..d_input.len()];
            let d_out = &d_out[start..][..d_input.len()];
            vectorized!(level, |out: &'a [f32],
                                d_out: &'a [f32],
                                accumulate: Accumulate,
                                d_input: &'a mut [f32]|
             -> () {
                for ((d_input, &out), &d_out) in d_input.iter_mut().zip(out).zip(d_out) {
                    let old = if accumulate == Accumulate::Add { *d_input } else { 0.0 };
                    *d_input = old + if out > 0.0 { d_out } else { 0.0 };
                }
            });
        });
    }
}

/// `sum of (a - b)^2`.
///
/// The same bits for any number of threads:
///
/// ```
/// use impasto_kernels::elementwise::squared_difference;
///
/// assert_eq!(squared_difference(&[1.0, 5.0], &[2.0, 2.0]), 10.0);
///
/// let a: Vec<f32> = (0..100_000u32).map(|index| (index as f32).sin()).collect();
/// let b = vec![0.5; a.len()];
/// let with = |threads| {
///     let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
///     Ok::<_, rayon::ThreadPoolBuildError>(pool.install(|| squared_difference(&a, &b)))
/// };
/// assert_eq!(with(1)?.to_bits(), with(4)?.to_bits());
/// # Ok::<(), rayon::ThreadPoolBuildError>(())
/// ```
///
/// # Panics
/// If the lengths differ.
pub fn squared_difference(a: &[f32], b: &[f32]) -> f64 {
    Kernels::current().squared_difference(a, b)
}

impl Kernels {
    /// As [`squared_difference`](fn@squared_difference), with this instruction set.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn squared_difference(self, a: &[f32], b: &[f32]) -> f64 {
        assert_eq!(a.len(), b.len());
        let level = self.level();
        parallel::sum(a.len(), |range| level.run(Squares { a: &a[range.clone()], b: &b[range] }))
    }
}

/// The gradient of `scale *` [`squared_difference`] with respect to `a`: `2 * scale * (a - b)`.
///
/// # Panics
/// If the lengths differ.
pub fn squared_difference_gradient(
    a: &[f32],
    b: &[f32],
    scale: f32,
    accumulate: Accumulate,
    d_a: &mut [f32],
) {
    Kernels::current().squared_difference_gradient(a, b, scale, accumulate, d_a);
}

impl Kernels {
    /// As [`squared_difference_gradient`](fn@squared_difference_gradient), with this instruction set.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn squared_difference_gradient(
        self,
        a: &[f32],
        b: &[f32],
        scale: f32,
        accumulate: Accumulate,
        d_a: &mut [f32],
    ) {
        assert_eq!(a.len(), b.len());
        assert_eq!(a.len(), d_a.len());
        let level = self.level();
        parallel::for_each_chunk(1, d_a, |start, d_a| {
            let (a, b) = (&a[start..][..d_a.len()], &b[start..][..d_a.len()]);
            vectorized!(level, |a: &'a [f32],
                                b: &'a [f32],
                                scale: f32,
                                accumulate: Accumulate,
                                d_a: &'a mut [f32]|
             -> () {
                for ((d_a, &a), &b) in d_a.iter_mut().zip(a).zip(b) {
                    let old = if accumulate == Accumulate::Add { *d_a } else { 0.0 };
                    *d_a = old + 2.0 * scale * (a - b);
                }
            });
        });
    }
}

/// The sum of squared differences between vertical and between horizontal neighbors of an image
/// (N, H, W, C), zero of an empty one.
///
/// ```
/// use impasto_kernels::elementwise::total_variation;
///
/// let image = [0.0, 1.0, 0.0, 3.0]; // 2x2, one channel
/// assert_eq!(total_variation([1, 2, 2, 1], &image), 14.0); // vertical 0 + 4, horizontal 1 + 9
/// ```
///
/// # Panics
/// If the length is not the shape's.
pub fn total_variation(shape: [usize; 4], image: &[f32]) -> f64 {
    Kernels::current().total_variation(shape, image)
}

impl Kernels {
    /// As [`total_variation`](fn@total_variation), with this instruction set.
    ///
    /// # Panics
    /// If the length is not the shape's.
    pub fn total_variation(self, [batch, height, width, channels]: [usize; 4], image: &[f32]) -> f64 {
        check_image([batch, height, width, channels], image);
        if image.is_empty() {
            return 0.0;
        }
        let level = self.level();
        let row_len = width * channels;
        parallel::sum_of_parts(batch * height, |index| {
            let row = &image[index * row_len..][..row_len];
            let below =
                if (index + 1) % height == 0 { row } else { &image[(index + 1) * row_len..][..row_len] };
            let vertical = level.run(Squares { a: below, b: row });
            vertical + level.run(Squares { a: &row[channels..], b: &row[..row.len() - channels] })
        })
    }
}

/// The gradient of `scale *` [`total_variation`] with respect to the image.
///
/// `d_image (+)= 2 * scale * sum over the pixel's neighbors of (pixel - neighbor)`.
///
/// # Panics
/// If a length is not the shape's.
pub fn total_variation_gradient(
    shape: [usize; 4],
    image: &[f32],
    scale: f32,
    accumulate: Accumulate,
    d_image: &mut [f32],
) {
    Kernels::current().total_variation_gradient(shape, image, scale, accumulate, d_image);
}

impl Kernels {
    /// As [`total_variation_gradient`](fn@total_variation_gradient), with this instruction set.
    ///
    /// # Panics
    /// If a length is not the shape's.
    pub fn total_variation_gradient(
        self,
        shape: [usize; 4],
        image: &[f32],
        scale: f32,
        accumulate: Accumulate,
        d_image: &mut [f32],
    ) {
        let [_, height, width, channels] = shape;
        check_image(shape, image);
        assert_eq!(d_image.len(), image.len(), "the gradient has the image's shape");
        if image.is_empty() {
            return;
        }
        let level = self.level();
        let row_len = width * channels;
        let rows_per_strip = parallel::rows_per_strip(shape, usize::MAX);
        parallel::for_each_strip(shape, rows_per_strip, d_image, |n, rows, strip| {
            for (y, d_row) in rows.zip(strip.chunks_exact_mut(row_len)) {
                let row_at = |y: usize| &image[(n * height + y) * row_len..][..row_len];
                let row = row_at(y);
                // At the border the missing neighbor is the pixel itself: a difference of zero.
                let above = row_at(y.saturating_sub(1));
                let below = row_at((y + 1).min(height - 1));
                vectorized!(level, |row: &'a [f32],
                                    above: &'a [f32],
                                    below: &'a [f32],
                                    scale: f32,
                                    channels: usize,
                                    accumulate: Accumulate,
                                    d_row: &'a mut [f32]|
                 -> () {
                    let len = row.len();
                    let (above, below, d_row) = (&above[..len], &below[..len], &mut d_row[..len]);
                    for index in 0..len {
                        let old = if accumulate == Accumulate::Add { d_row[index] } else { 0.0 };
                        let vertical = 2.0 * row[index] - above[index] - below[index];
                        d_row[index] = old + 2.0 * scale * vertical;
                    }
                    let edge = len - channels;
                    for index in 0..edge {
                        d_row[index] += 2.0 * scale * (row[index] - row[index + channels]);
                    }
                    for index in channels..len {
                        d_row[index] += 2.0 * scale * (row[index] - row[index - channels]);
                    }
                });
            }
        });
    }
}

/// Panics unless the image has the shape (N, H, W, C).
pub(crate) fn check_image<T>(shape: [usize; 4], image: &[T]) {
    assert_eq!(Some(image.len()), checked_len(&shape), "the image is (N, H, W, C)");
}

/// One step of Adam; see [`crate::reference::adam`].
///
/// # Panics
/// If the lengths differ.
pub fn adam(
    step: f32,
    betas: [f32; 2],
    epsilon: f32,
    gradient: &[f32],
    first_moment: &mut [f32],
    second_moment: &mut [f32],
    values: &mut [f32],
) {
    Kernels::current().adam(step, betas, epsilon, gradient, first_moment, second_moment, values);
}

impl Kernels {
    /// As [`adam`](fn@adam), with this instruction set.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn adam(
        self,
        step: f32,
        betas: [f32; 2],
        epsilon: f32,
        gradient: &[f32],
        first_moment: &mut [f32],
        second_moment: &mut [f32],
        values: &mut [f32],
    ) {
        assert_eq!(gradient.len(), first_moment.len());
        assert_eq!(gradient.len(), second_moment.len());
        assert_eq!(gradient.len(), values.len());
        let level = self.level();
        parallel::for_each_chunk_of_three(first_moment, second_moment, values, |start, m, v, x| {
            let g = &gradient[start..][..x.len()];
            vectorized!(level, |step: f32,
                                betas: [f32; 2],
                                epsilon: f32,
                                g: &'a [f32],
                                m: &'a mut [f32],
                                v: &'a mut [f32],
                                x: &'a mut [f32]|
             -> () {
                for (((x, &g), m), v) in x.iter_mut().zip(g).zip(m).zip(v) {
                    *m = betas[0] * *m + (1.0 - betas[0]) * g;
                    *v = betas[1] * *v + (1.0 - betas[1]) * g * g;
                    *x -= step * *m / (v.sqrt() + epsilon);
                }
            });
        });
    }
}

/// Keeps each channel of an image (N, H, W, 3) within its range `[low, high]`; NaN stays NaN. See
/// [`crate::reference::clamp`].
///
/// ```
/// use impasto_kernels::elementwise::clamp;
///
/// let mut pixel = [-2.0, 0.5, 7.0];
/// clamp(&mut pixel, [[-1.0, 1.0], [-1.0, 1.0], [0.0, 2.0]]);
/// assert_eq!(pixel, [-1.0, 0.5, 2.0]);
/// ```
///
/// # Panics
/// If the length is not a multiple of three.
pub fn clamp(values: &mut [f32], ranges: [[f32; 2]; 3]) {
    Kernels::current().clamp(values, ranges);
}

impl Kernels {
    /// As [`clamp`](fn@clamp), with this instruction set.
    ///
    /// # Panics
    /// If the length is not a multiple of three.
    pub fn clamp(self, values: &mut [f32], ranges: [[f32; 2]; 3]) {
        /// Values after which whole vectors and whole pixels begin anew.
        const PERIOD: usize = 48;
        assert_eq!(values.len() % 3, 0, "pixels have three channels");
        let level = self.level();
        let mut bounds = [[0.0f32; PERIOD]; 2];
        for index in 0..PERIOD {
            [bounds[0][index], bounds[1][index]] = ranges[index % 3];
        }
        parallel::for_each_chunk(PERIOD, values, |_, values| {
            vectorized!(level, |values: &'a mut [f32], bounds: [[f32; PERIOD]; 2]| -> () {
                let [low, high] = bounds;
                for values in values.chunks_mut(PERIOD) {
                    for ((value, &low), &high) in values.iter_mut().zip(&low).zip(&high) {
                        *value = if *value < low { low } else { *value };
                        *value = if *value > high { high } else { *value };
                    }
                }
            });
        });
    }
}
