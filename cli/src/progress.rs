//! How far a run is, on stderr: a bar on a terminal, a plain line now and then elsewhere.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use impasto::{Iteration, Losses};
use indicatif::{ProgressBar, ProgressStyle};

use crate::error::say;

/// The longest silence of plain lines, in a run whose tenths take longer.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);

/// One way to show a run.
pub(crate) enum Progress {
    Silent,
    Bar(ProgressBar),
    Lines {
        /// When the last line was printed.
        last: Duration,
    },
}

impl Progress {
    pub(crate) fn new(quiet: bool, iterations: usize) -> Progress {
        if quiet {
            Progress::Silent
        } else if stderr().is_terminal() {
            let bar = ProgressBar::new(iterations as u64);
            let template = "{bar:30} {pos}/{len}  {msg}  {per_sec}, {eta} left";
            Progress::Bar(match ProgressStyle::with_template(template) {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            })
        } else {
            Progress::Lines { last: Duration::ZERO }
        }
    }

    pub(crate) fn show(&mut self, iteration: &Iteration<'_>) {
        let completed = iteration.index + 1;
        match self {
            Progress::Silent => {}
            Progress::Bar(bar) => {
                bar.set_message(losses(&iteration.losses));
                bar.set_position(completed as u64);
            }
            Progress::Lines { last } => {
                let (index, iterations, elapsed) = (iteration.index, iteration.iterations, iteration.elapsed);
                let is_first_of_tenth = index == 0 || completed * 10 / iterations > index * 10 / iterations;
                if is_first_of_tenth || elapsed.saturating_sub(*last) >= LONGEST_SILENCE {
                    *last = elapsed;
                    let losses = losses(&iteration.losses);
                    say(&format!(
                        "iteration {completed}/{iterations}: {losses}; {}",
                        pace(completed, iterations, elapsed)
                    ));
                }
            }
        }
    }

    /// Leaves the bar as it stands, and the cursor below it.
    pub(crate) fn end(&self) {
        if let Progress::Bar(bar) = self {
            bar.abandon();
        }
    }
}

fn losses(losses: &Losses) -> String {
    let terms = [("content", losses.content), ("style", losses.style), ("tv", losses.tv)];
    let terms = terms.iter().filter(|(_, loss)| *loss != 0.0);
    let terms: Vec<String> = terms.map(|(name, loss)| format!("{name} {loss:.3e}")).collect();
    format!("loss {:.3e} ({})", losses.total, terms.join(", "))
}

fn pace(completed: usize, iterations: usize, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    let left = seconds / completed as f64 * (iterations - completed) as f64;
    format!("{:.2} iterations/s, {left:.0} s left", completed as f64 / seconds.max(f64::MIN_POSITIVE))
}
