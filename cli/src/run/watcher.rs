//! What happens between two iterations: progress, trace, snapshots, and whether to go on.

use std::ops::ControlFlow;

use impasto::{Iteration, Observer, Outcome};

use crate::arguments::ReportOptions;
use crate::run::checkpoints::Checkpoints;
use crate::run::interrupt::Interrupt;
use crate::run::progress::Progress;
use crate::run::report::{Live, Recorder};
use crate::run::snapshots::Snapshots;
use crate::run::trace::Trace;

/// By which factor a loss has to rise before anyone is told: shifts and restored colors move it a little.
const RISE: f64 = 1.1;

/// Iterations of the last scale below which a rise says nothing: Adam's first steps go in all directions.
const SETTLED: usize = 20;

/// Watches a run for the command line.
pub(crate) struct Watcher<'a> {
    interrupt: &'a Interrupt,
    progress: Progress,
    quiet: bool,
    trace: Option<Trace>,
    snapshots: Option<Snapshots>,
    checkpoints: Option<Checkpoints>,
    recorder: Option<Recorder>,
    live: Option<&'a Live>,
    /// The loss that the present scale began with.
    first_loss: f64,
    done_at_scale: usize,
}

impl Watcher<'_> {
    /// Creates the trace file.
    pub(crate) fn new<'a>(
        reports: &ReportOptions,
        interrupt: &'a Interrupt,
        checkpoints: Option<Checkpoints>,
        recorder: Option<Recorder>,
        live: Option<&'a Live>,
    ) -> anyhow::Result<Watcher<'a>> {
        Ok(Watcher {
            interrupt,
            progress: Progress::new(reports.quiet),
            quiet: reports.quiet,
            trace: reports.trace.as_deref().map(Trace::create).transpose()?,
            snapshots: reports
                .snapshots
                .as_deref()
                .map(|folder| Snapshots::new(folder, reports.snapshot_every)),
            checkpoints,
            recorder,
            live,
            first_loss: 0.0,
            done_at_scale: 0,
        })
    }

    /// Goes on without a trace or snapshots that cannot be written: the picture is worth more than either.
    fn give_up(&self, what: &str, error: &anyhow::Error) {
        let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
        self.progress.say(&format!("warning: {}; the run goes on without {what}", causes.join(": ")));
    }

    /// Whether the user asked for an end.
    fn is_over(&self) -> bool {
        self.interrupt.is_requested() || self.live.is_some_and(Live::is_stopped)
    }

    /// Ends the watch of a run that came to this, and gives back what was recorded of it.
    pub(crate) fn end(self, outcome: &Outcome) -> Option<Recorder> {
        self.progress.end();
        let (first, last) = (self.first_loss, outcome.losses.total);
        if last > RISE * first && self.done_at_scale >= SETTLED && !self.quiet {
            self.progress.say(&format!(
                "warning: the loss rose from {first:.3e} to {last:.3e}: try a smaller --learning-rate"
            ));
        }
        self.recorder
    }
}

impl Observer for Watcher<'_> {
    fn wants_picture(&mut self, iteration: &Iteration<'_>) -> bool {
        let is_due = |checkpoints: &Checkpoints| checkpoints.is_due(iteration, self.is_over());
        self.recorder.is_some()
            || self.snapshots.as_ref().is_some_and(|snapshots| snapshots.is_due(iteration))
            || self.checkpoints.as_ref().is_some_and(is_due)
    }

    fn iteration(&mut self, iteration: &Iteration<'_>) -> ControlFlow<()> {
        if iteration.done_at_scale == 1 {
            self.first_loss = iteration.losses.total;
        }
        self.done_at_scale = iteration.done_at_scale;
        self.progress.show(iteration);
        if let Some(Err(error)) = self.trace.as_mut().map(|trace| trace.write(iteration)) {
            self.give_up("the rest of the trace", &error);
            self.trace = None;
        }
        if let Some(Err(error)) = self.snapshots.as_ref().map(|snapshots| snapshots.save(iteration)) {
            self.give_up("further snapshots", &error);
            self.snapshots = None;
        }
        if let Some(Err(error)) = self.recorder.as_mut().map(|recorder| recorder.iteration(iteration)) {
            self.give_up("its page", &error);
            self.recorder = None;
        }
        // Where the picture was not asked for, a run that is to be kept ends an iteration later.
        let is_over = self.is_over() && (iteration.has_picture() || self.checkpoints.is_none());
        if let Some(Err(error)) =
            self.checkpoints.as_mut().map(|checkpoints| checkpoints.save(iteration, is_over))
        {
            self.give_up("new checkpoints as long as that is so; the last one is still there", &error);
        }
        if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
