//! The weights that are part of this crate. How they were made is told in `docs/default-weights.md`.

use super::Weights;

/// The file of the built-in weights, as [`Weights::from_bytes`] reads it: a `.npz` archive of float16 arrays under
/// torchvision's names.
pub static BUILT_IN: &[u8] = include_bytes!("../../weights/trained_on_drawings.npz");

impl Weights {
    /// The weights that are part of this crate: all feature layers, no classifier.
    ///
    /// impasto trained them itself, on drawings that it drew itself, and no photograph or painting is in them. They
    /// serve to paint with when nothing else is at hand; ImageNet's, which have seen a million photographs, are closer
    /// to a picture's style. Loss weights made for those suit these too, since every layer responds as strongly.
    ///
    /// ```
    /// use impasto_squeezenet::Weights;
    ///
    /// let weights = Weights::built_in();
    /// assert_eq!(weights.convolutions().count(), 25); // layer 0, and three in each of eight fire modules
    /// assert!(!weights.has_classifier());
    /// ```
    ///
    /// # Panics
    ///
    /// Never: the tests read the very bytes that are compiled in.
    pub fn built_in() -> Self {
        Self::from_bytes(BUILT_IN).expect("the built-in weights are sound")
    }
}
