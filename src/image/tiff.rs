//! TIFF: gray and RGB of 1 to 32 bits, palettes, CMYK, YCbCr, in strips, tiles or planes, big or not. What cannot be read
//! is called by its name.

use std::{
    borrow::Cow,
    io::{self, Cursor, Read, Seek, SeekFrom},
    path::Path,
};

use tiff::{
    ColorType, TiffError, TiffFormatError, TiffUnsupportedError,
    decoder::{Decoder, DecodingResult, Limits},
};

use super::{
    MAX_DECODE_BYTES,
    canvas::{Canvas, Layout, level_of_16},
    check_dimensions, check_memory,
    decoded::{Decoded, corrupt, truncated},
    error::ImageError,
    ifd::{Directory, Entry, Tiff},
    jpeg,
    metadata::Metadata,
    options::LoadOptions,
    other::floating_point,
    profile::Described,
    raw,
};

const BITS_PER_SAMPLE: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const ORIENTATION: u16 = 274;
const COLOR_MAP: u16 = 320;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const XMP: u16 = 700;
const ICC_PROFILE: u16 = 34675;

/// What a photometric interpretation of 3 stands for.
const PALETTE: u64 = 3;

/// JPEG within TIFF.
const JPEG_COMPRESSION: u64 = 7;

pub(super) fn decode(bytes: &[u8], name: &Path, options: &LoadOptions) -> Result<Decoded, ImageError> {
    let path = || name.to_path_buf();
    let structure = Tiff::parse(bytes).ok_or_else(|| truncated(name))?;
    let page = structure.directory(structure.first).ok_or_else(|| truncated(name))?;
    if raw::first_page_is_reduced(&structure) {
        return Err(ImageError::ReducedImage { path: path() });
    }
    let compression = page.integer(COMPRESSION).unwrap_or(1);
    let photometric = page.integer(PHOTOMETRIC);
    if let Some(feature) = unread_compression(compression).or(photometric.and_then(unread_colors)) {
        return Err(ImageError::UnsupportedFormat { path: path(), feature });
    }
    check_sample_format(name, &page)?;

    let palette = match (photometric, page.entry(PHOTOMETRIC)) {
        (Some(PALETTE), Some(entry)) => Some((Palette::read(name, &page)?, entry)),
        _ => None,
    };
    let failed = |error| from_decoder(name, error);
    let source = Patched::new(bytes, palette.as_ref().map(|(_, entry)| *entry));
    let mut decoder = Decoder::new(source).map_err(failed)?;
    let (width, height) = decoder.dimensions().map_err(failed)?;
    let size = (width as usize, height as usize);
    check_dimensions(name, size.0, size.1)?;
    let color = decoder.colortype().map_err(failed)?;
    let pixels = Pixels::of(name, color, &page, palette.map(|(palette, _)| palette))?;
    let whole = decoder.image_buffer_layout().map_err(failed)?.complete_len as u64;
    let (chunk_width, chunk_height) = decoder.chunk_dimensions();
    let mut held = whole + u64::from(width) * u64::from(height) * 3;
    if compression == JPEG_COMPRESSION {
        // Each piece is decoded apart, of which the largest counts.
        held += u64::from(chunk_width) * u64::from(chunk_height.min(height)) * 8;
    }
    check_memory(name, size, held)?;

    let mut limits = Limits::default();
    limits.decoding_buffer_size = MAX_DECODE_BYTES as usize;
    limits.intermediate_buffer_size = MAX_DECODE_BYTES as usize;
    limits.ifd_value_size = bytes.len();
    let mut decoder = decoder.with_limits(limits);
    let mut samples = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut samples).map_err(failed)?;
    let planes = match layout.planes {
        0 | 1 => None,
        _ => Some(layout.plane_stride.map_or(0, |stride| stride.get())),
    };

    let mut warnings = Vec::new();
    let described = page.data(ICC_PROFILE).map(|profile| Described::Icc(profile.to_vec()));
    let mut canvas = Canvas::new(name, size, pixels.layout(), described.as_ref(), options, &mut warnings)?;
    let rows =
        Rows { samples: &samples, width: size.0, per_pixel: pixels.stored, bits: color.bit_depth(), planes };
    let mut row = Vec::new();
    let mut converted = Vec::new();
    for y in 0..size.1 {
        rows.read(y, pixels.palette.is_some(), &mut row)
            .ok_or_else(|| corrupt(name, "samples are missing"))?;
        pixels.convert(&row, &mut converted);
        canvas.push(&converted);
    }
    let mut metadata = Metadata::default();
    metadata.add_exif_orientation(page.integer(ORIENTATION));
    metadata.add_directory_density(&page);
    if let Some(packet) = page.data(XMP) {
        metadata.add_xmp(packet);
    }
    let image = canvas.finish(name, &mut warnings).map_err(|reason| corrupt(name, reason))?;
    Ok(Decoded { image, metadata, warnings })
}

/// The rows of samples as the decoder gives them.
struct Rows<'a> {
    samples: &'a DecodingResult,
    width: usize,
    /// Samples of a pixel.
    per_pixel: usize,
    /// Bits of a sample; fewer than 8 are packed, and each row starts with a whole byte.
    bits: u8,
    /// Bytes of a plane, if each sample of a pixel is in another plane.
    planes: Option<usize>,
}

impl Rows<'_> {
    /// Reads row `y` as 8-bit samples, a pixel's beside each other. Palette indices keep their value.
    fn read(&self, y: usize, indices: bool, row: &mut Vec<u8>) -> Option<()> {
        row.clear();
        let Some(plane_bytes) = self.planes else {
            return self.extend(y, self.width * self.per_pixel, 0, indices, row);
        };
        let mut plane = Vec::new();
        row.resize(self.width * self.per_pixel, 0);
        for sample in 0..self.per_pixel {
            plane.clear();
            self.extend(y, self.width, plane_bytes * sample, indices, &mut plane)?;
            for (pixel, &level) in row.chunks_exact_mut(self.per_pixel).zip(&plane) {
                pixel[sample] = level;
            }
        }
        Some(())
    }

    /// Adds the samples of row `y`, of `length` samples each, that start `offset` bytes into what was decoded.
    fn extend(&self, y: usize, length: usize, offset: usize, indices: bool, row: &mut Vec<u8>) -> Option<()> {
        match self.samples {
            DecodingResult::U8(samples) if self.bits >= 8 => {
                row.extend_from_slice(samples.get(offset + y * length..)?.get(..length)?);
            }
            DecodingResult::U8(samples) => {
                let bits = usize::from(self.bits);
                let bytes = (length * bits).div_ceil(8);
                let packed = samples.get(offset + y * bytes..)?.get(..bytes)?;
                let most = (1_u32 << bits) - 1;
                row.extend((0..length).map(|index| {
                    let shift = 8 - bits - index * bits % 8;
                    let value = u32::from(packed[index * bits / 8]) >> shift & most;
                    if indices { value as u8 } else { (value * 255 / most) as u8 }
                }));
            }
            DecodingResult::U16(samples) => {
                let samples = samples.get(offset / 2 + y * length..)?.get(..length)?;
                row.extend(samples.iter().map(|&sample| level_of_16(sample)));
            }
            DecodingResult::U32(samples) => {
                let samples = samples.get(offset / 4 + y * length..)?.get(..length)?;
                let scale = u64::from(u32::MAX) / 255;
                row.extend(samples.iter().map(|&sample| ((u64::from(sample) + scale / 2) / scale) as u8));
            }
            _ => return None,
        }
        Some(())
    }
}

/// What the samples of a pixel mean.
struct Pixels {
    meaning: Meaning,
    /// Samples of a pixel as they are decoded.
    stored: usize,
    alpha: Alpha,
    palette: Option<Palette>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Gray,
    Rgb,
    Cmyk,
    YCbCr,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Alpha {
    None,
    Straight,
    /// The colors were multiplied by it.
    Premultiplied,
}

impl Pixels {
    fn of(
        name: &Path,
        color: ColorType,
        page: &Directory<'_>,
        palette: Option<Palette>,
    ) -> Result<Pixels, ImageError> {
        let extra = match page.integer(EXTRA_SAMPLES) {
            Some(1) => Alpha::Premultiplied,
            Some(2) => Alpha::Straight,
            _ => Alpha::None,
        };
        let (meaning, stored, alpha) = match color {
            ColorType::Gray(1 | 2 | 4 | 8 | 16 | 32) => (Meaning::Gray, 1, Alpha::None),
            ColorType::Multiband { bit_depth: 8 | 16 | 32, num_samples } => {
                (Meaning::Gray, usize::from(num_samples), extra)
            }
            ColorType::RGB(8 | 16 | 32) => (Meaning::Rgb, 3, Alpha::None),
            // Without a word about the fourth sample, it is alpha by custom.
            ColorType::RGBA(8 | 16 | 32) => match extra {
                Alpha::None => (Meaning::Rgb, 4, Alpha::Straight),
                alpha => (Meaning::Rgb, 4, alpha),
            },
            ColorType::CMYK(8 | 16) => (Meaning::Cmyk, 4, Alpha::None),
            ColorType::CMYKA(8 | 16) => (Meaning::Cmyk, 5, Alpha::None),
            ColorType::YCbCr(8) => (Meaning::YCbCr, 3, Alpha::None),
            _ => {
                let bits = page.integer(BITS_PER_SAMPLE).unwrap_or(1);
                let color = format!("{bits} bits a sample");
                return Err(ImageError::UnsupportedColor { path: name.to_path_buf(), color });
            }
        };
        Ok(Pixels { meaning, stored, alpha, palette })
    }

    fn layout(&self) -> Layout {
        match (self.meaning, self.alpha) {
            _ if self.palette.is_some() => Layout::Rgb,
            (Meaning::Gray, Alpha::None) => Layout::Gray,
            (Meaning::Gray, _) => Layout::GrayAlpha,
            (Meaning::Rgb, Alpha::None) | (Meaning::Cmyk | Meaning::YCbCr, _) => Layout::Rgb,
            (Meaning::Rgb, _) => Layout::Rgba,
        }
    }

    /// Converts a row of stored samples to the canvas's layout.
    fn convert(&self, row: &[u8], converted: &mut Vec<u8>) {
        converted.clear();
        if let Some(palette) = &self.palette {
            let color = |index: &u8| palette.colors.get(usize::from(*index)).copied().unwrap_or_default();
            converted.extend(row.iter().flat_map(color));
            return;
        }
        let pixels = row.chunks_exact(self.stored);
        match self.meaning {
            Meaning::Gray | Meaning::Rgb => {
                let used = self.layout().samples();
                converted.extend(pixels.flat_map(|pixel| &pixel[..used]));
                if self.alpha == Alpha::Premultiplied {
                    converted.chunks_exact_mut(used).for_each(divide_by_alpha);
                }
            }
            Meaning::Cmyk => converted.extend(pixels.flat_map(|inks| {
                jpeg::rgb_from_inverted_cmyk([255 - inks[0], 255 - inks[1], 255 - inks[2], 255 - inks[3]])
            })),
            Meaning::YCbCr => {
                converted.extend(pixels.flat_map(|pixel| rgb_from_ycbcr([pixel[0], pixel[1], pixel[2]])));
            }
        }
    }
}

fn divide_by_alpha(pixel: &mut [u8]) {
    if let Some((&mut alpha @ 1.., colors)) = pixel.split_last_mut() {
        let alpha = u32::from(alpha);
        for level in colors {
            *level = ((u32::from(*level) * 255 + alpha / 2) / alpha).min(255) as u8;
        }
    }
}

/// The conversion of JFIF (ITU-R BT.601, full range).
fn rgb_from_ycbcr([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb]
        .map(|level| level.round().clamp(0.0, 255.0) as u8)
}

/// The colors that a palette picture's samples choose from.
struct Palette {
    colors: Vec<[u8; 3]>,
}

impl Palette {
    fn read(name: &Path, page: &Directory<'_>) -> Result<Palette, ImageError> {
        let bits = page.integer(BITS_PER_SAMPLE).unwrap_or(1);
        let count = match bits {
            1 | 2 | 4 | 8 => 1 << bits,
            _ => {
                let color = format!("a palette with {bits} bits a pixel");
                return Err(ImageError::UnsupportedColor { path: name.to_path_buf(), color });
            }
        };
        let map: Vec<u64> =
            page.entry(COLOR_MAP).into_iter().flat_map(Entry::integers).take(3 * count).collect();
        if map.len() < 3 * count {
            return Err(corrupt(name, "its palette is too short"));
        }
        // Samples of 16 bits; old programs wrote 8.
        let shift = if map.iter().all(|&level| level < 256) { 0 } else { 8 };
        let level = |place: usize| (map[place] >> shift) as u8;
        let colors = (0..count).map(|index| [0, count, 2 * count].map(|start| level(start + index)));
        Ok(Palette { colors: colors.collect() })
    }
}

/// The file's bytes, except that a palette picture passes for a gray one, since the decoder gives the samples of those
/// as they are stored.
struct Patched<'a> {
    bytes: Cursor<&'a [u8]>,
    position: u64,
    patch: Vec<u8>,
}

impl<'a> Patched<'a> {
    fn new(bytes: &'a [u8], photometric: Option<Entry<'_>>) -> Self {
        let position = photometric.map_or(0, |entry| entry.position as u64);
        let patch = photometric.map(Entry::one).unwrap_or_default();
        Self { bytes: Cursor::new(bytes), position, patch }
    }
}

impl Read for Patched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let start = self.bytes.position();
        let count = self.bytes.read(buffer)?;
        for (place, &byte) in (self.position..).zip(&self.patch) {
            if let Some(target) =
                place.checked_sub(start).and_then(|place| buffer[..count].get_mut(place as usize))
            {
                *target = byte;
            }
        }
        Ok(count)
    }
}

impl Seek for Patched<'_> {
    fn seek(&mut self, target: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(target)
    }
}

/// What a compression is called that is not read.
fn unread_compression(compression: u64) -> Option<String> {
    let name: Cow<'static, str> = match compression {
        1 | 4 | 5 | JPEG_COMPRESSION | 8 | 32773 | 32946 => return None,
        2 => "CCITT modified Huffman compression".into(),
        3 => "CCITT Group 3 compression".into(),
        6 => "old-style JPEG compression".into(),
        9 | 10 | 34661 => "JBIG compression".into(),
        32766 => "NeXT compression".into(),
        32809 => "ThunderScan compression".into(),
        33003..=33005 | 34712 => "JPEG 2000 compression".into(),
        34676 | 34677 => "SGI LogLuv compression".into(),
        34887 => "LERC compression".into(),
        34925 => "LZMA compression".into(),
        34926 | 50000 => "Zstandard compression".into(),
        34927 | 50001 => "WebP compression".into(),
        34933 => "PNG compression".into(),
        34934 => "JPEG XR compression".into(),
        50002 | 52546 => "JPEG XL compression".into(),
        other => format!("compression number {other}").into(),
    };
    Some(format!("TIFF with {name}"))
}

/// What colors are called that are not read.
fn unread_colors(photometric: u64) -> Option<String> {
    let name: Cow<'static, str> = match photometric {
        0..=3 | 5 | 6 => return None,
        4 => "a transparency mask in place of a picture".into(),
        8 | 9 => "CIE L*a*b* colors".into(),
        10 => "ITU L*a*b* colors".into(),
        32844 | 32845 => "LogLuv colors".into(),
        other => format!("colors number {other}").into(),
    };
    Some(format!("TIFF with {name}"))
}

fn check_sample_format(name: &Path, page: &Directory<'_>) -> Result<(), ImageError> {
    let color = match page.integer(SAMPLE_FORMAT) {
        None | Some(1 | 4) => return Ok(()),
        Some(2) => "samples with a sign",
        Some(3) => return Err(floating_point(name)),
        Some(_) => "complex samples",
    };
    Err(ImageError::UnsupportedColor { path: name.to_path_buf(), color: color.into() })
}

fn from_decoder(name: &Path, error: TiffError) -> ImageError {
    let path = name.to_path_buf();
    match error {
        TiffError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => truncated(name),
        TiffError::UnsupportedError(error) => {
            let feature = match error {
                TiffUnsupportedError::ChromaSubsampling => "subsampled YCbCr without JPEG compression",
                TiffUnsupportedError::InconsistentBitsPerSample(_) => "samples of different depths",
                TiffUnsupportedError::HorizontalPredictor(_)
                | TiffUnsupportedError::FloatingPointPredictor(_) => "an unusual predictor",
                TiffUnsupportedError::MisalignedTileBoundaries => "tiles of an odd width",
                _ => "an unusual kind of samples",
            };
            ImageError::UnsupportedFormat { path, feature: format!("TIFF with {feature}") }
        }
        TiffError::LimitsExceeded => corrupt(name, "it claims more data than it holds"),
        // The decoder's words, but for those that print a tag as it is in Rust.
        TiffError::FormatError(TiffFormatError::RequiredTagNotFound(tag)) => {
            corrupt(name, format!("it lacks tag {}", tag.to_u16()))
        }
        TiffError::FormatError(
            TiffFormatError::InvalidTagValueType(tag) | TiffFormatError::InvalidCountForTag(tag, _),
        ) => corrupt(name, format!("the value of its tag {} is of the wrong kind", tag.to_u16())),
        TiffError::FormatError(error) => corrupt(name, error),
        TiffError::UsageError(_) => corrupt(name, "its directory contradicts itself"),
        error => corrupt(name, error),
    }
}
