//! Neural style transfer on a CPU.
#![forbid(unsafe_code)]

pub mod image;
