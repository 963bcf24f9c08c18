//! The kernels of a sum over positions: the sums of one block, their total, and the mirror image of a symmetric one.

use super::partition::Partition;
use crate::gemm::micro_kernel::{ABOVE_LOW, Epilogue, LOW, MIDDLE, Place, Segment, micro_kernel};
use crate::memory::LINE;
use crate::options::Accumulate;
use crate::simd::{Kernel, MAX_NR, Simd};

/// The sums of one block of positions, for the panels of one task.
pub(super) struct BlockSums<'a> {
    pub(super) left: &'a [f32],
    pub(super) left_stride: usize,
    pub(super) right: &'a [f32],
    pub(super) right_stride: usize,
    pub(super) positions: usize,
    pub(super) rows: usize,
    /// Columns of a panel.
    pub(super) panel: usize,
    /// The first column of the first panel.
    pub(super) first_column: usize,
    /// Whether the lower triangle is left out.
    pub(super) symmetric: bool,
    pub(super) epilogue: Epilogue<'a>,
    pub(super) target: &'a mut [f32],
}

impl Kernel for BlockSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(mut self, simd: S) {
        let panel = self.panel;
        let holds = |values: &[f32], stride: usize| {
            self.positions.checked_mul(stride).is_some_and(|len| len <= values.len())
        };
        // All that the unsafe code below relies on.
        assert_eq!(panel, S::LANES * NV, "panels are as wide as the tile");
        assert!(self.rows <= self.left_stride && holds(self.left, self.left_stride));
        assert!(holds(self.right, self.right_stride));
        assert_eq!((self.right_stride % panel, self.first_column % panel), (0, 0));

        let panel_len = self.rows.checked_mul(panel).expect("a panel is a part of the target");

        // The positions of the next block lie behind this one's. Each tile fetches a part of them.
        let mut coming = self.positions * self.left_stride;
        let mut first_column = self.first_column;
        for sums in std::mem::take(&mut self.target).chunks_exact_mut(panel_len) {
            if first_column >= self.right_stride {
                return;
            }
            let end = if self.symmetric { self.rows.min(first_column + panel) } else { self.rows };
            let mut first_row = 0;
            while first_row < end {
                let left = end - first_row;
                // Rows that only the panel's last vector has on or above the diagonal.
                let narrow = NV > 1 && self.symmetric && first_row >= first_column + panel - S::LANES;
                let target = sums[first_row * panel..].as_mut_ptr();
                let at = (first_row, first_column, left, coming);
                coming = (coming + self.positions * LINE).min(2 * self.positions * self.left_stride);
                first_row += match (left, narrow) {
                    (1..=LOW, false) if MR > LOW => self.tile::<S, LOW, NV>(simd, at, target),
                    (ABOVE_LOW..=MIDDLE, false) if MR > MIDDLE => {
                        self.tile::<S, MIDDLE, NV>(simd, at, target)
                    }
                    (_, false) => self.tile::<S, MR, NV>(simd, at, target),
                    (1..=LOW, true) if MR > LOW => self.tile::<S, LOW, 1>(simd, at, target),
                    (ABOVE_LOW..=MIDDLE, true) if MR > MIDDLE => self.tile::<S, MIDDLE, 1>(simd, at, target),
                    (_, true) => self.tile::<S, MR, 1>(simd, at, target),
                };
            }
            first_column += panel;
        }
    }
}

impl BlockSums<'_> {
    /// One tile of the last `NV` vectors of the panel at `first_column`, whose row `first_row` is at `target`;
    /// `rows_left` rows exist. What is read next begins `coming` values from the left operand's start. Returns the tile's
    /// height.
    #[inline(always)]
    fn tile<S: Simd, const MR: usize, const NV: usize>(
        &self,
        simd: S,
        (first_row, first_column, rows_left, coming): (usize, usize, usize, usize),
        target: *mut f32,
    ) -> usize {
        let rows = rows_left.min(MR);
        let mut starts = [self.left.as_ptr(); MR];
        for (r, start) in starts.iter_mut().enumerate() {
            // A tile at the end computes its last row again instead of rows that do not exist.
            *start = start.wrapping_add(first_row + r.min(rows - 1));
        }
        let panel = self.panel;
        let offset = panel - NV * S::LANES;
        let right = self.right.as_ptr().wrapping_add(first_column + offset);
        let place = Place {
            target: target.wrapping_add(offset),
            stride: panel,
            rows,
            columns: NV * S::LANES,
            cold: false,
        };
        let segments = [Segment { start: 0, len: self.positions }];
        // SAFETY: `left` has a value of row `first_row + r` at each of the `positions`, `left_stride` apart, which is the
        // one segment; `right` has as many rows of `right_stride` values, of which whole panels begin at `first_column`,
        // so that the last `NV` vectors of one lie inside; the target has these rows of a panel. `run` asserted the
        // lengths, and partition the target into panels of all rows.
        unsafe {
            micro_kernel::<S, MR, NV>(
                simd,
                &starts,
                &segments,
                self.left_stride,
                right,
                self.right_stride,
                self.left.as_ptr().wrapping_add(coming),
                self.epilogue,
                place,
            );
        }
        MR
    }
}

/// `target (+)= scale * the sum of all parts`, for some rows of the target.
pub(super) struct AddParts<'a> {
    pub(super) sums: &'a [f32],
    pub(super) partition: Partition,
    pub(super) symmetric: bool,
    pub(super) accumulate: Accumulate,
    pub(super) scale: f32,
    pub(super) first_row: usize,
    pub(super) target: &'a mut [f32],
}

impl Kernel for AddParts<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(self, _: S) {
        let AddParts { sums, partition, symmetric, accumulate, scale, first_row, target } = self;
        let Partition { rows, columns, panel, .. } = partition;
        let part_len = partition.groups() * partition.task_len();
        for (i, row) in (first_row..).zip(target.chunks_exact_mut(columns)) {
            let skipped = if symmetric { i / panel } else { 0 };
            for (index, target) in row.chunks_mut(panel).enumerate().skip(skipped) {
                let mut total = [0.0f32; MAX_NR];
                let total = &mut total[..target.len()];
                for part in sums.chunks_exact(part_len) {
                    let part = &part[(index * rows + i) * panel..][..total.len()];
                    total.iter_mut().zip(part).for_each(|(total, &sum)| *total += sum);
                }
                for (target, &total) in target.iter_mut().zip(&*total) {
                    let old = if accumulate == Accumulate::Add { *target } else { 0.0 };
                    *target = old + scale * total;
                }
            }
        }
    }
}

/// Copies the upper triangle of a square matrix to the lower one.
pub(super) struct Mirror<'a> {
    pub(super) size: usize,
    pub(super) target: &'a mut [f32],
}

/// Rows and columns of a square that is mirrored at a time, so that its columns stay in the L1 cache.
const SQUARE: usize = 16;

impl Kernel for Mirror<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(self, _: S) {
        let Mirror { size, target } = self;
        for top in (0..size).step_by(SQUARE) {
            let (above, below) = target.split_at_mut(top * size);
            let bottom = size.min(top + SQUARE);
            for left in (0..top).step_by(SQUARE) {
                for j in left..left + SQUARE {
                    let source = &above[j * size + top..j * size + bottom];
                    for (i, &value) in source.iter().enumerate() {
                        below[i * size + j] = value;
                    }
                }
            }
            for i in top..bottom {
                for j in top..i {
                    below[(i - top) * size + j] = below[(j - top) * size + i];
                }
            }
        }
    }
}
