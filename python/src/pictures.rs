//! Files, pictures and preprocessed units.

use crate::arrays::{Argument, lent, lent_finite, own};
use crate::errors::refused;
use impasto::image::{self, ColorProfiles, LoadOptions};
use ndarray::{Axis, Ix3, Ix4};
use numpy::{IntoPyArray, PyArray3, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::path::PathBuf;

pub(crate) const PICTURE: Argument = Argument { name: "img", shape: "(H, W, 3)" };

/// Read a picture: a NumPy array of uint8, (H, W, 3), RGB.
///
/// filename: the file, JPEG, PNG, WebP or TIFF.
/// size: the shorter side of the result, in pixels; None keeps the file's size. Resized as Pillow's
///     bilinear filter does, bit by bit.
/// color_profile: "convert" turns other color spaces into sRGB; "ignore" takes the pixels as they are, as
///     the notebook does.
///
/// Raises ImpastoError if there is no picture to read.
#[pyfunction]
#[pyo3(signature = (filename, size=None, *, color_profile="convert"))]
pub(crate) fn load_image<'py>(
    py: Python<'py>,
    filename: PathBuf,
    size: Option<usize>,
    color_profile: &str,
) -> PyResult<Bound<'py, PyArray3<u8>>> {
    let profiles = match color_profile {
        "convert" => ColorProfiles::Convert,
        "ignore" => ColorProfiles::Ignore,
        other => {
            return Err(PyValueError::new_err(format!(
                "color_profile is {other:?}: it must be \"convert\" or \"ignore\""
            )));
        }
    };
    let options = size.map_or_else(LoadOptions::default, LoadOptions::shorter_side);
    let options = options.with_color_profiles(profiles);
    let picture = py.detach(|| image::load_image(&filename, &options)).map_err(refused)?;
    Ok(picture.into_pyarray(py))
}

/// Write a picture, uint8 (H, W, 3), to a file; its extension says in which format. The file is written
/// whole or not at all.
///
/// Raises ImpastoError if it cannot be written.
#[pyfunction]
pub(crate) fn save_image(py: Python<'_>, filename: PathBuf, img: &Bound<'_, PyAny>) -> PyResult<()> {
    let picture = picture(img, PICTURE)?;
    py.detach(|| image::save_image(&filename, picture.view())).map_err(refused)
}

/// Bytes as the network wants them: float32, (pixel / 255 - mean) / std in each channel, with ImageNet's
/// mean and std.
///
/// img: a picture, uint8 (H, W, 3). The result has the same shape; img[None] makes it (1, H, W, 3), which
///     the network takes.
#[pyfunction]
pub(crate) fn preprocess_image<'py>(
    py: Python<'py>,
    img: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArray3<f32>>> {
    let picture = lent::<u8, Ix3>(img, PICTURE)?;
    check_channels(picture.shape(), PICTURE)?;
    let image = image::preprocess_image(own(picture.as_array()).view());
    Ok(image.index_axis_move(Axis(0), 0).into_pyarray(py))
}

/// The way back from preprocessed units to a picture, uint8 (H, W, 3).
///
/// img: float32, (H, W, 3) or (1, H, W, 3), in preprocessed units.
/// rescale: stretch the values so that the smallest becomes 0 and the largest 255, as the notebook shows
///     its pictures.
#[pyfunction]
#[pyo3(signature = (img, rescale=false))]
pub(crate) fn deprocess_image<'py>(
    py: Python<'py>,
    img: &Bound<'py, PyAny>,
    rescale: bool,
) -> PyResult<Bound<'py, PyArray3<u8>>> {
    let argument = Argument { name: "img", shape: "(H, W, 3) or (1, H, W, 3)" };
    let has_batch = img.getattr("ndim").is_ok_and(|ndim| ndim.extract::<usize>().is_ok_and(|ndim| ndim == 4));
    let batch = match has_batch {
        true => own(lent_finite::<f32, Ix4>(img, argument)?.as_array()),
        false => own(lent_finite::<f32, Ix3>(img, argument)?.as_array()).insert_axis(Axis(0)),
    };
    if batch.dim().0 != 1 || batch.dim().3 != 3 {
        return Err(PyValueError::new_err(format!(
            "img has shape {:?}, it must be {}",
            batch.shape(),
            argument.shape
        )));
    }
    Ok(image::deprocess_image(batch.view(), rescale).into_pyarray(py))
}

/// A picture as our own: what computes without the interpreter's lock must not see it change.
pub(crate) fn picture(value: &Bound<'_, PyAny>, argument: Argument) -> PyResult<ndarray::Array3<u8>> {
    let picture = lent::<u8, Ix3>(value, argument)?;
    check_channels(picture.shape(), argument)?;
    if picture.shape().contains(&0) {
        return Err(PyValueError::new_err(format!("{} has no pixels: {:?}", argument.name, picture.shape())));
    }
    Ok(own(picture.as_array()))
}

fn check_channels(shape: &[usize], argument: Argument) -> PyResult<()> {
    match shape.last() {
        Some(3) => Ok(()),
        _ => Err(PyValueError::new_err(format!(
            "{} has shape {shape:?}, it must be {}: three channels, red, green and blue",
            argument.name, argument.shape
        ))),
    }
}
