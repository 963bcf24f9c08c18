//! The loop nest of products of an image with a packed matrix.
//!
//! The left operand is read where it lies. Each of its rows is a list of [`Segment`]s, here of
//! consecutive values at fixed distances from the row's start, so that one nest computes a plain
//! product (one segment), a convolution (one segment per row of the window: implicit im2col) and
//! the gradients of both.

use crate::gemm::micro_kernel::{ABOVE_LOW, Epilogue, LOW, MIDDLE, Place, Segment, micro_kernel};
use crate::gemm::packed::PackedMatrix;
use crate::simd::{Kernel, Simd};

/// Joins adjacent segments, so that the micro-kernel's inner loop is as long as possible.
pub(crate) fn joined(segments: impl IntoIterator<Item = Segment>) -> Vec<Segment> {
    let mut joined: Vec<Segment> = Vec::new();
    for segment in segments {
        match joined.last_mut() {
            Some(last) if last.start + last.len == segment.start => last.len += segment.len,
            _ => joined.push(segment),
        }
    }
    joined
}

/// Where row `p` of an operand starts: rows run along the pixels of a `width` pixels wide image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    pub(crate) width: usize,
    /// Values from one pixel to the next.
    pub(crate) pixel_stride: usize,
    /// Values from one row of pixels to the next.
    pub(crate) row_stride: usize,
}

impl Grid {
    /// Rows of a plain matrix, `stride` values apart.
    pub(crate) fn flat(stride: usize) -> Self {
        Grid { width: usize::MAX, pixel_stride: stride, row_stride: 0 }
    }

    /// Where the last of the values ends that the first `rows` rows read, if each reads `reach` values from its start
    /// on; nothing if no memory reaches so far. No row starts later than the last pixel of the last row of pixels,
    /// since nothing wraps on the way there.
    fn end(&self, rows: usize, reach: usize) -> Option<usize> {
        let full_rows = (rows - 1) / self.width;
        let column = (rows - 1).min(self.width - 1);
        let last =
            full_rows.checked_mul(self.row_stride)?.checked_add(column.checked_mul(self.pixel_stride)?)?;
        last.checked_add(reach)
    }
}

/// Walks over the starts of a [`Grid`]'s rows without a division.
struct Cursor {
    column: usize,
    row_start: usize,
}

impl Cursor {
    #[inline(always)]
    fn next(&mut self, grid: &Grid) -> usize {
        let start = self.row_start + self.column * grid.pixel_stride;
        self.column += 1;
        if self.column == grid.width {
            self.column = 0;
            self.row_start += grid.row_stride;
        }
        start
    }
}

/// `target[p, n] = epilogue(sum over k of left[p, k] * right[k, n])` for the pixels `p` of one block, on one thread.
pub(crate) struct Product<'a> {
    pub(crate) left: &'a [f32],
    pub(crate) left_grid: Grid,
    /// The values of a row, in the order of the right operand's rows.
    pub(crate) segments: &'a [Segment],
    pub(crate) right: &'a PackedMatrix,
    pub(crate) epilogue: Epilogue<'a>,
    pub(crate) target: &'a mut [f32],
    /// Values from one row of the target to the next.
    pub(crate) target_stride: usize,
    /// Rows of the product.
    pub(crate) rows: usize,
    /// Whether the target is likely in memory only; see [`Place::cold`].
    pub(crate) cold: bool,
}

impl Product<'_> {
    pub(crate) fn run(self) {
        self.right.level().run(self);
    }
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(mut self, simd: S) {
        if self.rows == 0 {
            return;
        }
        let panel = S::LANES * NV;
        let (mut depth, mut reach) = (0usize, 0);
        for segment in self.segments {
            // Sums that wrapped would be found by the assertions below: no slice and no matrix is so large.
            depth = depth.saturating_add(segment.len);
            reach = reach.max(segment.start.saturating_add(segment.len));
        }
        let columns = self.right.columns();
        // All that the unsafe code below relies on.
        assert_eq!(self.right.panel_width(), panel, "the panels were packed for this tile");
        assert_eq!(
            self.right.depth(),
            depth,
            "one row of the right operand for each value of the left's rows"
        );
        let left_end = self.left_grid.end(self.rows, reach);
        assert!(left_end.is_some_and(|end| end <= self.left.len()), "all rows lie inside the left operand");
        let last = (self.rows - 1).checked_mul(self.target_stride);
        let target_end = last.and_then(|last| last.checked_add(columns));
        assert!(target_end.is_some_and(|end| end <= self.target.len()), "all rows lie inside the target");
        if let Some(bias) = self.epilogue.bias() {
            assert!(bias.len() >= columns);
        }

        // Loop 2 around the micro-kernel: panels of NR columns.
        let mut first_column = 0;
        while first_column < columns {
            if columns - first_column <= S::LANES {
                self.panel::<S, MR, 1>(simd, first_column);
            } else {
                self.panel::<S, MR, NV>(simd, first_column);
            }
            first_column += panel;
        }
    }
}

impl Product<'_> {
    /// All rows of one panel's columns.
    #[inline(always)]
    fn panel<S: Simd, const MR: usize, const NV: usize>(&mut self, simd: S, first_column: usize) {
        let mut cursor = Cursor { column: 0, row_start: 0 };
        // Loop 1: tiles of MR rows.
        let mut first_row = 0;
        while first_row < self.rows {
            // Few rows left take a lower tile, rather than one that is mostly empty.
            let height = match self.rows - first_row {
                1..=LOW if MR > LOW => self.tile::<S, LOW, NV>(simd, first_row, first_column, &mut cursor),
                ABOVE_LOW..=MIDDLE if MR > MIDDLE => {
                    self.tile::<S, MIDDLE, NV>(simd, first_row, first_column, &mut cursor)
                }
                _ => self.tile::<S, MR, NV>(simd, first_row, first_column, &mut cursor),
            };
            first_row += height;
        }
    }

    /// One tile; returns its height.
    #[inline(always)]
    fn tile<S: Simd, const MR: usize, const NV: usize>(
        &mut self,
        simd: S,
        first_row: usize,
        first_column: usize,
        cursor: &mut Cursor,
    ) -> usize {
        let rows = (self.rows - first_row).min(MR);
        let columns = (self.right.columns() - first_column).min(NV * S::LANES);
        // A tile at the end computes its last row again instead of rows that do not exist.
        let mut starts = [self.left.as_ptr(); MR];
        let mut start = 0;
        for r in 0..MR {
            if r < rows {
                start = cursor.next(&self.left_grid);
            }
            starts[r] = self.left.as_ptr().wrapping_add(start);
        }
        let panel = self.right.panel(first_column).as_ptr();
        let target = self.target.as_mut_ptr().wrapping_add(first_row * self.target_stride + first_column);
        let place = Place { target, stride: self.target_stride, rows, columns, cold: self.cold };
        let epilogue = self.epilogue.after_columns(first_column);
        // The next tile's rows, for the first panel alone: the others find them in the cache.
        let ahead = if first_column == 0 { MR * self.left_grid.pixel_stride } else { 0 };
        let coming = starts[0].wrapping_add(ahead);
        // SAFETY: each start is that of an existing row, whose segments end inside `left`; the panel's slice has
        // `panel_width` values for each row of the right operand, which are as many as the segments have values, and
        // `NV` vectors are no wider; the place names existing rows and columns of the target only, which have a bias
        // each if there are biases. `PackedMatrix::panel` cut the slice, `run` asserted all the rest.
        unsafe {
            micro_kernel::<S, MR, NV>(
                simd,
                &starts,
                self.segments,
                1,
                panel,
                self.right.panel_width(),
                coming,
                epilogue,
                place,
            )
        }
        MR
    }
}
