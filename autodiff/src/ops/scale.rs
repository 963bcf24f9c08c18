//! The product with a constant.

use super::unary::{Each, Reads, Unary};
use crate::{Element, Formulas, Tape, TapeError, Var};

struct Scale<T> {
    factor: T,
}

impl<T: Element> Tape<T> {
    /// Records each value of `x`, any shape, times a constant. (By a number that varies: [`Tape::mul`].)
    ///
    /// ```text
    /// out = factor * x
    /// d_x = factor * d_out
    /// ```
    ///
    /// # Errors
    /// [`TapeError::ForeignVariable`].
    pub fn scale(&mut self, x: Var, factor: T) -> Result<Var, TapeError> {
        self.record(Each(Scale { factor }), &[x])
    }
}

impl<T: Element> Unary<T> for Scale<T> {
    const NAME: &'static str = "scale";
    const FORMULAS: Formulas =
        Formulas { forward: &["out = factor * x"], backward: &["d_x = factor * d_out"] };
    const READS: Reads = Reads::Neither;

    fn f(&self, x: T) -> T {
        self.factor * x
    }

    fn df(&self, _: T, d_out: T) -> T {
        self.factor * d_out
    }
}
