//! PNG, row by row. A file without its end, or with one wrong checksum of the two that cover the pixels, is read with a
//! warning; pixels that are missing or contradict both are an error.

use std::{
    io::{self, Cursor, Read},
    iter,
    path::Path,
};

use flate2::read::ZlibDecoder;
use png::{
    BitDepth, ColorType, DecodeOptions, Decoder, DecodingError, Info, InterlaceInfo, Limits, Transformations,
    Unit,
};

use super::{
    MAX_DECODE_BYTES,
    canvas::{Canvas, Layout, level_of_16},
    check_dimensions, check_memory,
    decoded::{Decoded, corrupt, truncated},
    density::Density,
    error::ImageError,
    metadata::Metadata,
    options::LoadOptions,
    profile::Described,
    warning::ImageWarning,
};

/// What texts and profiles may take when they are decompressed.
const MAX_METADATA_BYTES: usize = 64 << 20;

pub(super) fn decode(bytes: &[u8], name: &Path, options: &LoadOptions) -> Result<Decoded, ImageError> {
    let mut strict = DecodeOptions::default();
    strict.set_ignore_adler32(false);
    let error = match attempt(bytes, name, options, strict.clone()) {
        Err(Failure::Png(error @ DecodingError::Format(_))) => error,
        other => return other.map_err(|failure| failure.into_error(name)),
    };
    // Each of the two checksums, the chunks' and that of the compressed data, vouches for the pixels by itself.
    let mut without_data = strict.clone();
    without_data.set_ignore_adler32(true);
    let mut without_chunks = without_data.clone();
    without_chunks.set_ignore_crc(true);
    let by_chunks = attempt(bytes, name, options, without_data);
    // The decoder itself stops to look at the data's checksum once it has all rows.
    let read = match by_chunks {
        Err(_) if has_sound_data(bytes) => attempt(bytes, name, options, without_chunks),
        other => other,
    };
    match read {
        Ok(mut decoded) => {
            decoded.warnings.push(ImageWarning::WrongChecksum { path: name.to_path_buf() });
            Ok(decoded)
        }
        Err(_) => Err(Failure::Png(error).into_error(name)),
    }
}

/// Whether the compressed data can be decompressed and has the checksum that stands after it.
fn has_sound_data(bytes: &[u8]) -> bool {
    let pieces = chunks(bytes).filter(|(kind, _)| kind == b"IDAT").map(|(_, content)| content);
    io::copy(&mut ZlibDecoder::new(Pieces { pieces, piece: &[] }), &mut io::sink()).is_ok()
}

/// The chunks that are complete, whatever their checksums.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes.get(8..).unwrap_or_default();
    iter::from_fn(move || {
        let (header, body) = rest.split_first_chunk::<8>()?;
        let (length, kind) = header.split_first_chunk::<4>()?;
        let (content, after) = body.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        rest = after.get(4..).unwrap_or_default();
        Some((kind.try_into().ok()?, content))
    })
}

/// Pieces of bytes, read one after the other.
struct Pieces<'a, I> {
    pieces: I,
    piece: &'a [u8],
}

impl<'a, I: Iterator<Item = &'a [u8]>> Read for Pieces<'a, I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.next() {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        self.piece.read(buffer)
    }
}

enum Failure {
    Refused(ImageError),
    Png(DecodingError),
}

impl From<DecodingError> for Failure {
    fn from(error: DecodingError) -> Self {
        Self::Png(error)
    }
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        Self::Refused(error)
    }
}

impl Failure {
    fn into_error(self, name: &Path) -> ImageError {
        match self {
            Self::Refused(error) => error,
            Self::Png(error) if is_end_of_file(&error) => truncated(name),
            Self::Png(error) => corrupt(name, in_words(&error)),
        }
    }
}

fn is_end_of_file(error: &DecodingError) -> bool {
    matches!(error, DecodingError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof)
}

/// The decoder's words, but for those that name its own parts.
fn in_words(error: &DecodingError) -> String {
    let text = error.to_string();
    if matches!(error, DecodingError::LimitsExceeded) {
        "its metadata take too much memory".into()
    } else if text.starts_with("Corrupt deflate stream") {
        "its compressed data contradicts itself".into()
    } else if text.starts_with("CRC error") {
        "a checksum is wrong".into()
    } else {
        text.trim_end_matches('.').into()
    }
}

fn attempt(
    bytes: &[u8],
    name: &Path,
    options: &LoadOptions,
    strictness: DecodeOptions,
) -> Result<Decoded, Failure> {
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), strictness);
    decoder.set_transformations(Transformations::EXPAND);
    let header = decoder.read_header_info()?;
    let size = (header.width as usize, header.height as usize);
    check_dimensions(name, size.0, size.1)?;
    // The row, the one above it, what is made of them, and the compressed data's window.
    let line = size.0.saturating_mul(8);
    check_memory(name, size, size.0 as u64 * size.1 as u64 * 3 + line as u64 * 5)?;
    decoder.set_limits(Limits {
        bytes: MAX_METADATA_BYTES.saturating_add(line * 3).min(MAX_DECODE_BYTES as usize),
    });

    let mut reader = decoder.read_info()?;
    let mut warnings = Vec::new();
    let (color, depth) = reader.output_color_type();
    let layout = match color {
        ColorType::Grayscale => Layout::Gray,
        ColorType::GrayscaleAlpha => Layout::GrayAlpha,
        ColorType::Rgb | ColorType::Indexed => Layout::Rgb,
        ColorType::Rgba => Layout::Rgba,
    };
    let described = described(reader.info());
    let mut canvas = Canvas::new(name, size, layout, described.as_ref(), options, &mut warnings)?;
    let mut shallow = Vec::new();
    let mut ends = loop {
        let row = match reader.next_interlaced_row() {
            Ok(Some(row)) => row,
            Ok(None) => break true,
            Err(error) if is_end_of_file(&error) && canvas.is_complete() => break false,
            Err(error) => return Err(error.into()),
        };
        let mut samples = row.data();
        if depth == BitDepth::Sixteen {
            let deep = samples.as_chunks::<2>().0.iter();
            shallow.clear();
            shallow.extend(deep.map(|&sample| level_of_16(u16::from_be_bytes(sample))));
            samples = &shallow;
        }
        match row.interlace() {
            InterlaceInfo::Null(_) => canvas.push(samples),
            InterlaceInfo::Adam7(place) => canvas.scatter(samples, place),
        }
    };
    if ends {
        ends = match reader.finish() {
            Err(error) if is_end_of_file(&error) => false,
            other => other.map(|()| true)?,
        };
    }
    if !ends {
        warnings.push(ImageWarning::NoEndMarker { path: name.to_path_buf() });
    }
    // Also what stands after the pixels, as ImageMagick writes it.
    let metadata = metadata(reader.info());
    let image = canvas.finish(name, &mut warnings).map_err(|reason| corrupt(name, reason))?;
    Ok(Decoded { image, metadata, warnings })
}

fn metadata(info: &Info<'_>) -> Metadata {
    let mut metadata = Metadata::default();
    if let Some(dims) = info.pixel_dims.filter(|dims| dims.unit == Unit::Meter) {
        metadata.add_density(Density::per_meter(dims.xppu, dims.yppu));
    }
    if let Some(exif) = &info.exif_metadata {
        metadata.add_exif(exif);
    }
    for text in &info.uncompressed_latin1_text {
        metadata.add_png_text(&text.keyword, &text.text);
    }
    for text in info.compressed_latin1_text.iter().filter(|text| Metadata::wants_png_text(&text.keyword)) {
        let mut text = text.clone();
        if text.decompress_text_with_limit(MAX_METADATA_BYTES).is_ok()
            && let Ok(plain) = text.get_text()
        {
            metadata.add_png_text(&text.keyword, &plain);
        }
    }
    for text in info.utf8_text.iter().filter(|text| Metadata::wants_png_text(&text.keyword)) {
        let mut text = text.clone();
        if text.decompress_text_with_limit(MAX_METADATA_BYTES).is_ok()
            && let Ok(plain) = text.get_text()
        {
            metadata.add_png_text(&text.keyword, &plain);
        }
    }
    metadata
}

/// What the file says about its colors, in the order that the standard gives these chunks.
fn described(info: &Info<'_>) -> Option<Described> {
    if let Some(points) = &info.coding_independent_code_points {
        return Some(Described::CodePoints {
            primaries: points.color_primaries,
            transfer: points.transfer_function,
            full_range: points.is_video_full_range_image,
        });
    }
    if let Some(profile) = &info.icc_profile {
        return Some(Described::Icc(profile.to_vec()));
    }
    None
}
