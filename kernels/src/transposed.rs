//! Products summed over positions, `target[i, j] = sum over p of left[p, i] * right[p, j]`: the Gram
//! matrix (both sides the same, so half the work) and the gradient of convolution weights.
//!
//! The positions are cut into parts, each with a partial sum of its own; parts are packed block by
//! block as they are read, so that neither operand is ever copied whole.

use crate::Update;
use crate::aligned::{AlignedBuffer, announce_scratch, with_scratch};
use crate::parallel;
use crate::product::{PackRow, TransposedBlock};
use crate::simd::{Kernel, Level, Simd};
use rayon::prelude::*;
use std::ops::Range;

/// Positions packed at a time: a panel of 16 channels is then 8 KiB and stays in the L1 cache while
/// the tiles of a whole column pass over it.
const BLOCK: usize = 128;

/// Parts the positions are cut into at most: the partial sums are read once more at the end.
const PARTS: usize = 16;

/// Fewest positions worth a partial sum.
const SMALLEST_PART: usize = 48;

/// One operand: rows of `len` values, found or computed by position.
pub(crate) trait Rows: Sync {
    /// Values in a row.
    fn len(&self) -> usize;
    /// The row of `position`; `scratch`, of as many values, is there to compute it in.
    fn row<'a>(&'a self, position: usize, scratch: &'a mut [f32]) -> &'a [f32];
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

    #[inline(always)]
    fn row<'a>(&'a self, position: usize, _: &'a mut [f32]) -> &'a [f32] {
        &self.values[position * self.columns..][..self.columns]
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

    /// `target[i, j] (+)= sum over p of left[p, i] * right[p, j]`.
    pub(crate) fn run(
        &mut self,
        positions: usize,
        left: &impl Rows,
        right: &impl Rows,
        update: Update,
        target: &mut [f32],
    ) {
        let [rows, columns] = [left.len(), right.len()];
        let parts = self.partial_sums(positions, left, Some(right));
        let sums = &self.partial_sums[..parts * rows * columns];
        parallel::for_each_chunk(columns, target, |start, chunk| {
            if update == Update::Replace {
                chunk.fill(0.0);
            }
            for part in sums.chunks_exact(rows * columns) {
                chunk.iter_mut().zip(&part[start..]).for_each(|(sum, &value)| *sum += value);
            }
        });
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
        let parts = self.partial_sums(positions, matrix, None::<&Matrix<'_>>);
        let sums = &self.partial_sums[..parts * size * size];
        let level = self.level;
        parallel::for_each_chunk(size, target, |start, chunk| {
            level.run(AddUpper { sums, size, scale, first_row: start / size, rows: chunk });
        });
        for i in 1..size {
            let (above, row) = target.split_at_mut(i * size);
            for (j, value) in row[..i].iter_mut().enumerate() {
                *value = above[j * size + i];
            }
        }
    }

    /// Computes the partial sums, for the symmetric case (no `right`) on and above the diagonal only,
    /// and returns how many there are.
    fn partial_sums(&mut self, positions: usize, left: &impl Rows, right: Option<&impl Rows>) -> usize {
        let level = self.level;
        let rows = left.len();
        let columns = right.map_or(rows, |right| right.len());
        let positions_a_part = positions.div_ceil(PARTS).max(SMALLEST_PART).min(positions);
        let parts = positions.div_ceil(positions_a_part);
        self.partial_sums.resize(parts * rows * columns);
        let panel = level.panel_width();
        let (left_len, right_len) = (
            rows.next_multiple_of(panel) * BLOCK,
            right.map_or(0, |_| columns.next_multiple_of(panel) * BLOCK),
        );

        let scratch_len = left_len + right_len + rows.max(columns);
        announce_scratch(scratch_len);

        let sums = self.partial_sums.par_chunks_mut(rows * columns).with_max_len(1).enumerate();
        sums.for_each(|(part, target)| {
            with_scratch(scratch_len, |scratch| {
                let (left_block, scratch) = scratch.split_at_mut(left_len);
                let (right_block, row) = scratch.split_at_mut(right_len);
                let end = positions.min((part + 1) * positions_a_part);
                for first in (part * positions_a_part..end).step_by(BLOCK) {
                    let block = first..end.min(first + BLOCK);
                    level.run(PackBlock {
                        rows: left,
                        block: block.clone(),
                        panels: left_block,
                        scratch: row,
                    });
                    if let Some(right) = right {
                        let panels = &mut *right_block;
                        level.run(PackBlock { rows: right, block: block.clone(), panels, scratch: row });
                    }
                    level.run(TransposedBlock {
                        left: left_block,
                        right: if right.is_some() { right_block } else { left_block },
                        capacity: BLOCK,
                        positions: block.len(),
                        rows,
                        columns,
                        upper_only: right.is_none(),
                        update: if first == part * positions_a_part { Update::Replace } else { Update::Add },
                        target: &mut *target,
                    });
                }
            });
        });
        parts
    }
}

/// Adds up the partial sums of a symmetric product, on and above the diagonal.
struct AddUpper<'a> {
    sums: &'a [f32],
    size: usize,
    scale: f32,
    /// The first of these rows of the matrix.
    first_row: usize,
    rows: &'a mut [f32],
}

impl Kernel for AddUpper<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const ROWS: usize, const VECTORS: usize>(self, _: S) {
        let AddUpper { sums, size, scale, first_row, rows } = self;
        for (i, row) in (first_row..).zip(rows.chunks_exact_mut(size)) {
            let upper = &mut row[i..];
            upper.fill(0.0);
            for part in sums.chunks_exact(size * size) {
                let part = &part[i * size + i..][..upper.len()];
                upper.iter_mut().zip(part).for_each(|(sum, &value)| *sum += value);
            }
            upper.iter_mut().for_each(|value| *value *= scale);
        }
    }
}

/// Copies the rows of a block of positions into panels.
struct PackBlock<'a, R> {
    rows: &'a R,
    block: Range<usize>,
    panels: &'a mut [f32],
    /// Room for one row.
    scratch: &'a mut [f32],
}

impl<R: Rows> Kernel for PackBlock<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const ROWS: usize, const VECTORS: usize>(self, simd: S) {
        let len = self.rows.len();
        for (position, source) in self.block.enumerate() {
            let row = self.rows.row(source, &mut self.scratch[..len]);
            PackRow { row, position, capacity: BLOCK, panels: self.panels }.run::<S, VECTORS>(simd);
        }
    }
}
