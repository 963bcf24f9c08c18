//! `gram_matrix` by hand: multiply each channel with each, divide by the number of values. `style` takes the same steps
//! for each of its layers.

use super::compare::{Comparison, Layout, Leaf, compare};
use super::{CHANNELS, FEATURES, Function, Given, POSITIONS, Quantity, Step, WorkedExample, number};
use crate::loss::gram_matrix;
use impasto_autodiff::{Tape, TapeError};

const UPSTREAM: [[f64; 2]; 2] = [[4.0, 8.0], [0.0, -2.0]];
const LAYOUT: Layout = Layout::Features { height: 2 };

/// The steps from features to their Gram matrix; `layer` ends every name.
pub(super) struct Gram {
    layer: &'static str,
    count: Step,
    products: Step,
    pub(super) matrix: Step,
}

impl Gram {
    /// Of features with rows for `height` times 2 positions and columns for 2 channels.
    pub(super) fn forward(layer: &'static str, features: &Quantity, height: usize) -> Gram {
        let count = number(height as f64) * number(2.0) * number(2.0);
        let count = Step::number(&format!("N{layer}"), "H*W*C", count);
        let formula = format!("sum over p of F{layer}[p, i]*F{layer}[p, j]");
        let products = Step::matrix(&format!("Q{layer}"), CHANNELS, [2, 2], &formula, |i, j| {
            (0..features.values.len()).map(|p| features.at(p, i) * features.at(p, j)).sum()
        });
        let formula = format!("Q{layer}[i, j]/N{layer}");
        let matrix = Step::matrix(&format!("G{layer}"), CHANNELS, [2, 2], &formula, |i, j| {
            products.at(i, j) / count.at(0, 0)
        });
        Gram { layer, count, products, matrix }
    }

    pub(super) fn steps(&self) -> [Step; 3] {
        [&self.count, &self.products, &self.matrix].map(Step::clone)
    }

    /// Back from `d_matrix`, the gradient of the Gram matrix, to that of the features, which is the last step.
    pub(super) fn backward(&self, features: &Quantity, d_matrix: &Step) -> [Step; 3] {
        let layer = self.layer;
        let formula = format!("d_G{layer}[i, j]/N{layer}");
        let d_products = Step::matrix(&format!("d_Q{layer}"), CHANNELS, [2, 2], &formula, |i, j| {
            d_matrix.at(i, j) / self.count.at(0, 0)
        });
        let formula = format!("d_Q{layer}[i, j] + d_Q{layer}[j, i]");
        let both = Step::matrix(&format!("B{layer}"), CHANNELS, [2, 2], &formula, |i, j| {
            d_products.at(i, j) + d_products.at(j, i)
        })
        .because(
            "a value of channel j is a factor in column j of Q and in row j, beside the same value of channel i: \
             what comes back from both is added",
        );
        let formula = format!("sum over i of F{layer}[p, i]*B{layer}[i, j]");
        let shape = [features.values.len(), 2];
        let d_features = Step::matrix(&format!("d_F{layer}"), ["p", "j"], shape, &formula, |p, j| {
            (0..2).map(|i| features.at(p, i) * both.at(i, j)).sum()
        })
        .because("the derivative of a product with respect to one factor is the other factor");
        [d_products, both, d_features]
    }
}

pub(super) fn work_out() -> Result<WorkedExample, TapeError> {
    let features = Given::matrix("F", POSITIONS, &FEATURES, "features, (1, 2, 2, 2)");
    let upstream =
        Given::matrix("U", CHANNELS, &UPSTREAM, "weights of the Gram matrix's elements, constants");

    let (f, u) = (&features.quantity, &upstream.quantity);
    let gram = Gram::forward("", f, 2);
    let terms = gram.matrix.result.all().zip(u.all()).map(|(element, weight)| weight * element);
    let sum = Step::number("L", "sum over i and j of U[i, j]*G[i, j]", terms.sum());

    let d_matrix = Step::matrix("d_G", CHANNELS, [2, 2], "U[i, j]*d_L", |i, j| u.at(i, j) * number(1.0))
        .because("for each unit of G[i, j] the sum grows by U[i, j]");
    let [d_products, both, d_features] = gram.backward(f, &d_matrix);

    let mut tape = Tape::new();
    let var = tape.variable(&LAYOUT.array(f));
    let weights = tape.constant(&ndarray::arr2(&UPSTREAM));
    let matrix = gram_matrix(&mut tape, var, true)?;
    let weighted = tape.mul(weights, matrix)?;
    let result = tape.sum(weighted)?;
    let forward = [&gram.steps()[..], &[sum]].concat();
    let leaf = Leaf { var, values: f, layout: LAYOUT, gradient: &d_features.result };
    let Comparison { on_tape, gradients, largest_difference } =
        compare(&mut tape, result, &forward, &[leaf])?;
    Ok(WorkedExample {
        function: Function::GramMatrix.name(),
        formula: "F^T F / (H*W*C), where normalize is set",
        source: "Gatys, Ecker and Bethge 2016, equation 3, over H*W*C as in the notebook",
        remarks: vec![
            "A row of F is a position of the 2x2, p = 2*y + x, a column is a channel c. i and j are channels too.",
            "A gradient starts from one number, and G is a matrix: its elements are weighted with U and added. In a \
             style loss the squared difference takes the place of this sum.",
        ],
        given: vec![features, upstream],
        forward,
        on_tape,
        backward: vec![d_matrix, d_products, both, d_features],
        offset: super::OFFSET,
        gradients,
        largest_difference,
        exactness: "L is of the second degree in F: central differences are exact but for rounding.",
    })
}
