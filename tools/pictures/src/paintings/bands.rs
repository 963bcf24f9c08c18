//! Evening over a fjord: bands of orange air that bend around a low sun, over dark water, in long wavy strokes.

use crate::paintings::brush::{Brush, follow, scatter};
use crate::paintings::canvas::{Canvas, Point};
use crate::paintings::noise::{fractal, noise, smoothstep};
use crate::paintings::palette::{pick, ramp};
use crate::rgb::Rgb;
use ndarray::Array3;

const SIZE: Point = [640.0, 512.0];
const SEED: u64 = 23;

/// The sun, and how far it pushes the bands of air away.
const SUN: Point = [432.0, 196.0];
const SUN_RADIUS: f32 = 40.0;
const SUN_REACH: f32 = 120.0;
/// Where the air ends, before the shores' hills.
const HORIZON: f32 = 300.0;

const AIR: [Rgb; 7] = [
    Rgb::hex(0xa3261c),
    Rgb::hex(0xd1451b),
    Rgb::hex(0xe86a1e),
    Rgb::hex(0xf28e2b),
    Rgb::hex(0xf6b24a),
    Rgb::hex(0xf7d27c),
    Rgb::hex(0xe8c9a0),
];
const WATER: [Rgb; 6] = [
    Rgb::hex(0x0a1f2b),
    Rgb::hex(0x0f3440),
    Rgb::hex(0x174d57),
    Rgb::hex(0x23696c),
    Rgb::hex(0x3f8a82),
    Rgb::hex(0x7fae94),
];
const AIR_ACCENTS: [Rgb; 4] =
    [Rgb::hex(0x7d2a3f), Rgb::hex(0x6d8f8a), Rgb::hex(0xfbe6b0), Rgb::hex(0xc1272d)];
const WATER_ACCENTS: [Rgb; 4] =
    [Rgb::hex(0xe07a2a), Rgb::hex(0x2c2f5b), Rgb::hex(0xc8552b), Rgb::hex(0x06131c)];
const SUN_COLORS: [Rgb; 4] = [Rgb::hex(0xfff3c4), Rgb::hex(0xffe08a), Rgb::hex(0xfbb53c), Rgb::hex(0xe2571e)];

/// The picture, with `scale` pixels to a unit.
pub(crate) fn draw(scale: f32) -> Array3<u8> {
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut canvas = Canvas::new(SIZE, scale, Rgb::hex(0x6b4a35));
    canvas.weave(0.6);
    for (width, length, spacing, load) in
        [(26.0, 240.0, 17.0, 0.9), (16.0, 170.0, 12.0, 1.4), (10.0, 110.0, 16.0, 2.0)]
    {
        for start in scatter(&mut random, SIZE, spacing) {
            let brush = Brush {
                width: width * (0.7 + 0.6 * random.f32()),
                color: color(&mut random, start),
                streak: color(&mut random, start),
                load,
                dryness: 0.55,
                seed: random.u32(..),
            };
            let length = length * (0.5 + random.f32());
            let below = is_water(start);
            // Air and water keep to their sides, but for the unsteadiness of a hand.
            let side = |[x, y]: Point| {
                let over = y - shore(x) + 4.0 * noise(x / 45.0, start[1] / 9.0, 33);
                smoothstep(-0.8, 0.8, if below { over } else { -over })
            };
            brush.paint(&mut canvas, &follow(start, length, direction), side);
        }
    }
    sun(&mut canvas, &mut random);
    canvas.light();
    canvas.finish(0.0)
}

/// The height of the shore at `x`.
fn shore(x: f32) -> f32 {
    HORIZON + 26.0 * (x / 128.0 + 0.6).sin() + 16.0 * noise(x / 60.0, 0.5, 31)
}

fn is_water([x, y]: Point) -> bool {
    y >= shore(x)
}

/// The stream function: strokes follow its contours, and bands are its levels.
fn stream([x, y]: Point) -> f32 {
    if !is_water([x, y]) {
        let (dx, dy) = (x - SUN[0], y - SUN[1]);
        let near = (-(dx * dx + dy * dy) / (SUN_REACH * SUN_REACH)).exp();
        y + 30.0 * (x / 92.0 + y / 170.0).sin() + 22.0 * noise(x / 150.0, y / 90.0, 7) - dy * near * 0.2
            + 120.0 * near
    } else {
        // Bays swing round from the left shore, ever wider towards the viewer.
        let depth = (y - HORIZON) / (SIZE[1] - HORIZON);
        y + (18.0 + 50.0 * depth) * (x / (70.0 + 60.0 * depth) + 2.6 * depth).sin()
            + 18.0 * noise(x / 110.0, y / 60.0, 8)
    }
}

/// Where strokes go, radians.
fn direction([x, y]: Point) -> f32 {
    const STEP: f32 = 1.0;
    // Both sides of a slope on the same side of the shore.
    let below = is_water([x, y]);
    let level = |x: f32, y: f32| {
        let edge = shore(x);
        stream([x, if below { y.max(edge) } else { y.min(edge - 0.01) }])
    };
    let slope_x = level(x + STEP, y) - level(x - STEP, y);
    let slope_y = level(x, y + STEP) - level(x, y - STEP);
    // A contour has two directions: the one to the right keeps strokes from doubling back.
    (-slope_x * slope_y.signum()).atan2(slope_y.abs())
}

fn color(random: &mut fastrand::Rng, place: Point) -> Rgb {
    const BAND: f32 = 21.0;
    let below = is_water(place);
    let (shades, accents): (&[Rgb], &[Rgb]) =
        if below { (&WATER, &WATER_ACCENTS) } else { (&AIR, &AIR_ACCENTS) };
    if random.f32() < 0.06 {
        return pick(random, accents);
    }
    let band = fractal(stream(place) / BAND, 0.61, 2, if below { 41 } else { 40 });
    let jitter = 0.22 * (random.f32() - 0.5);
    if below {
        // The sun's path over the water.
        let path = smoothstep(46.0, 8.0, (place[0] - SUN[0] + 12.0 * band).abs());
        if random.f32() < 0.55 * path {
            return ramp(&AIR, 0.35 + 0.5 * random.f32());
        }
        return ramp(shades, 0.36 + 0.62 * band + jitter);
    }
    let distance = (place[0] - SUN[0]).hypot(place[1] - SUN[1]);
    ramp(shades, 0.40 + 0.58 * band + 0.30 * smoothstep(190.0, 30.0, distance) + jitter)
}

fn sun(canvas: &mut Canvas, random: &mut fastrand::Rng) {
    const RING: f32 = 5.5;
    let around = |[x, y]: Point| (y - SUN[1]).atan2(x - SUN[0]) + std::f32::consts::FRAC_PI_2;
    for ring in (0..(SUN_RADIUS / RING) as usize).rev() {
        let distance = ring as f32 * RING;
        let strokes = 2 + ring * 2;
        for stroke in 0..strokes {
            let angle = (stroke as f32 + random.f32()) / strokes as f32 * std::f32::consts::TAU;
            let start = [SUN[0] + distance * angle.cos(), SUN[1] + distance * angle.sin()];
            let shade = |random: &mut fastrand::Rng| {
                ramp(&SUN_COLORS, distance / SUN_RADIUS + 0.3 * (random.f32() - 0.5))
            };
            let brush = Brush {
                width: 8.0 + 3.0 * random.f32(),
                color: shade(random),
                streak: shade(random),
                load: 2.0,
                dryness: 0.3,
                seed: random.u32(..),
            };
            brush.paint(canvas, &follow(start, 12.0 + distance, around), |_| 1.0);
        }
    }
}
