//! What `--json` prints on stdout after a run.

use std::fs;
use std::io::{Write, stdout};
use std::time::{Duration, Instant};

use anyhow::Context;
use impasto::Losses;
use serde::Serialize;

/// A run in numbers.
#[derive(Serialize)]
pub(crate) struct Summary {
    /// Of the result, in pixels.
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// Iterations taken.
    pub(crate) iterations: usize,
    pub(crate) interrupted: bool,
    /// Of the result.
    pub(crate) losses: FinalLosses,
    pub(crate) seconds: Seconds,
    /// `None` where the operating system does not say.
    pub(crate) peak_memory_bytes: Option<u64>,
    pub(crate) threads: usize,
    /// The instruction set of the kernels.
    pub(crate) simd: &'static str,
    pub(crate) weights: String,
    pub(crate) output: String,
}

/// The weighted losses of the result.
#[derive(Serialize)]
pub(crate) struct FinalLosses {
    content: f64,
    style: f64,
    tv: f64,
    total: f64,
}

/// How long each phase took.
#[derive(Serialize)]
pub(crate) struct Seconds {
    /// Pictures and weights.
    load: f64,
    /// Recording the tape, and what the picture is compared with.
    prepare: f64,
    iterate: f64,
    save: f64,
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

impl From<Losses> for FinalLosses {
    fn from(Losses { content, style, tv, total }: Losses) -> FinalLosses {
        FinalLosses { content, style, tv, total }
    }
}

impl Summary {
    pub(crate) fn print(&self) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        writeln!(stdout(), "{text}").context("cannot print the summary")
    }
}

/// The most memory that this process ever held, where Linux tells.
pub(crate) fn peak_memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
