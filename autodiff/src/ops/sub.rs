//! The difference of two arrays, value by value.

use super::binary::{self, Binary};
use crate::{Element, Formulas, Tape, TapeError, Var};

struct Sub;

impl<T: Element> Tape<T> {
    /// Records `a - b`, value by value; shapes broadcast as in NumPy.
    ///
    /// ```text
    /// out = a - b
    /// d_a = d_out and d_b = -d_out, summed where an operand was repeated
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if the shapes do not broadcast.
    pub fn sub(&mut self, a: Var, b: Var) -> Result<Var, TapeError> {
        binary::record::<Sub, _>(self, [a, b])
    }
}

impl<T: Element> Binary<T> for Sub {
    const NAME: &'static str = "sub";
    const FORMULAS: Formulas = Formulas {
        forward: &["out = a - b"],
        backward: &["d_a = d_out and d_b = -d_out, summed where an operand was repeated"],
    };
    const D_A_READS: [bool; 2] = [false, false];
    const D_B_READS: [bool; 2] = [false, false];

    fn f(a: T, b: T) -> T {
        a - b
    }

    fn d_a(_: T, _: T, d_out: T) -> T {
        d_out
    }

    fn d_b(_: T, _: T, d_out: T) -> T {
        -d_out
    }
}
