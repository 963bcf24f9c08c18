//! What everything is drawn on: color and the relief of paint for every pixel. Shapes are given in units, so that the
//! same drawing can be made at any size; nothing here knows what the shapes are.

use crate::paintings::noise::{hash, noise};
use crate::rgb::Rgb;
use ndarray::Array3;

/// A place, in units: x to the right, y down.
pub(crate) type Point = [f32; 2];

/// Pixels are drawn this many times finer in each direction than they are saved.
const SUPERSAMPLING: usize = 2;
/// Rows of samples in each drawn row of pixels, for smooth edges.
const SUBROWS: usize = 4;

/// How strongly relief turns towards or away from the light.
const RELIEF_CONTRAST: f32 = 0.55;
/// How much wet paint shines where it faces the light.
const SHINE: f32 = 0.10;
/// The direction in which light comes, from the upper left.
const LIGHT: Point = [-0.6, -0.8];

/// Pixels with the color and the height of the paint on them.
pub(crate) struct Canvas {
    width: usize,
    height: usize,
    scale: f32,
    color: Vec<Rgb>,
    relief: Vec<f32>,
}

impl Canvas {
    /// A canvas of `size` units, width and height, that will be saved with `scale` pixels to a unit.
    pub(crate) fn new(size: Point, scale: f32, ground: Rgb) -> Canvas {
        let [width, height] = size.map(|side| (side * scale).round().max(1.0) as usize * SUPERSAMPLING);
        Canvas {
            width,
            height,
            scale: scale * SUPERSAMPLING as f32,
            color: vec![ground; width * height],
            relief: vec![0.0; width * height],
        }
    }

    /// Drawn pixels in a unit.
    pub(crate) fn scale(&self) -> f32 {
        self.scale
    }

    /// The rows and columns of pixels that a box of units meets: first and one past the last of each.
    pub(crate) fn pixels(&self, low: Point, high: Point) -> [(usize, usize); 2] {
        let range = |low: f32, high: f32, end: usize| {
            let low = ((low * self.scale).floor().max(0.0) as usize).min(end);
            (low, ((high * self.scale).ceil().max(0.0) as usize + 1).clamp(low, end))
        };
        [range(low[1], high[1], self.height), range(low[0], high[0], self.width)]
    }

    /// The middle of a pixel, in units.
    pub(crate) fn place(&self, row: usize, column: usize) -> Point {
        [(column as f32 + 0.5) / self.scale, (row as f32 + 0.5) / self.scale]
    }

    /// The color of the pixel nearest to a place.
    pub(crate) fn color_at(&self, [x, y]: Point) -> Rgb {
        let index = |place: f32, end: usize| ((place * self.scale).max(0.0) as usize).min(end - 1);
        self.color[index(y, self.height) * self.width + index(x, self.width)]
    }

    /// Lays color over a pixel.
    pub(crate) fn tint(&mut self, row: usize, column: usize, color: Rgb, opacity: f32) {
        let pixel = &mut self.color[row * self.width + column];
        *pixel = pixel.mix(color, opacity);
    }

    /// Lays paint of some height over a pixel; what lies under it still shows as a hint of relief.
    pub(crate) fn lay(&mut self, row: usize, column: usize, height: f32, opacity: f32) {
        const SHOWS_THROUGH: f32 = 0.45;
        let under = &mut self.relief[row * self.width + column];
        *under += (*under * SHOWS_THROUGH + height - *under) * opacity;
    }

    /// Fills a polygon (even-odd), each pixel with the color that `shade` has there.
    pub(crate) fn fill(&mut self, polygon: &[Point], opacity: f32, shade: impl Fn(Point) -> Rgb) {
        let extent = |axis: usize| {
            let places = polygon.iter().map(|point| point[axis]);
            places.fold((f32::MAX, f32::MIN), |(low, high), place| (low.min(place), high.max(place)))
        };
        let ((left, right), (top, bottom)) = (extent(0), extent(1));
        let [rows, columns] = self.pixels([left, top], [right, bottom]);
        let mut coverage = vec![0.0_f32; columns.1 - columns.0];
        for row in rows.0..rows.1 {
            coverage.fill(0.0);
            for subrow in 0..SUBROWS {
                let y = (row as f32 + (subrow as f32 + 0.5) / SUBROWS as f32) / self.scale;
                let mut crossings = crossings(polygon, y);
                crossings.sort_by(f32::total_cmp);
                for span in crossings.chunks_exact(2) {
                    let from = (span[0] * self.scale - columns.0 as f32).max(0.0);
                    let to = (span[1] * self.scale - columns.0 as f32).min(coverage.len() as f32);
                    for column in from as usize..(to.ceil().max(0.0) as usize).min(coverage.len()) {
                        let part = to.min(column as f32 + 1.0) - from.max(column as f32);
                        coverage[column] += part.max(0.0) / SUBROWS as f32;
                    }
                }
            }
            for (index, &covered) in coverage.iter().enumerate().filter(|(_, covered)| **covered > 0.0) {
                let column = columns.0 + index;
                self.tint(row, column, shade(self.place(row, column)), covered * opacity);
            }
        }
    }

    /// Replaces each pixel by what `shade` makes of its place and color.
    pub(crate) fn map(&mut self, shade: impl Fn(Point, Rgb) -> Rgb) {
        for row in 0..self.height {
            for column in 0..self.width {
                let place = self.place(row, column);
                let pixel = &mut self.color[row * self.width + column];
                *pixel = shade(place, *pixel);
            }
        }
    }

    /// Gives the bare canvas its weave of threads, `depth` units deep.
    pub(crate) fn weave(&mut self, depth: f32) {
        const THREAD: f32 = 2.4;
        for row in 0..self.height {
            for column in 0..self.width {
                let [x, y] = self.place(row, column);
                let wander = noise(x / 23.0, y / 23.0, 5);
                let (across, along) = (x / THREAD + wander, y / THREAD - wander);
                let over = (across.floor() as i32 + along.floor() as i32).rem_euclid(2) == 0;
                let round = |place: f32| (std::f32::consts::PI * place.rem_euclid(1.0)).sin();
                let thread = if over { round(across) } else { round(along) };
                self.relief[row * self.width + column] = depth * thread;
            }
        }
    }

    /// Lets light fall on the relief.
    pub(crate) fn light(&mut self) {
        let relief = |row: usize, column: usize| self.relief[row * self.width + column];
        let mut lit = Vec::with_capacity(self.color.len());
        for row in 0..self.height {
            for column in 0..self.width {
                let (right, below) = ((column + 1).min(self.width - 1), (row + 1).min(self.height - 1));
                let slope_x = relief(row, right) - relief(row, column.saturating_sub(1));
                let slope_y = relief(below, column) - relief(row.saturating_sub(1), column);
                let facing = (slope_x * LIGHT[0] + slope_y * LIGHT[1]) * self.scale / 2.0;
                // Steep edges saturate instead of turning black or white.
                let facing = facing / (1.0 + facing.abs());
                let pixel = self.color[row * self.width + column].lit(1.0 + RELIEF_CONTRAST * facing);
                lit.push(pixel.mix(Rgb([1.0; 3]), SHINE * (facing.max(0.0) * 1.6).powi(2)));
            }
        }
        self.color = lit;
    }

    /// The finished picture (H, W, 3), with `grain` levels of film grain in [0, 1].
    pub(crate) fn finish(&self, grain: f32) -> Array3<u8> {
        let (height, width) = (self.height / SUPERSAMPLING, self.width / SUPERSAMPLING);
        let area = (SUPERSAMPLING * SUPERSAMPLING) as f32;
        Array3::from_shape_fn((height, width, 3), |(row, column, channel)| {
            let mut sum = 0.0;
            for sample in 0..SUPERSAMPLING * SUPERSAMPLING {
                let y = row * SUPERSAMPLING + sample / SUPERSAMPLING;
                let x = column * SUPERSAMPLING + sample % SUPERSAMPLING;
                sum += self.color[y * self.width + x].0[channel];
            }
            // The sum of two uniform numbers is close enough to a bell curve.
            let speck = hash(column as i32, row as i32, 1) + hash(column as i32, row as i32, 2) - 1.0;
            ((sum / area + grain * speck).clamp(0.0, 1.0) * 255.0).round() as u8
        })
    }
}

/// Where the sides of a polygon cross the height `y`.
fn crossings(polygon: &[Point], y: f32) -> Vec<f32> {
    let sides = polygon.iter().zip(polygon.iter().cycle().skip(1));
    sides
        .filter(|(from, to)| (from[1] <= y) != (to[1] <= y))
        .map(|(from, to)| from[0] + (y - from[1]) / (to[1] - from[1]) * (to[0] - from[0]))
        .collect()
}

/// The corners of an upright rectangle.
pub(crate) fn rectangle(x: f32, y: f32, width: f32, height: f32) -> [Point; 4] {
    [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
}

/// A line as a polygon, `from_width` wide at its start and `to_width` at its end.
pub(crate) fn line(from: Point, to: Point, from_width: f32, to_width: f32) -> [Point; 4] {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let length = dx.hypot(dy).max(1e-6);
    let side = |point: Point, reach: f32| [point[0] - dy / length * reach, point[1] + dx / length * reach];
    let (a, b) = (from_width / 2.0, to_width / 2.0);
    [side(from, a), side(to, b), side(to, -b), side(from, -a)]
}

/// An ellipse as a polygon.
pub(crate) fn ellipse(center: Point, radii: Point) -> Vec<Point> {
    const CORNERS: usize = 40;
    (0..CORNERS)
        .map(|corner| {
            let (sin, cos) = (corner as f32 / CORNERS as f32 * std::f32::consts::TAU).sin_cos();
            [center[0] + radii[0] * cos, center[1] + radii[1] * sin]
        })
        .collect()
}
