//! JPEG files small enough to be checked in. `impasto::image::save_image` keeps a quality for results, at twice the size.

use mozjpeg::{ColorSpace, Compress};
use ndarray::Array3;
use std::path::Path;

/// Writes a picture (H, W, 3) as a JPEG of this quality, 0 to 100, with full color resolution from 90 upwards.
pub(crate) fn save(path: &Path, picture: &Array3<u8>, quality: f32) -> std::io::Result<()> {
    let (height, width, _) = picture.dim();
    let mut compress = Compress::new(ColorSpace::JCS_RGB);
    compress.set_size(width, height);
    compress.set_quality(quality);
    let block = if quality >= 90.0 { (1, 1) } else { (2, 2) };
    compress.set_chroma_sampling_pixel_sizes(block, block);
    let mut started = compress.start_compress(Vec::new())?;
    started.write_scanlines(&picture.iter().copied().collect::<Vec<u8>>())?;
    std::fs::write(path, started.finish()?)
}
