//! The product of two arrays, value by value.

use super::broadcast::Broadcast;
use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas = Formulas {
    forward: &["out = a * b"],
    backward: &["d_a = b * d_out and d_b = a * d_out, summed where an operand was repeated"],
};

#[derive(Default)]
struct Mul {
    broadcast: Broadcast,
}

impl<T: Element> Tape<T> {
    /// Records `a * b`, value by value; shapes broadcast as in NumPy.
    ///
    /// Gradient: `d_a = b * d_out`, `d_b = a * d_out`, summed where an operand was repeated.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let (a, b) = (tape.variable(&array![2.0]), tape.variable(&array![5.0]));
    /// let product = tape.mul(a, b)?;
    /// tape.forward();
    /// tape.backward(product)?;
    /// assert_eq!(tape.number(product)?, 10.0);
    /// assert_eq!((tape.gradient(a)?[[0]], tape.gradient(b)?[[0]]), (5.0, 2.0)); // each is the other
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if the shapes do not broadcast.
    pub fn mul(&mut self, a: Var, b: Var) -> Result<Var, TapeError> {
        self.record(Mul::default(), &[a, b])
    }
}

impl<T: Element> Operation<T> for Mul {
    fn name(&self) -> &'static str {
        "mul"
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
        self.broadcast.zip([values.input(0), values.input(1)], out, |out, a, b| *out = a * b);
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.add(0, |d_a| {
            self.broadcast.add_gradient(0, [&[], values.input(1)], d_out, d_a, |_, b, d_out| b * d_out);
        });
        gradients.add(1, |d_b| {
            self.broadcast.add_gradient(1, [values.input(0), &[]], d_out, d_b, |a, _, d_out| a * d_out);
        });
    }

    fn reads_input(&self, index: usize, wanted: &[bool]) -> bool {
        wanted[1 - index]
    }

    fn reads_output(&self) -> bool {
        false
    }
}
