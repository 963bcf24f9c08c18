//! A town on a river on a bright day: what is drawn here stands in for a photograph.
//!
//! Back to front: `sky` with clouds and hills, `houses` in two rows, their `tower`, the quay, `water` that mirrors all
//! of it, and a bare `tree` on the near bank.

mod facade;
mod houses;
mod plants;
mod sky;
mod tower;
mod water;

use crate::paintings::canvas::{Canvas, Point};
use crate::paintings::noise::{hash, noise};
use crate::rgb::Rgb;
use ndarray::Array3;

const SIZE: Point = [768.0, 576.0];
const SEED: u64 = 1;
/// Where the quay meets the water.
const WATERLINE: f32 = 408.0;
/// What distance does to colors.
const HAZE: Rgb = Rgb::hex(0xc3d0d6);
/// Film grain, of the whole range of levels.
const GRAIN: f32 = 0.012;

/// The picture, with `scale` pixels to a unit.
pub(crate) fn draw(scale: f32) -> Array3<u8> {
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut canvas = Canvas::new(SIZE, scale, HAZE);
    sky::draw(&mut canvas);
    plants::hillside(&mut canvas, &mut random);
    houses::back_rows(&mut canvas, &mut random);
    tower::draw(&mut canvas);
    houses::front_row(&mut canvas, &mut random);
    houses::quay(&mut canvas, &mut random);
    water::draw(&mut canvas);
    plants::bank(&mut canvas, &mut random);
    plants::tree(&mut canvas, &mut random);
    canvas.map(develop);
    canvas.finish(GRAIN)
}

/// What a lens and film do: darker corners, softer lights, a warm cast in them.
fn develop([x, y]: Point, color: Rgb) -> Rgb {
    let (dx, dy) = (x / SIZE[0] - 0.5, y / SIZE[1] - 0.5);
    let vignette = 1.04 - 0.38 * (dx * dx + dy * dy);
    let toned = color.lit(vignette).0.map(|level| {
        let level = level.clamp(0.0, 1.0);
        // A gentle S: shadows a little deeper, lights a little lighter.
        level + 0.16 * level * (1.0 - level) * (2.0 * level - 1.0)
    });
    Rgb([toned[0] * 1.015, toned[1], toned[2] * 0.975])
}

/// The uneven color of weathered walls, at several scales; about 1.
fn weathered([x, y]: Point, seed: u32) -> f32 {
    let stains = noise(x / 31.0, y / 47.0, seed);
    let streaks = noise(x / 3.1, y / 26.0, seed ^ 1);
    let grit = hash((x * 2.0) as i32, (y * 2.0) as i32, seed) - 0.5;
    // Clouds shade parts of the town.
    let clouds = noise(x / 140.0 + 0.3, y / 170.0, 90);
    1.0 + 0.10 * clouds + 0.11 * stains + 0.06 * streaks + 0.03 * grit
}
