//! The kernels that keep nothing between calls, for one instruction set.

use crate::simd::Level;

/// Pooling, elementwise passes and normalization with the kernels of one instruction set.
///
/// The functions of the same names compute with [`Kernels::current`]; results of different instruction sets differ by
/// rounding. [`Convolution::with_level`](crate::Convolution::with_level) and [`Gram::with_level`](crate::Gram::with_level)
/// choose for kernels that keep weights or buffers.
///
/// ```
/// use impasto_kernels::{Kernels, Level};
///
/// for level in Level::available() {
///     let mut out = [0.0; 2];
///     Kernels::with_level(level).relu(&[-1.0, 2.0], &mut out);
///     assert_eq!(out, [0.0, 2.0], "{}", level.name());
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Kernels {
    level: Level,
}

impl Kernels {
    /// The kernels of one instruction set (plain Rust if it is missing).
    pub fn with_level(level: Level) -> Self {
        Kernels { level: level.or_portable() }
    }

    /// The kernels of [`Level::current`].
    pub fn current() -> Self {
        Kernels { level: Level::current() }
    }

    /// Their instruction set.
    pub fn level(self) -> Level {
        self.level
    }
}
