//! A brush with bristles: strokes along a path, streaked and ragged at their ends. Where it goes is the families'
//! business.

use super::canvas::{Canvas, Point, coverage, middle};
use crate::noise::{noise, smoothstep};
use crate::rgb::Rgb;

/// A loaded brush.
pub(crate) struct Brush {
    /// Width of its strokes, in pixels.
    pub(crate) width: f32,
    pub(crate) color: Rgb,
    /// 0: smooth strokes; 1: streaks and ragged ends.
    pub(crate) roughness: f32,
    /// The same seed gives the same bristles.
    pub(crate) seed: u32,
}

/// Pixels between bristles.
const BRISTLE: f32 = 2.2;
/// Pixels along a stroke over which its bristles change.
const BRISTLE_LENGTH: f32 = 24.0;
/// How much lighter and darker than the color the bristles of a rough brush paint.
const BRISTLE_CONTRAST: f32 = 0.4;
/// How much lighter the one edge is than the other, as if light fell on the relief of the paint.
const RELIEF: f32 = 0.12;

/// Where a pixel lies on a stroke.
#[derive(Clone, Copy)]
struct OnStroke {
    /// Pixels from the path.
    distance: f32,
    /// Pixels to the right of the path.
    across: f32,
    /// Pixels from the start of the path.
    along: f32,
}

impl Brush {
    /// Paints along a path.
    pub(crate) fn paint(&self, canvas: &mut Canvas, path: &[Point]) {
        let reach = self.width / 2.0 + 1.0;
        let [rows, columns] = canvas.pixels_within(around(path, reach));
        let mut nearest: Vec<Option<OnStroke>> = vec![None; rows.len() * columns.len()];
        let mut start = 0.0;
        for side in path.windows(2) {
            let (x, y) = (side[1][0] - side[0][0], side[1][1] - side[0][1]);
            let length = (x * x + y * y).sqrt().max(1e-6);
            let [near_rows, near_columns] = canvas.pixels_within(around(side, reach));
            for row in near_rows {
                for column in near_columns.clone() {
                    let found = locate(middle(row, column), side[0], [x / length, y / length], length, start);
                    let best = &mut nearest[(row - rows.start) * columns.len() + column - columns.start];
                    if best.is_none_or(|best| found.distance < best.distance) {
                        *best = Some(found);
                    }
                }
            }
            start += length;
        }
        for (index, found) in nearest.into_iter().enumerate() {
            if let Some(found) = found {
                let (row, column) =
                    (rows.start + index / columns.len(), columns.start + index % columns.len());
                self.touch(canvas, (row, column), found, start);
            }
        }
    }

    /// Lays the paint of one pixel of a stroke of some length.
    fn touch(&self, canvas: &mut Canvas, (row, column): (usize, usize), at: OnStroke, length: f32) {
        let covered = coverage(at.distance - self.width / 2.0);
        if covered <= 0.0 {
            return;
        }
        let bristle = noise([at.across / BRISTLE, at.along / BRISTLE_LENGTH], self.seed);
        // Each bristle starts and lifts a little earlier or later than its neighbors.
        let ragged = self.roughness * self.width * (0.3 + bristle);
        let left = (at.along.min(length - at.along) + self.width / 2.0 - ragged).max(0.0);
        let relief = RELIEF * at.across / self.width;
        let tone = 1.0 + BRISTLE_CONTRAST * self.roughness * bristle + relief;
        canvas.tint(row, column, self.color.lit(tone), covered * smoothstep(0.0, 1.0, left));
    }
}

/// Where a place lies relative to a side of a path that begins at `from`, `start` pixels along it.
fn locate(place: Point, from: Point, [dx, dy]: Point, length: f32, start: f32) -> OnStroke {
    let (x, y) = (place[0] - from[0], place[1] - from[1]);
    let (along, across) = (x * dx + y * dy, y * dx - x * dy);
    let beyond = along - along.clamp(0.0, length);
    OnStroke { distance: (across * across + beyond * beyond).sqrt(), across, along: start + along }
}

/// The box of everything within `reach` of a path.
fn around(path: &[Point], reach: f32) -> [Point; 2] {
    path.iter().fold([[f32::MAX; 2], [f32::MIN; 2]], |[low, high], point| {
        [
            [low[0].min(point[0] - reach), low[1].min(point[1] - reach)],
            [high[0].max(point[0] + reach), high[1].max(point[1] + reach)],
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHITE: Rgb = Rgb([1.0; 3]);

    #[test]
    fn a_stroke_is_as_wide_as_its_brush() {
        let mut canvas = Canvas::new(40, Rgb([0.0; 3]));
        let brush = Brush { width: 8.0, color: WHITE, roughness: 0.0, seed: 1 };
        brush.paint(&mut canvas, &[[5.0, 20.0], [20.0, 20.0], [35.0, 20.0]]);
        let painted = |y: f32| canvas.color_at([20.0, y]).0[0];
        assert!(painted(16.5) > 0.8 && painted(23.5) > 0.8);
        assert_eq!((painted(14.5), painted(25.5)), (0.0, 0.0));
    }

    #[test]
    fn strokes_outside_the_canvas_leave_it_alone() {
        let mut canvas = Canvas::new(8, Rgb([0.0; 3]));
        let brush = Brush { width: 4.0, color: WHITE, roughness: 1.0, seed: 1 };
        brush.paint(&mut canvas, &[[-30.0, -30.0], [-20.0, -30.0]]);
        assert!(canvas.finish().iter().all(|&level| level == 0));
    }
}
