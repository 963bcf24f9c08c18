//! A bold abstraction: discs, wedges, rings, a chequerboard and ruled lines on a scumbled ochre ground.

use crate::paintings::brush::{Brush, follow, scatter};
use crate::paintings::canvas::{Canvas, Point};
use crate::paintings::noise::{fractal, smoothstep};
use crate::paintings::palette::{pick, ramp};
use crate::rgb::Rgb;
use ndarray::Array3;

const SIZE: Point = [640.0, 512.0];
const SEED: u64 = 5;

const GROUND: [Rgb; 6] = [
    Rgb::hex(0xb98a4e),
    Rgb::hex(0xcfa565),
    Rgb::hex(0xdfbd84),
    Rgb::hex(0xe9cf9f),
    Rgb::hex(0xd9a877),
    Rgb::hex(0xf0dfbb),
];
const INK: Rgb = Rgb::hex(0x1b1a1f);
const RED: Rgb = Rgb::hex(0xb8281f);
const VERMILION: Rgb = Rgb::hex(0xe0532a);
const BLUE: Rgb = Rgb::hex(0x1d3f78);
const SKY: Rgb = Rgb::hex(0x5d93b5);
const YELLOW: Rgb = Rgb::hex(0xeab52f);
const CREAM: Rgb = Rgb::hex(0xf3e7cb);
const GREEN: Rgb = Rgb::hex(0x3e6b57);
const PLUM: Rgb = Rgb::hex(0x5b2b4c);

/// An outline on the canvas.
#[derive(Clone, Copy)]
enum Shape {
    Disc(Point, f32),
    /// Center, radius of the middle of the band, width of the band.
    Ring(Point, f32, f32),
    Polygon(&'static [Point]),
}

/// A shape in one color; with `within`, only the part that lies inside that other shape as well.
struct Area {
    shape: Shape,
    within: Option<Shape>,
    color: Rgb,
    streak: Rgb,
    /// Which way the brush goes, radians.
    angle: f32,
}

const fn area(shape: Shape, color: Rgb, streak: Rgb, angle: f32) -> Area {
    Area { shape, within: None, color, streak, angle }
}

const fn overlap(shape: Shape, within: Shape, color: Rgb, streak: Rgb, angle: f32) -> Area {
    Area { shape, within: Some(within), color, streak, angle }
}

const MOON: Shape = Shape::Disc([222.0, 206.0], 128.0);
const HEART: Shape = Shape::Disc([222.0, 206.0], 62.0);
const WEDGE: Shape = Shape::Polygon(&[[18.0, 476.0], [612.0, 86.0], [626.0, 178.0]]);
const SAIL: Shape = Shape::Polygon(&[[352.0, 36.0], [548.0, 300.0], [318.0, 262.0]]);
const SUN: Shape = Shape::Disc([486.0, 372.0], 84.0);
const BEAM: Shape = Shape::Polygon(&[[70.0, 30.0], [112.0, 14.0], [372.0, 478.0], [342.0, 496.0]]);
/// The chequerboard's corners.
const TILE: [Point; 4] = [[52.0, 318.0], [128.0, 296.0], [150.0, 372.0], [74.0, 394.0]];

const AREAS: [Area; 25] = [
    area(Shape::Disc([222.0, 206.0], 168.0), SKY, CREAM, 0.5),
    area(MOON, BLUE, PLUM, 0.9),
    area(SAIL, YELLOW, VERMILION, 1.0),
    overlap(SAIL, Shape::Disc([222.0, 206.0], 168.0), GREEN, SKY, 1.0),
    area(SUN, RED, VERMILION, -0.4),
    area(BEAM, CREAM, YELLOW, 1.06),
    overlap(BEAM, MOON, VERMILION, YELLOW, 1.06),
    area(HEART, YELLOW, CREAM, 0.2),
    overlap(BEAM, HEART, RED, PLUM, 1.06),
    area(Shape::Disc([222.0, 206.0], 24.0), INK, BLUE, 0.0),
    area(WEDGE, INK, BLUE, -0.57),
    overlap(WEDGE, SAIL, RED, VERMILION, -0.57),
    overlap(WEDGE, MOON, CREAM, SKY, -0.57),
    overlap(WEDGE, SUN, YELLOW, CREAM, -0.57),
    overlap(WEDGE, BEAM, GREEN, SKY, -0.57),
    area(Shape::Ring([486.0, 372.0], 106.0, 9.0), INK, PLUM, 0.3),
    area(Shape::Ring([486.0, 372.0], 124.0, 4.0), BLUE, SKY, 0.3),
    area(Shape::Disc([562.0, 60.0], 36.0), PLUM, RED, 0.7),
    area(Shape::Disc([562.0, 60.0], 18.0), SKY, CREAM, 0.1),
    area(Shape::Disc([92.0, 94.0], 26.0), VERMILION, YELLOW, 0.4),
    area(Shape::Ring([92.0, 94.0], 38.0, 6.0), INK, BLUE, 0.4),
    area(Shape::Disc([296.0, 440.0], 34.0), SKY, BLUE, 1.4),
    area(Shape::Disc([304.0, 434.0], 14.0), CREAM, YELLOW, 0.0),
    area(Shape::Disc([600.0, 268.0], 15.0), GREEN, INK, 0.5),
    area(Shape::Polygon(&TILE), CREAM, YELLOW, -0.28),
];

/// Ruled lines: from, to, width.
const LINES: [(Point, Point, f32); 16] = [
    ([18.0, 476.0], [626.0, 178.0], 5.0),
    ([404.0, 14.0], [634.0, 240.0], 4.0),
    ([424.0, 10.0], [636.0, 216.0], 4.0),
    ([444.0, 6.0], [638.0, 192.0], 4.0),
    ([20.0, 150.0], [196.0, 14.0], 6.0),
    ([34.0, 168.0], [250.0, 10.0], 3.5),
    ([352.0, 36.0], [318.0, 262.0], 5.0),
    ([160.0, 490.0], [470.0, 440.0], 4.5),
    ([150.0, 470.0], [420.0, 424.0], 3.5),
    ([176.0, 504.0], [440.0, 466.0], 3.5),
    ([560.0, 440.0], [628.0, 500.0], 7.0),
    ([574.0, 428.0], [634.0, 480.0], 5.0),
    ([590.0, 418.0], [636.0, 456.0], 4.0),
    ([24.0, 420.0], [24.0, 250.0], 6.0),
    ([38.0, 400.0], [38.0, 280.0], 4.0),
    ([298.0, 118.0], [470.0, 62.0], 4.0),
];

/// The picture, with `scale` pixels to a unit.
pub(crate) fn draw(scale: f32) -> Array3<u8> {
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut canvas = Canvas::new(SIZE, scale, GROUND[1]);
    canvas.weave(0.9);
    ground(&mut canvas, &mut random);
    for area in &AREAS {
        fill(&mut canvas, &mut random, area);
    }
    chequer(&mut canvas, &mut random);
    for (from, to, width) in LINES {
        rule(&mut canvas, &mut random, from, to, width);
    }
    canvas.light();
    canvas.finish(0.0)
}

/// Short strokes in all directions, in patches of warmer and lighter paint.
fn ground(canvas: &mut Canvas, random: &mut fastrand::Rng) {
    for (width, spacing) in [(30.0, 17.0), (15.0, 14.0)] {
        for start in scatter(random, SIZE, spacing) {
            let patch = fractal(start[0] / 170.0, start[1] / 170.0, 3, 13);
            let shade =
                |random: &mut fastrand::Rng| ramp(&GROUND, 0.45 + 0.55 * patch + 0.45 * (random.f32() - 0.5));
            let brush = Brush {
                width: width * (0.6 + 0.7 * random.f32()),
                color: shade(random),
                streak: shade(random),
                load: 0.9,
                dryness: 0.8,
                seed: random.u32(..),
            };
            let angle = 0.6 + 2.2 * fractal(start[0] / 140.0, start[1] / 140.0, 2, 14) + 0.8 * random.f32();
            brush.paint(canvas, &follow(start, 40.0 + 50.0 * random.f32(), |_| angle), |_| 1.0);
        }
    }
}

/// Fills an area with parallel strokes that stop at its edge.
fn fill(canvas: &mut Canvas, random: &mut fastrand::Rng, area: &Area) {
    let inside = |place: Point| {
        let distance = area.within.map_or(f32::MAX, |within| depth(within, place));
        depth(area.shape, place).min(distance)
    };
    for (width, spacing, load) in [(17.0, 11.0, 1.2), (9.0, 12.0, 1.6)] {
        for start in scatter(random, SIZE, spacing) {
            if inside(start) < -width {
                continue;
            }
            let mottle =
                0.50 * (random.f32() - 0.5) + 0.30 * fractal(start[0] / 60.0, start[1] / 60.0, 2, 15);
            let color = area.color.mix(area.streak, 0.05 + mottle.max(0.0) * 0.9).warmed(mottle * 0.6);
            let brush = Brush {
                width: width * (0.7 + 0.5 * random.f32()),
                color,
                streak: color.mix(area.streak, 0.5 * random.f32()),
                load,
                dryness: 0.35,
                seed: random.u32(..),
            };
            let angle = match area.shape {
                // Around a ring, not across it.
                Shape::Ring(center, ..) => {
                    (start[1] - center[1]).atan2(start[0] - center[0]) + std::f32::consts::FRAC_PI_2
                }
                _ => area.angle + 0.25 * (random.f32() - 0.5),
            };
            let path = follow(start, 26.0 + 40.0 * random.f32(), |_| angle);
            brush.paint(canvas, &path, |place| smoothstep(-0.6, 0.6, inside(place)));
        }
    }
}

/// Dark squares on the tile.
fn chequer(canvas: &mut Canvas, random: &mut fastrand::Rng) {
    const SQUARES: usize = 5;
    let [origin, across, _, down] = TILE;
    let corner = |u: f32, v: f32| {
        let at =
            |axis: usize| origin[axis] + (across[axis] - origin[axis]) * u + (down[axis] - origin[axis]) * v;
        [at(0), at(1)]
    };
    for square in (0..SQUARES * SQUARES).step_by(2) {
        let (row, column) = (square / SQUARES, square % SQUARES);
        let place = |offset: f32| (offset + 0.5) / SQUARES as f32;
        let side = 1.0 / SQUARES as f32;
        let from = corner(column as f32 * side, place(row as f32));
        let to = corner((column + 1) as f32 * side, place(row as f32));
        let square = |[x, y]: Point| {
            // The tile's sides are close to perpendicular: the distance along one says where a square ends.
            let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
            let along = ((x - from[0]) * dx + (y - from[1]) * dy) / dx.hypot(dy);
            smoothstep(-0.6, 0.6, along) * smoothstep(0.6, -0.6, along - dx.hypot(dy))
        };
        let reach = |end: Point, by: f32| [end[0] + by * (to[0] - from[0]), end[1] + by * (to[1] - from[1])];
        let brush = Brush {
            width: 16.0,
            color: pick(random, &[INK, INK, RED]),
            streak: BLUE,
            load: 1.6,
            dryness: 0.1,
            seed: random.u32(..),
        };
        brush.paint(canvas, &[reach(from, -0.6), reach(to, 0.6)], square);
    }
}

/// A line drawn along a ruler, with a hand that is not quite steady.
fn rule(canvas: &mut Canvas, random: &mut fastrand::Rng, from: Point, to: Point, width: f32) {
    const PIECES: usize = 24;
    let sway = random.f32() * 100.0;
    let path: Vec<Point> = (0..=PIECES)
        .map(|piece| {
            let t = piece as f32 / PIECES as f32;
            let drift = 1.3 * fractal(t * 5.0 + sway, 0.5, 2, 16);
            [from[0] + (to[0] - from[0]) * t + drift, from[1] + (to[1] - from[1]) * t + drift]
        })
        .collect();
    let streak = pick(random, &[PLUM, BLUE, INK]);
    let brush = Brush { width, color: INK, streak, load: 1.9, dryness: 0.45, seed: random.u32(..) };
    brush.paint(canvas, &path, |_| 1.0);
}

/// Units from a place to the edge of a shape; positive inside.
fn depth(shape: Shape, [x, y]: Point) -> f32 {
    match shape {
        Shape::Disc(center, radius) => radius - (x - center[0]).hypot(y - center[1]),
        Shape::Ring(center, radius, width) => {
            width / 2.0 - ((x - center[0]).hypot(y - center[1]) - radius).abs()
        }
        Shape::Polygon(corners) => {
            let (mut distance, mut inside) = (f32::MAX, false);
            for (from, to) in corners.iter().zip(corners.iter().cycle().skip(1)) {
                let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
                let t = ((x - from[0]) * dx + (y - from[1]) * dy) / (dx * dx + dy * dy);
                let t = t.clamp(0.0, 1.0);
                distance = distance.min((x - from[0] - t * dx).hypot(y - from[1] - t * dy));
                if (from[1] <= y) != (to[1] <= y) && x < from[0] + (y - from[1]) / dy * dx {
                    inside = !inside;
                }
            }
            if inside { distance } else { -distance }
        }
    }
}
