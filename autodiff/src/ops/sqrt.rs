//! The square root, value by value.

use super::unary::{Each, Reads, Unary};
use crate::{Element, Formulas, Tape, TapeError, Var};

struct Sqrt;

impl<T: Element> Tape<T> {
    /// Records the square root of each value of `x`, any shape: NaN below 0, an infinite gradient at 0.
    ///
    /// ```text
    /// out = sqrt(x)
    /// d_x = d_out / (2 out)
    /// ```
    ///
    /// # Errors
    /// [`TapeError::ForeignVariable`].
    pub fn sqrt(&mut self, x: Var) -> Result<Var, TapeError> {
        self.record(Each(Sqrt), &[x])
    }
}

impl<T: Element> Unary<T> for Sqrt {
    const NAME: &'static str = "sqrt";
    const FORMULAS: Formulas = Formulas { forward: &["out = sqrt(x)"], backward: &["d_x = d_out / (2 out)"] };
    const READS: Reads = Reads::Out;

    fn f(&self, x: T) -> T {
        x.sqrt()
    }

    fn df(&self, out: T, d_out: T) -> T {
        d_out / (out + out)
    }
}
