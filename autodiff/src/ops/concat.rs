//! Arrays one after the other along one axis.

use super::{check_axis, lengths_around};
use crate::error::shape;
use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};
use std::ops::Range;

const FORMULAS: Formulas = Formulas {
    forward: &["out = the inputs one after the other along one axis"],
    backward: &["d_x of each input = its part of d_out"],
};

struct Concat {
    axis: usize,
    /// Positions before the axis.
    blocks: usize,
    /// Where each input's part of a block of the output lies.
    parts: Vec<Range<usize>>,
    block_len: usize,
}

impl<T: Element> Tape<T> {
    /// Records `inputs` side by side along `axis`; their other axes must be equal. Convolutions of
    /// one image need no such copy: [`Tape::conv2d_bank`].
    ///
    /// Gradient: each input gets its part of `d_out`.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let (a, b) = (tape.variable(&array![[1.0], [2.0]]), tape.variable(&array![[3.0], [4.0]]));
    /// let both = tape.concat(&[a, b], 1)?;
    /// let second = tape.narrow(both, 1, 1, 1)?;
    /// let loss = tape.sum(second)?;
    /// tape.forward();
    /// tape.backward(loss)?;
    /// assert_eq!(tape.value(both)?, array![[1.0, 3.0], [2.0, 4.0]].into_dyn());
    /// assert_eq!(tape.value(second)?, tape.value(b)?);
    /// assert_eq!(tape.gradient(a)?.sum(), 0.0); // narrow took nothing of it
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if there are no inputs, no such axis, or another axis differs.
    pub fn concat(&mut self, inputs: &[Var], axis: usize) -> Result<Var, TapeError> {
        self.record(Concat { axis, blocks: 0, parts: Vec::new(), block_len: 0 }, inputs)
    }
}

impl<T: Element> Operation<T> for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&mut self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        let Some(&first) = inputs.first() else {
            return Err(Mismatch::new("there must be at least one input"));
        };
        check_axis(self.axis, first)?;
        let mut output = first.to_vec();
        output[self.axis] = 0;
        self.parts.clear();
        self.block_len = 0;
        for &input in inputs {
            let others_fit = input.len() == first.len()
                && (0..first.len()).all(|axis| axis == self.axis || input[axis] == first[axis]);
            if !others_fit {
                return Err(Mismatch::new(format!(
                    "{} and {} differ in more than axis {}",
                    shape(first),
                    shape(input),
                    self.axis
                )));
            }
            // Saturates for arrays without values only, and the tape refuses an output of that size.
            output[self.axis] = output[self.axis].saturating_add(input[self.axis]);
            let [blocks, len, inner] = lengths_around(self.axis, input);
            let end = self.block_len.saturating_add(len * inner);
            self.parts.push(self.block_len..end);
            (self.blocks, self.block_len) = (blocks, end);
        }
        if output.contains(&0) {
            self.blocks = 0;
        }
        Ok(output)
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        for (index, part) in self.parts.iter().enumerate().filter(|(_, part)| !part.is_empty()) {
            for (block, input) in values.input(index).chunks_exact(part.len()).enumerate() {
                out[block * self.block_len..][part.clone()].copy_from_slice(input);
            }
        }
    }

    fn backward(&mut self, _: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        for (index, part) in self.parts.iter().enumerate() {
            gradients.add(index, |d_input| {
                for block in 0..self.blocks {
                    let d_input = &mut d_input[block * part.len()..][..part.len()];
                    for (d_input, &d_out) in
                        d_input.iter_mut().zip(&d_out[block * self.block_len..][part.clone()])
                    {
                        *d_input = *d_input + d_out;
                    }
                }
            });
        }
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        false
    }

    fn reads_output(&self) -> bool {
        false
    }
}
