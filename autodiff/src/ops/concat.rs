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
    /// Positions before the axis.
    blocks: usize,
    /// Where each input's part of a block of the output lies.
    parts: Vec<Range<usize>>,
    block_len: usize,
    output: Vec<usize>,
}

impl<T: Element> Tape<T> {
    /// Records `inputs` side by side along `axis`; their other axes must be equal. Convolutions of
    /// one image need no such copy: [`Tape::conv2d_bank`].
    ///
    /// ```text
    /// out = the inputs one after the other along one axis
    /// d_x of each input = its part of d_out
    /// ```
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
        self.record_with("concat", inputs, |shapes| Concat::new(axis, shapes))
    }
}

impl Concat {
    fn new(axis: usize, inputs: &[&[usize]]) -> Result<Self, Mismatch> {
        let Some(&first) = inputs.first() else {
            return Err(Mismatch::new("there must be at least one input"));
        };
        check_axis(axis, first)?;
        let mut output = first.to_vec();
        output[axis] = 0;
        let mut concat = Concat { blocks: 0, parts: Vec::new(), block_len: 0, output };
        for &input in inputs {
            let others_fit = input.len() == first.len()
                && (0..first.len()).all(|other| other == axis || input[other] == first[other]);
            if !others_fit {
                let (first, input) = (shape(first), shape(input));
                return Err(Mismatch::new(format!("{first} and {input} differ in more than axis {axis}")));
            }
            // Saturates for arrays without values only, and the tape refuses an output of that size.
            concat.output[axis] = concat.output[axis].saturating_add(input[axis]);
            let [blocks, len, inner] = lengths_around(axis, input);
            let end = concat.block_len.saturating_add(len * inner);
            concat.parts.push(concat.block_len..end);
            (concat.blocks, concat.block_len) = (blocks, end);
        }
        if concat.output.contains(&0) {
            concat.blocks = 0;
        }
        Ok(concat)
    }
}

impl<T: Element> Operation<T> for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(self.output.clone())
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
