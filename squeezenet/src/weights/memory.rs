//! Arrays that the caller holds in memory, as a source of weights.

use ndarray::ArrayD;

use super::error::ArrayError;
use super::source::{ArraySource, MemoryOrder, StoredArray, Values};

pub(super) struct Arrays {
    names: Vec<String>,
    arrays: Vec<ArrayD<f32>>,
}

impl Arrays {
    pub(super) fn new(arrays: impl IntoIterator<Item = (String, ArrayD<f32>)>) -> Self {
        let (names, arrays) = arrays.into_iter().unzip();
        Self { names, arrays }
    }
}

impl ArraySource for Arrays {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn open(&mut self, index: usize) -> Result<StoredArray<'_>, ArrayError> {
        let array = &self.arrays[index];
        Ok(StoredArray {
            shape: array.shape().iter().map(|&length| length as u64).collect(),
            order: MemoryOrder::C,
            values: Values::Decoded(array.view()),
        })
    }
}
