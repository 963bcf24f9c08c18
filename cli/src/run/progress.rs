//! How far a run, or a batch of them, is, on stderr: a bar on a terminal, a plain line now and then elsewhere.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use impasto::{Iteration, Losses, Scale};
use indicatif::{ProgressBar, ProgressStyle};

use crate::error::say;
use crate::text::plural;

/// The longest silence of plain lines, in a run whose tenths take longer.
const MAX_SILENCE: Duration = Duration::from_secs(10);

/// One way to show a run.
pub(crate) enum Progress {
    Silent,
    Bar(ProgressBar),
    Lines {
        /// When the last line was printed.
        last: Duration,
        /// The tenths of the work that were done then.
        tenths: u32,
    },
}

/// Positions of the bar: a thousandth of the work each.
const BAR_LENGTH: u64 = 1000;

impl Progress {
    pub(crate) fn new(quiet: bool) -> Progress {
        if quiet {
            Progress::Silent
        } else if stderr().is_terminal() && !is_dumb() {
            let bar = ProgressBar::new(BAR_LENGTH);
            Progress::Bar(match ProgressStyle::with_template("{bar:14} {msg}") {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            })
        } else {
            Progress::Lines { last: Duration::ZERO, tenths: 0 }
        }
    }

    pub(crate) fn show(&mut self, iteration: &Iteration<'_>) {
        let Iteration { progress, elapsed, .. } = *iteration;
        match self {
            Progress::Silent => {}
            Progress::Bar(bar) => {
                // Short enough for a terminal of 80 columns.
                bar.set_message(format!(
                    "{:.0} %  {}  loss {:.2e}  {}",
                    100.0 * progress,
                    place(iteration, ""),
                    iteration.losses.total,
                    left(progress, elapsed)
                ));
                bar.set_position((progress * BAR_LENGTH as f64) as u64);
            }
            Progress::Lines { last, tenths } => {
                // The share of the last iteration may fall short of 1 by rounding.
                let reached = (10.0 * progress + 1e-9) as u32;
                let is_news = iteration.done_at_scale == 1 || reached > *tenths;
                if is_news || elapsed.saturating_sub(*last) >= MAX_SILENCE {
                    (*last, *tenths) = (elapsed, reached);
                    let (place, losses) = (place(iteration, "iteration "), losses(&iteration.losses));
                    say(&format!("{place}: {losses}; {}", left(progress, elapsed)));
                }
            }
        }
    }

    /// Shows that so much of a batch is done, from 0 to 1: `done` of `count` pictures, and parts of others. A batch has a line
    /// for each picture, and so no lines beside the bar.
    pub(crate) fn show_batch(&self, share: f64, done: usize, count: usize, elapsed: Duration) {
        if let Progress::Bar(bar) = self {
            // Nothing is known of the time left before something is done.
            let left = if share > 0.0 { left(share, elapsed) } else { String::new() };
            let plural = plural(count);
            bar.set_message(format!("{:.0} %  {done} of {count} picture{plural}  {left}", 100.0 * share));
            bar.set_position((share * BAR_LENGTH as f64) as u64);
        }
    }

    /// Prints a line that the bar does not run into.
    pub(crate) fn say(&self, line: &str) {
        match self {
            Progress::Bar(bar) => bar.suspend(|| say(line)),
            Progress::Silent | Progress::Lines { .. } => say(line),
        }
    }

    /// Leaves the bar as it stands, and the cursor below it.
    pub(crate) fn end(&self) {
        if let Progress::Bar(bar) = self {
            bar.abandon();
        }
    }
}

/// Whether the terminal cannot move its cursor, and so shows no bar.
fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|name| name == "dumb")
}

/// Which scale, where there are several, and, after `word`, which iteration of it.
fn place(iteration: &Iteration<'_>, word: &str) -> String {
    let Scale { height, width, iterations } = iteration.present_scale();
    let scale = match iteration.scales.len() {
        1 => String::new(),
        scales => format!("scale {}/{scales}, {height}x{width}, ", iteration.scale + 1),
    };
    format!("{scale}{word}{}/{iterations}", iteration.done_at_scale)
}

fn losses(losses: &Losses) -> String {
    let terms = [
        ("content", losses.content),
        ("style", losses.style),
        ("tv", losses.tv),
        ("temporal", losses.temporal),
    ];
    let terms = terms.iter().filter(|(_, loss)| *loss != 0.0);
    let terms: Vec<String> = terms.map(|(name, loss)| format!("{name} {loss:.3e}")).collect();
    match terms.is_empty() {
        true => "loss 0".to_owned(),
        false => format!("loss {:.3e} ({})", losses.total, terms.join(", ")),
    }
}

/// The time left, if the work goes on at the pace so far.
fn left(progress: f64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64() * (1.0 - progress).max(0.0) / progress.max(f64::MIN_POSITIVE);
    match seconds {
        ..90.0 => format!("{seconds:.0} s left"),
        ..5400.0 => format!("{:.0} min left", seconds / 60.0),
        _ => format!("{:.1} h left", seconds / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_follows_the_work() {
        let left = |progress, seconds| left(progress, Duration::from_secs(seconds));
        assert_eq!(left(0.25, 10), "30 s left");
        assert_eq!(left(1.0, 10), "0 s left");
        assert_eq!(left(0.1, 100), "15 min left");
        assert_eq!(left(0.01, 100), "2.8 h left");
    }

    #[test]
    fn losses_that_are_zero_are_left_out() {
        let style = Losses { style: 2.0, total: 2.0, ..Losses::default() };
        assert_eq!(losses(&style), "loss 2.000e0 (style 2.000e0)");
        assert_eq!(losses(&Losses::default()), "loss 0");
    }
}
