//! SqueezeNet and its features.

use crate::arrays::{Argument, lent_finite, own};
use crate::errors::refused;
use crate::tape::{AnyTape, Var};
use impasto::architecture::FEATURES;
use impasto::{PoolRounding, Weights};
use ndarray::Ix4;
use numpy::IntoPyArray;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyList;
use std::path::PathBuf;

const IMAGE: Argument = Argument { name: "img", shape: "(N, H, W, 3)" };

/// SqueezeNet 1.1 up to its last layer of features.
///
/// save_path: a file of weights: the notebook's squeezenet1_1.npz, a .pth or .safetensors of torchvision's,
///     or a TensorFlow checkpoint. None takes the weights that are built in, trained on drawings.
/// pooling: "floor", as in the TensorFlow notebook, or "ceil", as in PyTorch's.
///
/// Raises ImpastoError if the weights cannot be read.
#[pyclass(module = "impasto", frozen)]
pub(crate) struct SqueezeNet {
    pub(crate) network: impasto::SqueezeNet,
    name: String,
}

#[pymethods]
impl SqueezeNet {
    #[new]
    #[pyo3(signature = (save_path=None, *, pooling="floor"))]
    fn new(py: Python<'_>, save_path: Option<PathBuf>, pooling: &str) -> PyResult<SqueezeNet> {
        let rounding = match pooling {
            "floor" => PoolRounding::Floor,
            "ceil" => PoolRounding::Ceil,
            other => {
                return Err(PyValueError::new_err(format!(
                    "pooling is {other:?}: it must be \"floor\" or \"ceil\""
                )));
            }
        };
        let name = save_path.as_ref().map_or("built-in".to_owned(), |path| path.display().to_string());
        let weights = py.detach(|| save_path.map_or_else(|| Ok(Weights::built_in()), Weights::load));
        let network = impasto::SqueezeNet::new(weights.map_err(refused)?).with_pooling(rounding);
        Ok(SqueezeNet { network, name })
    }

    /// The output of every layer: a list whose entry l is layer l's, (N, H', W', C).
    ///
    /// img: float32 (N, H, W, 3), preprocessed; the list then holds arrays, which are handed over without a
    ///     copy. Or a Var of a tape; the list then holds variables, and gradients flow through them to the
    ///     image.
    /// deepest: the last layer that is computed.
    #[pyo3(signature = (img, deepest=FEATURES.len() - 1))]
    fn extract_features<'py>(
        &self,
        py: Python<'py>,
        img: &Bound<'py, PyAny>,
        deepest: usize,
    ) -> PyResult<Bound<'py, PyList>> {
        if let Ok(var) = img.cast::<Var>() {
            let var = var.get();
            let layers: Vec<usize> = (0..=deepest.min(FEATURES.len() - 1)).collect();
            if deepest >= FEATURES.len() {
                return Err(PyValueError::new_err(format!(
                    "deepest is {deepest}, the last layer is {}",
                    FEATURES.len() - 1
                )));
            }
            let features = match &mut *var.tape.get().lock()? {
                AnyTape::F32(tape) => self.network.record(tape, var.var, &layers),
                AnyTape::F64(tape) => self.network.record(tape, var.var, &layers),
            };
            let features = features.map_err(refused)?;
            let vars = features.iter().map(|(_, layer)| Var { tape: var.tape.clone_ref(py), var: layer });
            return PyList::new(py, vars.collect::<Vec<_>>());
        }
        let image = own(lent_finite::<f32, Ix4>(img, IMAGE)?.as_array());
        let features = py.detach(|| self.network.extract_features(image.view(), deepest));
        let arrays = features.map_err(refused)?.into_iter().map(|layer| layer.into_pyarray(py));
        PyList::new(py, arrays.collect::<Vec<_>>())
    }

    fn __repr__(&self) -> String {
        format!("SqueezeNet({:?})", self.name)
    }
}
