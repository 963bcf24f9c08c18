//! The same values under another shape.

use crate::error::shape;
use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas = Formulas {
    forward: &["out = the values of x, row by row, under another shape"],
    backward: &["d_x = the values of d_out, row by row, under the shape of x"],
};

struct Reshape {
    shape: Vec<usize>,
}

impl<T: Element> Tape<T> {
    /// Records the values of `x`, row by row, under another shape.
    ///
    /// ```text
    /// out = the values of x, row by row, under another shape
    /// d_x = the values of d_out, row by row, under the shape of x
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if `shape` has not as many values.
    pub fn reshape(&mut self, x: Var, shape: &[usize]) -> Result<Var, TapeError> {
        self.record(Reshape { shape: shape.to_vec() }, &[x])
    }
}

impl<T: Element> Operation<T> for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        let len = |shape: &[usize]| {
            if shape.contains(&0) {
                Some(0)
            } else {
                shape.iter().try_fold(1, |len: usize, &size| len.checked_mul(size))
            }
        };
        if len(inputs[0]) != len(&self.shape) {
            return Err(Mismatch::new(format!("{} has another number of values", shape(&self.shape))));
        }
        Ok(self.shape.clone())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        out.copy_from_slice(values.input(0));
    }

    fn backward(&mut self, _: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.add(0, |d_x| {
            for (d_x, &d_out) in d_x.iter_mut().zip(d_out) {
                *d_x = *d_x + d_out;
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
