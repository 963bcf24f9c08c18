//! Recording: leaves, operations on earlier nodes, names, and what is kept.

use super::{Progress, Tape, Var};
use crate::error::TapeError;
use crate::graph::{Kind, Node, Recycling};
use crate::memory;
use crate::operation::{Operation, Place};
use impasto_kernels::Element;
use ndarray::{ArrayBase, Data, Dimension};
use std::borrow::Cow;

/// Recording.
impl<T: Element> Tape<T> {
    /// Records a leaf that wants a gradient.
    ///
    /// Of any shape; the values are copied.
    pub fn variable<S: Data<Elem = T>, D: Dimension>(&mut self, value: &ArrayBase<S, D>) -> Var {
        self.leaf(value, true)
    }

    /// Records a leaf that wants no gradient: data, targets, weights that are not trained.
    pub fn constant<S: Data<Elem = T>, D: Dimension>(&mut self, value: &ArrayBase<S, D>) -> Var {
        self.leaf(value, false)
    }

    fn leaf<S: Data<Elem = T>, D: Dimension>(&mut self, value: &ArrayBase<S, D>, variable: bool) -> Var {
        self.buffers.push(value.iter().copied().collect());
        let node = Node { name: None, kind: Kind::Leaf, inputs: Vec::new(), differentiable: variable };
        self.push(node, self.buffers.len() - 1, value.shape().to_vec())
    }

    /// Records an operation on earlier nodes.
    ///
    /// # Errors
    /// [`TapeError::Shape`] if the inputs do not fit the operation, or the output does not fit the memory;
    /// [`TapeError::ForeignVariable`] if an input was recorded elsewhere.
    pub fn record(&mut self, mut operation: impl Operation<T>, inputs: &[Var]) -> Result<Var, TapeError> {
        let inputs = inputs.iter().map(|&input| self.index(input)).collect::<Result<Vec<_>, _>>()?;
        let shapes: Vec<&[usize]> = inputs.iter().map(|&index| &self.places[index].shape[..]).collect();
        let shape = operation.output_shape(&shapes).and_then(memory::output::<T>).map_err(|reason| {
            TapeError::Shape {
                operation: operation.name(),
                inputs: shapes.iter().map(|shape| shape.to_vec()).collect(),
                reason,
            }
        })?;
        let differentiable = inputs.iter().any(|&index| self.nodes[index].differentiable);
        let node = Node { name: None, kind: Kind::Operation(Box::new(operation)), inputs, differentiable };
        // The buffer is assigned when the walks are planned.
        Ok(self.push(node, usize::MAX, shape))
    }

    fn push(&mut self, node: Node<T>, buffer: usize, shape: Vec<usize>) -> Var {
        let len = shape.iter().product();
        self.places.push(Place { buffer, shape, len, version: 0 });
        self.nodes.push(node);
        self.forget_plan();
        self.var(self.nodes.len() - 1)
    }

    /// Gives a node a name that reports use, and returns the node. Names need not differ; a second one replaces the
    /// first.
    ///
    /// # Errors
    /// [`TapeError::ForeignVariable`] if it was recorded elsewhere.
    pub fn name(&mut self, var: Var, name: impl Into<Cow<'static, str>>) -> Result<Var, TapeError> {
        let index = self.index(var)?;
        self.nodes[index].name = Some(name.into());
        Ok(var)
    }

    /// Lets buffers be shared from now on: a value or gradient that only the gradient of `result`
    /// needs is kept for just as long, and afterwards only `result`, `kept` and the leaves can be
    /// read. What neither `result` nor `kept` depends on is no longer computed.
    ///
    /// Without this call every value and every gradient has a buffer of its own.
    ///
    /// ```
    /// use impasto_autodiff::{Tape, TapeError};
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let x = tape.variable(&array![1.0, 2.0]);
    /// let squares = tape.square(x)?;
    /// let loss = tape.sum(squares)?;
    /// tape.recycle(loss, &[])?;
    ///
    /// tape.forward();
    /// tape.backward(loss)?;
    /// assert_eq!(tape.gradient(x)?, array![2.0, 4.0].into_dyn());
    /// assert_eq!(tape.value(squares), Err(TapeError::Recycled));
    /// assert_eq!(tape.backward(loss), Err(TapeError::OutOfDate)); // forward first
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::ForeignVariable`] if a variable was recorded elsewhere.
    pub fn recycle(&mut self, result: Var, kept: &[Var]) -> Result<(), TapeError> {
        let result = self.index(result)?;
        let kept = kept.iter().map(|&var| self.index(var)).collect::<Result<Vec<_>, _>>()?;
        self.recycling = Some(Recycling { result, kept });
        self.forget_plan();
        Ok(())
    }

    fn forget_plan(&mut self) {
        self.plan = None;
        self.progress = Progress::Recorded;
    }
}
