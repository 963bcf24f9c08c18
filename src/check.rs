//! The notebook's four checks against its own answers: content loss, Gram matrix, style loss and total variation, each
//! computed with this crate's functions as a user would. It judges nothing but these four numbers and matrices.
//!
//! The TensorFlow notebook drops pooling windows that do not fit, torchvision's network cuts them at the border: each
//! left its own answers, and both are checked.

use crate::image::{ColorProfiles, ImageError, LoadOptions, load_image, preprocess_image};
use crate::loss::{StyleTerm, content_loss, gram_matrix, style_loss, tv_loss};
use impasto_arrays::{ArrayArchive, ArraysError};
use impasto_autodiff::{Tape, TapeError, Var};
use impasto_squeezenet::{FeatureError, Features, PoolRounding, SqueezeNet, Weights, WeightsError};
use ndarray::Array4;
use std::fmt;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A check passes below this relative error, which the notebook would print as 0.000 or 0.001.
pub const TOLERANCE: f64 = 1e-3;

/// The shorter side of both images, in pixels.
const IMAGE_SIZE: usize = 192;
const CONTENT_LAYER: usize = 3;
const CONTENT_WEIGHT: f64 = 6e-2;
const GRAM_LAYER: usize = 5;
const STYLE_LAYERS: [usize; 4] = [1, 4, 6, 7];
const STYLE_WEIGHTS: [f64; 4] = [300000.0, 1000.0, 15.0, 3.0];
const TV_WEIGHT: f64 = 2e-2;
/// Deeper than this no check looks.
const DEEPEST_LAYER: usize = 7;

/// Whose answers: each notebook computed its own, with its own framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answers {
    /// `style-transfer-checks-tf.npz`: pools drop windows that do not fit.
    TensorFlow,
    /// `style-transfer-checks.npz`: pools cut windows at the border.
    PyTorch,
}

impl Answers {
    /// Both, in the order they are checked.
    pub const ALL: [Answers; 2] = [Answers::TensorFlow, Answers::PyTorch];

    /// How the network that gave these answers rounds the size of a pool's output.
    pub const fn rounding(self) -> PoolRounding {
        match self {
            Answers::TensorFlow => PoolRounding::Floor,
            Answers::PyTorch => PoolRounding::Ceil,
        }
    }

    const fn file(self) -> &'static str {
        match self {
            Answers::TensorFlow => "style-transfer-checks-tf.npz",
            Answers::PyTorch => "style-transfer-checks.npz",
        }
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Answers::TensorFlow => "TensorFlow with floor pooling",
            Answers::PyTorch => "PyTorch with ceil pooling",
        })
    }
}

/// How far one result is from the notebook's answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CheckResult {
    /// Whose answer.
    pub answers: Answers,
    /// What was computed: `content loss`, `Gram matrix`, `style loss` or `total variation`.
    pub name: &'static str,
    /// The notebook's `rel_error`: the largest `|x - y| / max(1e-8, |x| + |y|)` of all elements.
    pub error: f64,
}

impl CheckResult {
    /// Whether the error is below [`TOLERANCE`]; an error that is not a number is not.
    pub fn passed(&self) -> bool {
        self.error < TOLERANCE
    }
}

/// Why the checks could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckError {
    /// A picture cannot be loaded.
    #[error("cannot load the notebook's image")]
    Image(#[from] ImageError),
    /// The weights cannot be read.
    #[error("cannot load the notebook's weights")]
    Weights(#[from] WeightsError),
    /// The answers cannot be read.
    #[error("cannot read the notebook's answers")]
    Answers(#[from] ArraysError),
    /// An answer is no answer to its check.
    #[error(
        "array {array} of {} has shape {found:?}, the check needs {expected:?}: take the file from the notebook's folder",
        path.display()
    )]
    AnswerShape {
        /// The file of answers.
        path: PathBuf,
        /// The answer's name.
        array: &'static str,
        /// The shape of what was computed.
        expected: Vec<usize>,
        /// The shape of the answer, which may have axes of length 1 in front.
        found: Vec<usize>,
    },
    /// The network refused an image.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// The tape refused an operation.
    #[error(transparent)]
    Tape(#[from] TapeError),
}

/// Makes the four checks against both notebooks' answers: eight results, TensorFlow's first.
///
/// The folder `data` holds `tubingen.jpg`, `starry_night.jpg`, `squeezenet1_1.npz`, `style-transfer-checks-tf.npz` and
/// `style-transfer-checks.npz`, as the course hands them out.
///
/// ```no_run
/// use std::path::Path;
///
/// for result in impasto::check::run(Path::new("notebook"))? {
///     let verdict = if result.passed() { "passed" } else { "FAILED" };
///     println!("{}, {}: {:.1e} {verdict}", result.answers, result.name, result.error);
/// }
/// # Ok::<(), impasto::check::CheckError>(())
/// ```
///
/// # Errors
/// [`CheckError`] if one of these files cannot be used. A wrong result is not an error: [`CheckResult::passed`] tells.
pub fn run(data: &Path) -> Result<Vec<CheckResult>, CheckError> {
    let options = LoadOptions::shorter_side(IMAGE_SIZE).with_color_profiles(ColorProfiles::Ignore);
    let content = preprocess_image(load_image(&data.join("tubingen.jpg"), &options)?.view());
    let style = preprocess_image(load_image(&data.join("starry_night.jpg"), &options)?.view());
    let weights = Weights::load_features(data.join("squeezenet1_1.npz"), DEEPEST_LAYER)?;
    let mut results = Vec::new();
    for answers in Answers::ALL {
        let network = SqueezeNet::new(weights.clone()).with_pooling(answers.rounding());
        let path = data.join(answers.file());
        let mut archive = ArrayArchive::open(&path)?;
        let mut tape = Tape::new();
        let computed = record(&mut tape, &network, &content, &style)?;
        tape.forward();
        for Computed { name, array, var } in computed {
            let value = tape.value(var)?;
            let answer = archive.read(array)?;
            if without_leading_ones(answer.shape()) != without_leading_ones(value.shape()) {
                let (expected, found) = (value.shape().to_vec(), answer.shape().to_vec());
                return Err(CheckError::AnswerShape { path, array, expected, found });
            }
            let error = rel_error(value.iter().copied(), answer.iter().copied());
            results.push(CheckResult { answers, name, error });
        }
    }
    Ok(results)
}

/// One result on the tape.
struct Computed {
    name: &'static str,
    /// The answer's name in the notebook's file.
    array: &'static str,
    var: Var,
}

/// Records the four results for two preprocessed images (1, H, W, 3).
fn record(
    tape: &mut Tape<f32>,
    network: &SqueezeNet,
    content: &Array4<f32>,
    style: &Array4<f32>,
) -> Result<[Computed; 4], CheckError> {
    let content_layers = [&STYLE_LAYERS[..], &[CONTENT_LAYER]].concat();
    let style_layers = [&STYLE_LAYERS[..], &[GRAM_LAYER]].concat();
    let blank = tape.constant(&Array4::zeros(content.dim()));
    let content = tape.constant(content);
    let style = tape.constant(style);
    let of_blank = network.record(tape, blank, &[CONTENT_LAYER])?;
    let of_content = network.record(tape, content, &content_layers)?;
    let of_style = network.record(tape, style, &style_layers)?;

    let (target, features) = (layer(&of_content, CONTENT_LAYER)?, layer(&of_blank, CONTENT_LAYER)?);
    let content_loss = content_loss(tape, CONTENT_WEIGHT, features, target)?;
    let gram = gram_matrix(tape, layer(&of_style, GRAM_LAYER)?, true)?;
    let mut terms = Vec::new();
    for (index, weight) in STYLE_LAYERS.into_iter().zip(STYLE_WEIGHTS) {
        let target = gram_matrix(tape, layer(&of_style, index)?, true)?;
        terms.push(StyleTerm { features: layer(&of_content, index)?, target, weight });
    }
    let style_loss = style_loss(tape, &terms)?;
    let tv_loss = tv_loss(tape, TV_WEIGHT, content)?;
    Ok([
        Computed { name: "content loss", array: "cl_out", var: content_loss },
        Computed { name: "Gram matrix", array: "gm_out", var: gram },
        Computed { name: "style loss", array: "sl_out", var: style_loss },
        Computed { name: "total variation", array: "tv_out", var: tv_loss },
    ])
}

fn layer(features: &Features, layer: usize) -> Result<Var, FeatureError> {
    features.get(layer).ok_or(FeatureError::NoSuchLayer { layer })
}

/// PyTorch's answers have a batch axis, and its numbers are arrays of one value.
fn without_leading_ones(shape: &[usize]) -> &[usize] {
    let ones = shape.iter().take_while(|&&length| length == 1).count();
    &shape[ones..]
}

/// The notebook's `rel_error`: the largest `|x - y| / max(1e-8, |x| + |y|)` of all elements, as far as both have any; not a
/// number if one of these is not.
///
/// ```
/// use impasto::check::rel_error;
///
/// assert_eq!(rel_error([1.0, 3.0], [1.0, 1.0]), 0.5);
/// ```
pub fn rel_error<T: Into<f64>, U: Into<f64>>(
    x: impl IntoIterator<Item = T>,
    y: impl IntoIterator<Item = U>,
) -> f64 {
    x.into_iter().zip(y).fold(0.0, |worst: f64, (x, y)| {
        let (x, y) = (x.into(), y.into());
        let error = (x - y).abs() / (x.abs() + y.abs()).max(1e-8);
        if error > worst || error.is_nan() { error } else { worst }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rel_error_is_the_notebooks() {
        let error = |x: &[f32], y: &[f32]| rel_error(x.iter().copied(), y.iter().copied());
        assert_eq!(error(&[1.0, -2.0, 0.0], &[1.0, -2.0, 0.0]), 0.0);
        assert_eq!(error(&[1.0, 3.0], &[1.0, 1.0]), 0.5);
        assert_eq!(error(&[1.0], &[-1.0]), 1.0);
        // The floor of the denominator.
        assert!((error(&[1e-9], &[0.0]) - 0.1).abs() < 1e-6);
    }

    #[test]
    fn an_error_that_is_not_a_number_does_not_pass() {
        for x in [[f32::NAN, 1.0], [1.0, f32::NAN], [f32::INFINITY, 1.0]] {
            let error = rel_error(x, [1.0, 1.0]);
            assert!(error.is_nan());
            let result = CheckResult { answers: Answers::TensorFlow, name: "content loss", error };
            assert!(!result.passed());
        }
    }

    #[test]
    fn answers_may_have_a_batch_axis() {
        assert_eq!(without_leading_ones(&[1, 128, 128]), [128, 128]);
        assert_eq!(without_leading_ones(&[1]), without_leading_ones(&[]));
        assert_ne!(without_leading_ones(&[2, 128, 128]), [128, 128]);
    }

    #[test]
    fn a_folder_without_the_notebooks_files_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(run(folder.path()), Err(CheckError::Image(_))));
    }
}
