//! Choices that several kernels offer.

/// Whether a gradient replaces the contents of its buffer or is added to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accumulate {
    /// The contents are replaced, whatever they were.
    Replace,
    /// The gradient is added to the contents.
    Add,
}

/// The activation function that a kernel applies in the same pass over its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Activation {
    /// Nothing.
    None,
    /// ReLU.
    Relu,
}

impl Accumulate {
    /// Prepares a gradient that is then only added to.
    pub(crate) fn start<T: num_traits::Zero + Clone>(self, gradient: &mut [T]) {
        if self == Accumulate::Replace {
            gradient.fill(T::zero());
        }
    }
}
