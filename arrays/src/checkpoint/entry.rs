//! What an index says: `BundleHeaderProto` of the whole checkpoint, `BundleEntryProto` of one variable. Source:
//! TensorFlow's `core/protobuf/tensor_bundle.proto`; types are numbered in `core/framework/types.proto`.

use super::IndexError;
use super::message::{self, Field};
use crate::element::{ByteOrder, Element, Float};

/// Most axes of a variable, TensorFlow's own limit.
const MOST_AXES: usize = 254;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// How many files have values.
    pub(super) shards: u32,
    pub(super) byte_order: ByteOrder,
}

impl Header {
    pub(super) fn read(record: &[u8]) -> Result<Self, IndexError> {
        let mut header = Self { shards: 0, byte_order: ByteOrder::Little };
        message::read(record, |field| {
            match field {
                Field::Varint(1, shards) => header.shards = to_u32(shards)?,
                Field::Varint(2, 0) => header.byte_order = ByteOrder::Little,
                Field::Varint(2, 1) => header.byte_order = ByteOrder::Big,
                Field::Varint(2, _) => return Err(IndexError::malformed("its byte order is unknown")),
                // The versions that may read it: of two, the second is told by the table's own format.
                _ => {}
            }
            Ok(())
        })?;
        Ok(header)
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// TensorFlow's number of the type.
    data_type: u64,
    pub(super) shape: Vec<u64>,
    pub(super) shard: u32,
    /// In the shard, in bytes.
    pub(super) offset: u64,
    /// In bytes.
    pub(super) size: u64,
    /// CRC-32C of the bytes, masked.
    pub(super) checksum: u32,
    /// Whether the values are in other entries, each a part of the variable.
    pub(super) is_sliced: bool,
}

impl Entry {
    /// Reads the record of the variable `name`.
    pub(super) fn read(record: &[u8], name: &str) -> Result<Self, IndexError> {
        let mut entry = Self::default();
        message::read(record, |field| {
            match field {
                Field::Varint(1, data_type) => entry.data_type = data_type,
                Field::Bytes(2, shape) => entry.shape = read_shape(shape, name)?,
                Field::Varint(3, shard) => entry.shard = to_u32(shard)?,
                Field::Varint(4, offset) => entry.offset = to_length(offset, name)?,
                Field::Varint(5, size) => entry.size = to_length(size, name)?,
                Field::Fixed32(6, checksum) => entry.checksum = checksum,
                Field::Bytes(7, _) => entry.is_sliced = true,
                _ => {}
            }
            Ok(())
        })?;
        Ok(entry)
    }

    /// As little-endian numbers.
    pub(super) fn element(&self) -> Element {
        match self.data_type {
            1 => Float::Single.into(),
            2 => Float::Double.into(),
            14 => Float::Brain.into(),
            19 => Float::Half.into(),
            7 => Element::Other("text (DT_STRING)".to_owned()),
            10 => Element::Other("booleans (DT_BOOL)".to_owned()),
            8 | 18 => Element::Other("complex numbers".to_owned()),
            // DT_UINT8, DT_INT8, DT_QINT8, DT_QUINT8.
            number @ (4 | 6 | 11 | 12) => Element::Byte(format!("integers (TensorFlow's type {number})")),
            number @ (3 | 5 | 9 | 17 | 22 | 23) => {
                Element::Other(format!("integers (TensorFlow's type {number})"))
            }
            number => Element::Other(format!("elements of TensorFlow's type {number}")),
        }
    }
}

/// `TensorShapeProto`: an axis a message, with its length.
fn read_shape(record: &[u8], name: &str) -> Result<Vec<u64>, IndexError> {
    let mut shape = Vec::new();
    message::read(record, |field| {
        match field {
            Field::Bytes(2, axis) => {
                let mut length = 0;
                message::read(axis, |field| {
                    if let Field::Varint(1, value) = field {
                        length = to_length(value, name)?;
                    }
                    Ok(())
                })?;
                shape.push(length);
            }
            Field::Varint(3, 1..) => {
                return Err(IndexError::malformed(format!("the shape of variable {name} is not known")));
            }
            _ => {}
        }
        if shape.len() > MOST_AXES {
            return Err(IndexError::malformed(format!("variable {name} has more than {MOST_AXES} axes")));
        }
        Ok(())
    })?;
    Ok(shape)
}

fn to_u32(value: u64) -> Result<u32, IndexError> {
    u32::try_from(value).map_err(|_| IndexError::malformed("the number of its shards is absurd"))
}

/// A length or a place, which TensorFlow stores as numbers with a sign.
fn to_length(value: u64, name: &str) -> Result<u64, IndexError> {
    match value.cast_signed() >= 0 {
        true => Ok(value),
        false => Err(IndexError::malformed(format!("a length or place of variable {name} is negative"))),
    }
}
