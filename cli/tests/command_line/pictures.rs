//! Drawn pictures for tests, and files that only claim to be pictures.

use std::{fs, path::Path};

use impasto::image::save_image;
use ndarray::Array3;

/// A picture (H, W, 3) of soft waves with a hard edge, different for every `seed`.
pub(crate) fn waves(height: usize, width: usize, seed: u64) -> Array3<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let frequencies: Vec<f32> = (0..6).map(|_| 0.1 + 0.5 * random.f32()).collect();
    Array3::from_shape_fn((height, width, 3), |(y, x, channel)| {
        let along = frequencies[channel] * y as f32 + frequencies[channel + 3] * x as f32;
        let level = 127.5 + 100.0 * along.sin() + if 2 * x > width { 27.0 } else { -27.0 };
        level as u8
    })
}

/// Draws [`waves`] into a file; the format follows the extension.
pub(crate) fn draw(path: &Path, height: usize, width: usize, seed: u64) {
    save_image(path, waves(height, width, seed).view()).unwrap();
}

/// Copies the first half of a file.
pub(crate) fn cut(whole: &Path, half: &Path) {
    let bytes = fs::read(whole).unwrap();
    fs::write(half, &bytes[..bytes.len() / 2]).unwrap();
}

/// The bytes of a PNG file of RGB pixels that claims these sides and ends soon after.
pub(crate) fn png_claiming(height: u32, width: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    png.extend(&header);
    png.extend(crc32(&header).to_be_bytes());
    png.extend(b"\0\0\0\x08IDAT\x78\x9c\x03\0\0\0\0\x01");
    png
}

/// PNG's checksum (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}

/// The bytes of a JPEG file with EXIF's orientation 6 put in front: the camera was turned by a quarter.
pub(crate) fn turned(jpeg: &[u8]) -> Vec<u8> {
    // APP1 with a TIFF header, big-endian, and one directory of one entry: orientation (0x112), a short, 6.
    let exif = b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    [&jpeg[..2], exif, &jpeg[2..]].concat()
}
