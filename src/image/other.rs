//! The formats that `image` decodes whole: BMP, GIF, PNM and WebP.

use std::{io::Cursor, path::Path};

use image::{
    ColorType, ImageDecoder, ImageFormat, ImageReader, Limits,
    error::{ImageError as DecoderError, UnsupportedErrorKind},
};

use super::{
    MAX_DECODE_BYTES,
    canvas::{Canvas, Layout, level_of_16},
    check_dimensions, check_memory,
    decoded::{Decoded, corrupt, truncated},
    error::ImageError,
    metadata::Metadata,
    options::LoadOptions,
    profile::Described,
    webp,
};

pub(super) fn decode(
    bytes: &[u8],
    name: &Path,
    format: ImageFormat,
    options: &LoadOptions,
) -> Result<Decoded, ImageError> {
    let from_decoder = |error| from_decoder(name, error);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_DECODE_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(from_decoder)?;
    let (width, height) = decoder.dimensions();
    let size = (width as usize, height as usize);
    check_dimensions(name, size.0, size.1)?;

    let color = decoder.color_type();
    let (layout, deep) = match color {
        ColorType::L8 => (Layout::Gray, false),
        ColorType::La8 => (Layout::GrayAlpha, false),
        ColorType::Rgb8 => (Layout::Rgb, false),
        ColorType::Rgba8 => (Layout::Rgba, false),
        ColorType::L16 => (Layout::Gray, true),
        ColorType::La16 => (Layout::GrayAlpha, true),
        ColorType::Rgb16 => (Layout::Rgb, true),
        ColorType::Rgba16 => (Layout::Rgba, true),
        _ => return Err(floating_point(name)),
    };
    // What the decoder gives, what it holds meanwhile, and the result.
    let held = match format {
        // Indices, the frame and the screen that it is laid on.
        ImageFormat::Gif => 5,
        // Planes of a lossy picture, or four samples of a lossless one; with transparency or frames, both and the screen.
        ImageFormat::WebP if color == ColorType::Rgb8 && !webp::is_animated(bytes) => 4,
        ImageFormat::WebP => 9,
        _ => 0,
    };
    let pixels = u64::from(width) * u64::from(height);
    let given = u64::from(color.bytes_per_pixel());
    check_memory(name, size, pixels * (given + u64::max(held, 3)))?;

    let (metadata, described) = match format {
        ImageFormat::WebP => webp::metadata(bytes),
        _ => (Metadata::default(), decoder.icc_profile().ok().flatten().map(Described::Icc)),
    };
    let mut given = vec![0; decoder.total_bytes() as usize];
    decoder.read_image(&mut given).map_err(from_decoder)?;

    let mut warnings = Vec::new();
    let mut canvas = Canvas::new(name, size, layout, described.as_ref(), options, &mut warnings)?;
    let mut shallow = Vec::new();
    let row_length = size.0 * usize::from(color.bytes_per_pixel());
    for row in given.chunks_exact(row_length) {
        match deep {
            true => {
                shallow.clear();
                let samples = row.as_chunks::<2>().0.iter();
                shallow.extend(samples.map(|&sample| level_of_16(u16::from_ne_bytes(sample))));
                canvas.push(&shallow);
            }
            false => canvas.push(row),
        }
    }
    let image = canvas.finish(name, &mut warnings).map_err(|reason| corrupt(name, reason))?;
    Ok(Decoded { image, metadata, warnings })
}

/// Floating-point samples are linear light without an agreed white: there is no faithful 8-bit reading.
pub(super) fn floating_point(name: &Path) -> ImageError {
    ImageError::UnsupportedColor { path: name.to_path_buf(), color: "floating-point samples".into() }
}

fn from_decoder(name: &Path, error: DecoderError) -> ImageError {
    let path = name.to_path_buf();
    match error {
        DecoderError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => truncated(name),
        DecoderError::Unsupported(error) => match error.kind() {
            UnsupportedErrorKind::Color(_) => {
                ImageError::UnsupportedColor { path, color: "an unusual kind of samples".into() }
            }
            UnsupportedErrorKind::GenericFeature(feature) => ImageError::UnsupportedFormat { path, feature },
            _ => ImageError::UnsupportedFormat { path, feature: error.to_string() },
        },
        error => corrupt(name, error),
    }
}
