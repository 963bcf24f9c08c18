//! Voronoi cells: mosaics, scales, cracked ground.

use crate::classes::canvas::{Canvas, Point, coverage};
use crate::classes::{class::Class, trigonometry::direction};
use crate::noise::{fractal, hash};
use crate::random::Random;
use crate::rgb::Rgb;

/// How cells are colored.
#[derive(Clone, Copy)]
enum Surface {
    Flat,
    /// Darker towards the edge.
    Shaded,
    /// With joints in the palette's darkest color.
    Jointed,
}

const SURFACES: [Surface; 3] = [Surface::Flat, Surface::Shaded, Surface::Jointed];

/// Covers the canvas with cells.
pub(crate) fn paint(canvas: &mut Canvas, class: &Class, random: &mut Random) {
    let cells = Cells::new(class, random);
    canvas.map(|place, _| cells.color(place, class));
}

/// Sites on a grid that is turned, stretched and bent; each is moved within its field of the grid.
struct Cells {
    axis: Point,
    /// Pixels along and across one field of the grid.
    field: Point,
    bend: f32,
    /// How far sites are from the middle of their fields: 0 to 1.
    disorder: f32,
    seed: u32,
}

/// A place's surroundings.
struct Nearest {
    /// Pixels to the border with the next cell.
    border: f32,
    cell: [i32; 2],
    next: [i32; 2],
}

impl Cells {
    fn new(class: &Class, random: &mut Random) -> Cells {
        let stretch = class.anisotropy.sqrt().sqrt();
        let side = 1.8 * class.scale;
        Cells {
            axis: direction(class.angle + 0.3 * class.spread * random.bell()),
            field: [side * stretch, side / stretch],
            bend: 3.0 * class.spread,
            disorder: 0.35 + 0.65 * class.roughness,
            seed: random.seed(),
        }
    }

    fn color(&self, place: Point, class: &Class) -> Rgb {
        let near = self.nearest(self.locate(place));
        let own = self.paint_of(near.cell, class);
        let half = 0.5 * self.field[0].min(self.field[1]);
        match SURFACES[class.variant % SURFACES.len()] {
            Surface::Flat => own.mix(self.paint_of(near.next, class), coverage(near.border)),
            Surface::Shaded => own.lit(0.45 + 0.75 * (near.border / half).clamp(0.0, 1.0).sqrt()),
            Surface::Jointed => class.palette.ground().lit(0.6).mix(own, coverage(0.25 * half - near.border)),
        }
    }

    /// A place of the canvas in the frame of the grid, in pixels.
    fn locate(&self, place: Point) -> Point {
        let bend = |seed: u32| self.bend * fractal(place.map(|place| place / 50.0), 2, 0.5, seed);
        let (x, y) = (place[0] + bend(self.seed ^ 1), place[1] + bend(self.seed ^ 2));
        [x * self.axis[0] + y * self.axis[1], y * self.axis[0] - x * self.axis[1]]
    }

    fn site(&self, cell: [i32; 2]) -> Point {
        let bits = hash(cell[0], cell[1], self.seed);
        let [x, y] = [bits & 0xffff, bits >> 16].map(|bits| bits as f32 / 65536.0 - 0.5);
        [
            (cell[0] as f32 + 0.5 + self.disorder * x) * self.field[0],
            (cell[1] as f32 + 0.5 + self.disorder * y) * self.field[1],
        ]
    }

    fn nearest(&self, place: Point) -> Nearest {
        let home = [0, 1].map(|axis| (place[axis] / self.field[axis]).floor() as i32);
        let around = || (-2..=2).flat_map(|dy| (-2..=2).map(move |dx| [home[0] + dx, home[1] + dy]));
        let square = |site: Point| {
            let (x, y) = (site[0] - place[0], site[1] - place[1]);
            x * x + y * y
        };
        let (mut best, mut cell) = (f32::MAX, home);
        for candidate in around() {
            let distance = square(self.site(candidate));
            if distance < best {
                (best, cell) = (distance, candidate);
            }
        }
        let own = self.site(cell);
        let mut near = Nearest { border: f32::MAX, cell, next: cell };
        for candidate in around().filter(|&candidate| candidate != cell) {
            let site = self.site(candidate);
            let (x, y) = (site[0] - own[0], site[1] - own[1]);
            // Half the difference of squares over the distance of the sites: how far their bisector is.
            let border = 0.5 * (square(site) - best) / (x * x + y * y).sqrt().max(1e-6);
            if border < near.border {
                near = Nearest { border, cell, next: candidate };
            }
        }
        near
    }

    fn paint_of(&self, cell: [i32; 2], class: &Class) -> Rgb {
        class.color(&mut Random::from_parts(&[u64::from(self.seed), cell[0] as u64, cell[1] as u64]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_belongs_to_the_nearest_of_all_sites_around() {
        let mut random = Random::from_parts(&[5]);
        for class in (0..30).map(|variant| Class::new(8 * variant + 6, 0)) {
            let cells = Cells::new(&class, &mut random);
            for _ in 0..100 {
                let place = [random.between(0.0, 160.0), random.between(0.0, 160.0)];
                let distance = |cell| {
                    let [x, y] = cells.site(cell);
                    (x - place[0]) * (x - place[0]) + (y - place[1]) * (y - place[1])
                };
                let near = cells.nearest(place);
                let [x, y] = near.cell;
                let mut around = (y - 6..=y + 6).flat_map(|y| (x - 6..=x + 6).map(move |x| [x, y]));
                assert!(around.all(|cell| distance(cell) >= distance(near.cell)));
                assert!(near.border >= 0.0 && near.next != near.cell);
            }
        }
    }
}
