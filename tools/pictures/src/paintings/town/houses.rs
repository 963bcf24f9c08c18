//! Gabled houses: the front row along the quay, rows behind it that fade in the haze, and the quay itself.

use super::facade::{self, Style};
use super::{HAZE, SIZE, WATERLINE, weathered};
use crate::paintings::canvas::{Canvas, Point, ellipse, line, rectangle};
use crate::paintings::noise::{hash, noise, smoothstep};
use crate::paintings::palette::pick;
use crate::rgb::Rgb;

const ROOFS: [Rgb; 5] =
    [Rgb::hex(0x9a4a32), Rgb::hex(0xae5a3a), Rgb::hex(0x7d3f30), Rgb::hex(0x6b5a56), Rgb::hex(0xb5694a)];
const WALLS: [Rgb; 7] = [
    Rgb::hex(0xdac391),
    Rgb::hex(0xe9dcc0),
    Rgb::hex(0xd0a38e),
    Rgb::hex(0xc8cfc4),
    Rgb::hex(0xd2ad70),
    Rgb::hex(0xb9c6d2),
    Rgb::hex(0xc28c74),
];
const SHUTTERS: [Rgb; 3] = [Rgb::hex(0x4d6b52), Rgb::hex(0x5a3c2c), Rgb::hex(0x49657d)];
const AWNINGS: [Rgb; 3] = [Rgb::hex(0xb23a2e), Rgb::hex(0x2f5d50), Rgb::hex(0x3a5a8a)];
const STONE: Rgb = Rgb::hex(0xa79b88);
const MORTAR: Rgb = Rgb::hex(0x736a5e);
const SHADOW: Rgb = Rgb([0.10, 0.10, 0.16]);

/// The foot of the front row, on top of the quay.
const STREET: f32 = 384.0;
const STOREY: f32 = 27.0;
/// How far a roof goes back from its gable, and up the picture as it does.
const RIDGE: Point = [34.0, -9.0];

/// A house seen from its gable.
#[derive(Clone, Copy)]
struct House {
    left: f32,
    width: f32,
    base: f32,
    storeys: usize,
    /// Height of the gable over the eaves.
    gable: f32,
    wall: Rgb,
    roof: Rgb,
    timbered: bool,
    style: Style,
}

/// What tells the houses of the front row apart; colors are indices into the tables above.
struct Plan {
    width: f32,
    storeys: usize,
    gable: f32,
    wall: usize,
    roof: usize,
    timbered: bool,
    shutters: Option<usize>,
}

const fn plain(width: f32, storeys: usize, gable: f32, wall: usize, roof: usize) -> Plan {
    Plan { width, storeys, gable, wall, roof, timbered: false, shutters: None }
}

const fn timbered(width: f32, storeys: usize, gable: f32, wall: usize, roof: usize) -> Plan {
    Plan { timbered: true, ..plain(width, storeys, gable, wall, roof) }
}

const fn shuttered(
    width: f32,
    storeys: usize,
    gable: f32,
    wall: usize,
    roof: usize,
    shutters: usize,
) -> Plan {
    Plan { shutters: Some(shutters), ..plain(width, storeys, gable, wall, roof) }
}

const FRONT: [Plan; 10] = [
    timbered(78.0, 4, 62.0, 1, 0),
    shuttered(66.0, 4, 50.0, 4, 1, 0),
    plain(84.0, 5, 64.0, 2, 2),
    shuttered(60.0, 4, 56.0, 5, 4, 1),
    timbered(88.0, 4, 74.0, 0, 0),
    shuttered(64.0, 5, 48.0, 6, 3, 2),
    plain(82.0, 4, 60.0, 3, 1),
    timbered(70.0, 3, 58.0, 1, 2),
    shuttered(92.0, 4, 66.0, 4, 4, 0),
    shuttered(100.0, 3, 62.0, 2, 0, 2),
];

pub(super) fn front_row(canvas: &mut Canvas, random: &mut fastrand::Rng) {
    let mut left = -14.0;
    for Plan { width, storeys, gable, wall, roof, timbered, shutters } in FRONT {
        let style =
            Style { shutters: shutters.map(|index| SHUTTERS[index]), haze: 0.0, seed: random.u32(..) };
        let (wall, roof) = (WALLS[wall], ROOFS[roof]);
        let house = House { left, width, base: STREET, storeys, gable, wall, roof, timbered, style };
        draw(canvas, random, &house);
        left += width + if random.f32() < 0.3 { 4.0 } else { 0.0 };
    }
}

/// Three rows up the hill, the furthest first.
pub(super) fn back_rows(canvas: &mut Canvas, random: &mut fastrand::Rng) {
    for (base, haze, size) in [(296.0, 0.52, 0.62), (318.0, 0.38, 0.74), (340.0, 0.22, 0.88)] {
        let mut left = -30.0 - 20.0 * random.f32();
        while left < SIZE[0] {
            let width = (46.0 + 30.0 * random.f32()) * size;
            let style = Style { shutters: None, haze, seed: random.u32(..) };
            let house = House {
                left,
                width,
                base: base + 8.0 * noise(left / 90.0, base, 3),
                storeys: 3 + random.usize(..2),
                gable: width * (0.6 + 0.25 * random.f32()),
                wall: pick(random, &WALLS),
                roof: pick(random, &ROOFS),
                timbered: random.f32() < 0.2,
                style,
            };
            draw(canvas, random, &house);
            left += width * (0.9 + 0.6 * random.f32());
        }
    }
}

fn draw(canvas: &mut Canvas, random: &mut fastrand::Rng, house: &House) {
    let House { left, width, base, wall, style, .. } = *house;
    let hazy = |color: Rgb| color.mix(HAZE, style.haze);
    let right = left + width;
    let eaves = base - house.storeys as f32 * STOREY;
    let apex = [left + width / 2.0, eaves - house.gable];
    roof(canvas, random, house, apex, eaves);
    let outline = [[left, base], [left, eaves], apex, [right, eaves], [right, base]];
    canvas.fill(&outline, 1.0, |place| {
        let (u, up) = ((place[0] - left) / width, (base - place[1]) / (base - eaves));
        // Sunlight comes from the left; the street keeps its damp.
        let light = 1.05 - 0.10 * u - 0.20 * smoothstep(0.22, 0.0, up);
        hazy(wall.lit(light * weathered(place, style.seed)))
    });
    // The neighbor on the left stands in the sun.
    canvas.fill(&rectangle(left, eaves, 4.5, base - eaves), 0.25, |_| SHADOW);
    canvas.fill(&rectangle(left, eaves, 1.5, base - eaves), 0.35, |_| SHADOW);
    if house.timbered {
        facade::timber(canvas, [left, right], [eaves, base - STOREY], STOREY, style.haze);
    }
    windows(canvas, house, apex, eaves);
    if style.haze == 0.0 {
        ground_floor(canvas, random, house);
    }
    // The verge: roof edges over the wall, and their shadow on it.
    for (end, lean) in [([left - 3.0, eaves + 3.0], 1.0), ([right + 3.0, eaves + 3.0], -1.0)] {
        let down = |[x, y]: Point, by: f32| [x + 0.35 * lean * by, y + by];
        canvas.fill(&line(down(end, 3.4), down(apex, 3.4), 3.6, 3.6), 0.40, |_| SHADOW);
        canvas.fill(&line(end, [apex[0], apex[1] - 1.0], 3.2, 3.2), 1.0, |_| {
            hazy(house.roof.lit(0.72 + 0.2 * lean))
        });
        canvas.fill(&line(down(end, 1.5), down(apex, 0.5), 1.0, 1.0), 1.0, |_| hazy(Rgb::hex(0xd8cbb4)));
    }
}

/// The slope that is seen to the right of the gable, the wall under it, and a chimney.
fn roof(canvas: &mut Canvas, random: &mut fastrand::Rng, house: &House, apex: Point, eaves: f32) {
    const COURSE: f32 = 3.4;
    let size = house.width / 80.0;
    let [dx, dy] = RIDGE.map(|part| part * size);
    let chimney = [apex[0] + dx * 0.55, apex[1] + dy * 0.5 + 6.0];
    let (tall, wide) = (15.0 + 6.0 * random.f32(), 8.0);
    canvas.fill(&rectangle(chimney[0], chimney[1] - tall, wide, tall + 8.0), 1.0, |place| {
        let side = if place[0] - chimney[0] > wide * 0.6 { 0.7 } else { 1.0 };
        let course = if (place[1] / 2.2).rem_euclid(1.0) < 0.25 { 0.86 } else { 1.0 };
        Rgb::hex(0x93604c).lit(side * course * weathered(place, 3)).mix(HAZE, house.style.haze)
    });
    canvas.fill(&rectangle(chimney[0] - 1.0, chimney[1] - tall - 1.5, wide + 2.0, 2.5), 1.0, |_| {
        Rgb::hex(0xb9a994).mix(HAZE, house.style.haze)
    });
    let wall = house.left + house.width;
    let side = [[wall, eaves], [wall + dx, eaves + dy], [wall + dx, house.base], [wall, house.base]];
    canvas.fill(&side, 1.0, |place| {
        house.wall.lit(0.62 * weathered(place, house.style.seed)).mix(HAZE, house.style.haze)
    });
    let slope = [
        [apex[0] - 1.0, apex[1] - 1.0],
        [apex[0] + dx, apex[1] + dy],
        [wall + 3.0 + dx, eaves + 3.0 + dy],
        [wall + 3.0, eaves + 3.0],
    ];
    let steep = (wall - apex[0]) / (eaves - apex[1]);
    canvas.fill(&slope, 1.0, |[x, y]| {
        // Courses run along the ridge, which climbs dy over dx.
        let along = x - apex[0] - steep * (y - apex[1]);
        let down = (y - along * dy / dx - apex[1]) / COURSE;
        let tile =
            hash((along / 2.6 + 0.5 * down.floor().rem_euclid(2.0)).floor() as i32, down.floor() as i32, 4);
        let overlap = 0.80 + 0.24 * down.rem_euclid(1.0);
        let moss = 0.10 * noise(x / 14.0, y / 11.0, house.style.seed);
        house.roof.lit(0.86 * overlap * (0.88 + 0.24 * tile) + moss).mix(HAZE, house.style.haze)
    });
    canvas
        .fill(&line(slope[0], slope[1], 2.2, 2.2), 1.0, |_| house.roof.lit(1.2).mix(HAZE, house.style.haze));
}

/// Rows of windows, fewer and smaller ones in the gable.
fn windows(canvas: &mut Canvas, house: &House, apex: Point, eaves: f32) {
    const SPACING: f32 = 17.5;
    let spacing = if house.style.shutters.is_some() { SPACING * 1.25 } else { SPACING };
    let (wide, tall) = (8.0, 15.0);
    let mut row = |y: f32, span: f32, small: f32| {
        let count = (span / spacing).floor();
        for index in 0..count as usize {
            let x = apex[0] + (index as f32 + 0.5 - count / 2.0) * span / count - wide * small / 2.0;
            facade::window(canvas, [x, y], wide * small, tall * small, house.style);
        }
    };
    for storey in 1..house.storeys {
        row(house.base - storey as f32 * STOREY - STOREY + 7.0, house.width - 6.0, 1.0);
    }
    for (part, small) in [(0.20, 0.85), (0.56, 0.65)] {
        let y = eaves - house.gable * part;
        row(y - tall * small + 2.0, house.width * (1.0 - part) - 18.0, small);
    }
}

/// Doors and shops, which only the front row shows.
fn ground_floor(canvas: &mut Canvas, random: &mut fastrand::Rng, house: &House) {
    let House { left, width, base, style, .. } = *house;
    let plinth = rectangle(left, base - 6.0, width, 6.0);
    canvas.fill(&plinth, 0.75, |place| STONE.lit(0.8 * weathered(place, 8)));
    let style = Style { shutters: None, ..style };
    let door = left + width * if random.bool() { 0.22 } else { 0.78 };
    facade::entrance(canvas, [door, base], 9.0, 16.0, style.seed);
    let shop = if door < left + width / 2.0 { left + width * 0.40 } else { left + width * 0.10 };
    let wide = width * 0.46;
    if random.f32() < 0.55 {
        facade::window(canvas, [shop, base - 17.0], wide * 0.48, 13.0, style);
        facade::window(canvas, [shop + wide * 0.54, base - 17.0], wide * 0.46, 13.0, style);
        facade::awning(canvas, shop - 2.0, base - 24.0, wide + 4.0, pick(random, &AWNINGS));
    } else {
        for part in [0.1, 0.65] {
            facade::window(canvas, [shop + wide * part, base - 19.0], 8.0, 12.0, style);
        }
    }
}

/// The quay wall with its people and boats.
pub(super) fn quay(canvas: &mut Canvas, random: &mut fastrand::Rng) {
    canvas.fill(&rectangle(0.0, STREET, SIZE[0], 6.0), 1.0, |place| {
        Rgb::hex(0xcabda4).lit(weathered(place, 12) * (0.86 + 0.03 * (place[1] - STREET)))
    });
    let wall = rectangle(0.0, STREET + 5.0, SIZE[0], SIZE[1] - STREET - 5.0);
    canvas.fill(&wall, 1.0, |[x, y]| {
        let row = ((y - STREET - 5.0) / 5.2).floor();
        let shifted = x / 12.5 + hash(row as i32, 0, 14);
        let (u, v) = (shifted.rem_euclid(1.0), ((y - STREET - 5.0) / 5.2).rem_euclid(1.0));
        let block = hash(shifted.floor() as i32, row as i32, 15);
        let stone = STONE.warmed(0.4 * block - 0.22).lit(weathered([x, y], 16));
        let stone = if u < 0.05 || v < 0.13 { MORTAR } else { stone };
        // Weed and wet near the water.
        let wet = smoothstep(WATERLINE - 11.0, WATERLINE, y + 2.5 * noise(x / 9.0, y / 3.0, 17));
        stone.mix(Rgb::hex(0x3c4634), 0.75 * wet)
    });
    canvas.fill(&rectangle(0.0, STREET + 5.0, SIZE[0], 2.2), 0.45, |_| SHADOW);
    for _ in 0..26 {
        person(canvas, random);
    }
    for (x, color) in [(300.0, Rgb::hex(0x7a2e26)), (352.0, Rgb::hex(0x2f4a5e)), (610.0, Rgb::hex(0x5b4630))]
    {
        boat(canvas, x, color);
    }
}

fn person(canvas: &mut Canvas, random: &mut fastrand::Rng) {
    const CLOTHES: [Rgb; 5] =
        [Rgb::hex(0x2b3550), Rgb::hex(0x7c2f2d), Rgb::hex(0x3b3b3b), Rgb::hex(0xd9cfbb), Rgb::hex(0x49604a)];
    let (x, y) = (SIZE[0] * random.f32(), STREET + 2.0 + 2.0 * random.f32());
    let clothes = pick(random, &CLOTHES);
    canvas.fill(&line([x, y], [x + 5.0, y + 0.8], 1.4, 0.4), 0.4, |_| SHADOW);
    canvas.fill(&line([x, y], [x, y - 5.0], 1.9, 1.7), 1.0, |_| clothes.lit(0.6));
    canvas.fill(&line([x, y - 4.2], [x, y - 8.6], 2.7, 2.1), 1.0, |_| clothes);
    canvas.fill(&ellipse([x, y - 9.8], [1.15, 1.35]), 1.0, |_| Rgb::hex(0xb98668));
}

fn boat(canvas: &mut Canvas, x: f32, color: Rgb) {
    let y = WATERLINE - 5.5;
    let hull = [[x, y], [x + 42.0, y - 1.5], [x + 36.0, WATERLINE + 1.0], [x + 5.0, WATERLINE + 1.0]];
    canvas.fill(&hull, 1.0, |[px, py]| {
        color.lit(1.15 - 0.06 * (py - y) * (py - y) + 0.1 * noise(px / 9.0, py * 1.5, 19))
    });
    canvas.fill(&line([x - 0.5, y], [x + 42.5, y - 1.5], 1.7, 1.7), 1.0, |_| Rgb::hex(0xe4d8bf));
    for seat in [12.0, 24.0] {
        let at = [x + seat, y - 0.6];
        canvas.fill(&line(at, [at[0] + 5.0, at[1] - 0.2], 2.2, 2.2), 1.0, |_| Rgb::hex(0x7b5f40));
    }
}
