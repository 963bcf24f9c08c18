//! What happens between two iterations: progress, trace, snapshots, and whether to go on.

use std::ops::ControlFlow;

use anyhow::Context;
use impasto::{Iteration, Observer};

use crate::arguments::ReportOptions;
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::snapshots::Snapshots;
use crate::trace::Trace;

/// Watches a run for the command line.
pub(crate) struct Watcher<'a> {
    interrupt: &'a Interrupt,
    progress: Progress,
    trace: Option<Trace>,
    snapshots: Option<Snapshots>,
    failure: Option<anyhow::Error>,
}

impl Watcher<'_> {
    /// Creates the trace file.
    pub(crate) fn new<'a>(reports: &ReportOptions, interrupt: &'a Interrupt) -> anyhow::Result<Watcher<'a>> {
        Ok(Watcher {
            interrupt,
            progress: Progress::new(reports.quiet),
            trace: reports.trace.as_deref().map(Trace::create).transpose()?,
            snapshots: reports
                .snapshots
                .as_deref()
                .map(|folder| Snapshots::new(folder, reports.snapshot_every)),
            failure: None,
        })
    }

    fn report(&mut self, iteration: &Iteration<'_>) -> anyhow::Result<()> {
        self.progress.show(iteration);
        if let Some(trace) = &mut self.trace {
            trace.write(iteration)?;
        }
        if let Some(snapshots) = &self.snapshots {
            snapshots.save(iteration)?;
        }
        Ok(())
    }

    /// Ends the watch; the error of a trace or snapshot that could not be written, which ended the run.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        self.progress.end();
        self.failure.map_or(Ok(()), Err).context("the run ended early, with the picture so far")
    }
}

impl Observer for Watcher<'_> {
    fn iteration(&mut self, iteration: &Iteration<'_>) -> ControlFlow<()> {
        if let Err(failure) = self.report(iteration) {
            self.failure = Some(failure);
            return ControlFlow::Break(());
        }
        if self.interrupt.is_requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
