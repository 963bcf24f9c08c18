//! Lightness and chroma in Oklab (Ottosson 2020), a space in which equal steps look alike.

use super::level::Level;
use moxcms::{Oklab, Rgb, TransferCharacteristics};
use ndarray::{Array3, ArrayView3};
use rayon::prelude::*;
use std::marker::PhantomData;

/// The same picture in shades of gray, each as light as the color that was there. (H, W, 3) in, the same out.
///
/// ```
/// use impasto::image::to_gray;
/// use ndarray::array;
///
/// let gray = to_gray(array![[[255_u8, 0, 0], [90, 90, 90]]].view());
/// assert_eq!(gray, array![[[136, 136, 136], [90, 90, 90]]]);
/// ```
pub fn to_gray<L: Level>(picture: ArrayView3<'_, L>) -> Array3<L> {
    let gamma = Gamma::<L>::new();
    let mut gray = picture.as_standard_layout().into_owned();
    pixels_mut(&mut gray).par_iter_mut().for_each(|pixel| {
        *pixel = [gamma.encode(gamma.oklab(*pixel).l.powi(3)); 3];
    });
    gray
}

/// The lightness of one picture, in 8 or 16 bits, with the chroma of another, both (H, W, 3): the chroma stays as it is, to rounding, and
/// where no color of such chroma is so light or dark, the nearest lightness is taken that has one.
///
/// ```
/// use impasto::image::with_lightness;
/// use ndarray::array;
///
/// let photo = array![[[200_u8, 120, 100]]];
/// let dark = with_lightness(photo.view(), array![[[60_u8, 60, 60]]].view());
/// assert!(dark[[0, 0, 0]] > dark[[0, 0, 2]] && dark[[0, 0, 0]] < 140);
/// ```
///
/// # Panics
/// If the shapes differ.
pub fn with_lightness<L: Level>(chroma: ArrayView3<'_, u8>, lightness: ArrayView3<'_, L>) -> Array3<L> {
    assert_eq!(chroma.dim(), lightness.dim(), "chroma and lightness have one shape");
    let (gamma, gamma_of_light) = (Gamma::<u8>::new(), Gamma::<L>::new());
    let mut joined = lightness.as_standard_layout().into_owned();
    let chroma = chroma.as_standard_layout();
    let chroma = chroma.as_slice().unwrap_or_default().as_chunks::<3>().0;
    pixels_mut(&mut joined).par_iter_mut().zip(chroma).for_each(|(pixel, &chroma)| {
        let own = gamma.oklab(chroma);
        let wanted = gamma_of_light.oklab(*pixel).l;
        *pixel = gamma_of_light.encoded(Oklab { l: inside(own, wanted), ..own });
    });
    joined
}

/// The pixels of a picture (H, W, 3) in standard layout.
fn pixels_mut<L>(picture: &mut Array3<L>) -> &mut [[L; 3]] {
    picture.as_slice_mut().unwrap_or_default().as_chunks_mut().0
}

/// The lightness nearest to `wanted` at which a color of this chroma is one of sRGB: `color` itself is.
fn inside(color: Oklab, wanted: f32) -> f32 {
    /// What f32 loses on the way to Oklab and back, and a little more, in linear light: a step of 8 bits is 3e-4 at least.
    const SLACK: f32 = 1e-6;
    let is_inside = |l: f32| {
        let Rgb { r, g, b } = Oklab { l, ..color }.to_linear_rgb();
        [r, g, b].iter().all(|&value| (-SLACK..=1.0 + SLACK).contains(&value))
    };
    if is_inside(wanted) {
        return wanted;
    }
    let (mut good, mut bad) = (color.l, wanted);
    // Far below what 8 bits tell apart.
    for _ in 0..12 {
        let middle = (good + bad) / 2.0;
        if is_inside(middle) { good = middle } else { bad = middle }
    }
    good
}

/// The curve of sRGB, level by level.
struct Gamma<L> {
    linear: Vec<f32>,
    levels: PhantomData<L>,
}

impl<L: Level> Gamma<L> {
    fn new() -> Gamma<L> {
        let highest = (1 << L::BITS) - 1;
        let linear = |level| TransferCharacteristics::Srgb.linearize(level as f64 / highest as f64) as f32;
        Gamma { linear: (0..=highest).map(linear).collect(), levels: PhantomData }
    }

    fn oklab(&self, levels: [L; 3]) -> Oklab {
        let [r, g, b] = levels.map(|level| self.linear[level.number()]);
        Oklab::from_linear_rgb(Rgb { r, g, b })
    }

    fn encode(&self, linear: f32) -> L {
        L::round(TransferCharacteristics::Srgb.gamma(f64::from(linear.clamp(0.0, 1.0))) as f32)
    }

    fn encoded(&self, color: Oklab) -> [L; 3] {
        let Rgb { r, g, b } = color.to_linear_rgb();
        [r, g, b].map(|value| self.encode(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_colors() -> Array3<u8> {
        Array3::from_shape_fn((18, 18 * 18, 3), |(y, x, channel)| [y, x / 18, x % 18][channel] as u8 * 15)
    }

    #[test]
    fn grays_stay_and_lightness_is_kept() {
        let grays = Array3::from_shape_fn((1, 256, 3), |(_, x, _)| x as u8);
        assert_eq!(to_gray(grays.view()), grays);
        let (colors, gamma) = (all_colors(), Gamma::<u8>::new());
        for (color, gray) in colors.rows().into_iter().zip(to_gray(colors.view()).rows()) {
            let [color, gray] = [color, gray].map(|pixel| gamma.oklab([pixel[0], pixel[1], pixel[2]]));
            // A step of 8 bits is largest next to black.
            assert!(
                (color.l - gray.l).abs() < if color.l < 0.2 { 0.04 } else { 0.004 },
                "{color:?} {gray:?}"
            );
        }
    }

    #[test]
    fn chroma_stays_whatever_the_lightness() {
        let (colors, gamma) = (all_colors(), Gamma::<u8>::new());
        for wanted in [0.0, 0.2, 0.5, 0.8, 1.0] {
            for pixel in colors.rows() {
                let own = gamma.oklab([pixel[0], pixel[1], pixel[2]]);
                let l = inside(own, wanted);
                assert!(l == wanted || (l - own.l) * (wanted - l) >= 0.0, "{own:?} became {l} for {wanted}");
                // Nothing is clipped, so that rounding to 8 bits alone changes the chroma.
                let Rgb { r, g, b } = Oklab { l, ..own }.to_linear_rgb();
                assert!([r, g, b].iter().all(|value| (-2e-6..=1.0 + 2e-6).contains(value)), "{own:?} at {l}");
            }
        }
        assert_eq!(with_lightness(colors.view(), colors.view()), colors);
        // In 16 bits the same, but finer.
        let deep = colors.mapv(u16::from_byte);
        assert_eq!(
            with_lightness(colors.view(), deep.view()).mapv(crate::image::canvas::level_of_16),
            colors
        );
        let gray = Array3::from_elem((1, 3, 3), 100);
        let lightness = Array3::from_shape_fn((1, 3, 3), |(_, x, _)| [0_u8, 99, 255][x]);
        assert_eq!(with_lightness(gray.view(), lightness.view()), lightness);
    }
}
