//! From a file to the network's input and back: [`load_image`] -> [`preprocess_image`] -> ... -> [`deprocess_image`]
//! -> [`save_image`], the functions of the notebook's image cells.
//!
//! Pictures are `Array3<u8>` of shape (H, W, 3) in RGB, or (H, W, 4) with alpha where it is asked for; preprocessed pictures are `Array4<f32>` of shape (1, H, W, 3).
//! Nothing here knows the network or its losses.
//!
//! - `recognize`: what a file is, and what it is called if it is not read; `raw`: raw photos, which look like TIFF
//! - `decode`: bytes to pixels, whatever the format, as `decoded`; `jpeg`, `png`, `tiff`, `webp` and `other` hold what concerns one
//!   format alone, `segments` what stands around a JPEG's pixels
//! - `canvas`: rows of any samples to rows of RGB; `profile`: their colors to sRGB
//! - `metadata`: EXIF and XMP; `ifd`: the directories of EXIF and TIFF
//! - `options`, `warning`: how a picture is loaded, and what is worth knowing about it afterwards
//! - `resize`: Pillow's bilinear resize, bit by bit
//! - `preprocess`: pixels to the network's units and back
//! - `resample`: preprocessed pictures in another size, in f32
//! - `level`: samples of 8 and of 16 bits; `lightness`: that of colors; `density`: pixels per inch
//! - `encode`: pixels to bytes, whatever the format; `save`: bytes to a file that appears whole or not at all
//! - `error`: what can go wrong on the way
// What formats that are left out would use.
#![cfg_attr(not(all(feature = "jpeg", feature = "tiff")), allow(dead_code))]

mod bytes;
mod canvas;
mod decode;
mod decoded;
mod density;
mod encode;
mod error;
mod ifd;
#[cfg(feature = "jpeg")]
mod jpeg;
mod level;
mod lightness;
mod metadata;
mod options;
mod other;
mod png;
mod preprocess;
mod profile;
mod raw;
mod recognize;
mod resample;
mod resize;
mod save;
#[cfg(feature = "jpeg")]
mod segments;
mod size;
#[cfg(feature = "tiff")]
mod tiff;
mod warning;
mod webp;

use std::{fs::File, io::Read, path::Path};

use ndarray::{Array3, ArrayView3};

pub use self::{
    bytes::{picture_from_rgb, rgb_from_picture},
    density::Density,
    error::ImageError,
    level::Level,
    lightness::{to_gray, with_lightness},
    options::{ColorProfiles, LoadOptions},
    preprocess::{deprocess_image, pixel_range, preprocess_image},
    resample::resize_preprocessed,
    resize::{resize_image, resize_image_to, resized_dimensions, shrink_image},
    save::{
        SaveOptions, check_output_path, check_picture_size, encode_image, encode_png, encode_png_with,
        save_image, save_image_with,
    },
    size::Size,
    warning::ImageWarning,
};
pub(crate) use self::{canvas::laid_over, preprocess::deprocess};

/// The largest picture that is decoded or made by resizing, in pixels (200 megapixels, 600 MB of RGB).
///
/// A few bytes of header can claim any size; the limit is checked before memory is set aside for the pixels. What
/// decoding may hold meanwhile is bounded by [`MAX_DECODE_BYTES`].
pub const MAX_PIXELS: usize = 200_000_000;

/// The most memory that decoding holds at a time beside the bytes of the file: two pictures of [`MAX_PIXELS`] (1.2 GB).
///
/// JPEG in one pass, and PNG, are decoded row by row and reach [`MAX_PIXELS`]; formats that must be held whole in another
/// form meanwhile (progressive JPEG, WebP, TIFF with deep samples) are refused from fewer pixels on. Resizing comes after
/// decoding and holds the picture beside the result.
pub const MAX_DECODE_BYTES: u64 = 1_200_000_000;

/// The most bytes read from a file; more than an uncompressed picture of [`MAX_PIXELS`] RGB pixels takes.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// Loads a picture of shape (H, W, 3), RGB, from a file of any format that [`decode_image`] knows.
///
/// This is the notebook's `load_image`; see [`resize_image`] for the size of the result.
///
/// ```
/// use impasto::image::{ImageError, LoadOptions, load_image, save_image};
/// use ndarray::Array3;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("photo.png");
/// save_image(&path, Array3::from_elem((30, 40, 3), 200).view())?;
/// let whole = load_image(&path, &LoadOptions::default())?;
/// let small = load_image(&path, &LoadOptions::shorter_side(15))?;
/// assert_eq!((whole.dim(), small.dim()), ((30, 40, 3), (15, 20, 3)));
///
/// let absent = load_image("absent.jpg".as_ref(), &LoadOptions::default());
/// assert!(matches!(absent, Err(ImageError::NotFound { .. })));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The file cannot be read, or [`decode_image`] fails on its content.
pub fn load_image(path: &Path, options: &LoadOptions) -> Result<Array3<u8>, ImageError> {
    load_image_with_warnings(path, options).map(|loaded| loaded.picture)
}

/// A picture, and what is worth knowing about how it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The picture (H, W, 3), RGB; with [`LoadOptions::keep_alpha`], (H, W, 4) unless it is opaque.
    pub picture: Array3<u8>,
    /// Height and width before it was resized, in pixels.
    pub own_size: (usize, usize),
    /// How many pixels make an inch, where the file says so.
    pub density: Option<Density>,
    /// What made the picture, if the file is one that was saved with [`SaveOptions::record`].
    pub record: Option<String>,
    /// What may keep the picture from being what was meant; mostly nothing.
    pub warnings: Vec<ImageWarning>,
}

/// [`load_image`], with its warnings.
///
/// # Errors
///
/// Those of [`load_image`].
pub fn load_image_with_warnings(path: &Path, options: &LoadOptions) -> Result<Loaded, ImageError> {
    let file = File::open(path).map_err(|source| ImageError::from_read(path, source))?;
    read_image(file, path, options)
}

/// [`decode_image`] with its warnings, of all that comes from `source`: a file, or a pipe.
///
/// ```
/// use impasto::image::{LoadOptions, encode_png, read_image};
/// use ndarray::Array3;
///
/// let bytes = encode_png(Array3::from_elem((2, 3, 3), 9).view())?;
/// let without_end = &bytes[..bytes.len() - 12];
/// let loaded = read_image(without_end, "pipe".as_ref(), &LoadOptions::default())?;
/// assert_eq!(loaded.picture, Array3::from_elem((2, 3, 3), 9));
/// assert!(loaded.warnings[0].to_string().contains("lacks its end"));
/// # Ok::<(), impasto::image::ImageError>(())
/// ```
///
/// # Errors
///
/// The source cannot be read, or [`decode_image`] fails on its content.
pub fn read_image(source: impl Read, name: &Path, options: &LoadOptions) -> Result<Loaded, ImageError> {
    let bytes = read_bytes(source, name)?;
    decode_image_with_warnings(&bytes, name, options)
}

/// Decodes a picture of shape (H, W, 3), RGB, from the bytes of a JPEG, PNG, WebP, TIFF, BMP, GIF or PNM file.
///
/// The format is recognized by content. JPEG is decoded to the very pixels that libjpeg gives (CMYK through Pillow's
/// formula); deeper samples are rounded to 8 bits; transparency is laid over white, or kept, as the options say; of an animation or several pages,
/// the first counts. The picture is turned upright as EXIF or XMP ask for it, and the colors of its profile are converted
/// to sRGB; [`LoadOptions`] switches either off. `name` is what errors call the picture.
///
/// ```
/// use impasto::image::{LoadOptions, decode_image, encode_png};
/// use ndarray::Array3;
///
/// let picture = Array3::from_shape_fn((2, 3, 3), |(y, x, channel)| (100 * y + 10 * x + channel) as u8);
/// let bytes = encode_png(picture.view())?;
/// let decoded = decode_image(&bytes, "memory".as_ref(), &LoadOptions::default())?;
/// assert_eq!(decoded, picture);
/// # Ok::<(), impasto::image::ImageError>(())
/// ```
///
/// # Errors
///
/// The bytes are no image, an unsupported, truncated or damaged one, or the picture has no pixels, more than
/// [`MAX_PIXELS`], or would take more than [`MAX_DECODE_BYTES`] to decode. What can be read all the same is a warning of
/// [`decode_image_with_warnings`].
pub fn decode_image(bytes: &[u8], name: &Path, options: &LoadOptions) -> Result<Array3<u8>, ImageError> {
    decode_image_with_warnings(bytes, name, options).map(|loaded| loaded.picture)
}

/// [`decode_image`], with its warnings.
///
/// # Errors
///
/// Those of [`decode_image`].
pub fn decode_image_with_warnings(
    bytes: &[u8],
    name: &Path,
    options: &LoadOptions,
) -> Result<Loaded, ImageError> {
    let mut loaded = decode::decode(bytes, name, options)?;
    let Some(size) = options.size else { return Ok(loaded) };
    loaded.picture = resize_picture(loaded.picture.view(), size, name)?;
    Ok(loaded)
}

/// A picture (H, W, 3) or (H, W, 4) in another size, as [`load_image`] resizes it; `name` is for errors.
///
/// # Errors
///
/// [`ImageError::TooSmall`] and [`ImageError::TooLarge`], of the picture and of the result.
pub fn resize_picture(
    picture: ArrayView3<'_, u8>,
    size: Size,
    name: &Path,
) -> Result<Array3<u8>, ImageError> {
    if size == Size::ShorterSide(0) {
        return Err(ImageError::TooSmall { path: name.to_path_buf(), width: 0, height: 0 });
    }
    let (own_height, own_width, _) = picture.dim();
    check_dimensions(name, own_width, own_height)?;
    let (height, width) = size.dimensions(own_height, own_width);
    check_dimensions(name, width, height)?;
    Ok(size.resize(picture))
}

/// Refuses pictures without pixels and those with more than [`MAX_PIXELS`].
fn check_dimensions(name: &Path, width: usize, height: usize) -> Result<(), ImageError> {
    match width.checked_mul(height) {
        Some(0) => Err(ImageError::TooSmall { path: name.to_path_buf(), width, height }),
        Some(1..=MAX_PIXELS) => Ok(()),
        _ => Err(ImageError::TooLarge { path: name.to_path_buf(), width, height }),
    }
}

/// Refuses pictures whose decoding would hold more than [`MAX_DECODE_BYTES`].
fn check_memory(name: &Path, (width, height): (usize, usize), bytes: u64) -> Result<(), ImageError> {
    if bytes > MAX_DECODE_BYTES {
        return Err(ImageError::TooMuchMemory { path: name.to_path_buf(), width, height });
    }
    Ok(())
}

fn read_bytes(source: impl Read, name: &Path) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    // One byte over the limit tells a file that is too large from one that just fits, even for a pipe without length.
    let read = source
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| ImageError::from_read(name, source))?;
    if read as u64 > MAX_FILE_BYTES {
        return Err(ImageError::FileTooLarge { path: name.to_path_buf(), limit: MAX_FILE_BYTES });
    }
    Ok(bytes)
}
