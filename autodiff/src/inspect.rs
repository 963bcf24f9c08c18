//! What is on a tape, node by node, for people: names, formulas, shapes and their arithmetic, operations counted.
//! What a replay costs is found with [`Tape::forward_each`] and [`Tape::backward_each`], values and gradients with
//! [`Tape::value`] and [`Tape::gradient`].

use crate::formulas::Formulas;
use crate::graph::{Kind, Node};
use crate::operation::Operation;
use crate::tape::{Tape, Var};
use impasto_kernels::Element;

/// One node of a tape.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeInfo {
    /// The node; its [`index`](Var::index) is its place in the list.
    pub var: Var,
    /// The name that [`Tape::name`] gave it.
    pub name: Option<String>,
    /// The operation's name; `None` for a leaf.
    pub operation: Option<&'static str>,
    /// The operation's inputs, in its order.
    pub inputs: Vec<Var>,
    /// The shape of its value.
    pub shape: Vec<usize>,
    /// Whether a gradient can flow to a variable from here.
    pub differentiable: bool,
    /// Bytes of its value; its gradient, where there is one, takes as many.
    pub bytes: usize,
    /// Floating-point operations of one forward step, where the operation counts them; else 0.
    pub flops: u64,
    /// Floating-point operations of one backward step, where the operation counts them; else 0.
    pub backward_flops: u64,
    /// What the operation computes.
    pub formulas: Formulas,
    /// How its shape and its operations follow from the inputs' shapes, in numbers.
    pub arithmetic: Vec<String>,
}

impl<T: Element> Tape<T> {
    /// Every node, in the order of recording.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// # fn main() -> Result<(), impasto_autodiff::TapeError> {
    /// let mut tape = Tape::<f64>::new();
    /// let x = tape.variable(&array![[1.0, 2.0], [3.0, 4.0]]);
    /// tape.name(x, "x")?;
    /// tape.matmul(x, x)?;
    /// let nodes = tape.inspect();
    /// assert_eq!((nodes[0].name.as_deref(), nodes[0].operation), (Some("x"), None));
    /// assert_eq!((nodes[1].operation, &nodes[1].inputs[..]), (Some("matmul"), &[x, x][..]));
    /// assert_eq!(nodes[1].arithmetic[0], "(2, 2) x (2, 2) = (2, 2)");
    /// assert_eq!((nodes[1].flops, nodes[1].backward_flops), (16, 32));
    /// # Ok(())
    /// # }
    /// ```
    pub fn inspect(&self) -> Vec<NodeInfo> {
        (0..self.len()).map(|index| self.node_info(index)).collect()
    }

    /// Floating-point operations of one forward walk, as far as the operations count them.
    pub fn flops(&self) -> u64 {
        self.operations().map(|(operation, _)| operation.flops()).fold(0, u64::saturating_add)
    }

    /// Floating-point operations of one backward walk from a result that depends on every node.
    pub fn backward_flops(&self) -> u64 {
        let flops = self.operations().map(|(operation, node)| {
            if node.differentiable { operation.backward_flops(&self.wanted(node)) } else { 0 }
        });
        flops.fold(0, u64::saturating_add)
    }

    /// Which inputs of a node want a gradient.
    fn wanted(&self, node: &Node<T>) -> Vec<bool> {
        node.inputs.iter().map(|&input| self.nodes[input].differentiable).collect()
    }

    pub(crate) fn operations(&self) -> impl Iterator<Item = (&dyn Operation<T>, &Node<T>)> {
        self.nodes.iter().filter_map(|node| match &node.kind {
            Kind::Leaf => None,
            Kind::Operation(operation) => Some((operation.as_ref(), node)),
        })
    }

    fn node_info(&self, index: usize) -> NodeInfo {
        let (node, place) = (&self.nodes[index], &self.places[index]);
        let mut info = NodeInfo {
            var: self.var(index),
            name: node.name.as_deref().map(str::to_owned),
            operation: None,
            inputs: node.inputs.iter().map(|&input| self.var(input)).collect(),
            shape: place.shape.clone(),
            differentiable: node.differentiable,
            bytes: place.len * size_of::<T>(),
            flops: 0,
            backward_flops: 0,
            formulas: Formulas::default(),
            arithmetic: Vec::new(),
        };
        if let Kind::Operation(operation) = &node.kind {
            let shapes: Vec<&[usize]> =
                node.inputs.iter().map(|&input| &self.places[input].shape[..]).collect();
            info.operation = Some(operation.name());
            info.flops = operation.flops();
            if node.differentiable {
                info.backward_flops = operation.backward_flops(&self.wanted(node));
            }
            info.formulas = operation.formulas();
            info.arithmetic = operation.arithmetic(&shapes, &place.shape);
        }
        info
    }
}
