//! Passes over values, one by one, as plain loops.

use super::check_image;
use crate::options::Accumulate;
use num_traits::Float;

/// `out = max(input, 0)`.
///
/// # Panics
/// If the lengths differ.
pub fn relu<T: Float>(input: &[T], out: &mut [T]) {
    assert_eq!(input.len(), out.len());
    for (out, &value) in out.iter_mut().zip(input) {
        *out = value.max(T::zero());
    }
}

/// The gradient of [`relu`]: `d_input = d_out` where `out > 0`, else 0, NaN being no more than 0.
///
/// # Panics
/// If the lengths differ.
pub fn relu_gradient<T: Float>(out: &[T], d_out: &[T], accumulate: Accumulate, d_input: &mut [T]) {
    assert_eq!(out.len(), d_out.len());
    assert_eq!(out.len(), d_input.len());
    accumulate.start(d_input);
    for (index, d_input) in d_input.iter_mut().enumerate() {
        *d_input = *d_input + masked(d_out, Some(out), index);
    }
}

/// `sum of (a - b)^2`.
///
/// # Panics
/// If the lengths differ.
pub fn squared_difference<T: Float>(a: &[T], b: &[T]) -> T {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(T::zero(), |sum, (&a, &b)| sum + (a - b) * (a - b))
}

/// The gradient of `scale *` [`squared_difference`] with respect to `a`: `2 * scale * (a - b)`.
/// With respect to `b` it is the same with the two exchanged.
///
/// # Panics
/// If the lengths differ.
pub fn squared_difference_gradient<T: Float>(
    a: &[T],
    b: &[T],
    scale: T,
    accumulate: Accumulate,
    d_a: &mut [T],
) {
    assert_eq!(a.len(), b.len());
    assert_eq!(a.len(), d_a.len());
    accumulate.start(d_a);
    let two = T::one() + T::one();
    for ((d_a, &a), &b) in d_a.iter_mut().zip(a).zip(b) {
        *d_a = *d_a + two * scale * (a - b);
    }
}

/// `sum of (image[n, y+1, x, c] - image[n, y, x, c])^2 + sum of (image[n, y, x+1, c] - image[n, y, x, c])^2`.
///
/// # Panics
/// If a length is not the shape's.
pub fn total_variation<T: Float>(shape: [usize; 4], image: &[T]) -> T {
    check_image(shape, image);
    let mut sum = T::zero();
    for_each_neighbors(shape, |a, b| sum = sum + (image[b] - image[a]) * (image[b] - image[a]));
    sum
}

/// The gradient of `scale *` [`total_variation`] with respect to the image.
///
/// # Panics
/// If a length is not the shape's.
pub fn total_variation_gradient<T: Float>(
    shape: [usize; 4],
    image: &[T],
    scale: T,
    accumulate: Accumulate,
    d_image: &mut [T],
) {
    check_image(shape, image);
    assert_eq!(d_image.len(), image.len(), "the gradient has the image's shape");
    accumulate.start(d_image);
    let two = T::one() + T::one();
    for_each_neighbors(shape, |a, b| {
        let slope = two * scale * (image[b] - image[a]);
        d_image[b] = d_image[b] + slope;
        d_image[a] = d_image[a] - slope;
    });
}

/// One step of Adam (Kingma and Ba 2015) as TensorFlow takes it, epsilon outside the bias correction:
/// `m = b1*m + (1-b1)*g`, `v = b2*v + (1-b2)*g^2`, `x -= step * m / (sqrt(v) + epsilon)`,
/// where the caller gives `step = learning_rate * sqrt(1 - b2^t) / (1 - b1^t)`.
///
/// The order of computation is the one that the paper's section 2 proposes for efficiency, below its algorithm 1.
///
/// ```
/// use impasto_kernels::reference;
///
/// let [beta1, beta2] = [0.9, 0.999f64];
/// let step = 0.1 * (1.0 - beta2).sqrt() / (1.0 - beta1); // learning rate 0.1, t = 1
/// let (mut m, mut v, mut x) = ([0.0], [0.0], [1.0]);
/// reference::adam(step, [beta1, beta2], 1e-8, &[4.0], &mut m, &mut v, &mut x);
/// assert!((m[0] - 0.4).abs() < 1e-12 && (v[0] - 0.016).abs() < 1e-12);
/// assert!((x[0] - 0.9).abs() < 1e-6); // the first step has the length of the learning rate
/// ```
///
/// # Panics
/// If the lengths differ.
pub fn adam<T: Float>(
    step: T,
    [beta1, beta2]: [T; 2],
    epsilon: T,
    gradient: &[T],
    first_moment: &mut [T],
    second_moment: &mut [T],
    values: &mut [T],
) {
    assert_eq!(gradient.len(), first_moment.len());
    assert_eq!(gradient.len(), second_moment.len());
    assert_eq!(gradient.len(), values.len());
    for (((x, &g), m), v) in values.iter_mut().zip(gradient).zip(first_moment).zip(second_moment) {
        *m = beta1 * *m + (T::one() - beta1) * g;
        *v = beta2 * *v + (T::one() - beta2) * g * g;
        *x = *x - step * *m / (v.sqrt() + epsilon);
    }
}

/// Keeps each channel of an image (N, H, W, 3) within its range `[low, high]`; NaN stays NaN.
///
/// # Panics
/// If the length is not a multiple of three.
pub fn clamp<T: Float>(values: &mut [T], ranges: [[T; 2]; 3]) {
    assert_eq!(values.len() % 3, 0, "pixels have three channels");
    for pixel in values.chunks_exact_mut(3) {
        for (value, [low, high]) in pixel.iter_mut().zip(ranges) {
            *value = if *value < low { low } else { *value };
            *value = if *value > high { high } else { *value };
        }
    }
}

/// Calls `visit(index, index of the pixel below or to the right)` for each such pair.
fn for_each_neighbors(shape: [usize; 4], mut visit: impl FnMut(usize, usize)) {
    let [batch, height, width, channels] = shape;
    if shape.contains(&0) {
        // Without this, the outer loops could spin for centuries around an empty inner one.
        return;
    }
    for n in 0..batch {
        for y in 0..height {
            for x in 0..width {
                for c in 0..channels {
                    let here = ((n * height + y) * width + x) * channels + c;
                    if y + 1 < height {
                        visit(here, here + width * channels);
                    }
                    if x + 1 < width {
                        visit(here, here + channels);
                    }
                }
            }
        }
    }
}

/// `d_out` where the output of ReLU is positive, else 0.
pub(crate) fn masked<T: Float>(d_out: &[T], relu_output: Option<&[T]>, index: usize) -> T {
    match relu_output {
        None => d_out[index],
        Some(relu_output) if relu_output[index] > T::zero() => d_out[index],
        Some(_) => T::zero(),
    }
}
