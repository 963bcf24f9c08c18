//! The product of two arrays, value by value.

use super::binary::{self, Binary};
use crate::{Element, Formulas, Tape, TapeError, Var};

struct Mul;

impl<T: Element> Tape<T> {
    /// Records `a * b`, value by value; shapes broadcast as in NumPy.
    ///
    /// ```text
    /// out = a * b
    /// d_a = b * d_out and d_b = a * d_out, summed where an operand was repeated
    /// ```
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
        binary::record::<Mul, _>(self, [a, b])
    }
}

impl<T: Element> Binary<T> for Mul {
    const NAME: &'static str = "mul";
    const FORMULAS: Formulas = Formulas {
        forward: &["out = a * b"],
        backward: &["d_a = b * d_out and d_b = a * d_out, summed where an operand was repeated"],
    };
    const D_A_READS: [bool; 2] = [false, true];
    const D_B_READS: [bool; 2] = [true, false];

    fn f(a: T, b: T) -> T {
        a * b
    }

    fn d_a(_: T, b: T, d_out: T) -> T {
        b * d_out
    }

    fn d_b(a: T, _: T, d_out: T) -> T {
        a * d_out
    }
}
