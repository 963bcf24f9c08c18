//! Pictures as the bytes of rows, which every other library has: a way in and a way out.

use ndarray::Array3;

use super::{ImageError, check_dimensions};

/// A picture (H, W, 3) from the bytes of its RGB pixels, row by row, such as those of `image::RgbImage`. Nothing is copied.
///
/// ```
/// use impasto::image::{picture_from_rgb, rgb_from_picture};
///
/// let photograph = image::RgbImage::from_pixel(3, 2, image::Rgb([10, 20, 30]));
/// let (width, height) = photograph.dimensions();
/// let picture = picture_from_rgb(width, height, photograph.into_raw())?;
/// assert_eq!(picture.dim(), (2, 3, 3));
///
/// let (width, height, bytes) = rgb_from_picture(picture);
/// let photograph = image::RgbImage::from_raw(width, height, bytes).expect("3 bytes per pixel");
/// assert_eq!(photograph.get_pixel(2, 1), &image::Rgb([10, 20, 30]));
/// # Ok::<(), impasto::image::ImageError>(())
/// ```
///
/// # Errors
///
/// [`ImageError::BytesOfPixels`] if the bytes are not `3 * width * height`; the picture is empty or too large.
pub fn picture_from_rgb(width: u32, height: u32, bytes: Vec<u8>) -> Result<Array3<u8>, ImageError> {
    let (width, height, length) = (width as usize, height as usize, bytes.len());
    check_dimensions("the picture".as_ref(), width, height)?;
    Array3::from_shape_vec((height, width, 3), bytes).map_err(|_| ImageError::BytesOfPixels {
        width,
        height,
        length,
    })
}

/// Width, height and the bytes of the RGB pixels, row by row, of a picture (H, W, 3).
///
/// # Panics
///
/// If the last axis is not 3 long, or a side does not fit a `u32`.
pub fn rgb_from_picture(picture: Array3<u8>) -> (u32, u32, Vec<u8>) {
    let (height, width, channels) = picture.dim();
    assert_eq!(channels, 3, "a picture has shape (H, W, 3)");
    let side = |side: usize| u32::try_from(side).expect("a side fits a u32");
    let bytes = picture.as_standard_layout().into_owned().into_raw_vec_and_offset().0;
    (side(width), side(height), bytes)
}
