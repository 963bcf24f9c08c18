//! The tape and its variables.

use crate::arrays::copied;
use crate::errors::refused;
use crate::operation::{Failure, PythonOperation, raise};
use impasto::autodiff::{self, TapeError};
use numpy::IntoPyArray;
use pyo3::exceptions::{PyIndexError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PySlice, PyTuple};
use std::sync::{Mutex, MutexGuard, TryLockError};

/// A tape of either precision.
pub(crate) enum AnyTape {
    F32(autodiff::Tape<f32>),
    F64(autodiff::Tape<f64>),
}

/// The same expression of a tape of either precision.
macro_rules! on {
    ($any:expr, $tape:ident => $body:expr) => {
        match $any {
            AnyTape::F32($tape) => $body,
            AnyTape::F64($tape) => $body,
        }
    };
}

/// A recording of operations that is walked forward, for values, and backward, for gradients.
///
/// Record once, then walk as often as you like: `tape.forward()` computes all values, `tape.backward(loss)`
/// the gradient of one number with respect to everything that it depends on.
///
/// dtype: "float64" to check gradients, "float32" for speed.
///
/// >>> tape = Tape()
/// >>> x = tape.variable(2.0)
/// >>> y = x * x + x * 3
/// >>> tape.forward(); tape.backward(y)
/// >>> float(y.value), float(x.gradient)
/// (10.0, 7.0)
#[pyclass(module = "impasto", frozen)]
pub(crate) struct Tape {
    inner: Mutex<AnyTape>,
    failure: Failure,
}

impl Tape {
    pub(crate) fn of(inner: AnyTape, failure: Failure) -> Tape {
        Tape { inner: Mutex::new(inner), failure }
    }

    /// The tape, unless an operation of one's own uses it while it is walked, or another thread does.
    pub(crate) fn lock(&self) -> PyResult<MutexGuard<'_, AnyTape>> {
        match self.inner.try_lock() {
            Ok(tape) => Ok(tape),
            Err(TryLockError::Poisoned(tape)) => Ok(tape.into_inner()),
            Err(TryLockError::WouldBlock) => Err(PyRuntimeError::new_err(
                "this tape is being walked: record and walk it from one place at a time",
            )),
        }
    }
}

#[pymethods]
impl Tape {
    #[new]
    #[pyo3(signature = (dtype="float64"))]
    fn new(dtype: &str) -> PyResult<Tape> {
        let inner = match dtype {
            "float64" => AnyTape::F64(autodiff::Tape::new()),
            "float32" => AnyTape::F32(autodiff::Tape::new()),
            other => {
                return Err(PyValueError::new_err(format!(
                    "dtype is {other:?}: it must be \"float32\" or \"float64\""
                )));
            }
        };
        Ok(Tape::of(inner, Failure::default()))
    }

    /// A leaf that wants a gradient. `value` is anything that NumPy makes an array of; it is copied onto
    /// the tape.
    fn variable(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<Var> {
        let var = match &mut *slf.get().lock()? {
            AnyTape::F32(tape) => tape.owned_variable(copied::<f32>(value, "value")?),
            AnyTape::F64(tape) => tape.owned_variable(copied::<f64>(value, "value")?),
        };
        Ok(Var { tape: slf.clone().unbind(), var })
    }

    /// A leaf that wants no gradient.
    fn constant(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<Var> {
        let var = match &mut *slf.get().lock()? {
            AnyTape::F32(tape) => tape.constant(&copied::<f32>(value, "value")?),
            AnyTape::F64(tape) => tape.constant(&copied::<f64>(value, "value")?),
        };
        Ok(Var { tape: slf.clone().unbind(), var })
    }

    /// Record an operation of your own: an object, or a class, with two methods.
    ///
    /// forward(*inputs): the output, an array, of the inputs' values.
    /// backward(d_out, *inputs): the gradient with respect to each input, a tuple of arrays in the inputs'
    ///     shapes, or one array if there is one input. `d_out` is the gradient of some number with respect
    ///     to the output.
    /// shape(*shapes): the output's shape, of the inputs' shapes. May be left out: `forward` is then called
    ///     once with ones.
    ///
    /// `gradcheck` tells whether they fit together.
    #[pyo3(signature = (operation, *inputs))]
    fn apply(
        slf: &Bound<'_, Self>,
        operation: &Bound<'_, PyAny>,
        inputs: &Bound<'_, PyTuple>,
    ) -> PyResult<Var> {
        let py = slf.py();
        let mut vars = Vec::new();
        for input in inputs {
            let input = input.cast::<Var>().map_err(|_| {
                PyTypeError::new_err("apply takes variables of this tape: make them with tape.variable(...)")
            })?;
            vars.push(input.get().var);
        }
        if vars.is_empty() {
            return Err(PyTypeError::new_err("apply takes an operation and at least one variable"));
        }
        let (shapes, failure, single) = {
            let tape = slf.get().lock()?;
            let shapes: Result<Vec<Vec<usize>>, TapeError> = on!(&*tape, tape => {
                vars.iter().map(|&var| Ok(tape.shape(var)?.to_vec())).collect()
            });
            (shapes.map_err(refused)?, slf.get().failure.clone(), matches!(&*tape, AnyTape::F32(_)))
        };
        let operation = PythonOperation::new(py, operation, &shapes, single, failure)?;
        let var = on!(&mut *slf.get().lock()?, tape => tape.record(operation, &vars)).map_err(refused)?;
        Ok(Var { tape: slf.clone().unbind(), var })
    }

    /// Compute every value, from the first node to the last.
    fn forward(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.lock().map(|mut tape| on!(&mut *tape, tape => tape.forward())))?;
        raise(&self.failure)
    }

    /// Compute the gradient of `result`, a single number, with respect to every variable that it depends
    /// on, after `forward`.
    fn backward(&self, py: Python<'_>, result: &Var) -> PyResult<()> {
        let var = result.var;
        let walked = py.detach(|| self.lock().map(|mut tape| on!(&mut *tape, tape => tape.backward(var))))?;
        raise(&self.failure)?;
        walked.map_err(refused)
    }

    /// What each node that reads `var` added to its gradient in the last backward walk: pairs of that
    /// node's place on the tape and an array.
    fn summands<'py>(&self, py: Python<'py>, var: &Var) -> PyResult<Bound<'py, PyList>> {
        let summands = PyList::empty(py);
        on!(&mut *self.lock()?, tape => {
            for (from, summand) in tape.summands(var.var).map_err(refused)? {
                summands.append((from.index(), summand.into_pyarray(py)))?;
            }
        });
        raise(&self.failure)?;
        Ok(summands)
    }

    /// Every node, in the order of recording: a list of dicts with its place, name, operation, inputs,
    /// shape, formulas and floating-point operations.
    fn inspect<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let nodes = PyList::empty(py);
        let tape = self.lock()?;
        for node in on!(&*tape, tape => tape.inspect()) {
            let dict = PyDict::new(py);
            dict.set_item("index", node.var.index())?;
            dict.set_item("name", node.name)?;
            dict.set_item("operation", node.operation)?;
            dict.set_item("inputs", node.inputs.iter().map(|input| input.index()).collect::<Vec<_>>())?;
            dict.set_item("shape", PyTuple::new(py, node.shape)?)?;
            dict.set_item("forward", node.formulas.forward.to_vec())?;
            dict.set_item("backward", node.formulas.backward.to_vec())?;
            dict.set_item("arithmetic", node.arithmetic)?;
            dict.set_item("flops", node.flops)?;
            nodes.append(dict)?;
        }
        Ok(nodes)
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(on!(&*self.lock()?, tape => tape.len()))
    }

    fn __repr__(&self) -> PyResult<String> {
        let dtype = if matches!(&*self.lock()?, AnyTape::F32(_)) { "float32" } else { "float64" };
        Ok(format!("Tape({dtype:?}) of {} nodes", self.__len__()?))
    }
}

/// A node of a tape: what `variable`, `constant` and every operation give.
///
/// Operators record: `+`, `-`, `*`, `/`, `@`, `** 2`, and slices with step 1, such as `img[:, 1:]`. A
/// number or an array beside a variable becomes a constant.
#[pyclass(module = "impasto", frozen)]
pub(crate) struct Var {
    pub(crate) tape: Py<Tape>,
    pub(crate) var: autodiff::Var,
}

impl Var {
    /// Records something that reads this variable.
    pub(crate) fn record(
        &self,
        py: Python<'_>,
        record: impl FnOnce(&mut AnyTape, autodiff::Var) -> Result<autodiff::Var, TapeError>,
    ) -> PyResult<Var> {
        let var = record(&mut *self.tape.get().lock()?, self.var).map_err(refused)?;
        Ok(Var { tape: self.tape.clone_ref(py), var })
    }

    /// What stands beside this variable, on the same tape.
    pub(crate) fn beside(&self, other: &Bound<'_, PyAny>) -> PyResult<autodiff::Var> {
        if let Ok(other) = other.cast::<Var>() {
            return Ok(other.get().var);
        }
        Ok(match &mut *self.tape.get().lock()? {
            AnyTape::F32(tape) => tape.constant(&copied::<f32>(other, "the other operand")?),
            AnyTape::F64(tape) => tape.constant(&copied::<f64>(other, "the other operand")?),
        })
    }

    fn binary(
        &self,
        other: &Bound<'_, PyAny>,
        record: impl FnOnce(&mut AnyTape, autodiff::Var, autodiff::Var) -> Result<autodiff::Var, TapeError>,
    ) -> PyResult<Var> {
        let beside = self.beside(other)?;
        self.record(other.py(), |tape, var| record(tape, var, beside))
    }
}

#[pymethods]
impl Var {
    /// The tape that it is on.
    #[getter]
    fn tape(&self, py: Python<'_>) -> Py<Tape> {
        self.tape.clone_ref(py)
    }

    /// The value: of a leaf what it was set to, of others what the last forward walk computed. A copy.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        on!(&*self.tape.get().lock()?, tape => {
            Ok(tape.value(self.var).map_err(refused)?.to_owned().into_pyarray(py).into_any())
        })
    }

    /// The gradient of the last backward walk's result with respect to this value. A copy.
    #[getter]
    fn gradient<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        on!(&*self.tape.get().lock()?, tape => {
            Ok(tape.gradient(self.var).map_err(refused)?.to_owned().into_pyarray(py).into_any())
        })
    }

    /// The shape of the value.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let shape = on!(&*self.tape.get().lock()?, tape => tape.shape(self.var).map(<[usize]>::to_vec));
        PyTuple::new(py, shape.map_err(refused)?)
    }

    /// Its place on the tape.
    #[getter]
    fn index(&self) -> usize {
        self.var.index()
    }

    /// Give a leaf another value of the same shape; what depends on it follows at the next forward walk.
    fn set(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        match &mut *self.tape.get().lock()? {
            AnyTape::F32(tape) => tape.set_value(self.var, &copied::<f32>(value, "value")?),
            AnyTape::F64(tape) => tape.set_value(self.var, &copied::<f64>(value, "value")?),
        }
        .map_err(refused)
    }

    /// Name the node for reports; gives the variable back.
    fn name<'py>(slf: &Bound<'py, Self>, name: String) -> PyResult<Bound<'py, Self>> {
        slf.get().record(slf.py(), |tape, var| on!(tape, tape => tape.name(var, name)))?;
        Ok(slf.clone())
    }

    fn __add__(&self, other: &Bound<'_, PyAny>) -> PyResult<Var> {
        self.binary(other, |tape, a, b| on!(tape, tape => tape.add(a, b)))
    }

    fn __radd__(&self, other: &Bound<'_, PyAny>) -> PyResult<Var> {
        self.binary(other, |tape, a, b| on!(tape, tape => tape.add(b, a)))
    }

    fn __sub__(&self, other: &Bound<'_, PyAny>) -> PyResult<Var> {
        self.binary(other, |tape, a, b| on!(tape, tape => tape.sub(a, b)))
    }

    fn __rsub__(&self, other: &Bound<'_, PyAny>) -> PyResult<Var> {
        self.binary(other, |tape, a, b| on!(tape, tape => tape.sub(b, a)))
    }

    fn __mul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Var> {
        self.binary(other, |tape, a, b| on!(tape, tape => tape.mul(a, b)))
    }

    fn __rmul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Var> {
        self.binary(other, |tape, a, b| on!(tape, tape => tape.mul(b, a)))
    }

    fn __truediv__(&self, other: &Bound<'_, PyAny>) -> PyResult<Var> {
        self.binary(other, |tape, a, b| on!(tape, tape => tape.div(a, b)))
    }

    fn __rtruediv__(&self, other: &Bound<'_, PyAny>) -> PyResult<Var> {
        self.binary(other, |tape, a, b| on!(tape, tape => tape.div(b, a)))
    }

    fn __matmul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Var> {
        self.binary(other, |tape, a, b| on!(tape, tape => tape.matmul(a, b)))
    }

    fn __rmatmul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Var> {
        self.binary(other, |tape, a, b| on!(tape, tape => tape.matmul(b, a)))
    }

    /// Keeps NumPy from taking an operator apart, element by element.
    #[classattr]
    fn __array_ufunc__() -> Option<()> {
        None
    }

    fn __neg__(&self, py: Python<'_>) -> PyResult<Var> {
        self.scale(py, -1.0)
    }

    fn __pow__(&self, py: Python<'_>, exponent: f64, modulo: Option<f64>) -> PyResult<Var> {
        match (exponent, modulo) {
            (2.0, None) => self.square(py),
            _ => Err(PyValueError::new_err("only ** 2 is there: multiply for other powers")),
        }
    }

    /// Times a number.
    fn scale(&self, py: Python<'_>, factor: f64) -> PyResult<Var> {
        self.record(py, |tape, var| match tape {
            AnyTape::F32(tape) => tape.scale(var, factor as f32),
            AnyTape::F64(tape) => tape.scale(var, factor),
        })
    }

    /// Value by value.
    fn square(&self, py: Python<'_>) -> PyResult<Var> {
        self.record(py, |tape, var| on!(tape, tape => tape.square(var)))
    }

    /// The sum of all values, a single number.
    fn sum(&self, py: Python<'_>) -> PyResult<Var> {
        self.record(py, |tape, var| on!(tape, tape => tape.sum(var)))
    }

    /// The mean of all values, a single number.
    fn mean(&self, py: Python<'_>) -> PyResult<Var> {
        self.record(py, |tape, var| on!(tape, tape => tape.mean(var)))
    }

    /// max(x, 0), value by value.
    fn relu(&self, py: Python<'_>) -> PyResult<Var> {
        self.record(py, |tape, var| on!(tape, tape => tape.relu(var)))
    }

    /// e to this power, value by value.
    fn exp(&self, py: Python<'_>) -> PyResult<Var> {
        self.record(py, |tape, var| on!(tape, tape => tape.exp(var)))
    }

    /// The natural logarithm, value by value.
    fn log(&self, py: Python<'_>) -> PyResult<Var> {
        self.record(py, |tape, var| on!(tape, tape => tape.ln(var)))
    }

    /// The square root, value by value.
    fn sqrt(&self, py: Python<'_>) -> PyResult<Var> {
        self.record(py, |tape, var| on!(tape, tape => tape.sqrt(var)))
    }

    /// The same values in another shape.
    #[pyo3(signature = (*shape))]
    fn reshape(&self, shape: &Bound<'_, PyTuple>) -> PyResult<Var> {
        let shape = lengths(shape)?;
        let (shape, py) = shape;
        self.record(py, |tape, var| on!(tape, tape => tape.reshape(var, &shape)))
    }

    /// The axes in another order: axis i of the result is axis axes[i]. Without any, in reverse.
    #[pyo3(signature = (*axes))]
    fn transpose(&self, axes: &Bound<'_, PyTuple>) -> PyResult<Var> {
        let py = axes.py();
        let axes =
            if axes.is_empty() { (0..self.shape(py)?.len()).rev().collect() } else { lengths(axes)?.0 };
        self.record(py, |tape, var| on!(tape, tape => tape.transpose(var, &axes)))
    }

    /// The transpose with all axes reversed.
    #[getter(T)]
    fn transposed(&self, py: Python<'_>) -> PyResult<Var> {
        self.transpose(&PyTuple::empty(py))
    }

    /// A part of one axis.
    fn narrow(&self, py: Python<'_>, axis: usize, start: usize, length: usize) -> PyResult<Var> {
        self.record(py, |tape, var| on!(tape, tape => tape.narrow(var, axis, start, length)))
    }

    fn __getitem__(slf: &Bound<'_, Self>, key: &Bound<'_, PyAny>) -> PyResult<Var> {
        let py = slf.py();
        let this = slf.get();
        let keys: Vec<Bound<'_, PyAny>> = match key.cast::<PyTuple>() {
            Ok(keys) => keys.iter().collect(),
            Err(_) => vec![key.clone()],
        };
        let shape: Vec<usize> = this.shape(py)?.extract()?;
        if keys.len() > shape.len() {
            return Err(PyIndexError::new_err(format!("{} indices for shape {shape:?}", keys.len())));
        }
        let mut var = Var { tape: this.tape.clone_ref(py), var: this.var };
        for (axis, (key, &length)) in keys.iter().zip(&shape).enumerate() {
            let Ok(slice) = key.cast::<PySlice>() else {
                return Err(PyTypeError::new_err(
                    "a variable takes slices, such as img[:, 1:]: for one place take narrow and reshape",
                ));
            };
            let slice = slice.indices(length as isize)?;
            if slice.step != 1 {
                return Err(PyValueError::new_err("slices of a variable must have step 1"));
            }
            if slice.slicelength != length {
                var = var.narrow(py, axis, slice.start as usize, slice.slicelength)?;
            }
        }
        Ok(var)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Var {} of shape {}", self.var.index(), self.shape(py)?.repr()?))
    }
}

/// Lengths or axes, given one by one or as one sequence.
fn lengths<'py>(given: &Bound<'py, PyTuple>) -> PyResult<(Vec<usize>, Python<'py>)> {
    let numbers = match given.len() {
        1 if !given.get_item(0)?.is_instance_of::<pyo3::types::PyInt>() => given.get_item(0)?.extract(),
        _ => given.extract(),
    };
    let numbers = numbers.map_err(|_| {
        PyTypeError::new_err("these must be whole numbers, none of them negative, such as reshape(4, 3)")
    })?;
    Ok((numbers, given.py()))
}
