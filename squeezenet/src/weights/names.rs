//! Which array is which parameter, and in which order its axes stand. Both follow from the name alone.

use std::collections::HashMap;

use crate::architecture::ConvolutionShape;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Weight,
    Bias,
}

impl Part {
    pub(super) const ALL: [Self; 2] = [Self::Weight, Self::Bias];
}

/// The order of a filter bank's axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FilterOrder {
    /// (Cout, Cin, KH, KW): PyTorch's.
    Oihw,
    /// (KH, KW, Cin, Cout): TensorFlow's, and impasto's.
    Hwio,
}

/// What a name says about an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parameter {
    /// Position among the convolutions of the [`Catalogue`].
    pub(super) convolution: usize,
    pub(super) part: Part,
    pub(super) order: FilterOrder,
}

/// Most words of what [`Catalogue::find`] looks for: `layer3.fire.squeeze.weights`, `classifier.layer1.weights`.
const MOST_WORDS: usize = 4;

/// The group of layers whose numbers names hold. A file with these layers alone, such as the notebook's `cnn`, leaves it
/// out of all names.
const FEATURES: &str = "features.";

/// All names that the parameters of some convolutions may have, without what stands in front.
pub(super) struct Catalogue {
    parameters: HashMap<String, Parameter>,
}

impl Catalogue {
    pub(super) fn new<'a>(convolutions: impl IntoIterator<Item = &'a ConvolutionShape>) -> Self {
        let mut parameters = HashMap::new();
        for (convolution, shape) in convolutions.into_iter().enumerate() {
            for part in Part::ALL {
                for (name, order) in [
                    (torchvision(&shape.name, part), FilterOrder::Oihw),
                    (tensorflow(&shape.name, part), FilterOrder::Hwio),
                ] {
                    let parameter = Parameter { convolution, part, order };
                    parameters.insert(name.strip_prefix(FEATURES).unwrap_or(&name).to_owned(), parameter);
                }
            }
        }
        Self { parameters }
    }

    /// The parameter that an array with this name may hold, and what tells it from those of another network in the same
    /// file: all that stands in front, without `features.`. `None` if no parameter's name ends like this.
    pub(super) fn find(&self, name: &str) -> Option<(String, Parameter)> {
        let name = name.replace('/', ".");
        // As TensorFlow's variables are called in a graph.
        let name = name.strip_suffix(":0").unwrap_or(&name);
        let dots = name.rmatch_indices('.').map(|(dot, _)| dot + 1);
        let starts = dots.chain([0]).take(MOST_WORDS);
        let (start, parameter) =
            starts.into_iter().find_map(|start| Some((start, *self.parameters.get(&name[start..])?)))?;
        let front = &name[..start];
        let is_bare = front != FEATURES && !front.ends_with(".features.");
        let network = if is_bare { front } else { &front[..front.len() - FEATURES.len()] };
        Some((network.to_owned(), parameter))
    }
}

/// torchvision's name of a parameter, such as `features.3.squeeze.weight`.
pub(super) fn torchvision(convolution: &str, part: Part) -> String {
    match part {
        Part::Weight => format!("{convolution}.weight"),
        Part::Bias => format!("{convolution}.bias"),
    }
}

/// The CS231n checkpoint's name of a parameter, such as `features.layer3.fire.squeeze.weights`, with dots for
/// slashes.
fn tensorflow(convolution: &str, part: Part) -> String {
    let mut words = convolution.split('.');
    let stage = words.next().unwrap_or_default();
    let layer = words.next().unwrap_or_default();
    let scope = match words.next() {
        None => format!("{stage}.layer{layer}"),
        Some("expand1x1") => format!("{stage}.layer{layer}.fire.e11"),
        Some("expand3x3") => format!("{stage}.layer{layer}.fire.e33"),
        Some(squeeze) => format!("{stage}.layer{layer}.fire.{squeeze}"),
    };
    match part {
        Part::Weight => format!("{scope}.weights"),
        Part::Bias => format!("{scope}.bias"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::{classifier, convolutions};

    #[test]
    fn both_conventions_lead_to_the_same_parameter() {
        let mut shapes = convolutions(0);
        shapes.extend(convolutions(12));
        shapes.push(classifier());
        let catalogue = Catalogue::new(&shapes);
        let bias = |convolution, order| Parameter { convolution, part: Part::Bias, order };
        let weight = |convolution, order| Parameter { convolution, part: Part::Weight, order };
        use FilterOrder::{Hwio, Oihw};
        for (network, name, expected) in [
            ("", "features.0.weight", weight(0, Oihw)),
            ("", "features/layer0/weights", weight(0, Hwio)),
            ("", "features.0.bias", bias(0, Oihw)),
            ("", "features/layer0/bias", bias(0, Hwio)),
            ("", "features.12.squeeze.weight", weight(1, Oihw)),
            ("", "features/layer12/fire/squeeze/weights", weight(1, Hwio)),
            ("", "features.12.expand1x1.bias", bias(2, Oihw)),
            ("", "features/layer12/fire/e11/bias", bias(2, Hwio)),
            ("", "features.12.expand3x3.weight", weight(3, Oihw)),
            ("", "features/layer12/fire/e33/weights", weight(3, Hwio)),
            ("", "classifier.1.weight", weight(4, Oihw)),
            ("", "classifier/layer1/weights", weight(4, Hwio)),
            // The layers alone.
            ("", "0.weight", weight(0, Oihw)),
            ("", "12.squeeze.weight", weight(1, Oihw)),
            ("", "layer12/fire/e33/weights", weight(3, Hwio)),
            // Whatever stands in front.
            ("module.", "module.features.0.weight", weight(0, Oihw)),
            ("state_dict.module.", "state_dict.module.features.0.weight", weight(0, Oihw)),
            ("_orig_mod.model.", "_orig_mod.model.features.12.squeeze.bias", bias(1, Oihw)),
            ("backbone.", "backbone.0.bias", bias(0, Oihw)),
            ("my_features.", "my_features.0.bias", bias(0, Oihw)),
            ("module.", "module.classifier.1.bias", bias(4, Oihw)),
            ("vgg.train.", "vgg/train/features/layer0/weights:0", weight(0, Hwio)),
            ("", "features/layer0/weights:0", weight(0, Hwio)),
            ("", "features.layer12.fire.e33.weights", weight(3, Hwio)),
        ] {
            assert_eq!(catalogue.find(name), Some((network.to_owned(), expected)), "{name}");
        }
        for name in [
            "features/layer0/weights/Adam",
            "features/layer0/weights/Adam_1",
            "features.3.squeeze.weight",
            "features.0.weights",
            "features/layer0/weight",
            // The ends of other numbers and words.
            "features.10.weight",
            "features.112.squeeze.weight",
            "features.player0.weights",
            "1.weight",
            "beta1_power",
            "global_step",
            "features.",
            "features",
            "weight",
            "..",
            "optimizer.state.0.exp_avg",
            "",
        ] {
            assert_eq!(catalogue.find(name), None, "{name}");
        }
    }
}
