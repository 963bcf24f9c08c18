//! The arithmetic of impasto on contiguous slices: convolution, pooling, Gram matrices,
//! element-wise passes, and the gradient of each.
//!
//! Every kernel exists twice. [`reference`](mod@reference) holds plain loops, generic over f32 and f64: read those
//! first. Beside it stand the fast ones for f32: [`Convolution`], [`Gram`], [`max_pool`] and the
//! functions of [`elementwise`], compiled for several instruction sets ([`Level`]) and run on
//! rayon's threads. Property tests check that the two agree.
//!
//! [`Element`] chooses between them by type: f32 computes fast, f64 by the reference.
//!
//! ```
//! use impasto_kernels::{ConvShape, Convolution, Activation, Filter, Padding, reference};
//!
//! // A 5x4 image of one channel, and one 3x3 filter that sums its window.
//! let filter = Filter { kernel: [3, 3], out_channels: 1, padding: Padding::Valid };
//! let shape = ConvShape::new([1, 5, 4, 1], &[filter], [1, 1])?;
//! assert_eq!(shape.output(), [1, 3, 2, 1]);
//! let image: Vec<f32> = (0..20u8).map(f32::from).collect();
//! let (weights, bias) = ([1.0; 9], [0.5]);
//!
//! let mut convolution = Convolution::new(shape.clone());
//! convolution.set_weights(0, &weights, &bias);
//! let mut out = [0.0; 6];
//! convolution.forward(Activation::None, &image, &mut out);
//! assert_eq!(out[0], 45.5); // 0 + 1 + 2, 4 + 5 + 6, 8 + 9 + 10, and the bias
//!
//! let mut plain = [0.0; 6];
//! reference::convolution(&shape, &[&weights], &[&bias], Activation::None, &image, &mut plain);
//! assert_eq!(out, plain); // these sums are exact; others agree up to rounding
//! # Ok::<(), impasto_kernels::ShapeError>(())
//! ```
//!
//! | what | begin with |
//! | --- | --- |
//! | every kernel as plain loops | [`reference::convolution`] |
//! | sizes of convolutions and pools | [`ConvShape::new`], [`PoolShape::new`] |
//! | convolution through packed panels or Winograd's transforms, and its gradients | [`Convolution`] |
//! | the symmetric product of features with themselves | [`Gram`] |
//! | max pooling | [`max_pool`] |
//! | moments of each channel, and batch normalization | [`normalize::moments`] |
//! | ReLU, sums of squares, total variation, Adam, clamp | [`elementwise::relu`] |
//! | a few rows at a time of what is too large for memory | [`Rows`] |
//! | the plain matrix product (the `matrixmultiply` crate) | [`matmul()`] |
//! | the choice between fast and reference, by type | [`Element`] |
//! | instruction sets, and how one is chosen | [`Level`] |
//! | convolution the classical way, and the best that this machine can do, to compare with | [`yardstick`] |
//!
//! This is the lowest crate: it knows no tape. The next one above, `impasto-autodiff`, makes differentiable operations
//! of these kernels. `docs/performance.md` says how fast they are, and why.
//!
//! Tensors are NHWC: a batch of images, rows, columns, channels, the last changing fastest.
//! Results do not depend on the number of threads: work is cut by shape, and partial sums are added
//! in a fixed order.

// Loops over registers count their index: an iterator's adapters may be compiled as functions of their own, without
// the kernel's instructions.
#![allow(clippy::needless_range_loop)]

mod convolution;
mod element;
pub mod elementwise;
mod gemm;
mod gram;
mod kernels;
mod matmul;
mod memory;
pub mod normalize;
mod options;
mod pool;
pub mod reference;
mod rows;
mod shape;
mod simd;
#[cfg(test)]
mod testing;
pub mod yardstick;

pub use convolution::Convolution;
pub use element::{ConvolutionKernels, Element, GramKernels};
pub use gram::Gram;
pub use kernels::Kernels;
pub use matmul::{Operand, matmul};
pub use memory::reserve_scratch;
pub use normalize::normalization::Normalization;
pub use options::{Accumulate, Activation};
pub use pool::{max_pool, max_pool_gradient};
pub use rows::Rows;
pub use shape::{ConvShape, Filter, Padding, PlacedFilter, PoolRounding, PoolShape, ShapeError};
pub use simd::{Level, LevelError};
