//! JPEG through mozjpeg, a libjpeg: its default decoder (accurate integer DCT, smooth chroma upsampling) is what the
//! notebook's pixels came from. libjpeg reports errors by unwinding; no unwinding leaves this file.

use std::{
    any::Any,
    cell::Cell,
    ffi::c_int,
    io::{self, BufRead, Read},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    ptr,
};

use image::DynamicImage;
use mozjpeg::{
    ColorSpace,
    decompress::{Decompress, DecompressBuilder, DecompressStarted, Format},
};
use mozjpeg_sys::{jpeg_common_struct, jpeg_error_mgr};

use super::{
    canvas::{Canvas, Layout},
    check_dimensions, check_memory,
    decoded::{Decoded, corrupt, truncated},
    error::ImageError,
    options::{ColorProfiles, LoadOptions},
    profile::Described,
    segments::Segments,
    warning::ImageWarning,
};

/// The most scans of a JPEG. Real ones have about ten; each takes the time of a whole picture.
const MAX_SCANS: usize = 500;

/// The marker that ends a JPEG.
const END: &[u8] = &[0xff, 0xd9];

/// Decodes a JPEG to RGB. One without its end marker is read if all its pixels are there.
pub(super) fn decode(bytes: &[u8], name: &Path, options: &LoadOptions) -> Result<Decoded, ImageError> {
    let path = || name.to_path_buf();
    let segments = Segments::read(bytes);
    if let Some(feature) = segments.frame.as_ref().and_then(|frame| frame.unread_kind()) {
        return Err(ImageError::UnsupportedFormat { path: path(), feature });
    }
    if segments.scans > MAX_SCANS {
        return Err(ImageError::TooManyScans { path: path(), scans: segments.scans, limit: MAX_SCANS });
    }
    let job = Job { bytes, name, segments: &segments, options };
    WARNINGS.set(0);
    let decoded = match job.run(Errors::counted()) {
        // Once more, only for libjpeg's own words.
        Err(Failure::Libjpeg(_)) if segments.ends => job.run(Errors::told()),
        other => other,
    };
    let has_warnings = WARNINGS.get() > 0;
    let (image, mut warnings) = decoded.map_err(|failure| match failure {
        Failure::Refused(error) => error,
        Failure::CutOff => truncated(name),
        // libjpeg's one message about the machine instead of the file.
        Failure::Libjpeg(reason) if reason.contains("Insufficient memory") => {
            ImageError::OutOfMemory { path: path() }
        }
        Failure::Libjpeg(_) if !segments.ends => truncated(name),
        Failure::Libjpeg(reason) => corrupt(name, reason),
    })?;
    if !segments.ends {
        // libjpeg fills what is missing with gray and warns of it. Arithmetic coding cannot tell that data is missing.
        let arithmetic = segments.frame.as_ref().is_none_or(|frame| frame.is_arithmetic());
        if has_warnings || arithmetic || !segments.has_all_scans() {
            return Err(truncated(name));
        }
        warnings.push(ImageWarning::NoEndMarker { path: path() });
    } else if has_warnings && !segments.has_stray_bytes {
        warnings.push(ImageWarning::Damaged { path: path() });
    }
    Ok(Decoded { image, metadata: segments.metadata, warnings })
}

thread_local! {
    /// How often libjpeg has warned of damage since the decoding began, on this thread.
    static WARNINGS: Cell<u32> = const { Cell::new(0) };
}

/// Who is told of errors and warnings.
struct Errors(Option<jpeg_error_mgr>);

impl Errors {
    /// Errors without words, warnings counted.
    fn counted() -> Errors {
        extern "C-unwind" fn stop(_: &mut jpeg_common_struct) {
            resume_unwind(Box::new(String::new()));
        }
        extern "C-unwind" fn count(_: &mut jpeg_common_struct, level: c_int) {
            if level < 0 {
                WARNINGS.set(WARNINGS.get().saturating_add(1));
            }
        }
        extern "C-unwind" fn ignore(_: &mut jpeg_common_struct) {}
        extern "C-unwind" fn ignore_text(_: &mut jpeg_common_struct, _: &[u8; 80]) {}
        Errors(Some(jpeg_error_mgr {
            error_exit: Some(stop),
            emit_message: Some(count),
            output_message: Some(ignore),
            format_message: Some(ignore_text),
            reset_error_mgr: Some(ignore),
            msg_code: 0,
            msg_parm: Default::default(),
            trace_level: 0,
            num_warnings: 0,
            jpeg_message_table: ptr::null(),
            last_jpeg_message: 0,
            addon_message_table: ptr::null(),
            first_addon_message: 0,
            last_addon_message: 0,
        }))
    }

    /// Errors in libjpeg's words, warnings dropped.
    fn told() -> Errors {
        Errors(None)
    }
}

/// Why a decoding stopped: for a reason of ours, for lack of data, or for one of libjpeg's.
enum Failure {
    Refused(ImageError),
    CutOff,
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

/// What is to be decoded.
struct Job<'a> {
    bytes: &'a [u8],
    name: &'a Path,
    segments: &'a Segments<'a>,
    options: &'a LoadOptions,
}

impl Job<'_> {
    fn run(&self, errors: Errors) -> Result<(DynamicImage, Vec<ImageWarning>), Failure> {
        let ran_out = Cell::new(false);
        let end = if self.segments.ends { &[] } else { END };
        let source = Source { rest: self.bytes, end, ran_out: &ran_out };
        let decoded = catch_unwind(AssertUnwindSafe(|| self.decode(source, errors)))
            .unwrap_or_else(|panic| Err(Failure::Libjpeg(panic_message(panic))));
        // libjpeg would fill a cut-off picture with gray and call it done.
        match decoded {
            Err(Failure::Refused(error)) if !ran_out.get() => Err(Failure::Refused(error)),
            _ if ran_out.get() => Err(Failure::CutOff),
            decoded => decoded,
        }
    }

    fn decode(
        &self,
        source: Source<'_>,
        errors: Errors,
    ) -> Result<(DynamicImage, Vec<ImageWarning>), Failure> {
        let builder = match errors.0 {
            Some(errors) => DecompressBuilder::new().with_err(errors),
            None => DecompressBuilder::new(),
        };
        let decompress = builder.from_reader(source)?;
        let size = decompress.size();
        check_dimensions(self.name, size.0, size.1)?;
        check_memory(self.name, size, self.segments.decode_bytes(size.0 as u64 * size.1 as u64))?;
        if decompress.color_space() == ColorSpace::JCS_UNKNOWN {
            return Err(Failure::Refused(ImageError::UnsupportedColor {
                path: self.name.to_path_buf(),
                color: format!("JPEG with {} components", decompress.components().len()),
            }));
        }
        self.read_rows(decompress, size)
    }

    fn read_rows(
        &self,
        decompress: Decompress<Source<'_>>,
        size: (usize, usize),
    ) -> Result<(DynamicImage, Vec<ImageWarning>), Failure> {
        let mut warnings = Vec::new();
        let described = self.segments.described();
        let mut canvas = |layout, described: Option<&Described>| {
            Canvas::new(self.name, size, layout, described, self.options, &mut warnings)
        };
        let canvas = match decompress.image()? {
            Format::RGB(started) => rows(started, canvas(Layout::Rgb, described.as_ref())?)?,
            Format::Gray(started) => rows(started, canvas(Layout::Gray, described.as_ref())?)?,
            Format::CMYK(started) => {
                let canvas = canvas(Layout::Rgb, None)?;
                if described.is_some() && self.options.color_profiles == ColorProfiles::Convert {
                    let reason = "profiles for CMYK are not applied".to_string();
                    let path = self.name.to_path_buf();
                    warnings.push(ImageWarning::ProfileIgnored { path, reason });
                }
                rows(started, canvas)?
            }
        };
        let image = canvas.finish(self.name, &mut warnings);
        Ok((image.map_err(|reason| Failure::Libjpeg(reason.into()))?, warnings))
    }
}

/// Reads the rows onto the canvas, those of inks as RGB.
fn rows(mut started: DecompressStarted<Source<'_>>, mut canvas: Canvas) -> Result<Canvas, Failure> {
    let samples = match started.color_space() {
        ColorSpace::JCS_GRAYSCALE => 1,
        ColorSpace::JCS_CMYK => 4,
        _ => 3,
    };
    let mut row = vec![0_u8; canvas.width() * samples];
    let mut rgb = Vec::new();
    for _ in 0..started.height() {
        started.read_scanlines_into(&mut row)?;
        match samples {
            4 => {
                rgb.clear();
                rgb.extend(row.as_chunks::<4>().0.iter().flat_map(|&inks| rgb_from_inverted_cmyk(inks)));
                canvas.push(&rgb);
            }
            _ => canvas.push(&row),
        }
    }
    started.finish()?;
    Ok(canvas)
}

/// Pillow's conversion of CMYK, inverted as Adobe's programs (and so nearly all CMYK JPEGs) store it.
pub(super) fn rgb_from_inverted_cmyk([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    [cyan, magenta, yellow].map(|ink| {
        // black * (255 - ink) / 255, rounded by Pillow's integer trick.
        let product = u32::from(black) * u32::from(255 - ink) + 128;
        let shade = (product + (product >> 8)) >> 8;
        (u32::from(black) - shade) as u8
    })
}

/// The text that libjpeg's error handler unwinds with.
pub(super) fn panic_message(panic: Box<dyn Any + Send>) -> String {
    panic.downcast::<String>().map_or_else(|_| "libjpeg failed".into(), |message| *message)
}

/// The bytes of a file and the end that it may lack, remembering whether libjpeg asked for more than there are.
struct Source<'a> {
    rest: &'a [u8],
    end: &'a [u8],
    ran_out: &'a Cell<bool>,
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.rest.is_empty() {
            self.rest = std::mem::take(&mut self.end);
        }
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
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
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
