//! Which colors go together: few related hues, from dark to light.

use super::trigonometry::direction;
use crate::random::Random;
use crate::rgb::Rgb;
use std::f32::consts::TAU;

/// How many palettes the classes of one seed share.
pub(crate) const PALETTES: usize = 24;

/// How the hues of a palette lie on the circle, in turns.
const SCHEMES: [&[f32]; 6] =
    [&[0.0], &[0.0, 0.08], &[0.0, 0.5], &[0.0, 0.07, -0.07], &[0.0, 0.42, 0.58], &[0.0, 0.33, 0.67]];

/// Two to six colors, from dark to light.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Palette(Vec<Rgb>);

impl Palette {
    /// One of the [`PALETTES`] of a seed.
    pub(crate) fn new(index: usize, seed: u64) -> Palette {
        // Keeps this sequence apart from those of classes and pictures.
        const PURPOSE: u64 = 0x7061_6c65;
        let mut random = Random::from_parts(&[seed, index as u64, PURPOSE]);
        // All around the circle, in an order that brings no two alike together.
        let hue = painters_hue((index * 7 % PALETTES) as f32 / PALETTES as f32) + random.between(-0.02, 0.02);
        let scheme = SCHEMES[random.below(SCHEMES.len())];
        let count = 2 + index % 5;
        let (dark, light) = (random.between(0.08, 0.35), random.between(0.62, 0.93));
        let chroma = random.between(0.12, 0.5);
        let colors = (0..count).map(|step| {
            let luma = dark + (light - dark) * step as f32 / (count - 1) as f32;
            let hue = hue + scheme[step % scheme.len()] + random.between(-0.02, 0.02);
            with_luma(luma, hue, chroma * random.between(0.6, 1.3))
        });
        Palette(colors.collect())
    }

    /// The color that lies under everything.
    pub(crate) fn ground(&self) -> Rgb {
        self.0[0]
    }

    /// One of the colors, or one between two of them.
    pub(crate) fn pick(&self, random: &mut Random) -> Rgb {
        if random.chance(0.7) { random.pick(&self.0) } else { self.ramp(random.unit()) }
    }

    /// The colors in turn, from dark to light and again.
    pub(crate) fn cycle(&self, index: i32) -> Rgb {
        self.0[index.rem_euclid(self.0.len() as i32) as usize]
    }

    /// The color at `t` in [0, 1] between the first color and the last.
    pub(crate) fn ramp(&self, t: f32) -> Rgb {
        let place = t.clamp(0.0, 1.0) * (self.0.len() - 1) as f32;
        let index = (place as usize).min(self.0.len() - 2);
        self.0[index].mix(self.0[index + 1], place - index as f32)
    }
}

/// A hue in turns for a share of all hues: nearly half are reds, oranges, earths and yellows, as in paintings, although
/// these take less than a quarter of the circle.
fn painters_hue(share: f32) -> f32 {
    const WARM: (f32, f32) = (0.27, 0.51);
    const WARM_SHARE: f32 = 0.45;
    let (start, end) = WARM;
    if share < WARM_SHARE {
        start + (end - start) * share / WARM_SHARE
    } else {
        end + (1.0 + start - end) * (share - WARM_SHARE) / (1.0 - WARM_SHARE)
    }
}

/// The color with a luma (0.299 R + 0.587 G + 0.114 B) and a hue (turns), and with `chroma` as far as there is one.
fn with_luma(luma: f32, hue: f32, chroma: f32) -> Rgb {
    let [b_minus_y, r_minus_y] = direction(hue * TAU);
    let green = -(0.299 * r_minus_y + 0.114 * b_minus_y) / 0.587;
    let offsets = [r_minus_y, green, b_minus_y];
    let room =
        offsets.map(|offset| if offset > 0.0 { (1.0 - luma) / offset } else { -luma / offset.min(-1e-6) });
    let chroma = room.into_iter().fold(chroma, f32::min);
    Rgb(offsets.map(|offset| luma + chroma * offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn palettes_hold_two_to_six_colors_in_range() {
        for seed in 0..20 {
            for index in 0..PALETTES {
                let palette = Palette::new(index, seed);
                assert!((2..=6).contains(&palette.0.len()));
                let in_range = |color: &Rgb| color.0.iter().all(|level| (-1e-5..=1.00001).contains(level));
                assert!(palette.0.iter().all(in_range), "{palette:?}");
            }
        }
    }

    #[test]
    fn palettes_differ() {
        for index in 1..PALETTES {
            assert_ne!(Palette::new(index, 0), Palette::new(index - 1, 0));
            assert_ne!(Palette::new(index, 0), Palette::new(index, 1));
        }
    }

    #[test]
    fn ramps_start_and_end_with_the_outermost_colors() {
        let palette = Palette::new(3, 0);
        assert_eq!(palette.ramp(-1.0), palette.0[0]);
        assert_eq!(Some(&palette.ramp(2.0)), palette.0.last());
    }
}
