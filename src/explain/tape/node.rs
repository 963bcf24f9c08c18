//! One node of a session's tape, in numbers and words.

use super::clock::StepTimes;
use super::norm;
use super::roles::{self, Placed, Role, Roles};
use impasto_autodiff::{Formulas, NodeInfo, Tape, TapeError, Var};
use ndarray::ArrayViewD;
use std::time::Duration;

/// One node of a tape.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct NodeReport {
    /// Its place on the tape.
    pub index: usize,
    /// What it is called: a layer as torchvision calls it, a loss as the notebook does.
    pub name: String,
    /// A short name for a drawing.
    pub label: String,
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
    /// Its value, if it is a single number.
    pub value: Option<f64>,
    /// The gradient with respect to it, if it is a single number and there is one.
    pub gradient: Option<f64>,
    /// What each node that reads it added to its gradient, in the order of the backward walk.
    pub summands: Vec<Summand>,
    /// What it computes forward, a line each.
    pub forward: &'static [&'static str],
    /// What it computes backward, a line each.
    pub backward: &'static [&'static str],
    /// How its shape and its operations follow from the inputs' shapes.
    pub arithmetic: Vec<String>,
    /// The node itself.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(super) var: Var,
}

/// What one node added to the gradient of another that it reads.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Summand {
    /// The place on the tape of the node that it came from.
    pub from: usize,
    /// Its Euclidean length.
    pub norm: f64,
}

/// Every node of the tape, after both walks.
pub(super) fn report(
    tape: &mut Tape<f32>,
    times: &StepTimes,
    roles: &Roles,
) -> Result<Vec<NodeReport>, TapeError> {
    let mut reports: Vec<NodeReport> = Vec::new();
    for node in tape.inspect() {
        let report = one(tape, node, times, roles, &reports)?;
        reports.push(report);
    }
    Ok(reports)
}

fn one(
    tape: &mut Tape<f32>,
    node: NodeInfo,
    times: &StepTimes,
    roles: &Roles,
    earlier: &[NodeReport],
) -> Result<NodeReport, TapeError> {
    let index = node.var.index();
    let leaf = if node.differentiable { "variable" } else { "constant" };
    let operation = node.operation.unwrap_or(leaf);
    let name = node.name.unwrap_or_else(|| operation.to_owned());
    let Placed { role, layer, part } = roles.of(node.var, node.operation.is_some());
    let inputs: Vec<usize> = node.inputs.iter().map(|input| input.index()).collect();
    let of_inputs = || inputs.iter().map(|&input| &earlier[input]);
    let parameters = of_inputs().filter(|input| input.role == Role::Parameter);
    let parameters = parameters.map(|input| input.shape.iter().product::<usize>()).sum();
    // A step towards a loss belongs to the layer that it reads last.
    let layer = layer.or_else(|| of_inputs().filter_map(|input| input.layer).max());
    let label = roles::label(role, layer, part, operation, &name);
    let module = part.filter(|part| part.is_in_fire()).and(layer).map(|layer| format!("features.{layer}"));
    let is_number = node.shape.iter().product::<usize>() == 1;
    let number = |values: &ArrayViewD<'_, f32>| values.first().filter(|_| is_number).copied().map(f64::from);
    let value = tape.value(node.var)?;
    let (value_norm, value) = (norm(value.iter()), number(&value));
    let (gradient_norm, gradient) = match tape.gradient(node.var) {
        Ok(gradient) => (Some(norm(gradient.iter())), number(&gradient)),
        Err(TapeError::NoGradient) => (None, None),
        Err(error) => return Err(error),
    };
    let summands = match gradient_norm {
        None => Vec::new(),
        Some(_) => tape.summands(node.var)?,
    };
    let summands = summands
        .into_iter()
        .map(|(from, summand)| Summand { from: from.index(), norm: norm(summand.iter()) })
        .collect();
    let Formulas { forward, backward } = node.formulas;
    Ok(NodeReport {
        index,
        operation,
        role,
        label,
        module,
        layer,
        parameters,
        flops: node.flops,
        backward_flops: node.backward_flops,
        bytes: node.bytes + of_inputs().map(|input| input.value_bytes).sum::<usize>(),
        value_bytes: node.bytes,
        forward_ms: times.forward[index].map(milliseconds),
        backward_ms: times.backward[index].map(milliseconds),
        value_norm,
        gradient_norm,
        value,
        gradient,
        summands,
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
