//! The exponential, value by value.

use super::unary::{Each, Reads, Unary};
use crate::{Element, Formulas, Tape, TapeError, Var};

struct Exp;

impl<T: Element> Tape<T> {
    /// Records `e^x` for each value of `x`, any shape.
    ///
    /// ```text
    /// out = e^x
    /// d_x = out * d_out
    /// ```
    ///
    /// # Errors
    /// [`TapeError::ForeignVariable`].
    pub fn exp(&mut self, x: Var) -> Result<Var, TapeError> {
        self.record(Each(Exp), &[x])
    }
}

impl<T: Element> Unary<T> for Exp {
    const NAME: &'static str = "exp";
    const FORMULAS: Formulas = Formulas { forward: &["out = e^x"], backward: &["d_x = out * d_out"] };
    const READS: Reads = Reads::Out;

    fn f(&self, x: T) -> T {
        x.exp()
    }

    fn df(&self, out: T, d_out: T) -> T {
        out * d_out
    }
}
