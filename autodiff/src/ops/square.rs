//! The square, value by value.

use super::unary::{Each, Reads, Unary};
use crate::{Element, Formulas, Tape, TapeError, Var};

struct Square;

impl<T: Element> Tape<T> {
    /// Records the square of each value of `x`, any shape.
    ///
    /// ```text
    /// out = x^2
    /// d_x = 2 x * d_out
    /// ```
    ///
    /// # Errors
    /// [`TapeError::ForeignVariable`].
    pub fn square(&mut self, x: Var) -> Result<Var, TapeError> {
        self.record(Each(Square), &[x])
    }
}

impl<T: Element> Unary<T> for Square {
    const NAME: &'static str = "square";
    const FORMULAS: Formulas = Formulas { forward: &["out = x^2"], backward: &["d_x = 2 x * d_out"] };
    const READS: Reads = Reads::X;

    fn f(&self, x: T) -> T {
        x * x
    }

    fn df(&self, x: T, d_out: T) -> T {
        (x + x) * d_out
    }
}
