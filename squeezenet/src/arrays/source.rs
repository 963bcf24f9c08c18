//! What a format must offer to be a source of arrays, and the one way from there to an array's values. What the
//! names and shapes mean is the caller's affair.

use std::io::Read;

use ndarray::{ArrayD, ArrayViewD, IxDyn, ShapeBuilder};

use super::decode::{Buffers, read_values};
use super::error::ArrayError;

/// The most values of one array, 1 GiB of 32-bit floats: what a small archive may unfold to.
pub(super) const MOST_VALUES: u64 = 1 << 28;

/// A set of named arrays, in whatever format.
pub(crate) trait ArraySource {
    /// The names of all arrays as users know them, without a file extension. A name may occur twice.
    fn names(&self) -> &[String];

    /// Finds out what array `index` of [`names`](Self::names) is, without reading its values.
    fn open(&mut self, index: usize) -> Result<StoredArray<'_>, ArrayError>;
}

/// One array of a source: its description, and a way to its values. The description is a claim, not yet checked.
pub(crate) struct StoredArray<'a> {
    pub(crate) shape: Vec<u64>,
    pub(crate) order: MemoryOrder,
    pub(crate) values: Values<'a>,
}

/// Which index runs fastest through the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemoryOrder {
    /// The last one.
    C,
    /// The first one.
    Fortran,
}

pub(crate) enum Values<'a> {
    /// Still to be read.
    Encoded { encoding: Encoding, bytes: Box<dyn Read + 'a> },
    /// In memory already; the strides are the view's own.
    Decoded(ArrayViewD<'a, f32>),
}

impl<'a> StoredArray<'a> {
    /// An array that is in memory already.
    pub(crate) fn in_memory(array: ArrayViewD<'a, f32>) -> Self {
        let shape = array.shape().iter().map(|&length| length as u64).collect();
        Self { shape, order: MemoryOrder::C, values: Values::Decoded(array) }
    }

    /// Reads the values, into `buffers` unless they are in memory already. The result has the described shape,
    /// with the strides of the values' order.
    ///
    /// Memory grows with the bytes that arrive, whatever the description claims.
    pub(crate) fn read<'b>(self, buffers: &'b mut Buffers) -> Result<ArrayViewD<'b, f32>, ArrayError>
    where
        'a: 'b,
    {
        match self.values {
            Values::Decoded(values) => Ok(values),
            Values::Encoded { encoding, mut bytes } => {
                let (shape, count) = checked(&self.shape)?;
                let values = read_values(encoding, count, &mut bytes, buffers)?;
                let shape = shape.set_f(self.order == MemoryOrder::Fortran);
                Ok(ArrayViewD::from_shape(shape, values)
                    .expect("as many values were read as the shape asks for"))
            }
        }
    }

    /// Reads the values into an array of their own, in C order.
    pub(super) fn into_array(self) -> Result<ArrayD<f32>, ArrayError> {
        let mut buffers = Buffers::default();
        Ok(self.read(&mut buffers)?.as_standard_layout().into_owned())
    }
}

/// The shape as this machine counts, and the number of its values, if there may be so many.
fn checked(shape: &[u64]) -> Result<(IxDyn, usize), ArrayError> {
    // An axis of length 0 excuses no other: strides are products too.
    let nonzero = shape.iter().filter(|&&length| length > 0);
    let product = nonzero.into_iter().try_fold(1u64, |product, &length| product.checked_mul(length));
    if product.is_none_or(|product| product > MOST_VALUES) {
        return Err(ArrayError::TooLarge { shape: shape.to_vec() });
    }
    let shape: Vec<usize> = shape.iter().map(|&length| length as usize).collect();
    let count = shape.iter().product();
    Ok((IxDyn(&shape), count))
}

/// How numbers stand in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Encoding {
    pub(super) float: Float,
    pub(super) byte_order: ByteOrder,
}

/// IEEE 754's binary interchange formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Float {
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
pub(crate) enum ByteOrder {
    Little,
    Big,
}
