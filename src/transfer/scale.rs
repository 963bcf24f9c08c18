//! The sizes that a run goes through, coarse to fine, and the iterations at each.
//!
//! A style layer sees a few dozen pixels (the deepest of the defaults 63), so no stroke can be longer than that at the
//! size where it is painted. A small picture is painted first, in strokes that are long for it, and enlarged; each
//! larger size adds the detail that the one before it could not hold.

use super::error::TransferError;
use crate::schedule::Schedule;

/// The shorter side of the smallest picture, in pixels, unless told otherwise.
pub const DEFAULT_SMALLEST: usize = 128;

/// How much larger each size is than the one before it, about.
const STEP: f64 = std::f64::consts::SQRT_2;

/// One size of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Scale {
    /// Height of the picture, in pixels.
    pub height: usize,
    /// Width of the picture, in pixels.
    pub width: usize,
    /// Iterations at this size.
    pub iterations: usize,
}

impl Scale {
    /// Pixels of the picture.
    pub fn area(&self) -> f64 {
        self.height as f64 * self.width as f64
    }
}

/// What was asked for; what was not follows from the rest.
#[derive(Debug, Clone, Default)]
pub(super) struct ScaleSettings {
    /// How many sizes.
    pub(super) count: Option<usize>,
    /// The shorter side of the first, in pixels.
    pub(super) smallest: Option<usize>,
    /// Iterations at each: one number for all, or a list.
    pub(super) iterations: Option<Iterations>,
}

/// A number of iterations for every size, or one for each.
#[derive(Debug, Clone)]
pub(super) enum Iterations {
    Each(usize),
    List(Vec<usize>),
}

impl ScaleSettings {
    /// The sizes up to `height` x `width`, in the order of the run. No shorter side may be below `least`; `from_noise`
    /// tells that the run does not start from a picture, and so needs longer.
    pub(super) fn scales(
        &self,
        (height, width): (usize, usize),
        least: usize,
        schedule: Schedule,
        from_noise: bool,
    ) -> Result<Vec<Scale>, TransferError> {
        let side = height.min(width);
        let sides = self.sides(side, least, schedule)?;
        let iterations = self.iterations(&sides, schedule, from_noise)?;
        let scaled = |length: usize, to: usize| match to == side {
            true => length,
            false => ((length as f64 * to as f64 / side as f64).round() as usize).max(to),
        };
        Ok(sides
            .iter()
            .zip(iterations)
            .map(|(&to, iterations)| Scale {
                height: scaled(height, to),
                width: scaled(width, to),
                iterations,
            })
            .collect())
    }

    /// The shorter side at each size, the last `side`.
    fn sides(&self, side: usize, least: usize, schedule: Schedule) -> Result<Vec<usize>, TransferError> {
        let count = match (self.count, schedule) {
            (Some(0), _) => return Err(TransferError::NoScales),
            // Unless told otherwise, the notebook's schedule is the notebook's.
            (None, Schedule::Notebook) if self.smallest.is_none() => Some(1),
            (count, _) => count,
        };
        if let (Some(1), Some(_)) = (count, self.smallest) {
            return Err(TransferError::UnusedSmallest);
        }
        if let Some(smallest) = self.smallest {
            if smallest > side {
                return Err(TransferError::SmallestTooLarge { smallest, side });
            }
            if smallest < least {
                return Err(TransferError::SmallestTooSmall { smallest, least });
            }
        }
        let steps_from =
            |smallest: usize| ((side as f64 / smallest as f64).ln() / STEP.ln()).round() as usize;
        let too_many = |scales: usize, most: usize| TransferError::TooManyScales { scales, most, side };
        let (count, smallest) = match (count, self.smallest) {
            (Some(1), _) => (1, side),
            (None, smallest) => {
                let smallest = smallest.unwrap_or(DEFAULT_SMALLEST.max(least)).min(side);
                match steps_from(smallest) {
                    // A side that is hardly larger is no size of its own, unless it was asked for.
                    0 if self.smallest.is_none() || smallest == side => (1, side),
                    steps => (steps.max(1) + 1, smallest),
                }
            }
            (Some(count), Some(smallest)) => (count, smallest),
            (Some(count), None) => {
                let most = steps_from(least.max(1).min(side)) + 1;
                let smallest = side as f64 / STEP.powi(count.min(most) as i32 - 1);
                let smallest = (smallest.round() as usize).max(least).max(1);
                if count > most {
                    return Err(too_many(count, most));
                }
                (count, smallest)
            }
        };
        // Each size is at least a pixel larger than the one before it.
        if count - 1 > side - smallest {
            return Err(too_many(count, side - smallest + 1));
        }
        let growth = side as f64 / smallest as f64;
        let mut sides: Vec<usize> = (0..count - 1)
            .map(|index| {
                let exact = smallest as f64 * growth.powf(index as f64 / (count - 1) as f64);
                exact.round() as usize
            })
            .collect();
        sides.push(side);
        // Rounding may have joined two where there are nearly as many sizes as pixels.
        for index in 1..count {
            sides[index] = sides[index].max(sides[index - 1] + 1);
        }
        for index in (0..count - 1).rev() {
            sides[index] = sides[index].min(sides[index + 1] - 1);
        }
        sides[count - 1] = side;
        Ok(sides)
    }

    fn iterations(
        &self,
        sides: &[usize],
        schedule: Schedule,
        from_noise: bool,
    ) -> Result<Vec<usize>, TransferError> {
        let scales = sides.len();
        let iterations = match &self.iterations {
            None if scales == 1 => vec![schedule.default_iterations()],
            None => (0..scales).map(|index| default_iterations(index, from_noise)).collect(),
            Some(Iterations::Each(iterations)) => vec![*iterations; scales],
            Some(Iterations::List(list)) if list.len() == scales => list.clone(),
            Some(Iterations::List(list)) => {
                return Err(TransferError::UnequalIterations { given: list.len(), sides: sides.to_vec() });
            }
        };
        match iterations.contains(&0) {
            true => Err(TransferError::NoIterations),
            false => Ok(iterations),
        }
    }
}

/// Iterations at the size `index`, counted from the smallest: most where they cost least and decide most.
fn default_iterations(index: usize, from_noise: bool) -> usize {
    let table = if from_noise { [500, 250, 120, 80, 50] } else { [140, 85, 65, 45, 33] };
    table[index.min(table.len() - 1)]
}
