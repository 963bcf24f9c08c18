//! Buffers of f32 that start at a cache line, so that no vector load of a packed panel straddles two.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

/// Values in a cache line.
pub(crate) const LINE: usize = 16;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// A growable buffer of zero-initialized f32, aligned to 64 bytes.
#[derive(Clone, Default)]
pub(crate) struct AlignedBuffer {
    lines: Vec<Line>,
    len: usize,
}

impl AlignedBuffer {
    /// A buffer of `len` zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        let mut buffer = AlignedBuffer::default();
        buffer.resize(len);
        buffer
    }

    /// Makes the buffer `len` long. Values that were there stay; only growth allocates.
    pub(crate) fn resize(&mut self, len: usize) {
        let lines = len.div_ceil(LINE);
        if lines > self.lines.len() {
            self.lines.resize(lines, Line([0.0; LINE]));
        }
        self.len = len;
    }
}

impl Deref for AlignedBuffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: `lines` holds at least `len` initialized f32, contiguous because `Line` is an
        // array of them without padding (its size is a multiple of its alignment).
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for AlignedBuffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as for `deref`, and `self` is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

/// Lets every thread of the current rayon pool make a scratch buffer of `len` values now, so that kernels which say that
/// they want no more (see [`Convolution::scratch_len`](crate::Convolution::scratch_len)) allocate none in the middle of
/// their work. Without this call they allocate it then, and keep it too.
pub fn reserve_scratch(len: usize) {
    rayon::broadcast(|_| with_scratch(len, |_| ()));
}

/// Calls `body` with a buffer of `len` values that this thread keeps from one call to the next, as long as the longest
/// it has used, so that the steady state allocates nothing. The values are whatever the last user left.
pub(crate) fn with_scratch<R>(len: usize, body: impl FnOnce(&mut [f32]) -> R) -> R {
    thread_local! {
        static SCRATCH: Cell<AlignedBuffer> = const { Cell::new(AlignedBuffer { lines: Vec::new(), len: 0 }) };
    }
    // Taken, not borrowed: a nested call finds an empty buffer and makes its own.
    let mut buffer = SCRATCH.take();
    buffer.resize(len);
    let result = body(&mut buffer);
    SCRATCH.set(buffer);
    result
}
