//! PyTorch's files before version 1.6: five pickles in a row (a number that marks the format, its version, facts about
//! the machine, the object, the keys of the storages), then the storages in the order of the keys, each behind the
//! number of its elements. There are no checksums. All numbers are little-endian, whatever the machine was.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};

use super::machine::unpickle;
use super::object::{StorageRow, Tensors};
use super::value::{Heap, Value};
use super::{LONGEST_KEY, LONGEST_PICKLE, PickleError};
use crate::container::{OpenError, length, piece};
use crate::error::{ArrayError, FormatError};
use crate::format::Format;
use crate::source::{ArraySource, StoredArray, Values};

/// The first pickle's integer, 0x1950a86a20f9469cfc6c, in its bytes.
pub(super) const MAGIC_NUMBER: &[u8] = b"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

/// The second pickle's integer.
const VERSION: i64 = 1001;

/// Whether a file with these first bytes is a pickle of protocol 2 or newer, and at most a file of PyTorch's.
pub(crate) fn has_magic(start: &[u8]) -> bool {
    matches!(start, [0x80, 2..=5, ..])
}

/// An open file: the object is unpickled, the storages are found and not read.
pub(crate) struct TorchLegacy<R> {
    reader: R,
    tensors: Tensors,
    /// Where the elements of each storage start, in bytes.
    starts: Vec<u64>,
}

impl<R: Read + Seek> TorchLegacy<R> {
    pub(crate) fn open(mut reader: R) -> Result<Self, OpenError> {
        let total = length(&mut reader)?;
        let mut start = Vec::new();
        reader.by_ref().take(LONGEST_PICKLE as u64).read_to_end(&mut start)?;
        let Pickles { tensors, order, length } = Pickles::read(&start).map_err(in_format)?;
        let starts = find_storages(&mut reader, &tensors.storages, &order, length as u64, total)?;
        Ok(Self { reader, tensors, starts })
    }
}

fn in_format(error: PickleError) -> FormatError {
    error.in_format(Format::TorchLegacy)
}

fn malformed(reason: &str) -> OpenError {
    in_format(PickleError::malformed(reason)).into()
}

/// What the five pickles say.
struct Pickles {
    tensors: Tensors,
    /// The storages in the order in which they follow.
    order: Vec<usize>,
    /// Bytes of all pickles.
    length: usize,
}

impl Pickles {
    fn read(bytes: &[u8]) -> Result<Self, PickleError> {
        let mut heap = Heap::default();
        let mut rest = bytes;
        let mut next = || {
            let (value, length) = unpickle(rest, &mut heap)?;
            rest = &rest[length..];
            Ok(value)
        };
        if next()? != Value::LongInt(MAGIC_NUMBER) {
            return Err(PickleError::malformed("it is a pickle, but not one that torch.save wrote"));
        }
        if next()? != Value::Int(VERSION) {
            return Err(PickleError::malformed("its version is not 1001"));
        }
        let _machine = next()?;
        let (object, keys) = (next()?, next()?);
        let length = bytes.len() - rest.len();
        let tensors = Tensors::of(object, &heap)?;
        let Value::Sequence(keys) = keys else {
            return Err(PickleError::malformed("there is no list of its storages"));
        };
        let order = order(&heap.sequences[keys], &tensors.storages)?;
        Ok(Self { tensors, order, length })
    }
}

/// The number of each key's storage.
fn order(keys: &[Value<'_>], storages: &[StorageRow]) -> Result<Vec<usize>, PickleError> {
    let rows = storages.iter().enumerate();
    let rows: HashMap<&str, usize> = rows.map(|(row, storage)| (storage.key.as_str(), row)).collect();
    let row = |key: &Value<'_>| match key {
        Value::Text(key) if key.len() <= LONGEST_KEY => rows.get(key).copied(),
        _ => None,
    };
    let order: Option<Vec<usize>> = keys.iter().map(row).collect();
    order.ok_or_else(|| PickleError::malformed("it has a storage that no tensor uses"))
}

/// Goes through the storages from the end of the pickles to the end of the file, which must be that of the last one.
/// Returns where the elements of each of `storages` start.
fn find_storages(
    reader: &mut (impl Read + Seek),
    storages: &[StorageRow],
    order: &[usize],
    mut position: u64,
    total: u64,
) -> Result<Vec<u64>, OpenError> {
    let mut starts = vec![None; storages.len()];
    for &row in order {
        let storage = &storages[row];
        let mut count = [0; 8];
        reader.seek(SeekFrom::Start(position))?;
        reader.read_exact(&mut count).map_err(|_| malformed("it ends within its storages"))?;
        if u64::from_le_bytes(count) != storage.count {
            return Err(malformed("a storage has two lengths"));
        }
        let start = position + count.len() as u64;
        let end = storage.count.checked_mul(storage.kind.bytes()).and_then(|bytes| start.checked_add(bytes));
        position = end.filter(|&end| end <= total).ok_or_else(|| malformed("it ends within its storages"))?;
        if starts[row].replace(start).is_some() {
            return Err(malformed("it has a storage twice"));
        }
    }
    if position != total {
        return Err(malformed("it goes on behind its last storage"));
    }
    let starts: Option<Vec<u64>> = starts.into_iter().collect();
    starts.ok_or_else(|| malformed("it lacks a storage that a tensor uses"))
}

impl<R: Read + Seek> ArraySource for TorchLegacy<R> {
    fn names(&self) -> &[String] {
        &self.tensors.names
    }

    fn open(&mut self, index: usize) -> Result<StoredArray<'_>, ArrayError> {
        let view = &self.tensors.views[index];
        let storage = &self.tensors.storages[view.storage];
        // It fits: the whole storage was found in the file.
        let bytes = piece(&mut self.reader, self.starts[view.storage], storage.count * storage.kind.bytes())?;
        let values = Values::Encoded { element: storage.kind.element(), bytes: Box::new(bytes) };
        Ok(StoredArray { shape: view.shape.clone(), layout: view.layout.clone(), values })
    }
}
