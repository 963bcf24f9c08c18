//! What kernels are measured against. Nothing here computes a picture.
//!
//! - [`Im2col`]: convolution the classical way
//! - [`peak`]: the best that this machine can do, measured
//! - [`tasks`]: what the work is cut into

mod im2col;
pub mod peak;
pub mod tasks;

pub use im2col::Im2col;
