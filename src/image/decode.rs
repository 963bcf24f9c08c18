//! From the bytes of a file to upright RGB pixels, whatever the format.
//! It does not resize, and leaves the particulars of JPEG to `jpeg`.

use std::{io::Cursor, path::Path};

use image::{
    ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage,
    error::{ImageError as DecoderError, UnsupportedErrorKind},
    metadata::Orientation,
};
use ndarray::Array3;

use super::{MAX_PIXELS, check_dimensions, error::ImageError, jpeg};

/// The most bytes a decoder may set aside: a picture of [`MAX_PIXELS`] at 16-bit RGBA.
const MAX_DECODER_BYTES: u64 = MAX_PIXELS as u64 * 8;

/// Decodes a file's bytes to a picture (H, W, 3), RGB, turned upright unless `ignore_orientation`.
pub(super) fn decode(bytes: &[u8], name: &Path, ignore_orientation: bool) -> Result<Array3<u8>, ImageError> {
    let (mut image, orientation) = match recognise(bytes, name)? {
        ImageFormat::Jpeg => {
            let (image, orientation) = jpeg::decode(bytes, name)?;
            (DynamicImage::ImageRgb8(image), orientation)
        }
        format => decode_other(bytes, name, format)?,
    };
    if !ignore_orientation {
        image.apply_orientation(orientation);
    }
    let image = if image.color().has_alpha() { over_white(image) } else { image.into_rgb8() };
    let shape = (image.height() as usize, image.width() as usize, 3);
    Ok(Array3::from_shape_vec(shape, image.into_raw()).expect("an RGB image has three bytes a pixel"))
}

/// Tells the format from the first bytes.
fn recognise(bytes: &[u8], name: &Path) -> Result<ImageFormat, ImageError> {
    let path = name.to_path_buf();
    if bytes.is_empty() {
        return Err(ImageError::Empty { path });
    }
    match image::guess_format(bytes) {
        Ok(format) if format == ImageFormat::Jpeg || format.reading_enabled() => Ok(format),
        Ok(format) => Err(ImageError::UnsupportedFormat { path, feature: format!("{format:?}") }),
        // Phones store photos as HEIF, whose files are boxes of the kind "ftyp".
        Err(_) if bytes.get(4..8) == Some(b"ftyp") => {
            Err(ImageError::UnsupportedFormat { path, feature: "HEIF".into() })
        }
        Err(_) => Err(ImageError::NotAnImage { path }),
    }
}

fn decode_other(
    bytes: &[u8],
    name: &Path,
    format: ImageFormat,
) -> Result<(DynamicImage, Orientation), ImageError> {
    let decode = || -> Result<_, DecoderError> {
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(MAX_DECODER_BYTES);
        reader.limits(limits);
        reader.into_decoder()
    };
    let mut decoder = decode().map_err(|error| from_decoder(name, error))?;
    let (width, height) = decoder.dimensions();
    check_dimensions(name, width as usize, height as usize)?;
    if matches!(decoder.color_type(), ColorType::Rgb32F | ColorType::Rgba32F) {
        // Floating-point samples are linear light without an agreed white: there is no faithful 8-bit reading.
        return Err(ImageError::UnsupportedColour {
            path: name.to_path_buf(),
            colour: "floating-point samples".into(),
        });
    }
    let orientation = decoder.orientation().map_err(|error| from_decoder(name, error))?;
    let image = DynamicImage::from_decoder(decoder).map_err(|error| from_decoder(name, error))?;
    Ok((image, orientation))
}

/// Lays a picture with transparency over a white sheet.
fn over_white(image: DynamicImage) -> RgbImage {
    let image = image.into_rgba8();
    let (width, height) = image.dimensions();
    RgbImage::from_fn(width, height, |x, y| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0;
        let alpha = u32::from(alpha);
        let blend = |level| {
            let sum = u32::from(level) * alpha + 255 * (255 - alpha);
            ((sum + 127) / 255) as u8
        };
        image::Rgb([red, green, blue].map(blend))
    })
}

fn from_decoder(name: &Path, error: DecoderError) -> ImageError {
    let path = name.to_path_buf();
    match error {
        DecoderError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            ImageError::Truncated { path }
        }
        DecoderError::Unsupported(error) => match error.kind() {
            UnsupportedErrorKind::Color(colour) => {
                ImageError::UnsupportedColour { path, colour: format!("{colour:?}") }
            }
            UnsupportedErrorKind::GenericFeature(feature) => ImageError::UnsupportedFormat { path, feature },
            _ => ImageError::UnsupportedFormat { path, feature: error.to_string() },
        },
        error => ImageError::Corrupt { path, reason: error.to_string() },
    }
}
