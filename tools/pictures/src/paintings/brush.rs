//! A loaded brush: strokes with bristles, ridges at their edges and ragged ends. What is painted, and where the brush
//! goes, is the pictures' business.

use crate::paintings::canvas::{Canvas, Point};
use crate::paintings::noise::{noise, smoothstep};
use crate::rgb::Rgb;

/// One stroke, without its way over the canvas.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Brush {
    /// Width of the stroke, in units.
    pub(crate) width: f32,
    /// The color that the brush is loaded with.
    pub(crate) color: Rgb,
    /// A second color, not fully mixed in, which some of the bristles carry.
    pub(crate) streak: Rgb,
    /// Height of the paint, in units.
    pub(crate) load: f32,
    /// 0: paint to the end; 1: the brush runs dry on the way.
    pub(crate) dryness: f32,
    /// The same seed gives the same bristles.
    pub(crate) seed: u32,
}

/// Bristles across one unit of width.
const BRISTLES_PER_UNIT: f32 = 0.55;
/// Units along a stroke over which its bristles change.
const BRISTLE_LENGTH: f32 = 26.0;
/// How much lighter and darker than the color single bristles paint.
const BRISTLE_CONTRAST: f32 = 0.16;

/// Where a pixel lies on a stroke.
#[derive(Clone, Copy)]
struct OnStroke {
    /// Units from the path.
    distance: f32,
    /// -1 at the left edge, 1 at the right.
    across: f32,
    /// Units from the start of the path.
    along: f32,
}

impl Brush {
    /// Paints along `path` (units), wherever `mask` is more than 0.
    pub(crate) fn paint(&self, canvas: &mut Canvas, path: &[Point], mask: impl Fn(Point) -> f32) {
        let reach = self.width / 2.0;
        let extent = |axis: usize| {
            let places = path.iter().map(|point| point[axis]);
            places.fold((f32::MAX, f32::MIN), |(low, high), place| (low.min(place), high.max(place)))
        };
        let ((left, right), (top, bottom)) = (extent(0), extent(1));
        let [rows, columns] = canvas.pixels([left - reach, top - reach], [right + reach, bottom + reach]);
        let stride = columns.1 - columns.0;
        let mut nearest: Vec<Option<OnStroke>> = vec![None; (rows.1 - rows.0) * stride];
        let mut start = 0.0;
        for side in path.windows(2) {
            let length = (side[1][0] - side[0][0]).hypot(side[1][1] - side[0][1]);
            let low = [side[0][0].min(side[1][0]) - reach, side[0][1].min(side[1][1]) - reach];
            let high = [side[0][0].max(side[1][0]) + reach, side[0][1].max(side[1][1]) + reach];
            let [near_rows, near_columns] = canvas.pixels(low, high);
            for row in near_rows.0.max(rows.0)..near_rows.1.min(rows.1) {
                for column in near_columns.0.max(columns.0)..near_columns.1.min(columns.1) {
                    let found = self.locate(canvas.place(row, column), side, start, length);
                    let best = &mut nearest[(row - rows.0) * stride + column - columns.0];
                    if found.distance <= best.map_or(reach * 1.2, |best| best.distance) {
                        *best = Some(found);
                    }
                }
            }
            start += length;
        }
        for (index, found) in nearest.into_iter().enumerate() {
            if let Some(found) = found {
                let (row, column) = (rows.0 + index / stride, columns.0 + index % stride);
                let allowed = mask(canvas.place(row, column));
                if allowed > 0.0 {
                    self.touch(canvas, (row, column), found, start, allowed);
                }
            }
        }
    }

    /// Where a place lies relative to one side of the path, which starts `start` units along it.
    fn locate(&self, place: Point, side: &[Point], start: f32, length: f32) -> OnStroke {
        let (dx, dy) = ((side[1][0] - side[0][0]) / length, (side[1][1] - side[0][1]) / length);
        let (x, y) = (place[0] - side[0][0], place[1] - side[0][1]);
        let (along, across) = (x * dx + y * dy, y * dx - x * dy);
        let beyond = (along - along.clamp(0.0, length)).abs();
        OnStroke { distance: across.hypot(beyond), across: across / (self.width / 2.0), along: start + along }
    }

    /// Lays the paint of one pixel.
    fn touch(&self, canvas: &mut Canvas, pixel: (usize, usize), at: OnStroke, length: f32, allowed: f32) {
        let bristle_place = at.across * self.width * BRISTLES_PER_UNIT;
        let bristle = noise(bristle_place, at.along / BRISTLE_LENGTH, self.seed);
        let streak = noise(bristle_place * 0.45, at.along / (2.0 * BRISTLE_LENGTH), self.seed ^ 0x5bd1);
        // Each bristle starts and lifts a little earlier or later than its neighbors.
        let ragged = self.width * (0.35 * bristle + 0.30 * at.across * at.across);
        let soft = 1.0 / canvas.scale();
        let begun = smoothstep(-soft, soft + 0.1 * self.width, at.along + 0.25 * self.width - ragged);
        let ended = smoothstep(-soft, soft + 0.1 * self.width, length + 0.3 * self.width - at.along - ragged);
        let edge = smoothstep(1.02, 0.90, at.across.abs() + 0.10 * bristle);
        let worn = self.dryness * (at.along / length.max(1e-6)).clamp(0.0, 1.0);
        let wet = smoothstep(worn - 0.75, worn - 0.45, bristle * 0.8 - 0.05 + 0.35 * streak);
        let opacity = begun * ended * edge * wet * allowed;
        if opacity <= 0.0 {
            return;
        }
        let color = self.color.mix(self.streak, smoothstep(0.0, 0.5, streak + 0.3 * bristle));
        let (row, column) = pixel;
        canvas.tint(row, column, color.lit(1.0 + BRISTLE_CONTRAST * bristle), opacity);
        // The brush pushes paint to its edges, and pulls it into a lip where it lifts.
        let ridge = 0.55 + 0.45 * at.across.powi(4);
        let lip = 0.5 * smoothstep(0.6 * self.width, 0.0, length - at.along);
        canvas.lay(row, column, self.load * (ridge + lip + 0.55 * bristle), opacity);
    }
}

/// Units between the points of a path.
const STEP: f32 = 5.0;

/// A path of `length` units through `start`, along the directions (radians) that `field` gives.
pub(crate) fn follow(start: Point, length: f32, field: impl Fn(Point) -> f32) -> Vec<Point> {
    let walk = |step: f32| {
        let mut place = start;
        (0..(length / 2.0 / STEP).ceil() as usize)
            .map(|_| {
                // A look half a step ahead keeps circles round.
                let (sin, cos) = field(place).sin_cos();
                let (sin, cos) = field([place[0] + cos * step / 2.0, place[1] + sin * step / 2.0]).sin_cos();
                place = [place[0] + cos * step, place[1] + sin * step];
                place
            })
            .collect::<Vec<_>>()
    };
    let mut path = walk(-STEP);
    path.reverse();
    path.push(start);
    path.extend(walk(STEP));
    path
}

/// Places all over a canvas of `size` units, about `spacing` apart, in random order.
pub(crate) fn scatter(random: &mut fastrand::Rng, size: Point, spacing: f32) -> Vec<Point> {
    let mut places = Vec::new();
    let [columns, rows] = size.map(|side| (side / spacing).ceil() as usize + 2);
    for row in 0..rows {
        for column in 0..columns {
            let mut jitter = |cell: usize| (cell as f32 - 0.5 + random.f32() - 0.5) * spacing;
            places.push([jitter(column), jitter(row)]);
        }
    }
    random.shuffle(&mut places);
    places
}
