//! `impasto batch`: many pictures, one after another or side by side.
//!
//! - `list`: which pictures, from the command line or a manifest
//! - `frames`: those of a sequence
//! - `shard`: which part of them
//! - `work`: one of them; `board`: what people see of it

mod board;
mod frames;
mod list;
mod shard;
mod work;

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, bail};
use impasto::SqueezeNet;
use impasto::transfer::{StyleCache, thread_count};
use serde::Serialize;

use crate::arguments::BatchArguments;
use crate::ending::Ending;
use crate::error::say;
use crate::run::interrupt::Interrupt;
use crate::run::outputs::{check_folder, write_text};
use crate::run::record::weights_record;
use crate::run::weights::Located;
use crate::text::{self, plural};

use board::Board;
use list::Item;
use work::{Became, Workshop};

/// The names of results that failed, in the folder of results.
const FAILED: &str = "batch-failed.txt";

/// A sequence's number, and the place of a picture in it.
type Place = [usize; 2];

/// What became of one picture.
#[derive(Serialize)]
struct Row {
    output: String,
    #[serde(flatten)]
    became: Became,
    /// Of a frame: how far it is from the one before it, moved along, from 0 to 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    flicker: Option<f64>,
    seconds: f64,
}

pub(crate) fn run(arguments: &BatchArguments, line: &[OsString]) -> anyhow::Result<Ending> {
    let BatchArguments { out, jobs, quiet, .. } = arguments;
    check_folder(out, "save pictures")?;
    let mut sequences = list::read(arguments, line)?;
    if let Some(shard) = shard::find(arguments, *quiet)? {
        sequences = shard.of(sequences);
    }
    if arguments.retry_failed {
        let failed = fs::read_to_string(out.join(FAILED)).unwrap_or_default();
        let has_failed = |item: &Item| failed.lines().any(|name| Path::new(name) == item.output);
        sequences.iter_mut().for_each(|sequence| sequence.retain(has_failed));
        sequences.retain(|sequence| !sequence.is_empty());
    }
    fs::create_dir_all(out).with_context(|| format!("cannot create the folder {}", out.display()))?;

    let interrupt = Interrupt::listen()?;
    let weights = Located::find(arguments.common.network.weights.as_deref());
    weights.announce(*quiet);
    let network = SqueezeNet::new(weights.load(work::DEEPEST_LAYER)?);
    interrupt.wait_for_iterations();

    let count: usize = sequences.iter().map(Vec::len).sum();
    let jobs = (*jobs).min(sequences.len()).max(1);
    let threads = (thread_count(arguments.common.network.threads) / jobs).max(1);
    let workshop = Workshop {
        network: &network,
        weight_files: weights.files(),
        weights: weights_record(&weights),
        threads,
        interrupt: &interrupt,
        styles: StyleCache::default(),
    };
    let (next, board) = (AtomicUsize::new(0), Board::new(count, *quiet));
    let worker = || {
        while let Some((index, sequence)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            sequences.get(index).map(|sequence| (index, sequence))
        } {
            paint_sequence(index, sequence, &workshop, &board, out);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..jobs {
            scope.spawn(worker);
        }
        worker();
    });

    let rows = board.end();
    if !quiet {
        let styles = arguments.style.iter().enumerate();
        styles.filter_map(|(index, style)| flicker(index, style, &rows)).for_each(|line| say(&line));
    }
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

/// Paints the pictures of a sequence one after another. Those that need one that failed fail too.
fn paint_sequence(index: usize, sequence: &[Item], workshop: &Workshop<'_>, board: &Board, out: &Path) {
    let mut is_broken = false;
    for (place, item) in sequence.iter().enumerate() {
        if workshop.interrupt.is_requested() {
            break;
        }
        let (began, place) = (Instant::now(), [index, place]);
        let (became, flicker) = match is_broken && item.arguments.frame.previous.is_some() {
            true => (Became::Failed { reason: "the frame before it could not be painted".into() }, None),
            false => workshop.paint(item, &out.join(&item.output), &|share| board.part(place, share)),
        };
        let row = Row { output: item.name(), became, flicker, seconds: began.elapsed().as_secs_f64() };
        is_broken = row.has_failed();
        board.row(place, row);
    }
}

/// How much the frames in one style flicker, in a line; none where there is nothing to tell.
fn flicker(index: usize, style: &Path, rows: &[(Place, Row)]) -> Option<String> {
    let own = rows.iter().filter(|([sequence, _], _)| *sequence == index);
    let flicker: Vec<f64> = own.filter_map(|(_, row)| row.flicker).collect();
    (!flicker.is_empty()).then(|| {
        format!(
            "flicker in the style of {}: {:.2} of 255, each frame's difference from the one before it, moved along",
            stem(style),
            flicker.iter().sum::<f64>() / flicker.len() as f64
        )
    })
}

impl Row {
    fn has_failed(&self) -> bool {
        matches!(self.became, Became::Failed { .. })
    }

    /// A line for people.
    fn text(&self) -> String {
        let Row { output, became, seconds, .. } = self;
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
    if !path.exists() && !rows.iter().any(Row::has_failed) {
        return Ok(());
    }
    // Other parts of the same list may end in the same moment. Where a folder cannot be locked, the names may be lost, but no
    // picture: without --retry-failed, what is not there is painted.
    let lock = File::open(out).and_then(|folder| folder.lock().map(|()| folder));
    let before = fs::read_to_string(&path).unwrap_or_default();
    let is_known = |name: &str| rows.iter().any(|row| row.output == name);
    let mut names: Vec<&str> = before.lines().filter(|name| !is_known(name)).collect();
    names.extend(rows.iter().filter(|row| row.has_failed()).map(|row| &*row.output));
    let changed = match names.is_empty() {
        true if path.exists() => {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))
        }
        true => Ok(()),
        false => write_text("the list of failures", &path, &(names.join("\n") + "\n")),
    };
    drop(lock);
    changed
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
