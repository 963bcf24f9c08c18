//! Arrays that the caller holds in memory, as a source of weights.

use ndarray::ArrayD;

use impasto_arrays::{ArrayError, ArraySource, StoredArray};

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
        Ok(StoredArray::in_memory(self.arrays[index].view()))
    }
}
