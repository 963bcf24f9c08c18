//! `style_loss` by hand: two layers, each with its Gram matrix, its distance and its weight.

use super::compare::{Comparison, Layout, Leaf, compare};
use super::gram::Gram;
use super::{CHANNELS, FEATURES, Function, Given, POSITIONS, Step, WorkedExample, Written, number};
use crate::loss::{StyleTerm, style_loss};
use impasto_autodiff::{Tape, TapeError};
use ndarray::arr2;

/// What is given of a layer.
struct Layer {
    /// Ends the names of its quantities.
    name: &'static str,
    height: usize,
    weight: f64,
    features: &'static [[f64; 2]],
    features_meaning: &'static str,
    target: [[f64; 2]; 2],
}

const LAYERS: [Layer; 2] = [
    Layer {
        name: "1",
        height: 2,
        weight: 8.0,
        features: &FEATURES,
        features_meaning: "the picture's features in the first layer, (1, 2, 2, 2)",
        target: [[1.0, 0.5], [0.5, 0.5]],
    },
    Layer {
        name: "2",
        height: 1,
        weight: 2.0,
        features: &[[1.0, 2.0], [3.0, -1.0]],
        features_meaning: "the picture's features in the second layer, (1, 1, 2, 2)",
        target: [[2.0, 0.25], [0.25, 1.0]],
    },
];

/// The steps from a layer's features to its distance from the style image.
struct Forward {
    layer: &'static Layer,
    weight: Given,
    features: Given,
    target: Given,
    gram: Gram,
    difference: Step,
    distance: Step,
}

impl Forward {
    fn new(layer: &'static Layer) -> Forward {
        let name = layer.name;
        let weight = Given::number(&format!("w{name}"), layer.weight, "the layer's weight");
        let features = Given::matrix(&format!("F{name}"), POSITIONS, layer.features, layer.features_meaning);
        let meaning = "the style image's Gram matrix of this layer, a constant";
        let target = Given::matrix(&format!("A{name}"), CHANNELS, &layer.target, meaning);

        let gram = Gram::forward(name, &features.quantity, layer.height);
        let formula = format!("G{name}[i, j] - A{name}[i, j]");
        let difference = Step::matrix(&format!("D{name}"), CHANNELS, [2, 2], &formula, |i, j| {
            gram.matrix.at(i, j) - target.quantity.at(i, j)
        });
        let squares = difference.result.all().map(Written::squared).sum();
        let formula = format!("sum over i and j of D{name}[i, j]^2");
        let distance = Step::number(&format!("S{name}"), &formula, squares);
        Forward { layer, weight, features, target, gram, difference, distance }
    }

    fn layout(&self) -> Layout {
        Layout::Features { height: self.layer.height }
    }

    /// This layer's term of the loss.
    fn weighted(&self) -> Written {
        self.weight.quantity.at(0, 0) * self.distance.at(0, 0)
    }

    fn given(&self) -> [Given; 3] {
        [&self.weight, &self.features, &self.target].map(Given::clone)
    }

    fn steps(&self) -> Vec<Step> {
        [&self.gram.steps()[..], &[self.difference.clone(), self.distance.clone()]].concat()
    }

    /// Back from the loss to the features, whose gradient is the last step.
    fn backward(&self) -> [Step; 6] {
        let name = self.layer.name;
        let d_loss = number(1.0);
        let weight = self.weight.quantity.at(0, 0);
        let d_distance = Step::number(&format!("d_S{name}"), &format!("w{name}*d_loss"), weight * d_loss)
            .because("for each unit of a layer's S the loss grows by the layer's weight");
        let formula = format!("2*D{name}[i, j]*d_S{name}");
        let d_difference = Step::matrix(&format!("d_D{name}"), CHANNELS, [2, 2], &formula, |i, j| {
            number(2.0) * self.difference.at(i, j) * d_distance.at(0, 0)
        })
        .because("the derivative of D^2 is 2*D");
        let formula = format!("d_D{name}[i, j]");
        let d_matrix =
            Step::matrix(&format!("d_G{name}"), CHANNELS, [2, 2], &formula, |i, j| d_difference.at(i, j))
                .because("G stands in D with the factor 1; A is a constant and gets no gradient");
        let [d_products, both, d_features] = self.gram.backward(&self.features.quantity, &d_matrix);
        [d_distance, d_difference, d_matrix, d_products, both, d_features]
    }
}

pub(super) fn work_out() -> Result<WorkedExample, TapeError> {
    let layers = LAYERS.each_ref().map(Forward::new);
    let loss = Step::number("loss", "w1*S1 + w2*S2", layers.iter().map(Forward::weighted).sum());
    let mut backward = layers.each_ref().map(Forward::backward);
    // The second layer's reasons are the first's.
    backward[1].iter_mut().for_each(|step| step.reason = None);

    let mut tape = Tape::new();
    let (mut terms, mut leaves) = (Vec::new(), Vec::new());
    for (layer, [.., d_features]) in layers.iter().zip(&backward) {
        let values = &layer.features.quantity;
        let features = tape.variable(&layer.layout().array(values));
        let target = tape.constant(&arr2(&layer.layer.target));
        terms.push(StyleTerm { features, target, weight: layer.layer.weight });
        leaves.push(Leaf { var: features, values, layout: layer.layout(), gradient: &d_features.result });
    }
    let result = style_loss(&mut tape, &terms)?;
    let forward: Vec<Step> = layers.iter().flat_map(Forward::steps).chain([loss]).collect();
    let Comparison { on_tape, gradients, largest_difference } =
        compare(&mut tape, result, &forward, &leaves)?;
    Ok(WorkedExample {
        function: Function::StyleLoss.name(),
        formula: "sum over layers of w * sum of (G - A)^2, G = F^T F / (H*W*C)",
        source: "Gatys, Ecker and Bethge 2016, equations 4 and 5, with G over H*W*C",
        remarks: vec![
            "A row of F1 is a position of the 2x2, one of F2 of the 1x2, p = 2*y + x; a column is a channel c. i and \
             j are channels too.",
            "In the network the second layer's features are computed from the first's, which then get a second \
             gradient through them. Here both are given, and neither depends on the other.",
        ],
        given: layers.iter().flat_map(Forward::given).collect(),
        forward,
        on_tape,
        backward: backward.concat(),
        offset: super::OFFSET,
        gradients,
        largest_difference,
        exactness: "The loss is of the fourth degree in F1 and F2: central differences are off by about h^2, 2.5e-7.",
    })
}
