//! The list of nodes and its two walks: forward from first to last, backward from last to first.

use crate::Element;
use crate::error::TapeError;
use crate::memory;
use crate::operation::{Gradients, Loan, Operation, Place, Values};
use crate::plan::{self, Loans, Plan};
use ndarray::{ArrayBase, ArrayViewD, ArrayViewMutD, Data, Dimension};
use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

/// A handle to a node of one tape: cheap to copy, meaningless to any other tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Var {
    tape: u64,
    index: usize,
}

impl Var {
    /// The node's place on its tape, counted from 0 in the order of recording.
    pub fn index(self) -> usize {
        self.index
    }
}

/// A recorded computation with the buffers it is replayed in.
///
/// Its methods follow its life: record leaves and operations, replay with [`Tape::forward`] and [`Tape::backward`], read
/// with [`Tape::value`] and [`Tape::gradient`], change a leaf, replay again. Any of them that takes a [`Var`] gives
/// [`TapeError::ForeignVariable`] if that was recorded on another tape.
///
/// ```
/// use impasto_autodiff::Tape;
/// use ndarray::array;
///
/// // Down the slope of (x1 - 1)^2 + (x2 - 1)^2.
/// let mut tape = Tape::<f64>::new();
/// let x = tape.variable(&array![0.0, 3.0]);
/// let ones = tape.constant(&array![1.0, 1.0]);
/// let loss = tape.squared_difference(x, ones)?;
/// for _ in 0..20 {
///     tape.forward();
///     tape.backward(loss)?;
///     tape.update_leaf(x, |mut x, gradient| x.scaled_add(-0.25, &gradient.expect("after backward")))?;
/// }
/// tape.forward();
/// assert!(tape.number(loss)? < 1e-9); // each step halves the way that is left
/// # Ok::<(), impasto_autodiff::TapeError>(())
/// ```
pub struct Tape<T: Element = f32> {
    id: u64,
    pub(crate) nodes: Vec<Node<T>>,
    pub(crate) places: Vec<Place>,
    buffers: Vec<Vec<T>>,
    recycling: Option<Recycling>,
    plan: Option<Plan>,
    /// Gradients on loan during one backward step; kept for its capacity.
    loans: Vec<Loan<T>>,
    progress: Progress,
    /// Whether a leaf was set, or values were overwritten by gradients, since the last forward walk.
    out_of_date: bool,
}

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

#[derive(PartialEq)]
enum Progress {
    Recorded,
    Computed,
    Differentiated,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

impl<T: Element> Default for Tape<T> {
    fn default() -> Self {
        Tape::new()
    }
}

/// Recording.
impl<T: Element> Tape<T> {
    /// An empty tape.
    pub fn new() -> Self {
        Tape {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            nodes: Vec::new(),
            places: Vec::new(),
            buffers: Vec::new(),
            recycling: None,
            plan: None,
            loans: Vec::new(),
            progress: Progress::Recorded,
            out_of_date: false,
        }
    }

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

    /// Nodes recorded so far.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing was recorded yet.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
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
    pub(crate) fn wanted(&self, node: &Node<T>) -> Vec<bool> {
        node.inputs.iter().map(|&input| self.nodes[input].differentiable).collect()
    }

    /// Lets every thread of the current rayon pool allocate the scratch memory of this tape's operations now, so that
    /// none does so during a walk. Nothing else needs this call.
    pub fn reserve_scratch(&self) {
        let lens = self.operations().map(|(operation, _)| operation.scratch_len());
        impasto_kernels::reserve_scratch(lens.max().unwrap_or(0));
    }

    fn operations(&self) -> impl Iterator<Item = (&dyn Operation<T>, &Node<T>)> {
        self.nodes.iter().filter_map(|node| match &node.kind {
            Kind::Leaf => None,
            Kind::Operation(operation) => Some((operation.as_ref(), node)),
        })
    }

    /// The shape of a node's value.
    ///
    /// # Errors
    /// [`TapeError::ForeignVariable`] if it was recorded elsewhere.
    pub fn shape(&self, var: Var) -> Result<&[usize], TapeError> {
        Ok(&self.places[self.index(var)?].shape)
    }

    pub(crate) fn var(&self, index: usize) -> Var {
        Var { tape: self.id, index }
    }

    fn index(&self, var: Var) -> Result<usize, TapeError> {
        if var.tape == self.id { Ok(var.index) } else { Err(TapeError::ForeignVariable) }
    }

    fn forget_plan(&mut self) {
        self.plan = None;
        self.progress = Progress::Recorded;
    }
}

/// Replaying.
impl<T: Element> Tape<T> {
    /// Computes every value, from the first node to the last.
    pub fn forward(&mut self) {
        self.forward_each(|_| ());
    }

    /// As [`Tape::forward`], calling `visit` right after each operation: a clock there finds what each costs.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let x = tape.variable(&array![3.0]);
    /// let square = tape.square(x)?;
    /// let loss = tape.sum(square)?;
    /// let mut walk = Vec::new();
    /// tape.forward_each(|var| walk.push(var));
    /// tape.backward_each(loss, |var| walk.push(var))?;
    /// assert_eq!(walk, [square, loss, loss, square]); // there and back
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    pub fn forward_each(&mut self, mut visit: impl FnMut(Var)) {
        let plan = match self.plan.take() {
            Some(plan) => plan,
            None => self.make_plan(self.recycling.as_ref().map(|recycling| recycling.result)),
        };
        for (index, node) in self.nodes.iter_mut().enumerate().filter(|(index, _)| plan.needed[*index]) {
            let Kind::Operation(operation) = &mut node.kind else { continue };
            let place = &mut self.places[index];
            place.version += 1;
            // On loan, so that the operation can read the other buffers meanwhile.
            let mut out = std::mem::take(&mut self.buffers[place.buffer]);
            let (buffer, len) = (place.buffer, place.len);
            let values =
                Values { buffers: &self.buffers, places: &self.places, inputs: &node.inputs, output: None };
            operation.forward(&values, &mut out[..len]);
            self.buffers[buffer] = out;
            visit(Var { tape: self.id, index });
        }
        self.plan = Some(plan);
        self.progress = Progress::Computed;
        self.out_of_date = false;
    }

    /// Computes the gradient of `result`, a single number, with respect to every variable that it
    /// depends on, from the last node to the first. [`Tape::forward`] must have been called; the
    /// gradients of an earlier backward walk are replaced.
    ///
    /// One forward walk serves any number of backward walks, each from a result of its own. Only
    /// where buffers are recycled each needs a forward walk before it: gradients take the place of values.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let x = tape.variable(&array![1.0, 2.0]);
    /// let sum = tape.sum(x)?;
    /// let squares = tape.square(x)?;
    /// let energy = tape.sum(squares)?;
    ///
    /// tape.forward();
    /// tape.backward(sum)?;
    /// assert_eq!(tape.gradient(x)?, array![1.0, 1.0].into_dyn());
    /// tape.backward(energy)?;
    /// assert_eq!(tape.gradient(x)?, array![2.0, 4.0].into_dyn());
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::NoValue`] before forward; [`TapeError::NotAScalar`] if the result is an array;
    /// [`TapeError::OtherResult`] if the buffers are recycled for another result;
    /// [`TapeError::OutOfDate`] if a leaf was set after forward, or its values were recycled.
    pub fn backward(&mut self, result: Var) -> Result<(), TapeError> {
        self.backward_each(result, |_| ())
    }

    /// As [`Tape::backward`], calling `visit` right after each operation that a gradient went through.
    ///
    /// # Errors
    /// As [`Tape::backward`].
    pub fn backward_each(&mut self, result: Var, mut visit: impl FnMut(Var)) -> Result<(), TapeError> {
        let result = self.index(result)?;
        if self.places[result].len != 1 {
            return Err(TapeError::NotAScalar(self.places[result].shape.clone()));
        }
        if self.progress == Progress::Recorded {
            return Err(TapeError::NoValue);
        }
        if self.recycling.as_ref().is_some_and(|recycling| recycling.result != result) {
            return Err(TapeError::OtherResult);
        }
        if self.out_of_date {
            return Err(TapeError::OutOfDate);
        }
        let mut plan = match self.plan.take() {
            Some(plan) if plan.result == Some(result) => plan,
            _ => self.make_plan(Some(result)),
        };
        plan.started.fill(false);
        if let Some(buffer) = plan.gradients[result] {
            self.buffers[buffer][0] = T::one();
            plan.started[result] = true;
        }
        for index in (0..=result).rev() {
            let (Some(d_out_buffer), true) = (plan.gradients[index], plan.started[index]) else { continue };
            let node = &mut self.nodes[index];
            let Kind::Operation(operation) = &mut node.kind else { continue };
            let Loans { distinct, inputs } = &plan.loans[index];
            // The gradient that arrives and those that are added to are on loan, so that the
            // operation can read the values meanwhile.
            let d_out = std::mem::take(&mut self.buffers[d_out_buffer]);
            self.loans.extend(distinct.iter().map(|&(node, buffer)| Loan {
                node,
                buffer: std::mem::take(&mut self.buffers[buffer]),
                started: plan.started[node],
            }));
            let values = Values {
                buffers: &self.buffers,
                places: &self.places,
                inputs: &node.inputs,
                output: Some(index),
            };
            let mut gradients = Gradients { places: &self.places, inputs, loans: &mut self.loans };
            operation.backward(&values, &d_out[..self.places[index].len], &mut gradients);
            for (loan, &(node, buffer)) in self.loans.drain(..).zip(distinct) {
                plan.started[node] = loan.started;
                self.buffers[buffer] = loan.buffer;
            }
            self.buffers[d_out_buffer] = d_out;
            visit(Var { tape: self.id, index });
        }
        self.plan = Some(plan);
        self.progress = Progress::Differentiated;
        self.out_of_date = self.recycling.is_some();
        Ok(())
    }

    /// Plans the walks, backward from `result`, and moves the values to their new buffers.
    fn make_plan(&mut self, result: Option<usize>) -> Plan {
        let computed = self.progress != Progress::Recorded;
        let plan = plan::make(&self.nodes, &self.places, self.recycling.as_ref(), result);
        let mut old = std::mem::take(&mut self.buffers);
        self.buffers = plan.buffer_lens.iter().map(|_| Vec::new()).collect();
        for (index, place) in self.places.iter_mut().enumerate() {
            if (computed || matches!(self.nodes[index].kind, Kind::Leaf))
                && let (Some(old), Some(new)) = (old.get_mut(place.buffer), plan.values[index])
            {
                self.buffers[new] = std::mem::take(old);
            }
            place.buffer = plan.values[index].unwrap_or(usize::MAX);
        }
        for (buffer, &len) in self.buffers.iter_mut().zip(&plan.buffer_lens) {
            // Only what is missing: a leaf keeps its value.
            buffer.resize(len.max(buffer.len()), T::zero());
        }
        self.loans.reserve(plan.loans.iter().map(|loans| loans.distinct.len()).max().unwrap_or(0));
        plan
    }
}

/// Reading and setting.
impl<T: Element> Tape<T> {
    /// The value of a node: of a leaf what it was last set to, of others what the last forward walk
    /// computed.
    ///
    /// # Errors
    /// [`TapeError::NoValue`] before forward, [`TapeError::Recycled`] if its buffer serves others.
    pub fn value(&self, var: Var) -> Result<ArrayViewD<'_, T>, TapeError> {
        let index = self.index(var)?;
        if !matches!(self.nodes[index].kind, Kind::Leaf) {
            if self.progress == Progress::Recorded {
                return Err(TapeError::NoValue);
            }
            if self.recycling.as_ref().is_some_and(|recycling| !recycling.keeps(index)) {
                return Err(TapeError::Recycled);
            }
        }
        Ok(self.view(index, self.places[index].buffer))
    }

    /// The value of a single number.
    ///
    /// # Errors
    /// As [`Tape::value`], and [`TapeError::NotAScalar`] if it is an array.
    pub fn number(&self, var: Var) -> Result<T, TapeError> {
        let value = self.value(var)?;
        match (value.len(), value.first()) {
            (1, Some(&number)) => Ok(number),
            _ => Err(TapeError::NotAScalar(value.shape().to_vec())),
        }
    }

    /// The gradient of the result of the last backward walk with respect to a node's value.
    ///
    /// It has the value's shape. Every node on the way has one, not only the variables:
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let x = tape.variable(&array![1.0, 2.0]);
    /// let tripled = tape.scale(x, 3.0)?;
    /// let loss = tape.mean(tripled)?;
    /// tape.forward();
    /// tape.backward(loss)?;
    /// assert_eq!(tape.gradient(tripled)?, array![0.5, 0.5].into_dyn());
    /// assert_eq!(tape.gradient(x)?, array![1.5, 1.5].into_dyn()); // the chain rule: 3 * 0.5
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::NoGradient`] before backward, or if the result does not depend on the node through
    /// a variable; [`TapeError::Recycled`] if its buffer serves others.
    pub fn gradient(&self, var: Var) -> Result<ArrayViewD<'_, T>, TapeError> {
        let index = self.index(var)?;
        let buffer = self.gradient_buffer(index).ok_or(TapeError::NoGradient)?;
        if self.recycling.is_some() && !matches!(self.nodes[index].kind, Kind::Leaf) {
            return Err(TapeError::Recycled);
        }
        Ok(self.view(index, buffer))
    }

    /// Gives a leaf a new value of the same shape. What depends on it follows at the next forward walk.
    ///
    /// # Errors
    /// [`TapeError::NotALeaf`], or [`TapeError::LeafShape`] if the shapes differ.
    pub fn set_value<S: Data<Elem = T>, D: Dimension>(
        &mut self,
        var: Var,
        value: &ArrayBase<S, D>,
    ) -> Result<(), TapeError> {
        let expected = self.shape(var)?;
        if value.shape() != expected {
            let (given, expected) = (value.shape().to_vec(), expected.to_vec());
            return Err(TapeError::LeafShape { given, expected });
        }
        self.update_leaf(var, |mut leaf, _| {
            leaf.iter_mut().zip(value).for_each(|(leaf, &value)| *leaf = value);
        })
    }

    /// Lets `update` change the value of a leaf in place, with its gradient from the last backward
    /// walk beside it, where it has one: what an optimizer does.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let x = tape.variable(&array![3.0]);
    /// let square = tape.square(x)?;
    /// tape.forward();
    /// tape.backward(square)?; // 2 x = 6
    /// tape.update_leaf(x, |mut x, gradient| x.scaled_add(-0.5, &gradient.expect("after backward")))?;
    /// assert_eq!(tape.number(x)?, 0.0); // 3 - 0.5 * 6
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::NotALeaf`] if the value is computed.
    pub fn update_leaf<R>(
        &mut self,
        var: Var,
        update: impl FnOnce(ArrayViewMutD<'_, T>, Option<ArrayViewD<'_, T>>) -> R,
    ) -> Result<R, TapeError> {
        let index = self.index(var)?;
        if let Kind::Operation(operation) = &self.nodes[index].kind {
            return Err(TapeError::NotALeaf(operation.name()));
        }
        self.places[index].version += 1;
        self.out_of_date = true;
        let place = &self.places[index];
        let buffer = place.buffer;
        let mut value = std::mem::take(&mut self.buffers[buffer]);
        let gradient = self.gradient_buffer(index).map(|buffer| self.view(index, buffer));
        let view = ArrayViewMutD::from_shape(place.shape.as_slice(), &mut value[..place.len]);
        let result = update(view.expect("a value has its shape"), gradient);
        self.buffers[buffer] = value;
        Ok(result)
    }

    /// The buffer of a node's gradient, if the last backward walk computed one.
    fn gradient_buffer(&self, index: usize) -> Option<usize> {
        let plan = self.plan.as_ref().filter(|_| self.progress == Progress::Differentiated)?;
        plan.gradients[index].filter(|_| plan.started[index])
    }

    fn view(&self, index: usize, buffer: usize) -> ArrayViewD<'_, T> {
        let place = &self.places[index];
        let values = &self.buffers[buffer][..place.len];
        ArrayViewD::from_shape(place.shape.as_slice(), values).expect("a value has its shape")
    }
}

impl Recycling {
    pub(crate) fn keeps(&self, index: usize) -> bool {
        self.result == index || self.kept.contains(&index)
    }
}
