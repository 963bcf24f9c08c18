//! The decisions that hold from one replay of a tape to the next: what is computed, where gradients
//! flow, and which buffer holds what.
//!
//! Time is counted in steps: node `i` is computed at step `i`, and of `n` nodes node `i` goes
//! backward at step `2n - 1 - i`.

use crate::buffers::{self, Lifetime};
use crate::graph::{Kind, Node, Recycling};
use crate::operation::Place;
use impasto_kernels::Element;

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
    let kept = kept(count, recycling);
    let needed = needed(nodes, kept.clone());
    let on_path = on_path(nodes, result);
    let uses = Uses::of(nodes, &on_path);

    // Who wants a buffer: values first, then gradients.
    let has_value: Vec<usize> = (0..count).filter(|&index| is_leaf(index) || needed[index]).collect();
    let has_gradient: Vec<usize> = (0..count).filter(|&index| on_path[index]).collect();
    let values = has_value.iter().map(|&index| {
        let lasts = is_leaf(index) || kept[index];
        Lifetime {
            len: places[index].len,
            from: if is_leaf(index) { 0 } else { index },
            to: if lasts { end } else { uses.last[index] },
        }
    });
    let gradients = has_gradient.iter().map(|&index| {
        let lasts = is_leaf(index) || recycling.is_none();
        Lifetime {
            len: places[index].len,
            from: uses.last_on_path[index].map_or(count, backward_step),
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

/// Which values must stay readable, leaves apart: all, or the result and what was named.
fn kept(count: usize, recycling: Option<&Recycling>) -> Vec<bool> {
    let Some(recycling) = recycling else { return vec![true; count] };
    let mut kept = vec![false; count];
    kept[recycling.result] = true;
    recycling.kept.iter().for_each(|&index| kept[index] = true);
    kept
}

/// Which nodes forward computes: what the kept values depend on.
fn needed<T>(nodes: &[Node<T>], kept: Vec<bool>) -> Vec<bool> {
    let mut needed = kept;
    for index in (0..nodes.len()).rev() {
        if needed[index] {
            nodes[index].inputs.iter().for_each(|&input| needed[input] = true);
        }
    }
    needed
}

/// Which nodes lie on a path from a variable to the result: those that gradients flow through.
pub(crate) fn on_path<T>(nodes: &[Node<T>], result: Option<usize>) -> Vec<bool> {
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

/// When each node is used for the last time.
struct Uses {
    /// The last step, forward or backward, that reads the node's value; the step that computes it, if none does.
    last: Vec<usize>,
    /// The last node that the gradient flows through and that has this one as input: the first to add to its gradient.
    last_on_path: Vec<Option<usize>>,
}

impl Uses {
    fn of<T: Element>(nodes: &[Node<T>], on_path: &[bool]) -> Self {
        let backward_step = |index: usize| 2 * nodes.len() - 1 - index;
        let mut uses = Uses { last: (0..nodes.len()).collect(), last_on_path: vec![None; nodes.len()] };
        for (user, node) in nodes.iter().enumerate() {
            let Kind::Operation(operation) = &node.kind else { continue };
            if on_path[user] && operation.reads_output() {
                uses.last[user] = backward_step(user);
            }
            let wanted: Vec<bool> = node.inputs.iter().map(|&input| on_path[input]).collect();
            for (position, &input) in node.inputs.iter().enumerate() {
                let reads = on_path[user] && operation.reads_input(position, &wanted);
                let step = if reads { backward_step(user) } else { user };
                uses.last[input] = uses.last[input].max(step);
                if on_path[user] {
                    uses.last_on_path[input] = Some(user);
                }
            }
        }
        uses
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Mismatch;
    use crate::operation::{Gradients, Operation, Values};

    /// An operation that says what its gradient reads, and is never computed.
    #[derive(Clone, Copy)]
    struct Reads {
        inputs: bool,
        output: bool,
    }

    const NOTHING: Reads = Reads { inputs: false, output: false };
    const INPUTS: Reads = Reads { inputs: true, output: false };
    const OUTPUT: Reads = Reads { inputs: false, output: true };

    impl Operation<f32> for Reads {
        fn name(&self) -> &'static str {
            "reads"
        }
        fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
            Ok(Vec::new())
        }
        fn forward(&mut self, _: &Values<'_, f32>, _: &mut [f32]) {}
        fn backward(&mut self, _: &Values<'_, f32>, _: &[f32], _: &mut Gradients<'_, f32>) {}
        fn reads_input(&self, _: usize, _: &[bool]) -> bool {
            self.inputs
        }
        fn reads_output(&self) -> bool {
            self.output
        }
    }

    /// A graph of values of one length, and its plan.
    struct Planned {
        nodes: Vec<Node<f32>>,
        reads: Vec<Option<Reads>>,
        plan: Plan,
    }

    const LEAF: (&[usize], Option<Reads>) = (&[], None);

    /// Plans a graph, each node given by its inputs and what its gradient reads; leaves are variables.
    fn planned(graph: &[(&[usize], Option<Reads>)], recycled: Option<&[usize]>, result: usize) -> Planned {
        let mut nodes: Vec<Node<f32>> = Vec::new();
        for &(inputs, reads) in graph {
            let kind = reads.map_or(Kind::Leaf, |reads| Kind::Operation(Box::new(reads)));
            nodes.push(Node { name: None, kind, inputs: inputs.to_vec(), differentiable: true });
        }
        let place = |_| Place { buffer: 0, shape: vec![5], len: 5, version: 0 };
        let places: Vec<Place> = (0..nodes.len()).map(place).collect();
        let recycling = recycled.map(|kept| Recycling { result, kept: kept.to_vec() });
        let plan = make(&nodes, &places, recycling.as_ref(), Some(result));
        Planned { nodes, reads: graph.iter().map(|&(_, reads)| reads).collect(), plan }
    }

    /// What a buffer holds.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Content {
        Poison,
        Value(usize),
        Gradient(usize),
    }

    impl Planned {
        /// Walks forward and backward with the nodes' numbers in place of their values. What a step reads must still be
        /// there; what `kept` names must be there at the end.
        fn walk(&self, kept: &[usize]) {
            let Planned { nodes, reads, plan } = self;
            let mut buffers = vec![Content::Poison; plan.buffer_lens.len()];
            let value = |buffers: &[Content], index: usize| plan.values[index].map(|at| buffers[at]);
            for index in (0..nodes.len()).filter(|&index| reads[index].is_none()) {
                buffers[plan.values[index].unwrap()] = Content::Value(index);
            }
            for index in (0..nodes.len()).filter(|&index| reads[index].is_some() && plan.needed[index]) {
                buffers[plan.values[index].unwrap()] = Content::Value(index);
                for &input in &nodes[index].inputs {
                    assert_eq!(value(&buffers, input), Some(Content::Value(input)), "forward of {index}");
                }
            }
            let result = plan.result.unwrap();
            if let Some(at) = plan.gradients[result] {
                buffers[at] = Content::Gradient(result);
            }
            let mut started = vec![false; nodes.len()];
            for index in (0..=result).rev() {
                let (Some(at), Some(reads)) = (plan.gradients[index], reads[index]) else { continue };
                for &(input, buffer) in &plan.loans[index].distinct {
                    if std::mem::replace(&mut started[input], true) {
                        assert_eq!(buffers[buffer], Content::Gradient(input), "backward of {index}");
                    }
                    buffers[buffer] = Content::Gradient(input);
                }
                assert_eq!(buffers[at], Content::Gradient(index), "backward of {index}");
                if reads.output {
                    assert_eq!(value(&buffers, index), Some(Content::Value(index)), "backward of {index}");
                }
                for &input in nodes[index].inputs.iter().filter(|_| reads.inputs) {
                    assert_eq!(value(&buffers, input), Some(Content::Value(input)), "backward of {index}");
                }
            }
            let leaves = (0..nodes.len()).filter(|&index| reads[index].is_none());
            for index in leaves.chain([result]).chain(kept.iter().copied()) {
                assert_eq!(value(&buffers, index), Some(Content::Value(index)), "kept {index}");
            }
        }
    }

    #[test]
    fn without_recycling_everything_has_a_buffer_of_its_own() {
        // A diamond.
        let graph = [LEAF, (&[0][..], Some(NOTHING)), (&[0], Some(NOTHING)), (&[1, 2], Some(NOTHING))];
        let diamond = planned(&graph, None, 3);
        diamond.walk(&[0, 1, 2, 3]);
        let plan = &diamond.plan;
        let mut buffers: Vec<usize> = plan.values.iter().chain(&plan.gradients).flatten().copied().collect();
        buffers.sort_unstable();
        assert_eq!(buffers, [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(plan.loans[3].distinct.len(), 2);
        assert_eq!((&plan.loans[3].inputs[..], plan.loans[0].distinct.len()), (&[Some(0), Some(1)][..], 0));
    }

    #[test]
    fn a_chain_shares_what_its_gradients_do_not_read() {
        let chain = |reads| {
            let inputs: Vec<[usize; 1]> = (0..9).map(|index| [index]).collect();
            let mut graph = vec![LEAF];
            graph.extend(inputs.iter().map(|input| (&input[..], Some(reads))));
            let chain = planned(&graph, Some(&[]), 9);
            chain.walk(&[]);
            chain.plan.buffer_lens.len()
        };
        // The leaf and its gradient, the result, and one more that value and gradient take in turns.
        let free = chain(NOTHING);
        assert_eq!(free, 4);
        // The ten values stay where backward reads them; two more buffers hold the gradients in turn.
        assert_eq!((chain(INPUTS), chain(OUTPUT)), (12, 12));
    }

    #[test]
    fn a_diamond_keeps_what_its_second_branch_needs() {
        for reads in [NOTHING, INPUTS, OUTPUT] {
            let reads = Some(reads);
            let graph =
                [LEAF, (&[0][..], reads), (&[1], reads), (&[1], reads), (&[2, 3], reads), (&[4], reads)];
            for kept in [&[][..], &[1], &[2, 3]] {
                planned(&graph, Some(kept), 5).walk(kept);
            }
        }
    }

    #[test]
    fn a_fan_out_sums_into_one_gradient() {
        // Node 1 is used by 2, 3, 4 and twice by 5.
        let graph = [
            LEAF,
            (&[0][..], Some(OUTPUT)),
            (&[1], Some(NOTHING)),
            (&[1], Some(INPUTS)),
            (&[1], Some(OUTPUT)),
            (&[1, 1], Some(INPUTS)),
            (&[2, 3, 4, 5], Some(NOTHING)),
        ];
        let fan = planned(&graph, Some(&[]), 6);
        fan.walk(&[]);
        assert_eq!(fan.plan.loans[5].inputs, [Some(0), Some(0)]);
        assert_eq!(fan.plan.loans[5].distinct.len(), 1);
        let gradient = fan.plan.gradients[1].unwrap();
        assert!((2..6).all(|user| fan.plan.loans[user].distinct == [(1, gradient)]));
    }

    #[test]
    fn what_nothing_depends_on_is_not_planned() {
        let graph = [
            LEAF,
            (&[0][..], Some(NOTHING)),
            (&[0], Some(INPUTS)),
            (&[2], Some(INPUTS)),
            (&[1], Some(NOTHING)),
        ];
        let aside = planned(&graph, Some(&[]), 4);
        aside.walk(&[]);
        assert_eq!(aside.plan.needed, [true, true, false, false, true]);
        assert_eq!((aside.plan.values[2], aside.plan.gradients[2]), (None, None));
        // What is kept is computed, but no gradient flows there.
        let kept = planned(&graph, Some(&[3]), 4);
        kept.walk(&[3]);
        assert_eq!(kept.plan.needed, [true; 5]);
        assert_eq!((kept.plan.gradients[2], kept.plan.gradients[3]), (None, None));
    }

    #[test]
    fn random_graphs_find_what_they_read() {
        let mut state = 1_u64;
        let mut below = |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % bound
        };
        for _ in 0..500 {
            let count = 3 + below(12);
            let mut inputs: Vec<Vec<usize>> = vec![Vec::new(), Vec::new()];
            let mut reads = vec![None, None];
            for index in 2..count {
                inputs.push((0..1 + below(3)).map(|_| below(index)).collect());
                reads.push(Some(Reads { inputs: below(3) == 0, output: below(3) == 0 }));
            }
            let kept: Vec<usize> = (0..below(3)).map(|_| below(count)).collect();
            let graph: Vec<_> = inputs.iter().map(|inputs| &inputs[..]).zip(reads).collect();
            let result = 2 + below(count - 2);
            planned(&graph, Some(&kept), result).walk(&kept);
            planned(&graph, None, result).walk(&(0..count).collect::<Vec<_>>());
        }
    }
}
