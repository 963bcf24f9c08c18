//! Arrays of one number per pixel, and how they are read between pixels.

use ndarray::{Array3, Axis};
use rayon::prelude::*;

/// One number per pixel, row by row.
#[derive(Clone)]
pub(super) struct Plane {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) values: Vec<f32>,
}

impl Plane {
    pub(super) fn zeros(height: usize, width: usize) -> Plane {
        Plane { height, width, values: vec![0.0; height * width] }
    }

    /// The luma of a picture, (H, W, 3) or more channels, from 0 to 255.
    pub(super) fn gray(picture: &Array3<u8>) -> Plane {
        let (height, width, _) = picture.dim();
        let luma = picture.lanes(Axis(2)).into_iter().map(|color| {
            0.299 * f32::from(color[0]) + 0.587 * f32::from(color[1]) + 0.114 * f32::from(color[2])
        });
        Plane { height, width, values: luma.collect() }
    }

    pub(super) fn at(&self, y: usize, x: usize) -> f32 {
        self.values[y * self.width + x]
    }

    /// Each value from its place, rows side by side.
    pub(super) fn fill(&mut self, value: impl Fn(usize, usize) -> f32 + Sync) {
        self.values.par_chunks_exact_mut(self.width).enumerate().for_each(|(y, row)| {
            row.iter_mut().enumerate().for_each(|(x, out)| *out = value(y, x));
        });
    }

    /// The value between pixels, linear; beyond the edges, theirs.
    pub(super) fn sample(&self, [y, x]: [f32; 2]) -> f32 {
        let (top, down) = between(y, self.height);
        let (left, right) = between(x, self.width);
        let (below, beside) = ((top + 1).min(self.height - 1), (left + 1).min(self.width - 1));
        let line = |y: usize| self.at(y, left) * (1.0 - right) + self.at(y, beside) * right;
        line(top) * (1.0 - down) + line(below) * down
    }

    /// Half the difference of the neighbors: down and to the right.
    pub(super) fn gradient(&self, y: usize, x: usize) -> [f32; 2] {
        let (above, below) = (y.saturating_sub(1), (y + 1).min(self.height - 1));
        let (left, right) = (x.saturating_sub(1), (x + 1).min(self.width - 1));
        [0.5 * (self.at(below, x) - self.at(above, x)), 0.5 * (self.at(y, right) - self.at(y, left))]
    }

    /// The plane, convolved with a symmetric kernel along both axes; `half` is the kernel from its center on. Beyond the edges
    /// are their values.
    pub(super) fn smooth(&self, half: &[f32]) -> Plane {
        let (height, width) = (self.height, self.width);
        let mut across = Plane::zeros(height, width);
        let columns = across.values.par_chunks_exact_mut(width).zip(self.values.par_chunks_exact(width));
        columns.for_each(|(out, row)| {
            let reach = half.len() - 1;
            let padded: Vec<f32> =
                (0..width + 2 * reach).map(|x| row[x.saturating_sub(reach).min(width - 1)]).collect();
            for (x, out) in out.iter_mut().enumerate() {
                let center = x + reach;
                let tail = half[1..].iter().enumerate();
                let sides =
                    tail.map(|(far, weight)| weight * (padded[center - far - 1] + padded[center + far + 1]));
                *out = half[0] * padded[center] + sides.sum::<f32>();
            }
        });
        let mut smooth = Plane::zeros(height, width);
        smooth.values.par_chunks_exact_mut(width).enumerate().for_each(|(y, out)| {
            let row = |y: usize| &across.values[y * width..][..width];
            out.iter_mut().zip(row(y)).for_each(|(out, value)| *out = half[0] * value);
            for (far, weight) in half.iter().enumerate().skip(1) {
                let (above, below) = (row(y.saturating_sub(far)), row((y + far).min(height - 1)));
                let pairs = above.iter().zip(below);
                out.iter_mut().zip(pairs).for_each(|(out, (above, below))| *out += weight * (above + below));
            }
        });
        smooth
    }

    /// The plane at half the size: every other pixel of it, smoothed.
    pub(super) fn halved(&self) -> Plane {
        let smooth = self.smooth(&[0.375, 0.25, 0.0625]);
        let mut halved = Plane::zeros(self.height.div_ceil(2), self.width.div_ceil(2));
        halved.fill(|y, x| smooth.at(2 * y, 2 * x));
        halved
    }

    /// The plane at the size of one that [`Plane::halved`] made it from.
    pub(super) fn doubled(&self, height: usize, width: usize) -> Plane {
        let mut doubled = Plane::zeros(height, width);
        doubled.fill(|y, x| self.sample([y as f32 / 2.0, x as f32 / 2.0]));
        doubled
    }

    /// The median of each value and its eight neighbors.
    pub(super) fn median(&self) -> Plane {
        let mut median = Plane::zeros(self.height, self.width);
        median.fill(|y, x| {
            let near = |center: usize, length: usize| {
                [center.saturating_sub(1), center, (center + 1).min(length - 1)]
            };
            let (rows, columns) = (near(y, self.height), near(x, self.width));
            let mut values: [f32; 9] =
                std::array::from_fn(|index| self.at(rows[index / 3], columns[index % 3]));
            values.sort_unstable_by(f32::total_cmp);
            values[4]
        });
        median
    }
}

/// The pixel in front of a place and how far behind it the place is, within the picture.
fn between(place: f32, length: usize) -> (usize, f32) {
    let place = place.clamp(0.0, (length - 1) as f32);
    (place as usize, place.fract())
}

/// The four pixels around a place, and their weights in the cubic of Catmull and Rom.
pub(super) fn cubic(place: f32, length: usize) -> ([usize; 4], [f32; 4]) {
    let (first, t) = between(place, length);
    let last = length - 1;
    let pixels = [first.saturating_sub(1), first, (first + 1).min(last), (first + 2).min(last)];
    let (t2, t3) = (t * t, t * t * t);
    let weights = [
        0.5 * (-t3 + 2.0 * t2 - t),
        0.5 * (3.0 * t3 - 5.0 * t2 + 2.0),
        0.5 * (-3.0 * t3 + 4.0 * t2 + t),
        0.5 * (t3 - t2),
    ];
    (pixels, weights)
}
