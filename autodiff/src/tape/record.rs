//! Recording: leaves, operations on earlier nodes, names, and what is kept.

use super::{Progress, Tape, Var};
use crate::error::{Mismatch, TapeError};
use crate::graph::{Kind, Node, Recycling};
use crate::memory;
use crate::operation::{Operation, Place};
use impasto_kernels::Element;
use ndarray::{Array, ArrayBase, Data, Dimension};
use std::borrow::Cow;

/// Recording.
impl<T: Element> Tape<T> {
    /// Records a leaf that wants a gradient.
    ///
    /// Of any shape; the values are copied.
    pub fn variable<S: Data<Elem = T>, D: Dimension>(&mut self, value: &ArrayBase<S, D>) -> Var {
        self.leaf(value.iter().copied().collect(), value.shape().to_vec(), true)
    }

    /// As [`Tape::variable`], of an array that is not needed any more: its memory becomes the leaf's where its values
    /// already stand row by row.
    pub fn owned_variable<D: Dimension>(&mut self, value: Array<T, D>) -> Var {
        let shape = value.shape().to_vec();
        let len = value.len();
        let values = match value.is_standard_layout() {
            true => match value.into_raw_vec_and_offset() {
                (values, None | Some(0)) if values.len() == len => values,
                (values, first) => values[first.unwrap_or(0)..][..len].to_vec(),
            },
            false => value.iter().copied().collect(),
        };
        self.leaf(values, shape, true)
    }

    /// Records a leaf that wants no gradient: data, targets, weights that are not trained.
    pub fn constant<S: Data<Elem = T>, D: Dimension>(&mut self, value: &ArrayBase<S, D>) -> Var {
        self.leaf(value.iter().copied().collect(), value.shape().to_vec(), false)
    }

    fn leaf(&mut self, values: Vec<T>, shape: Vec<usize>, variable: bool) -> Var {
        self.buffers.push(values);
        let node = Node { name: None, kind: Kind::Leaf, inputs: Vec::new(), differentiable: variable };
        self.push(node, self.buffers.len() - 1, shape)
    }

    /// Records an operation on earlier nodes.
    ///
    /// # Errors
    /// [`TapeError::Shape`] if the inputs do not fit the operation, or the output does not fit the memory;
    /// [`TapeError::ForeignVariable`] if an input was recorded elsewhere.
    pub fn record(&mut self, operation: impl Operation<T>, inputs: &[Var]) -> Result<Var, TapeError> {
        self.record_with(operation.name(), inputs, |_| Ok(operation))
    }

    /// Records the operation that `make` returns for the shapes of the inputs: for one that checks or prepares
    /// something once, when it is recorded, and keeps it for every replay. Errors of `make` are reported under `name`.
    ///
    /// ```
    /// use impasto_autodiff::{Gradients, Mismatch, Operation, Tape, Values, gradcheck};
    ///
    /// /// `out = x`, the values from last to first.
    /// struct Reverse {
    ///     len: usize,
    /// }
    ///
    /// impl Operation<f64> for Reverse {
    ///     fn name(&self) -> &'static str {
    ///         "reverse"
    ///     }
    ///     fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
    ///         Ok(vec![self.len])
    ///     }
    ///     fn forward(&mut self, values: &Values<'_, f64>, out: &mut [f64]) {
    ///         out.iter_mut().zip(values.input(0).iter().rev()).for_each(|(out, x)| *out = *x);
    ///     }
    ///     fn backward(&mut self, _: &Values<'_, f64>, d_out: &[f64], gradients: &mut Gradients<'_, f64>) {
    ///         gradients.add(0, |d_x| d_x.iter_mut().zip(d_out.iter().rev()).for_each(|(d_x, d)| *d_x += d));
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = ndarray::array![1.0, 2.0, 3.0].into_dyn();
    /// gradcheck(&[x], |tape, x| {
    ///     let reversed = tape.record_with("reverse", x, |shapes| match *shapes[0] {
    ///         [len] => Ok(Reverse { len }),
    ///         _ => Err(Mismatch::new("there must be one axis")),
    ///     })?;
    ///     let product = tape.mul(reversed, x[0])?;
    ///     tape.sum(product)
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Tape::record`].
    pub fn record_with<O: Operation<T>>(
        &mut self,
        name: &'static str,
        inputs: &[Var],
        make: impl FnOnce(&[&[usize]]) -> Result<O, Mismatch>,
    ) -> Result<Var, TapeError> {
        let inputs = inputs.iter().map(|&input| self.index(input)).collect::<Result<Vec<_>, _>>()?;
        let shapes: Vec<&[usize]> = inputs.iter().map(|&index| &self.places[index].shape[..]).collect();
        let made = make(&shapes).and_then(|operation| {
            let shape = memory::output::<T>(operation.output_shape(&shapes)?)?;
            Ok((operation, shape))
        });
        let (operation, shape) = made.map_err(|reason| TapeError::Shape {
            operation: name,
            inputs: shapes.iter().map(|shape| shape.to_vec()).collect(),
            reason,
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
