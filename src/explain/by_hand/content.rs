//! `content_loss` by hand: subtract, square, add up, weigh.

use super::compare::{Comparison, Layout, Leaf, compare};
use super::{FEATURES, Function, Given, POSITIONS, Step, WorkedExample, Written, number};
use crate::loss::content_loss;
use impasto_autodiff::{Tape, TapeError};

const WEIGHT: f64 = 2.0;
const TARGET: [[f64; 2]; 4] = [[0.0, 1.5], [1.0, 1.0], [-1.0, -1.0], [3.0, 0.5]];
const LAYOUT: Layout = Layout::Features { height: 2 };

pub(super) fn work_out() -> Result<WorkedExample, TapeError> {
    let weight = Given::number("weight", WEIGHT, "how much content counts");
    let features = Given::matrix("F", POSITIONS, &FEATURES, "the picture's features, (1, 2, 2, 2)");
    let target =
        Given::matrix("P", POSITIONS, &TARGET, "the target's features, of the same shape, a constant");

    let (w, f, p) = (number(WEIGHT), &features.quantity, &target.quantity);
    let difference =
        Step::matrix("D", POSITIONS, [4, 2], "F[p, c] - P[p, c]", |row, c| f.at(row, c) - p.at(row, c));
    let squares = difference.result.all().map(Written::squared).sum();
    let sum = Step::number("S", "sum over p and c of D[p, c]^2", squares);
    let loss = Step::number("loss", "weight*S", w.clone() * sum.at(0, 0));

    let d_sum = Step::number("d_S", "weight*d_loss", w * number(1.0))
        .because("for each unit of S the loss grows by weight");
    let d_difference = Step::matrix("d_D", POSITIONS, [4, 2], "2*D[p, c]*d_S", |p, c| {
        number(2.0) * difference.at(p, c) * d_sum.at(0, 0)
    })
    .because("the derivative of D^2 is 2*D");
    let d_features = Step::matrix("d_F", POSITIONS, [4, 2], "d_D[p, c]", |p, c| d_difference.at(p, c))
        .because("F stands in D with the factor 1; P is a constant and gets no gradient");

    let mut tape = Tape::new();
    let var = tape.variable(&LAYOUT.array(f));
    let constant = tape.constant(&LAYOUT.array(p));
    let result = content_loss(&mut tape, WEIGHT, var, constant)?;
    let forward = vec![difference, sum, loss];
    let leaf = Leaf { var, values: f, layout: LAYOUT, gradient: &d_features.result };
    let Comparison { on_tape, gradients, largest_difference } =
        compare(&mut tape, result, &forward, &[leaf])?;
    Ok(WorkedExample {
        function: Function::ContentLoss.name(),
        formula: "weight * sum of (F - P)^2",
        source: "Gatys, Ecker and Bethge 2016, equation 1 (whose 1/2 is in the weight)",
        remarks: vec!["A row is a position of the 2x2, p = 2*y + x, a column is a channel c."],
        given: vec![weight, features, target],
        forward,
        on_tape,
        backward: vec![d_sum, d_difference, d_features],
        offset: super::OFFSET,
        gradients,
        largest_difference,
        exactness: "The loss is of the second degree in F: central differences are exact but for rounding.",
    })
}
