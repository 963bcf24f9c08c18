//! The operations that come with the crate, one file each: the formula, forward and backward side
//! by side. Each file also adds the method of [`Tape`](crate::Tape) that records it.

mod conv2d;
mod square;
mod sum;

pub use conv2d::{Conv2d, ConvOptions, ConvWeights};
pub use square::Square;
pub use sum::Sum;
