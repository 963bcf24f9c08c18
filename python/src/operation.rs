//! An operation of one's own, written in Python, and the check of gradients.

use crate::arrays::{Finite, copied};
use crate::errors::{GradientError, refused};
use crate::tape::{AnyTape, Tape, Var};
use impasto::autodiff::{self, Element, GradcheckError, Gradients, Mismatch, Operation, TapeError, Values};
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use numpy::{PyArrayDyn, ToPyArray};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use std::sync::{Arc, Mutex, PoisonError};

/// What went wrong in Python while a tape was walked, which cannot stop on the way.
pub(crate) type Failure = Arc<Mutex<Option<PyErr>>>;

/// Raises what went wrong on the way, once.
pub(crate) fn raise(failure: &Failure) -> PyResult<()> {
    failure.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
}

fn keep(failure: &Failure, error: PyErr) {
    failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
}

/// An object with `forward` and `backward`.
pub(crate) struct PythonOperation {
    object: Py<PyAny>,
    /// How many inputs it has.
    inputs: usize,
    /// The shape of its output.
    shape: Vec<usize>,
    failure: Failure,
}

impl PythonOperation {
    /// `single` says whether the tape's numbers are of 32 bits.
    pub(crate) fn new(
        py: Python<'_>,
        operation: &Bound<'_, PyAny>,
        inputs: &[Vec<usize>],
        single: bool,
        failure: Failure,
    ) -> PyResult<PythonOperation> {
        // A class with static methods, or without anything to be made of, will do.
        let object = match operation.is_instance_of::<pyo3::types::PyType>() {
            true => operation.call0()?,
            false => operation.clone(),
        };
        for method in ["forward", "backward"] {
            if !object.hasattr(method)? {
                return Err(PyTypeError::new_err(format!(
                    "{} has no method {method}: an operation has forward(*inputs) and backward(d_out, *inputs)",
                    operation.repr()?
                )));
            }
        }
        let shape = match object.hasattr("shape")? {
            true => {
                let shapes =
                    inputs.iter().map(|shape| PyTuple::new(py, shape)).collect::<PyResult<Vec<_>>>()?;
                object.call_method1("shape", PyTuple::new(py, shapes)?)?.extract()?
            }
            false => {
                let ones = |shape: &Vec<usize>| match single {
                    true => ArrayD::<f32>::ones(shape.as_slice()).to_pyarray(py).into_any(),
                    false => ArrayD::<f64>::ones(shape.as_slice()).to_pyarray(py).into_any(),
                };
                let out = object.call_method1("forward", PyTuple::new(py, inputs.iter().map(ones))?)?;
                py.import("numpy")?.call_method1("shape", (out,))?.extract()?
            }
        };
        Ok(PythonOperation { object: object.unbind(), inputs: inputs.len(), shape, failure })
    }

    /// Calls a method with arrays, in front of them `first`.
    fn call<'py, T: Element + numpy::Element>(
        &self,
        py: Python<'py>,
        method: &str,
        first: Option<ArrayViewD<'_, T>>,
        values: &Values<'_, T>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut arguments: Vec<Bound<'py, PyArrayDyn<T>>> =
            first.iter().map(|array| array.to_pyarray(py)).collect();
        arguments.extend((0..self.inputs).map(|input| values.input_array(input).to_pyarray(py)));
        self.object.bind(py).call_method1(method, PyTuple::new(py, arguments)?)
    }
}

impl<T: Element + numpy::Element + Finite> Operation<T> for PythonOperation {
    fn name(&self) -> &'static str {
        "python"
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(self.shape.clone())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        let computed = Python::attach(|py| {
            let value = self.call(py, "forward", None, values)?;
            array_of::<T>(&value, &self.shape, "what forward gives")
        });
        match computed {
            Ok(value) => out.iter_mut().zip(&value).for_each(|(out, &value)| *out = value),
            Err(error) => {
                out.fill(T::zero());
                keep(&self.failure, error);
            }
        }
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        let count = self.inputs;
        let computed = Python::attach(|py| {
            let d_out = ArrayViewD::from_shape(IxDyn(&self.shape), d_out)
                .map_err(|error| PyValueError::new_err(error.to_string()))?;
            let value = self.call(py, "backward", Some(d_out), values)?;
            let given: Vec<Bound<'_, PyAny>> = match value.cast::<PyTuple>() {
                Ok(tuple) => tuple.iter().collect(),
                Err(_) => vec![value],
            };
            if given.len() != count {
                return Err(PyValueError::new_err(format!(
                    "backward gives {} gradients for {count} inputs: give a tuple of one for each",
                    given.len()
                )));
            }
            let arrays = given.iter().enumerate().map(|(input, gradient)| match gradient.is_none() {
                true => Ok(None),
                false => array_of::<T>(gradient, values.input_shape(input), "what backward gives").map(Some),
            });
            arrays.collect::<PyResult<Vec<Option<ArrayD<T>>>>>()
        });
        match computed {
            Ok(computed) => {
                for (input, gradient) in computed.into_iter().enumerate() {
                    let Some(gradient) = gradient else { continue };
                    gradients.add_array(input, |mut sum| {
                        sum.zip_mut_with(&gradient, |sum, &more| *sum = *sum + more)
                    });
                }
            }
            Err(error) => keep(&self.failure, error),
        }
    }
}

/// What a method gave, as an array of this shape.
fn array_of<T: numpy::Element + Finite>(
    value: &Bound<'_, PyAny>,
    shape: &[usize],
    what: &str,
) -> PyResult<ArrayD<T>> {
    let array = copied::<T>(value, what)?;
    if array.shape() != shape {
        return Err(PyValueError::new_err(format!(
            "{what} has shape {:?}, it must be {shape:?}",
            array.shape()
        )));
    }
    Ok(array)
}

/// Compare a gradient with central differences, in float64.
///
/// function: takes a variable for each input and gives a single number, a variable too. It must be smooth
///     near the inputs.
/// inputs: small arrays; each of their values costs two forward walks.
///
/// Returns None if all agree. Raises GradientError, which names the first value whose gradient is wrong.
///
/// >>> gradcheck(lambda x: (x * x * x).sum(), [0.5, -1.0, 2.0])
#[pyfunction]
#[pyo3(signature = (function, *inputs))]
pub(crate) fn gradcheck(
    py: Python<'_>,
    function: &Bound<'_, PyAny>,
    inputs: &Bound<'_, PyTuple>,
) -> PyResult<()> {
    let arrays =
        inputs.iter().map(|input| copied::<f64>(&input, "an input")).collect::<PyResult<Vec<_>>>()?;
    if arrays.is_empty() {
        return Err(PyTypeError::new_err("gradcheck takes a function and at least one input"));
    }
    let failure = Failure::default();
    let checked = autodiff::gradcheck(&arrays, |tape, vars| {
        record(py, function, tape, vars, &failure).unwrap_or_else(|error| {
            keep(&failure, error);
            Err(TapeError::NoValue)
        })
    });
    raise(&failure)?;
    match checked {
        Ok(()) => Ok(()),
        Err(error @ GradcheckError::Differs { .. }) => Err(GradientError::new_err(error.to_string())),
        Err(error) => Err(refused(error)),
    }
}

/// Lets Python record on a tape that is lent to it.
fn record(
    py: Python<'_>,
    function: &Bound<'_, PyAny>,
    tape: &mut autodiff::Tape<f64>,
    vars: &[autodiff::Var],
    failure: &Failure,
) -> PyResult<Result<autodiff::Var, TapeError>> {
    let lent = std::mem::replace(tape, autodiff::Tape::new());
    let object = Bound::new(py, Tape::of(AnyTape::F64(lent), Arc::clone(failure)))?;
    let arguments = vars.iter().map(|&var| Var { tape: object.clone().unbind(), var });
    let result = function.call1(PyTuple::new(py, arguments.collect::<Vec<_>>())?);
    // It comes back whatever happened.
    let returned = std::mem::replace(&mut *object.get().lock()?, AnyTape::F64(autodiff::Tape::new()));
    if let AnyTape::F64(returned) = returned {
        *tape = returned;
    }
    let result = result?;
    let result = result.cast::<Var>().map_err(|_| {
        PyTypeError::new_err("the function must give a variable: a single number that it recorded")
    })?;
    Ok(Ok(result.get().var))
}
