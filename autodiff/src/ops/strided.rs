//! Walks over several arrays at once, each by strides of its own: what broadcasting and transposition
//! share. The walk goes row by row; callers decide what to do with each row.

use std::array;

/// One axis of a walk: its steps, and how far each of the `K` arrays moves at a step.
#[derive(Clone, Copy)]
pub(super) struct Axis<const K: usize> {
    pub(super) len: usize,
    pub(super) strides: [usize; K],
}

/// A walk over all positions of a shape: the axes outside, and the row, the axis that moves fastest.
pub(super) struct Walk<const K: usize> {
    outer: Vec<Axis<K>>,
    row: Axis<K>,
}

impl<const K: usize> Walk<K> {
    /// A walk over `axes`, given from the outermost to the innermost. Neighbors that every array
    /// walks through evenly become one, so that rows are as long as they can be.
    pub(super) fn new(axes: impl DoubleEndedIterator<Item = Axis<K>>) -> Self {
        let mut merged: Vec<Axis<K>> = Vec::new();
        let mut is_empty = false;
        for axis in axes.rev().filter(|axis| axis.len != 1) {
            is_empty |= axis.len == 0;
            match merged.last_mut() {
                Some(inner)
                    if (0..K).all(|k| axis.strides[k] == inner.strides[k].saturating_mul(inner.len)) =>
                {
                    inner.len = inner.len.saturating_mul(axis.len);
                }
                _ => merged.push(axis),
            }
        }
        if is_empty {
            return Walk { outer: Vec::new(), row: Axis { len: 0, strides: [1; K] } };
        }
        merged.reverse();
        let row = merged.pop().unwrap_or(Axis { len: 1, strides: [1; K] });
        Walk { outer: merged, row }
    }

    /// The axis that moves fastest.
    pub(super) fn row(&self) -> Axis<K> {
        self.row
    }

    /// Calls `visit` with the place where each row starts in each array; never if there are no positions.
    pub(super) fn for_each_row(&self, mut visit: impl FnMut([usize; K])) {
        if self.row.len > 0 {
            descend(&self.outer, [0; K], &mut visit);
        }
    }
}

fn descend<const K: usize>(axes: &[Axis<K>], at: [usize; K], visit: &mut impl FnMut([usize; K])) {
    let Some((axis, inner)) = axes.split_first() else { return visit(at) };
    for step in 0..axis.len {
        descend(inner, array::from_fn(|k| at[k] + step * axis.strides[k]), visit);
    }
}

/// The distance between neighbors along each axis of a contiguous array.
pub(super) fn contiguous_strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        // Saturates for an output that the tape refuses, or that is empty: nobody walks it.
        strides[axis - 1] = shape[axis].saturating_mul(strides[axis]);
    }
    strides
}
