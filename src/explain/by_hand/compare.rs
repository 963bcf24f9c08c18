//! What is worked out by hand, beside the tape's gradient and central differences. How small matrices lie in the tape's
//! arrays is told here as well.

use super::{GradientElement, OFFSET, Quantity, Step};
use impasto_autodiff::{Tape, TapeError, Var};
use ndarray::{Array4, IxDyn};

/// Which elements of an array (1, H, W, C) a matrix shows; the others are 0.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layout {
    /// All of (1, `height`, 2, 2): row `p = 2 y + x`, column `c`.
    Features { height: usize },
    /// The first channel of (1, 3, 3, 3): row `y`, column `x`.
    Image,
}

impl Layout {
    fn shape(self) -> [usize; 4] {
        match self {
            Layout::Features { height } => [1, height, 2, 2],
            Layout::Image => [1, 3, 3, 3],
        }
    }

    /// Where the value of a row and a column lies.
    fn index(self, row: usize, column: usize) -> [usize; 4] {
        match self {
            Layout::Features { .. } => [0, row / 2, row % 2, column],
            Layout::Image => [0, row, column, 0],
        }
    }

    /// The array that a matrix shows.
    pub(super) fn array(self, matrix: &Quantity) -> Array4<f64> {
        let mut array = Array4::zeros(self.shape());
        for (row, values) in matrix.values.iter().enumerate() {
            for (column, &value) in values.iter().enumerate() {
                array[self.index(row, column)] = value;
            }
        }
        array
    }
}

/// A variable of the tape whose gradient was worked out by hand.
pub(super) struct Leaf<'a> {
    pub(super) var: Var,
    pub(super) values: &'a Quantity,
    pub(super) layout: Layout,
    pub(super) gradient: &'a Quantity,
}

/// The tape's side of an example.
pub(super) struct Comparison {
    pub(super) on_tape: f64,
    pub(super) gradients: Vec<GradientElement>,
    pub(super) largest_difference: f64,
}

/// Compares the last of the forward steps, and every value of the leaves' gradients, with a tape that has recorded
/// `result`.
pub(super) fn compare(
    tape: &mut Tape<f64>,
    result: Var,
    forward: &[Step],
    leaves: &[Leaf<'_>],
) -> Result<Comparison, TapeError> {
    tape.forward();
    tape.backward(result)?;
    let on_tape = tape.number(result)?;
    let of_tape = leaves.iter().map(|leaf| Ok(tape.gradient(leaf.var)?.to_owned()));
    let of_tape = of_tape.collect::<Result<Vec<_>, TapeError>>()?;

    let mut gradients = Vec::new();
    for (leaf, of_tape) in leaves.iter().zip(&of_tape) {
        let array = leaf.layout.array(leaf.values);
        for (row, by_hand) in leaf.gradient.values.iter().enumerate() {
            for (column, &by_hand) in by_hand.iter().enumerate() {
                let index = leaf.layout.index(row, column);
                let mut result_at = |offset: f64| {
                    let mut moved = array.clone();
                    moved[index] += offset;
                    tape.set_value(leaf.var, &moved)?;
                    tape.forward();
                    tape.number(result)
                };
                let (result_above, result_below) = (result_at(OFFSET)?, result_at(-OFFSET)?);
                gradients.push(GradientElement {
                    element: leaf.values.element(row, column),
                    by_hand,
                    on_tape: of_tape[IxDyn(&index)],
                    result_above,
                    result_below,
                    central_difference: (result_above - result_below) / (2.0 * OFFSET),
                });
            }
        }
        tape.set_value(leaf.var, &array)?;
    }
    let of_result = forward.last().map(|step| (step.result.values[0][0] - on_tape).abs());
    let of_gradients = gradients.iter().map(GradientElement::difference);
    let largest_difference = of_gradients.chain(of_result).fold(0.0, larger);
    Ok(Comparison { on_tape, gradients, largest_difference })
}

impl GradientElement {
    /// How far the other two are from by hand.
    fn difference(&self) -> f64 {
        let of_tape = (self.by_hand - self.on_tape).abs();
        larger(of_tape, (self.by_hand - self.central_difference).abs())
    }
}

/// The larger of two; not a number if either is not.
fn larger(a: f64, b: f64) -> f64 {
    if b > a || b.is_nan() { b } else { a }
}
