//! How long a run is, how the learning rate falls, and which values a pixel may take.

use crate::image::pixel_range;

/// The rules of a run.
///
/// ```
/// use impasto::Schedule;
///
/// // Of 100 iterations, the learning rate falls during the last half.
/// let fast = |iteration| Schedule::Fast.learning_rate(iteration, 100, 0.1);
/// assert_eq!((fast(0), fast(50), fast(75)), (0.1, 0.1, 0.05));
///
/// let notebook = |iteration| Schedule::Notebook.learning_rate(iteration, 200, 3.0);
/// assert_eq!((notebook(180), notebook(181)), (3.0, 0.1));
/// assert_eq!(Schedule::Notebook.clamp(179), Some([[-1.5, 1.5]; 3]));
/// assert_eq!(Schedule::Notebook.clamp(180), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Schedule {
    /// The good one: a small learning rate that falls to nothing at the end, pixels kept to colors
    /// that a picture can show.
    #[default]
    Fast,
    /// The notebook's: 3.0, which throws every pixel to the clamp at once; pixels are clamped to
    /// [-1.5, 1.5] while the iteration is below 180; after iteration 180 the learning rate is 0.1.
    Notebook,
}

/// The iteration after which the notebook's learning rate falls, and its clamp ends.
const NOTEBOOK_DECAY: usize = 180;

/// The part of a fast run, at its end, in which the learning rate falls to zero.
const FAST_DECAY: f64 = 0.5;

impl Schedule {
    /// The name that the command line takes.
    pub const fn name(self) -> &'static str {
        match self {
            Schedule::Fast => "fast",
            Schedule::Notebook => "notebook",
        }
    }

    /// Iterations unless told otherwise.
    pub const fn default_iterations(self) -> usize {
        match self {
            Schedule::Fast => 100,
            Schedule::Notebook => 200,
        }
    }

    /// Adam's learning rate unless told otherwise, in preprocessed pixel units.
    pub const fn default_learning_rate(self) -> f64 {
        match self {
            Schedule::Fast => 0.1,
            Schedule::Notebook => 3.0,
        }
    }

    /// The learning rate of iteration `iteration` of `iterations`, where it starts at `initial`.
    ///
    /// Iterations are counted from 0; rates are in preprocessed pixel units.
    pub fn learning_rate(self, iteration: usize, iterations: usize, initial: f64) -> f64 {
        match self {
            Schedule::Fast => {
                let left = (iterations - iteration.min(iterations)) as f64;
                initial * (left / (FAST_DECAY * iterations as f64)).min(1.0)
            }
            Schedule::Notebook if iteration <= NOTEBOOK_DECAY => initial,
            Schedule::Notebook => 0.1,
        }
    }

    /// How many of `iterations` a run takes whose loss falls no more after `taken` of them: a learning rate that has yet to
    /// fall at the end falls then, as slowly as it would have.
    pub(crate) fn shortened(self, iterations: usize, taken: usize) -> usize {
        match self {
            Schedule::Fast => {
                ((taken as f64 / (1.0 - FAST_DECAY)) as usize).clamp(taken, iterations.max(taken))
            }
            Schedule::Notebook => taken,
        }
    }

    /// The values that the channels of a pixel may take after `iteration`, in preprocessed units.
    ///
    /// `[low, high]` of red, green and blue; `None` where any value will do.
    pub fn clamp(self, iteration: usize) -> Option<[[f32; 2]; 3]> {
        match self {
            Schedule::Fast => Some(pixel_range()),
            Schedule::Notebook if iteration < NOTEBOOK_DECAY => Some([[-1.5, 1.5]; 3]),
            Schedule::Notebook => None,
        }
    }

    /// Whether the rows and columns at the border that the network does not see repeat the last ones
    /// that it sees. The notebook leaves them to themselves.
    pub const fn repeats_border(self) -> bool {
        matches!(self, Schedule::Fast)
    }

    /// Whether the picture's span of values is stretched to the whole range when it is shown, as the
    /// notebook does: its pixels leave the range that can be shown.
    pub const fn rescales(self) -> bool {
        matches!(self, Schedule::Notebook)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notebooks_schedule() {
        let schedule = Schedule::Notebook;
        assert_eq!(schedule.learning_rate(180, 200, 3.0), 3.0);
        assert_eq!(schedule.learning_rate(181, 200, 3.0), 0.1);
        assert_eq!(schedule.clamp(179), Some([[-1.5, 1.5]; 3]));
        assert_eq!(schedule.clamp(180), None);
    }

    #[test]
    fn the_fast_rate_falls_at_the_end_only() {
        let rate = |iteration| Schedule::Fast.learning_rate(iteration, 100, 0.1);
        assert_eq!(rate(0), 0.1);
        assert_eq!(rate(50), 0.1);
        assert!(rate(75) < 0.06 && rate(99) > 0.0);
    }

    #[test]
    fn a_run_that_is_shortened_ends_as_others_do() {
        let fast = Schedule::Fast;
        assert_eq!(fast.shortened(100, 20), 40);
        assert_eq!(fast.learning_rate(20, 40, 0.1), 0.1);
        assert!(fast.learning_rate(39, 40, 0.1) < 0.01);
        assert_eq!(fast.shortened(100, 70), 100);
        assert_eq!(Schedule::Notebook.shortened(200, 50), 50);
    }
}
