//! Step 7: the product of step 6 compiled for every instruction set, and one of them chosen when the program runs.

use crate::packed;
use impasto_kernels::{ConvShape, Level};

/// Columns of the tile.
pub(crate) fn panel_width(level: Level) -> usize {
    match level {
        Level::Avx512 => 32,
        Level::Avx2 | Level::Neon => 16,
        _ => 8,
    }
}

/// The product of step 6 in tiles as high as the registers of `level` allow.
pub(crate) fn product(level: Level, shape: &ConvShape, frame: &[f32], panels: &[f32], out: &mut [f32]) {
    match level {
        Level::Avx512 => product_of_height::<12>(level, shape, frame, panels, out),
        Level::Avx2 | Level::Neon => product_of_height::<6>(level, shape, frame, panels, out),
        _ => product_of_height::<4>(level, shape, frame, panels, out),
    }
}

/// The product of step 6 with the instructions of `level`.
///
/// # Panics
/// If the processor lacks them.
pub(crate) fn product_of_height<const ROWS: usize>(
    level: Level,
    shape: &ConvShape,
    frame: &[f32],
    panels: &[f32],
    out: &mut [f32],
) {
    assert!(level.is_available(), "the processor has no {}", level.name());
    match level {
        // SAFETY: the processor has these instructions, as asserted above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::<ROWS>(shape, frame, panels, out) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2::<ROWS>(shape, frame, panels, out) },
        Level::Neon => packed::product::<ROWS, 4, 4, true>(shape, frame, panels, out),
        _ => packed::product::<ROWS, 2, 4, false>(shape, frame, panels, out),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn avx512<const ROWS: usize>(shape: &ConvShape, frame: &[f32], panels: &[f32], out: &mut [f32]) {
    packed::product::<ROWS, 2, 16, true>(shape, frame, panels, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<const ROWS: usize>(shape: &ConvShape, frame: &[f32], panels: &[f32], out: &mut [f32]) {
    packed::product::<ROWS, 2, 8, true>(shape, frame, panels, out);
}
