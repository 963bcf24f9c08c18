//! Batch normalization in its two halves.

use crate::normalize::check_moments;
use crate::normalize::normalization::Normalization;
use crate::options::{Accumulate, Activation};
use num_traits::Float;

/// `mean[c] = (sum over p of x[p, c]) / P`, then `variance[c] = (sum over p of (x[p, c] - mean[c])^2) / P`,
/// x of shape (P, C), the result of shape (2, C).
///
/// # Panics
/// If a length does not fit the channels.
pub fn moments<T: Float>(channels: usize, x: &[T], moments: &mut [T]) {
    check_moments(channels, x, moments);
    let share = T::one() / T::from(x.len() / channels).unwrap_or_else(T::nan);
    moments.fill(T::zero());
    let (means, variances) = moments.split_at_mut(channels);
    for row in x.chunks_exact(channels) {
        means.iter_mut().zip(row).for_each(|(mean, &x)| *mean = *mean + share * x);
    }
    for row in x.chunks_exact(channels) {
        for ((variance, &mean), &x) in variances.iter_mut().zip(&*means).zip(row) {
            *variance = *variance + share * (x - mean) * (x - mean);
        }
    }
}

/// The gradient of [`moments`]:
/// `d_x[p, c] = d_mean[c] / P + d_variance[c] * 2 * (x[p, c] - mean[c]) / P`.
///
/// # Panics
/// If a length does not fit the channels.
pub fn moments_gradient<T: Float>(
    channels: usize,
    x: &[T],
    moments: &[T],
    d_moments: &[T],
    accumulate: Accumulate,
    d_x: &mut [T],
) {
    check_moments(channels, x, moments);
    assert_eq!(d_moments.len(), moments.len(), "a gradient for each moment");
    assert_eq!(d_x.len(), x.len(), "the gradient has the values' shape");
    accumulate.start(d_x);
    let share = T::one() / T::from(x.len() / channels).unwrap_or_else(T::nan);
    let two = T::one() + T::one();
    for (index, (d_x, &x)) in d_x.iter_mut().zip(x).enumerate() {
        let c = index % channels;
        *d_x = *d_x + share * (d_moments[c] + d_moments[channels + c] * two * (x - moments[c]));
    }
}

/// `out[p, c] = (x[p, c] - mean[c]) / sqrt(variance[c] + epsilon) * scale[c] + shift[c]`, then ReLU, if
/// the activation says so; x of shape (P, C).
///
/// # Panics
/// If a length does not fit the channels.
pub fn normalize<T: Float>(with: Normalization<'_, T>, x: &[T], out: &mut [T]) {
    with.check(x);
    assert_eq!(out.len(), x.len(), "the output has the values' shape");
    for (index, (out, &x)) in out.iter_mut().zip(x).enumerate() {
        let c = index % with.channels();
        let value = normal(&with, c, x) * with.scale[c] + with.shift[c];
        *out = if with.activation == Activation::Relu { value.max(T::zero()) } else { value };
    }
}

/// The gradient of [`normalize`]: with `g = d_out` where the activation passed a gradient, else 0,
/// `d_x[p, c] = g[p, c] * scale[c] / sqrt(variance[c] + epsilon)`.
///
/// `sums`, of shape (2, C), receives what the other gradients follow from: `sum over p of g[p, c]`, then
/// `sum over p of g[p, c] * normal[p, c]`, where `normal = (x - mean) / sqrt(variance + epsilon)`.
///
/// # Panics
/// If a length does not fit the channels.
pub fn normalize_gradient<T: Float>(
    with: Normalization<'_, T>,
    x: &[T],
    d_out: &[T],
    sums: &mut [T],
    mut d_x: Option<(Accumulate, &mut [T])>,
) {
    with.check_gradient(x, d_out, sums, d_x.as_ref().map(|(_, d_x)| &**d_x));
    let channels = with.channels();
    sums.fill(T::zero());
    if let Some((accumulate, d_x)) = &mut d_x {
        accumulate.start(d_x);
    }
    for (index, (&x, &d_out)) in x.iter().zip(d_out).enumerate() {
        let c = index % channels;
        let normal = normal(&with, c, x);
        let passes =
            with.activation == Activation::None || normal * with.scale[c] + with.shift[c] > T::zero();
        let upstream = if passes { d_out } else { T::zero() };
        sums[c] = sums[c] + upstream;
        sums[channels + c] = sums[channels + c] + upstream * normal;
        if let Some((_, d_x)) = &mut d_x {
            let deviation = (with.moments[channels + c] + with.epsilon).sqrt();
            d_x[index] = d_x[index] + upstream * with.scale[c] / deviation;
        }
    }
}

fn normal<T: Float>(with: &Normalization<'_, T>, c: usize, x: T) -> T {
    (x - with.moments[c]) / (with.moments[with.channels() + c] + with.epsilon).sqrt()
}
