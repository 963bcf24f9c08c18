//! Which array is which parameter, and in which order its axes stand. Both follow from the name alone.

use std::collections::HashMap;

use crate::architecture::ConvolutionShape;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Weight,
    Bias,
}

impl Part {
    pub(super) const ALL: [Self; 2] = [Self::Weight, Self::Bias];
}

/// The order of a filter bank's axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// What training scripts put in front of names: PyTorch's DataParallel the first, and what they call the dictionary in
/// which the weights stand beside other things.
const WRAPPERS: [&str; 6] = ["module.", "state_dict.", "model_state_dict.", "model.", "network.", "net."];

/// All names that the parameters of some convolutions may have.
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
                    parameters.insert(name, parameter);
                }
            }
        }
        Self { parameters }
    }

    /// The parameter that an array with this name holds, or `None` if it is none of the catalogue's.
    pub(super) fn find(&self, name: &str) -> Option<Parameter> {
        let name = name.replace('/', ".");
        let mut name = name.as_str();
        while let Some(inner) = WRAPPERS.iter().find_map(|wrapper| name.strip_prefix(wrapper)) {
            name = inner;
        }
        // As TensorFlow's variables are called in a graph.
        let name = name.strip_suffix(":0").unwrap_or(name);
        self.parameters.get(name).copied()
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
        let bias = |convolution, order| Some(Parameter { convolution, part: Part::Bias, order });
        let weight = |convolution, order| Some(Parameter { convolution, part: Part::Weight, order });
        use FilterOrder::{Hwio, Oihw};
        for (name, expected) in [
            ("features.0.weight", weight(0, Oihw)),
            ("features/layer0/weights", weight(0, Hwio)),
            ("features.0.bias", bias(0, Oihw)),
            ("features/layer0/bias", bias(0, Hwio)),
            ("features.12.squeeze.weight", weight(1, Oihw)),
            ("features/layer12/fire/squeeze/weights", weight(1, Hwio)),
            ("features.12.expand1x1.bias", bias(2, Oihw)),
            ("features/layer12/fire/e11/bias", bias(2, Hwio)),
            ("features.12.expand3x3.weight", weight(3, Oihw)),
            ("features/layer12/fire/e33/weights", weight(3, Hwio)),
            ("classifier.1.weight", weight(4, Oihw)),
            ("classifier/layer1/weights", weight(4, Hwio)),
            // Variants of the same names.
            ("module.features.0.weight", weight(0, Oihw)),
            ("state_dict.module.features.0.weight", weight(0, Oihw)),
            ("model.features.0.weight", weight(0, Oihw)),
            ("features/layer0/weights:0", weight(0, Hwio)),
            ("features.layer12.fire.e33.weights", weight(3, Hwio)),
            // Not ours, or not asked for.
            ("features/layer0/weights/Adam", None),
            ("features/layer0/weights/Adam_1", None),
            ("features.3.squeeze.weight", None),
            ("features.0.weights", None),
            ("features/layer0/weight", None),
            ("beta1_power", None),
            ("global_step", None),
            ("module.", None),
            ("module", None),
            ("module.module.", None),
            ("optimizer.state.features.0.weight", None),
            ("", None),
        ] {
            assert_eq!(catalogue.find(name), expected, "{name}");
        }
    }
}
