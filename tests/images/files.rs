//! Files for the trials to read, made through encoders or, where those do not go, by hand.
//! It decodes nothing.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};
use mozjpeg::{ColorSpace, Compress};
use ndarray::Array3;

/// A smooth picture, so that lossy formats come close to it; no two corners alike.
pub(crate) fn gradient(height: usize, width: usize) -> Array3<u8> {
    Array3::from_shape_fn((height, width, 3), |(y, x, c)| match c {
        0 => (40 + 160 * x / width) as u8,
        1 => (60 + 120 * y / height) as u8,
        _ => 90,
    })
}

pub(crate) fn encode(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.into().write_to(&mut file, format).unwrap();
    file.into_inner()
}

pub(crate) fn rgb_image(picture: &Array3<u8>) -> RgbImage {
    let (height, width, _) = picture.dim();
    let levels = picture.iter().copied().collect();
    RgbImage::from_raw(width as u32, height as u32, levels).unwrap()
}

/// A JPEG of quality 100 with samples given in `input` and stored in `stored`.
pub(crate) fn jpeg(samples: &[u8], size: (usize, usize), input: ColorSpace, stored: ColorSpace) -> Vec<u8> {
    let (height, width) = size;
    let mut compress = Compress::new(input);
    compress.set_color_space(stored);
    compress.set_size(width, height);
    compress.set_quality(100.0);
    let mut started = compress.start_compress(Vec::new()).unwrap();
    started.write_scanlines(samples).unwrap();
    started.finish().unwrap()
}

pub(crate) fn rgb_jpeg(picture: &Array3<u8>) -> Vec<u8> {
    let (height, width, _) = picture.dim();
    let samples: Vec<u8> = picture.iter().copied().collect();
    let stored = ColorSpace::JCS_YCbCr;
    jpeg(&samples, (height, width), ColorSpace::JCS_RGB, stored)
}

/// A JPEG in one pass, with Huffman tables of the standard.
pub(crate) fn baseline_jpeg(picture: &Array3<u8>) -> Vec<u8> {
    let (height, width, _) = picture.dim();
    let samples: Vec<u8> = picture.iter().copied().collect();
    let mut compress = Compress::new(ColorSpace::JCS_RGB);
    compress.set_fastest_defaults();
    compress.set_size(width, height);
    compress.set_quality(90.0);
    let mut started = compress.start_compress(Vec::new()).unwrap();
    started.write_scanlines(&samples).unwrap();
    started.finish().unwrap()
}

/// The place of a JPEG's marker of one of these kinds.
pub(crate) fn marker(jpeg: &[u8], kinds: std::ops::RangeInclusive<u8>) -> usize {
    jpeg.windows(2).position(|pair| pair[0] == 0xff && kinds.contains(&pair[1])).unwrap()
}

/// EXIF data (TIFF, little-endian) with one entry: the orientation.
pub(crate) fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    exif
}

/// Puts an APP1 segment right after the start of a JPEG.
pub(crate) fn with_app1(jpeg: &[u8], content: &[u8]) -> Vec<u8> {
    with_app(1, jpeg, content)
}

/// Puts an application segment right after the start of a JPEG.
pub(crate) fn with_app(number: u8, jpeg: &[u8], content: &[u8]) -> Vec<u8> {
    let length = (content.len() + 2) as u16;
    let mut file = jpeg[..2].to_vec();
    file.extend([0xff, 0xe0 + number]);
    file.extend(length.to_be_bytes());
    file.extend(content);
    file.extend(&jpeg[2..]);
    file
}

/// A PNG made by hand, for what the encoder does not write. `rows` are the filtered rows as they are compressed.
pub(crate) fn png(size: (u32, u32), depth: u8, color_type: u8, palette: &[u8], rows: &[u8]) -> Vec<u8> {
    let (height, width) = size;
    let mut header = width.to_be_bytes().to_vec();
    header.extend(height.to_be_bytes());
    header.extend([depth, color_type, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    push_chunk(&mut file, b"IHDR", &header);
    if !palette.is_empty() {
        push_chunk(&mut file, b"PLTE", palette);
    }
    push_chunk(&mut file, b"IDAT", &zlib(rows));
    push_chunk(&mut file, b"IEND", &[]);
    file
}

/// An interlaced PNG of RGB pixels: seven passes, each with its own first pixel and steps.
pub(crate) fn interlaced_png(picture: &Array3<u8>) -> Vec<u8> {
    let (height, width, _) = picture.dim();
    let mut rows = Vec::new();
    for (y, x, down, across) in
        [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    {
        // A pass without pixels has no rows either.
        for row in (y..height).step_by(down).filter(|_| x < width) {
            rows.push(0);
            for column in (x..width).step_by(across) {
                rows.extend((0..3).map(|c| picture[[row, column, c]]));
            }
        }
    }
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let sides = [(width as u32).to_be_bytes(), (height as u32).to_be_bytes()];
    push_chunk(&mut file, b"IHDR", &[sides.as_flattened(), &[8, 2, 0, 0, 1]].concat());
    push_chunk(&mut file, b"IDAT", &zlib(&rows));
    push_chunk(&mut file, b"IEND", &[]);
    file
}

/// zlib with a single stored block.
pub(crate) fn zlib(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let mut data = vec![0x78, 0x01, 0x01];
    data.extend(length.to_le_bytes());
    data.extend((!length).to_le_bytes());
    data.extend(content);
    let (a, b) = content.iter().fold((1, 0), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65521;
        (a, (b + a) % 65521)
    });
    data.extend((b << 16 | a).to_be_bytes());
    data
}

/// A PNG of these pixels, with one more chunk before or after them.
pub(crate) fn png_with(picture: &Array3<u8>, kind: &[u8; 4], content: &[u8], after_pixels: bool) -> Vec<u8> {
    let mut file = encode(rgb_image(picture), ImageFormat::Png);
    let mut chunk = Vec::new();
    push_chunk(&mut chunk, kind, content);
    // Signature and header chunk take 33 bytes, the end chunk 12.
    let place = if after_pixels { file.len() - 12 } else { 33 };
    file.splice(place..place, chunk);
    file
}

/// A lossless WebP with chunks for which its encoder has no words.
pub(crate) fn webp_with(picture: &Array3<u8>, flags: u8, chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let (height, width, _) = picture.dim();
    let simple = encode(rgb_image(picture), ImageFormat::WebP);
    let mut body = b"WEBPVP8X\x0a\0\0\0".to_vec();
    body.extend([flags, 0, 0, 0]);
    body.extend(&(width as u32 - 1).to_le_bytes()[..3]);
    body.extend(&(height as u32 - 1).to_le_bytes()[..3]);
    body.extend(&simple[12..]);
    for (kind, content) in chunks {
        body.extend(*kind);
        body.extend((content.len() as u32).to_le_bytes());
        body.extend(*content);
        body.resize(body.len().next_multiple_of(2), 0);
    }
    [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat()
}

/// Adds a chunk with its checksum to a PNG.
pub(crate) fn push_chunk(file: &mut Vec<u8>, kind: &[u8; 4], content: &[u8]) {
    file.extend((content.len() as u32).to_be_bytes());
    let start = file.len();
    file.extend(kind);
    file.extend(content);
    let crc = file[start..].iter().fold(!0, |crc: u32, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    file.extend((!crc).to_be_bytes());
}
