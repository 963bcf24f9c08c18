//! The quotient of two arrays, value by value.

use super::broadcast::Broadcast;
use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas = Formulas {
    forward: &["out = a / b"],
    backward: &["d_a = d_out / b and d_b = -a / b^2 * d_out, summed where an operand was repeated"],
};

#[derive(Default)]
struct Div {
    broadcast: Broadcast,
}

impl<T: Element> Tape<T> {
    /// Records `a / b`, value by value; shapes broadcast as in NumPy.
    ///
    /// Gradient: `d_a = d_out / b`, `d_b = -a / b^2 * d_out`, summed where an operand was repeated; see [`Tape::add`].
    ///
    /// # Errors
    /// [`TapeError::Shape`] if the shapes do not broadcast.
    pub fn div(&mut self, a: Var, b: Var) -> Result<Var, TapeError> {
        self.record(Div::default(), &[a, b])
    }
}

impl<T: Element> Operation<T> for Div {
    fn name(&self) -> &'static str {
        "div"
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
        self.broadcast.zip([values.input(0), values.input(1)], out, |out, a, b| *out = a / b);
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.add(0, |d_a| {
            self.broadcast.add_gradient(0, [&[], values.input(1)], d_out, d_a, |_, b, d_out| d_out / b);
        });
        gradients.add(1, |d_b| {
            self.broadcast.add_gradient(1, [values.input(0), values.input(1)], d_out, d_b, |a, b, d_out| {
                -a / (b * b) * d_out
            });
        });
    }

    fn reads_input(&self, index: usize, wanted: &[bool]) -> bool {
        index == 1 || wanted[1]
    }

    fn reads_output(&self) -> bool {
        false
    }
}
