//! One node of a session's tape, in numbers and words.

use super::clock::StepTimes;
use super::norm;
use impasto_autodiff::{Formulas, NodeInfo, Tape, TapeError, Var};
use serde::Serialize;
use std::time::Duration;

/// What a node is to style transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
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

/// One node of a tape.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeReport {
    /// Its place on the tape.
    pub index: usize,
    /// What it is called: a layer as torchvision calls it, a loss as the notebook does.
    pub name: String,
    /// The operation; `variable` or `constant` for a leaf.
    pub operation: &'static str,
    /// What it is to style transfer.
    pub role: Role,
    /// The layer of the network that it is, or that it was computed from last.
    pub layer: Option<usize>,
    /// The fire module that it is a part of, such as `features.3`.
    pub module: Option<String>,
    /// The nodes that it is computed from.
    pub inputs: Vec<usize>,
    /// The shape of its value.
    pub shape: Vec<usize>,
    /// Values in the weights and biases that it reads.
    pub parameters: usize,
    /// Floating-point operations forward.
    pub flops: u64,
    /// Floating-point operations backward.
    pub backward_flops: u64,
    /// Bytes read and written forward: inputs and value.
    pub bytes: usize,
    /// Bytes of its value; its gradient takes as many.
    pub value_bytes: usize,
    /// Milliseconds forward; `None` for a leaf.
    pub forward_ms: Option<f64>,
    /// Milliseconds backward; `None` where no gradient goes through.
    pub backward_ms: Option<f64>,
    /// The Euclidean length of its value.
    pub value_norm: f64,
    /// The Euclidean length of the total loss's gradient with respect to its value; `None` where there is none.
    pub gradient_norm: Option<f64>,
    /// What it computes forward, a line each.
    pub forward: &'static [&'static str],
    /// What it computes backward, a line each.
    pub backward: &'static [&'static str],
    /// How its shape and its operations follow from the inputs' shapes.
    pub arithmetic: Vec<String>,
    /// The node itself.
    #[serde(skip)]
    pub(super) var: Var,
}

/// Every node of the tape, after both walks.
pub(super) fn report(tape: &Tape<f32>, times: &StepTimes) -> Result<Vec<NodeReport>, TapeError> {
    let mut reports: Vec<NodeReport> = Vec::new();
    for node in tape.inspect() {
        let report = one(tape, node, times, &reports)?;
        reports.push(report);
    }
    Ok(reports)
}

fn one(
    tape: &Tape<f32>,
    node: NodeInfo,
    times: &StepTimes,
    earlier: &[NodeReport],
) -> Result<NodeReport, TapeError> {
    let index = node.var.index();
    let leaf = if node.differentiable { "variable" } else { "constant" };
    let operation = node.operation.unwrap_or(leaf);
    let name = node.name.unwrap_or_else(|| operation.to_owned());
    let role = Role::of(&name, node.operation.is_some());
    let inputs: Vec<usize> = node.inputs.iter().map(|input| input.index()).collect();
    let of_inputs = || inputs.iter().map(|&input| &earlier[input]);
    let parameters = of_inputs().filter(|input| input.role == Role::Parameter);
    let parameters = parameters.map(|input| input.shape.iter().product::<usize>()).sum();
    let layer = Layer::parse(&name);
    let number = match &layer {
        Some(layer) => Some(layer.number),
        None => target_layer(&name).or(of_inputs().filter_map(|input| input.layer).max()),
    };
    let gradient = match tape.gradient(node.var) {
        Ok(gradient) => Some(norm(gradient.iter())),
        Err(TapeError::NoGradient) => None,
        Err(error) => return Err(error),
    };
    let Formulas { forward, backward } = node.formulas;
    Ok(NodeReport {
        index,
        operation,
        role,
        // Of a fire module, but not of the only convolution of a layer.
        module: layer.filter(|layer| layer.part.is_some()).map(|layer| layer.name),
        layer: number,
        parameters,
        flops: node.flops,
        backward_flops: node.backward_flops,
        bytes: node.bytes + of_inputs().map(|input| input.value_bytes).sum::<usize>(),
        value_bytes: node.bytes,
        forward_ms: times.forward[index].map(milliseconds),
        backward_ms: times.backward[index].map(milliseconds),
        value_norm: norm(tape.value(node.var)?.iter()),
        gradient_norm: gradient,
        forward,
        backward,
        arithmetic: node.arithmetic,
        var: node.var,
        name,
        inputs,
        shape: node.shape,
    })
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl Role {
    fn of(name: &str, is_operation: bool) -> Role {
        match (name.starts_with("features."), is_operation) {
            (true, true) => Role::Layer,
            (true, false) => Role::Parameter,
            (false, true) => Role::Loss,
            (false, false) if name == "pixels" => Role::Pixels,
            (false, false) => Role::Target,
        }
    }
}

/// A name such as `features.0+1`, `features.3.squeeze` or `features.3.expand1x1.bias`, taken apart.
struct Layer {
    /// `features.3`
    name: String,
    /// The last layer that is meant.
    number: usize,
    /// `squeeze` or `expand`.
    part: Option<String>,
}

impl Layer {
    fn parse(name: &str) -> Option<Layer> {
        let mut pieces = name.strip_prefix("features.")?.split('.');
        let numbers = pieces.next()?;
        let number = numbers.rsplit('+').next()?.parse().ok()?;
        let part = pieces.next().filter(|part| !["weight", "bias"].contains(part));
        Some(Layer { name: format!("features.{numbers}"), number, part: part.map(str::to_owned) })
    }
}

/// The layer of a target, such as `style_target.4`.
fn target_layer(name: &str) -> Option<usize> {
    name.rsplit_once('.')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_layers_apart() {
        let parsed = |name| Layer::parse(name).map(|layer| (layer.name, layer.number, layer.part));
        let part = |part: &str| Some(part.to_owned());
        assert_eq!(parsed("features.0+1"), Some(("features.0+1".to_owned(), 1, None)));
        assert_eq!(parsed("features.0.weight"), Some(("features.0".to_owned(), 0, None)));
        assert_eq!(parsed("features.12.squeeze"), Some(("features.12".to_owned(), 12, part("squeeze"))));
        assert_eq!(
            parsed("features.3.expand1x1.bias"),
            Some(("features.3".to_owned(), 3, part("expand1x1")))
        );
        assert_eq!(parsed("content_loss"), None);
        assert_eq!(target_layer("style_target.4"), Some(4));
        assert_eq!(target_layer("total_loss"), None);
    }

    #[test]
    fn names_tell_roles() {
        assert_eq!(Role::of("features.2", true), Role::Layer);
        assert_eq!(Role::of("features.0.bias", false), Role::Parameter);
        assert_eq!(Role::of("style_target.1", false), Role::Target);
        assert_eq!(Role::of("pixels", false), Role::Pixels);
        assert_eq!(Role::of("gram_matrix", true), Role::Loss);
    }
}
