//! What a file of weights is, without using it: its format, its arrays, what the network would make of them, and what is
//! wrong.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::assemble::assemble;
use super::error::{Origin, WeightsError};
use super::names::{Part, torchvision};
use super::networks::{Location, meant};
use super::{Layers, open, open_in_memory};
use crate::architecture::{self, ConvolutionShape, FEATURES};
use impasto_arrays::{ArrayError, ArraySource, Format, Opened};

/// What [`inspect`] found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// How the arrays are stored.
    pub format: Format,
    /// Every file that belongs to them.
    pub files: Vec<PathBuf>,
    /// All arrays, in the order of the file.
    pub arrays: Vec<ArrayDescription>,
    /// The feature layers that have all their parameters, whole and sound.
    pub layers: Vec<usize>,
    /// Whether the classifier is there, whole and sound.
    pub has_classifier: bool,
    /// Why [`Weights::load`](super::Weights::load) would refuse the file, or `None` if it would not.
    pub problem: Option<WeightsError>,
}

/// One array of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArrayDescription {
    /// Its name in the file.
    pub name: String,
    /// The name that torchvision gives to the parameter of SqueezeNet 1.1 which it holds, if it holds one.
    pub parameter: Option<String>,
    /// Its shape and the type of its elements, or why it cannot be opened.
    pub content: Result<ArrayContent, ArrayError>,
}

/// What an array consists of, as the file claims.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArrayContent {
    /// The length along each axis, as stored.
    pub shape: Vec<u64>,
    /// What the elements are, such as `float32`.
    pub element: String,
}

impl ArrayContent {
    /// How many elements the array has; as many as can be counted, where the file claims more.
    pub fn count(&self) -> u64 {
        self.shape.iter().fold(1, |count, &length| count.saturating_mul(length))
    }
}

impl Inspection {
    /// How many values the parameters of SqueezeNet 1.1 among the arrays have.
    pub fn parameter_count(&self) -> u64 {
        let ours = self.arrays.iter().filter(|array| array.parameter.is_some());
        let counts = ours.filter_map(|array| array.content.as_ref().ok()).map(ArrayContent::count);
        counts.fold(0, u64::saturating_add)
    }

    /// Which network the arrays are for.
    pub fn network(&self) -> Network {
        let needed = (0..FEATURES.len()).filter(|&layer| !architecture::convolutions(layer).is_empty());
        let first_missing = needed.into_iter().find(|layer| !self.layers.contains(layer));
        match first_missing {
            None if self.has_classifier => Network::Whole,
            None => Network::Features,
            Some(_) if matches!(self.problem, Some(WeightsError::Version1_0 { .. })) => Network::Version1_0,
            Some(0) => Network::Unknown,
            Some(missing) => Network::FirstLayers { deepest: missing - 1 },
        }
    }
}

/// Which network the arrays of a file are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Network {
    /// SqueezeNet 1.1, with its classifier.
    Whole,
    /// All feature layers of SqueezeNet 1.1: all that style transfer needs.
    Features,
    /// The feature layers 0 to `deepest` of SqueezeNet 1.1.
    FirstLayers {
        /// What [`Weights::load_features`](super::Weights::load_features) can be asked for.
        deepest: usize,
    },
    /// SqueezeNet 1.0, which has other shapes.
    Version1_0,
    /// None that is known here.
    Unknown,
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("SqueezeNet 1.1, features and classifier"),
            Self::Features => f.write_str("SqueezeNet 1.1, features"),
            Self::FirstLayers { deepest } => write!(f, "SqueezeNet 1.1, features up to layer {deepest}"),
            Self::Version1_0 => f.write_str("SqueezeNet 1.0"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// Opens a file or folder as [`Weights::load`](super::Weights::load) does, and tells what is in it. All parameters of SqueezeNet 1.1 are read,
/// so that their checksums and values count too; other arrays are only opened.
///
/// # Errors
///
/// [`WeightsError::Open`], [`WeightsError::Format`] and [`WeightsError::Archive`], if the arrays cannot even be listed;
/// anything else is part of the [`Inspection`].
pub fn inspect(path: impl AsRef<Path>) -> Result<Inspection, WeightsError> {
    let path = path.as_ref();
    let origin = Origin::Path(path.to_owned());
    Ok(inspect_opened(open(path, &origin)?, &origin))
}

/// Like [`inspect`], for the bytes of a file in memory, such as [`BUILT_IN`](super::BUILT_IN); the [`Inspection`] then
/// names no files.
///
/// ```
/// use impasto_squeezenet::weights::{BUILT_IN, Network, inspect_bytes};
///
/// let found = inspect_bytes(BUILT_IN)?;
/// assert_eq!((found.format.name(), found.network()), ("npz", Network::Features));
/// assert_eq!(found.parameter_count(), 722_496);
/// assert!(found.problem.is_none());
/// # Ok::<(), impasto_squeezenet::WeightsError>(())
/// ```
///
/// # Errors
///
/// Those of [`inspect`].
pub fn inspect_bytes(bytes: &[u8]) -> Result<Inspection, WeightsError> {
    let origin = Origin::Memory;
    Ok(inspect_opened(open_in_memory(bytes, &origin)?, &origin))
}

fn inspect_opened(mut opened: Opened<'_>, origin: &Origin) -> Inspection {
    let source = opened.source.as_mut();
    let arrays = describe(source);
    let loads = |source: &mut dyn ArraySource, required: Vec<ConvolutionShape>| {
        assemble(source, origin, &Layers { required, optional: None })
    };
    let mut layers = Vec::new();
    for layer in 0..FEATURES.len() {
        let convolutions = architecture::convolutions(layer);
        if !convolutions.is_empty() && loads(source, convolutions).is_ok() {
            layers.push(layer);
        }
    }
    let has_classifier = loads(source, vec![architecture::classifier()]).is_ok();
    let problem = assemble(source, origin, &Layers::all()).err();
    let Opened { format, files, .. } = opened;
    Inspection { format, files, arrays, layers, has_classifier, problem }
}

fn describe(source: &mut dyn ArraySource) -> Vec<ArrayDescription> {
    let mut parameters = HashMap::new();
    for candidate in meant(source.names(), &Layers::all().required) {
        let named = |(location, convolution, part): (Location, &str, Part)| {
            (location.index, torchvision(convolution, part))
        };
        parameters.extend(candidate.arrays().map(named));
    }
    let names = source.names().to_vec();
    let describe = |(index, name): (usize, String)| {
        let parameter = parameters.remove(&index);
        let content = source.open(index).map(|array| {
            let element = array.element().to_string();
            ArrayContent { shape: array.shape().to_vec(), element }
        });
        ArrayDescription { name, parameter, content }
    };
    names.into_iter().enumerate().map(describe).collect()
}
