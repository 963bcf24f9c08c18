//! The sorted table of LevelDB, as TensorFlow writes it: blocks of keys and values, one block that says where they are,
//! and a footer that says where that one is. Source: LevelDB's `doc/table_format.md`.

use super::IndexError;
use super::checksum;
use super::message::{take, take_varint};

/// Last bytes of a table: the number 0xdb4775248b80fb57, little-endian.
const MAGIC: &[u8; 8] = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb";

/// Bytes of the two places and the number at the end.
const FOOTER_BYTES: usize = 48;

/// Bytes behind each block: how it is compressed, and its checksum.
const TRAILER_BYTES: u64 = 5;

/// Whether a file with these last bytes is a table.
pub(crate) fn has_magic(end: &[u8]) -> bool {
    end.ends_with(MAGIC)
}

/// Calls `each` with every key and its value; keys come in ascending order, each once.
pub(super) fn read(
    table: &[u8],
    mut each: impl FnMut(&[u8], &[u8]) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    let footer = table.len().checked_sub(FOOTER_BYTES).map(|start| &table[start..]);
    let mut footer =
        footer.filter(|footer| has_magic(footer)).ok_or_else(|| malformed("its end is missing"))?;
    // Says nothing about the keys, but is to be whole like the rest.
    block(table, Place::take(&mut footer)?)?;
    let index = block(table, Place::take(&mut footer)?)?;
    let mut last: Option<Vec<u8>> = None;
    // The blocks of a table do not overlap, and together they are no longer than it. Without this, one block that is
    // named again and again would make much of little.
    let mut left = table.len() as u64;
    entries(index, |_, mut place| {
        let place = Place::take(&mut place)?;
        left = left.checked_sub(place.length).ok_or_else(|| malformed("its blocks overlap"))?;
        entries(block(table, place)?, |key, value| {
            if last.as_deref().is_some_and(|last| last >= key) {
                return Err(malformed("its keys are not in order, or one is there twice"));
            }
            last = Some(key.to_vec());
            each(key, value)
        })
    })
}

fn malformed(reason: &str) -> IndexError {
    IndexError::malformed(format!("its index is damaged: {reason}"))
}

/// Where a block is.
#[derive(Clone, Copy)]
struct Place {
    offset: u64,
    /// Without what stands behind it.
    length: u64,
}

impl Place {
    fn take(bytes: &mut &[u8]) -> Result<Self, IndexError> {
        match (take_varint(bytes), take_varint(bytes)) {
            (Some(offset), Some(length)) => Ok(Self { offset, length }),
            _ => Err(malformed("the place of a block is no two numbers")),
        }
    }
}

/// The content of a block whose checksum holds.
fn block(table: &[u8], place: Place) -> Result<&[u8], IndexError> {
    let bytes = || {
        let mut rest = table;
        take(&mut rest, place.offset)?;
        take(&mut rest, place.length.checked_add(TRAILER_BYTES)?)
    };
    let bytes = bytes().ok_or_else(|| malformed("a block lies outside of it"))?;
    let (content, trailer) = bytes.split_at(bytes.len() - TRAILER_BYTES as usize);
    let [compression, c0, c1, c2, c3] = *trailer else {
        return Err(malformed("a block lies outside of it"));
    };
    if checksum::of(&[content, &[compression]]) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return Err(malformed("the checksum of a block does not hold"));
    }
    match compression {
        0 => Ok(content),
        1 => Err(IndexError::Unsupported("an index compressed with Snappy".to_owned())),
        other => Err(IndexError::Unsupported(format!("an index compressed in the unknown way {other}"))),
    }
}

/// Calls `each` with the keys and values of a block. A key is written as how much of the one before it stays, and what
/// comes behind.
fn entries(
    block: &[u8],
    mut each: impl FnMut(&[u8], &[u8]) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    let broken = || malformed("a block is not made of keys and values");
    let mut rest = without_restarts(block).ok_or_else(broken)?;
    let mut key = Vec::new();
    while !rest.is_empty() {
        let mut take_entry = || {
            let shared = usize::try_from(take_varint(&mut rest)?).ok()?;
            let (added, length) = (take_varint(&mut rest)?, take_varint(&mut rest)?);
            Some((shared, take(&mut rest, added)?, take(&mut rest, length)?))
        };
        let (shared, added, value) = take_entry().ok_or_else(broken)?;
        if shared > key.len() {
            return Err(broken());
        }
        key.truncate(shared);
        key.extend(added);
        each(&key, value)?;
    }
    Ok(())
}

/// A block ends with the places of keys that are written in full, and their number; whoever reads it from its start
/// has no use for them.
fn without_restarts(block: &[u8]) -> Option<&[u8]> {
    let (rest, count) = block.split_last_chunk()?;
    let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
    let length = rest.len().checked_sub(count.checked_mul(4)?)?;
    Some(&rest[..length])
}
