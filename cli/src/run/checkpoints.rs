//! `--checkpoint` and `--resume`: a run that can be taken up after whatever ended it.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use impasto::files;
use impasto::{Checkpoint, CheckpointError, Iteration};

use crate::arguments::ReportOptions;
use crate::error::say;
use crate::run::record::Record;

/// Where and how often a run is kept.
pub(crate) struct Checkpoints {
    path: PathBuf,
    every: Duration,
    last: Instant,
    /// What the run is of.
    note: String,
    /// Whether somebody was told that one could not be written.
    told: bool,
}

/// The file that checkpoints go to.
pub(crate) fn path(reports: &ReportOptions) -> Option<&Path> {
    reports.checkpoint.as_deref().or(reports.resume.as_deref())
}

/// Where the one before the last is kept.
fn previous(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".previous");
    name.into()
}

impl Checkpoints {
    pub(crate) fn new(reports: &ReportOptions, record: Option<&Record>) -> Option<Checkpoints> {
        Some(Checkpoints {
            path: path(reports)?.to_path_buf(),
            every: Duration::try_from_secs_f64(reports.checkpoint_every).unwrap_or(Duration::MAX),
            last: Instant::now(),
            note: record.and_then(Record::text).unwrap_or_default(),
            told: false,
        })
    }

    /// Whether it is time to keep the run, which may be over.
    pub(crate) fn is_due(&self, iteration: &Iteration<'_>, is_over: bool) -> bool {
        let ends_size = iteration.done_at_scale == iteration.present_scale().iterations;
        is_over || ends_size || self.last.elapsed() >= self.every
    }

    /// Keeps the run as it is now, if it is time for it, a size ends, or the run does. Of several failures, the first is an
    /// error.
    pub(crate) fn save(&mut self, iteration: &Iteration<'_>, is_over: bool) -> anyhow::Result<()> {
        if !(iteration.has_picture() && self.is_due(iteration, is_over)) {
            return Ok(());
        }
        let written = self.write(iteration);
        // Whether it was written or not: a full disk is not tried at every iteration.
        self.last = Instant::now();
        match written {
            Err(error) if !self.told => {
                self.told = true;
                Err(error).with_context(|| format!("cannot write the checkpoint {}", self.path.display()))
            }
            _ => Ok(()),
        }
    }

    fn write(&self, iteration: &Iteration<'_>) -> io::Result<()> {
        let file = files::create_beside(&self.path)?;
        let mut buffered = BufWriter::new(&file);
        iteration.write_checkpoint(&self.note, &mut buffered)?;
        buffered.flush()?;
        drop(buffered);
        // There is a whole one under the name itself at every moment.
        if self.path.is_file() {
            let previous = previous(&self.path);
            match fs::remove_file(&previous) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            if fs::hard_link(&self.path, &previous).is_err() {
                // On disks without links.
                fs::copy(&self.path, &previous)?;
            }
        }
        files::replace(file, &self.path)
    }
}

/// Reads the checkpoint of a run of this record.
pub(crate) fn read(path: &Path, record: Option<&Record>, quiet: bool) -> anyhow::Result<Checkpoint> {
    let checkpoint = open(path).map_err(|error| {
        let previous = previous(path);
        let is_lost = matches!(
            error.downcast_ref(),
            Some(CheckpointError::Damaged | CheckpointError::NoCheckpoint | CheckpointError::Read(_))
        );
        match is_lost && open(&previous).is_ok() {
            true => error.context(format!(
                "cannot go on from {}: the one before it is whole, so go on with --resume {}",
                path.display(),
                previous.display()
            )),
            false => error.context(format!("cannot go on from {}", path.display())),
        }
    })?;
    let then = Record::read(&checkpoint.note);
    match (then, record) {
        (Some(then), Some(now)) => {
            let differences = differences(&then, now);
            if !differences.is_empty() {
                bail!(
                    "{} is of another run: {}; give what it was then, or leave --resume out",
                    path.display(),
                    differences.join("; ")
                );
            }
            if then.simd != now.simd && !quiet {
                say(&format!(
                    "warning: the instruction set was {} and is {}: the result may differ by rounding",
                    then.simd, now.simd
                ));
            }
        }
        _ if !quiet => say(&format!(
            "warning: {} does not tell which run it is of, so only sizes are compared",
            path.display()
        )),
        _ => {}
    }
    Ok(checkpoint)
}

fn open(path: &Path) -> anyhow::Result<Checkpoint> {
    let file = File::open(path).map_err(CheckpointError::Read)?;
    Ok(Checkpoint::read(file)?)
}

/// What another run would do otherwise, in words.
fn differences(then: &Record, now: &Record) -> Vec<String> {
    let mut differences = Vec::new();
    if then.version != now.version {
        differences.push(format!("the version was {} and is {}", then.version, now.version));
    }
    let missing = |of: &[String], from: &[String]| -> Vec<String> {
        of.iter().filter(|argument| !from.contains(argument)).cloned().collect()
    };
    let (gone, new) = (missing(&then.arguments, &now.arguments), missing(&now.arguments, &then.arguments));
    if !gone.is_empty() {
        differences.push(format!("it was run with {}", gone.join(" ")));
    }
    if !new.is_empty() {
        differences.push(format!("it was run without {}", new.join(" ")));
    }
    if gone.is_empty() && new.is_empty() && then.arguments != now.arguments {
        differences.push("the pictures were named in another order".to_owned());
    }
    for (kind, then, now) in [("", &then.inputs, &now.inputs), ("the weights ", &then.weights, &now.weights)]
    {
        for input in then {
            match now.iter().find(|other| other.path == input.path) {
                Some(other) if other.sha256 != input.sha256 => {
                    differences.push(format!("{kind}{} has changed since", input.path));
                }
                Some(_) => {}
                None => differences.push(format!("it read {kind}{}", input.path)),
            }
        }
        for input in now.iter().filter(|input| !then.iter().any(|other| other.path == input.path)) {
            differences.push(format!("it did not read {kind}{}", input.path));
        }
    }
    differences
}
