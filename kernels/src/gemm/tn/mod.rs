//! Products summed over positions, `target[i, j] = sum over p of left[p, i] * right[p, j]`: the Gram
//! matrix (both sides the same, so half the work) and the gradient of convolution weights.
//!
//! - `operand`: where the rows of the two sides come from
//! - `partition`: how the work is cut into tasks
//! - `sums`: the kernels of one task

mod operand;
mod partition;
mod sums;

pub(crate) use operand::{Matrix, Rows};

use crate::gemm::micro_kernel::Epilogue;
use crate::memory::{AlignedBuffer, parallel, with_scratch};
use crate::options::Accumulate;
use crate::simd::Level;
use operand::{Operand, block_rows};
use partition::Partition;
use sums::{AddParts, BlockSums, Mirror};

/// A product summed over positions, with its buffer of partial sums.
pub(crate) struct TransposedProduct {
    level: Level,
    partial_sums: AlignedBuffer,
}

impl TransposedProduct {
    pub(crate) fn new(level: Level) -> Self {
        TransposedProduct { level, partial_sums: AlignedBuffer::empty() }
    }

    /// Values of the scratch buffer that each thread needs for a symmetric product of rows of `size` values in memory.
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
        let partition = Partition::new(self.level, positions, left.len(), right.len());
        let right = Operand::right(right, partition.panel);
        self.sum_parts(partition, &Operand::left(left), Some(&right));
        self.add_parts(partition, false, accumulate, 1.0, target);
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
        let partition = Partition::new(self.level, positions, size, size);
        self.sum_parts(partition, &Operand::right(matrix, partition.panel), None::<&Operand<'_, Matrix<'_>>>);
        // Only the upper triangle was summed; the lower one is its mirror image.
        self.add_parts(partition, true, Accumulate::Replace, scale, target);
        self.level.run(Mirror { size, target });
    }

    /// Computes the partial sums, in the symmetric case (no `right`) on and above the diagonal only.
    fn sum_parts<L: Rows, R: Rows>(
        &mut self,
        partition: Partition,
        left: &Operand<'_, L>,
        right: Option<&Operand<'_, R>>,
    ) {
        let level = self.level;
        let widest = left.stride.max(right.map_or(0, |right| right.stride));
        let block = block_rows(widest);
        let left_len = left.scratch_len(block);
        let scratch_len = left_len + right.map_or(0, |right| right.scratch_len(block));
        self.partial_sums.resize(partition.sums_len().expect("partial sums must fit the memory"));
        parallel::for_each_part(partition.task_len(), &mut self.partial_sums, |task, target| {
            let (part, group) = (task / partition.groups(), task % partition.groups());
            let begin = part * partition.positions_per_part;
            let end = partition.positions.min(begin + partition.positions_per_part);
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
                        rows: partition.rows,
                        panel: partition.panel,
                        first_column: group * partition.panels_per_task * partition.panel,
                        symmetric: right.is_none(),
                        epilogue: if first == begin { Epilogue::Replace } else { Epilogue::Add },
                        target: &mut *target,
                    });
                }
            });
        });
    }

    /// Adds up the partial sums: `target (+)= scale * their sum`; in the symmetric case on and above the diagonal.
    fn add_parts(
        &self,
        partition: Partition,
        symmetric: bool,
        accumulate: Accumulate,
        scale: f32,
        target: &mut [f32],
    ) {
        let sums = &self.partial_sums[..];
        parallel::for_each_chunk(partition.columns, target, |start, target| {
            let first_row = start / partition.columns;
            self.level.run(AddParts { sums, partition, symmetric, accumulate, scale, first_row, target });
        });
    }
}
