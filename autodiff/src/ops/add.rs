//! The sum of two arrays, value by value.

use super::broadcast::Broadcast;
use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas = Formulas {
    forward: &["out = a + b"],
    backward: &["d_a = d_out and d_b = d_out, summed where an operand was repeated"],
};

#[derive(Default)]
struct Add {
    broadcast: Broadcast,
}

impl<T: Element> Tape<T> {
    /// Records `a + b`, value by value; shapes broadcast as in NumPy.
    ///
    /// Gradient: `d_a = d_out`, `d_b = d_out`, summed where an operand was repeated.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let rows = tape.variable(&array![[1.0, 2.0], [3.0, 4.0]]);
    /// let bias = tape.variable(&array![10.0, 20.0]); // repeated for each row
    /// let shifted = tape.add(rows, bias)?;
    /// let loss = tape.sum(shifted)?;
    /// tape.forward();
    /// tape.backward(loss)?;
    /// assert_eq!(tape.value(shifted)?, array![[11.0, 22.0], [13.0, 24.0]].into_dyn());
    /// assert_eq!(tape.gradient(bias)?, array![2.0, 2.0].into_dyn()); // one from each row
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if the shapes do not broadcast.
    pub fn add(&mut self, a: Var, b: Var) -> Result<Var, TapeError> {
        self.record(Add::default(), &[a, b])
    }
}

impl<T: Element> Operation<T> for Add {
    fn name(&self) -> &'static str {
        "add"
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
        self.broadcast.zip([values.input(0), values.input(1)], out, |out, a, b| *out = a + b);
    }

    fn backward(&mut self, _: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.add(0, |d_a| {
            self.broadcast.add_gradient(0, [&[], &[]], d_out, d_a, |_, _, d_out| d_out);
        });
        gradients.add(1, |d_b| {
            self.broadcast.add_gradient(1, [&[], &[]], d_out, d_b, |_, _, d_out| d_out);
        });
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        false
    }

    fn reads_output(&self) -> bool {
        false
    }
}
