//! The log of a run: one JSON object per line and step.

use crate::TrainingError;
use crate::trainer::Report;
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A file that steps are written to.
pub struct Log {
    path: PathBuf,
    file: BufWriter<File>,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    report: &'a Report,
    /// Since the program started.
    seconds: f64,
}

impl Log {
    /// Opens a log; a run that goes on writes behind what is there.
    ///
    /// # Errors
    /// [`TrainingError::Write`].
    pub fn open(path: &Path, goes_on: bool) -> Result<Log, TrainingError> {
        let mut options = OpenOptions::new();
        options.create(true).write(true).append(goes_on).truncate(!goes_on);
        let file = options.open(path);
        let file = file.map_err(|source| TrainingError::Write { path: path.to_owned(), source })?;
        Ok(Log { path: path.to_owned(), file: BufWriter::new(file) })
    }

    /// Writes what a step found.
    ///
    /// # Errors
    /// [`TrainingError::Write`].
    pub fn step(&mut self, report: &Report, elapsed: Duration) -> Result<(), TrainingError> {
        let line = Line { report, seconds: elapsed.as_secs_f64() };
        let written = serde_json::to_writer(&mut self.file, &line).map_err(Into::into);
        let written = written.and_then(|()| self.file.write_all(b"\n"));
        written.map_err(|source| self.failed(source))
    }

    /// Hands on to the file what was written so far.
    ///
    /// # Errors
    /// [`TrainingError::Write`].
    pub fn flush(&mut self) -> Result<(), TrainingError> {
        self.file.flush().map_err(|source| self.failed(source))
    }

    fn failed(&self, source: std::io::Error) -> TrainingError {
        TrainingError::Write { path: self.path.clone(), source }
    }
}
