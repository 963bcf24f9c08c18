//! What can go wrong between a file and a picture: every variant names the file and says what to do about it.
//! It does not judge whether a picture suits the network; that is the network's own error.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{MAX_DECODE_BYTES, MAX_PIXELS};

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

    /// The system gives no memory for the file's bytes, or for decoding them.
    #[error("there is not enough memory to read {path}; use a smaller image, or end other programs")]
    OutOfMemory {
        /// The file.
        path: PathBuf,
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

    /// The content is of a known kind that is no image.
    #[error("{path} is not an image but {kind}")]
    OtherFile {
        /// The file.
        path: PathBuf,
        /// What it is, and what to do about it.
        kind: String,
    },

    /// What a camera's sensor saw; there is only a thumbnail of the picture that it could become.
    #[error(
        "{path} is a raw photo ({kind}); develop it first, and give the JPEG, PNG or TIFF that comes of it"
    )]
    RawPhoto {
        /// The file.
        path: PathBuf,
        /// The format, such as `Nikon NEF`.
        kind: String,
    },

    /// Moving pictures.
    #[error("{path} is a film ({kind}); save one of its frames as PNG or JPEG")]
    Film {
        /// The file.
        path: PathBuf,
        /// The format, such as `MP4`.
        kind: String,
    },

    /// The first page of a TIFF is a smaller copy of another page, or a mask for it.
    #[error(
        "the first page of {path} is only a thumbnail or a mask of another; convert the page you mean to PNG"
    )]
    ReducedImage {
        /// The file.
        path: PathBuf,
    },

    /// Bytes that are not the pixels of a picture of these sides.
    #[error("a picture of {width}x{height} pixels has {} bytes of RGB, not {length}; give all rows, 3 bytes per pixel", 3 * width * height)]
    BytesOfPixels {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// The bytes that were given.
        length: usize,
    },

    /// A JPEG in more scans than any program writes, each of which takes as long as a whole picture.
    #[error("{path} has {scans} scans, more than the limit of {limit}; convert it to PNG")]
    TooManyScans {
        /// The file.
        path: PathBuf,
        /// How many scans the file has.
        scans: usize,
        /// The most that are decoded.
        limit: usize,
    },

    /// Decoding would take more memory than [`MAX_DECODE_BYTES`], or than there is.
    #[error(
        "decoding {path} ({width}x{height} pixels) would take more memory than there is, or than the limit of {} MB; \
         use a smaller image, or convert it to PNG without transparency",
        MAX_DECODE_BYTES / 1_000_000
    )]
    TooMuchMemory {
        /// The file.
        path: PathBuf,
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
    },

    /// The content is an image, but in a format or with a feature that is not read.
    #[error("{path} is in a format that is not read ({feature}); convert it to PNG or JPEG")]
    UnsupportedFormat {
        /// The file.
        path: PathBuf,
        /// The format or the feature of it, such as `HEIC`.
        feature: String,
    },

    /// The colors are stored in a way that has no reading as RGB.
    #[error("the colors of {path} are not read ({color}); convert it to PNG, in RGB with 8 bits per sample")]
    UnsupportedColor {
        /// The file.
        path: PathBuf,
        /// The color space and sample type found.
        color: String,
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

    /// The output file's name, its folder or what is there already rules out writing it.
    #[error("cannot write {path}; check its name and permissions, or choose another folder")]
    NotWritable {
        /// The output file.
        path: PathBuf,
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

    /// 16 bits for a format that has 8.
    #[error("{path} has 8 bits per channel: write 16 bits as PNG or TIFF")]
    NoSixteenBits {
        /// The output file.
        path: PathBuf,
    },

    /// A quality for a format that loses nothing.
    #[error("{path} loses nothing, so it has no quality: leave the quality out, or write JPEG or WebP")]
    NoQuality {
        /// The output file.
        path: PathBuf,
    },

    /// A quality that no format has.
    #[error("the quality is {quality}: it must be from 1 to 100")]
    Quality {
        /// The quality.
        quality: u8,
    },

    /// The sides of a picture are longer than its format can say.
    #[error(
        "{} cannot hold {height}x{width} pixels: the sides of a {name} picture have at most {longest}; write PNG or TIFF",
        path.display()
    )]
    TooLargeForFormat {
        /// The output file.
        path: PathBuf,
        /// What the format is called.
        name: &'static str,
        /// Height of the picture, in pixels.
        height: usize,
        /// Width of the picture, in pixels.
        width: usize,
        /// The longest side that the format has, in pixels.
        longest: usize,
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
            io::ErrorKind::OutOfMemory => Self::OutOfMemory { path },
            io::ErrorKind::IsADirectory => Self::IsFolder { path },
            _ => Self::Unreadable { path, source },
        }
    }
}
