//! From a picture to a file that appears whole or not at all, and the check that this will work before hours are spent.
//! The format follows the extension; nothing is resized.

use std::{
    io::{self, Write},
    path::Path,
};

use image::ImageFormat;
use impasto_arrays::files;
use ndarray::ArrayView3;

use super::{
    decode::is_built_in,
    density::Density,
    encode::{encode, has_sixteen_bits},
    error::ImageError,
    level::Level,
};

/// How [`save_image_with`] writes a picture.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SaveOptions {
    /// The quality of a JPEG or a WebP, from 1 to 100; `None` is 95 for JPEG, and a WebP without loss.
    pub quality: Option<u8>,
    /// How many pixels make an inch.
    pub density: Option<Density>,
    /// What made the picture, for [`Loaded::record`](super::Loaded::record) of whoever loads it. PNG, JPEG, WebP and TIFF
    /// hold it in an XMP packet, a JPEG only up to 64 kB.
    pub record: Option<String>,
    /// The color, in RGB, that a picture with alpha is laid over in formats without.
    pub background: [u8; 3],
}

impl Default for SaveOptions {
    fn default() -> Self {
        SaveOptions { quality: None, density: None, record: None, background: [u8::MAX; 3] }
    }
}

impl SaveOptions {
    /// The same options, with a quality from 1 to 100.
    pub fn with_quality(self, quality: u8) -> Self {
        SaveOptions { quality: Some(quality), ..self }
    }

    /// The same options, with a density.
    pub fn with_density(self, density: Density) -> Self {
        SaveOptions { density: Some(density), ..self }
    }

    /// The same options, with a record of what made the picture.
    pub fn with_record(self, record: impl Into<String>) -> Self {
        SaveOptions { record: Some(record.into()), ..self }
    }

    /// The same options, with a color below pictures with alpha.
    pub fn with_background(self, background: [u8; 3]) -> Self {
        SaveOptions { background, ..self }
    }

    /// Checks that they, and samples of type `L`, suit the format of `path`.
    ///
    /// ```
    /// use impasto::image::SaveOptions;
    ///
    /// let small = SaveOptions::default().with_quality(60);
    /// assert!(small.check::<u8>("result.jpg".as_ref()).is_ok());
    /// assert!(small.check::<u8>("result.png".as_ref()).is_err()); // it loses nothing
    /// assert!(small.check::<u16>("result.jpg".as_ref()).is_err()); // it has 8 bits
    /// ```
    ///
    /// # Errors
    ///
    /// [`ImageError::NoQuality`] for a format that loses nothing, [`ImageError::Quality`];
    /// [`ImageError::NoSixteenBits`] for one that has 8 alone; those of the extension.
    pub fn check<L: Level>(&self, path: &Path) -> Result<(), ImageError> {
        let format = output_format(path)?;
        if L::BITS > 8 && !has_sixteen_bits(format) {
            return Err(ImageError::NoSixteenBits { path: path.to_path_buf() });
        }
        match (self.quality, format) {
            (None, _) | (Some(1..=100), ImageFormat::Jpeg | ImageFormat::WebP) => Ok(()),
            (Some(quality), ImageFormat::Jpeg | ImageFormat::WebP) => Err(ImageError::Quality { quality }),
            (Some(_), _) => Err(ImageError::NoQuality { path: path.to_path_buf() }),
        }
    }
}

/// Writes a picture (H, W, 3), RGB, as PNG, JPEG (quality 95), WebP (lossless), TIFF or BMP, by the extension of `path`
/// (`png`, `jpg`, `jpeg`, `webp`, `tiff`, `tif`, `bmp`, in any case). All but BMP say that its colors are sRGB. A picture
/// (H, W, 4) has alpha; JPEG and BMP, which have none, show it over white.
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
/// If the last axis is neither 3 nor 4 long.
pub fn save_image(path: &Path, picture: ArrayView3<'_, u8>) -> Result<(), ImageError> {
    save_image_with(path, picture, &SaveOptions::default())
}

/// [`save_image`], with options, of samples in 8 bits or, in PNG and TIFF, 16.
///
/// # Errors
///
/// Those of [`save_image`] and of [`SaveOptions::check`].
///
/// # Panics
///
/// If the last axis is neither 3 nor 4 long.
pub fn save_image_with<L: Level>(
    path: &Path,
    picture: ArrayView3<'_, L>,
    options: &SaveOptions,
) -> Result<(), ImageError> {
    let encoded = encode_image(path, picture, options)?;
    check_folder(path)?;
    let mut file = files::create_beside(path).map_err(|source| not_writable(path, source))?;
    let write_error = |source| ImageError::Write { path: path.to_path_buf(), source };
    file.write_all(&encoded).map_err(write_error)?;
    files::replace(file, path).map_err(write_error)
}

/// The bytes that [`save_image_with`] would write to a file of this name, whose extension chooses the format.
///
/// # Errors
///
/// Those of [`SaveOptions::check`]; the format cannot hold the picture.
///
/// # Panics
///
/// If the last axis is neither 3 nor 4 long.
pub fn encode_image<L: Level>(
    name: &Path,
    picture: ArrayView3<'_, L>,
    options: &SaveOptions,
) -> Result<Vec<u8>, ImageError> {
    check_channels(picture);
    options.check::<L>(name)?;
    let format = output_format(name)?;
    encode(format, picture, options).map_err(|reason| ImageError::Encode { path: name.to_path_buf(), reason })
}

/// A picture (H, W, 3), RGB, or (H, W, 4) with alpha, as the bytes of a PNG file.
///
/// # Errors
///
/// The picture has no pixels, or more than the format can hold.
///
/// # Panics
///
/// If the last axis is neither 3 nor 4 long.
pub fn encode_png(picture: ArrayView3<'_, u8>) -> Result<Vec<u8>, ImageError> {
    encode_png_with(picture, &SaveOptions::default())
}

/// [`encode_png`], with options, of samples in 8 or in 16 bits.
///
/// # Errors
///
/// Those of [`encode_png`]; PNG has no quality, which is not looked at.
///
/// # Panics
///
/// If the last axis is neither 3 nor 4 long.
pub fn encode_png_with<L: Level>(
    picture: ArrayView3<'_, L>,
    options: &SaveOptions,
) -> Result<Vec<u8>, ImageError> {
    check_channels(picture);
    encode(ImageFormat::Png, picture, options).map_err(|reason| ImageError::EncodePng { reason })
}

fn check_channels<L>(picture: ArrayView3<'_, L>) {
    let (_, _, channels) = picture.dim();
    assert!(matches!(channels, 3 | 4), "a picture has shape (H, W, 3), or (H, W, 4) with alpha");
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
