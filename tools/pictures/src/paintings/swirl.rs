//! Night wind: whirls of blue air with warm lanterns adrift in them, in thick curved strokes.

use crate::paintings::brush::{Brush, follow, scatter};
use crate::paintings::canvas::{Canvas, Point};
use crate::paintings::noise::{fractal, noise, smoothstep};
use crate::paintings::palette::{pick, ramp};
use crate::rgb::Rgb;
use ndarray::Array3;

const SIZE: Point = [640.0, 512.0];
const SEED: u64 = 11;

/// From the deepest to the lightest of the wind's blues.
const BLUES: [Rgb; 7] = [
    Rgb::hex(0x0b1437),
    Rgb::hex(0x14245c),
    Rgb::hex(0x1f4189),
    Rgb::hex(0x2b62a8),
    Rgb::hex(0x4f8fc4),
    Rgb::hex(0x8fbcd6),
    Rgb::hex(0xd3e3da),
];
/// Unmixed paint that shows up here and there among the blues.
const ACCENTS: [Rgb; 5] =
    [Rgb::hex(0x2f7f86), Rgb::hex(0x5a4fa0), Rgb::hex(0xc9b565), Rgb::hex(0x93b8a5), Rgb::hex(0x0a0f2a)];
/// A lantern, from its flame outwards.
const GLOW: [Rgb; 5] =
    [Rgb::hex(0xfff6cf), Rgb::hex(0xffdf6b), Rgb::hex(0xf6ae2d), Rgb::hex(0xc98a2b), Rgb::hex(0x5d8a83)];

/// A place that the air turns around.
struct Whirl {
    center: Point,
    radius: f32,
    /// Strength; the sign is the sense of rotation.
    turn: f32,
}

const WHIRLS: [Whirl; 6] = [
    Whirl { center: [190.0, 300.0], radius: 118.0, turn: 2.6 },
    Whirl { center: [455.0, 165.0], radius: 104.0, turn: -2.7 },
    Whirl { center: [555.0, 400.0], radius: 84.0, turn: 2.4 },
    Whirl { center: [80.0, 80.0], radius: 78.0, turn: -2.2 },
    Whirl { center: [360.0, 440.0], radius: 56.0, turn: -2.2 },
    Whirl { center: [278.0, 70.0], radius: 50.0, turn: 2.2 },
];

/// Centers and radii of the lanterns that drift outside the whirls.
const LANTERNS: [(Point, f32); 8] = [
    ([592.0, 58.0], 30.0),
    ([318.0, 236.0], 34.0),
    ([52.0, 446.0], 26.0),
    ([424.0, 338.0], 20.0),
    ([196.0, 118.0], 17.0),
    ([28.0, 196.0], 14.0),
    ([604.0, 262.0], 16.0),
    ([268.0, 478.0], 14.0),
];
/// Radii of the lanterns that the first whirls have caught.
const CAUGHT: [f32; 2] = [36.0, 44.0];

/// The picture, with `scale` pixels to a unit.
pub(crate) fn draw(scale: f32) -> Array3<u8> {
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut canvas = Canvas::new(SIZE, scale, BLUES[1]);
    canvas.weave(0.5);
    for (width, length, spacing, load) in
        [(24.0, 120.0, 14.0, 1.0), (15.0, 70.0, 10.0, 1.5), (10.5, 46.0, 13.5, 2.1)]
    {
        for start in scatter(&mut random, SIZE, spacing) {
            let color = wind_color(&mut random, start);
            let brush = Brush {
                width: width * (0.75 + 0.5 * random.f32()),
                color,
                streak: wind_color(&mut random, start),
                load,
                dryness: 0.5,
                seed: random.u32(..),
            };
            let length = length * (0.6 + 0.8 * random.f32());
            brush.paint(&mut canvas, &follow(start, length, direction), |_| 1.0);
        }
    }
    let caught = WHIRLS.iter().map(eye).zip(CAUGHT);
    for (center, radius) in caught.chain(LANTERNS) {
        lantern(&mut canvas, &mut random, center, radius);
    }
    canvas.light();
    canvas.finish(0.0)
}

/// The stream function: air flows along its contours.
fn stream([x, y]: Point) -> f32 {
    let wind = y + 34.0 * (x / 105.0 + y / 260.0).sin() + 14.0 * noise(x / 120.0, y / 120.0, 3);
    let whirls = WHIRLS.iter().map(|whirl| {
        let distance = (x - whirl.center[0]).hypot(y - whirl.center[1]) / whirl.radius;
        whirl.turn * whirl.radius * (-distance * distance).exp()
    });
    wind + whirls.sum::<f32>()
}

/// How the stream function rises, per unit.
fn slope([x, y]: Point) -> Point {
    const STEP: f32 = 1.0;
    let rise = |ahead: Point, behind: Point| (stream(ahead) - stream(behind)) / (2.0 * STEP);
    [rise([x + STEP, y], [x - STEP, y]), rise([x, y + STEP], [x, y - STEP])]
}

/// Where the air goes, radians.
fn direction(place: Point) -> f32 {
    let [slope_x, slope_y] = slope(place);
    (-slope_x).atan2(slope_y)
}

/// The still place in a whirl; the wind pushes it away from the middle.
fn eye(whirl: &Whirl) -> Point {
    const CLIMB: f32 = 4.0;
    (0..400).fold(whirl.center, |[x, y], _| {
        let [slope_x, slope_y] = slope([x, y]);
        let step = CLIMB * whirl.turn.signum();
        [x + step * slope_x, y + step * slope_y]
    })
}

/// The color of the air: it changes across the stream and hardly along it.
fn wind_color(random: &mut fastrand::Rng, place: Point) -> Rgb {
    const BAND: f32 = 26.0;
    if random.f32() < 0.07 {
        return pick(random, &ACCENTS);
    }
    let band = fractal(stream(place) / BAND, 0.37, 2, 21);
    let region = noise(place[0] / 210.0, place[1] / 210.0, 9);
    ramp(&BLUES, 0.42 + 0.55 * band + 0.22 * region + 0.26 * (random.f32() - 0.5))
}

/// A flame and the rings of light around it.
fn lantern(canvas: &mut Canvas, random: &mut fastrand::Rng, center: Point, radius: f32) {
    const RING: f32 = 5.0;
    let around = |[x, y]: Point| (y - center[1]).atan2(x - center[0]) + std::f32::consts::FRAC_PI_2;
    let rings = (radius / RING).ceil() as usize;
    for ring in (0..=rings).rev() {
        let distance = ring as f32 * RING;
        let part = distance / radius;
        // Outer rings leave gaps for the night.
        let strokes = ((2.2 + distance * 0.42) * smoothstep(1.25, 0.5, part)).ceil() as usize;
        for stroke in 0..strokes {
            let angle = (stroke as f32 + random.f32()) / strokes as f32 * std::f32::consts::TAU;
            let start = [center[0] + distance * angle.cos(), center[1] + distance * angle.sin()];
            let shade = |random: &mut fastrand::Rng| ramp(&GLOW, part + 0.25 * (random.f32() - 0.5));
            let brush = Brush {
                width: 7.0 + 2.5 * random.f32(),
                color: shade(random),
                streak: shade(random),
                load: 2.3 - part,
                dryness: 0.4 + 0.4 * part,
                seed: random.u32(..),
            };
            brush.paint(canvas, &follow(start, 9.0 + 0.7 * distance, around), |_| 1.0);
        }
    }
}
