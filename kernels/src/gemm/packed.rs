//! Right operands of matrix products, packed once into panels as wide as the register tile.

use crate::memory::AlignedBuffer;
use crate::memory::parallel;
use crate::shape::checked_len;
use crate::simd::{Kernel, Level, Simd};

/// A matrix of `depth` rows in panels: all rows of the first columns, then all rows of the next.
/// Panels are as wide as the tile; the last is filled up with zeros.
pub(crate) struct PackedMatrix {
    level: Level,
    depth: usize,
    columns: usize,
    panel: usize,
    /// As many values as [`PackedMatrix::len`] says.
    values: AlignedBuffer,
}

impl PackedMatrix {
    /// A matrix of zeros.
    ///
    /// # Panics
    /// If it would be larger than memory can address.
    pub(crate) fn zeros(level: Level, depth: usize, columns: usize) -> Self {
        let panel = level.panel_width();
        let len = PackedMatrix::len(panel, depth, columns).expect("packed weights must fit the memory");
        PackedMatrix { level, depth, columns, panel, values: AlignedBuffer::zeros(len) }
    }

    /// Values of a matrix in panels of `panel` columns, if memory can address them.
    pub(crate) fn len(panel: usize, depth: usize, columns: usize) -> Option<usize> {
        checked_len(&[depth, columns.checked_next_multiple_of(panel)?])
    }

    /// The instruction set whose tile the panels are as wide as.
    pub(crate) fn level(&self) -> Level {
        self.level
    }

    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Columns of a panel.
    #[inline(always)]
    pub(crate) fn panel_width(&self) -> usize {
        self.panel
    }

    /// The panel that begins with column `first_column`, a multiple of the panels' width: `depth` rows of it.
    #[inline(always)]
    pub(crate) fn panel(&self, first_column: usize) -> &[f32] {
        // Nothing wraps: these are parts of a buffer, unless the column does not exist; then the slice does not either.
        &self.values[first_column * self.depth..][..self.panel * self.depth]
    }

    /// Fills row `k` from its values in order.
    pub(crate) fn set_row(&mut self, k: usize, row: impl IntoIterator<Item = f32>) {
        let mut row = row.into_iter();
        for panel in self.values.chunks_exact_mut(self.depth * self.panel) {
            let places = panel[k * self.panel..][..self.panel].iter_mut();
            places.zip(&mut row).for_each(|(place, value)| *place = value);
        }
    }

    /// Fills the whole of a square matrix with `scale * (matrix + its transpose)`.
    pub(crate) fn set_symmetric(&mut self, scale: f32, matrix: &[f32]) {
        let (size, panel, level) = (self.columns, self.panel, self.level);
        parallel::for_each_part(size * panel, &mut self.values, |index, target| {
            level.run(SymmetricPanel { scale, matrix, size, first_column: index * panel, target });
        });
    }
}

/// One panel of `scale * (matrix + its transpose)`.
struct SymmetricPanel<'a> {
    scale: f32,
    matrix: &'a [f32],
    size: usize,
    first_column: usize,
    target: &'a mut [f32],
}

/// Rows that are transposed at a time: their part of the matrix's columns stays in the L1 cache.
const BLOCK: usize = 16;

impl Kernel for SymmetricPanel<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(self, _: S) {
        let SymmetricPanel { scale, matrix, size, first_column, target } = self;
        let panel = S::LANES * NV;
        let columns = panel.min(size - first_column);
        for first in (0..size).step_by(BLOCK) {
            let rows = BLOCK.min(size - first);
            for n in 0..columns {
                let transposed = &matrix[(first_column + n) * size + first..][..rows];
                for (k, &value) in transposed.iter().enumerate() {
                    target[(first + k) * panel + n] = value;
                }
            }
            for k in first..first + rows {
                let row = &matrix[k * size + first_column..][..columns];
                for (place, &value) in target[k * panel..][..columns].iter_mut().zip(row) {
                    *place = scale * (*place + value);
                }
            }
        }
    }
}
