//! The paths that will be written, checked before anything is computed: they can be written, and none is a file that
//! is read. Nothing is left behind by the checks.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use impasto::files;

use crate::arguments::{InitArgument, ReportOptions};
use crate::error::UsageError;
use crate::run::destination::Destination;
use crate::run::frame::Previous;
use crate::run::request::Request;
use crate::run::source::Source;
use crate::run::{checkpoints, snapshots, trace};

/// Checks the output, the trace and the folder of snapshots of a run that reads `inputs`.
pub(crate) fn check(
    output: &Destination<'_>,
    reports: &ReportOptions,
    inputs: &[Input<'_>],
) -> anyhow::Result<()> {
    output.check(reports.json)?;
    // What is read, and what was found to be written.
    let mut known = inputs.to_vec();
    if let Some(path) = output.path() {
        refuse_shared("--output", path, &known)?;
        known.push(("--output", path));
    }
    if let Some(path) = &reports.trace {
        check_trace(path)?;
        refuse_shared("--trace", path, &known)?;
        known.push(("--trace", path));
    }
    for (option, what, path) in [
        ("--checkpoint", "the checkpoint", checkpoints::path(reports)),
        ("--report", "the report", reports.report.as_deref()),
    ] {
        if let Some(path) = path {
            check_text(what, path)?;
            refuse_shared(option, path, &known)?;
            known.push((option, path));
        }
    }
    if let Some(folder) = &reports.snapshots {
        check_folder(folder, "save snapshots")?;
        for (other, path) in known {
            if is_snapshot(path, folder) {
                return Err(
                    UsageError::SamePath { option: "--snapshots", path: folder.clone(), other }.into()
                );
            }
        }
    }
    Ok(())
}

/// Checks that [`write_text`] can write `what`, such as `the plot`, to `path`.
pub(crate) fn check_text(what: &str, path: &Path) -> anyhow::Result<()> {
    if path.is_dir() {
        bail!("cannot write {what} {}: it is a folder", path.display());
    }
    files::check_writable(path).with_context(|| cannot_write(what, path))
}

/// Writes a file of text that appears whole or not at all.
pub(crate) fn write_text(what: &str, path: &Path, text: &str) -> anyhow::Result<()> {
    files::write_whole(path, text.as_bytes()).with_context(|| cannot_write(what, path))
}

fn cannot_write(what: &str, path: &Path) -> String {
    format!("cannot write {what} {}: check its folder, its permissions and the free space", path.display())
}

/// A file that is read, after what the user calls it.
pub(crate) type Input<'a> = (&'static str, &'a Path);

/// Every file that a request reads, with those of its weights.
pub(crate) fn inputs<'a>(request: &'a Request<'_>, weights: &'a [PathBuf]) -> Vec<Input<'a>> {
    let weights = weights.iter().map(|path| ("the weights", path.as_path()));
    weights.chain(pictures(request)).collect()
}

/// Every picture among them.
pub(crate) fn pictures<'a>(request: &'a Request<'_>) -> Vec<Input<'a>> {
    let content = request.content.iter().filter_map(|content| content.source.path());
    let mut pictures: Vec<_> = content.map(|path| ("the content image", path)).collect();
    let styles = request.style.iter().flat_map(|style| &style.pictures);
    pictures.extend(styles.filter_map(|(source, _)| source.path()).map(|path| ("a style image", path)));
    pictures.extend(request.masks().filter_map(Source::path).map(|path| ("a mask", path)));
    if let Some(Previous { result, content, .. }) = &request.previous {
        pictures.extend(result.path().map(|path| ("the result of the frame before", path)));
        let photograph = content.as_ref().and_then(|content| content.path());
        pictures.extend(photograph.map(|path| ("the photograph of the frame before", path)));
    }
    if let InitArgument::File(path) = request.init {
        pictures.extend(Source::new(path).path().map(|path| ("the picture of --init", path)));
    }
    pictures
}

/// Refuses to write to a `path` that is one of `others`.
pub(crate) fn refuse_shared(
    option: &'static str,
    path: &Path,
    others: &[Input<'_>],
) -> Result<(), UsageError> {
    let place = place(path);
    let is_same = |other: &Path| (place.is_some() && self::place(other) == place) || is_one_file(path, other);
    match others.iter().find(|(_, other)| is_same(other)) {
        Some(&(other, _)) => Err(UsageError::SamePath { option, path: path.to_path_buf(), other }),
        None => Ok(()),
    }
}

/// Whether two names stand for one file, as hard links do.
#[cfg(unix)]
fn is_one_file(path: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |path: &Path| path.metadata().map(|metadata| (metadata.dev(), metadata.ino())).ok();
    place(path).is_some_and(|one| place(other) == Some(one))
}

/// Hard links cannot be told from other files here.
#[cfg(not(unix))]
fn is_one_file(_: &Path, _: &Path) -> bool {
    false
}

/// Whether the file at `path` is one that snapshots in `folder` may overwrite.
fn is_snapshot(path: &Path, folder: &Path) -> bool {
    let Some(path) = place(path) else { return false };
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(snapshots::is_file_name) && path.parent() == place(folder).as_deref()
}

/// Where a path leads, links followed: the same for two names of one file. The file itself need not exist.
fn place(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok().or_else(|| Some(folder_of(path).canonicalize().ok()?.join(path.file_name()?)))
}

/// The folder that a path is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn check_trace(path: &Path) -> anyhow::Result<()> {
    if path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
        bail!("cannot write the trace {}: it is there already, and no file", path.display());
    }
    let tried = if path.exists() {
        // Appending changes nothing until something is written.
        OpenOptions::new().append(true).open(path).map(drop)
    } else {
        tempfile::tempfile_in(folder_of(path)).map(drop)
    };
    tried.with_context(|| trace::cannot_write(path))
}

/// Checks that files can be created in a folder, or that it can be created itself; `purpose` is what for.
pub(crate) fn check_folder(folder: &Path, purpose: &str) -> anyhow::Result<()> {
    let existing = folder.ancestors().find(|ancestor| ancestor.exists());
    let existing = existing.unwrap_or(Path::new("."));
    if !existing.is_dir() {
        bail!("cannot {purpose} in {}: {} is not a folder", folder.display(), existing.display());
    }
    tempfile::tempfile_in(existing).map(drop).with_context(|| {
        format!("cannot {purpose} in {}: check the permissions of {}", folder.display(), existing.display())
    })
}
