//! `--trace`: the losses of every iteration, one JSON object a line, written as the run goes.

use std::fs::File;
use std::io::{LineWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use impasto::{Iteration, Scale};
use serde::Serialize;

/// A trace file that is being written.
pub(crate) struct Trace {
    path: PathBuf,
    // Whole lines only, so that whoever follows the file never reads half a line.
    file: LineWriter<File>,
}

/// One line: the losses of the picture before this iteration's step.
#[derive(Serialize)]
struct Line {
    /// Counted from 0 over all scales.
    iteration: usize,
    /// Counted from 0, coarse to fine.
    scale: usize,
    /// Of the picture at this scale, in pixels.
    height: usize,
    width: usize,
    content: f64,
    style: f64,
    tv: f64,
    total: f64,
    /// Since the first iteration began.
    seconds: f64,
}

impl Trace {
    /// Creates the file; what it held is lost.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Trace> {
        let file = File::create(path).with_context(|| cannot_write(path))?;
        Ok(Trace { path: path.to_path_buf(), file: LineWriter::new(file) })
    }

    pub(crate) fn write(&mut self, iteration: &Iteration<'_>) -> anyhow::Result<()> {
        let losses = iteration.losses;
        let Scale { height, width, .. } = iteration.present_scale();
        let line = Line {
            iteration: iteration.index,
            scale: iteration.scale,
            height,
            width,
            content: losses.content,
            style: losses.style,
            tv: losses.tv,
            total: losses.total,
            seconds: iteration.elapsed.as_secs_f64(),
        };
        let text = serde_json::to_string(&line)?;
        writeln!(self.file, "{text}").with_context(|| cannot_write(&self.path))
    }
}

/// The beginning of every message about a trace.
pub(crate) fn cannot_write(path: &Path) -> String {
    format!("cannot write the trace {}: check its folder, its permissions and the free space", path.display())
}
