//! What each node of a session's tape is to style transfer. The session knows what it recorded; names are for people.

use std::collections::HashMap;

use impasto_autodiff::Var;
use impasto_squeezenet::{LayerPart, NetworkNode};

/// What a node is to style transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Role {
    /// The picture.
    Pixels,
    /// Weights or biases of the network.
    Parameter,
    /// What the picture is compared with: features of the content image, Gram matrices of the style image.
    Target,
    /// A layer of the network, or a part of one.
    Layer,
    /// A step from features or pixels to the total loss.
    Loss,
}

/// A node's place in style transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) role: Role,
    /// The layer that it is or belongs to, where that does not follow from what it reads.
    pub(super) layer: Option<usize>,
    /// What it is within the layer, if the network recorded it.
    pub(super) part: Option<LayerPart>,
}

/// The places of all nodes that the session handed out.
pub(super) struct Roles {
    known: HashMap<usize, Placed>,
}

impl Roles {
    pub(super) fn new(image: Var, network: &[NetworkNode], targets: &[(Var, usize)]) -> Roles {
        let pixels = (image.index(), Placed { role: Role::Pixels, layer: None, part: None });
        let of_network = network.iter().map(|node| {
            let role = match node.part {
                LayerPart::Weight { .. } | LayerPart::Bias { .. } => Role::Parameter,
                _ => Role::Layer,
            };
            (node.var.index(), Placed { role, layer: Some(node.layer), part: Some(node.part) })
        });
        let targets = targets.iter().map(|&(var, layer)| {
            (var.index(), Placed { role: Role::Target, layer: Some(layer), part: None })
        });
        Roles { known: [pixels].into_iter().chain(of_network).chain(targets).collect() }
    }

    /// The place of a node; the losses' own nodes are what is left.
    pub(super) fn of(&self, var: Var, is_operation: bool) -> Placed {
        let role = if is_operation { Role::Loss } else { Role::Target };
        let other = Placed { role, layer: None, part: None };
        self.known.get(&var.index()).copied().unwrap_or(other)
    }
}

/// A short name for a drawing.
pub(super) fn label(
    role: Role,
    layer: Option<usize>,
    part: Option<LayerPart>,
    operation: &str,
    name: &str,
) -> String {
    let numbered = |word: &str| layer.map_or_else(|| word.to_owned(), |layer| format!("{word} {layer}"));
    match (role, part) {
        (Role::Pixels, _) => "pixels".to_owned(),
        (Role::Target, _) => "T".to_owned(),
        (_, Some(LayerPart::Weight { .. })) => "w".to_owned(),
        (_, Some(LayerPart::Bias { .. })) => "b".to_owned(),
        (_, Some(LayerPart::Squeeze)) => numbered("squeeze"),
        (_, Some(LayerPart::Expand)) => numbered("expand"),
        (Role::Layer, _) => match operation {
            "max_pool" => numbered("max pool"),
            "relu" => numbered("ReLU"),
            // A layer of its own, and the ReLU behind it.
            "conv2d+relu" => {
                layer.map_or_else(String::new, |layer| format!("conv {}+{layer}", layer.saturating_sub(1)))
            }
            _ => numbered("conv"),
        },
        _ => match operation {
            "gram" => numbered("Gram"),
            "squared_difference" => numbered("distance"),
            _ => name.replace('_', " "),
        },
    }
}

#[cfg(all(test, feature = "built-in-weights"))]
mod tests {
    use super::*;
    use impasto_autodiff::Tape;
    use impasto_squeezenet::{SqueezeNet, Weights};
    use ndarray::Array4;

    #[test]
    fn places_follow_from_what_the_session_handed_out() {
        let mut tape = Tape::<f32>::new();
        let image = tape.variable(&Array4::zeros((1, 16, 16, 3)));
        let network = SqueezeNet::new(Weights::built_in());
        let features = network.record(&mut tape, image, &[1]).unwrap();
        let maps = features.get(1).unwrap();
        let target = tape.constant(&Array4::zeros((1, 7, 7, 64)));
        let distance = tape.squared_difference(maps, target).unwrap();

        let roles = Roles::new(image, features.nodes(), &[(target, 1)]);
        let weight = features.nodes()[0].var;
        for (var, role, layer) in [
            (image, Role::Pixels, None),
            (weight, Role::Parameter, Some(0)),
            (maps, Role::Layer, Some(1)),
            (target, Role::Target, Some(1)),
            (distance, Role::Loss, None),
        ] {
            let placed = roles.of(var, [maps, distance].contains(&var));
            assert_eq!((placed.role, placed.layer), (role, layer), "{placed:?}");
        }
    }

    #[test]
    fn labels_are_short() {
        let fire = LayerPart::Weight { in_fire: true };
        assert_eq!(label(Role::Parameter, Some(3), Some(fire), "constant", "x"), "w");
        assert_eq!(label(Role::Layer, Some(1), Some(LayerPart::Whole), "conv2d+relu", "x"), "conv 0+1");
        assert_eq!(label(Role::Layer, Some(3), Some(LayerPart::Expand), "conv2d+relu", "x"), "expand 3");
        assert_eq!(label(Role::Loss, Some(4), None, "gram", "gram_matrix"), "Gram 4");
        assert_eq!(label(Role::Loss, Some(4), None, "weighted_sum", "style_loss"), "style loss");
    }
}
