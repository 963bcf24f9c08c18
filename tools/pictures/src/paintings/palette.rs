//! Choosing and blending colors. The colors of a picture are in that picture's file.

use crate::rgb::Rgb;

/// The color at `t` in [0, 1] between evenly spaced `stops`.
pub(crate) fn ramp(stops: &[Rgb], t: f32) -> Rgb {
    let place = t.clamp(0.0, 1.0) * (stops.len() - 1) as f32;
    let index = (place as usize).min(stops.len().saturating_sub(2));
    stops[index].mix(stops[(index + 1).min(stops.len() - 1)], place - index as f32)
}

/// One of `colors`.
pub(crate) fn pick(random: &mut fastrand::Rng, colors: &[Rgb]) -> Rgb {
    colors[random.usize(..colors.len())]
}
