//! `tv_loss` by hand: the differences of neighbors, down and to the right, squared and added.

use super::compare::{Comparison, Layout, Leaf, compare};
use super::{Function, Given, Step, WorkedExample, Written, number};
use crate::loss::tv_loss;
use impasto_autodiff::{Tape, TapeError};

const WEIGHT: f64 = 0.25;
const IMAGE: [[f64; 3]; 3] = [[1.0, 2.0, 4.0], [2.0, 0.0, 3.0], [1.0, 3.0, 2.0]];
const SIDE: usize = 3;
const AXES: [&str; 2] = ["y", "x"];

pub(super) fn work_out() -> Result<WorkedExample, TapeError> {
    let weight = Given::number("weight", WEIGHT, "how much smoothness counts");
    let image = Given::matrix("X", AXES, &IMAGE, "the first channel of an image (1, 3, 3, 3)");

    let (w, x) = (number(WEIGHT), &image.quantity);
    let vertical = Step::matrix("V", AXES, [SIDE - 1, SIDE], "X[y+1, x] - X[y, x]", |row, column| {
        x.at(row + 1, column) - x.at(row, column)
    })
    .because("vertical: from each pixel to the one below it");
    let horizontal = Step::matrix("U", AXES, [SIDE, SIDE - 1], "X[y, x+1] - X[y, x]", |row, column| {
        x.at(row, column + 1) - x.at(row, column)
    })
    .because("horizontal: from each pixel to the one on its right");
    let squares = |step: &Step| step.result.all().map(Written::squared).sum();
    let of_vertical = Step::number("SV", "sum over y and x of V[y, x]^2", squares(&vertical));
    let of_horizontal = Step::number("SU", "sum over y and x of U[y, x]^2", squares(&horizontal));
    let roughness = Step::number("S", "SV + SU", of_vertical.at(0, 0) + of_horizontal.at(0, 0));
    let loss = Step::number("loss", "weight*S", w.clone() * roughness.at(0, 0));

    let d_roughness = Step::number("d_S", "weight*d_loss", w * number(1.0))
        .because("for each unit of S, thus of SV or SU, the loss grows by weight");
    let twice = |step: &Step, row, column| number(2.0) * step.at(row, column) * d_roughness.at(0, 0);
    let d_vertical =
        Step::matrix("d_V", AXES, [SIDE - 1, SIDE], "2*V[y, x]*d_S", |y, x| twice(&vertical, y, x))
            .because("the derivative of V^2 is 2*V");
    let d_horizontal =
        Step::matrix("d_U", AXES, [SIDE, SIDE - 1], "2*U[y, x]*d_S", |y, x| twice(&horizontal, y, x));
    let d_image = d_image(&d_vertical, &d_horizontal);

    let mut tape = Tape::new();
    let var = tape.variable(&Layout::Image.array(x));
    let result = tv_loss(&mut tape, WEIGHT, var)?;
    let forward = vec![vertical, horizontal, of_vertical, of_horizontal, roughness, loss];
    let leaf = Leaf { var, values: x, layout: Layout::Image, gradient: &d_image.result };
    let Comparison { on_tape, gradients, largest_difference } =
        compare(&mut tape, result, &forward, &[leaf])?;
    Ok(WorkedExample {
        function: Function::TvLoss.name(),
        formula: "weight * (sum of squared vertical and horizontal differences)",
        source: "the notebook's total variation",
        remarks: vec![
            "y counts rows, x columns. The image has three channels, as tv_loss takes it; those that are not shown \
             are 0 everywhere. Channels do not meet in the formula, so these add 0 to the loss, and their gradient \
             is 0.",
        ],
        given: vec![weight, image],
        forward,
        on_tape,
        backward: vec![d_roughness, d_vertical, d_horizontal, d_image],
        offset: super::OFFSET,
        gradients,
        largest_difference,
        exactness: "The loss is of the second degree in X: central differences are exact but for rounding.",
    })
}

/// A pixel stands first in the differences that end at it, and second in those that start from it.
fn d_image(d_vertical: &Step, d_horizontal: &Step) -> Step {
    let formula = "d_V[y-1, x] - d_V[y, x] + d_U[y, x-1] - d_U[y, x]";
    Step::matrix("d_X", AXES, [SIDE, SIDE], formula, |y, x| {
        let mut terms = Vec::new();
        if y > 0 {
            terms.push((Sign::Plus, d_vertical.at(y - 1, x)));
        }
        if y < SIDE - 1 {
            terms.push((Sign::Minus, d_vertical.at(y, x)));
        }
        if x > 0 {
            terms.push((Sign::Plus, d_horizontal.at(y, x - 1)));
        }
        if x < SIDE - 1 {
            terms.push((Sign::Minus, d_horizontal.at(y, x)));
        }
        signed_sum(terms)
    })
    .because(
        "X[y, x] is added in the differences that end at it and subtracted in those that start from it; at the border \
         some of the four are missing. In short: 2*d_S times the sum of X[y, x] - neighbor over its neighbors",
    )
}

enum Sign {
    Plus,
    Minus,
}

fn signed_sum(terms: Vec<(Sign, Written)>) -> Written {
    let join = |sum: Option<Written>, (sign, term): (Sign, Written)| match (sum, sign) {
        (None, Sign::Plus) => Some(term),
        (None, Sign::Minus) => Some(-term),
        (Some(sum), Sign::Plus) => Some(sum + term),
        (Some(sum), Sign::Minus) => Some(sum - term),
    };
    terms.into_iter().fold(None, join).unwrap_or_else(|| number(0.0))
}
