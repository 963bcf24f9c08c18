//! Tape-based reverse-mode automatic differentiation: record a computation once, replay it many times.
//!
//! A [`Tape`] holds a list of nodes. Leaves are arrays: a *variable* wants a gradient, a *constant*
//! does not. Every other node is an [`Operation`] on earlier nodes. Recording only checks shapes;
//! [`Tape::forward`] computes all values from first to last, and [`Tape::backward`] walks the same
//! list from last to first, each operation adding to the gradients of its inputs.
//!
//! ```
//! use impasto_autodiff::Tape;
//! use ndarray::array;
//!
//! # fn main() -> Result<(), impasto_autodiff::TapeError> {
//! let mut tape = Tape::<f64>::new();
//! let x = tape.variable(&array![1.0, 2.0, 3.0]);
//! let squares = tape.square(x)?;
//! let loss = tape.sum(squares)?; // x1^2 + x2^2 + x3^2
//!
//! tape.forward();
//! tape.backward(loss)?;
//! assert_eq!(tape.value(loss)?.sum(), 14.0);
//! assert_eq!(tape.gradient(x)?, array![2.0, 4.0, 6.0].into_dyn()); // 2 x
//!
//! // The recording stays; only the leaf changes.
//! tape.set_value(x, &array![0.0, 1.0, 0.0])?;
//! tape.forward();
//! assert_eq!(tape.value(loss)?.sum(), 1.0);
//! # Ok(())
//! # }
//! ```
//!
//! Complete programs are in `examples` at the workspace's root: `02_linear_regression`, `03_own_operation`
//! and `08_small_network` need no more than this crate.
//!
//! | to | begin with |
//! | --- | --- |
//! | record, replay, read and set values | [`Tape`], [`Tape::forward`], [`Tape::backward`] |
//! | add an operation of your own | [`Operation`], [`Tape::record`] |
//! | compare gradients with central differences | [`gradcheck()`] |
//! | see what is on a tape, node by node | [`Tape::inspect`] |
//! | learn what can go wrong | [`TapeError`] |
//!
//! # Operations
//!
//! Each is recorded by a method of [`Tape`], whose documentation shows its formulas and those of its gradient.
//!
//! | method | value |
//! | --- | --- |
//! | [`add`](Tape::add), [`sub`](Tape::sub), [`mul`](Tape::mul), [`div`](Tape::div) | `a + b`, `a - b`, `a * b`, `a / b`, with NumPy's broadcasting |
//! | [`scale`](Tape::scale) | `factor * x`, the factor constant |
//! | [`square`](Tape::square), [`sqrt`](Tape::sqrt), [`exp`](Tape::exp), [`ln`](Tape::ln), [`relu`](Tape::relu) | the function of each value |
//! | [`sum`](Tape::sum), [`mean`](Tape::mean) | over all values |
//! | [`sum_axes`](Tape::sum_axes), [`mean_axes`](Tape::mean_axes) | over some axes |
//! | [`weighted_sum`](Tape::weighted_sum) | `sum of weight[i] * x[i]`, of single numbers |
//! | [`squared_difference`](Tape::squared_difference) | `sum of (a - b)^2` |
//! | [`total_variation`](Tape::total_variation) | sum of squared differences of neighboring pixels |
//! | [`matmul`](Tape::matmul) | the product of two matrices |
//! | [`gram`](Tape::gram), [`diagonal`](Tape::diagonal) | `scale * features^T features`; what is on a matrix's diagonal |
//! | [`channel_means`](Tape::channel_means) | the mean of each channel of an image |
//! | [`conv2d`](Tape::conv2d), [`conv2d_bank`](Tape::conv2d_bank) | convolution, with ReLU if wanted; several side by side |
//! | [`max_pool`](Tape::max_pool) | the maximum of each window |
//! | [`moments`](Tape::moments), [`normalize`](Tape::normalize) | mean and variance of each channel; batch normalization with them, with ReLU if wanted |
//! | [`log_softmax`](Tape::log_softmax) | log-probabilities from scores |
//! | [`reshape`](Tape::reshape), [`transpose`](Tape::transpose), [`narrow`](Tape::narrow), [`concat`](Tape::concat) | the same values in another arrangement |
//! | [`reflect_pad`](Tape::reflect_pad), [`wrap_pad`](Tape::wrap_pad) | an image on a larger canvas, mirrored or repeated beyond its edges |
//! | [`normalize_gradient`](Tape::normalize_gradient) | the same, with a gradient of a given strength |
//! | [`mask`](Tape::mask), [`mask_gradient`](Tape::mask_gradient) | each position of an image, or of its gradient, times its own factor |
//! | [`blend`](Tape::blend) | two images, each position in its own mix |
//!
//! A picture that is larger than memory is walked over in strips of rows: [`Tape::into_strips`].
//!
//! Values are f32, to compute fast, or f64, to check gradients: [`Element`]. The crate below, `impasto-kernels`, does the
//! arithmetic of each operation; the crate above, `impasto-squeezenet`, records a network on a tape.
//!
//! Source of the method: the reverse mode in Griewank and Walther 2008, "Evaluating Derivatives".
#![forbid(unsafe_code)]

mod buffers;
mod error;
mod formulas;
mod gradcheck;
mod graph;
mod inspect;
mod memory;
mod operation;
mod ops;
mod plan;
mod strips;
mod tape;

pub use error::{Mismatch, TapeError};
pub use formulas::Formulas;
pub use gradcheck::{GradcheckError, gradcheck};
pub use impasto_kernels::{Accumulate, Activation, Element, Padding, PoolRounding, Rows};
pub use inspect::NodeInfo;
pub use operation::{Gradients, Operation, Values};
pub use ops::{ConvOptions, ConvWeights, NormalizeOptions};
pub use strips::{RowOperation, RowValues, Strips, Total};
pub use tape::{Tape, Var};
