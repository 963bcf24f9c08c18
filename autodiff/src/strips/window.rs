//! The rows of a node that are in memory.

use impasto_kernels::{Element, Rows};
use std::ops::Range;

/// A node whose value and gradient pass through memory a few rows at a time.
pub(super) struct Strip<T> {
    /// Whether its value is a constant that is in memory whole.
    pub(super) in_place: bool,
    pub(super) values: Window<T>,
    pub(super) gradient: Window<T>,
}

/// Rows of an image that follow each other.
pub(super) struct Window<T> {
    buffer: Vec<T>,
    first: usize,
    row_len: usize,
    rows: usize,
}

impl<T: Element> Window<T> {
    /// A window without rows, which has memory for this many.
    pub(super) fn new(row_len: usize, capacity: usize) -> Self {
        Window { buffer: vec![T::zero(); row_len * capacity], first: 0, row_len, rows: 0 }
    }

    pub(super) fn rows(&self) -> Rows<'_, T> {
        Rows { first: self.first, values: &self.buffer[..self.rows * self.row_len] }
    }

    /// Forgets all rows; the next is row 0.
    pub(super) fn clear(&mut self) {
        (self.first, self.rows) = (0, 0);
    }

    /// Gives up the rows above `keep`.
    pub(super) fn give_up(&mut self, keep: usize) {
        let len = self.row_len;
        let dropped = keep.saturating_sub(self.first).min(self.rows);
        self.buffer.copy_within(dropped * len..self.rows * len, 0);
        self.rows -= dropped;
        self.first += dropped;
    }

    /// Takes these rows, the next, in: with arbitrary values, to be overwritten.
    pub(super) fn append(&mut self, rows: Range<usize>) -> &mut [T] {
        let len = self.row_len;
        self.first = rows.start - self.rows;
        let start = self.rows * len;
        self.rows += rows.len();
        let end = self.rows * len;
        if self.buffer.len() < end {
            self.buffer.reserve_exact(end - self.buffer.len());
            self.buffer.resize(end, T::zero());
        }
        &mut self.buffer[start..end]
    }

    /// These of its rows.
    pub(super) fn select(&self, rows: Range<usize>) -> &[T] {
        self.rows().select(rows, self.row_len).values
    }
}

/// Cuts a strip of a gradient into few rows at a time, for operations that need scratch memory for each row.
pub(crate) fn few_rows<T>(
    rows: Range<usize>,
    gradient: &mut [T],
) -> impl Iterator<Item = (Range<usize>, &mut [T])> {
    const FEW: usize = 16;
    let row_len = gradient.len() / rows.len().max(1);
    let parts = gradient.chunks_mut((FEW * row_len).max(1));
    parts.enumerate().map(move |(index, part)| {
        let first = rows.start + index * FEW;
        (first..(first + FEW).min(rows.end), part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_moves_down_an_image() {
        let mut window = Window::<f32>::new(2, 3);
        window.append(0..2).copy_from_slice(&[0.0, 0.1, 1.0, 1.1]);
        window.give_up(1);
        window.append(2..4).copy_from_slice(&[2.0, 2.1, 3.0, 3.1]);
        let rows = window.rows();
        assert_eq!((rows.first, rows.values), (1, &[1.0, 1.1, 2.0, 2.1, 3.0, 3.1][..]));
        assert_eq!(window.select(2..3), [2.0, 2.1]);
        // More than there was memory for.
        window.append(4..6).copy_from_slice(&[4.0, 4.1, 5.0, 5.1]);
        assert_eq!((window.rows().first, window.rows().values.len()), (1, 10));
        window.give_up(6);
        window.append(6..7).copy_from_slice(&[6.0, 6.1]);
        assert_eq!((window.rows().first, window.rows().values), (6, &[6.0, 6.1][..]));
        window.clear();
        assert_eq!(window.append(0..1).len(), 2);
    }
}
