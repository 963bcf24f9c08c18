//! The difference of two arrays, value by value.

use super::broadcast::Broadcast;
use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas = Formulas {
    forward: &["out = a - b"],
    backward: &["d_a = d_out and d_b = -d_out, summed where an operand was repeated"],
};

#[derive(Default)]
struct Sub {
    broadcast: Broadcast,
}

impl<T: Element> Tape<T> {
    /// Records `a - b`, value by value; shapes broadcast as in NumPy.
    ///
    /// Gradient: `d_a = d_out`, `d_b = -d_out`, summed where an operand was repeated; see [`Tape::add`].
    ///
    /// # Errors
    /// [`TapeError::Shape`] if the shapes do not broadcast.
    pub fn sub(&mut self, a: Var, b: Var) -> Result<Var, TapeError> {
        self.record(Sub::default(), &[a, b])
    }
}

impl<T: Element> Operation<T> for Sub {
    fn name(&self) -> &'static str {
        "sub"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&mut self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        let (broadcast, shape) = Broadcast::new(inputs[0], inputs[1])?;
        self.broadcast = broadcast;
        Ok(shape)
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        self.broadcast.zip([values.input(0), values.input(1)], out, |out, a, b| *out = a - b);
    }

    fn backward(&mut self, _: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.add(0, |d_a| {
            self.broadcast.add_gradient(0, [&[], &[]], d_out, d_a, |_, _, d_out| d_out);
        });
        gradients.add(1, |d_b| {
            self.broadcast.add_gradient(1, [&[], &[]], d_out, d_b, |_, _, d_out| -d_out);
        });
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        false
    }

    fn reads_output(&self) -> bool {
        false
    }
}
