//! TensorFlow's checkpoints of the second format: `PREFIX.index`, a sorted table that names every variable with its
//! type, shape and place, and the variables' bytes in `PREFIX.data-00000-of-00001`, or in several such shards.
//! Everything has a checksum, and every checksum is compared.
//!
//! | file | what it does |
//! | --- | --- |
//! | `table` | the sorted table (LevelDB's), block by block |
//! | `entry` | what it says of a variable, and of the whole |
//! | `message` | the fields of a protocol buffer |
//! | `checksum` | CRC-32C, masked as both LevelDB and TensorFlow do |

mod checksum;
mod entry;
mod message;
mod table;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::container::{NAMES_TOO_LONG, Names, OpenError, ReadSeek, piece};
use super::error::unreadable;
use super::error::{ArrayError, FormatError};
use super::format::Format;
use super::source::{ArraySource, Layout, StoredArray, Values};
use checksum::Checked;
use entry::{Entry, Header};
pub(super) use table::has_magic;

pub(super) const INDEX_SUFFIX: &str = ".index";

/// Most bytes of an index. A variable takes about fifty.
const LONGEST_INDEX: u64 = 1 << 20;

/// Why a table or what it says is not sound.
#[derive(Debug, PartialEq, Eq)]
enum IndexError {
    Malformed(String),
    Unsupported(String),
}

impl IndexError {
    fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed(reason.into())
    }
}

impl From<IndexError> for FormatError {
    fn from(error: IndexError) -> Self {
        let format = Format::Checkpoint;
        match error {
            IndexError::Malformed(reason) => Self::Malformed { format, reason },
            IndexError::Unsupported(what) => Self::Unsupported { format, what },
        }
    }
}

/// Opens the file of a shard, by its number and the number of shards.
pub(super) type OpenShard<'a> = Box<dyn FnMut(u32, u32) -> io::Result<Box<dyn ReadSeek + 'a>> + 'a>;

/// An open checkpoint: its index is read, its variables are not.
pub(super) struct Checkpoint<'a> {
    names: Vec<String>,
    entries: Vec<Entry>,
    header: Header,
    open_shard: OpenShard<'a>,
    /// The shards that were needed so far.
    shards: BTreeMap<u32, Box<dyn ReadSeek + 'a>>,
}

impl<'a> Checkpoint<'a> {
    pub(super) fn open(index: impl Read, open_shard: OpenShard<'a>) -> Result<Self, OpenError> {
        let mut bytes = Vec::new();
        index.take(LONGEST_INDEX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LONGEST_INDEX {
            return Err(FormatError::from(IndexError::malformed("its index is longer than 1 MiB")).into());
        }
        let (header, names, entries) = read_index(&bytes).map_err(FormatError::from)?;
        Ok(Self { names, entries, header, open_shard, shards: BTreeMap::new() })
    }

    /// The shards that have variables, each with the number of all shards.
    pub(super) fn shards(&self) -> impl Iterator<Item = (u32, u32)> {
        let used: BTreeSet<u32> = self.entries.iter().map(|entry| entry.shard).collect();
        let count = self.header.shards;
        used.into_iter().map(move |shard| (shard, count))
    }
}

/// The header stands under the empty name, the variables under theirs.
fn read_index(bytes: &[u8]) -> Result<(Header, Vec<String>, Vec<Entry>), IndexError> {
    let mut header = None;
    let (mut names, mut entries) = (Names::default(), Vec::new());
    table::read(bytes, |key, value| {
        if key.is_empty() {
            header = Some(Header::read(value)?);
            return Ok(());
        }
        let Some(header) = &header else {
            return Err(IndexError::malformed("its index does not begin with a header"));
        };
        let name =
            str::from_utf8(key).map_err(|_| IndexError::malformed("the name of a variable is not UTF-8"))?;
        let entry = Entry::read(value, name)?;
        if entry.shard >= header.shards {
            return Err(IndexError::malformed(format!("variable {name} is in a shard that does not exist")));
        }
        names.push(&[name]).ok_or_else(|| IndexError::malformed(NAMES_TOO_LONG))?;
        entries.push(entry);
        Ok(())
    })?;
    let header = header.ok_or_else(|| IndexError::malformed("its index is empty"))?;
    Ok((header, names.into_vec(), entries))
}

impl ArraySource for Checkpoint<'_> {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn open(&mut self, index: usize) -> Result<StoredArray<'_>, ArrayError> {
        let entry = &self.entries[index];
        if entry.is_sliced {
            let reason = "the variable is stored in slices, which are not read here".to_owned();
            return Err(ArrayError::Unreadable { reason });
        }
        let shard = match self.shards.entry(entry.shard) {
            std::collections::btree_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert((self.open_shard)(entry.shard, self.header.shards).map_err(unreadable)?)
            }
        };
        let bytes = piece(shard, entry.offset, entry.size)?;
        let bytes = Box::new(Checked::new(bytes, entry.size, entry.checksum));
        let element = entry.element().in_order(self.header.byte_order);
        Ok(StoredArray {
            shape: entry.shape.clone(),
            layout: Layout::C,
            values: Values::Encoded { element, bytes },
        })
    }
}

/// What the names of a checkpoint's files begin with, if `path` is that itself or the name of one of them, and any of them
/// is there.
pub(super) fn prefix(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let prefix = prefix_of_data(name).or_else(|| name.strip_suffix(INDEX_SUFFIX)).unwrap_or(name);
    let prefix = path.with_file_name(prefix);
    (index_path(&prefix).exists() || has_data(&prefix)).then_some(prefix)
}

/// Whether a name is that of a file with values.
pub(super) fn is_data(name: &str) -> bool {
    prefix_of_data(name).is_some()
}

fn prefix_of_data(name: &str) -> Option<&str> {
    let (prefix, numbers) = name.rsplit_once(".data-")?;
    let (shard, shards) = numbers.split_once("-of-")?;
    let is_number = |digits: &str| digits.len() == 5 && digits.bytes().all(|digit| digit.is_ascii_digit());
    (is_number(shard) && is_number(shards)).then_some(prefix)
}

/// Whether a file with values is there.
fn has_data(prefix: &Path) -> bool {
    let folder = prefix.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name());
    names.any(|name| {
        name.to_str()
            .and_then(prefix_of_data)
            .is_some_and(|found| prefix.file_name().is_some_and(|p| p == found))
    })
}

/// The same, from the path of the index.
pub(super) fn prefix_of_index(path: &Path) -> Result<PathBuf, FormatError> {
    match path.extension().is_some_and(|extension| extension == &INDEX_SUFFIX[1..]) {
        true => Ok(path.with_extension("")),
        false => Err(FormatError::Unsupported {
            format: Format::Checkpoint,
            what: "an index with a name that does not end in .index".to_owned(),
        }),
    }
}

pub(super) fn index_path(prefix: &Path) -> PathBuf {
    with_suffix(prefix, INDEX_SUFFIX)
}

pub(super) fn shard_path(prefix: &Path, shard: u32, shards: u32) -> PathBuf {
    with_suffix(prefix, &format!(".data-{shard:05}-of-{shards:05}"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(path);
    path.push(suffix);
    path.into()
}
