//! The notebook's four functions, its measure of errors, and its checks.

use crate::arrays::{Argument, copied, lent_finite};
use crate::errors::refused;
use crate::tape::{AnyTape, Var};
use impasto::autodiff::Element;
use impasto::check as checks;
use impasto::loss::{self, StyleTerm, of_arrays};
use ndarray::{Ix2, Ix4};
use numpy::IntoPyArray;
use pyo3::exceptions::{PyIndexError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyList;
use std::path::PathBuf;

const FEATURES: &str = "(1, H, W, C)";

fn of(name: &'static str) -> Argument {
    Argument { name, shape: FEATURES }
}

/// content_weight * sum of (content_current - content_original)^2
///
/// content_current, content_original: features of one shape, float32 (1, H, W, C): the result is a float.
///     Or a Var in place of the first: the result is a Var, and gradients flow.
///
/// Gatys, Ecker and Bethge 2016, equation 1, without its factor 1/2, as in the notebook.
#[pyfunction]
pub(crate) fn content_loss<'py>(
    content_weight: f64,
    content_current: &Bound<'py, PyAny>,
    content_original: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = content_current.py();
    check_weight("content_weight", content_weight)?;
    if let Ok(current) = content_current.cast::<Var>() {
        let original = current.get().beside(content_original)?;
        let loss = current.get().record(py, |tape, current| match tape {
            AnyTape::F32(tape) => loss::content_loss(tape, content_weight, current, original),
            AnyTape::F64(tape) => loss::content_loss(tape, content_weight, current, original),
        })?;
        return Ok(Bound::new(py, loss)?.into_any());
    }
    let current = lent_finite::<f32, Ix4>(content_current, of("content_current"))?;
    let original = lent_finite::<f32, Ix4>(content_original, of("content_original"))?;
    let loss = of_arrays::content_loss(content_weight, current.as_array(), original.as_array());
    number(py, loss.map_err(refused)?)
}

/// The Gram matrix (C, C) of features (1, H, W, C): entry (i, j) is the sum over all positions of
/// channel i times channel j.
///
/// features: float32 array, or a Var: the result is of the same kind.
/// normalize: divide by H * W * C.
#[pyfunction]
#[pyo3(signature = (features, normalize=true))]
pub(crate) fn gram_matrix<'py>(features: &Bound<'py, PyAny>, normalize: bool) -> PyResult<Bound<'py, PyAny>> {
    let py = features.py();
    if let Ok(var) = features.cast::<Var>() {
        let gram = var.get().record(py, |tape, var| match tape {
            AnyTape::F32(tape) => loss::gram_matrix(tape, var, normalize),
            AnyTape::F64(tape) => loss::gram_matrix(tape, var, normalize),
        })?;
        return Ok(Bound::new(py, gram)?.into_any());
    }
    let features = lent_finite::<f32, Ix4>(features, of("features"))?;
    let gram = of_arrays::gram_matrix(features.as_array(), normalize).map_err(refused)?;
    Ok(gram.into_pyarray(py).into_any())
}

/// sum over i of style_weights[i] * sum of (gram_matrix(feats[style_layers[i]]) - style_targets[i])^2
///
/// feats: the list that extract_features gives, arrays or variables.
/// style_layers: indices into it.
/// style_targets: a Gram matrix (C, C) for each of these layers.
/// style_weights: a number for each.
#[pyfunction]
pub(crate) fn style_loss<'py>(
    feats: &Bound<'py, PyAny>,
    style_layers: Vec<usize>,
    style_targets: &Bound<'py, PyAny>,
    style_weights: Vec<f64>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = feats.py();
    let feats: Vec<Bound<'py, PyAny>> = feats
        .extract()
        .map_err(|_| PyTypeError::new_err("feats must be the list that extract_features gives"))?;
    let targets: Vec<Bound<'py, PyAny>> = style_targets.extract().map_err(|_| {
        PyTypeError::new_err("style_targets must be a list of Gram matrices, one for each layer")
    })?;
    if style_layers.len() != targets.len() || style_layers.len() != style_weights.len() {
        return Err(PyValueError::new_err(format!(
            "{} style_layers, {} style_targets and {} style_weights: give one of each for every layer",
            style_layers.len(),
            targets.len(),
            style_weights.len()
        )));
    }
    for &weight in &style_weights {
        check_weight("style_weights", weight)?;
    }
    let mut chosen = Vec::new();
    for &layer in &style_layers {
        let features = feats.get(layer).ok_or_else(|| {
            PyIndexError::new_err(format!(
                "style_layers names layer {layer}, feats has {} layers",
                feats.len()
            ))
        })?;
        chosen.push(features);
    }
    let on_tape = chosen.iter().find_map(|features| features.cast::<Var>().ok());
    if let Some(first) = on_tape {
        let mut terms = Vec::new();
        for ((features, target), &weight) in chosen.iter().zip(&targets).zip(&style_weights) {
            let features = features.cast::<Var>().map_err(|_| {
                PyTypeError::new_err("feats holds variables and arrays: give the layers of one kind")
            })?;
            let target = first.get().beside(target)?;
            terms.push(StyleTerm { features: features.get().var, target, weight });
        }
        let loss = first.get().record(py, |tape, _| match tape {
            AnyTape::F32(tape) => loss::style_loss(tape, &terms),
            AnyTape::F64(tape) => loss::style_loss(tape, &terms),
        })?;
        return Ok(Bound::new(py, loss)?.into_any());
    }
    let features = chosen.iter().map(|features| lent_finite::<f32, Ix4>(features, of("feats")));
    let features = features.collect::<PyResult<Vec<_>>>()?;
    let target = Argument { name: "style_targets", shape: "(C, C)" };
    let targets = targets.iter().map(|matrix| lent_finite::<f32, Ix2>(matrix, target));
    let targets = targets.collect::<PyResult<Vec<_>>>()?;
    let layers: Vec<of_arrays::StyleLayer<'_, f32>> = features
        .iter()
        .zip(&targets)
        .zip(style_weights)
        .map(|((features, target), weight)| (features.as_array(), target.as_array(), weight))
        .collect();
    number(py, of_arrays::style_loss(&layers).map_err(refused)?)
}

/// tv_weight * (sum of squared vertical + sum of squared horizontal differences of neighboring pixels)
///
/// img: float32 (1, H, W, 3), preprocessed, or a Var.
#[pyfunction]
pub(crate) fn tv_loss<'py>(img: &Bound<'py, PyAny>, tv_weight: f64) -> PyResult<Bound<'py, PyAny>> {
    let py = img.py();
    check_weight("tv_weight", tv_weight)?;
    if let Ok(var) = img.cast::<Var>() {
        let loss = var.get().record(py, |tape, var| match tape {
            AnyTape::F32(tape) => loss::tv_loss(tape, tv_weight, var),
            AnyTape::F64(tape) => loss::tv_loss(tape, tv_weight, var),
        })?;
        return Ok(Bound::new(py, loss)?.into_any());
    }
    let image = lent_finite::<f32, Ix4>(img, Argument { name: "img", shape: "(1, H, W, 3)" })?;
    number(py, of_arrays::tv_loss(tv_weight, image.as_array()).map_err(refused)?)
}

/// The notebook's measure: the largest |x - y| / max(1e-8, |x| + |y|) of all elements.
///
/// x, y: numbers, or arrays of one shape; an axis of length 1 in front does not count.
#[pyfunction]
pub(crate) fn rel_error(x: &Bound<'_, PyAny>, y: &Bound<'_, PyAny>) -> PyResult<f64> {
    let (x, y) = (copied::<f64>(x, "x")?, copied::<f64>(y, "y")?);
    let without_leading_ones =
        |shape: &[usize]| -> Vec<usize> { shape.iter().copied().skip_while(|&length| length == 1).collect() };
    if without_leading_ones(x.shape()) != without_leading_ones(y.shape()) {
        return Err(PyValueError::new_err(format!(
            "x has shape {:?}, y has {:?}: they must be equal",
            x.shape(),
            y.shape()
        )));
    }
    Ok(checks::rel_error(x.iter().copied(), y.iter().copied()))
}

/// One of the notebook's checks.
#[pyclass(module = "impasto", frozen, get_all)]
pub(crate) struct Check {
    /// What was computed: "content loss", "Gram matrix", "style loss" or "total variation".
    name: String,
    /// Whose answer it was compared with.
    answers: String,
    /// The notebook's rel_error.
    error: f64,
    /// Whether the error is below 1e-3.
    passed: bool,
}

#[pymethods]
impl Check {
    fn __repr__(&self) -> String {
        let Check { name, answers, error, passed } = self;
        let verdict = if *passed { "passed" } else { "FAILED" };
        // The notebook's own words, of an array and of a number.
        let what =
            if matches!(name.as_str(), "content loss" | "Gram matrix") { "Maximum error" } else { "Error" };
        format!("{name}, {answers}: {what} is {error:.3} ({error:e}, {verdict})")
    }
}

/// The notebook's four checks against both of its editions' answers: a list of eight.
///
/// data: the folder with tubingen.jpg, starry_night.jpg, squeezenet1_1.npz and the two files of answers, as
///     the course hands them out.
///
/// Raises ImpastoError if a file cannot be used. A wrong result raises nothing: `passed` tells.
#[pyfunction]
pub(crate) fn check<'py>(py: Python<'py>, data: PathBuf) -> PyResult<Bound<'py, PyList>> {
    let results = py.detach(|| checks::run(&data)).map_err(refused)?;
    let checks = results.into_iter().map(|result| Check {
        name: result.name.to_owned(),
        answers: result.answers.to_string(),
        error: result.error,
        passed: result.passed(),
    });
    PyList::new(py, checks.collect::<Vec<_>>())
}

fn check_weight(name: &str, weight: f64) -> PyResult<()> {
    match weight.is_finite() {
        true => Ok(()),
        false => Err(PyValueError::new_err(format!("{name} is {weight}: it must be a finite number"))),
    }
}

/// As NumPy's float32, which is what the notebook's functions give.
fn number<T: Element + numpy::Element>(py: Python<'_>, value: T) -> PyResult<Bound<'_, PyAny>> {
    let array = ndarray::arr0(value).into_dyn().into_pyarray(py).into_any();
    // An array without axes becomes the number in it.
    array.get_item(pyo3::types::PyTuple::empty(py))
}
