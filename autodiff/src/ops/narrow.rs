//! A part of an array along one axis.

use super::{check_axis, lengths_around};
use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};
use std::ops::Range;

const FORMULAS: Formulas = Formulas {
    forward: &["out = the positions start .. start + len of one axis of x"],
    backward: &["d_x = d_out there, 0 elsewhere"],
};

struct Narrow {
    start: usize,
    len: usize,
    /// Positions before the axis.
    blocks: usize,
    /// Values of `x` in one of them.
    block_len: usize,
    /// Values of one position along the axis.
    inner: usize,
    output: Vec<usize>,
}

impl<T: Element> Tape<T> {
    /// Records the slice of `x` that keeps the positions `start .. start + len` of `axis`.
    ///
    /// ```text
    /// out = the positions start .. start + len of one axis of x
    /// d_x = d_out there, 0 elsewhere
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if there is no such axis, or it ends earlier.
    pub fn narrow(&mut self, x: Var, axis: usize, start: usize, len: usize) -> Result<Var, TapeError> {
        self.record_with("narrow", &[x], |shapes| Narrow::new(axis, start, len, shapes[0]))
    }
}

impl Narrow {
    fn new(axis: usize, start: usize, len: usize, x: &[usize]) -> Result<Self, Mismatch> {
        check_axis(axis, x)?;
        let [blocks, axis_len, inner] = lengths_around(axis, x);
        if start.checked_add(len).is_none_or(|end| end > axis_len) {
            return Err(Mismatch::new(format!(
                "axis {axis} has {axis_len} positions, not {len} from {start} on"
            )));
        }
        let mut output = x.to_vec();
        output[axis] = len;
        let blocks = if output.contains(&0) { 0 } else { blocks };
        Ok(Narrow { start, len, blocks, block_len: axis_len * inner, inner, output })
    }

    /// The part of each block that is kept, as it lies in `x` and in `out`.
    fn parts(&self) -> impl Iterator<Item = [Range<usize>; 2]> {
        let (first, len) = (self.start * self.inner, self.len * self.inner);
        (0..self.blocks).map(move |block| {
            let start = block * self.block_len + first;
            [start..start + len, block * len..(block + 1) * len]
        })
    }
}

impl<T: Element> Operation<T> for Narrow {
    fn name(&self) -> &'static str {
        "narrow"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(self.output.clone())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        let x = values.input(0);
        for [kept, to] in self.parts() {
            out[to].copy_from_slice(&x[kept]);
        }
    }

    fn backward(&mut self, _: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.add(0, |d_x| {
            for [kept, from] in self.parts() {
                for (d_x, &d_out) in d_x[kept].iter_mut().zip(&d_out[from]) {
                    *d_x = *d_x + d_out;
                }
            }
        });
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        false
    }

    fn reads_output(&self) -> bool {
        false
    }
}
