//! Noise whose power falls with frequency, stretched along one direction, in the colours of a palette.

use crate::drawing::{canvas::Canvas, class::Class, noise::fractal, random::Random, trigonometry::direction};

/// Covers the canvas with noise.
pub(crate) fn paint(canvas: &mut Canvas, class: &Class, random: &mut Random) {
    const OCTAVES: u32 = 6;
    const CONTRAST: f32 = 0.7;
    let seed = random.seed();
    let gain = 0.3 + 0.6 * class.roughness;
    let [cos, sin] = direction(class.angle + class.spread.min(0.5) * random.bell());
    let width = 2.0 * class.scale;
    canvas.map(|[x, y], _| {
        let along = (x * cos + y * sin) / (width * class.anisotropy);
        let across = (y * cos - x * sin) / width;
        class.palette.ramp(0.5 + CONTRAST * fractal([along, across], OCTAVES, gain, seed))
    });
}
