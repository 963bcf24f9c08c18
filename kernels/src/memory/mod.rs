//! Buffers that start at cache lines, scratch memory of each thread, how work is cut among threads, and the sizes that
//! were chosen for the machine.

mod aligned;
pub(crate) mod parallel;
mod scratch;
pub(crate) mod tuning;

pub(crate) use aligned::{AlignedBuffer, LINE};
pub use scratch::reserve_scratch;
pub(crate) use scratch::with_scratch;
