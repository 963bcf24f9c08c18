//! Scratch memory: one buffer per thread, which all kernels share and none owns. What a kernel keeps from one call to the
//! next (packed weights, partial sums) it owns as an [`AlignedBuffer`].

use super::AlignedBuffer;
use std::cell::Cell;

/// Allocates a scratch buffer of `len` values for each thread of the current rayon pool now, so that kernels which need no
/// more (see [`Convolution::scratch_len`](crate::Convolution::scratch_len)) allocate none while they compute. Optional:
/// without it the first use allocates.
pub fn reserve_scratch(len: usize) {
    rayon::broadcast(|_| with_scratch(len, |_| ()));
}

/// Calls `body` with the first `len` values of this thread's scratch buffer. The buffer grows to the largest length it was
/// asked for and is kept, so that repeated calls allocate nothing. Its values are whatever the last user left.
pub(crate) fn with_scratch<R>(len: usize, body: impl FnOnce(&mut [f32]) -> R) -> R {
    thread_local! {
        static SCRATCH: Cell<AlignedBuffer> = const { Cell::new(AlignedBuffer::empty()) };
    }
    // Taken, not borrowed: a nested call finds an empty buffer and makes its own.
    let mut buffer = SCRATCH.replace(AlignedBuffer::empty());
    buffer.resize(len);
    let result = body(&mut buffer);
    SCRATCH.set(buffer);
    result
}
