//! The Gram matrix of f32 features and its gradient; see [`crate::reference::gram`].
//!
//! The matrix is symmetric, so only tiles on and above its diagonal are computed.

#[cfg(test)]
mod agreement;
pub(crate) mod reference;

use crate::gemm::micro_kernel::{Epilogue, Segment};
use crate::gemm::nn::{Grid, Product};
use crate::gemm::packed::PackedMatrix;
use crate::gemm::tn::{Matrix, TransposedProduct};
use crate::memory::parallel;
use crate::options::Accumulate;
use crate::shape::checked_len;
use crate::simd::Level;

/// The Gram matrix of features of shape (positions, channels), with the buffers it works in.
///
/// Source: Gatys, Ecker and Bethge 2016, equation 3.
///
/// ```
/// use impasto_kernels::{Gram, Level, Accumulate};
///
/// let features = [1.0, 2.0, 3.0, 0.0]; // positions (1, 2) and (3, 0), of two channels
/// for level in Level::available() {
///     let mut gram = Gram::with_level(2, level);
///     let mut out = [0.0; 4];
///     gram.forward(1.0, &features, &mut out);
///     assert_eq!(out, [10.0, 2.0, 2.0, 4.0]);
///
///     let mut d_features = [0.0; 4];
///     gram.gradient(1.0, &features, &[1.0, 0.0, 0.0, 0.0], Accumulate::Replace, &mut d_features);
///     assert_eq!(d_features, [2.0, 0.0, 6.0, 0.0]); // of the first channel's energy: 2 x
/// }
/// ```
pub struct Gram {
    channels: usize,
    product: TransposedProduct,
    d_gram: PackedMatrix,
}

impl Gram {
    /// Gram matrices of features with `channels` channels.
    ///
    /// # Panics
    /// If there are no channels, or the matrix would be larger than memory can address.
    pub fn new(channels: usize) -> Self {
        Self::with_level(channels, Level::current())
    }

    /// As [`Gram::new`], with kernels of one instruction set (plain Rust if it is missing).
    ///
    /// # Panics
    /// As [`Gram::new`].
    pub fn with_level(channels: usize, level: Level) -> Self {
        assert!(channels > 0, "a Gram matrix needs at least one channel");
        let level = level.or_portable();
        Gram {
            channels,
            product: TransposedProduct::new(level),
            d_gram: PackedMatrix::zeros(level, channels, channels),
        }
    }

    /// Values of the scratch buffer that each thread needs for [`Gram::forward`]; see [`crate::reserve_scratch`].
    pub fn scratch_len(&self) -> usize {
        TransposedProduct::symmetric_scratch(self.d_gram.level(), self.channels)
    }

    /// `gram[i, j] = scale * sum over p of features[p, i] * features[p, j]`, all zeros if there are no positions.
    ///
    /// # Panics
    /// If a length does not fit the channels.
    pub fn forward(&mut self, scale: f32, features: &[f32], gram: &mut [f32]) {
        let channels = self.channels;
        check(channels, features, gram);
        if features.is_empty() {
            gram.fill(0.0);
            return;
        }
        let matrix = Matrix { values: features, columns: channels };
        self.product.run_symmetric(features.len() / channels, &matrix, scale, gram);
    }

    /// `d_features[p, j] (+)= scale * sum over i of features[p, i] * (d_gram[i, j] + d_gram[j, i])`.
    ///
    /// # Panics
    /// If a length does not fit the channels.
    pub fn gradient(
        &mut self,
        scale: f32,
        features: &[f32],
        d_gram: &[f32],
        accumulate: Accumulate,
        d_features: &mut [f32],
    ) {
        let channels = self.channels;
        check(channels, features, d_gram);
        assert_eq!(features.len(), d_features.len(), "features and gradient have one shape");
        if features.is_empty() {
            return;
        }
        self.d_gram.set_symmetric(scale, d_gram);
        let chunk = parallel::rows_per_chunk(features.len() / channels, channels) * channels;
        parallel::for_each_part(chunk, d_features, |index, target| {
            Product {
                left: &features[index * chunk..][..target.len()],
                left_grid: Grid::flat(channels),
                segments: &[Segment { start: 0, len: channels }],
                right: &self.d_gram,
                epilogue: Epilogue::from(accumulate),
                target_stride: channels,
                rows: target.len() / channels,
                target,
                cold: true,
            }
            .run();
        });
    }
}

/// Panics unless features are (positions, channels), with at least one channel, and the matrix is (channels, channels).
pub(crate) fn check<T>(channels: usize, features: &[T], gram: &[T]) {
    assert!(channels > 0 && features.len().is_multiple_of(channels), "features are (positions, channels)");
    assert_eq!(
        Some(gram.len()),
        checked_len(&[channels, channels]),
        "the Gram matrix is (channels, channels)"
    );
}
