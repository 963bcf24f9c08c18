//! How far a download is, on stderr: a bar on a terminal, a plain line now and then elsewhere.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{DecimalBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Url;
use crate::error::say;

/// The time between two plain lines.
const SILENCE: Duration = Duration::from_secs(5);

/// One way to show a download.
pub(crate) enum Progress {
    Silent,
    /// A bar, once an answer came.
    Bars(Option<ProgressBar>),
    Lines {
        /// When the last line was printed.
        last: Instant,
    },
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Progress {
        if quiet {
            Progress::Silent
        } else if stderr().is_terminal() {
            Progress::Bars(None)
        } else {
            Progress::Lines { last: Instant::now() }
        }
    }

    /// An answer came.
    pub(super) fn begin(&mut self, url: &Url, total: Option<u64>) {
        self.print(&format!("downloading {url}"));
        match self {
            Progress::Silent => {}
            Progress::Bars(bar) => *bar = Some(new_bar(total)),
            Progress::Lines { last } => *last = Instant::now(),
        }
    }

    pub(super) fn received(&mut self, bytes: u64, total: Option<u64>) {
        match self {
            Progress::Bars(Some(bar)) => bar.set_position(bytes),
            Progress::Lines { last } if last.elapsed() >= SILENCE => {
                *last = Instant::now();
                match total {
                    Some(total) => say(&format!("{} of {}", DecimalBytes(bytes), DecimalBytes(total))),
                    None => say(&DecimalBytes(bytes).to_string()),
                }
            }
            Progress::Silent | Progress::Bars(None) | Progress::Lines { .. } => {}
        }
    }

    /// The answer ended. Its bar is left as it stands, and the cursor below it.
    pub(super) fn end(&mut self) {
        if let Progress::Bars(bar) = self
            && let Some(bar) = bar.take()
        {
            bar.abandon();
        }
    }

    /// Prints a line, while no bar is shown.
    pub(crate) fn print(&self, line: &str) {
        if !matches!(self, Progress::Silent) {
            say(line);
        }
    }
}

fn new_bar(total: Option<u64>) -> ProgressBar {
    let template = match total {
        Some(_) => "{bar:30} {decimal_bytes} of {decimal_total_bytes}, {decimal_bytes_per_sec}, {eta} left",
        None => "{decimal_bytes}, {decimal_bytes_per_sec}",
    };
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
