//! What of a folder is to be opened: by the names of its files and the ends of indexes, nothing else is read.
//!
//! In this order: the index of shards, TensorFlow's checkpoint (of several the one that the file `checkpoint` names, which
//! TensorFlow writes beside them), `.npy` files, shards without an index, a single file of another format.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::checkpoint;
use super::container::OpenError;
use super::error::FormatError;
use super::shards;

/// The text in which TensorFlow keeps the name of the newest checkpoint.
const STATE: &str = "checkpoint";

/// Most bytes of that text which are looked at.
const LONGEST_STATE: u64 = 1 << 16;

/// Extensions of files that hold several arrays.
const WHOLE: [&str; 6] = ["safetensors", "npz", "pth", "pt", "bin", "ckpt"];

/// What a folder holds.
pub(super) enum Content {
    /// The index of shards.
    Index(PathBuf),
    /// A checkpoint by what its names begin with, and the files that were read to find it.
    Checkpoint(PathBuf, Vec<PathBuf>),
    /// `.npy` files, or nothing at all.
    Arrays,
    /// A file that is to be opened as if it had been named.
    File(PathBuf),
}

/// Looks at the names of a folder's files, which, with its subfolders, has `.npy` files or has none.
pub(super) fn look(folder: &Path, has_arrays: bool) -> Result<Content, OpenError> {
    let files = files(folder)?;
    let named = |wanted: &dyn Fn(&str) -> bool| -> Vec<&PathBuf> {
        files
            .iter()
            .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(wanted))
            .collect()
    };
    match named(&|name| name.ends_with(shards::INDEX_SUFFIX))[..] {
        [] => {}
        [index] => return Ok(Content::Index(index.clone())),
        ref several => return Err(too_many(several)),
    }
    let mut indexes = named(&|name| name.ends_with(checkpoint::INDEX_SUFFIX));
    indexes.retain(|path| is_table(path).unwrap_or(false));
    if let [index] = indexes[..] {
        return Ok(Content::Checkpoint(checkpoint::prefix_of_index(index)?, Vec::new()));
    }
    if !indexes.is_empty() {
        let newest = newest(folder).filter(|index| indexes.contains(&index));
        if let Some(index) = newest {
            let prefix = checkpoint::prefix_of_index(&index)?;
            return Ok(Content::Checkpoint(prefix, vec![folder.join(STATE)]));
        }
    }
    if has_arrays {
        return Ok(Content::Arrays);
    }
    if !indexes.is_empty() {
        return Err(too_many(&indexes));
    }
    // An index that is missing is named where one of its files is opened.
    if let [data, ..] = named(&|name| checkpoint::is_data(name))[..] {
        return Ok(Content::File(data.clone()));
    }
    let mut whole: Vec<&PathBuf> = files
        .iter()
        .filter(|path| WHOLE.iter().any(|known| path.extension().is_some_and(|e| e == *known)))
        .collect();
    let first = whole.first().and_then(|path| shards::siblings(path));
    if let Some(siblings) = first {
        // The other shards go with the first.
        whole.retain(|path| !siblings[1..].contains(path));
    }
    match whole[..] {
        [] => Ok(Content::Arrays),
        [file] => Ok(Content::File(file.clone())),
        ref several => Err(too_many(several)),
    }
}

fn too_many(several: &[&PathBuf]) -> OpenError {
    let name = |path: &&PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    FormatError::SeveralFiles { found: several.iter().map(name).collect() }.into()
}

/// The files of a folder, in the order of their names.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a file ends as the index of a checkpoint.
fn is_table(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let mut end = Vec::new();
    file.seek(SeekFrom::End(-8))?;
    file.take(8).read_to_end(&mut end)?;
    Ok(checkpoint::has_magic(&end))
}

/// The index that TensorFlow's text in this folder names: `model_checkpoint_path: "net.ckpt-500"`.
fn newest(folder: &Path) -> Option<PathBuf> {
    let mut text = String::new();
    File::open(folder.join(STATE)).ok()?.take(LONGEST_STATE).read_to_string(&mut text).ok()?;
    let path = text.lines().find_map(|line| line.trim().strip_prefix("model_checkpoint_path:"))?;
    let path = path.trim().strip_prefix('"')?.strip_suffix('"')?;
    // Folders are moved; only the name counts.
    let name = Path::new(path).file_name()?;
    Some(checkpoint::index_path(&folder.join(name)))
}
