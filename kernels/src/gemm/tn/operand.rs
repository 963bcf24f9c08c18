//! The two operands of a sum over positions: rows that are read where they lie, or block by block from a copy.

use crate::memory::tuning::{MAX_BLOCK, MAX_COPIED};
use crate::simd::{Kernel, Level, Simd};
use std::ops::Range;

/// One operand: rows of `len` values, found or computed by position.
pub(crate) trait Rows: Sync {
    /// Values in a row.
    fn len(&self) -> usize;
    /// All rows one after the other, if they are in memory in this order.
    fn in_memory(&self) -> Option<&[f32]>;
    /// Writes the row of `position` to `target`.
    fn copy_row(&self, position: usize, target: &mut [f32]);
}

/// Rows of a matrix in memory.
pub(crate) struct Matrix<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) columns: usize,
}

impl Rows for Matrix<'_> {
    fn len(&self) -> usize {
        self.columns
    }

    fn in_memory(&self) -> Option<&[f32]> {
        Some(self.values)
    }

    #[inline(always)]
    fn copy_row(&self, position: usize, target: &mut [f32]) {
        target.copy_from_slice(&self.values[position * self.columns..][..self.columns]);
    }
}

/// Positions of a block, by the number of values in its longest rows.
pub(super) fn block_rows(widest: usize) -> usize {
    (MAX_COPIED / widest).clamp(1, MAX_BLOCK)
}

/// How the rows of an operand reach the tiles.
pub(super) struct Operand<'a, R> {
    pub(super) rows: &'a R,
    /// Values from one row to the next.
    pub(super) stride: usize,
    /// Whether they are read where they lie; otherwise block by block from a copy.
    pub(super) in_place: bool,
}

impl<'a, R: Rows> Operand<'a, R> {
    /// An operand whose values are read one by one.
    pub(super) fn left(rows: &'a R) -> Self {
        Operand { rows, stride: rows.len(), in_place: rows.in_memory().is_some() }
    }

    /// An operand that is read in whole panels: rows that do not end with one are copied, and filled up with zeros.
    pub(super) fn right(rows: &'a R, panel: usize) -> Self {
        let stride = rows.len().next_multiple_of(panel);
        Operand { rows, stride, in_place: stride == rows.len() && rows.in_memory().is_some() }
    }

    /// Values of the copies of `block` rows.
    pub(super) fn scratch_len(&self, block: usize) -> usize {
        if self.in_place { 0 } else { block * self.stride }
    }

    /// The rows of a block of positions.
    pub(super) fn block<'b>(
        &'b self,
        level: Level,
        block: Range<usize>,
        scratch: &'b mut [f32],
    ) -> &'b [f32] {
        match self.rows.in_memory() {
            Some(values) if self.in_place => &values[block.start * self.stride..block.end * self.stride],
            _ => {
                level.run(CopyRows { rows: self.rows, stride: self.stride, block, target: &mut *scratch });
                scratch
            }
        }
    }
}

/// Copies the rows of a block of positions, zeros behind each up to `stride` values.
struct CopyRows<'a, R> {
    rows: &'a R,
    stride: usize,
    block: Range<usize>,
    target: &'a mut [f32],
}

impl<R: Rows> Kernel for CopyRows<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(self, _: S) {
        let len = self.rows.len();
        for (position, target) in self.block.zip(self.target.chunks_exact_mut(self.stride)) {
            let (row, behind) = target.split_at_mut(len);
            self.rows.copy_row(position, row);
            behind.fill(0.0);
        }
    }
}
