//! NumPy arrays as arguments. They are lent, not copied, in whatever layout; what does not fit is refused with the
//! argument's name and the remedy.

use ndarray::{Array, ArrayD, ArrayView, ArrayViewD, Dimension};
use numpy::{
    Element, PyArray, PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyReadonlyArray, PyUntypedArray,
    PyUntypedArrayMethods, dtype,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// What an argument is called, and what it has to be.
#[derive(Clone, Copy)]
pub(crate) struct Argument {
    pub(crate) name: &'static str,
    /// Such as `(1, H, W, C)`.
    pub(crate) shape: &'static str,
}

/// An array of this type and dimension, lent to us: NumPy's memory is not written to as long as the lock is
/// held, which
/// is as long as a view of it is in use.
pub(crate) fn lent<'py, T: Element, D: Dimension>(
    value: &Bound<'py, PyAny>,
    argument: Argument,
) -> PyResult<PyReadonlyArray<'py, T, D>> {
    let Argument { name, shape } = argument;
    let py = value.py();
    let wanted = dtype::<T>(py);
    let Ok(array) = value.cast::<PyUntypedArray>() else {
        let found = value.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "{name} must be a NumPy array of {wanted}, {shape}, not a {found}: make one with numpy.asarray({name}, numpy.{wanted})"
        )));
    };
    if !array.dtype().is_equiv_to(&wanted) {
        let found = array.dtype();
        return Err(PyTypeError::new_err(format!(
            "{name} is of {found}, it must be of {wanted}: convert it with {name}.astype(numpy.{wanted})"
        )));
    }
    let found = || array.shape().to_vec();
    if !value.getattr("flags")?.getattr("aligned")?.extract::<bool>()? {
        return Err(PyValueError::new_err(format!(
            "{name} does not lie in memory as processors want it: pass {name}.copy()"
        )));
    }
    let Ok(array) = value.cast::<PyArray<T, D>>() else {
        return Err(PyValueError::new_err(format!("{name} has shape {:?}, it must be {shape}", found())));
    };
    array.try_readonly().map_err(|_| {
        PyValueError::new_err(format!("{name} is being written to meanwhile: pass {name}.copy()"))
    })
}

/// The same, of numbers that are all finite.
pub(crate) fn lent_finite<'py, T: Element + Finite, D: Dimension>(
    value: &Bound<'py, PyAny>,
    argument: Argument,
) -> PyResult<PyReadonlyArray<'py, T, D>> {
    let array = lent::<T, D>(value, argument)?;
    check_finite(array.as_array().into_dyn(), argument.name)?;
    Ok(array)
}

/// A number that may be infinite, or none at all.
pub(crate) trait Finite: Copy {
    fn finite(self) -> bool;
}

impl Finite for f32 {
    fn finite(self) -> bool {
        self.is_finite()
    }
}

impl Finite for f64 {
    fn finite(self) -> bool {
        self.is_finite()
    }
}

pub(crate) fn check_finite<T: Finite>(array: ArrayViewD<'_, T>, name: &str) -> PyResult<()> {
    if array.iter().all(|value| value.finite()) {
        return Ok(());
    }
    let index = array.indexed_iter().find(|(_, value)| !value.finite()).map(|(index, _)| index);
    let index = index.map(|index| index.slice().to_vec()).unwrap_or_default();
    Err(PyValueError::new_err(format!(
        "{name} is not a finite number at {index:?}: replace it, for example with numpy.nan_to_num({name})"
    )))
}

/// A copy of our own, row by row. Element by element, since NumPy's strides may be anything.
pub(crate) fn own<T: Copy, D: Dimension>(array: ArrayView<'_, T, D>) -> Array<T, D> {
    let copy = Array::from_iter(array.iter().copied());
    copy.into_shape_with_order(array.raw_dim()).expect("a copy has as many elements")
}

/// Anything that NumPy makes an array of, as a copy of this type: for small things, such as lists of
/// numbers.
pub(crate) fn copied<'py, T: Element + Finite>(value: &Bound<'py, PyAny>, name: &str) -> PyResult<ArrayD<T>> {
    let py = value.py();
    let numpy = py.import("numpy")?;
    let wanted = dtype::<T>(py);
    let array = numpy.call_method1("require", (value, &wanted, "CA")).map_err(|error| {
        PyTypeError::new_err(format!("{name} cannot become an array of {wanted}: {}", error.value(py)))
    })?;
    // `require` makes arrays of one element of numbers.
    let shape = numpy.call_method1("shape", (value,))?.extract::<Vec<usize>>()?;
    let array = own(array.cast::<PyArrayDyn<T>>()?.readonly().as_array());
    check_finite(array.view(), name)?;
    array.into_shape_with_order(shape).map_err(|error| PyValueError::new_err(error.to_string()))
}
