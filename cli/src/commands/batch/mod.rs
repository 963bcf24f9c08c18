//! `impasto batch`: many pictures, one after another or side by side.
//!
//! - `list`: which pictures, from the command line or a manifest
//! - `shard`: which part of them
//! - `work`: one of them

mod list;
mod shard;
mod work;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, bail};
use impasto::SqueezeNet;
use impasto::transfer::thread_count;
use serde::Serialize;

use crate::arguments::BatchArguments;
use crate::ending::Ending;
use crate::error::say;
use crate::run::interrupt::Interrupt;
use crate::run::outputs::{check_folder, write_text};
use crate::run::record::weights_record;
use crate::run::weights::Located;
use crate::text::{self, plural};

use work::{Became, Workshop};

/// The names of results that failed, in the folder of results.
const FAILED: &str = "batch-failed.txt";

/// What became of one picture.
#[derive(Serialize)]
struct Row {
    output: String,
    #[serde(flatten)]
    became: Became,
    seconds: f64,
}

pub(crate) fn run(arguments: &BatchArguments, line: &[OsString]) -> anyhow::Result<Ending> {
    let BatchArguments { out, jobs, quiet, .. } = arguments;
    check_folder(out, "save pictures")?;
    let mut items = list::read(arguments, line)?;
    if let Some(shard) = shard::find(arguments, *quiet)? {
        items = shard.of(items);
    }
    if arguments.retry_failed {
        let failed = fs::read_to_string(out.join(FAILED)).unwrap_or_default();
        items.retain(|item| failed.lines().any(|name| Path::new(name) == item.output));
    }
    fs::create_dir_all(out).with_context(|| format!("cannot create the folder {}", out.display()))?;

    let interrupt = Interrupt::listen()?;
    let weights = Located::find(arguments.common.network.weights.as_deref());
    weights.announce(*quiet);
    let network = SqueezeNet::new(weights.load(work::DEEPEST_LAYER)?);
    interrupt.wait_for_iterations();

    let jobs = (*jobs).min(items.len()).max(1);
    let threads = (thread_count(arguments.common.network.threads) / jobs).max(1);
    let workshop = Workshop {
        network: &network,
        weight_files: weights.files(),
        weights: weights_record(&weights),
        threads,
        interrupt: &interrupt,
    };
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let worker = || {
        while let Some((index, item)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            items.get(index).map(|item| (index, item))
        } {
            if interrupt.is_requested() {
                break;
            }
            let began = Instant::now();
            let became = workshop.paint(item, &out.join(&item.output));
            let row = Row { output: item.name(), became, seconds: began.elapsed().as_secs_f64() };
            let mut rows = rows.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if !quiet || row.has_failed() {
                say(&format!("{}/{} {}", rows.len() + 1, items.len(), row.text()));
            }
            rows.push((index, row));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..jobs {
            scope.spawn(worker);
        }
        worker();
    });

    let mut rows = rows.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    rows.sort_by_key(|(index, _)| *index);
    let rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
    remember_failures(out, &rows)?;
    let count = |became: fn(&Became) -> bool| rows.iter().filter(|row| became(&row.became)).count();
    let failed: Vec<&str> = rows.iter().filter(|row| row.has_failed()).map(|row| &*row.output).collect();
    if !quiet {
        let painted = count(|became| matches!(became, Became::Painted { .. }));
        let skipped = count(|became| matches!(became, Became::Skipped));
        say(&format!("{painted} painted, {skipped} there already, {} failed", failed.len()));
    }
    if arguments.json {
        text::print(&text::json(&rows)?).context("cannot print the summary")?;
    }
    if interrupt.is_requested() {
        return Ok(Ending::Interrupted(interrupt.exit_code()));
    }
    if !failed.is_empty() {
        bail!(
            "{} picture{} could not be painted: {}; once that is mended, the same command with --retry-failed paints \
             them",
            failed.len(),
            plural(failed.len()),
            failed.join(", ")
        );
    }
    Ok(Ending::Done)
}

impl Row {
    fn has_failed(&self) -> bool {
        matches!(self.became, Became::Failed { .. })
    }

    /// A line for people.
    fn text(&self) -> String {
        let Row { output, became, seconds } = self;
        match became {
            Became::Painted { height, width } => format!("{output} ({height}x{width}, {seconds:.1} s)"),
            Became::Skipped => format!("{output}: there already"),
            Became::Interrupted => format!("{output}: interrupted"),
            Became::Failed { reason } => format!("{output} failed: {reason}"),
        }
    }
}

/// Keeps the names of what failed for `--retry-failed`, and forgets those that did not again.
fn remember_failures(out: &Path, rows: &[Row]) -> anyhow::Result<()> {
    let path = out.join(FAILED);
    let before = fs::read_to_string(&path).unwrap_or_default();
    let is_known = |name: &str| rows.iter().any(|row| row.output == name);
    let mut names: Vec<&str> = before.lines().filter(|name| !is_known(name)).collect();
    names.extend(rows.iter().filter(|row| row.has_failed()).map(|row| &*row.output));
    match names.is_empty() {
        true if path.exists() => {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))
        }
        true => Ok(()),
        false => write_text("the list of failures", &path, &(names.join("\n") + "\n")),
    }
}

/// The name of a file without its folder and its extension.
fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

/// A path within the folder of results: it does not lead out of it.
fn within(name: &str) -> Option<PathBuf> {
    use std::path::Component;
    let path = PathBuf::from(name);
    let is_inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    (is_inside && path.file_name().is_some()).then_some(path)
}
