//! What a format must offer to be a source of weights. It knows nothing of layers: names, order of axes, shapes
//! and values are judged by the common step, `assemble`.

use std::io::Read;

use ndarray::ArrayViewD;

use super::error::ArrayError;

/// A set of named arrays, in whatever format.
pub(super) trait ArraySource {
    /// The names of all arrays as users know them, without a file extension. A name may occur twice.
    fn names(&self) -> &[String];

    /// Finds out what array `index` of [`names`](Self::names) is, without reading its values.
    fn open(&mut self, index: usize) -> Result<StoredArray<'_>, ArrayError>;
}

/// One array of a source: its description, and a way to its values. The description is a claim, not yet checked.
pub(super) struct StoredArray<'a> {
    pub(super) shape: Vec<u64>,
    pub(super) order: MemoryOrder,
    pub(super) values: Values<'a>,
}

/// Which index runs fastest through the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemoryOrder {
    /// The last one.
    C,
    /// The first one.
    Fortran,
}

pub(super) enum Values<'a> {
    /// Still to be read.
    Encoded { encoding: Encoding, bytes: Box<dyn Read + 'a> },
    /// In memory already; the strides are the view's own.
    Decoded(ArrayViewD<'a, f32>),
}

/// How numbers stand in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encoding {
    pub(super) float: Float,
    pub(super) byte_order: ByteOrder,
}

/// IEEE 754's binary interchange formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Float {
    Half,
    Single,
    Double,
}

impl Float {
    /// Bytes of one value.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Half => 2,
            Self::Single => 4,
            Self::Double => 8,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}
