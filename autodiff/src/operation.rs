//! The trait that operations implement, and the values and gradients that the tape hands to them.

use crate::error::Mismatch;
use crate::formulas::Formulas;
use crate::strips::RowOperation;
use impasto_kernels::{Accumulate, Element};
use ndarray::{ArrayViewD, ArrayViewMutD};

/// A differentiable function of one or more arrays.
///
/// The tape knows nothing else about an operation, so anyone can add one: implement this trait and
/// hand it to [`Tape::record`](crate::Tape::record). All arrays are contiguous, row by row.
///
/// Four methods are required. The others have defaults that are right for every operation: `reads_input` and
/// `reads_output` tell the plan of a replay what need not be kept, `by_rows` lets a picture larger than memory be walked
/// in strips, `scratch_len` helps to allocate early, and `formulas`,
/// `arithmetic`, `flops` and `backward_flops` are for reports such as [`Tape::inspect`](crate::Tape::inspect).
///
/// ```
/// use impasto_autodiff::{Gradients, Mismatch, Operation, Tape, Values, gradcheck};
///
/// /// `out = x^3`, whose gradient is `3 x^2 * d_out`.
/// struct Cube;
///
/// impl Operation<f64> for Cube {
///     fn name(&self) -> &'static str {
///         "cube"
///     }
///     fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
///         Ok(inputs[0].to_vec())
///     }
///     fn forward(&mut self, values: &Values<'_, f64>, out: &mut [f64]) {
///         for (out, x) in out.iter_mut().zip(values.input(0)) {
///             *out = x.powi(3);
///         }
///     }
///     fn backward(&mut self, values: &Values<'_, f64>, d_out: &[f64], gradients: &mut Gradients<'_, f64>) {
///         gradients.add(0, |d_x| {
///             for ((d_x, x), d_out) in d_x.iter_mut().zip(values.input(0)).zip(d_out) {
///                 *d_x += 3.0 * x * x * d_out;
///             }
///         });
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = ndarray::array![0.5, -1.0, 2.0].into_dyn();
/// gradcheck(&[x], |tape, x| {
///     let cubes = tape.record(Cube, x)?;
///     tape.sum(cubes)
/// })?;
/// # Ok(())
/// # }
/// ```
pub trait Operation<T: Element>: Send + 'static {
    /// The name that errors and reports use.
    fn name(&self) -> &'static str;

    /// The shape of the output for inputs of these shapes: a question that changes nothing. An operation that must
    /// prepare something for the shapes first is made by [`Tape::record_with`](crate::Tape::record_with).
    ///
    /// # Errors
    /// A [`Mismatch`] says what does not fit; the tape adds the operation's name and the shapes.
    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch>;

    /// Computes the output. `out` holds arbitrary values and must be overwritten whole.
    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]);

    /// The vector-Jacobian product: from `d_out`, the gradient of some number with respect to the
    /// output, computes that number's gradient with respect to each input that wants one.
    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>);

    // For the plan of a replay. The defaults are safe: everything is kept.

    /// Whether [`backward`](Operation::backward) reads the value of input `index`, when gradients of
    /// the `wanted` inputs are asked for. What nobody reads need not be kept.
    fn reads_input(&self, index: usize, wanted: &[bool]) -> bool {
        let _ = (index, wanted);
        true
    }

    /// Whether [`backward`](Operation::backward) reads the value of the output.
    fn reads_output(&self) -> bool {
        true
    }

    /// The operation as one that can be computed a few rows at a time, if it can.
    fn by_rows(&self) -> Option<&dyn RowOperation<T>> {
        None
    }

    /// The same, to be computed.
    fn by_rows_mut(&mut self) -> Option<&mut dyn RowOperation<T>> {
        None
    }

    /// Values of scratch memory that each thread needs for the `f32` kernels of `impasto-kernels`; see [`Tape::reserve_scratch`](crate::Tape::reserve_scratch).
    fn scratch_len(&self) -> usize {
        0
    }

    // For reports. Nothing is computed from them.

    /// What [`forward`](Operation::forward) and [`backward`](Operation::backward) compute, for people.
    fn formulas(&self) -> Formulas {
        Formulas::default()
    }

    /// How the shape of the output, and the number of operations, follow from the shapes of the inputs: in
    /// numbers, for people, a line for each step.
    fn arithmetic(&self, inputs: &[&[usize]], output: &[usize]) -> Vec<String> {
        let _ = (inputs, output);
        Vec::new()
    }

    /// Floating-point operations of one forward pass.
    fn flops(&self) -> u64 {
        0
    }

    /// Floating-point operations of one backward pass that computes the gradients of the `wanted` inputs.
    fn backward_flops(&self, wanted: &[bool]) -> u64 {
        let _ = wanted;
        0
    }
}

/// The values an operation works on.
pub struct Values<'a, T> {
    pub(crate) buffers: &'a [Vec<T>],
    pub(crate) places: &'a [Place],
    /// The nodes that are the operation's inputs.
    pub(crate) inputs: &'a [usize],
    /// The operation's own node, once its value is known.
    pub(crate) output: Option<usize>,
}

/// Where a node's value lies, what its shape is, and how often it changed.
pub(crate) struct Place {
    pub(crate) buffer: usize,
    pub(crate) shape: Vec<usize>,
    pub(crate) len: usize,
    pub(crate) version: u64,
}

impl<'a, T> Values<'a, T> {
    /// The value of input `index`.
    ///
    /// Contiguous, row by row, of [`Values::input_shape`].
    ///
    /// # Panics
    /// If the operation was recorded with fewer inputs.
    pub fn input(&self, index: usize) -> &'a [T] {
        self.value(self.inputs[index])
    }

    /// The shape of input `index`.
    ///
    /// # Panics
    /// As [`Values::input`].
    pub fn input_shape(&self, index: usize) -> &'a [usize] {
        &self.places[self.inputs[index]].shape
    }

    /// The value of input `index` as an array.
    ///
    /// # Panics
    /// As [`Values::input`].
    pub fn input_array(&self, index: usize) -> ArrayViewD<'a, T> {
        ArrayViewD::from_shape(self.input_shape(index), self.input(index)).expect("a value has its shape")
    }

    /// A number that changes whenever the value of input `index` changes; an operation that prepares
    /// an input (packs weights, say) compares it with the number of its last preparation.
    ///
    /// # Panics
    /// As [`Values::input`].
    pub fn input_version(&self, index: usize) -> u64 {
        self.places[self.inputs[index]].version
    }

    /// The value of the output, during [`Operation::backward`].
    ///
    /// # Panics
    /// During [`Operation::forward`], which is about to compute it.
    pub fn output(&self) -> &'a [T] {
        self.value(self.output.expect("the output is known during backward only"))
    }

    fn value(&self, node: usize) -> &'a [T] {
        let place = &self.places[node];
        &self.buffers[place.buffer][..place.len]
    }
}

/// The gradients an operation adds to.
pub struct Gradients<'a, T> {
    pub(crate) places: &'a [Place],
    /// For each input, which of `loans` is its gradient, if it wants one.
    pub(crate) inputs: &'a [Option<usize>],
    pub(crate) loans: &'a mut [Loan<T>],
}

/// The gradient of one node, on loan to an operation.
pub(crate) struct Loan<T> {
    pub(crate) node: usize,
    pub(crate) buffer: Vec<T>,
    /// Whether something was added already; if not, the buffer holds arbitrary values.
    pub(crate) started: bool,
}

impl<T: Element> Gradients<'_, T> {
    /// Whether input `index` wants a gradient.
    ///
    /// A gradient that is not wanted need not be computed; [`Gradients::add`], [`Gradients::add_array`] and
    /// [`Gradients::write`] skip it.
    ///
    /// # Panics
    /// If the operation was recorded with fewer inputs; so do the other methods.
    pub fn wanted(&self, index: usize) -> bool {
        self.inputs[index].is_some()
    }

    /// Lets `add` add to the gradient of input `index`, if it wants one.
    pub fn add(&mut self, index: usize, add: impl FnOnce(&mut [T])) {
        self.write(index, |gradient, update| {
            if update == Accumulate::Replace {
                gradient.fill(T::zero());
            }
            add(gradient);
        });
    }

    /// As [`Gradients::add`], with the gradient as an array.
    pub fn add_array(&mut self, index: usize, add: impl FnOnce(ArrayViewMutD<'_, T>)) {
        let Some(loan) = self.inputs[index] else { return };
        let shape = self.places[self.loans[loan].node].shape.as_slice();
        self.add(index, |gradient| {
            let view = ArrayViewMutD::from_shape(shape, gradient);
            add(view.expect("a gradient has its value's shape"));
        });
    }

    /// As [`Gradients::add`], without clearing the buffer first: where `write` is told
    /// [`Accumulate::Replace`], it finds arbitrary values and must overwrite them all.
    pub fn write(&mut self, index: usize, write: impl FnOnce(&mut [T], Accumulate)) {
        let Some(loan) = self.inputs[index] else { return };
        let loan = &mut self.loans[loan];
        let update = if loan.started { Accumulate::Add } else { Accumulate::Replace };
        write(&mut loan.buffer[..self.places[loan.node].len], update);
        loan.started = true;
    }
}
