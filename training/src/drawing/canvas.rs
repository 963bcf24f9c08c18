//! What everything is drawn on: a square of colours, and shapes laid over it with smooth edges. It knows no shape;
//! a shape is a function that tells how far a place is from its outline.

use super::colour::Rgb;
use ndarray::Array3;

/// A place in pixels: x to the right, y down.
pub(crate) type Point = [f32; 2];

/// A square of pixels.
pub(crate) struct Canvas {
    size: usize,
    pixels: Vec<Rgb>,
}

impl Canvas {
    /// A square in one colour.
    pub(crate) fn new(size: usize, ground: Rgb) -> Canvas {
        Canvas { size, pixels: vec![ground; size * size] }
    }

    /// Replaces each pixel by what `shade` makes of its place and colour.
    pub(crate) fn map(&mut self, shade: impl Fn(Point, Rgb) -> Rgb) {
        for row in 0..self.size {
            for column in 0..self.size {
                let pixel = &mut self.pixels[row * self.size + column];
                *pixel = shade(middle(row, column), *pixel);
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

/// The middle of a pixel.
fn middle(row: usize, column: usize) -> Point {
    [column as f32 + 0.5, row as f32 + 0.5]
}
