//! Noise whose power falls with frequency, combed along a flow, in the colors of a palette.

use crate::classes::canvas::{Canvas, Point};
use crate::classes::{class::Class, flow::Flow};
use crate::noise::fractal;
use crate::random::Random;

/// Pixels of noise around the canvas, for what is combed into it.
const MARGIN: usize = 24;

/// Covers the canvas with noise.
pub(crate) fn paint(canvas: &mut Canvas, class: &Class, random: &mut Random) {
    // In deviations of the noise: the palette's ends are reached by a few per cent of it.
    const CONTRAST: f32 = 0.27;
    const OCTAVES: u32 = 6;
    let gain = 0.3 + 0.6 * class.roughness;
    let width = 2.0 * class.scale;
    let (seed, flow) = (random.seed(), Flow::new(class, random));
    let mut cloth = Cloth::new(canvas.size(), |[x, y]| fractal([x / width, y / width], OCTAVES, gain, seed));
    cloth.comb(&flow, class.scale * (class.anisotropy - 1.0));
    cloth.standardize();
    let grain = 0.06 * class.jitter;
    canvas.map(|place, _| {
        let [column, row] = place.map(|place| place as usize + MARGIN);
        let color = class.palette.ramp(0.5 + CONTRAST * cloth.values[row * cloth.side + column]);
        color.lit(1.0 + grain * fractal(place.map(|place| place / 3.0), 2, 0.8, seed ^ 1))
    });
}

/// A square of values with a margin around the canvas.
struct Cloth {
    side: usize,
    values: Vec<f32>,
}

impl Cloth {
    fn new(size: usize, value: impl Fn(Point) -> f32) -> Cloth {
        let side = size + 2 * MARGIN;
        let values = (0..side * side).map(|index| value(place(index, side))).collect();
        Cloth { side, values }
    }

    /// Averages each value with those up to `reach` pixels along the flow, on both sides.
    fn comb(&mut self, flow: &Flow, reach: f32) {
        const STEPS: usize = 10;
        let directions: Vec<Point> =
            (0..self.values.len()).map(|index| flow.direction(place(index, self.side))).collect();
        let step = (reach / STEPS as f32).min(MARGIN as f32 / STEPS as f32);
        let walk = |start: usize, step: f32| -> f32 {
            let (mut at, mut index, mut sum) = (place(start, self.side), start, 0.0);
            for _ in 0..STEPS {
                let [x, y] = directions[index];
                at = [at[0] + x * step, at[1] + y * step];
                let [column, row] = at.map(|place| (place + MARGIN as f32).max(0.0) as usize);
                index = row.min(self.side - 1) * self.side + column.min(self.side - 1);
                sum += self.values[index];
            }
            sum
        };
        let combed =
            (0..self.values.len()).map(|index| walk(index, step) + walk(index, -step) + self.values[index]);
        self.values = combed.collect();
    }

    /// Shifts and scales the values to mean 0 and deviation 1.
    fn standardize(&mut self) {
        let count = self.values.len() as f32;
        let mean = self.values.iter().sum::<f32>() / count;
        let variance = self.values.iter().map(|value| (value - mean) * (value - mean)).sum::<f32>() / count;
        let factor = 1.0 / variance.sqrt().max(1e-6);
        self.values.iter_mut().for_each(|value| *value = (*value - mean) * factor);
    }
}

/// Where the value with an index lies on the canvas.
fn place(index: usize, side: usize) -> Point {
    [index % side, index / side].map(|index| index as f32 + 0.5 - MARGIN as f32)
}
