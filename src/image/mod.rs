//! From a file to the network's input and back: [`load_image`] -> [`preprocess_image`] -> ... -> [`deprocess_image`]
//! -> [`save_image`], the functions of the notebook's image cells.
//!
//! Pictures are `Array3<u8>` of shape (H, W, 3) in RGB; preprocessed pictures are `Array4<f32>` of shape (1, H, W, 3).
//! Nothing here knows the network or its losses.
//!
//! - `decode`: bytes to pixels, whatever the format; `jpeg` holds what concerns that format alone
//! - `resize`: Pillow's bilinear resize, bit by bit
//! - `preprocess`: pixels to the network's units and back
//! - `resample`: preprocessed pictures in another size, in f32
//! - `save`: pixels to a file that appears whole or not at all
//! - `error`: what can go wrong on the way

mod decode;
mod error;
mod jpeg;
mod preprocess;
mod resample;
mod resize;
mod save;

use std::{fs::File, io::Read, path::Path};

use ndarray::Array3;

pub use self::{
    error::ImageError,
    preprocess::{deprocess_image, pixel_range, preprocess_image},
    resample::resize_preprocessed,
    resize::{resize_image, resize_image_to, resized_dimensions, shrink_image},
    save::{check_output_path, encode_png, save_image},
};

/// The largest picture that is decoded or made by resizing, in pixels (200 megapixels, 600 MB of RGB).
///
/// A few bytes of header can claim any size; the limit is checked before memory is set aside for the pixels.
pub const MAX_PIXELS: usize = 200_000_000;

/// The most bytes read from a file; more than an uncompressed picture of [`MAX_PIXELS`] RGB pixels takes.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// How [`load_image`] and [`decode_image`] turn a file into a picture.
///
/// The default keeps the size and honours the orientation that a camera noted in EXIF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadOptions {
    /// The shorter side of the result in pixels (the notebook's `size`); `None` keeps the size of the file.
    pub size: Option<usize>,
    /// Take the pixels as they are stored, even if EXIF says that the camera was turned.
    pub ignore_orientation: bool,
}

impl LoadOptions {
    /// Resize to this shorter side in pixels, as the notebook's `load_image(path, size)` does.
    pub fn shorter_side(size: usize) -> Self {
        Self { size: Some(size), ..Self::default() }
    }

    /// The same options, with or without regard to the EXIF orientation.
    pub fn with_ignore_orientation(self, ignore_orientation: bool) -> Self {
        Self { ignore_orientation, ..self }
    }
}

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
    let bytes = read_file(path)?;
    decode_image(&bytes, path, options)
}

/// Decodes a picture of shape (H, W, 3), RGB, from the bytes of a JPEG, PNG, WebP, TIFF, BMP, GIF or PNM file.
///
/// The format is recognised by content. JPEG is decoded to the very pixels that libjpeg gives (CMYK through Pillow's
/// formula); deeper samples are rounded to 8 bits; transparency is laid over white; of an animation, the first frame
/// counts. Colour profiles are ignored, as in the notebook. `name` is what errors call the picture.
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
/// The bytes are no image, an unsupported, truncated or damaged one, or the picture has no pixels or more than
/// [`MAX_PIXELS`]. Damage inside a JPEG that libjpeg steps over with a warning is not noticed.
pub fn decode_image(bytes: &[u8], name: &Path, options: &LoadOptions) -> Result<Array3<u8>, ImageError> {
    let picture = decode::decode(bytes, name, options.ignore_orientation)?;
    let Some(size) = options.size else {
        return Ok(picture);
    };
    let (height, width, _) = picture.dim();
    if size == 0 {
        return Err(ImageError::TooSmall { path: name.to_path_buf(), width: 0, height: 0 });
    }
    let (height, width) = resize::resized_dimensions(height, width, size);
    check_dimensions(name, width, height)?;
    Ok(resize_image(picture.view(), size))
}

/// Refuses pictures without pixels and those with more than [`MAX_PIXELS`].
fn check_dimensions(name: &Path, width: usize, height: usize) -> Result<(), ImageError> {
    match width.checked_mul(height) {
        Some(0) => Err(ImageError::TooSmall { path: name.to_path_buf(), width, height }),
        Some(1..=MAX_PIXELS) => Ok(()),
        _ => Err(ImageError::TooLarge { path: name.to_path_buf(), width, height }),
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    // One byte over the limit tells a file that is too large from one that just fits, even for a pipe without length.
    let read = File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|source| ImageError::from_read(path, source))?;
    if read as u64 > MAX_FILE_BYTES {
        return Err(ImageError::FileTooLarge { path: path.to_path_buf(), limit: MAX_FILE_BYTES });
    }
    Ok(bytes)
}
