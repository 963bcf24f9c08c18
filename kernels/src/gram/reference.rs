//! Gram matrices and their gradient as plain loops.

use crate::options::Accumulate;
use num_traits::Float;

/// `gram[i, j] = scale * sum over p of features[p, i] * features[p, j]`, features of shape (P, C).
///
/// Source: Gatys, Ecker and Bethge 2016, equation 3.
///
/// ```
/// use impasto_kernels::reference;
///
/// let features = [1.0, 2.0, 3.0, 0.0]; // positions (1, 2) and (3, 0), of two channels
/// let mut gram = [0.0; 4];
/// reference::gram(2, 1.0, &features, &mut gram);
/// assert_eq!(gram, [10.0, 2.0, 2.0, 4.0]);
/// ```
///
/// # Panics
/// If a length does not fit the channels.
pub fn gram<T: Float>(channels: usize, scale: T, features: &[T], gram: &mut [T]) {
    crate::gram::check(channels, features, gram);
    gram.fill(T::zero());
    for row in features.chunks_exact(channels) {
        for i in 0..channels {
            for j in 0..channels {
                gram[i * channels + j] = gram[i * channels + j] + scale * row[i] * row[j];
            }
        }
    }
}

/// The gradient of [`gram`]: `d_features[p, j] = scale * sum over i of features[p, i] * (d_gram[i, j] + d_gram[j, i])`.
///
/// # Panics
/// If a length does not fit the channels.
pub fn gram_gradient<T: Float>(
    channels: usize,
    scale: T,
    features: &[T],
    d_gram: &[T],
    accumulate: Accumulate,
    d_features: &mut [T],
) {
    crate::gram::check(channels, features, d_gram);
    assert_eq!(features.len(), d_features.len(), "features and gradient have one shape");
    accumulate.start(d_features);
    for (row, d_row) in features.chunks_exact(channels).zip(d_features.chunks_exact_mut(channels)) {
        for j in 0..channels {
            for i in 0..channels {
                let both = d_gram[i * channels + j] + d_gram[j * channels + i];
                d_row[j] = d_row[j] + scale * row[i] * both;
            }
        }
    }
}
