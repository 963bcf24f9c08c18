//! Preprocessed pictures in another size, in f32 throughout: between two scales of a run nothing is rounded to 8 bits.
//! Resizing as the notebook does is for `resize`.

use image::imageops::{self, FilterType};
use image::{ImageBuffer, Rgb};
use ndarray::{Array4, ArrayView4};

use super::preprocess::{MEAN, STD};

/// Resizes a preprocessed picture (1, H, W, 3) to `height` x `width` pixels, by cubic interpolation (Catmull and Rom),
/// widened where the picture shrinks. Of another size, values end within [`pixel_range`](super::pixel_range); of the
/// same size, the picture stays as it is.
///
/// ```
/// use impasto::image::resize_preprocessed;
/// use ndarray::Array4;
///
/// let image = Array4::from_elem((1, 30, 40, 3), 0.25f32);
/// let larger = resize_preprocessed(image.view(), 45, 60);
/// assert_eq!(larger.dim(), (1, 45, 60, 3));
/// assert!(larger.iter().all(|value| (value - 0.25).abs() < 1e-6));
/// ```
///
/// # Panics
///
/// If the first axis is not 1 or the last not 3 long, or a side does not fit 32 bits.
pub fn resize_preprocessed(image: ArrayView4<'_, f32>, height: usize, width: usize) -> Array4<f32> {
    let (count, own_height, own_width, channels) = image.dim();
    assert_eq!((count, channels), (1, 3), "a preprocessed picture has shape (1, H, W, 3)");
    if (own_height, own_width) == (height, width) || image.is_empty() {
        return image.to_owned();
    }
    let side = |length: usize| u32::try_from(length).expect("sides of a picture fit 32 bits");
    // In the order of memory, whatever the view's.
    let values =
        image.iter().zip((0..3).cycle()).map(|(value, channel)| value * STD[channel] + MEAN[channel]);
    let pixels: ImageBuffer<Rgb<f32>, Vec<f32>> =
        ImageBuffer::from_raw(side(own_width), side(own_height), values.collect())
            .expect("as many values as the picture has");
    let resized = imageops::resize(&pixels, side(width), side(height), FilterType::CatmullRom);
    let values = resized.into_raw().into_iter().zip((0..3).cycle());
    let values = values.map(|(value, channel)| (value - MEAN[channel]) / STD[channel]);
    Array4::from_shape_vec((1, height, width, 3), values.collect()).expect("as many values as were asked for")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{pixel_range, preprocess_image};
    use ndarray::Array3;

    #[test]
    fn a_slope_stays_a_slope() {
        let picture = Array3::from_shape_fn((40, 60, 3), |(y, x, c)| (2 * y + x + 20 * c) as u8);
        let image = preprocess_image(picture.view());
        for (height, width) in [(80, 120), (57, 85), (20, 30)] {
            let resized = resize_preprocessed(image.view(), height, width);
            let (down, right) = (40.0 / height as f32, 60.0 / width as f32);
            for y in height / 4..height * 3 / 4 {
                for x in width / 4..width * 3 / 4 {
                    // The center of a pixel is at a half.
                    let (v, u) = ((y as f32 + 0.5) * down - 0.5, (x as f32 + 0.5) * right - 0.5);
                    let expected = ((2.0 * v + u + 20.0) / 255.0 - MEAN[1]) / STD[1];
                    let value = resized[[0, y, x, 1]];
                    assert!((value - expected).abs() < 2e-3, "{value} at {y}, {x}, not {expected}");
                }
            }
        }
    }

    #[test]
    fn what_overshoots_is_cut() {
        let picture = Array3::from_shape_fn((8, 8, 3), |(_, x, _)| if x < 4 { 0 } else { 255 });
        let resized = resize_preprocessed(preprocess_image(picture.view()).view(), 16, 16);
        let range = pixel_range();
        assert!(resized.indexed_iter().all(|((_, _, _, channel), &value)| {
            let [low, high] = range[channel];
            (low - 1e-6..=high + 1e-6).contains(&value)
        }));
    }
}
