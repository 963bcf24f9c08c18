//! From pixels to the bytes of a file, format by format. Every format that can says that its colors are sRGB, how closely
//! the pixels lie, and what picture this is.

#[cfg(feature = "jpeg")]
mod jpeg;
mod png;
#[cfg(feature = "tiff")]
mod tiff;
#[cfg(feature = "webp")]
mod webp;
mod xmp;

use std::io::Cursor;

use image::{ExtendedColorType, ImageFormat};
use ndarray::ArrayView3;

use super::{canvas::laid_over, density::Density, level::Level, profile, save::SaveOptions};

pub(super) use self::xmp::record as record_of_xmp;

/// Pixels, and all that is to be said of them.
struct Page<'a> {
    samples: Samples,
    width: u32,
    height: u32,
    /// Whether a pixel has four samples.
    alpha: bool,
    /// The profile of sRGB.
    profile: Vec<u8>,
    density: Option<Density>,
    xmp: Option<String>,
    // What a format without XMP could not say is not said elsewhere either.
    options: &'a SaveOptions,
}

/// Samples row by row.
enum Samples {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
}

/// Whether a format has alpha.
pub(super) fn has_alpha(format: ImageFormat) -> bool {
    matches!(format, ImageFormat::Png | ImageFormat::Tiff | ImageFormat::WebP)
}

/// Whether a format has samples of 16 bits.
pub(super) fn has_sixteen_bits(format: ImageFormat) -> bool {
    matches!(format, ImageFormat::Png | ImageFormat::Tiff)
}

/// Encodes a picture (H, W, 3), or (H, W, 4) with alpha, in memory; the error is the encoder's message.
pub(super) fn encode<L: Level>(
    format: ImageFormat,
    picture: ArrayView3<'_, L>,
    options: &SaveOptions,
) -> Result<Vec<u8>, String> {
    if picture.is_empty() {
        return Err("the picture has no pixels".into());
    }
    let (height, width, channels) = picture.dim();
    let side = |side: usize| u32::try_from(side).map_err(|error| error.to_string());
    let mut page = Page {
        samples: match L::BITS {
            16 => Samples::Sixteen(picture.iter().map(|level| level.number() as u16).collect()),
            _ => Samples::Eight(picture.iter().map(|level| level.number() as u8).collect()),
        },
        width: side(width)?,
        height: side(height)?,
        alpha: channels == 4,
        profile: profile::srgb()?,
        density: options.density,
        xmp: options.record.as_deref().map(|record| xmp::packet(record, options.density)),
        options,
    };
    if page.alpha && !has_alpha(format) {
        page.flatten(options.background);
    }
    match format {
        ImageFormat::Png => png::encode(&page),
        #[cfg(feature = "jpeg")]
        ImageFormat::Jpeg => jpeg::encode(&page),
        #[cfg(feature = "tiff")]
        ImageFormat::Tiff => tiff::encode(&page),
        #[cfg(feature = "webp")]
        ImageFormat::WebP => webp::encode(&page),
        _ => page.encode_plainly(format),
    }
}

impl Page<'_> {
    /// Lays the pixels over a color.
    fn flatten(&mut self, background: [u8; 3]) {
        if let Samples::Eight(samples) = &mut self.samples {
            let pixels = samples.as_chunks::<4>().0.iter();
            *samples = pixels.flat_map(|&[r, g, b, alpha]| laid_over([r, g, b], alpha, background)).collect();
            self.alpha = false;
        }
    }

    /// The samples of a format that has 8 bits alone.
    fn bytes(&self) -> Result<&[u8], String> {
        match &self.samples {
            Samples::Eight(samples) => Ok(samples),
            Samples::Sixteen(_) => Err("the format has no samples of 16 bits".into()),
        }
    }

    /// What its bytes are.
    fn color(&self) -> ExtendedColorType {
        if self.alpha { ExtendedColorType::Rgba8 } else { ExtendedColorType::Rgb8 }
    }

    /// A format about which there is nothing to say.
    fn encode_plainly(&self, format: ImageFormat) -> Result<Vec<u8>, String> {
        let mut encoded = Cursor::new(Vec::new());
        let (width, height) = (self.width, self.height);
        image::write_buffer_with_format(&mut encoded, self.bytes()?, width, height, self.color(), format)
            .map_err(|error| error.to_string())?;
        Ok(encoded.into_inner())
    }
}
