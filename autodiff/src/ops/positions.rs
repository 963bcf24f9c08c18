//! What functions of an image and of one number per position have in common: their shapes, and the walk over positions.

use crate::{Accumulate, Element, Mismatch};
use rayon::prelude::*;

/// Values that one task works on, at least.
const TASK: usize = 1 << 14;

/// Checks that `image` is (N, H, W, C) and has channels, and `numbers`, called `name`, is (N, H, W, 1).
pub(super) fn check(image: &[usize], name: &str, numbers: &[usize]) -> Result<(), Mismatch> {
    let &[n, height, width, 1..=usize::MAX] = image else {
        return Err(Mismatch::new("the image must be (N, H, W, C), with at least one channel"));
    };
    match numbers == [n, height, width, 1] {
        true => Ok(()),
        false => Err(Mismatch::new(format!(
            "{name} must be (N, H, W, 1), with one number per position of the image"
        ))),
    }
}

/// Calls `each` with a number and what lies at its position: a pixel of `out` and one of each of `images`.
pub(super) fn walk<T: Element, const N: usize>(
    numbers: &[T],
    out: &mut [T],
    images: [&[T]; N],
    each: impl Fn(T, &mut [T], [&[T]; N]) + Sync,
) {
    if numbers.is_empty() {
        return;
    }
    let channels = out.len() / numbers.len();
    let positions = (TASK / channels).max(1);
    out.par_chunks_mut(positions * channels).enumerate().for_each(|(task, out)| {
        let first = task * positions;
        for (index, pixel) in out.chunks_exact_mut(channels).enumerate() {
            let position = first + index;
            each(numbers[position], pixel, images.map(|image| &image[position * channels..][..channels]));
        }
    });
}

/// Multiplies each pixel of `image` by the factor that `factor` makes of its position's number, into `out` or on top of it.
pub(super) fn multiply<T: Element>(
    numbers: &[T],
    factor: impl Fn(T) -> T + Sync,
    image: &[T],
    accumulate: Accumulate,
    out: &mut [T],
) {
    walk(numbers, out, [image], |number, out, [image]| {
        let factor = factor(number);
        let pairs = out.iter_mut().zip(image);
        match accumulate {
            Accumulate::Replace => pairs.for_each(|(out, &value)| *out = factor * value),
            Accumulate::Add => pairs.for_each(|(out, &value)| *out = *out + factor * value),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_meets_its_own_number() {
        // More than one task, the last one shorter.
        for (positions, channels) in [(1, 1), (TASK + 5, 3), (7, 2 * TASK), (0, 4)] {
            let numbers: Vec<f64> = (0..positions).map(|position| position as f64).collect();
            let image: Vec<f64> = (0..positions * channels).map(|index| (index % 10) as f64).collect();
            let mut out = vec![f64::NAN; image.len()];
            walk(&numbers, &mut out, [&image], |number, out, [image]| {
                assert_eq!((out.len(), image.len()), (channels, channels));
                out.iter_mut().zip(image).for_each(|(out, &value)| *out = 10.0 * number + value);
            });
            for (index, &out) in out.iter().enumerate() {
                assert_eq!(out, 10.0 * (index / channels) as f64 + image[index]);
            }
        }
    }
}
