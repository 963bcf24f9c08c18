//! Some rows of an image, for computations that walk over it strip by strip.

use std::ops::Range;

/// Rows of one image (H, W, C), from row `first` on; what lies above and below is not in memory.
///
/// ```
/// use impasto_kernels::Rows;
///
/// // Rows 10, 11 and 12 of an image with two values per row.
/// let rows = Rows { first: 10, values: &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
/// assert_eq!(rows.select(11..13, 2).values, [3.0, 4.0, 5.0, 6.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a, T = f32> {
    /// The number in the whole image of the first of these rows.
    pub first: usize,
    /// The rows, one after the other.
    pub values: &'a [T],
}

impl<'a, T> Rows<'a, T> {
    /// These rows of `row_len` values among them.
    ///
    /// # Panics
    /// If one of them is not there.
    pub fn select(self, rows: Range<usize>, row_len: usize) -> Rows<'a, T> {
        let start = rows.start.checked_sub(self.first).expect("a row above the first that is in memory");
        Rows { first: rows.start, values: &self.values[start * row_len..][..rows.len() * row_len] }
    }
}
