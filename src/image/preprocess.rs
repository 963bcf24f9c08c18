//! Between pixels and the network's units: the notebook's `preprocess_image` and `deprocess_image`, in f32 as there.
//! It neither resizes nor clamps what the network is fed.

use super::level::Level;
use ndarray::{Array3, Array4, ArrayView3, ArrayView4, Axis, Zip};

/// Mean of ImageNet's red, green and blue, in [0, 1] (the notebook's `SQUEEZENET_MEAN`).
pub(super) const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
/// Standard deviation of ImageNet's red, green and blue, in [0, 1] (the notebook's `SQUEEZENET_STD`).
pub(super) const STD: [f32; 3] = [0.229, 0.224, 0.225];
/// A picture whose values in [0, 1] span less than this has one level throughout, and the span is f32's rounding.
const FLAT: f32 = 1e-5;

/// Turns a picture (H, W, 3) into the network's input (1, H, W, 3): `(pixel / 255 - mean) / std` in each channel.
///
/// ```
/// use impasto::image::{deprocess_image, preprocess_image};
/// use ndarray::array;
///
/// let picture = array![[[0, 128, 255]]]; // one pixel, (1, 1, 3)
/// let image = preprocess_image(picture.view());
/// assert_eq!(image.dim(), (1, 1, 1, 3));
/// assert_eq!(image[[0, 0, 0, 0]], (0.0 - 0.485) / 0.229);
/// assert_eq!(image[[0, 0, 0, 2]], (1.0 - 0.406) / 0.225);
/// ```
///
/// # Panics
///
/// If the last axis is not 3 long.
pub fn preprocess_image(picture: ArrayView3<'_, u8>) -> Array4<f32> {
    let (height, width, channels) = picture.dim();
    assert_eq!(channels, 3, "a picture has shape (H, W, 3)");
    let mut preprocessed = Array4::zeros((1, height, width, 3));
    let mut image = preprocessed.index_axis_mut(Axis(0), 0);
    for channel in 0..3 {
        Zip::from(image.index_axis_mut(Axis(2), channel)).and(picture.index_axis(Axis(2), channel)).for_each(
            |value, &level| {
                *value = (f32::from(level) / 255.0 - MEAN[channel]) / STD[channel];
            },
        );
    }
    preprocessed
}

/// Turns the network's input (1, H, W, 3) back into a picture (H, W, 3): `255 * (value * std + mean)`, clipped to
/// [0, 255] and truncated.
///
/// With `rescale`, the picture's smallest and largest values are first moved to 0 and 1, as the notebook does before it
/// shows a picture; a picture of a single level stays as it is, since only rounding noise would be spread. Non-finite
/// values take no part in that; NaN becomes 0, and the infinities the ends of the range.
///
/// ```
/// use impasto::image::deprocess_image;
/// use ndarray::{Array4, array};
///
/// // Zero is ImageNet's mean: 255 * (0.485, 0.456, 0.406), truncated.
/// let mean = deprocess_image(Array4::zeros((1, 1, 1, 3)).view(), false);
/// assert_eq!(mean, array![[[123, 116, 103]]]);
/// ```
///
/// # Panics
///
/// If the first axis is not 1 or the last not 3 long.
pub fn deprocess_image(preprocessed: ArrayView4<'_, f32>, rescale: bool) -> Array3<u8> {
    deprocess(preprocessed, rescale)
}

/// [`deprocess_image`], in 8 bits or, rounded, in 16.
pub(crate) fn deprocess<L: Level>(preprocessed: ArrayView4<'_, f32>, rescale: bool) -> Array3<L> {
    let (count, _, _, channels) = preprocessed.dim();
    assert_eq!((count, channels), (1, 3), "a preprocessed picture has shape (1, H, W, 3)");
    let mut image = preprocessed.index_axis(Axis(0), 0).to_owned();
    for channel in 0..3 {
        image.index_axis_mut(Axis(2), channel).mapv_inplace(|value| value * STD[channel] + MEAN[channel]);
    }
    if rescale {
        let finite = || image.iter().copied().filter(|value| value.is_finite());
        let min = finite().fold(f32::INFINITY, f32::min);
        let max = finite().fold(f32::NEG_INFINITY, f32::max);
        if max - min > FLAT {
            image.mapv_inplace(|value| (value - min) / (max - min));
        }
    }
    image.mapv(L::of)
}

/// The smallest and largest value that each channel of a picture has once it is preprocessed.
///
/// `[low, high]` of red, green and blue: `(0 - mean) / std` and `(1 - mean) / std`.
///
/// ```
/// use impasto::image::pixel_range;
///
/// let [[low, high], ..] = pixel_range();
/// assert_eq!((low, high), ((0.0 - 0.485) / 0.229, (1.0 - 0.485) / 0.229)); // -2.12 to 2.25
/// ```
pub fn pixel_range() -> [[f32; 2]; 3] {
    std::array::from_fn(|channel| [0.0, 1.0].map(|value| (value - MEAN[channel]) / STD[channel]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array, array};

    #[test]
    fn preprocess_standardizes_each_channel() {
        let picture = array![[[0, 0, 0], [255, 255, 255]], [[124, 116, 104], [1, 2, 3]]];
        let image = preprocess_image(picture.view());
        assert_eq!(image.dim(), (1, 2, 2, 3));
        // numpy float32: (np.float32(level) / 255 - mean) / std
        let expected = [
            [-2.117_904, -2.035_714_4, -1.804_444_4],
            [2.248_908_3, 2.428_571_5, 2.64],
            [0.005_565_4, -0.004_902, 0.008_192_6],
            [-2.100_779_4, -2.000_700_2, -1.752_157],
        ];
        for (value, expected) in image.iter().zip(expected.as_flattened()) {
            assert!((value - expected).abs() < 2e-6, "{value} != {expected}");
        }
    }

    #[test]
    fn deprocess_undoes_preprocess_to_within_truncation() {
        let picture = Array::from_shape_fn((16, 16, 3), |(y, x, c)| (16 * y + x + 85 * c) as u8);
        let back = deprocess_image(preprocess_image(picture.view()).view(), false);
        for (&level, &back) in picture.iter().zip(&back) {
            assert!(back == level || back + 1 == level, "{level} came back as {back}");
        }
    }

    #[test]
    fn rescale_spreads_the_whole_picture_over_the_range() {
        let picture = array![[[100, 110, 120], [150, 140, 130]]];
        let rescaled = deprocess_image(preprocess_image(picture.view()).view(), true);
        assert_eq!(rescaled[[0, 0, 0]], 0);
        assert_eq!(rescaled[[0, 1, 0]], 255);
        // 255 * (level - 100) / 50 is 51, 102, 204, 153; f32 may fall just short of it.
        for (index, expected) in [((0, 0, 1), 51), ((0, 0, 2), 102), ((0, 1, 1), 204), ((0, 1, 2), 153)] {
            let level = rescaled[index];
            assert!(level == expected || level + 1 == expected, "{level} != {expected}");
        }
    }

    #[test]
    fn values_outside_the_range_are_clipped() {
        let image = array![[[[-100.0, 0.0, 100.0]]]];
        // Channel 1 at 0 is the mean: trunc(255 * 0.456) = 116.
        assert_eq!(deprocess_image(image.view(), false), array![[[0, 116, 255]]]);
    }

    #[test]
    fn a_flat_picture_is_not_rescaled() {
        for gray in [0, 50, 255] {
            let picture = Array::from_elem((2, 2, 3), gray);
            let back = deprocess_image(preprocess_image(picture.view()).view(), true);
            assert!(
                back.iter().all(|&level| level == gray || level + 1 == gray),
                "{gray} came back as {back}"
            );
        }
    }

    #[test]
    fn non_finite_values_are_contained() {
        let image = array![[[[f32::NAN, f32::INFINITY, f32::NEG_INFINITY], [-1.0, 0.0, 1.0]]]];
        for rescale in [false, true] {
            let picture = deprocess_image(image.view(), rescale);
            assert_eq!(picture.index_axis(Axis(1), 0), array![[0, 255, 0]]);
        }
        let finite_only = image.slice_axis(Axis(2), (1..).into());
        assert_eq!(
            deprocess_image(image.view(), true).index_axis(Axis(1), 1),
            deprocess_image(finite_only, true).index_axis(Axis(1), 0)
        );
        let nothing_finite = array![[[[f32::NAN, f32::NAN, f32::INFINITY]]]];
        assert_eq!(deprocess_image(nothing_finite.view(), true), array![[[0, 0, 255]]]);
    }
}
