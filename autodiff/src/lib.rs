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
//! Complete programs lie in the `examples` of the workspace's root: `02_linear_regression`, `03_own_operation`
//! and `08_small_network` need no more than this crate.
//!
//! | module | what is in it | begin with |
//! | --- | --- | --- |
//! | [`tape`] | the list, its two walks, reading and setting values | [`Tape`], [`Tape::backward`] |
//! | [`ops`] | the operations that come with the crate, one file each: each method tells its formula and its gradient | [`Tape::mul`], [`Tape::conv2d`] |
//! | [`operation`] | the trait that every operation implements, yours included | [`Operation`] |
//! | [`gradcheck`](mod@gradcheck) | comparison of gradients with central differences | [`gradcheck()`] |
//! | [`inspect`] | what is on a tape, node by node, for people | [`Tape::inspect`] |
//! | [`error`](mod@error) | what can go wrong | [`TapeError`] |
//!
//! Values are f32, to compute fast, or f64, to check gradients: [`Element`]. The arithmetic of one operation, and its
//! speed, is the affair of the crate below, `impasto-kernels`; the next crate above, `impasto-squeezenet`, records a
//! network on a tape.
//!
//! Source of the method: the reverse mode in Griewank and Walther 2008, "Evaluating Derivatives".
#![forbid(unsafe_code)]

mod buffers;
pub mod error;
mod formulas;
pub mod gradcheck;
mod graph;
pub mod inspect;
mod memory;
pub mod operation;
pub mod ops;
mod plan;
pub mod tape;

pub use error::{Mismatch, TapeError};
pub use formulas::Formulas;
pub use gradcheck::gradcheck;
pub use impasto_kernels::{Element, Epilogue, Padding, PoolRounding, Update};
pub use inspect::NodeInfo;
pub use operation::{Gradients, Operation, Values};
pub use tape::{Tape, Var};
