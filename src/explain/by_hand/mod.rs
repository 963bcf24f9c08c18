//! Each loss worked out on an input that is small enough for pencil and paper: every intermediate number, forward and
//! backward, and every element of the gradient beside what the tape and central differences say.
//!
//! The tape records the functions of [`loss`](crate::loss) themselves; the numbers beside it come from the formulas,
//! one operation at a time. Nothing here is part of a transfer.
//!
//! ```
//! use impasto::explain::by_hand::Function;
//!
//! # fn main() -> Result<(), impasto_autodiff::TapeError> {
//! let example = Function::ContentLoss.work_out()?;
//! let difference = &example.forward[0];
//! assert_eq!(difference.formula, "D[p, c] = F[p, c] - P[p, c]");
//! assert_eq!(difference.substitutions[1][0], "3 - 1");
//! assert_eq!(difference.result.values[1][0], 2.0);
//! assert!(example.largest_difference < 1e-6);
//! # Ok(())
//! # }
//! ```
//!
//! | file | what is in it |
//! | --- | --- |
//! | `content`, `gram`, `style`, `tv` | one example each |
//! | `written` | arithmetic that leaves its text behind |
//! | `compare` | the tape's gradient and central differences |

mod compare;
mod content;
mod gram;
mod style;
#[cfg(test)]
mod tests;
mod tv;
mod written;

use impasto_autodiff::TapeError;
use written::{Written, number};

/// How far a central difference moves one element to either side. Twice this is 0.001, so that dividing by it only
/// moves the point; for the steepest of the examples the error of the order of its square is below 1e-6.
pub const OFFSET: f64 = 0.0005;

/// The features of every example that has some: rows are the positions of a 2x2, `p = 2 y + x`, columns channels.
const FEATURES: [[f64; 2]; 4] = [[1.0, 2.0], [3.0, 0.0], [-1.0, 1.0], [1.0, 1.0]];
/// The axes of features.
const POSITIONS: [&str; 2] = ["p", "c"];
/// The axes of a matrix with a row and a column for each channel.
const CHANNELS: [&str; 2] = ["i", "j"];

/// A function of [`loss`](crate::loss) that can be worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// [`content_loss`](crate::loss::content_loss) of two channels at 2x2 positions.
    ContentLoss,
    /// [`gram_matrix`](crate::loss::gram_matrix), normalized, of two channels at 2x2 positions.
    GramMatrix,
    /// [`style_loss`](crate::loss::style_loss) of two layers, with two channels at 2x2 and at 1x2 positions.
    StyleLoss,
    /// [`tv_loss`](crate::loss::tv_loss) of 3x3 pixels.
    TvLoss,
}

impl Function {
    /// All, in the notebook's order.
    pub const ALL: [Function; 4] =
        [Function::ContentLoss, Function::GramMatrix, Function::StyleLoss, Function::TvLoss];

    /// The function's name in [`loss`](crate::loss).
    pub const fn name(self) -> &'static str {
        match self {
            Function::ContentLoss => "content_loss",
            Function::GramMatrix => "gram_matrix",
            Function::StyleLoss => "style_loss",
            Function::TvLoss => "tv_loss",
        }
    }

    /// Works the example out: by hand, on a tape, and by central differences.
    ///
    /// # Errors
    /// [`TapeError`] if the tape refuses an operation, which it does not: the examples' shapes fit.
    pub fn work_out(self) -> Result<WorkedExample, TapeError> {
        match self {
            Function::ContentLoss => content::work_out(),
            Function::GramMatrix => gram::work_out(),
            Function::StyleLoss => style::work_out(),
            Function::TvLoss => tv::work_out(),
        }
    }
}

/// One function on one small input, from its inputs to its gradient.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct WorkedExample {
    /// The function's name.
    pub function: &'static str,
    /// What it computes, in one line.
    pub formula: &'static str,
    /// Where it is from: paper and equation, or the notebook.
    pub source: &'static str,
    /// What one should know of this example before its numbers, in whole sentences.
    pub remarks: Vec<&'static str>,
    /// The inputs.
    pub given: Vec<Given>,
    /// From the inputs to one number, which the last step computes.
    pub forward: Vec<Step>,
    /// The number that the tape computes.
    pub on_tape: f64,
    /// From that number back to the gradients of the inputs. A name `d_X` is the gradient of the result with respect
    /// to `X`; each step is a vector-Jacobian product: what arrived, times the derivative of one forward step.
    pub backward: Vec<Step>,
    /// How far the central differences move an element, [`OFFSET`].
    pub offset: f64,
    /// Each element of each input that has a gradient.
    pub gradients: Vec<GradientElement>,
    /// The largest difference between what is found by hand and in the other ways: of the result and all gradients.
    pub largest_difference: f64,
    /// How exact central differences of this function are.
    pub exactness: &'static str,
}

/// An input.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Given {
    /// Its name and numbers.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub quantity: Quantity,
    /// What it is, with its shape.
    pub meaning: &'static str,
}

/// A number or a matrix with its name.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Quantity {
    /// Its name in formulas.
    pub name: String,
    /// The letters that stand for the row and the column in formulas; `None` for a single number.
    pub axes: Option<[&'static str; 2]>,
    /// Row by row; a single number is one row of one.
    pub values: Vec<Vec<f64>>,
}

/// One formula with its numbers.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Step {
    /// The formula.
    pub formula: String,
    /// Why it holds, where that is not plain to see.
    pub reason: Option<&'static str>,
    /// What it computes.
    pub result: Quantity,
    /// The formula's right-hand side in numbers, for each value of the result.
    pub substitutions: Vec<Vec<String>>,
}

/// One element of an input's gradient, found in three ways.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct GradientElement {
    /// The input's element, such as `F[0, 1]`.
    pub element: String,
    /// What the backward steps arrive at.
    pub by_hand: f64,
    /// What the tape's backward walk computes.
    pub on_tape: f64,
    /// The result where this element is larger by the offset.
    pub result_above: f64,
    /// The result where this element is smaller by the offset.
    pub result_below: f64,
    /// `(result_above - result_below) / (2 * offset)`.
    pub central_difference: f64,
}

impl Quantity {
    /// The name of one value: `F[0, 1]`, or the quantity's own if it is a single number.
    pub fn element(&self, row: usize, column: usize) -> String {
        match self.axes {
            Some(_) => format!("{}[{row}, {column}]", self.name),
            None => self.name.clone(),
        }
    }

    /// A value to go on calculating with.
    fn at(&self, row: usize, column: usize) -> Written {
        number(self.values[row][column])
    }

    /// All values, row by row, to go on calculating with.
    fn all(&self) -> impl Iterator<Item = Written> {
        self.values.iter().flatten().map(|&value| number(value))
    }
}

impl Given {
    fn number(name: &str, value: f64, meaning: &'static str) -> Given {
        let quantity = Quantity { name: name.to_owned(), axes: None, values: vec![vec![value]] };
        Given { quantity, meaning }
    }

    fn matrix<const N: usize>(
        name: &str,
        axes: [&'static str; 2],
        rows: &[[f64; N]],
        meaning: &'static str,
    ) -> Given {
        let values = rows.iter().map(|row| row.to_vec()).collect();
        let quantity = Quantity { name: name.to_owned(), axes: Some(axes), values };
        Given { quantity, meaning }
    }
}

impl Step {
    /// `name = right_hand_side`.
    fn number(name: &str, right_hand_side: &str, result: Written) -> Step {
        let formula = format!("{name} = {right_hand_side}");
        Step::new(name, None, formula, vec![vec![result]])
    }

    /// `name[axes] = right_hand_side` for each element of a matrix of `rows` rows and `columns` columns.
    fn matrix(
        name: &str,
        axes: [&'static str; 2],
        [rows, columns]: [usize; 2],
        right_hand_side: &str,
        element: impl Fn(usize, usize) -> Written,
    ) -> Step {
        let formula = format!("{name}[{}, {}] = {right_hand_side}", axes[0], axes[1]);
        let row = |row: usize| (0..columns).map(|column| element(row, column)).collect();
        Step::new(name, Some(axes), formula, (0..rows).map(row).collect())
    }

    fn new(name: &str, axes: Option<[&'static str; 2]>, formula: String, cells: Vec<Vec<Written>>) -> Step {
        let values = cells.iter().map(|row| row.iter().map(Written::value).collect()).collect();
        let substitutions = cells.into_iter().map(|row| row.into_iter().map(Written::into_text).collect());
        Step {
            formula,
            reason: None,
            result: Quantity { name: name.to_owned(), axes, values },
            substitutions: substitutions.collect(),
        }
    }

    fn because(mut self, reason: &'static str) -> Step {
        self.reason = Some(reason);
        self
    }

    fn at(&self, row: usize, column: usize) -> Written {
        self.result.at(row, column)
    }
}
