//! Choices that a builder offers: what a run starts from, and how it goes downhill.

use crate::optimizer::Optimizer;
use std::sync::Arc;

/// What the picture is before the first iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Init {
    /// The content image.
    Content,
    /// Noise, uniform in [0, 1) in preprocessed units, the notebook's random init.
    Random {
        /// The same seed gives the same noise.
        seed: u64,
    },
    /// The content image under noise: each value is `(100 - noise) / 100` of the image's and `noise / 100` of that of
    /// [`Init::Random`].
    Blend {
        /// The share of the noise, in percent.
        noise: u8,
        /// The same seed gives the same noise.
        seed: u64,
    },
    /// Noise in the style images' colors: each pixel is one of theirs, drawn at random, from each image as often as its
    /// blend weight says.
    StylePixels {
        /// The same seed gives the same noise.
        seed: u64,
    },
}

/// What of the photograph's colors the result keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum PreserveColors {
    /// Nothing: the result takes on the colors of the style images.
    #[default]
    None,
    /// Its chroma: all pictures are shades of gray to the network, and the result has the lightness of what it paints.
    Luminance,
    /// Its palette: style images are given the mean and the covariance of its colors before the run.
    Match,
}

/// The optimizer of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OptimizerKind {
    /// [`Adam`](crate::optimizer::Adam).
    #[default]
    Adam,
    /// [`Lbfgs`](crate::optimizer::Lbfgs); it chooses its own step, so there is no learning rate.
    Lbfgs,
}

/// Makes an optimizer from the number of values and the initial learning rate.
pub(super) type MakeOptimizer = Arc<dyn Fn(usize, f64) -> Box<dyn Optimizer> + Send + Sync>;
