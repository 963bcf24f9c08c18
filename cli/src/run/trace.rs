//! `--trace`: the losses of every iteration, one JSON object per line, written as the run goes.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use impasto::{Iteration, Scale};
use serde::Serialize;

/// A trace file that is being written.
pub(crate) struct Trace {
    path: PathBuf,
    file: File,
    /// Bytes of whole lines, which is all that is ever left in it.
    length: u64,
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
    temporal: f64,
    total: f64,
    /// Since the first iteration began.
    seconds: f64,
}

impl Trace {
    /// Creates the file; what it held is lost.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Trace> {
        let file = File::create(path).with_context(|| cannot_write(path))?;
        Ok(Trace { path: path.to_path_buf(), file, length: 0 })
    }

    /// Adds a line, whole or not at all.
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
            temporal: losses.temporal,
            total: losses.total,
            seconds: iteration.elapsed.as_secs_f64(),
        };
        let text = serde_json::to_string(&line)? + "\n";
        // In one call, so that whoever follows the file does not read half a line.
        if let Err(error) = self.file.write_all(text.as_bytes()) {
            // Shortening a file works on a full disk.
            let _ = self.file.set_len(self.length);
            return Err(error).with_context(|| cannot_write(&self.path));
        }
        self.length += text.len() as u64;
        Ok(())
    }
}

/// The beginning of every message about a trace.
pub(crate) fn cannot_write(path: &Path) -> String {
    format!("cannot write the trace {}: check its folder, its permissions and the free space", path.display())
}
