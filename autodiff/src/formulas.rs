//! What an operation computes, in words for people.

/// What an operation computes: lines of plain text, such as `out = a * b`. Inputs and output have the names that the
/// operation's documentation uses, and `d_x` is the gradient with respect to `x`.
///
/// ```
/// use impasto_autodiff::Tape;
/// use ndarray::array;
///
/// let mut tape = Tape::<f64>::new();
/// let x = tape.variable(&array![3.0]);
/// tape.square(x)?;
/// let formulas = tape.inspect()[1].formulas;
/// assert_eq!((formulas.forward, formulas.backward), (&["out = x^2"][..], &["d_x = 2 x * d_out"][..]));
/// # Ok::<(), impasto_autodiff::TapeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Formulas {
    /// The value.
    pub forward: &'static [&'static str],
    /// The vector-Jacobian product: the gradient of each input from that of the output.
    pub backward: &'static [&'static str],
}

/// "3 * 3 * 16"; of no factors, "1".
pub(crate) fn product(factors: &[usize]) -> String {
    if factors.is_empty() {
        return "1".to_owned();
    }
    let factors: Vec<_> = factors.iter().map(usize::to_string).collect();
    factors.join(" * ")
}
