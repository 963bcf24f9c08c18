//! The sum of two arrays, value by value.

use super::binary::{self, Binary};
use crate::{Element, Formulas, Tape, TapeError, Var};

struct Add;

impl<T: Element> Tape<T> {
    /// Records `a + b`, value by value; shapes broadcast as in NumPy.
    ///
    /// ```text
    /// out = a + b
    /// d_a = d_out and d_b = d_out, summed where an operand was repeated
    /// ```
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
        binary::record::<Add, _>(self, [a, b])
    }
}

impl<T: Element> Binary<T> for Add {
    const NAME: &'static str = "add";
    const FORMULAS: Formulas = Formulas {
        forward: &["out = a + b"],
        backward: &["d_a = d_out and d_b = d_out, summed where an operand was repeated"],
    };
    const D_A_READS: [bool; 2] = [false, false];
    const D_B_READS: [bool; 2] = [false, false];

    fn f(a: T, b: T) -> T {
        a + b
    }

    fn d_a(_: T, _: T, d_out: T) -> T {
        d_out
    }

    fn d_b(_: T, _: T, d_out: T) -> T {
        d_out
    }
}
