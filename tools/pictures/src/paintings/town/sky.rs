//! The sky: light blue going pale towards the horizon, with soft lit clouds.

use super::SIZE;
use crate::paintings::canvas::{Canvas, Point, rectangle};
use crate::paintings::noise::{fractal, smoothstep};
use crate::paintings::palette::ramp;
use crate::rgb::Rgb;

/// Where the sky would meet the ground.
const HORIZON: f32 = 350.0;
const BLUE: [Rgb; 5] =
    [Rgb::hex(0x3f76b5), Rgb::hex(0x6a9fd0), Rgb::hex(0x9cc2e0), Rgb::hex(0xc9dde6), Rgb::hex(0xeee9da)];
const CLOUD_SHADE: Rgb = Rgb::hex(0x97a6b8);
const CLOUD_LIGHT: Rgb = Rgb::hex(0xfffaf0);
/// Towards the sun, in the clouds' own coordinates.
const SUNWARD: Point = [-0.10, -0.16];

pub(super) fn draw(canvas: &mut Canvas) {
    canvas.fill(&rectangle(0.0, 0.0, SIZE[0], HORIZON + 40.0), 1.0, |place| {
        let [x, y] = place;
        // A glow on the left, where the sun stands outside of the picture.
        let glow = smoothstep(520.0, 0.0, x.hypot(y - 120.0));
        let air = ramp(&BLUE, (y / HORIZON).powf(0.85)).mix(CLOUD_LIGHT, 0.22 * glow);
        let [u, v] = on_ceiling(place);
        let thickness = density(u, v);
        let sunward = density(u + SUNWARD[0], v + SUNWARD[1]);
        let lit = smoothstep(0.42, -0.28, sunward - 0.35 * (1.0 - thickness));
        let cloud = CLOUD_SHADE.mix(CLOUD_LIGHT, 0.30 + 0.75 * lit).mix(BLUE[4], 0.5 * y / HORIZON);
        air.mix(cloud, smoothstep(0.02, 0.42, thickness) * 0.94)
    });
}

/// Clouds hang under a ceiling: the lower in the picture, the further away and the smaller they are.
fn on_ceiling([x, y]: Point) -> Point {
    let distance = 1.0 / (1.22 - y / HORIZON);
    [(x - SIZE[0] / 2.0) / 330.0 * distance, 2.1 * distance]
}

/// How much cloud there is; none below 0.
fn density(u: f32, v: f32) -> f32 {
    let warp = 0.35 * fractal(u * 1.3 + 4.0, v * 1.3, 3, 61);
    let masses = fractal(u * 0.9 + warp + 1.7, v * 0.9 - warp, 2, 62);
    let billows = fractal(u * 2.6 + warp, v * 2.9 + warp, 6, 63);
    0.85 * masses + 0.42 * billows + 0.05
}
