//! From a picture to a file that appears whole or not at all, and the check that this will work before hours are spent.
//! The format follows the extension; nothing is resized, and no metadata is written but the profile of sRGB.

use std::{
    io::{self, Cursor, Write},
    path::Path,
};

#[cfg(feature = "tiff")]
use image::codecs::tiff::TiffEncoder;
#[cfg(feature = "webp")]
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageFormat, codecs::png::PngEncoder};
use impasto_arrays::files;
use ndarray::ArrayView3;

use super::{decode::is_built_in, error::ImageError, profile};

/// How [`save_image_with`] writes a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SaveOptions {
    /// The quality of a JPEG, from 1 to 100; `None` is 95. No other format that is written loses anything.
    pub quality: Option<u8>,
}

impl SaveOptions {
    /// The same options, with a quality from 1 to 100.
    pub fn with_quality(self, quality: u8) -> Self {
        SaveOptions { quality: Some(quality) }
    }

    /// Checks that they suit the format of `path`.
    ///
    /// ```
    /// use impasto::image::SaveOptions;
    ///
    /// let small = SaveOptions::default().with_quality(60);
    /// assert!(small.check("result.jpg".as_ref()).is_ok());
    /// assert!(small.check("result.png".as_ref()).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`ImageError::NoQuality`] for a format that loses nothing, [`ImageError::Quality`]; those of the extension.
    pub fn check(self, path: &Path) -> Result<(), ImageError> {
        match (self.quality, output_format(path)?) {
            (None, _) | (Some(1..=100), ImageFormat::Jpeg) => Ok(()),
            (Some(quality), ImageFormat::Jpeg) => Err(ImageError::Quality { quality }),
            (Some(_), _) => Err(ImageError::NoQuality { path: path.to_path_buf() }),
        }
    }
}

/// The quality of a JPEG unless told otherwise.
#[cfg(feature = "jpeg")]
const DEFAULT_QUALITY: u8 = 95;

/// Writes a picture (H, W, 3), RGB, as PNG, JPEG (quality 95), WebP (lossless), TIFF or BMP, by the extension of `path`
/// (`png`, `jpg`, `jpeg`, `webp`, `tiff`, `tif`, `bmp`, in any case). All but BMP say that its colors are sRGB.
///
/// The picture is written to a temporary file in the same folder, which then takes the name `path`: whoever looks finds
/// the old file or the new one, never a part of it.
///
/// ```
/// use impasto::image::{LoadOptions, load_image, save_image};
/// use ndarray::Array3;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("result.png");
/// let picture = Array3::from_elem((4, 5, 3), 77);
/// save_image(&path, picture.view())?;
/// assert_eq!(load_image(&path, &LoadOptions::default())?, picture); // PNG loses nothing
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Those of [`check_output_path`]; the format cannot hold a picture of these sides; the disk is full.
///
/// # Panics
///
/// If the last axis is not 3 long.
pub fn save_image(path: &Path, picture: ArrayView3<'_, u8>) -> Result<(), ImageError> {
    save_image_with(path, picture, &SaveOptions::default())
}

/// [`save_image`], with options.
///
/// # Errors
///
/// Those of [`save_image`] and of [`SaveOptions::check`].
///
/// # Panics
///
/// If the last axis is not 3 long.
pub fn save_image_with(
    path: &Path,
    picture: ArrayView3<'_, u8>,
    options: &SaveOptions,
) -> Result<(), ImageError> {
    let (height, width, channels) = picture.dim();
    assert_eq!(channels, 3, "a picture has shape (H, W, 3)");
    options.check(path)?;
    let format = output_format(path)?;
    let rgb: Vec<u8> = picture.iter().copied().collect();
    let encoded = encode(format, &rgb, (width, height), *options)
        .map_err(|reason| ImageError::Encode { path: path.to_path_buf(), reason })?;

    check_folder(path)?;
    let mut file = files::create_beside(path).map_err(|source| not_writable(path, source))?;
    let write_error = |source| ImageError::Write { path: path.to_path_buf(), source };
    file.write_all(&encoded).map_err(write_error)?;
    files::replace(file, path).map_err(write_error)
}

/// A picture (H, W, 3), RGB, as the bytes of a PNG file.
///
/// # Errors
///
/// The picture has no pixels, or more than the format can hold.
///
/// # Panics
///
/// If the last axis is not 3 long.
pub fn encode_png(picture: ArrayView3<'_, u8>) -> Result<Vec<u8>, ImageError> {
    let (height, width, channels) = picture.dim();
    assert_eq!(channels, 3, "a picture has shape (H, W, 3)");
    let rgb: Vec<u8> = picture.iter().copied().collect();
    let options = SaveOptions::default();
    encode(ImageFormat::Png, &rgb, (width, height), options)
        .map_err(|reason| ImageError::EncodePng { reason })
}

/// Checks that [`save_image`] can write to `path`, without leaving anything there.
///
/// ```
/// use impasto::image::check_output_path;
///
/// let refused = check_output_path("result.docx".as_ref());
/// assert!(refused.unwrap_err().to_string().contains("result.docx"));
/// ```
///
/// # Errors
///
/// The path is a folder, a device or a pipe, or a file that is protected; its name is too long; its extension names no
/// format that can be written; its folder does not exist or accepts no new files.
pub fn check_output_path(path: &Path) -> Result<(), ImageError> {
    output_format(path)?;
    check_folder(path)?;
    // Only trying tells: permission bits say nothing of read-only disks and access lists.
    files::check_writable(path).map_err(|source| not_writable(path, source))
}

/// Checks that the format of `path` can hold a picture of these sides, in pixels; height first.
///
/// ```
/// use impasto::image::check_picture_size;
///
/// assert!(check_picture_size("wide.png".as_ref(), (100, 20_000)).is_ok());
/// assert!(check_picture_size("wide.webp".as_ref(), (100, 20_000)).is_err());
/// ```
///
/// # Errors
///
/// [`ImageError::TooLargeForFormat`] names the longest side that the format has; those of the extension.
pub fn check_picture_size(path: &Path, (height, width): (usize, usize)) -> Result<(), ImageError> {
    let (name, longest) = match output_format(path)? {
        ImageFormat::WebP => ("WebP", 16_383),
        ImageFormat::Jpeg => ("JPEG", 65_500),
        _ => return Ok(()),
    };
    match height.max(width) > longest {
        true => Err(ImageError::TooLargeForFormat { path: path.to_path_buf(), name, height, width, longest }),
        false => Ok(()),
    }
}

fn output_format(path: &Path) -> Result<ImageFormat, ImageError> {
    if path.is_dir() {
        return Err(ImageError::IsFolder { path: path.to_path_buf() });
    }
    let extension = path.extension().and_then(|extension| extension.to_str());
    let format = match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("png") => Some(ImageFormat::Png),
        Some("jpg" | "jpeg") => Some(ImageFormat::Jpeg),
        Some("webp") => Some(ImageFormat::WebP),
        Some("tiff" | "tif") => Some(ImageFormat::Tiff),
        Some("bmp") => Some(ImageFormat::Bmp),
        _ => None,
    };
    let format = format.filter(|&format| is_built_in(format));
    format.ok_or_else(|| ImageError::UnknownExtension { path: path.to_path_buf() })
}

/// Encodes RGB rows in memory; the error is the encoder's message.
fn encode(
    format: ImageFormat,
    rgb: &[u8],
    (width, height): (usize, usize),
    options: SaveOptions,
) -> Result<Vec<u8>, String> {
    if rgb.is_empty() {
        return Err("the picture has no pixels".into());
    }
    let profile = profile::srgb()?;
    #[cfg(feature = "jpeg")]
    if format == ImageFormat::Jpeg {
        let quality = options.quality.unwrap_or(DEFAULT_QUALITY);
        return super::jpeg::encode(rgb, (width, height), quality, &profile);
    }
    #[cfg(not(feature = "jpeg"))]
    let _ = options;
    let side = |side: usize| u32::try_from(side).map_err(|error| error.to_string());
    let (width, height) = (side(width)?, side(height)?);
    let mut encoded = Cursor::new(Vec::new());
    let written = match format {
        ImageFormat::Png => write_with_profile(PngEncoder::new(&mut encoded), profile, rgb, width, height),
        #[cfg(feature = "tiff")]
        ImageFormat::Tiff => write_with_profile(TiffEncoder::new(&mut encoded), profile, rgb, width, height),
        #[cfg(feature = "webp")]
        ImageFormat::WebP => {
            write_with_profile(WebPEncoder::new_lossless(&mut encoded), profile, rgb, width, height)
        }
        _ => {
            let color = ExtendedColorType::Rgb8;
            image::write_buffer_with_format(&mut encoded, rgb, width, height, color, format)
        }
    };
    written.map_err(|error| error.to_string())?;
    Ok(encoded.into_inner())
}

fn write_with_profile(
    mut encoder: impl ImageEncoder,
    profile: Vec<u8>,
    rgb: &[u8],
    width: u32,
    height: u32,
) -> image::ImageResult<()> {
    // An encoder that takes none writes the picture all the same: without one, it is sRGB by custom.
    let _ = encoder.set_icc_profile(profile);
    encoder.write_image(rgb, width, height, ExtendedColorType::Rgb8)
}

fn check_folder(path: &Path) -> Result<(), ImageError> {
    let folder = folder_of(path);
    match folder.is_dir() {
        true => Ok(()),
        false => Err(ImageError::MissingFolder { path: path.to_path_buf(), folder: folder.to_path_buf() }),
    }
}

fn not_writable(path: &Path, source: io::Error) -> ImageError {
    ImageError::NotWritable { path: path.to_path_buf(), source }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
