//! The natural logarithm, value by value.

use super::unary::{Each, Reads, Unary};
use crate::{Element, Formulas, Tape, TapeError, Var};

struct Ln;

impl<T: Element> Tape<T> {
    /// Records the natural logarithm of each value of `x`, any shape: -inf at 0, NaN below.
    ///
    /// ```text
    /// out = ln x
    /// d_x = d_out / x
    /// ```
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let x = tape.variable(&array![0.5]);
    /// let power = tape.exp(x)?;
    /// let back = tape.ln(power)?;
    /// tape.forward();
    /// tape.backward(back)?;
    /// assert!((tape.number(back)? - 0.5).abs() < 1e-15);
    /// assert!((tape.gradient(x)?[[0]] - 1.0).abs() < 1e-15); // e^x / e^x
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::ForeignVariable`].
    pub fn ln(&mut self, x: Var) -> Result<Var, TapeError> {
        self.record(Each(Ln), &[x])
    }
}

impl<T: Element> Unary<T> for Ln {
    const NAME: &'static str = "ln";
    const FORMULAS: Formulas = Formulas { forward: &["out = ln x"], backward: &["d_x = d_out / x"] };
    const READS: Reads = Reads::X;

    fn f(&self, x: T) -> T {
        x.ln()
    }

    fn df(&self, x: T, d_out: T) -> T {
        d_out / x
    }
}
