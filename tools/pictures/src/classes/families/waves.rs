//! Gratings, waves and checks: what repeats, ruled or bent.

use crate::classes::canvas::{Canvas, Point, coverage};
use crate::classes::class::Class;
use crate::classes::trigonometry::{direction, sine};
use crate::noise::fractal;
use crate::random::Random;
use crate::rgb::Rgb;

/// What repeats.
#[derive(Clone, Copy)]
enum Pattern {
    /// Bands of the palette's colors.
    Bands,
    /// A sine from the darkest color to the lightest.
    Sine,
    /// Two colors, as on a chessboard.
    Checks,
    /// Bands around a place.
    Rings,
    /// Two sines across one another.
    Weave,
    /// Bands that swing from side to side.
    Ripples,
}

const PATTERNS: [Pattern; 6] =
    [Pattern::Bands, Pattern::Checks, Pattern::Sine, Pattern::Rings, Pattern::Weave, Pattern::Ripples];

/// Covers the canvas with a pattern.
pub(crate) fn paint(canvas: &mut Canvas, class: &Class, random: &mut Random) {
    let grid = Grid::new(canvas, class, random);
    let (seed, depth) = (random.seed(), 0.35 * class.jitter);
    canvas.map(|place, _| {
        let color = grid.color(place, class);
        color.lit(1.0 + depth * fractal(place.map(|place| place / 5.0), 3, 0.7, seed))
    });
}

/// A frame of reference that is turned and bent.
struct Grid {
    axis: Point,
    center: Point,
    /// Pixels by which it is bent.
    bend: f32,
    seed: u32,
}

impl Grid {
    fn new(canvas: &Canvas, class: &Class, random: &mut Random) -> Grid {
        Grid {
            axis: direction(class.angle + 0.3 * class.spread * random.bell()),
            center: canvas.anywhere(0.0, random),
            bend: 2.0 * class.roughness + 6.0 * class.spread,
            seed: random.seed(),
        }
    }

    /// Pixels across and along the pattern.
    fn locate(&self, place: Point) -> Point {
        const WAVELENGTH: f32 = 60.0;
        let bend = |seed: u32| self.bend * fractal(place.map(|place| place / WAVELENGTH), 3, 0.4, seed);
        let x = place[0] - self.center[0] + bend(self.seed);
        let y = place[1] - self.center[1] + bend(self.seed ^ 0x9e37);
        [x * self.axis[0] + y * self.axis[1], y * self.axis[0] - x * self.axis[1]]
    }

    fn color(&self, place: Point, class: &Class) -> Rgb {
        let [across, along] = self.locate(place);
        let width = class.scale;
        let wave = |pixels: f32, width: f32| sine(pixels / (2.0 * width));
        match PATTERNS[class.variant % PATTERNS.len()] {
            Pattern::Bands => bands(across, width, class),
            Pattern::Sine => class.palette.ramp(0.5 + 0.5 * wave(across, width)),
            Pattern::Checks => {
                let sides = [(across, width), (along, width * class.anisotropy.sqrt())];
                let [x, y] = sides.map(|(pixels, width)| square(pixels, width));
                class.palette.ramp(0.5 + 0.5 * x * y)
            }
            Pattern::Rings => bands((across * across + along * along).sqrt(), width, class),
            Pattern::Weave => {
                let sum = wave(across, width) + wave(along, width * class.anisotropy.sqrt());
                class.palette.ramp(0.5 + 0.25 * sum)
            }
            Pattern::Ripples => {
                let swing = width * wave(along, width * class.anisotropy);
                bands(across + swing, width, class)
            }
        }
    }
}

/// The palette's colors in bands of `width` pixels, with smooth edges.
fn bands(pixels: f32, width: f32, class: &Class) -> Rgb {
    let band = (pixels / width).floor();
    let into = pixels - band * width;
    let next = class.palette.cycle(band as i32 + 1);
    class.palette.cycle(band as i32).mix(next, coverage(width - 0.5 - into))
}

/// -1 and 1 in turn for `width` pixels, with smooth edges.
fn square(pixels: f32, width: f32) -> f32 {
    let band = (pixels / width).round();
    let sign = if band as i32 % 2 == 0 { 1.0 } else { -1.0 };
    let edge = pixels - (band - 0.5) * width;
    // The nearer of the two edges, from the middle of the band.
    let inside = edge.min(width - edge);
    sign * (2.0 * inside).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_alternate_with_edges_of_one_pixel() {
        let levels = [-6.0, 0.0, 1.9, 2.25, 2.75, 4.0, 8.0].map(|pixels| square(pixels, 5.0));
        assert_eq!(levels, [-1.0, 1.0, 1.0, 0.5, -0.5, -1.0, 1.0]);
    }

    #[test]
    fn bands_take_the_colors_of_the_palette_in_turn() {
        let class = Class::new(5, 0);
        for band in -3..4 {
            let middle = (band as f32 + 0.5) * 6.0;
            assert_eq!(bands(middle, 6.0, &class), class.palette.cycle(band));
        }
    }
}
