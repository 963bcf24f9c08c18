//! Little street scenes: rows of houses with windows and roofs on a noisy ground, and thin branches before them.

use crate::classes::canvas::{Canvas, Point};
use crate::classes::shapes::Polygon;
use crate::classes::trigonometry::direction;
use crate::classes::{brush::Brush, class::Class};
use crate::noise::fractal;
use crate::random::Random;
use crate::rgb::Rgb;
use std::f32::consts::FRAC_PI_2;

/// Draws sky and ground, rows of houses from far to near, and branches.
pub(crate) fn paint(canvas: &mut Canvas, class: &Class, random: &mut Random) {
    let size = canvas.size() as f32;
    backdrop(canvas, class, random);
    let width = 2.2 * class.scale + 16.0;
    let rows = 2 + class.variant % 3;
    for row in 0..rows {
        let nearness = (row as f32 + 1.0) / rows as f32;
        let base = size * (0.35 + 0.55 * nearness) + 6.0 * random.bell();
        street(canvas, class, base, width * (0.55 + 0.45 * nearness), random);
    }
    for _ in 0..1 + class.variant % 2 {
        tree(canvas, class, random);
    }
}

/// Sky above, ground below, both uneven.
fn backdrop(canvas: &mut Canvas, class: &Class, random: &mut Random) {
    let (seed, size) = (random.seed(), canvas.size() as f32);
    let horizon = size * random.between(0.3, 0.5);
    let gain = 0.4 + 0.4 * class.roughness;
    canvas.map(|[x, y], _| {
        let sky = y + 3.0 * fractal([x / 20.0, 0.0], 3, 0.5, seed) < horizon;
        let (stretch, level) = if sky { ([60.0, 25.0], 0.9 - 0.3 * y / size) } else { ([18.0, 7.0], 0.3) };
        let noise = fractal([x / stretch[0], y / stretch[1]], 4, gain, seed ^ 1);
        class.palette.ramp(level + (0.15 + 0.25 * class.roughness) * noise)
    });
}

/// A row of houses that stand on the height `base`.
fn street(canvas: &mut Canvas, class: &Class, base: f32, width: f32, random: &mut Random) {
    let size = canvas.size() as f32;
    let mut left = -width * random.unit();
    while left < size {
        let house_width = width * random.between(0.7, 1.3);
        if random.chance(0.85) {
            let height = house_width * random.between(0.6, 1.0) * class.anisotropy.sqrt();
            house(canvas, class, [left, base + 2.0 * random.bell()], [house_width, height], random);
        }
        left += house_width * random.between(0.95, 1.25);
    }
}

/// A house with its lower left corner at a place.
fn house(
    canvas: &mut Canvas,
    class: &Class,
    [left, base]: Point,
    [width, height]: Point,
    random: &mut Random,
) {
    let (wall, seed) = (class.color(random), random.seed());
    let depth = 0.1 + 0.3 * class.roughness;
    let top = base - height;
    let plaster = move |color: Rgb| {
        move |[x, y]: Point| {
            // One side in the light, one in shade.
            let light = 1.1 - 0.3 * (x - left) / width;
            color.lit(light + depth * fractal([x / 6.0, y / 6.0], 3, 0.6, seed))
        }
    };
    canvas.fill(&Polygon::rectangle(left, top, width, height), plaster(wall));
    roof(canvas, class, [left, top], width, random);
    windows(canvas, class, [left, top], [width, height], random);
    let door = Polygon::rectangle(
        left + width * random.between(0.1, 0.7),
        base - 0.22 * height,
        0.18 * width,
        0.22 * height,
    );
    canvas.fill(&door, plaster(class.color(random).lit(0.6)));
}

/// A gable or a hip, with courses of tiles.
fn roof(canvas: &mut Canvas, class: &Class, [left, top]: Point, width: f32, random: &mut Random) {
    let color = class.color(random).lit(0.75);
    let (eaves, height) = (0.08 * width, width * random.between(0.25, 0.6));
    let ridge = if random.chance(0.5) { 0.0 } else { 0.25 * width };
    let middle = left + width / 2.0;
    let corners = [
        [left - eaves, top],
        [middle - ridge, top - height],
        [middle + ridge, top - height],
        [left + width + eaves, top],
    ];
    let course = (0.3 * class.scale).max(2.5);
    canvas.fill(&Polygon::new(&corners), |[_, y]| {
        let into = ((top - y) / course).rem_euclid(1.0);
        color.lit(0.8 + 0.4 * into)
    });
}

/// Rows of windows, some of them lit, in frames.
fn windows(
    canvas: &mut Canvas,
    class: &Class,
    [left, top]: Point,
    [width, height]: Point,
    random: &mut Random,
) {
    let pane = (0.16 * width).max(2.5);
    let [columns, rows] = [width / (2.0 * pane), 0.75 * height / (2.6 * pane)].map(|count| count as usize);
    let (lit, dark) = (class.palette.ramp(1.0), class.palette.ramp(0.0).lit(0.7));
    let frame = class.color(random);
    for row in 0..rows {
        for column in 0..columns {
            let x = left + width * (column as f32 + 0.5) / columns as f32 - pane / 2.0;
            let y = top + pane * (0.6 + 2.6 * row as f32);
            let glass = if random.chance(0.3) { lit } else { dark };
            canvas.fill(&Polygon::rectangle(x - 0.8, y - 0.8, pane + 1.6, 1.5 * pane + 1.6), |_| frame);
            canvas.fill(&Polygon::rectangle(x, y, pane, 1.5 * pane), |_| glass);
            canvas.fill(&Polygon::rectangle(x + pane / 2.0 - 0.4, y, 0.8, 1.5 * pane), |_| frame);
        }
    }
}

/// A bare tree that grows from the lower edge.
fn tree(canvas: &mut Canvas, class: &Class, random: &mut Random) {
    let size = canvas.size() as f32;
    let color = class.palette.ground().lit(random.between(0.4, 0.9));
    let foot = [random.between(0.0, size), size * random.between(0.85, 1.05)];
    let width = (1.0 + 0.25 * class.scale).min(5.0);
    let length = size * random.between(0.2, 0.3);
    branch(canvas, color, foot, -FRAC_PI_2 + 0.15 * random.bell(), [length, width], random);
}

/// A branch from a place, with thinner ones at its end, until they are too thin to see.
fn branch(
    canvas: &mut Canvas,
    color: Rgb,
    from: Point,
    angle: f32,
    [length, width]: [f32; 2],
    random: &mut Random,
) {
    if width < 0.5 || length < 3.0 {
        return;
    }
    let bent = angle + 0.25 * random.bell();
    let step = |[x, y]: Point, angle: f32| {
        let [dx, dy] = direction(angle);
        [x + dx * length / 2.0, y + dy * length / 2.0]
    };
    let path = [from, step(from, angle), step(step(from, angle), bent)];
    Brush { width, color, roughness: 0.0, seed: 0 }.paint(canvas, &path);
    for side in [-1.0, 1.0] {
        let turn = side * random.between(0.2, 0.7);
        let shrink = random.between(0.65, 0.85);
        branch(canvas, color, path[2], bent + turn, [length * shrink, width * 0.72], random);
    }
}
