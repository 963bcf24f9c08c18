//! Reading and setting what is in memory whole: leaves, and the numbers behind the sums.

use super::Strips;
use crate::error::TapeError;
use crate::tape::Var;
use impasto_kernels::Element;
use ndarray::{ArrayBase, ArrayViewD, ArrayViewMutD, Data, Dimension};

/// Reading and setting.
impl<T: Element> Strips<T> {
    /// The value of a single number.
    ///
    /// # Errors
    /// As [`Tape::number`](crate::Tape::number), and [`TapeError::Recycled`] of an image that is computed.
    pub fn number(&self, var: Var) -> Result<T, TapeError> {
        let value = self.value(var)?;
        match (value.len(), value.first()) {
            (1, Some(&number)) => Ok(number),
            _ => Err(TapeError::NotAScalar(value.shape().to_vec())),
        }
    }

    /// The value of a leaf, or of what is behind the sums; of the image the rows that are in memory.
    ///
    /// # Errors
    /// [`TapeError::Recycled`] of an image that is computed, [`TapeError::ForeignVariable`].
    pub fn value(&self, var: Var) -> Result<ArrayViewD<'_, T>, TapeError> {
        let index = self.tape.index(var)?;
        let place = &self.tape.places[index];
        if place.buffer == usize::MAX {
            return Err(TapeError::Recycled);
        }
        let shape = self.shape_in_memory(index);
        let values = &self.tape.buffers[place.buffer][..shape.iter().product()];
        Ok(ArrayViewD::from_shape(shape, values).expect("a value has its shape"))
    }

    /// As [`Tape::set_value`](crate::Tape::set_value).
    ///
    /// # Errors
    /// As [`Tape::set_value`](crate::Tape::set_value).
    pub fn set_value<S: Data<Elem = T>, D: Dimension>(
        &mut self,
        var: Var,
        value: &ArrayBase<S, D>,
    ) -> Result<(), TapeError> {
        let index = self.tape.index(var)?;
        if self.stored.is_none() || self.image != Some(index) {
            self.is_computed = false;
            return self.tape.set_value(var, value);
        }
        let expected = self.shape_in_memory(index);
        if value.shape() != expected {
            return Err(TapeError::LeafShape { given: value.shape().to_vec(), expected });
        }
        self.update_leaf(var, |mut leaf| {
            leaf.iter_mut().zip(value).for_each(|(leaf, &value)| *leaf = value);
        })
    }

    /// As [`Tape::update_leaf`](crate::Tape::update_leaf), without a gradient, which is never in memory whole.
    ///
    /// # Errors
    /// As [`Tape::update_leaf`](crate::Tape::update_leaf).
    pub fn update_leaf<R>(
        &mut self,
        var: Var,
        update: impl FnOnce(ArrayViewMutD<'_, T>) -> R,
    ) -> Result<R, TapeError> {
        self.is_computed = false;
        let index = self.tape.index(var)?;
        if self.stored.is_none() || self.image != Some(index) {
            return self.tape.update_leaf(var, |leaf, _| update(leaf));
        }
        let shape = self.shape_in_memory(index);
        let place = &mut self.tape.places[index];
        place.version += 1;
        let buffer = &mut self.tape.buffers[place.buffer][..];
        Ok(update(ArrayViewMutD::from_shape(shape, buffer).expect("a value has its shape")))
    }

    /// The shape of what is in memory of a node: of the image maybe some rows.
    fn shape_in_memory(&self, index: usize) -> Vec<usize> {
        let mut shape = self.tape.places[index].shape.clone();
        if let (Some(stored), true) = (&self.stored, self.image == Some(index)) {
            shape[1] = stored.len();
        }
        shape
    }

    /// Floating-point operations of one forward and one backward walk, as [`Tape::flops`](crate::Tape::flops) and [`Tape::backward_flops`](crate::Tape::backward_flops)
    /// count them. The forward walk that goes along with the backward one is not counted.
    pub fn flops(&self) -> u64 {
        self.tape.flops() + self.tape.backward_flops()
    }

    /// Bytes of scratch memory that each thread needs.
    pub fn scratch_bytes(&self) -> u64 {
        (self.tape.scratch_len() as u64).saturating_mul(size_of::<T>() as u64)
    }

    /// As [`Tape::reserve_scratch`](crate::Tape::reserve_scratch).
    pub fn reserve_scratch(&self) {
        self.tape.reserve_scratch();
    }
}
