//! What is on a wall: windows, doors, shutters, timber. The houses themselves stand in `houses`.

use super::HAZE;
use crate::paintings::canvas::{Canvas, Point, ellipse, line, rectangle};
use crate::paintings::noise::{hash, noise};
use crate::rgb::Rgb;

const GLASS_DARK: Rgb = Rgb::hex(0x27323d);
const GLASS_SKY: Rgb = Rgb::hex(0x9fb8c9);
const CURTAIN: Rgb = Rgb::hex(0xe9dfc8);
const FRAME: Rgb = Rgb::hex(0xf1ece0);
const TIMBER: Rgb = Rgb::hex(0x4a3626);
const DOOR: [Rgb; 4] = [Rgb::hex(0x3d5a4c), Rgb::hex(0x6b3b25), Rgb::hex(0x2f4a66), Rgb::hex(0x7a2f2a)];

/// How a wall's windows look.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// Color of the shutters, if there are any.
    pub(super) shutters: Option<Rgb>,
    /// How much of the wall's colors is lost in the distance, 0 to 1.
    pub(super) haze: f32,
    /// Chooses between curtains, reflections and dark rooms.
    pub(super) seed: u32,
}

/// A window of `width` x `height` units with its upper left corner at `corner`.
pub(super) fn window(canvas: &mut Canvas, [x, y]: Point, width: f32, height: f32, style: Style) {
    let hazy = |color: Rgb| color.mix(HAZE, style.haze);
    let chance = |salt: i32| hash((x * 7.0) as i32 + salt, (y * 5.0) as i32, style.seed);
    if let Some(color) = style.shutters {
        let leaf = width * 0.46;
        for left in [x - leaf - 0.8, x + width + 0.8] {
            canvas.fill(&rectangle(left + 0.7, y + 1.2, leaf, height), 0.35, |_| Rgb([0.1; 3]));
            canvas.fill(&rectangle(left, y, leaf, height), 1.0, |[px, py]| {
                let slat = 0.84 + 0.3 * (py / 1.9).rem_euclid(1.0);
                hazy(color.lit(slat * (0.97 + 0.1 * noise(px / 3.0, py / 9.0, style.seed))))
            });
        }
    }
    let border = (width * 0.11).clamp(0.7, 1.5);
    let frame = rectangle(x - border, y - border, width + 2.0 * border, height + 2.0 * border);
    canvas.fill(&frame, 1.0, |_| hazy(FRAME.lit(0.94)));
    let (curtain, mirror) = (chance(1) < 0.35, 0.25 + 0.6 * chance(2));
    canvas.fill(&rectangle(x, y, width, height), 1.0, |[px, py]| {
        let (u, v) = ((px - x) / width, (py - y) / height);
        let sky = mirror * (1.0 - v) * (0.75 + 0.5 * noise(px / 7.0, py / 5.0, style.seed));
        let room = GLASS_DARK.mix(GLASS_SKY, sky);
        let gathered = (u - 0.5).abs() > 0.22 + 0.2 * v;
        let behind = if curtain && gathered { CURTAIN.lit(0.62 + 0.1 * (px * 2.4).sin()) } else { room };
        // The reveal throws its shadow on the glass from the upper left.
        let shade = if v < 0.12 || u < 0.10 { 0.6 } else { 1.0 };
        hazy(behind.lit(shade))
    });
    let bar = (width * 0.09).clamp(0.5, 1.1);
    canvas.fill(&rectangle(x + (width - bar) / 2.0, y, bar, height), 1.0, |_| hazy(FRAME.lit(0.9)));
    for part in [0.36, 0.68] {
        canvas.fill(&rectangle(x, y + height * part, width, bar * 0.8), 1.0, |_| hazy(FRAME.lit(0.9)));
    }
    let sill = rectangle(x - border * 2.0, y + height + border * 0.6, width + border * 4.0, 1.5);
    canvas.fill(&sill, 1.0, |_| hazy(FRAME));
    let below = rectangle(x - border * 1.4, y + height + border * 0.6 + 1.5, width + border * 4.0, 1.7);
    canvas.fill(&below, 0.32, |_| Rgb([0.12, 0.10, 0.12]));
}

/// A door in the ground floor, or a shop window with an awning; `base` is the middle of its foot.
pub(super) fn entrance(canvas: &mut Canvas, base: Point, width: f32, height: f32, seed: u32) {
    let [x, y] = [base[0] - width / 2.0, base[1] - height];
    let color = DOOR[(hash(x as i32, y as i32, seed) * DOOR.len() as f32) as usize % DOOR.len()];
    let arch = ellipse([base[0], y], [width / 2.0 + 1.6, width / 2.0 + 1.6]);
    canvas.fill(&rectangle(x - 1.6, y, width + 3.2, height), 1.0, |_| FRAME.lit(0.80));
    canvas.fill(&arch, 1.0, |_| FRAME.lit(0.80));
    canvas.fill(&ellipse([base[0], y], [width / 2.0, width / 2.0]), 1.0, |[_, py]| {
        GLASS_DARK.mix(GLASS_SKY, 0.04 * (y - py).max(0.0))
    });
    canvas.fill(&rectangle(x, y, width, height), 1.0, |[px, py]| {
        let panel = ((px - x) / width * 4.0).rem_euclid(1.0) < 0.16
            || ((py - y) / height * 3.0).rem_euclid(1.0) < 0.1;
        let shade = if px - x < 1.4 || py - y < 1.2 { 0.55 } else { 1.0 };
        color.lit(shade * if panel { 0.72 } else { 1.0 } * (0.95 + 0.12 * noise(px, py / 8.0, seed)))
    });
}

/// A striped awning over the ground floor.
pub(super) fn awning(canvas: &mut Canvas, x: f32, y: f32, width: f32, color: Rgb) {
    let (drop, out) = (9.0, 3.0);
    let shadow = rectangle(x + 2.0, y + drop, width + 2.0, 6.0);
    canvas.fill(&shadow, 0.42, |_| Rgb([0.08, 0.08, 0.12]));
    let cloth = [[x, y], [x + width, y], [x + width + out, y + drop], [x - out, y + drop]];
    canvas.fill(&cloth, 1.0, |[px, py]| {
        let stripe = ((px - x - width / 2.0) / (1.0 + 0.06 * (py - y) / drop) / 3.2).floor() as i32;
        let cloth = if stripe.rem_euclid(2) == 0 { color } else { FRAME };
        cloth.lit(1.06 - 0.26 * (py - y) / drop)
    });
}

/// Beams across a wall from `left` to `right`, `top` to `bottom`: storeys, posts, and braces at the ends.
pub(super) fn timber(
    canvas: &mut Canvas,
    [left, right]: Point,
    [top, bottom]: Point,
    storey: f32,
    haze: f32,
) {
    let wood = |[x, y]: Point| TIMBER.lit(0.9 + 0.25 * noise(x / 1.3, y / 6.0, 77)).mix(HAZE, haze);
    let mut beam = |from: Point, to: Point, width: f32| {
        let shadow = |[x, y]: Point| [x + 0.8, y + 0.9];
        canvas.fill(&line(shadow(from), shadow(to), width, width), 0.3, |_| Rgb([0.1; 3]));
        canvas.fill(&line(from, to, width, width), 1.0, wood);
    };
    let posts = ((right - left) / 13.0).round().max(2.0);
    let mut floor = bottom;
    while floor - storey >= top - 2.0 {
        beam([left, floor], [right, floor], 2.3);
        for post in 0..=posts as usize {
            let x = left + 1.0 + (right - left - 2.0) * post as f32 / posts;
            beam([x, floor], [x, floor - storey], 1.7);
        }
        beam([left + 1.0, floor - 1.0], [left + 11.0, floor - storey], 1.6);
        beam([right - 1.0, floor - 1.0], [right - 11.0, floor - storey], 1.6);
        floor -= storey;
    }
    beam([left, floor], [right, floor], 2.3);
}
