//! The result of a format's decoder, and the errors that all of them may end with.

use std::path::Path;

use image::DynamicImage;

use super::{error::ImageError, metadata::Metadata, warning::ImageWarning};

/// A picture as its file stores it.
pub(super) struct Decoded {
    /// RGB, or RGBA where alpha is kept.
    pub(super) image: DynamicImage,
    pub(super) metadata: Metadata,
    pub(super) warnings: Vec<ImageWarning>,
}

pub(super) fn truncated(name: &Path) -> ImageError {
    ImageError::Truncated { path: name.to_path_buf() }
}

/// An error with a decoder's reason, as far as that is words: some decoders print what they have in Rust's notation.
pub(super) fn corrupt(name: &Path, reason: impl ToString) -> ImageError {
    let reason = reason.to_string();
    let is_rust = reason.contains(['{', '"', '\\'])
        || ["Unknown(", "Some(", "::"].iter().any(|word| reason.contains(word));
    let reason = if is_rust { "it contradicts its own format".into() } else { reason };
    ImageError::Corrupt { path: name.to_path_buf(), reason }
}
