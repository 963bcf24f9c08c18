//! The arithmetic of impasto on contiguous slices: convolution, pooling, Gram matrices,
//! element-wise passes, and the gradient of each.
//!
//! Every kernel exists twice. [`reference`](mod@reference) holds plain loops, generic over f32 and f64: read those
//! first. Beside it stand the fast ones for f32: [`Convolution`], [`Gram`], [`max_pool`] and the
//! functions of [`elementwise`], compiled for several instruction sets ([`Level`]) and run on
//! rayon's threads. Property tests hold the two together.
//!
//! [`Element`] chooses between them by type: f32 computes fast, f64 by the reference.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`shape`] | sizes of convolutions and pools |
//! | [`reference`](mod@reference) | every kernel as plain loops |
//! | [`convolution`] | convolution through packed panels or Winograd's transforms, and its gradients |
//! | [`gram`] | the symmetric product of features with themselves |
//! | [`pool`] | max pooling |
//! | [`normalise`](mod@normalise) | moments of each channel, and batch normalisation |
//! | [`elementwise`] | ReLU, sums of squares, total variation, Adam, clamp |
//! | [`im2col`] | convolution the classical way, to compare with |
//! | [`peak`] | what this machine can do at best, measured |
//! | [`simd`] | instruction sets, and how one is chosen |
//! | [`matmul`](mod@matmul) | the plain matrix product (the `matrixmultiply` crate) |
//!
//! Tensors are NHWC: a batch of images, rows, columns, channels, the last changing fastest.
//! Results do not depend on the number of threads: work is cut by shape, and partial sums are added
//! in a fixed order.

// Loops over registers count their index: an iterator's adapters may be compiled as functions of their own, without
// the instructions of the kernel they serve.
#![allow(clippy::needless_range_loop)]

pub mod convolution;
pub mod element;
pub mod elementwise;
pub mod gram;
pub mod im2col;
pub mod matmul;
pub mod normalise;
pub mod peak;
pub mod pool;
pub mod reference;
pub mod shape;
pub mod simd;

#[cfg(test)]
mod agreement;
mod aligned;
mod packed;
mod parallel;
mod patch;
mod product;
mod tile;
mod transposed;

pub use aligned::reserve_scratch;
pub use convolution::Convolution;
pub use element::Element;
pub use gram::Gram;
pub use im2col::Im2col;
pub use matmul::matmul;
pub use normalise::Normalisation;
pub use pool::{max_pool, max_pool_gradient};
pub use shape::{ConvShape, Filter, Padding, PoolRounding, PoolShape, ShapeError};
pub use simd::Level;

/// What happens to the earlier contents of a buffer that a gradient is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// They are replaced; what they were does not matter.
    Replace,
    /// The gradient is added to them.
    Add,
}

/// What follows a convolution in the same pass over its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Epilogue {
    /// Nothing but the bias.
    Bias,
    /// The bias, then ReLU.
    Relu,
}
