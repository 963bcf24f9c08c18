//! Two pictures that are part of the library, for first steps without any file. The project drew them itself.
//!
//! ```
//! use impasto::image::LoadOptions;
//! use impasto::samples::TOWN;
//!
//! let town = TOWN.decode(&LoadOptions::shorter_side(96))?;
//! assert_eq!(town.dim(), (96, 128, 3));
//! # Ok::<(), impasto::image::ImageError>(())
//! ```

use std::path::Path;

use ndarray::Array3;

use crate::image::{ImageError, LoadOptions, decode_image};

/// A picture as the bytes of a JPEG file.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Sample {
    /// The name of the file it came from.
    pub file_name: &'static str,
    /// The file.
    pub jpeg: &'static [u8],
}

/// A town by a river, to be repainted.
pub const TOWN: Sample = Sample { file_name: "town.jpg", jpeg: include_bytes!("../assets/town.jpg") };

/// Swirling brush strokes, to repaint it with.
pub const SWIRL: Sample = Sample { file_name: "swirl.jpg", jpeg: include_bytes!("../assets/swirl.jpg") };

impl Sample {
    /// The picture, (H, W, 3), RGB.
    ///
    /// # Errors
    ///
    /// The size of `options` is 0 or larger than any picture may be.
    pub fn decode(&self, options: &LoadOptions) -> Result<Array3<u8>, ImageError> {
        decode_image(self.jpeg, Path::new(self.file_name), options)
    }
}
