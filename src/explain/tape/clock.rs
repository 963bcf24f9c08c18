//! The time of each step of both walks over a tape.

use impasto_autodiff::{Tape, TapeError, Var};
use std::time::{Duration, Instant};

/// For each node, the median time of its step, where it has one.
pub(super) struct StepTimes {
    pub(super) forward: Vec<Option<Duration>>,
    pub(super) backward: Vec<Option<Duration>>,
}

impl StepTimes {
    /// Replays the tape, backward from `result`. A first replay, which no time is taken of, wakes threads and fills
    /// caches.
    pub(super) fn measure(tape: &mut Tape<f32>, result: Var, replays: usize) -> Result<StepTimes, TapeError> {
        tape.forward();
        tape.backward(result)?;
        let mut forward = vec![Vec::new(); tape.len()];
        let mut backward = forward.clone();
        for _ in 0..replays {
            let mut last = Instant::now();
            tape.forward_each(|var| forward[var.index()].push(lap(&mut last)));
            last = Instant::now();
            tape.backward_each(result, |var| backward[var.index()].push(lap(&mut last)))?;
        }
        let medians = |times: Vec<Vec<Duration>>| times.into_iter().map(median).collect();
        Ok(StepTimes { forward: medians(forward), backward: medians(backward) })
    }
}

/// The time since `last`, which becomes now.
fn lap(last: &mut Instant) -> Duration {
    let now = Instant::now();
    now - std::mem::replace(last, now)
}

fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort();
    times.get(times.len() / 2).copied()
}
