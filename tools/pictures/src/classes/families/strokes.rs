//! Strokes along a flow, in patches of the palette's colors.

use crate::classes::canvas::{Canvas, Point};
use crate::classes::{brush::Brush, class::Class, flow::Flow};
use crate::noise::noise;
use crate::random::Random;
use crate::rgb::Rgb;

/// Covers the canvas with strokes.
pub(crate) fn paint(canvas: &mut Canvas, class: &Class, random: &mut Random) {
    let flow = Flow::new(class, random);
    let seed = random.seed();
    let patches = 6.0 * class.scale + 12.0;
    for width in [1.5 * class.scale, 0.8 * class.scale] {
        cover(canvas, class, &flow, width, random, |[x, y], random| {
            let patch = noise([x / patches, y / patches], seed);
            let near = class.palette.ramp(0.5 + 0.9 * patch + 0.15 * random.bell());
            let color = if random.chance(0.25) { class.palette.pick(random) } else { near };
            color.jittered(0.08 * class.jitter, random)
        });
    }
}

/// Covers the canvas with strokes of one width; `color` gives what each brush is loaded with, from the middle of the
/// stroke.
pub(super) fn cover(
    canvas: &mut Canvas,
    class: &Class,
    flow: &Flow,
    width: f32,
    random: &mut Random,
    color: impl Fn(Point, &mut Random) -> Rgb,
) {
    const LAYERS: f32 = 2.2;
    let length = width * (1.5 + class.anisotropy);
    let side = canvas.size() as f32 + width;
    let count = (LAYERS * side * side / (width * length)).ceil() as usize;
    for _ in 0..count {
        let start = canvas.anywhere(width / 2.0, random);
        let brush = Brush {
            width: width * random.between(0.7, 1.2),
            color: color(start, random),
            roughness: class.roughness,
            seed: random.seed(),
        };
        brush.paint(canvas, &flow.follow(start, length * random.between(0.6, 1.4), (0.7 * width).max(4.0)));
    }
}
