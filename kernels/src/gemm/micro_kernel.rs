//! The micro-kernel: a tile of MR x NR sums in registers, and the epilogue that writes them.
//!
//! Nothing here is a closure or goes through an iterator's adapters: those would be functions of their own, compiled
//! without the instructions of the kernel wherever the compiler does not inline them.

use crate::memory::LINE;
use crate::options::Accumulate;
use crate::simd::{MAX_MR, MAX_NR, Simd};

/// Rows of the lower tiles that the last rows of a matrix take, where the instruction set's own would be mostly empty.
pub(crate) const LOW: usize = 4;
pub(crate) const ABOVE_LOW: usize = LOW + 1;
pub(crate) const MIDDLE: usize = 8;

/// `len` values of the left operand: `left[r] + start + k * left_step` for each `k` below `len`. The step is 1 along a row,
/// and the length of a row where a matrix is read along its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) start: usize,
    pub(crate) len: usize,
}

/// The operation that a tile of sums ends with.
#[derive(Clone, Copy)]
pub(crate) enum Epilogue<'a> {
    /// They are written; what the target held does not matter.
    Replace,
    /// They are added to the target.
    Add,
    /// One value per column is added, and they are written.
    Bias(&'a [f32]),
    /// The same, with ReLU.
    BiasRelu(&'a [f32]),
}

impl From<Accumulate> for Epilogue<'_> {
    fn from(accumulate: Accumulate) -> Self {
        match accumulate {
            Accumulate::Replace => Epilogue::Replace,
            Accumulate::Add => Epilogue::Add,
        }
    }
}

impl<'a> Epilogue<'a> {
    /// The value for each column, where there is one.
    pub(crate) fn bias(self) -> Option<&'a [f32]> {
        match self {
            Epilogue::Bias(bias) | Epilogue::BiasRelu(bias) => Some(bias),
            Epilogue::Replace | Epilogue::Add => None,
        }
    }

    /// The same without the first `columns` columns.
    #[inline(always)]
    pub(crate) fn after_columns(self, columns: usize) -> Self {
        match self {
            Epilogue::Bias(bias) => Epilogue::Bias(&bias[columns..]),
            Epilogue::BiasRelu(bias) => Epilogue::BiasRelu(&bias[columns..]),
            other => other,
        }
    }
}

/// Where the sums of one tile go.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) target: *mut f32,
    /// Values from one row of the target to the next.
    pub(crate) stride: usize,
    /// Rows and columns that exist; those of the tile beyond them are dropped.
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Whether the target is likely in memory only. Its lines are then fetched while the sums are computed: stores that
    /// wait for them would fill the store buffer.
    pub(crate) cold: bool,
}

/// `sums[r, n] = sum over k of left[r][k * left_step] * panel[k * panel_step + n]`, where `k` runs over the segments
/// of the rows that start at `left[r]`; then `epilogue`. The tile is `MR` rows by NR = `NV * S::LANES` columns.
///
/// Prefetches one cache line of what is read next per `k`, from `coming` on: the hardware prefetcher does not detect a
/// stride of a whole tile of rows, and stops at the end of a page.
///
/// # Safety
/// For each `r`, `left[r]` is valid for reading at `segment.start + k * left_step` for each segment and each `k` below
/// its `len`. `panel` is valid for reading `NV` vectors at each multiple of `panel_step` below as many as the segments
/// have values. `place` is valid for writing (for [`Epilogue::Add`] also for reading) its rows and columns, which the tile
/// must cover. A bias has a value for each of the columns. All pointers are aligned for f32.
#[inline(always)]
pub(crate) unsafe fn micro_kernel<S: Simd, const MR: usize, const NV: usize>(
    simd: S,
    left: &[*const f32; MR],
    segments: &[Segment],
    left_step: usize,
    panel: *const f32,
    panel_step: usize,
    coming: *const f32,
    epilogue: Epilogue<'_>,
    place: Place,
) {
    let zero = simd.splat(0.0);
    let mut sums = [[zero; NV]; MR];
    if place.cold {
        for r in 0..MR {
            for column in (0..NV * S::LANES).step_by(LINE) {
                simd.prefetch(place.target.wrapping_add(r * place.stride + column));
            }
        }
    }
    let (mut panel, mut coming) = (panel, coming);
    for segment in segments {
        let mut rows = *left;
        for row in &mut rows {
            *row = row.wrapping_add(segment.start);
        }
        // SAFETY: the caller vouches for the segments of every row and as many rows of the panel.
        unsafe {
            // The loop over K: one outer product per step.
            for k in 0..segment.len {
                let mut right = [zero; NV];
                for v in 0..NV {
                    right[v] = simd.load(panel.add(v * S::LANES));
                }
                for r in 0..MR {
                    let value = simd.splat(*rows[r].add(k * left_step));
                    for v in 0..NV {
                        sums[r][v] = simd.multiply_add(value, right[v], sums[r][v]);
                    }
                }
                // After the last row this may point beyond the panel's end, to where nothing is read.
                panel = panel.wrapping_add(panel_step);
                simd.prefetch(coming);
                coming = coming.wrapping_add(LINE);
            }
        }
    }
    // SAFETY: passed on to the caller.
    unsafe {
        if (place.rows, place.columns) == (MR, NV * S::LANES) {
            store(simd, &sums, epilogue, place);
        } else {
            store_part(simd, &sums, epilogue, place);
        }
    }
}

/// Writes a tile whose rows and columns all exist. The epilogue is matched once per tile, not once per vector: with few
/// terms per sum, matching would take longer than the sums.
///
/// # Safety
/// As for [`micro_kernel`].
#[inline(always)]
unsafe fn store<S: Simd, const MR: usize, const NV: usize>(
    simd: S,
    sums: &[[S::Vector; NV]; MR],
    epilogue: Epilogue<'_>,
    Place { target, stride, .. }: Place,
) {
    // SAFETY: all rows and columns exist, as the caller vouches.
    unsafe {
        match epilogue {
            Epilogue::Replace => {
                for r in 0..MR {
                    for v in 0..NV {
                        simd.store(target.add(r * stride + v * S::LANES), sums[r][v]);
                    }
                }
            }
            Epilogue::Add => {
                for r in 0..MR {
                    for v in 0..NV {
                        let place = target.add(r * stride + v * S::LANES);
                        simd.store(place, simd.add(sums[r][v], simd.load(place)));
                    }
                }
            }
            Epilogue::Bias(bias) => {
                let bias = load_all::<S, NV>(simd, bias);
                for r in 0..MR {
                    for v in 0..NV {
                        simd.store(target.add(r * stride + v * S::LANES), simd.add(sums[r][v], bias[v]));
                    }
                }
            }
            Epilogue::BiasRelu(bias) => {
                let bias = load_all::<S, NV>(simd, bias);
                for r in 0..MR {
                    for v in 0..NV {
                        let value = simd.relu(simd.add(sums[r][v], bias[v]));
                        simd.store(target.add(r * stride + v * S::LANES), value);
                    }
                }
            }
        }
    }
}

/// # Safety
/// `values` holds `NV` vectors.
#[inline(always)]
unsafe fn load_all<S: Simd, const NV: usize>(simd: S, values: &[f32]) -> [S::Vector; NV] {
    debug_assert!(values.len() >= NV * S::LANES);
    let mut vectors = [simd.splat(0.0); NV];
    for v in 0..NV {
        // SAFETY: the caller vouches for `NV` vectors.
        vectors[v] = unsafe { simd.load(values.as_ptr().add(v * S::LANES)) };
    }
    vectors
}

/// Writes the rows and columns of a tile that exist, where it reaches beyond the last row or column.
///
/// # Safety
/// As for [`micro_kernel`].
#[inline(always)]
unsafe fn store_part<S: Simd, const MR: usize, const NV: usize>(
    simd: S,
    sums: &[[S::Vector; NV]; MR],
    epilogue: Epilogue<'_>,
    Place { target, stride, rows, columns, .. }: Place,
) {
    const { assert!(MR <= MAX_MR && NV * S::LANES <= MAX_NR) };
    // Written out whole first: to choose among the sums by a number that is not a constant would keep them in memory,
    // not in registers, from the beginning.
    let mut spilled = [[0.0f32; MAX_NR]; MAX_MR];
    for r in 0..MR {
        for v in 0..NV {
            // SAFETY: the tile fits, as asserted above.
            unsafe { simd.store(spilled[r].as_mut_ptr().add(v * S::LANES), sums[r][v]) };
        }
    }
    for (r, sums) in spilled.iter().enumerate().take(rows) {
        for (n, &sum) in sums.iter().enumerate().take(columns) {
            // SAFETY: this row and column exist, as the caller vouches.
            let place = unsafe { &mut *target.add(r * stride + n) };
            *place = match epilogue {
                Epilogue::Replace => sum,
                Epilogue::Add => *place + sum,
                Epilogue::Bias(bias) => sum + bias[n],
                Epilogue::BiasRelu(bias) => {
                    let value = sum + bias[n];
                    if value > 0.0 { value } else { 0.0 }
                }
            };
        }
    }
}

#[cfg(test)]
mod tests;
