//! What `--json` prints on stdout after a run.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::Context;
use impasto::simd::Level;
use impasto::transfer::ScaleOutcome;
use impasto::{Losses, Outcome, StyleTransfer};
use serde::Serialize;

use crate::ending::Ending;
use crate::run::interrupt::Interrupt;
use crate::run::weights::Located;
use crate::text;

/// A run in numbers.
#[derive(Serialize)]
pub(crate) struct Summary {
    /// Of the result, in pixels.
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// Iterations taken, at all scales together.
    pub(crate) iterations: usize,
    /// The scales that the run came to, coarse to fine.
    pub(crate) scales: Vec<ScaleOutcome>,
    pub(crate) interrupted: bool,
    /// Of the result.
    pub(crate) losses: Losses,
    /// Of a frame: how far it is from the frame before, moved, where both show the same, from 0 to 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flicker: Option<f64>,
    pub(crate) seconds: Seconds,
    /// `None` where the operating system does not say.
    pub(crate) peak_memory_bytes: Option<u64>,
    /// About what was expected.
    pub(crate) estimated_memory_bytes: u64,
    /// Rows of the picture in a strip at the result's size; `None` where all of it was in memory.
    pub(crate) strip_rows: Option<usize>,
    pub(crate) threads: usize,
    /// The instruction set of the kernels.
    pub(crate) simd: &'static str,
    /// Their file, or `built-in`.
    pub(crate) weights: String,
    pub(crate) output: String,
}

/// How long each phase took.
#[derive(Serialize)]
pub(crate) struct Seconds {
    /// Pictures and weights.
    pub(crate) load: f64,
    /// Recording the tape, and what the picture is compared with.
    pub(crate) prepare: f64,
    pub(crate) iterate: f64,
    pub(crate) save: f64,
    pub(crate) total: f64,
}

/// A clock that is read at the end of each phase.
pub(crate) struct Clock {
    start: Instant,
    end_of_phase: Instant,
}

impl Clock {
    pub(crate) fn start() -> Clock {
        let now = Instant::now();
        Clock { start: now, end_of_phase: now }
    }

    /// The time since the last call, or since the start.
    pub(crate) fn phase(&mut self) -> Duration {
        let now = Instant::now();
        now - std::mem::replace(&mut self.end_of_phase, now)
    }

    /// The phases so far, as the numbers of a summary.
    pub(crate) fn seconds(&self, [load, prepare, iterate, save]: [Duration; 4]) -> Seconds {
        Seconds {
            load: load.as_secs_f64(),
            prepare: prepare.as_secs_f64(),
            iterate: iterate.as_secs_f64(),
            save: save.as_secs_f64(),
            total: (self.end_of_phase - self.start).as_secs_f64(),
        }
    }
}

impl Summary {
    /// The summary of a session that ended with `outcome`, its picture saved at `output`.
    pub(crate) fn new(
        session: &StyleTransfer,
        outcome: &Outcome,
        seconds: Seconds,
        weights: &Located,
        output: impl fmt::Display,
        flicker: Option<f64>,
    ) -> Summary {
        let (height, width) = session.size();
        Summary {
            height,
            width,
            iterations: outcome.iterations,
            scales: outcome.scales.clone(),
            interrupted: outcome.interrupted,
            losses: outcome.losses,
            flicker,
            seconds,
            peak_memory_bytes: peak_memory_bytes(),
            estimated_memory_bytes: session.memory_bytes(),
            strip_rows: session.strip_rows(),
            threads: session.threads(),
            simd: Level::current().name(),
            weights: weights.to_string(),
            output: output.to_string(),
        }
    }

    /// One line for people.
    pub(crate) fn line(&self) -> String {
        let Summary { height, width, iterations, output, seconds, .. } = self;
        let ended = if self.interrupted { "interrupted" } else { "done" };
        format!(
            "{ended} after {iterations} iteration{}: {output} ({height}x{width}, {:.1} s)",
            text::plural(*iterations),
            seconds.total
        )
    }

    /// How the command ends.
    pub(crate) fn ending(&self, interrupt: &Interrupt) -> Ending {
        // A run that its page ended is done.
        match self.interrupted && interrupt.is_requested() {
            true => Ending::Interrupted(interrupt.exit_code()),
            false => Ending::Done,
        }
    }
}

/// Prints a summary on stdout.
pub(crate) fn print(summary: &impl Serialize) -> anyhow::Result<()> {
    text::print(&text::json(summary)?).context("cannot print the summary").context("the picture was written")
}

/// The most memory that this process ever held, where Linux tells.
fn peak_memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
