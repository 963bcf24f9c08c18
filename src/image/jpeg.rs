//! JPEG through mozjpeg, a libjpeg: its default decoder (accurate integer DCT, smooth chroma upsampling) is what the
//! notebook's pixels came from. libjpeg reports errors by unwinding; no unwinding leaves this file.

use std::{
    any::Any,
    cell::Cell,
    io::{self, BufRead, Read},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use image::{RgbImage, metadata::Orientation};
use mozjpeg::{
    ColorSpace, Compress, Marker,
    decompress::{DecompressBuilder, Format},
};

use super::{check_dimensions, error::ImageError};

/// What an APP1 segment starts with when it holds EXIF.
const EXIF_HEADER: &[u8] = b"Exif\0\0";

/// Decodes a JPEG to RGB, with the orientation that its EXIF segment asks for.
pub(super) fn decode(bytes: &[u8], name: &Path) -> Result<(RgbImage, Orientation), ImageError> {
    let ran_out = Cell::new(false);
    let source = Source { rest: bytes, ran_out: &ran_out };
    let decoded = catch_unwind(AssertUnwindSafe(|| decode_source(source, name)))
        .unwrap_or_else(|panic| Err(Failure::Libjpeg(panic_message(panic))));
    // libjpeg would fill a cut-off picture with grey and call it done.
    if ran_out.get() {
        return Err(ImageError::Truncated { path: name.to_path_buf() });
    }
    decoded.map_err(|failure| match failure {
        Failure::Refused(error) => error,
        Failure::Libjpeg(reason) => ImageError::Corrupt { path: name.to_path_buf(), reason },
    })
}

/// Encodes RGB rows to a JPEG of quality 95 with full colour resolution (4:4:4).
///
/// The error is libjpeg's message.
pub(super) fn encode(rgb: &[u8], width: usize, height: usize) -> Result<Vec<u8>, String> {
    catch_unwind(|| {
        let mut compress = Compress::new(ColorSpace::JCS_RGB);
        // Plain libjpeg's tables, so that 95 means what it means elsewhere, and no slow search for smaller files.
        compress.set_fastest_defaults();
        compress.set_size(width, height);
        compress.set_quality(95.0);
        compress.set_chroma_sampling_pixel_sizes((1, 1), (1, 1));
        let mut started = compress.start_compress(Vec::new())?;
        started.write_scanlines(rgb)?;
        started.finish()
    })
    .map_err(panic_message)?
    .map_err(|error| error.to_string())
}

/// Why `decode_source` stopped: for a reason of ours, or for one of libjpeg's.
enum Failure {
    Refused(ImageError),
    Libjpeg(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Libjpeg(error.to_string())
    }
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        Self::Refused(error)
    }
}

fn decode_source(source: Source<'_>, name: &Path) -> Result<(RgbImage, Orientation), Failure> {
    let decompress = DecompressBuilder::new().with_markers(&[Marker::APP(1)]).from_reader(source)?;
    let (width, height) = decompress.size();
    check_dimensions(name, width, height)?;
    if decompress.color_space() == ColorSpace::JCS_UNKNOWN {
        return Err(Failure::Refused(ImageError::UnsupportedColour {
            path: name.to_path_buf(),
            colour: format!("JPEG with {} components", decompress.components().len()),
        }));
    }
    let orientation = decompress
        .markers()
        .filter_map(|marker| marker.data.strip_prefix(EXIF_HEADER))
        .find_map(Orientation::from_exif_chunk)
        .unwrap_or(Orientation::NoTransforms);
    let rgb = match decompress.image()? {
        Format::RGB(mut started) => {
            let rgb = started.read_scanlines::<u8>()?;
            started.finish()?;
            rgb
        }
        Format::Gray(mut started) => {
            let grey = started.read_scanlines::<u8>()?;
            started.finish()?;
            grey.into_iter().flat_map(|level| [level; 3]).collect()
        }
        Format::CMYK(mut started) => {
            let inks = started.read_scanlines::<[u8; 4]>()?;
            started.finish()?;
            inks.into_iter().flat_map(rgb_from_inverted_cmyk).collect()
        }
    };
    let image = RgbImage::from_raw(width as u32, height as u32, rgb)
        .ok_or_else(|| Failure::Libjpeg("fewer rows than the header says".into()))?;
    Ok((image, orientation))
}

/// Pillow's conversion of CMYK, inverted as Adobe's programs (and so nearly all CMYK JPEGs) store it.
fn rgb_from_inverted_cmyk([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    [cyan, magenta, yellow].map(|ink| {
        // black * (255 - ink) / 255, rounded by Pillow's integer trick.
        let product = u32::from(black) * u32::from(255 - ink) + 128;
        let shade = (product + (product >> 8)) >> 8;
        (u32::from(black) - shade) as u8
    })
}

/// The text that libjpeg's error handler unwinds with.
fn panic_message(panic: Box<dyn Any + Send>) -> String {
    panic.downcast::<String>().map_or_else(|_| "libjpeg failed".into(), |message| *message)
}

/// The bytes of a file, remembering whether libjpeg asked for more than there are.
struct Source<'a> {
    rest: &'a [u8],
    ran_out: &'a Cell<bool>,
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.rest.is_empty() {
            self.ran_out.set(true);
        }
        Ok(self.rest)
    }

    fn consume(&mut self, amount: usize) {
        self.rest.consume(amount);
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.rest.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Literals by Pillow 13.0: `Image.fromarray(255 - inks, "CMYK").convert("RGB")`.
    #[test]
    fn cmyk_equals_pillow() {
        assert_eq!(rgb_from_inverted_cmyk([255; 4]), [255; 3]);
        assert_eq!(rgb_from_inverted_cmyk([0; 4]), [0; 3]);
        assert_eq!(rgb_from_inverted_cmyk([55, 155, 205, 225]), [49, 137, 181]);
        assert_eq!(rgb_from_inverted_cmyk([245, 127, 0, 55]), [53, 27, 0]);
    }
}
