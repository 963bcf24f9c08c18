//! The river: a mirror of what stands above the waterline, broken by ripples.

use super::{SIZE, WATERLINE};
use crate::paintings::canvas::{Canvas, Point, rectangle};
use crate::paintings::noise::{fractal, noise, smoothstep};
use crate::rgb::Rgb;

const DEEP: Rgb = Rgb::hex(0x2f4a4c);
const GLINT: Rgb = Rgb::hex(0xe9f1f2);
/// How much higher the mirrored world is than it appears in the water.
const STRETCH: f32 = 1.55;

pub(super) fn draw(canvas: &mut Canvas) {
    // Reflections lose their finest detail: a few neighbors are mixed.
    const SPREAD: [f32; 3] = [-1.6, 0.0, 1.6];
    let mirror = |canvas: &Canvas, [x, y]: Point| {
        let colors = SPREAD.map(|up| canvas.color_at([x, y + up]).0);
        Rgb(std::array::from_fn(|i| colors.iter().map(|color| color[i]).sum::<f32>() / 3.0))
    };
    let [rows, columns] = canvas.pixels([0.0, WATERLINE], SIZE);
    let mut mirrored = Vec::with_capacity((rows.1 - rows.0) * (columns.1 - columns.0));
    for row in rows.0..rows.1 {
        for column in columns.0..columns.1 {
            let [x, y] = canvas.place(row, column);
            let depth = (y - WATERLINE).max(0.0);
            let [tilt_x, tilt_y] = ripples([x, depth]);
            let sway = 1.2 + depth * 0.10;
            let from = [x + tilt_x * sway, WATERLINE - depth * STRETCH - tilt_y * (2.0 + depth * 0.30)];
            let seen = mirror(canvas, [from[0], from[1].clamp(2.0, WATERLINE - 1.0)]);
            // Near the viewer one looks down into the water, far away only at its surface.
            let into = 0.16 + 0.34 * smoothstep(0.0, 170.0, depth) - 0.22 * tilt_y;
            let glint = smoothstep(0.55, 0.95, tilt_y + 0.2 * tilt_x) * 0.35;
            mirrored.push(seen.lit(0.93).mix(DEEP, into).mix(GLINT, glint));
        }
    }
    for (index, color) in mirrored.into_iter().enumerate() {
        let width = columns.1 - columns.0;
        canvas.tint(rows.0 + index / width, columns.0 + index % width, color, 1.0);
    }
    // The line where wall and water meet lies in shade.
    canvas.fill(&rectangle(0.0, WATERLINE - 0.8, SIZE[0], 2.4), 0.45, |_| Rgb::hex(0x182220));
}

/// How the surface is tilted `depth` units below the waterline: sideways and towards the viewer.
fn ripples([x, depth]: Point) -> Point {
    // Waves of one size look larger the nearer they are.
    let near = 260.0 / (depth + 26.0);
    let (u, v) = ((x - SIZE[0] / 2.0) * near / 62.0, 34.0 * near.ln());
    let calm = smoothstep(-0.5, 0.5, noise(x / 160.0, depth / 26.0, 91));
    let swell = fractal(u * 0.35, v * 0.55, 3, 92);
    let chop = noise(u * 0.9, v * 1.9, 93);
    let strength = 0.45 + 0.65 * calm;
    [strength * noise(u * 0.5, v * 0.9, 94), strength * (0.75 * swell + 0.45 * chop)]
}
