//! What each node of a tape is to the walks in strips, and which tapes cannot be walked so.

use super::rows::RowOperation;
use super::schedule::Role;
use crate::error::TapeError;
use crate::graph::Kind;
use crate::tape::Tape;
use impasto_kernels::Element;

/// What each node is to the walks.
pub(super) fn of<T: Element>(tape: &Tape<T>, on_path: &[bool]) -> Result<Vec<Role>, TapeError> {
    let mut roles = vec![Role::Whole; tape.nodes.len()];
    for (index, node) in tape.nodes.iter().enumerate() {
        let Kind::Operation(operation) = &node.kind else { continue };
        let refused = |reason| Err(TapeError::NotByRows { operation: operation.name(), reason });
        let is_walked = |input: &usize| matches!(roles[*input], Role::Image { .. });
        let by_rows = operation.by_rows();
        let images = by_rows.map_or(0, RowOperation::images).min(node.inputs.len());
        // A small array is also a leaf of the operations that could take it by rows.
        let shapes = node.inputs[..images].iter().map(|&input| &tape.places[input].shape[..]);
        let are_images = shapes.clone().all(|shape| matches!(shape, [1, _, _, _]) && !shape.contains(&0));
        let is_leaf = |input: &usize| matches!(tape.nodes[*input].kind, Kind::Leaf);
        let are_there = node.inputs[..images].iter().all(|input| is_walked(input) || is_leaf(input));
        let Some(by_rows) = by_rows.filter(|_| are_images && are_there) else {
            if node.inputs.iter().any(is_walked) {
                return refused("needs the whole image");
            }
            continue;
        };
        if node.inputs[images..].iter().any(|input| is_walked(input) || on_path[*input]) {
            return refused("needs the whole image, or a gradient of its weights");
        }
        for &input in &node.inputs[..images] {
            let height = tape.places[input].shape[1];
            if is_leaf(&input) {
                roles[input] = Role::Image { height, on_path: on_path[input] };
            }
        }
        roles[index] = match by_rows.is_sum() {
            true => Role::Sum { on_path: on_path[index], early: false },
            false => match tape.places[index].shape[..] {
                [1, height, _, _] => Role::Image { height, on_path: on_path[index] },
                _ => return refused("does not give an image"),
            },
        };
    }
    // A leaf that was taken for small before it was read by rows.
    for node in &tape.nodes {
        if let Kind::Operation(operation) = &node.kind {
            let images = operation.by_rows().map_or(0, RowOperation::images).min(node.inputs.len());
            if node.inputs[images..].iter().any(|&input| matches!(roles[input], Role::Image { .. })) {
                return Err(TapeError::NotByRows {
                    operation: operation.name(),
                    reason: "needs the whole image",
                });
            }
        }
    }
    let variables = (0..roles.len()).filter(|&index| {
        let is_leaf = matches!(tape.nodes[index].kind, Kind::Leaf) && tape.nodes[index].differentiable;
        is_leaf && matches!(roles[index], Role::Image { .. })
    });
    if variables.count() > 1 {
        return Err(TapeError::NotByRows { operation: "variable", reason: "is one of several images" });
    }
    mark_early(tape, on_path, &mut roles);
    Ok(roles)
}

/// Marks the sums that the gradient of others depends on: what a gradient behind the sums reads, and before it.
fn mark_early<T: Element>(tape: &Tape<T>, on_path: &[bool], roles: &mut [Role]) {
    let mut is_read = vec![false; roles.len()];
    for (index, node) in tape.nodes.iter().enumerate() {
        let (Kind::Operation(operation), Role::Whole, true) = (&node.kind, roles[index], on_path[index])
        else {
            continue;
        };
        is_read[index] |= operation.reads_output();
        let wanted: Vec<bool> = node.inputs.iter().map(|&input| on_path[input]).collect();
        for (position, &input) in node.inputs.iter().enumerate() {
            is_read[input] |= operation.reads_input(position, &wanted);
        }
    }
    // Inputs stand before those who read them.
    for index in (0..roles.len()).rev() {
        match &mut roles[index] {
            _ if !is_read[index] => {}
            Role::Sum { early, .. } => *early = true,
            Role::Whole => tape.nodes[index].inputs.iter().for_each(|&input| is_read[input] = true),
            Role::Image { .. } => {}
        }
    }
}
