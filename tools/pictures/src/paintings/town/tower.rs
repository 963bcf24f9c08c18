//! The church: a square stone tower with a clock and a slender spire, behind the houses.

use super::facade::{self, Style};
use super::{HAZE, weathered};
use crate::paintings::canvas::{Canvas, Point, ellipse, line, rectangle};
use crate::paintings::noise::{hash, noise};
use crate::rgb::Rgb;

const STONE: Rgb = Rgb::hex(0xcdb797);
const SLATE: Rgb = Rgb::hex(0x55707a);
const GOLD: Rgb = Rgb::hex(0xd9ac4a);
/// How much of the tower is lost in the air before it.
const DISTANCE: f32 = 0.14;

const LEFT: f32 = 498.0;
const WIDTH: f32 = 58.0;
/// The edge between the sunlit and the shaded face.
const EDGE: f32 = LEFT + 36.0;
const TOP: f32 = 150.0;
const FOOT: f32 = 330.0;
const TIP: Point = [EDGE - 5.0, 22.0];

pub(super) fn draw(canvas: &mut Canvas) {
    canvas.fill(&rectangle(LEFT, TOP, WIDTH, FOOT - TOP), 1.0, masonry);
    for y in [TOP, TOP + 52.0, TOP + 104.0] {
        canvas.fill(&rectangle(LEFT - 2.5, y - 2.0, WIDTH + 5.0, 4.0), 1.0, |place| masonry(place).lit(1.12));
        canvas.fill(&rectangle(LEFT, y + 2.0, WIDTH, 2.5), 0.35, |_| Rgb([0.1, 0.1, 0.15]));
    }
    for (middle, reach) in [(LEFT + 18.0, 5.0), (EDGE + 11.0, 3.2)] {
        for y in [TOP + 18.0, TOP + 74.0] {
            belfry_window(canvas, [middle, y], reach);
        }
    }
    spire(canvas);
    clock(canvas, [LEFT + 18.0, TOP - 9.0]);
    nave(canvas);
}

/// Blocks of stone, lit from the left.
fn masonry([x, y]: Point) -> Rgb {
    let row = (y / 4.6).floor();
    let column = x / 8.3 + 0.5 * row.rem_euclid(2.0);
    let block = hash(column.floor() as i32, row as i32, 31);
    let joint = column.rem_euclid(1.0) < 0.07 || (y / 4.6).rem_euclid(1.0) < 0.14;
    let face = if x < EDGE { 1.06 } else { 0.66 };
    let stone = STONE.warmed(0.22 * block - 0.11).lit(face * weathered([x, y], 33));
    stone.lit(if joint { 0.82 } else { 1.0 }).mix(HAZE, DISTANCE)
}

/// A pointed opening with louvres.
fn belfry_window(canvas: &mut Canvas, [x, y]: Point, reach: f32) {
    let opening = |grow: f32| {
        let r = reach + grow;
        [
            [x - r, y + 26.0 + grow],
            [x - r, y + 5.0],
            [x, y - 7.0 - grow],
            [x + r, y + 5.0],
            [x + r, y + 26.0 + grow],
        ]
    };
    canvas.fill(&opening(1.6), 1.0, |place| masonry(place).lit(1.14));
    canvas.fill(&opening(0.0), 1.0, |[_, py]| {
        let slat = (py / 3.4).rem_euclid(1.0);
        Rgb::hex(0x33302f).mix(Rgb::hex(0x7d7468), if slat < 0.4 { 0.55 } else { 0.0 }).mix(HAZE, DISTANCE)
    });
}

fn clock(canvas: &mut Canvas, center: Point) {
    // It hangs in a small gable over the cornice.
    let [x, y] = center;
    let gable = [[x - 17.0, y + 9.0], [x, y - 26.0], [x + 17.0, y + 9.0]];
    canvas.fill(&gable, 1.0, masonry);
    canvas.fill(&line(gable[0], gable[1], 2.6, 2.6), 1.0, |_| SLATE.lit(1.1));
    canvas.fill(&line(gable[2], gable[1], 2.6, 2.6), 1.0, |_| SLATE.lit(0.7));
    canvas.fill(&ellipse(center, [8.4, 8.4]), 1.0, |_| GOLD.lit(0.9));
    canvas.fill(&ellipse(center, [7.2, 7.2]), 1.0, |_| Rgb::hex(0x26324a));
    canvas.fill(&line(center, [x + 3.2, y - 3.4], 1.1, 0.7), 1.0, |_| GOLD);
    canvas.fill(&line(center, [x - 1.4, y + 5.8], 0.9, 0.6), 1.0, |_| GOLD);
}

fn spire(canvas: &mut Canvas) {
    let scales = |light: f32| {
        move |[x, y]: Point| {
            let row = (y / 3.2).floor();
            let slate = hash((x / 3.0 + 0.5 * row).floor() as i32, row as i32, 35);
            let lap = 0.88 + 0.2 * (y / 3.2).rem_euclid(1.0);
            let patina = noise(x / 12.0, y / 22.0, 36);
            let color = SLATE.mix(Rgb::hex(0x6f9a86), 0.35 + 0.4 * patina);
            color.lit(light * lap * (0.9 + 0.2 * slate)).mix(HAZE, DISTANCE)
        }
    };
    let shoulder = TOP - 2.0;
    let lit = [[LEFT - 1.0, shoulder], TIP, [EDGE, shoulder]];
    let shaded = [[EDGE, shoulder], TIP, [LEFT + WIDTH + 1.0, shoulder]];
    canvas.fill(&lit, 1.0, scales(1.12));
    canvas.fill(&shaded, 1.0, scales(0.62));
    let [x, y] = TIP;
    canvas.fill(&line([x, y + 4.0], [x, y - 13.0], 1.3, 0.8), 1.0, |_| Rgb::hex(0x5b5137));
    canvas.fill(&ellipse([x, y - 4.0], [1.9, 1.9]), 1.0, |_| GOLD);
    canvas.fill(&line([x - 3.4, y - 9.0], [x + 3.4, y - 9.0], 1.0, 1.0), 1.0, |_| GOLD);
}

/// The long roof of the church beside its tower.
fn nave(canvas: &mut Canvas) {
    let ridge = 232.0;
    let roof =
        [[LEFT + WIDTH, ridge], [LEFT + 208.0, ridge + 2.0], [LEFT + 222.0, 290.0], [LEFT + WIDTH, 290.0]];
    canvas.fill(&roof, 1.0, |[x, y]| {
        let row = (y / 3.3).floor();
        let tile = hash((x / 3.4 + 0.5 * row).floor() as i32, row as i32, 37);
        let light = 0.84 + 0.2 * (y / 3.3).rem_euclid(1.0);
        Rgb::hex(0x8a5345).lit(light * (0.9 + 0.2 * tile)).mix(HAZE, DISTANCE + 0.06)
    });
    canvas.fill(&rectangle(LEFT + WIDTH, 290.0, 160.0, 46.0), 1.0, |place| masonry(place).lit(0.95));
    for index in 0..6 {
        let style = Style { shutters: None, haze: DISTANCE + 0.1, seed: 7 };
        facade::window(canvas, [LEFT + WIDTH + 14.0 + 24.0 * index as f32, 296.0], 7.0, 26.0, style);
    }
}
