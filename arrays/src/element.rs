//! Numbers as bytes: which kinds there are, in which byte order.

use std::fmt;

use crate::error::ArrayError;

/// What the elements of an array are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Element {
    /// Numbers that can be read.
    Float(Encoding),
    /// Integers of 8 bits, which quantized numbers are stored as, by a name for messages.
    Byte(String),
    /// Anything else, by a name for messages, such as `integers (<i8)`.
    Other(String),
}

impl Element {
    pub(crate) fn encoding(&self) -> Result<Encoding, ArrayError> {
        match self {
            Self::Float(encoding) => Ok(*encoding),
            Self::Byte(found) | Self::Other(found) => Err(ArrayError::ElementType { found: found.clone() }),
        }
    }

    /// Whether these are integers of 8 bits.
    pub fn is_byte(&self) -> bool {
        matches!(self, Self::Byte(_))
    }

    /// The same numbers in another byte order.
    pub(crate) fn in_order(self, byte_order: ByteOrder) -> Self {
        match self {
            Self::Float(Encoding { float, .. }) => Self::Float(Encoding { float, byte_order }),
            other @ (Self::Byte(_) | Self::Other(_)) => other,
        }
    }
}

impl From<Float> for Element {
    /// Little-endian numbers.
    fn from(float: Float) -> Self {
        Self::Float(Encoding { float, byte_order: ByteOrder::Little })
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Float(Encoding { float: Float::Half, .. }) => "float16",
            Self::Float(Encoding { float: Float::Brain, .. }) => "bfloat16",
            Self::Float(Encoding { float: Float::Single, .. }) => "float32",
            Self::Float(Encoding { float: Float::Double, .. }) => "float64",
            Self::Byte(name) | Self::Other(name) => name,
        })
    }
}

/// How numbers stand in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    pub(crate) float: Float,
    pub(crate) byte_order: ByteOrder,
}

/// IEEE 754's binary interchange formats, and the upper half of the one of 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Float {
    /// binary16.
    Half,
    /// bfloat16.
    Brain,
    /// binary32.
    Single,
    /// binary64.
    Double,
}

impl Float {
    /// Bytes of one value.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Half | Self::Brain => 2,
            Self::Single => 4,
            Self::Double => 8,
        }
    }
}

/// Which byte of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// The lowest.
    Little,
    /// The highest.
    Big,
}
