//! Products summed over positions, `target[i, j] = sum over p of left[p, i] * right[p, j]`: the Gram
//! matrix (both sides the same, so half the work) and the gradient of convolution weights.
//!
//! The positions are cut into parts with a partial sum each, and the columns into groups. Small targets are cut into
//! many parts, whose sums cost little to add; large ones into groups, so that partial sums do not outgrow the caches.

use crate::Accumulate;
use crate::gemm::micro_kernel::{Epilogue, LOW, MIDDLE, Place, Segment, micro_kernel};
use crate::memory::parallel::{self, TASKS};
use crate::memory::{AlignedBuffer, with_scratch};
use crate::shape::checked_len;
use crate::simd::{Kernel, Level, MAX_NR, Simd};
use std::ops::Range;

/// Positions that all tiles pass over before the next are read: of 128 channels 64 KiB, a part of a usual L2 cache.
const BLOCK: usize = 128;

/// The most values of one operand that are copied at a time, 16 MiB: rows so long that a block of them would have more
/// are taken in smaller blocks.
const COPIED: usize = 1 << 22;

/// Values of a target that is cut into column groups: so many partial sums as there are tasks would be as large as a
/// usual L2 cache.
const LARGE: usize = 128 * 128;

/// Values of a target, 64 MiB, beyond which there is one sum only.
const HUGE: usize = 1 << 24;

/// Fewest positions worth a partial sum.
const MIN_PART: usize = 48;

/// One operand: rows of `len` values, found or computed by position.
pub(crate) trait Rows: Sync {
    /// Values in a row.
    fn len(&self) -> usize;
    /// All rows one after the other, where they lie so in memory.
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
fn block_rows(widest: usize) -> usize {
    (COPIED / widest).clamp(1, BLOCK)
}

/// How the rows of an operand reach the tiles.
struct Operand<'a, R> {
    rows: &'a R,
    /// Values from one row to the next.
    stride: usize,
    /// Whether they are read where they lie; otherwise block by block from a copy.
    in_place: bool,
}

impl<'a, R: Rows> Operand<'a, R> {
    /// An operand whose values are read one by one.
    fn left(rows: &'a R) -> Self {
        Operand { rows, stride: rows.len(), in_place: rows.in_memory().is_some() }
    }

    /// An operand that is read in whole panels: rows that do not end with one are copied, and filled up with zeros.
    fn right(rows: &'a R, panel: usize) -> Self {
        let stride = rows.len().next_multiple_of(panel);
        Operand { rows, stride, in_place: stride == rows.len() && rows.in_memory().is_some() }
    }

    /// Values of the copies of `block` rows.
    fn scratch_len(&self, block: usize) -> usize {
        if self.in_place { 0 } else { block * self.stride }
    }

    /// The rows of a block of positions.
    fn block<'b>(&'b self, level: Level, block: Range<usize>, scratch: &'b mut [f32]) -> &'b [f32] {
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

/// How one product is cut into tasks. Partial sums lie panel by panel, each panel's rows one after the other.
#[derive(Clone, Copy)]
struct Cut {
    rows: usize,
    columns: usize,
    /// Columns of a panel, and panels of a task.
    panel: usize,
    panels_per_task: usize,
    positions: usize,
    positions_per_part: usize,
}

impl Cut {
    /// Cuts a product of at least one position, row and column.
    fn new(level: Level, positions: usize, rows: usize, columns: usize) -> Self {
        let panel = level.panel_width();
        let panels = columns.div_ceil(panel);
        let is_large = rows.checked_mul(columns).is_none_or(|len| len >= LARGE);
        let panels_per_task = if is_large { panels.div_ceil(TASKS) } else { panels };
        let groups = panels.div_ceil(panels_per_task);
        // Partial sums of the largest targets would take many times their memory.
        let is_huge = checked_len(&[rows, panels, panel]).is_none_or(|len| len > HUGE);
        let parts = if is_huge { 1 } else { TASKS.div_ceil(groups) };
        let positions_per_part = positions.div_ceil(parts).max(MIN_PART).min(positions);
        Cut { rows, columns, panel, panels_per_task, positions, positions_per_part }
    }

    fn parts(&self) -> usize {
        self.positions.div_ceil(self.positions_per_part)
    }

    fn groups(&self) -> usize {
        self.columns.div_ceil(self.panel * self.panels_per_task)
    }

    /// Values of one task's sums.
    fn task_len(&self) -> usize {
        self.panels_per_task * self.rows * self.panel
    }

    /// Values of all sums, if memory can address them; then [`Cut::task_len`] does not wrap.
    fn sums_len(&self) -> Option<usize> {
        checked_len(&[self.panels_per_task, self.rows, self.panel, self.groups(), self.parts()])
    }
}

/// A product summed over positions, with its buffer of partial sums.
pub(crate) struct TransposedProduct {
    level: Level,
    partial_sums: AlignedBuffer,
}

impl TransposedProduct {
    pub(crate) fn new(level: Level) -> Self {
        TransposedProduct { level, partial_sums: AlignedBuffer::default() }
    }

    /// Values of the scratch buffer that a symmetric product wants of each thread, whose rows lie in memory and have
    /// `size` values.
    pub(crate) fn symmetric_scratch(level: Level, size: usize) -> usize {
        let stride = size.next_multiple_of(level.panel_width());
        if stride == size { 0 } else { block_rows(stride) * stride }
    }

    /// `target[i, j] (+)= sum over p of left[p, i] * right[p, j]`.
    pub(crate) fn run(
        &mut self,
        positions: usize,
        left: &impl Rows,
        right: &impl Rows,
        accumulate: Accumulate,
        target: &mut [f32],
    ) {
        let cut = Cut::new(self.level, positions, left.len(), right.len());
        let right = Operand::right(right, cut.panel);
        self.sum_parts(cut, &Operand::left(left), Some(&right));
        self.add_parts(cut, false, accumulate, 1.0, target);
    }

    /// `target[i, j] = scale * sum over p of matrix[p, i] * matrix[p, j]`.
    pub(crate) fn run_symmetric(
        &mut self,
        positions: usize,
        matrix: &impl Rows,
        scale: f32,
        target: &mut [f32],
    ) {
        let size = matrix.len();
        let cut = Cut::new(self.level, positions, size, size);
        self.sum_parts(cut, &Operand::right(matrix, cut.panel), None::<&Operand<'_, Matrix<'_>>>);
        // What lies below the diagonal was not summed; it becomes the mirror image of what lies above.
        self.add_parts(cut, true, Accumulate::Replace, scale, target);
        self.level.run(Mirror { size, target });
    }

    /// Computes the partial sums, in the symmetric case (no `right`) on and above the diagonal only.
    fn sum_parts<L: Rows, R: Rows>(
        &mut self,
        cut: Cut,
        left: &Operand<'_, L>,
        right: Option<&Operand<'_, R>>,
    ) {
        let level = self.level;
        let widest = left.stride.max(right.map_or(0, |right| right.stride));
        let block = block_rows(widest);
        let left_len = left.scratch_len(block);
        let scratch_len = left_len + right.map_or(0, |right| right.scratch_len(block));
        self.partial_sums.resize(cut.sums_len().expect("partial sums must fit the memory"));
        parallel::for_each_part(cut.task_len(), &mut self.partial_sums, |task, target| {
            let (part, group) = (task / cut.groups(), task % cut.groups());
            let begin = part * cut.positions_per_part;
            let end = cut.positions.min(begin + cut.positions_per_part);
            with_scratch(scratch_len, |scratch| {
                let (left_scratch, right_scratch) = scratch.split_at_mut(left_len);
                for first in (begin..end).step_by(block) {
                    let block = first..end.min(first + block);
                    let left_rows = left.block(level, block.clone(), left_scratch);
                    let (right_rows, right_stride) = match right {
                        Some(right) => (right.block(level, block.clone(), right_scratch), right.stride),
                        None => (left_rows, left.stride),
                    };
                    level.run(BlockSums {
                        left: left_rows,
                        left_stride: left.stride,
                        right: right_rows,
                        right_stride,
                        positions: block.len(),
                        rows: cut.rows,
                        panel: cut.panel,
                        first_column: group * cut.panels_per_task * cut.panel,
                        symmetric: right.is_none(),
                        epilogue: if first == begin { Epilogue::Replace } else { Epilogue::Add },
                        target: &mut *target,
                    });
                }
            });
        });
    }

    /// Adds up the partial sums: `target (+)= scale * their sum`; in the symmetric case on and above the diagonal.
    fn add_parts(&self, cut: Cut, symmetric: bool, accumulate: Accumulate, scale: f32, target: &mut [f32]) {
        let sums = &self.partial_sums[..];
        parallel::for_each_chunk(cut.columns, target, |start, target| {
            let first_row = start / cut.columns;
            self.level.run(AddParts { sums, cut, symmetric, accumulate, scale, first_row, target });
        });
    }
}

/// The sums of one block of positions, for the panels of one task.
struct BlockSums<'a> {
    left: &'a [f32],
    left_stride: usize,
    right: &'a [f32],
    right_stride: usize,
    positions: usize,
    rows: usize,
    /// Columns of a panel.
    panel: usize,
    /// The first column of the first panel.
    first_column: usize,
    /// Whether what lies below the diagonal is left out.
    symmetric: bool,
    epilogue: Epilogue<'a>,
    target: &'a mut [f32],
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
                let at = (first_row, first_column, left);
                first_row += match (left, narrow) {
                    (1..=LOW, false) if MR > LOW => self.tile::<S, LOW, NV>(simd, at, target),
                    (..=MIDDLE, false) if MR > MIDDLE => self.tile::<S, MIDDLE, NV>(simd, at, target),
                    (_, false) => self.tile::<S, MR, NV>(simd, at, target),
                    (1..=LOW, true) if MR > LOW => self.tile::<S, LOW, 1>(simd, at, target),
                    (..=MIDDLE, true) if MR > MIDDLE => self.tile::<S, MIDDLE, 1>(simd, at, target),
                    (_, true) => self.tile::<S, MR, 1>(simd, at, target),
                };
            }
            first_column += panel;
        }
    }
}

impl BlockSums<'_> {
    /// One tile of the last `NV` vectors of the panel at `first_column`, whose row `first_row` is at `target`;
    /// `rows_left` rows exist. Returns the tile's height.
    #[inline(always)]
    fn tile<S: Simd, const MR: usize, const NV: usize>(
        &self,
        simd: S,
        (first_row, first_column, rows_left): (usize, usize, usize),
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
        let place =
            Place { target: target.wrapping_add(offset), stride: panel, rows, columns: NV * S::LANES };
        let segments = [Segment { start: 0, len: self.positions }];
        // SAFETY: `left` has a value of row `first_row + r` at each of the `positions`, `left_stride` apart, which is the
        // one segment; `right` has as many rows of `right_stride` values, of which whole panels begin at `first_column`,
        // so that the last `NV` vectors of one lie inside; the target has these rows of a panel. `run` asserted the
        // lengths, and cut the target into panels of all rows.
        unsafe {
            micro_kernel::<S, MR, NV>(
                simd,
                &starts,
                &segments,
                self.left_stride,
                right,
                self.right_stride,
                right,
                self.epilogue,
                place,
            );
        }
        MR
    }
}

/// `target (+)= scale * the sum of all parts`, for some rows of the target.
struct AddParts<'a> {
    sums: &'a [f32],
    cut: Cut,
    symmetric: bool,
    accumulate: Accumulate,
    scale: f32,
    first_row: usize,
    target: &'a mut [f32],
}

impl Kernel for AddParts<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(self, _: S) {
        let AddParts { sums, cut, symmetric, accumulate, scale, first_row, target } = self;
        let Cut { rows, columns, panel, .. } = cut;
        let part_len = cut.groups() * cut.task_len();
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

/// Copies what lies above the diagonal of a square matrix to below it.
struct Mirror<'a> {
    size: usize,
    target: &'a mut [f32],
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
