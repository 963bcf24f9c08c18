//! What channels are normalized with.

use super::check_moments;
use crate::options::Activation;

/// What each channel is normalized with: `out = (x - mean) / sqrt(variance + epsilon) * scale + shift`,
/// then ReLU, if the activation says so.
///
/// ```
/// use impasto_kernels::normalize::{moments, normalize};
/// use impasto_kernels::{Activation, Normalization};
///
/// let x = [1.0, 10.0, 3.0, 30.0]; // two positions of two channels
/// let mut found = [0.0; 4];
/// moments(2, &x, &mut found);
/// assert_eq!(found, [2.0, 20.0, 1.0, 100.0]); // means, then variances
///
/// let with = Normalization {
///     epsilon: 0.0,
///     moments: &found,
///     scale: &[1.0, 1.0],
///     shift: &[0.0, 5.0],
///     activation: Activation::Relu,
/// };
/// let mut out = [0.0; 4];
/// normalize(with, &x, &mut out);
/// assert_eq!(out, [0.0, 4.0, 1.0, 6.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Normalization<'a, T> {
    /// Keeps the division finite where a channel does not vary.
    pub epsilon: T,
    /// The means of all channels, then their variances.
    pub moments: &'a [T],
    /// One scale per channel.
    pub scale: &'a [T],
    /// One shift per channel.
    pub shift: &'a [T],
    /// Nothing more, or ReLU.
    pub activation: Activation,
}

impl<T> Normalization<'_, T> {
    /// The number of channels.
    pub fn channels(&self) -> usize {
        self.scale.len()
    }

    pub(crate) fn check(&self, x: &[T]) {
        let channels = self.channels();
        assert_eq!(self.shift.len(), channels, "one shift per channel");
        check_moments(channels, x, self.moments);
    }

    pub(crate) fn check_gradient(&self, x: &[T], d_out: &[T], sums: &[T], d_x: Option<&[T]>) {
        self.check(x);
        assert_eq!(d_out.len(), x.len(), "the output's gradient has the values' shape");
        assert_eq!(sums.len(), 2 * self.channels(), "two sums per channel");
        assert!(d_x.is_none_or(|d_x| d_x.len() == x.len()), "the gradient has the values' shape");
    }
}
