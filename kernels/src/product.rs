//! The loop nest that all matrix products of this crate share, and its register tile.
//!
//! The left operand is read where it lies. Each of its rows is a list of [`Segment`]s of
//! consecutive values at fixed distances from the row's start, which makes one nest serve a plain
//! product (one segment), a convolution (a segment for each row of the window: implicit im2col) and
//! the gradients of both. The right operand is packed once, into panels as wide as the tile.

use crate::Update;
use crate::aligned::AlignedBuffer;
use crate::simd::{Kernel, Level, Simd};
use rayon::prelude::*;

/// `len` consecutive values of the left operand that start `start` values after the row's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) start: usize,
    pub(crate) len: usize,
}

/// Joins neighbouring segments, so that the tile's inner loop runs as long as it can.
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

    /// The largest start among the first `rows` rows.
    fn last_start(&self, rows: usize) -> usize {
        let full_rows = (rows - 1) / self.width;
        full_rows * self.row_stride + (rows - 1).min(self.width - 1) * self.pixel_stride
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

/// A matrix of `depth` rows in panels: all rows of the first columns, then all rows of the next.
/// Panels are as wide as the tile; the last is filled up with zeros.
pub(crate) struct PackedMatrix {
    level: Level,
    depth: usize,
    columns: usize,
    panel: usize,
    values: AlignedBuffer,
}

impl PackedMatrix {
    pub(crate) fn zeros(level: Level, depth: usize, columns: usize) -> Self {
        let panel = level.panel_width();
        PackedMatrix {
            level,
            depth,
            columns,
            panel,
            values: AlignedBuffer::zeros(depth * columns.next_multiple_of(panel)),
        }
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
        let (size, panel) = (self.columns, self.panel);
        let panels = self.values.par_chunks_mut(size * panel).enumerate();
        panels.for_each(|(index, panel_values)| {
            let columns = index * panel..size.min((index + 1) * panel);
            for (k, places) in panel_values.chunks_exact_mut(panel).enumerate() {
                let row = &matrix[k * size..][columns.clone()];
                for ((place, &value), n) in places.iter_mut().zip(row).zip(columns.clone()) {
                    *place = scale * (value + matrix[n * size + k]);
                }
            }
        });
    }
}

/// `target[p, n] (+)= relu?(bias[n] + sum over k of left[p, k] * right[k, n])` for the pixels `p`
/// of one block, on one thread.
pub(crate) struct Product<'a> {
    pub(crate) left: &'a [f32],
    pub(crate) left_grid: Grid,
    /// The values of a row, in the order of the right operand's rows.
    pub(crate) segments: &'a [Segment],
    pub(crate) right: &'a PackedMatrix,
    /// One value a column, where there is a bias.
    pub(crate) bias: Option<&'a [f32]>,
    pub(crate) relu: bool,
    pub(crate) update: Update,
    pub(crate) target: &'a mut [f32],
    /// Values from one row of the target to the next.
    pub(crate) target_stride: usize,
    /// Rows of the product.
    pub(crate) rows: usize,
}

impl Product<'_> {
    pub(crate) fn run(self) {
        if self.rows > 0 {
            self.right.level.run(self);
        }
    }
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const ROWS: usize, const VECTORS: usize>(self, simd: S) {
        let Product { left, right, bias, target, rows: row_count, .. } = self;
        let panel = S::LANES * VECTORS;
        let depth: usize = self.segments.iter().map(|segment| segment.len).sum();
        let reach = self.segments.iter().map(|segment| segment.start + segment.len).max();
        // All that the unsafe code below relies on.
        assert_eq!(right.panel, panel, "the panels were packed for this tile");
        assert_eq!(right.depth, depth, "one row of the right operand for each value of the left's rows");
        assert!(self.left_grid.last_start(row_count) + reach.unwrap_or(0) <= left.len());
        assert!((row_count - 1) * self.target_stride + right.columns <= target.len());
        assert!(bias.is_none_or(|bias| bias.len() >= right.columns));

        for first_column in (0..right.columns).step_by(panel) {
            let columns = (right.columns - first_column).min(panel);
            let panel_values = &right.values[first_column * depth..][..depth * panel];
            let mut cursor = Cursor { column: 0, row_start: 0 };
            for first_row in (0..row_count).step_by(ROWS) {
                let rows = (row_count - first_row).min(ROWS);
                // A tile at the end computes its last row again instead of rows that do not exist.
                let mut start = 0;
                let starts: [*const f32; ROWS] = std::array::from_fn(|r| {
                    if r < rows {
                        start = cursor.next(&self.left_grid);
                    }
                    left.as_ptr().wrapping_add(start)
                });
                let mut finish = Finish {
                    first_row,
                    first_column,
                    rows,
                    columns,
                    bias,
                    relu: self.relu,
                    update: self.update,
                    stride: self.target_stride,
                    target: target.as_mut_ptr(),
                };
                // SAFETY: each start is that of an existing row, whose segments end inside `left`
                // (asserted above); the panel holds `depth` rows of `panel` values; `finish` writes
                // existing rows and columns of the target only (asserted above).
                unsafe {
                    if columns <= S::LANES {
                        let sums =
                            tile::<S, ROWS, 1>(simd, starts, self.segments, 1, panel_values.as_ptr(), panel);
                        finish.store(simd, sums);
                    } else {
                        let sums = tile::<S, ROWS, VECTORS>(
                            simd,
                            starts,
                            self.segments,
                            1,
                            panel_values.as_ptr(),
                            panel,
                        );
                        finish.store(simd, sums);
                    }
                }
            }
        }
    }
}

/// `target[i, j] (+)= sum over p of left[p, i] * right[p, j]` for one block of positions `p`, on one
/// thread. Both operands are packed as [`PackRow`] leaves them.
pub(crate) struct TransposedBlock<'a> {
    pub(crate) left: &'a [f32],
    pub(crate) right: &'a [f32],
    /// Positions a panel has room for, and how many there are.
    pub(crate) capacity: usize,
    pub(crate) positions: usize,
    /// Rows and columns of the target.
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Skip tiles that lie below the diagonal.
    pub(crate) upper_only: bool,
    pub(crate) update: Update,
    pub(crate) target: &'a mut [f32],
}

impl Kernel for TransposedBlock<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, const ROWS: usize, const VECTORS: usize>(self, simd: S) {
        let TransposedBlock { left, right, capacity, positions, rows, columns, .. } = self;
        let panel = S::LANES * VECTORS;
        // All that the unsafe code below relies on.
        assert!(positions <= capacity);
        assert!(left.len() >= rows.next_multiple_of(panel) * capacity);
        assert!(right.len() >= columns.next_multiple_of(panel) * capacity);
        assert!(self.target.len() >= rows * columns);

        let segments = [Segment { start: 0, len: positions }];
        for first_column in (0..columns).step_by(panel) {
            let tile_columns = (columns - first_column).min(panel);
            let last_row = if self.upper_only { rows.min(first_column + tile_columns) } else { rows };
            for first_row in (0..last_row).step_by(ROWS) {
                let tile_rows = (rows - first_row).min(ROWS);
                let starts: [*const f32; ROWS] = std::array::from_fn(|r| {
                    let row = first_row + r.min(tile_rows - 1);
                    left.as_ptr().wrapping_add(row / panel * capacity * panel + row % panel)
                });
                let right = right.as_ptr().wrapping_add(first_column * capacity);
                let mut finish = Finish {
                    first_row,
                    first_column,
                    rows: tile_rows,
                    columns: tile_columns,
                    bias: None,
                    relu: false,
                    update: self.update,
                    stride: columns,
                    target: self.target.as_mut_ptr(),
                };
                // SAFETY: each start is that of an existing row in its panel, which holds `positions`
                // values `panel` apart; the right panel holds as many rows; `finish` writes existing
                // rows and columns of the target only (all asserted above).
                unsafe {
                    if tile_columns <= S::LANES {
                        finish.store(simd, tile::<S, ROWS, 1>(simd, starts, &segments, panel, right, panel));
                    } else {
                        finish.store(
                            simd,
                            tile::<S, ROWS, VECTORS>(simd, starts, &segments, panel, right, panel),
                        );
                    }
                }
            }
        }
    }
}

/// Copies one row of an operand of [`TransposedBlock`] to its place in the panels: all positions of
/// the first columns lie together, then those of the next. The last panel is filled up with zeros.
pub(crate) struct PackRow<'a> {
    pub(crate) row: &'a [f32],
    pub(crate) position: usize,
    /// Positions that a panel has room for.
    pub(crate) capacity: usize,
    pub(crate) panels: &'a mut [f32],
}

impl PackRow<'_> {
    #[inline(always)]
    pub(crate) fn run<S: Simd, const VECTORS: usize>(self, simd: S) {
        let panel = S::LANES * VECTORS;
        assert!(self.position < self.capacity);
        assert!(self.panels.len() >= self.row.len().next_multiple_of(panel) * self.capacity);
        let mut target = self.panels.as_mut_ptr().wrapping_add(self.position * panel);
        let mut chunks = self.row.chunks_exact(panel);
        for chunk in &mut chunks {
            for v in 0..VECTORS {
                // SAFETY: the chunk is a panel wide, and so is the place of this position in each of
                // the panels, which the assertions above have counted.
                unsafe { simd.store(target.add(v * S::LANES), simd.load(chunk.as_ptr().add(v * S::LANES))) };
            }
            target = target.wrapping_add(self.capacity * panel);
        }
        let rest = chunks.remainder();
        for n in 0..if rest.is_empty() { 0 } else { panel } {
            // SAFETY: as above, for the last panel.
            unsafe { *target.add(n) = rest.get(n).copied().unwrap_or(0.0) };
        }
    }
}

/// The register tile: `sums[r, n] = sum over k of left[r][k * left_step] * panel[k * panel_step + n]`,
/// where `k` runs over the segments of the rows that start at `left[r]`.
///
/// # Safety
/// Reads inside the segments of every row, and as many rows of `NV` vectors from `panel` on as the
/// segments have values.
#[inline(always)]
pub(crate) unsafe fn tile<S: Simd, const ROWS: usize, const NV: usize>(
    simd: S,
    left: [*const f32; ROWS],
    segments: &[Segment],
    left_step: usize,
    panel: *const f32,
    panel_step: usize,
) -> [[S::Vector; NV]; ROWS] {
    let mut sums = [[simd.splat(0.0); NV]; ROWS];
    let mut panel = panel;
    for segment in segments {
        // SAFETY: the caller vouches for the segments of every row and as many rows of the panel.
        unsafe {
            let rows: [*const f32; ROWS] = std::array::from_fn(|r| left[r].add(segment.start));
            for k in 0..segment.len {
                let right: [S::Vector; NV] = std::array::from_fn(|v| simd.load(panel.add(v * S::LANES)));
                for r in 0..ROWS {
                    let value = simd.splat(*rows[r].add(k * left_step));
                    for v in 0..NV {
                        sums[r][v] = simd.multiply_add(value, right[v], sums[r][v]);
                    }
                }
                panel = panel.add(panel_step);
            }
        }
    }
    sums
}

/// What becomes of a tile's sums.
struct Finish<'a> {
    first_row: usize,
    first_column: usize,
    rows: usize,
    columns: usize,
    bias: Option<&'a [f32]>,
    relu: bool,
    update: Update,
    stride: usize,
    target: *mut f32,
}

impl Finish<'_> {
    /// Adds bias and earlier contents, rectifies, and writes `rows` x `columns` of the sums.
    ///
    /// # Safety
    /// The target has these rows and columns.
    #[inline(always)]
    unsafe fn store<S: Simd, const ROWS: usize, const NV: usize>(
        &mut self,
        simd: S,
        sums: [[S::Vector; NV]; ROWS],
    ) {
        let full = self.columns == NV * S::LANES;
        for (r, sums) in sums.iter().enumerate() {
            if r >= self.rows {
                break;
            }
            // SAFETY: this row and these columns exist, as the caller vouches; the spill below holds
            // a whole row of the tile.
            unsafe {
                let target = self.target.add((self.first_row + r) * self.stride + self.first_column);
                if full {
                    for (v, sum) in sums.iter().enumerate() {
                        let bias = self.bias.map(|bias| bias.as_ptr().add(self.first_column + v * S::LANES));
                        self.finish(simd, *sum, bias, target.add(v * S::LANES));
                    }
                } else {
                    let mut spill = [0.0f32; 64];
                    debug_assert!(NV * S::LANES <= spill.len());
                    for (v, sum) in sums.iter().enumerate() {
                        simd.store(spill.as_mut_ptr().add(v * S::LANES), *sum);
                    }
                    for (n, &sum) in spill[..self.columns].iter().enumerate() {
                        let mut value = sum;
                        if let Some(bias) = self.bias {
                            value += bias[self.first_column + n];
                        }
                        if self.update == Update::Add {
                            value += *target.add(n);
                        }
                        if self.relu {
                            value = if value > 0.0 { value } else { 0.0 };
                        }
                        *target.add(n) = value;
                    }
                }
            }
        }
    }

    /// # Safety
    /// `target` and `bias` are valid for a vector.
    #[inline(always)]
    unsafe fn finish<S: Simd>(&self, simd: S, sum: S::Vector, bias: Option<*const f32>, target: *mut f32) {
        // SAFETY: the caller vouches for both pointers.
        unsafe {
            let mut value = sum;
            if let Some(bias) = bias {
                value = simd.add(value, simd.load(bias));
            }
            if self.update == Update::Add {
                value = simd.add(value, simd.load(target));
            }
            if self.relu {
                value = simd.rectify(value);
            }
            simd.store(target, value);
        }
    }
}
