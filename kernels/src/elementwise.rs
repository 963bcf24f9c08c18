//! Kernels that touch each value once: ReLU, sums of squares, total variation, Adam. They are bound
//! by memory, so each is one pass. See [`crate::reference`] for the formulas.
//!
//! Sums are taken in f32 over a few thousand values at a time and joined in f64.

use crate::Update;
use crate::parallel;
use crate::simd::{Kernel, Level, Simd};

/// Compiles a loop for every instruction set: the body is plain Rust that the compiler vectorises.
macro_rules! vectorised {
    ($level:expr, |$($name:ident : $type:ty),*| -> $output:ty $body:block) => {{
        struct Loop<'a> {
            $($name: $type,)*
            lifetime: std::marker::PhantomData<&'a ()>,
        }
        impl<'a> Kernel for Loop<'a> {
            type Output = $output;
            #[inline(always)]
            fn run<S: Simd, const ROWS: usize, const VECTORS: usize>(self, _: S) -> $output {
                let Loop { $($name,)* .. } = self;
                $body
            }
        }
        $level.run(Loop { $($name,)* lifetime: std::marker::PhantomData })
    }};
}

/// Independent sums that one pass keeps, so that the additions need not wait for each other.
const SUMS: usize = 32;

/// The sum of `term(0)` to `term(len - 1)`.
#[inline(always)]
fn sum_of(len: usize, term: impl Fn(usize) -> f32) -> f64 {
    let mut total = 0.0f64;
    // 128 additions to each of the sums lose no more than f32 loses anyway.
    for first in (0..len).step_by(128 * SUMS) {
        let block = (len - first).min(128 * SUMS);
        let mut sums = [0.0f32; SUMS];
        let whole = block / SUMS * SUMS;
        for start in (0..whole).step_by(SUMS) {
            for (lane, sum) in sums.iter_mut().enumerate() {
                *sum += term(first + start + lane);
            }
        }
        let rest: f32 = (whole..block).map(|index| term(first + index)).sum();
        total += sums.iter().map(|&sum| f64::from(sum)).sum::<f64>() + f64::from(rest);
    }
    total
}

/// `out = max(input, 0)`.
///
/// # Panics
/// If the lengths differ.
pub fn relu(input: &[f32], out: &mut [f32]) {
    assert_eq!(input.len(), out.len());
    let level = Level::current();
    parallel::for_each_chunk(1, out, |start, out| {
        let input = &input[start..][..out.len()];
        vectorised!(level, |input: &'a [f32], out: &'a mut [f32]| -> () {
            for (out, &value) in out.iter_mut().zip(input) {
                *out = if value > 0.0 { value } else { 0.0 };
            }
        });
    });
}

/// The gradient of [`relu`], from its output.
///
/// # Panics
/// If the lengths differ.
pub fn relu_gradient(out: &[f32], d_out: &[f32], update: Update, d_input: &mut [f32]) {
    assert_eq!(out.len(), d_out.len());
    assert_eq!(out.len(), d_input.len());
    let level = Level::current();
    parallel::for_each_chunk(1, d_input, |start, d_input| {
        let out = &out[start..][..d_input.len()];
        let d_out = &d_out[start..][..d_input.len()];
        vectorised!(level, |out: &'a [f32],
                            d_out: &'a [f32],
                            update: Update,
                            d_input: &'a mut [f32]|
         -> () {
            for ((d_input, &out), &d_out) in d_input.iter_mut().zip(out).zip(d_out) {
                let old = if update == Update::Add { *d_input } else { 0.0 };
                *d_input = old + if out > 0.0 { d_out } else { 0.0 };
            }
        });
    });
}

/// `sum of (a - b)^2`.
///
/// # Panics
/// If the lengths differ.
pub fn squared_difference(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let level = Level::current();
    parallel::sum(a.len(), |range| {
        let (a, b) = (&a[range.clone()], &b[range]);
        vectorised!(level, |a: &'a [f32], b: &'a [f32]| -> f64 {
            let b = &b[..a.len()];
            sum_of(a.len(), |index| {
                let difference = a[index] - b[index];
                difference * difference
            })
        })
    })
}

/// The gradient of `scale *` [`squared_difference`] with respect to `a`: `2 * scale * (a - b)`.
///
/// # Panics
/// If the lengths differ.
pub fn squared_difference_gradient(a: &[f32], b: &[f32], scale: f32, update: Update, d_a: &mut [f32]) {
    assert_eq!(a.len(), b.len());
    assert_eq!(a.len(), d_a.len());
    let level = Level::current();
    parallel::for_each_chunk(1, d_a, |start, d_a| {
        let (a, b) = (&a[start..][..d_a.len()], &b[start..][..d_a.len()]);
        vectorised!(level, |a: &'a [f32],
                            b: &'a [f32],
                            scale: f32,
                            update: Update,
                            d_a: &'a mut [f32]|
         -> () {
            for ((d_a, &a), &b) in d_a.iter_mut().zip(a).zip(b) {
                let old = if update == Update::Add { *d_a } else { 0.0 };
                *d_a = old + 2.0 * scale * (a - b);
            }
        });
    });
}

/// The sum of squared differences between vertical and between horizontal neighbours of an image
/// (N, H, W, C).
///
/// # Panics
/// If the length is not the shape's.
pub fn total_variation([batch, height, width, channels]: [usize; 4], image: &[f32]) -> f64 {
    assert_eq!(image.len(), batch * height * width * channels, "the image is (N, H, W, C)");
    let level = Level::current();
    let row_len = width * channels;
    parallel::sum_of_parts(batch * height, |index| {
        let row = &image[index * row_len..][..row_len];
        let below = if (index + 1) % height == 0 { row } else { &image[(index + 1) * row_len..][..row_len] };
        vectorised!(level, |row: &'a [f32], below: &'a [f32], channels: usize| -> f64 {
            let below = &below[..row.len()];
            let vertical = sum_of(row.len(), |index| {
                let difference = below[index] - row[index];
                difference * difference
            });
            let (left, right) = (&row[..row.len() - channels], &row[channels..]);
            let right = &right[..left.len()];
            let horizontal = sum_of(left.len(), |index| {
                let difference = right[index] - left[index];
                difference * difference
            });
            vertical + horizontal
        })
    })
}

/// The gradient of `scale *` [`total_variation`] with respect to the image.
///
/// # Panics
/// If a length is not the shape's.
pub fn total_variation_gradient(
    shape: [usize; 4],
    image: &[f32],
    scale: f32,
    update: Update,
    d_image: &mut [f32],
) {
    let [batch, height, width, channels] = shape;
    assert_eq!(image.len(), batch * height * width * channels, "the image is (N, H, W, C)");
    assert_eq!(d_image.len(), image.len(), "the gradient has the image's shape");
    let level = Level::current();
    let row_len = width * channels;
    let rows_a_strip = parallel::rows_a_strip(shape, usize::MAX);
    parallel::for_each_strip(shape, rows_a_strip, d_image, |n, rows, strip| {
        for (y, d_row) in rows.zip(strip.chunks_exact_mut(row_len)) {
            let row_at = |y: usize| &image[(n * height + y) * row_len..][..row_len];
            let row = row_at(y);
            // At the border the missing neighbour is the pixel itself: a difference of zero.
            let above = row_at(y.saturating_sub(1));
            let below = row_at((y + 1).min(height - 1));
            vectorised!(level, |row: &'a [f32],
                                above: &'a [f32],
                                below: &'a [f32],
                                scale: f32,
                                channels: usize,
                                update: Update,
                                d_row: &'a mut [f32]|
             -> () {
                let len = row.len();
                let (above, below, d_row) = (&above[..len], &below[..len], &mut d_row[..len]);
                for index in 0..len {
                    let old = if update == Update::Add { d_row[index] } else { 0.0 };
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
    assert_eq!(gradient.len(), first_moment.len());
    assert_eq!(gradient.len(), second_moment.len());
    assert_eq!(gradient.len(), values.len());
    let level = Level::current();
    parallel::for_each_chunk_of_three(first_moment, second_moment, values, |start, m, v, x| {
        let g = &gradient[start..][..x.len()];
        vectorised!(level, |step: f32,
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
