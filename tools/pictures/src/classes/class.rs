//! What the pictures of one class have in common.

use super::palette::{PALETTES, Palette};
use crate::random::Random;
use crate::rgb::Rgb;
use std::f32::consts::PI;

/// Names of the families; class k belongs to family k modulo their number.
pub const FAMILIES: [&str; 8] =
    ["clouds", "ellipses", "polygons", "strokes", "overpaint", "waves", "cells", "scene"];

/// How far the orientation wanders over a picture, in radians: ruled, combed, wavy, without direction.
const SPREADS: [f32; 4] = [0.05, 0.3, 1.0, 3.2];
/// The sizes of things, in pixels, each half as large again as the one before.
const SCALES: [f32; 6] = [3.0, 4.5, 6.7, 10.0, 14.9, 22.0];

/// The settings of a class. What each means in a drawing is up to its family.
#[derive(Debug, Clone)]
pub(crate) struct Class {
    /// Index into [`FAMILIES`].
    pub(crate) family: usize,
    /// Number of the class within its family: families with several ways to draw take them in turn.
    pub(crate) variant: usize,
    pub(crate) palette: Palette,
    /// Orientation in radians.
    pub(crate) angle: f32,
    /// How far the orientation wanders, in radians.
    pub(crate) spread: f32,
    /// The size of things, in pixels.
    pub(crate) scale: f32,
    /// 0: exactly the palette's colors; 1: far from them.
    pub(crate) jitter: f32,
    /// 0: smooth; 1: rough.
    pub(crate) roughness: f32,
    /// How many times longer than wide things are.
    pub(crate) anisotropy: f32,
    /// Whether soft noise lies over the pictures, like uneven light.
    pub(crate) clouded: bool,
}

impl Class {
    /// The settings that belong to a class and a seed.
    pub(crate) fn new(class: usize, seed: u64) -> Class {
        let family = class % FAMILIES.len();
        let variant = class / FAMILIES.len();
        let mut random = Random::from_parts(&[seed, class as u64]);
        Class {
            family,
            variant,
            palette: Palette::new(palette_index(family, variant), seed),
            angle: random.between(0.0, PI),
            spread: random.pick(&SPREADS),
            scale: random.pick(&SCALES),
            jitter: random.unit(),
            roughness: random.unit(),
            anisotropy: random.between(1.0, 5.0),
            clouded: random.chance(0.5),
        }
    }

    /// A color of the palette, as far off as the class allows.
    pub(crate) fn color(&self, random: &mut Random) -> Rgb {
        const LARGEST: f32 = 0.08;
        self.palette.pick(random).jittered(LARGEST * self.jitter, random)
    }
}

/// A family sees every palette before it sees one again, then for another way to draw; families differ in their order.
fn palette_index(family: usize, variant: usize) -> usize {
    // Ways to draw repeat with periods that divide the number of palettes; a shift by seven is a multiple of none.
    (variant + 7 * (variant / PALETTES) + 5 * family) % PALETTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_classes_of_a_family_share_palette_and_way_to_draw() {
        for family in 0..FAMILIES.len() {
            for ways in [2, 3, 4, 6] {
                let pairs = (0..30).map(|variant| (palette_index(family, variant), variant % ways));
                assert_eq!(pairs.collect::<HashSet<_>>().len(), 30, "family {family} with {ways} ways");
            }
        }
    }
}
