//! Buffers that start at cache lines, scratch memory of each thread, and how work is cut among threads.

mod aligned;
pub(crate) mod parallel;

pub use aligned::reserve_scratch;
pub(crate) use aligned::{AlignedBuffer, LINE, with_scratch};
