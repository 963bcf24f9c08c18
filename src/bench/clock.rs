//! Repeated measurements and their median.

use std::time::{Duration, Instant};

/// How often something is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// Measurements at least.
    pub(super) at_least: usize,
    /// No further measurement is begun after this time.
    pub(super) budget: Duration,
}

/// What repeated measurements gave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Summary {
    pub(super) median: Duration,
    pub(super) min: Duration,
    pub(super) count: usize,
}

impl Summary {
    /// The summary of these times; zeros if there are none.
    pub(super) fn of(mut times: Vec<Duration>) -> Summary {
        times.sort_unstable();
        let at = |index: usize| times.get(index).copied().unwrap_or_default();
        // Of an even number, the mean of the two in the middle.
        let median = (at(times.len().saturating_sub(1) / 2) + at(times.len() / 2)) / 2;
        Summary { median, min: at(0), count: times.len() }
    }
}

/// Times `work` after one call that is not counted.
pub(super) fn measure(effort: Effort, work: &mut dyn FnMut()) -> Summary {
    work();
    let begin = Instant::now();
    let mut times = Vec::new();
    while times.len() < effort.at_least || begin.elapsed() < effort.budget {
        let start = Instant::now();
        work();
        // Clocks have a smallest step; a rate must stay finite.
        times.push(start.elapsed().max(Duration::from_nanos(1)));
    }
    Summary::of(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let summary = |times: &[u64]| Summary::of(times.iter().copied().map(Duration::from_millis).collect());
        assert_eq!(summary(&[9, 1, 4]).median, Duration::from_millis(4));
        assert_eq!(summary(&[9, 1, 4, 6]).median, Duration::from_millis(5));
        assert_eq!(summary(&[9, 1, 4, 6]).min, Duration::from_millis(1));
        assert_eq!(summary(&[]).median, Duration::ZERO);
    }

    #[test]
    fn the_first_call_is_not_counted() {
        let mut calls = 0;
        let effort = Effort { at_least: 4, budget: Duration::ZERO };
        assert_eq!(measure(effort, &mut || calls += 1).count, 4);
        assert_eq!(calls, 5);
    }
}
