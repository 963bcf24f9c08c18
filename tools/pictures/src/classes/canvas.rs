//! What everything is drawn on: a square of colors, and shapes laid over it with smooth edges. It knows no shape;
//! a shape is a function that tells how far a place is from its outline.

use crate::random::Random;
use crate::rgb::Rgb;
use ndarray::Array3;
use std::ops::Range;

/// A place in pixels: x to the right, y down.
pub(crate) type Point = [f32; 2];

/// Something with an outline.
pub(crate) trait Shape {
    /// The corners of a box around it, with room for a soft edge: low and high.
    fn bounds(&self) -> [Point; 2];

    /// Pixels from a place to the outline, negative inside; need only be exact near the outline.
    fn distance(&self, place: Point) -> f32;
}

/// A square of pixels.
#[derive(Clone)]
pub(crate) struct Canvas {
    size: usize,
    pixels: Vec<Rgb>,
}

impl Canvas {
    /// A square in one color.
    pub(crate) fn new(size: usize, ground: Rgb) -> Canvas {
        Canvas { size, pixels: vec![ground; size * size] }
    }

    /// Replaces each pixel by what `shade` makes of its place and color.
    pub(crate) fn map(&mut self, shade: impl Fn(Point, Rgb) -> Rgb) {
        for row in 0..self.size {
            for column in 0..self.size {
                let pixel = &mut self.pixels[row * self.size + column];
                *pixel = shade(middle(row, column), *pixel);
            }
        }
    }

    /// The length of a side.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// A place anywhere on the canvas, or up to `margin` pixels outside.
    pub(crate) fn anywhere(&self, margin: f32, random: &mut Random) -> Point {
        let end = self.size as f32 + margin;
        [random.between(-margin, end), random.between(-margin, end)]
    }

    /// The color of the pixel nearest to a place; the canvas must not be empty.
    pub(crate) fn color_at(&self, [x, y]: Point) -> Rgb {
        let index = |place: f32| (place.max(0.0) as usize).min(self.size - 1);
        self.pixels[index(y) * self.size + index(x)]
    }

    /// The rows and the columns of pixels that a box meets.
    pub(crate) fn pixels_within(&self, [low, high]: [Point; 2]) -> [Range<usize>; 2] {
        let range = |low: f32, high: f32| {
            let end = (high.ceil().max(0.0) as usize).min(self.size);
            (low.floor().max(0.0) as usize).min(end)..end
        };
        [range(low[1], high[1]), range(low[0], high[0])]
    }

    /// Lays color over a pixel.
    pub(crate) fn tint(&mut self, row: usize, column: usize, color: Rgb, opacity: f32) {
        let pixel = &mut self.pixels[row * self.size + column];
        *pixel = pixel.mix(color, opacity);
    }

    /// Fills a shape, each pixel with the color that `shade` has there.
    pub(crate) fn fill(&mut self, shape: &impl Shape, shade: impl Fn(Point) -> Rgb) {
        let [rows, columns] = self.pixels_within(shape.bounds());
        for row in rows {
            for column in columns.clone() {
                let place = middle(row, column);
                let coverage = coverage(shape.distance(place));
                if coverage > 0.0 {
                    self.tint(row, column, shade(place), coverage);
                }
            }
        }
    }

    /// The picture (H, W, 3).
    pub(crate) fn finish(&self) -> Array3<u8> {
        Array3::from_shape_fn((self.size, self.size, 3), |(row, column, channel)| {
            let level = self.pixels[row * self.size + column].0[channel];
            (level.clamp(0.0, 1.0) * 255.0).round() as u8
        })
    }
}

/// How much of a pixel lies within an outline that is `distance` pixels from its middle.
pub(crate) fn coverage(distance: f32) -> f32 {
    (0.5 - distance).clamp(0.0, 1.0)
}

/// The middle of a pixel.
pub(crate) fn middle(row: usize, column: usize) -> Point {
    [column as f32 + 0.5, row as f32 + 0.5]
}
