//! The decisions that hold from one replay of a tape to the next: what is computed, where gradients
//! flow, and which buffer holds what.
//!
//! Time is counted in steps: node `i` is computed at step `i`, and of `n` nodes node `i` goes
//! backward at step `2n - 1 - i`.

use crate::Element;
use crate::buffers::{self, Lifetime};
use crate::operation::Place;
use crate::tape::{Kind, Node, Recycling};

pub(crate) struct Plan {
    /// Nodes that forward computes.
    pub(crate) needed: Vec<bool>,
    /// The result that backward starts from.
    pub(crate) result: Option<usize>,
    /// The buffer of each node's value, where it is a leaf or needed.
    pub(crate) values: Vec<Option<usize>>,
    /// The buffer of each node's gradient, for nodes on a path from a variable to the result.
    pub(crate) gradients: Vec<Option<usize>>,
    /// Values in each buffer.
    pub(crate) buffer_lens: Vec<usize>,
    /// For each node, the gradients it adds to.
    pub(crate) loans: Vec<Loans>,
    /// Whether something was added to a node's gradient during the present backward walk.
    pub(crate) started: Vec<bool>,
}

/// The gradients that the backward step of one node adds to.
pub(crate) struct Loans {
    /// The distinct inputs that want a gradient, with its buffer.
    pub(crate) distinct: Vec<(usize, usize)>,
    /// Which of them each input is.
    pub(crate) inputs: Vec<Option<usize>>,
}

/// Plans the walks over `nodes`, backward from `result`.
pub(crate) fn make<T: Element>(
    nodes: &[Node<T>],
    places: &[Place],
    recycling: Option<&Recycling>,
    result: Option<usize>,
) -> Plan {
    let count = nodes.len();
    let end = 2 * count;
    let backward_step = |index: usize| end - 1 - index;
    let is_leaf = |index: usize| matches!(nodes[index].kind, Kind::Leaf);
    let needed = needed(nodes, recycling);
    let on_path = on_path(nodes, result);

    // Who wants a buffer: values first, then gradients.
    let has_value: Vec<usize> = (0..count).filter(|&index| is_leaf(index) || needed[index]).collect();
    let has_gradient: Vec<usize> = (0..count).filter(|&index| on_path[index]).collect();
    let values = has_value.iter().map(|&index| {
        let lasts = is_leaf(index) || recycling.is_none_or(|recycling| recycling.keeps(index));
        Lifetime {
            len: places[index].len,
            from: if is_leaf(index) { 0 } else { index },
            to: if lasts { end } else { last_use(nodes, &on_path, index) },
        }
    });
    let gradients = has_gradient.iter().map(|&index| {
        let first_user =
            (index + 1..count).rev().find(|&user| on_path[user] && nodes[user].inputs.contains(&index));
        let lasts = is_leaf(index) || recycling.is_none();
        Lifetime {
            len: places[index].len,
            from: first_user.map_or(count, backward_step),
            to: if lasts { end } else { backward_step(index) },
        }
    });
    let lifetimes: Vec<Lifetime> = values.chain(gradients).collect();
    let (assigned, buffer_lens) = if recycling.is_some() {
        buffers::assign(&lifetimes)
    } else {
        ((0..lifetimes.len()).collect(), lifetimes.iter().map(|lifetime| lifetime.len).collect())
    };

    let mut plan = Plan {
        needed,
        result,
        values: vec![None; count],
        gradients: vec![None; count],
        buffer_lens,
        loans: Vec::new(),
        started: vec![false; count],
    };
    let (value_buffers, gradient_buffers) = assigned.split_at(has_value.len());
    for (&index, &buffer) in has_value.iter().zip(value_buffers) {
        plan.values[index] = Some(buffer);
    }
    for (&index, &buffer) in has_gradient.iter().zip(gradient_buffers) {
        plan.gradients[index] = Some(buffer);
    }
    plan.loans = nodes
        .iter()
        .map(|node| {
            let mut distinct: Vec<(usize, usize)> = Vec::new();
            let inputs = node.inputs.iter().map(|&input| {
                let buffer = plan.gradients[input]?;
                Some(distinct.iter().position(|&(other, _)| other == input).unwrap_or_else(|| {
                    distinct.push((input, buffer));
                    distinct.len() - 1
                }))
            });
            let inputs = inputs.collect();
            Loans { distinct, inputs }
        })
        .collect();
    plan
}

/// Which nodes forward computes: all, or what the result and the kept values depend on.
fn needed<T>(nodes: &[Node<T>], recycling: Option<&Recycling>) -> Vec<bool> {
    let Some(recycling) = recycling else { return vec![true; nodes.len()] };
    let mut needed: Vec<bool> = (0..nodes.len()).map(|index| recycling.keeps(index)).collect();
    for index in (0..nodes.len()).rev() {
        if needed[index] {
            nodes[index].inputs.iter().for_each(|&input| needed[input] = true);
        }
    }
    needed
}

/// Which nodes lie on a path from a variable to the result: those that gradients flow through.
fn on_path<T>(nodes: &[Node<T>], result: Option<usize>) -> Vec<bool> {
    let mut on_path = vec![false; nodes.len()];
    let Some(result) = result else { return on_path };
    on_path[result] = nodes[result].differentiable;
    for index in (0..=result).rev() {
        if on_path[index] {
            for &input in &nodes[index].inputs {
                on_path[input] |= nodes[input].differentiable;
            }
        }
    }
    on_path
}

/// The last step that reads the value of a node, forward or backward.
fn last_use<T: Element>(nodes: &[Node<T>], on_path: &[bool], index: usize) -> usize {
    let backward_step = |index: usize| 2 * nodes.len() - 1 - index;
    let mut last = index;
    if let (Kind::Operation(operation), true) = (&nodes[index].kind, on_path[index])
        && operation.reads_output()
    {
        last = backward_step(index);
    }
    for (user, node) in nodes.iter().enumerate().skip(index + 1) {
        let Kind::Operation(operation) = &node.kind else { continue };
        let wanted: Vec<bool> = node.inputs.iter().map(|&input| on_path[input]).collect();
        for (position, _) in node.inputs.iter().enumerate().filter(|(_, input)| **input == index) {
            last = last.max(user);
            if on_path[user] && operation.reads_input(position, &wanted) {
                last = last.max(backward_step(user));
            }
        }
    }
    last
}
