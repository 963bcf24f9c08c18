//! What grows: the wooded hill behind the town, the near bank, and the bare tree on it.

use super::{HAZE, SIZE};
use crate::paintings::canvas::{Canvas, Point, ellipse, line};
use crate::paintings::noise::{fractal, hash, noise, smoothstep};
use crate::paintings::palette::ramp;
use crate::rgb::Rgb;

const LEAVES: [Rgb; 5] =
    [Rgb::hex(0x2e3d24), Rgb::hex(0x465a2e), Rgb::hex(0x66783a), Rgb::hex(0x8a9450), Rgb::hex(0xb39a4e)];
const BARK_SHADE: Rgb = Rgb::hex(0x2a221e);
const BARK_LIGHT: Rgb = Rgb::hex(0x8d7660);
const GRASS: [Rgb; 4] = [Rgb::hex(0x2b331b), Rgb::hex(0x4a5527), Rgb::hex(0x707a38), Rgb::hex(0xa39c55)];

/// Two ridges of wood, the far one blue with distance, and trees among the rows of houses.
pub(super) fn hillside(canvas: &mut Canvas, random: &mut fastrand::Rng) {
    for (height, roughness, haze, seed) in [(252.0, 30.0, 0.72, 51), (276.0, 20.0, 0.50, 52)] {
        let crest = |x: f32| height - roughness * fractal(x / 190.0, 0.4, 3, seed) - 0.05 * (x - 300.0).abs();
        let steps = 96;
        let mut outline: Vec<Point> = (0..=steps)
            .map(|step| step as f32 / steps as f32 * SIZE[0])
            .map(|x| [x, crest(x) + 2.0 * noise(x / 4.0, 0.5, seed)])
            .collect();
        outline.extend([[SIZE[0], 400.0], [0.0, 400.0]]);
        canvas.fill(&outline, 1.0, |[x, y]| {
            let crowns = fractal(x / 9.0, y / 6.0, 3, seed + 4);
            ramp(&LEAVES, 0.42 + 0.4 * crowns).mix(HAZE, haze)
        });
    }
    for _ in 0..34 {
        let (x, y) = (SIZE[0] * random.f32(), 268.0 + 40.0 * random.f32());
        let radius = 12.0 + 12.0 * random.f32();
        crown(canvas, random, [x, y], radius, 0.36);
    }
}

/// A round crown of leaves, light from the upper left.
fn crown(canvas: &mut Canvas, random: &mut fastrand::Rng, center: Point, radius: f32, haze: f32) {
    for _ in 0..(radius * 9.0) as usize {
        let angle = random.f32() * std::f32::consts::TAU;
        let reach = radius * random.f32().sqrt();
        let (dx, dy) = (angle.cos() * reach, angle.sin() * reach * 0.9);
        let light = 0.45 - 0.4 * (dx * 0.6 + dy * 0.8) / radius + 0.35 * (random.f32() - 0.5);
        let leaf = ramp(&LEAVES, light).mix(HAZE, haze);
        let size = 1.2 + 1.6 * random.f32();
        canvas.fill(&ellipse([center[0] + dx, center[1] + dy], [size * 1.2, size]), 0.9, |_| leaf);
    }
}

/// The near bank in the lower left corner, with its grass.
pub(super) fn bank(canvas: &mut Canvas, random: &mut fastrand::Rng) {
    let edge = |x: f32| 516.0 + 0.00115 * x * x + 5.0 * noise(x / 26.0, 0.3, 71);
    let mut outline: Vec<Point> = (0..=60).map(|step| step as f32 * 5.0).map(|x| [x, edge(x)]).collect();
    outline.extend([[300.0, SIZE[1]], [0.0, SIZE[1]]]);
    canvas.fill(&outline, 1.0, |[x, y]| {
        let clumps = fractal(x / 24.0, y / 12.0, 4, 72);
        ramp(&GRASS, 0.34 + 0.4 * clumps)
    });
    for _ in 0..2600 {
        let x = 300.0 * random.f32();
        let depth = random.f32();
        let y = edge(x) + (SIZE[1] + 8.0 - edge(x)).max(0.0) * depth;
        let length = 4.0 + 9.0 * depth * random.f32();
        let lean = 5.0 * (random.f32() - 0.4) + 2.0 * noise(x / 30.0, y / 30.0, 73);
        let light = 0.45 + 0.35 * noise(x / 22.0, y / 12.0, 72) + 0.5 * (random.f32() - 0.5);
        let blade = ramp(&GRASS, light);
        canvas.fill(&line([x, y], [x + lean, y - length], 1.0, 0.3), 0.85, |_| blade);
    }
}

/// One piece of a branch still to be drawn.
struct Branch {
    from: Point,
    /// Radians, 0 to the right, negative upwards.
    angle: f32,
    width: f32,
    length: f32,
}

/// The tree: a trunk that parts again and again until only twigs are left.
pub(super) fn tree(canvas: &mut Canvas, random: &mut fastrand::Rng) {
    const PIECES: usize = 5;
    const FINEST: f32 = 0.42;
    let upwards = -std::f32::consts::FRAC_PI_2;
    let mut waiting =
        vec![Branch { from: [104.0, 548.0], angle: upwards + 0.05, width: 25.0, length: 150.0 }];
    roots(canvas);
    while let Some(branch) = waiting.pop() {
        let (mut place, mut angle) = (branch.from, branch.angle);
        let end_width = branch.width * 0.70;
        for piece in 0..PIECES {
            let part =
                |piece: usize| branch.width + (end_width - branch.width) * piece as f32 / PIECES as f32;
            angle += 0.30 * (random.f32() - 0.5) * (8.0 / branch.width).clamp(0.35, 1.2);
            // Thin branches reach for the light.
            if branch.width < 6.0 {
                angle += 0.05 * (upwards - angle);
            }
            let step = branch.length / PIECES as f32;
            let next = [place[0] + step * angle.cos(), place[1] + step * angle.sin()];
            limb(canvas, place, next, part(piece), part(piece + 1));
            place = next;
            // Side shoots.
            if branch.width < 14.0 && branch.width > 1.0 && random.f32() < 0.34 {
                let side = if random.bool() { 1.0 } else { -1.0 };
                waiting.push(Branch {
                    from: place,
                    angle: angle + side * (0.6 + 0.5 * random.f32()),
                    width: part(piece) * (0.30 + 0.2 * random.f32()),
                    length: branch.length * (0.45 + 0.25 * random.f32()),
                });
            }
        }
        if end_width > FINEST {
            let lean = if random.bool() { 1.0 } else { -1.0 };
            for (turn, share) in [(0.22 + 0.25 * random.f32(), 0.84), (-0.40 - 0.35 * random.f32(), 0.66)] {
                waiting.push(Branch {
                    from: place,
                    angle: angle + lean * turn,
                    width: end_width * share,
                    length: branch.length * (0.66 + 0.2 * random.f32()),
                });
            }
        }
    }
}

/// A piece of trunk or branch: bark that is lit from the left.
fn limb(canvas: &mut Canvas, from: Point, to: Point, from_width: f32, to_width: f32) {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let length = dx.hypot(dy).max(1e-6);
    // A little longer than it is, so that no sky shows through the joints.
    let past = [to[0] + dx / length * to_width * 0.2, to[1] + dy / length * to_width * 0.2];
    canvas.fill(&line(from, past, from_width, to_width), 1.0, |[x, y]| {
        let across = ((x - from[0]) * -dy + (y - from[1]) * dx) / length;
        let along = ((x - from[0]) * dx + (y - from[1]) * dy) / length;
        let side = (across / (from_width / 2.0)).clamp(-1.0, 1.0);
        let furrows = noise(across / 1.6, (along + from[0] + from[1]) / 9.0, 81);
        let grit = hash((x * 2.0) as i32, (y * 2.0) as i32, 82) - 0.5;
        let light = smoothstep(0.75, -0.95, side) * 0.75 + 0.12;
        let rough = (from_width / 10.0).min(1.0);
        BARK_SHADE.mix(BARK_LIGHT, light + rough * (0.40 * furrows + 0.15 * grit))
    });
}

/// Where the trunk widens into the ground.
fn roots(canvas: &mut Canvas) {
    for (dx, width) in [(-20.0, 14.0), (-8.0, 22.0), (9.0, 22.0), (24.0, 12.0)] {
        limb(canvas, [104.0 + dx, 560.0], [104.0 + dx * 0.15, 522.0], width, width * 0.8);
    }
}
