//! The tape itself: reading and setting values. How it is recorded is in `record`, how it is replayed in `replay`.

mod record;
mod replay;
mod summands;

use crate::error::TapeError;
use crate::graph::{Kind, Node, Recycling};
use crate::operation::{Loan, Place};
use crate::plan::Plan;
use impasto_kernels::Element;
use ndarray::{ArrayBase, ArrayD, ArrayViewD, ArrayViewMutD, Data, Dimension};
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
    pub(crate) buffers: Vec<Vec<T>>,
    recycling: Option<Recycling>,
    plan: Option<Plan>,
    /// Gradients on loan during one backward step; kept for its capacity.
    loans: Vec<Loan<T>>,
    progress: Progress,
    /// Whether a leaf was set, or values were overwritten by gradients, since the last forward walk.
    out_of_date: bool,
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

/// Reading and setting.
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

    /// Nodes recorded so far.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing was recorded yet.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The shape of a node's value.
    ///
    /// # Errors
    /// [`TapeError::ForeignVariable`] if it was recorded elsewhere.
    pub fn shape(&self, var: Var) -> Result<&[usize], TapeError> {
        Ok(&self.places[self.index(var)?].shape)
    }

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

    /// The values of these nodes, of a tape that is not needed any more: nothing is copied.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let x = tape.constant(&array![1.0, 2.0]);
    /// let square = tape.square(x)?;
    /// tape.forward();
    /// assert_eq!(tape.into_values(&[square])?, [array![1.0, 4.0].into_dyn()]);
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tape::value`].
    pub fn into_values(mut self, vars: &[Var]) -> Result<Vec<ArrayD<T>>, TapeError> {
        let mut values: Vec<ArrayD<T>> = Vec::with_capacity(vars.len());
        for (place, var) in vars.iter().enumerate() {
            if let Some(before) = vars[..place].iter().position(|earlier| earlier == var) {
                values.push(values[before].clone());
                continue;
            }
            self.value(*var)?;
            let Place { buffer, len, .. } = self.places[var.index];
            let mut value = std::mem::take(&mut self.buffers[buffer]);
            value.truncate(len);
            let shape = self.places[var.index].shape.as_slice();
            values.push(ArrayD::from_shape_vec(shape, value).expect("a value has its shape"));
        }
        Ok(values)
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

    pub(crate) fn var(&self, index: usize) -> Var {
        Var { tape: self.id, index }
    }

    pub(crate) fn index(&self, var: Var) -> Result<usize, TapeError> {
        if var.tape == self.id { Ok(var.index) } else { Err(TapeError::ForeignVariable) }
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
