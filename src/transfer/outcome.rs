//! The results of a run, and the losses that all of it is about.

use ndarray::{Array3, Array4};
use std::time::Duration;

/// The losses of one picture, weighted.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Losses {
    /// How far its features are from the content image's.
    pub content: f64,
    /// How far its Gram matrices are from the style image's.
    pub style: f64,
    /// How rough it is.
    pub tv: f64,
    /// How far it is from what the frame before makes one expect; 0 unless there is one.
    pub temporal: f64,
    /// The sum of all.
    pub total: f64,
}

/// Which of the two losses that read features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "lowercase"))]
pub enum LayerLossKind {
    /// The content loss.
    Content,
    /// The style loss.
    Style,
}

/// What one layer adds to a loss, weighted.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LayerLoss {
    /// Which loss.
    pub kind: LayerLossKind,
    /// The layer.
    pub layer: usize,
    /// Its summand; of masked styles, the sum of all regions.
    pub value: f64,
}

/// The result of a run. In a team, member 0 has the picture; the others have one of 0 rows.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The picture, (H, W, 3), of the size that was asked for; (H, W, 4) where the content image has alpha.
    pub picture: Array3<u8>,
    /// The same before colors, alpha and rounding, (1, H, W, 3) in preprocessed units;
    /// [`StyleTransfer::picture_of`](super::StyleTransfer::picture_of) makes a picture of 16 bits of it.
    pub image: Array4<f32>,
    /// Its losses; of a run that was ended at a smaller size, those there.
    pub losses: Losses,
    /// Iterations taken.
    pub iterations: usize,
    /// What was done at each size that the run came to.
    pub scales: Vec<ScaleOutcome>,
    /// Whether the observer ended the run early.
    pub interrupted: bool,
    /// The time of all iterations, and of recording every size but the first.
    pub elapsed: Duration,
}

/// What was done at one size.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ScaleOutcome {
    /// Height of the picture, in pixels.
    pub height: usize,
    /// Width of the picture, in pixels.
    pub width: usize,
    /// Iterations taken.
    pub iterations: usize,
    /// Seconds that they took, with recording the size before them unless it is the first.
    pub seconds: f64,
}
