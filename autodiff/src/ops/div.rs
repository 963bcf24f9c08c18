//! The quotient of two arrays, value by value.

use super::binary::{self, Binary};
use crate::{Element, Formulas, Tape, TapeError, Var};

struct Div;

impl<T: Element> Tape<T> {
    /// Records `a / b`, value by value; shapes broadcast as in NumPy.
    ///
    /// ```text
    /// out = a / b
    /// d_a = d_out / b and d_b = -a / b^2 * d_out, summed where an operand was repeated
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if the shapes do not broadcast.
    pub fn div(&mut self, a: Var, b: Var) -> Result<Var, TapeError> {
        binary::record::<Div, _>(self, [a, b])
    }
}

impl<T: Element> Binary<T> for Div {
    const NAME: &'static str = "div";
    const FORMULAS: Formulas = Formulas {
        forward: &["out = a / b"],
        backward: &["d_a = d_out / b and d_b = -a / b^2 * d_out, summed where an operand was repeated"],
    };
    const D_A_READS: [bool; 2] = [false, true];
    const D_B_READS: [bool; 2] = [true, true];

    fn f(a: T, b: T) -> T {
        a / b
    }

    fn d_a(_: T, b: T, d_out: T) -> T {
        d_out / b
    }

    fn d_b(a: T, b: T, d_out: T) -> T {
        -a / (b * b) * d_out
    }
}
