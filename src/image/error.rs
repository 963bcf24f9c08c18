//! What can go wrong between a file and a picture: every variant names the file and says what to do about it.
//! It does not judge whether a picture suits the network; that is the network's own error.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::MAX_PIXELS;

/// Why a picture could not be loaded or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// There is no file at the path.
    #[error("image {path} does not exist; check the spelling and the folder")]
    NotFound {
        /// The file asked for.
        path: PathBuf,
    },

    /// A file was expected, but the path is a folder.
    #[error("{path} is a folder; name an image file")]
    IsFolder {
        /// The folder.
        path: PathBuf,
    },

    /// The operating system refused to open or read the file.
    #[error("cannot read image {path}; check its permissions")]
    Unreadable {
        /// The file asked for.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// The file holds no bytes at all.
    #[error("image {path} is empty (0 bytes); copy or download it again")]
    Empty {
        /// The empty file.
        path: PathBuf,
    },

    /// The content is not an image of any known format, whatever the extension says.
    #[error("{path} is not an image; give a JPEG, PNG, WebP, TIFF, BMP, GIF or PNM file")]
    NotAnImage {
        /// The file.
        path: PathBuf,
    },

    /// The content is an image, but in a format or with a feature that is not read.
    #[error("{path} holds what is not supported ({feature}); convert it to PNG or JPEG")]
    UnsupportedFormat {
        /// The file.
        path: PathBuf,
        /// The format or the feature of it, such as `HEIF`.
        feature: String,
    },

    /// The colours are stored in a way that has no reading as RGB.
    #[error("the colours of {path} ({colour}) are not supported; convert it to RGB")]
    UnsupportedColour {
        /// The file.
        path: PathBuf,
        /// The colour space and sample type found.
        colour: String,
    },

    /// The file stops before the picture is complete.
    #[error("image {path} is cut off before its end; copy or download it again")]
    Truncated {
        /// The file.
        path: PathBuf,
    },

    /// The file contradicts its own format.
    #[error("image {path} is damaged ({reason}); copy or download it again")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        reason: String,
    },

    /// The picture would have more than [`MAX_PIXELS`] pixels, in the file or after resizing.
    #[error(
        "{path} would be {width}x{height} pixels, more than the limit of {} megapixels; \
         use a smaller image or size",
        MAX_PIXELS / 1_000_000
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
    },

    /// The file has more bytes than any picture within [`MAX_PIXELS`] should need.
    #[error("{path} is larger than {limit} bytes; use a smaller image")]
    FileTooLarge {
        /// The file.
        path: PathBuf,
        /// The largest number of bytes that is read.
        limit: u64,
    },

    /// The picture, or the size asked for, has no pixels.
    #[error(
        "{path} would be {width}x{height} pixels; a picture needs at least one each way, choose a larger size"
    )]
    TooSmall {
        /// The file.
        path: PathBuf,
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
    },

    /// The output file's extension does not name a format that can be written.
    #[error("the extension of {path} names no known format; use .png, .jpg, .webp, .tiff or .bmp")]
    UnknownExtension {
        /// The output file.
        path: PathBuf,
    },

    /// The folder that should hold the output file does not exist.
    #[error("cannot write {path}: there is no folder {folder}; create it first")]
    MissingFolder {
        /// The output file.
        path: PathBuf,
        /// The folder that is missing.
        folder: PathBuf,
    },

    /// The output file's folder accepts no new files.
    #[error(
        "cannot write {path}: no file can be created in {folder}; check its permissions or choose another folder"
    )]
    NotWritable {
        /// The output file.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// The format cannot hold the picture.
    #[error("cannot encode {path}: {reason}; choose another format or a smaller size")]
    Encode {
        /// The output file.
        path: PathBuf,
        /// What the encoder said.
        reason: String,
    },

    /// A picture in memory could not become PNG.
    #[error("cannot encode a picture as PNG: {reason}")]
    EncodePng {
        /// What the encoder said.
        reason: String,
    },

    /// The encoded picture could not be written out in full; nothing is left behind.
    #[error("cannot write {path}; check the free space on its disk")]
    Write {
        /// The output file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl ImageError {
    /// Reading the file at `path` failed with `source`.
    pub(super) fn from_read(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            io::ErrorKind::IsADirectory => Self::IsFolder { path },
            _ => Self::Unreadable { path, source },
        }
    }
}
