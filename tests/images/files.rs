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

/// EXIF data (TIFF, little-endian) with one entry: the orientation.
pub(crate) fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    exif
}

/// Puts an APP1 segment right after the start of a JPEG.
pub(crate) fn with_app1(jpeg: &[u8], content: &[u8]) -> Vec<u8> {
    let length = (content.len() + 2) as u16;
    let mut file = jpeg[..2].to_vec();
    file.extend([0xff, 0xe1]);
    file.extend(length.to_be_bytes());
    file.extend(content);
    file.extend(&jpeg[2..]);
    file
}

/// A PNG made by hand, for what the encoder does not write. `rows` are the filtered rows as they are compressed.
pub(crate) fn png(size: (u32, u32), depth: u8, colour_type: u8, palette: &[u8], rows: &[u8]) -> Vec<u8> {
    let (height, width) = size;
    let mut header = width.to_be_bytes().to_vec();
    header.extend(height.to_be_bytes());
    header.extend([depth, colour_type, 0, 0, 0]);
    let length = rows.len() as u16;
    // zlib with a single stored block.
    let mut data = vec![0x78, 0x01, 0x01];
    data.extend(length.to_le_bytes());
    data.extend((!length).to_le_bytes());
    data.extend(rows);
    let (a, b) = rows.iter().fold((1, 0), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65521;
        (a, (b + a) % 65521)
    });
    data.extend((b << 16 | a).to_be_bytes());

    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    push_chunk(&mut file, b"IHDR", &header);
    if !palette.is_empty() {
        push_chunk(&mut file, b"PLTE", palette);
    }
    push_chunk(&mut file, b"IDAT", &data);
    push_chunk(&mut file, b"IEND", &[]);
    file
}

fn push_chunk(file: &mut Vec<u8>, kind: &[u8; 4], content: &[u8]) {
    file.extend((content.len() as u32).to_be_bytes());
    let start = file.len();
    file.extend(kind);
    file.extend(content);
    let crc = file[start..].iter().fold(!0, |crc: u32, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    file.extend((!crc).to_be_bytes());
}
