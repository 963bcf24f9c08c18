//! TensorFlow's checkpoints for tests: records, blocks and tables made piece by piece, so that they can be as wrong as a
//! test wants.

#[cfg(test)]
use std::io::Cursor;

use ndarray::ArrayD;

use super::checksum;
#[cfg(test)]
use super::{Checkpoint, OpenShard};
#[cfg(test)]
use crate::OpenError;
use crate::testing::bytes;

/// A key of a table, and its value.
pub(crate) type Record = (Vec<u8>, Vec<u8>);

pub(crate) fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A field of a protocol buffer that holds a number.
pub(crate) fn number(field: u8, value: u64) -> Vec<u8> {
    [vec![field << 3], varint(value)].concat()
}

/// A field that holds bytes.
pub(crate) fn nested(field: u8, content: &[u8]) -> Vec<u8> {
    [vec![field << 3 | 2], varint(content.len() as u64), content.to_vec()].concat()
}

/// The record under the empty key, for one shard.
pub(crate) fn header() -> Record {
    (Vec::new(), number(1, 1))
}

/// What the record of a variable says.
#[derive(Clone)]
pub(crate) struct Variable {
    pub(crate) data_type: u64,
    pub(crate) shape: Vec<u64>,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    pub(crate) checksum: u32,
}

impl Variable {
    /// Of float32 values that start at `offset`.
    pub(crate) fn new(array: &ArrayD<f32>, offset: u64) -> Self {
        let bytes = bytes(array);
        Self {
            data_type: 1,
            shape: array.shape().iter().map(|&length| length as u64).collect(),
            offset,
            size: bytes.len() as u64,
            checksum: checksum::of(&[&bytes]),
        }
    }

    pub(crate) fn record(&self, name: &str) -> Record {
        let axes: Vec<u8> = self.shape.iter().flat_map(|&length| nested(2, &number(1, length))).collect();
        let mut record = [number(1, self.data_type), nested(2, &axes)].concat();
        record.extend([number(4, self.offset), number(5, self.size)].concat());
        record.push(6 << 3 | 5);
        record.extend(self.checksum.to_le_bytes());
        (name.as_bytes().to_vec(), record)
    }
}

/// The content of a block: keys written with what they share with the one before.
pub(crate) fn block(records: &[Record]) -> Vec<u8> {
    let mut block = Vec::new();
    let mut last: &[u8] = &[];
    for (key, value) in records {
        let shared = key.iter().zip(last).take_while(|(a, b)| a == b).count();
        block.extend([shared, key.len() - shared, value.len()].into_iter().flat_map(|n| varint(n as u64)));
        block.extend(&key[shared..]);
        block.extend(value);
        last = key;
    }
    // One restart, at the start.
    block.extend([0, 0, 0, 0, 1, 0, 0, 0]);
    block
}

/// A table of blocks with these contents, compressed in this way: 0 is not at all.
pub(crate) fn table(blocks: &[Vec<u8>], compression: u8) -> Vec<u8> {
    let mut table = Vec::new();
    let places: Vec<Record> = blocks
        .iter()
        .enumerate()
        .map(|(key, block)| (vec![b'a' + key as u8], append_block(&mut table, block, compression)))
        .collect();
    let meta_index = append_block(&mut table, &block(&[]), 0);
    let index = append_block(&mut table, &block(&places), 0);
    let mut footer = [meta_index, index].concat();
    footer.resize(40, 0);
    table.extend(footer);
    table.extend(0xdb47_7524_8b80_fb57u64.to_le_bytes());
    table
}

/// Appends a block with its checksum; returns its place.
pub(crate) fn append_block(table: &mut Vec<u8>, block: &[u8], compression: u8) -> Vec<u8> {
    let place = [varint(table.len() as u64), varint(block.len() as u64)].concat();
    table.extend(block);
    table.push(compression);
    table.extend(checksum::of(&[block, &[compression]]).to_le_bytes());
    place
}

/// The records of the arrays, and the bytes of their values.
pub(crate) fn records(arrays: &[(String, ArrayD<f32>)]) -> (Vec<Record>, Vec<u8>) {
    let (mut records, mut data) = (vec![header()], Vec::new());
    let mut sorted: Vec<_> = arrays.iter().collect();
    sorted.sort_by_key(|(name, _)| name);
    for (name, array) in sorted {
        records.push(Variable::new(array, data.len() as u64).record(name));
        data.extend(bytes(array));
    }
    (records, data)
}

/// The index and the values of a checkpoint, in blocks of some records each, as TensorFlow saves it.
pub fn checkpoint(arrays: &[(String, ArrayD<f32>)]) -> (Vec<u8>, Vec<u8>) {
    let (records, data) = records(arrays);
    let blocks: Vec<Vec<u8>> = records.chunks(20).map(block).collect();
    (table(&blocks, 0), data)
}

/// Opens an index whose only shard has these values.
#[cfg(test)]
pub(crate) fn open<'a>(index: &[u8], data: &'a [u8]) -> Result<Checkpoint<'a>, OpenError> {
    let shard: OpenShard<'a> = Box::new(move |_, _| Ok(Box::new(Cursor::new(data))));
    Checkpoint::open(index, shard)
}
