//! Optical flow after Lucas and Kanade, at every pixel and from coarse to fine.

use super::plane::Plane;
use rayon::prelude::*;

/// Each level is half the size of the one before; the shorter side of the coarsest has at least this many pixels, unless
/// the picture's own has fewer.
const SMALLEST: usize = 12;

/// Steps at each level: each moves the other picture by what is known and looks at what is left.
const STEPS: usize = 6;

/// A Gaussian of 3 pixels, from its center on: what moves alike.
const WINDOW: [f32; 8] = [1.0, 0.945_96, 0.800_74, 0.606_53, 0.411_11, 0.249_35, 0.135_34, 0.065_73];

/// The squared gradient, of 255 gray levels per pixel, below which a window says nothing.
const FLAT: f32 = 4.0;

/// The difference, in gray levels, from which on a pixel counts less: it may belong to something else.
const ODD: f32 = 12.0;

/// For each pixel of `now`, rows and columns to where it is in `before`, which has the same size.
pub(super) fn estimate(now: &Plane, before: &Plane) -> [Plane; 2] {
    let mut levels = vec![(now.clone(), before.clone())];
    while let Some((now, before)) = levels.last() {
        if now.height.min(now.width) < 2 * SMALLEST {
            break;
        }
        let halved = (now.halved(), before.halved());
        levels.push(halved);
    }
    let mut flow: Option<[Plane; 2]> = None;
    while let Some((now, before)) = levels.pop() {
        let (height, width) = (now.height, now.width);
        let mut vectors = match flow {
            None => [Plane::zeros(height, width), Plane::zeros(height, width)],
            Some(coarse) => coarse.map(|plane| {
                let mut plane = plane.doubled(height, width);
                plane.values.iter_mut().for_each(|value| *value *= 2.0);
                plane
            }),
        };
        for _ in 0..STEPS {
            step(&now, &before, &mut vectors);
        }
        flow = Some(vectors);
    }
    flow.unwrap_or_else(|| [0, 1].map(|_| Plane::zeros(now.height, now.width)))
}

/// Moves `before` by the flow that is known and adds the flow of what is left.
fn step(now: &Plane, before: &Plane, vectors: &mut [Plane; 2]) {
    let (height, width) = (now.height, now.width);
    let mut moved = Plane::zeros(height, width);
    moved.fill(|y, x| before.sample([y as f32 + vectors[0].at(y, x), x as f32 + vectors[1].at(y, x)]));
    // The sums of the normal equations, pixel by pixel: of squares and products of gradients and difference.
    let mut sums: [Plane; 5] = std::array::from_fn(|_| Plane::zeros(height, width));
    let [yy, yx, xx, yd, xd] = &mut sums;
    let rows = yy.values.par_chunks_exact_mut(width).zip(yx.values.par_chunks_exact_mut(width));
    let rows = rows.zip(xx.values.par_chunks_exact_mut(width));
    let rows = rows.zip(yd.values.par_chunks_exact_mut(width).zip(xd.values.par_chunks_exact_mut(width)));
    rows.enumerate().for_each(|(y, (((yy, yx), xx), (yd, xd)))| {
        for x in 0..width {
            let [of_now, of_moved] = [now, &moved].map(|plane| plane.gradient(y, x));
            let [down, right] = [0.5 * (of_now[0] + of_moved[0]), 0.5 * (of_now[1] + of_moved[1])];
            let difference = now.at(y, x) - moved.at(y, x);
            let weight = 1.0 / (1.0 + (difference / ODD).powi(2));
            yy[x] = weight * down * down;
            yx[x] = weight * down * right;
            xx[x] = weight * right * right;
            yd[x] = weight * down * difference;
            xd[x] = weight * right * difference;
        }
    });
    let [yy, yx, xx, yd, xd] = sums.map(|sum| sum.smooth(&WINDOW));
    // As the window's weights sum up.
    let total = WINDOW[0] + 2.0 * WINDOW[1..].iter().sum::<f32>();
    let flat = FLAT * total * total;
    let [down, right] = vectors;
    let rows = down.values.par_chunks_exact_mut(width).zip(right.values.par_chunks_exact_mut(width));
    rows.enumerate().for_each(|(y, (down, right))| {
        for x in 0..width {
            let (a, b, c) = (yy.at(y, x) + flat, yx.at(y, x), xx.at(y, x) + flat);
            let (d, e) = (yd.at(y, x), xd.at(y, x));
            let determinant = a * c - b * b;
            // Linear only near by: no step is longer than a pixel.
            down[x] += ((c * d - b * e) / determinant).clamp(-1.0, 1.0);
            right[x] += ((a * e - b * d) / determinant).clamp(-1.0, 1.0);
        }
    });
    for plane in vectors {
        *plane = plane.median();
    }
}
