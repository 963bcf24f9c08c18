//! JPEG through mozjpeg.

use std::panic::catch_unwind;

use mozjpeg::{ColorSpace, Compress, Marker, PixelDensity, PixelDensityUnit};

use super::Page;
use crate::image::{
    jpeg::panic_message,
    segments::{ICC_HEADER, XMP_HEADER},
};

/// The quality unless told otherwise.
const DEFAULT_QUALITY: u8 = 95;

/// The most bytes that a segment holds.
const MAX_SEGMENT: usize = 65_533;

/// Encodes with the tables of libjpeg, without chroma subsampling, baseline.
///
/// The error is libjpeg's message.
pub(super) fn encode(page: &Page<'_>) -> Result<Vec<u8>, String> {
    let quality = page.options.quality.unwrap_or(DEFAULT_QUALITY);
    let rgb = page.bytes()?;
    catch_unwind(|| {
        let mut compress = Compress::new(ColorSpace::JCS_RGB);
        // Plain libjpeg's tables, so that 95 means what it means elsewhere, and no slow search for smaller files.
        compress.set_fastest_defaults();
        compress.set_size(page.width as usize, page.height as usize);
        compress.set_quality(f32::from(quality));
        compress.set_chroma_sampling_pixel_sizes((1, 1), (1, 1));
        if let Some(density) = page.density {
            let [x, y] = [density.across, density.down].map(|density| density.round() as u16);
            compress.set_pixel_density(PixelDensity { unit: PixelDensityUnit::Inches, x, y });
        }
        let mut started = compress.start_compress(Vec::new())?;
        // The first of one segment. mozjpeg's own function counts from 0, which readers take for damage.
        started.write_marker(Marker::APP(2), &[ICC_HEADER, &[1, 1], &page.profile].concat());
        if let Some(xmp) = &page.xmp {
            let segment = [XMP_HEADER, xmp.as_bytes()].concat();
            // What is longer has no place in a JPEG.
            if segment.len() <= MAX_SEGMENT {
                started.write_marker(Marker::APP(1), &segment);
            }
        }
        started.write_scanlines(rgb)?;
        started.finish()
    })
    .map_err(panic_message)?
    .map_err(|error| error.to_string())
}
