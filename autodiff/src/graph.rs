//! The recorded graph: its nodes, and which of them must stay readable.

use crate::operation::Operation;
use std::borrow::Cow;

/// One step of the computation.
pub(crate) struct Node<T> {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) kind: Kind<T>,
    /// Earlier nodes.
    pub(crate) inputs: Vec<usize>,
    /// Whether a gradient can flow to a variable from here.
    pub(crate) differentiable: bool,
}

pub(crate) enum Kind<T> {
    Leaf,
    Operation(Box<dyn Operation<T>>),
}

/// What must stay readable while everything else may share buffers.
pub(crate) struct Recycling {
    pub(crate) result: usize,
    pub(crate) kept: Vec<usize>,
}

impl Recycling {
    pub(crate) fn keeps(&self, index: usize) -> bool {
        self.result == index || self.kept.contains(&index)
    }
}
