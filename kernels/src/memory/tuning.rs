//! Sizes that were chosen for the machine, each with its reason. Values are f32.

/// Tasks that work is cut into at the least: enough for 16 threads, each long enough to be worth waking a thread for.
pub(crate) const TASKS: usize = 16;

/// Tasks that it is cut into at the most, for 64 threads; [`CACHED`] values are worth one.
pub(crate) const MOST_TASKS: usize = 64;

/// Values worth a task of their own where there are a few operations per value: 64 KiB take about as long as waking a
/// thread.
pub(crate) const CHUNK: usize = 1 << 14;

/// Values that a task works on at a time: 256 KiB, half of a usual L2 cache.
pub(crate) const CACHED: usize = 1 << 16;

/// Positions that all tiles of a sum over positions pass over before the next are read: 64 KiB of 128 channels, a part of
/// a usual L2 cache.
pub(crate) const MAX_BLOCK: usize = 128;

/// Values of one operand that such a sum copies at a time, 16 MiB: longer rows are taken in smaller blocks.
pub(crate) const MAX_COPIED: usize = 1 << 22;

/// Targets of at least this many values are cut into groups of columns, not only into parts of the positions: one private
/// copy per task would fill a usual L2 cache (16 x 64 KiB = 1 MiB).
pub(crate) const MIN_GROUPED: usize = 128 * 128;

/// Targets of more values, 64 MiB, have one sum: private copies would take many times their memory.
pub(crate) const MAX_PRIVATE: usize = 1 << 24;

/// Fewest positions worth a partial sum.
pub(crate) const MIN_PART: usize = 48;

/// Values of windows that the image gradient at any stride computes together, 16 MiB: more than whole rows of usual
/// images. There is always at least one window.
pub(crate) const MAX_RUN: usize = 1 << 22;

/// Fewest rows of a strip of the image gradient at stride 1: neighboring strips both copy the rows between them.
pub(crate) const MIN_STRIP: usize = 4;

/// The same at any other stride, where neighboring strips both compute the windows between them.
pub(crate) const MIN_STRIP_ANY_STRIDE: usize = 24;

/// Values whose squares are added in f32 before f64: about a hundred per lane, which lose no more than f32 loses anyway.
pub(crate) const MAX_F32_SUM: usize = 4096;
