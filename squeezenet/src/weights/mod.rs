//! SqueezeNet 1.1's weights: read from a file, a folder or memory, checked against the architecture, kept in the one
//! order that the kernels use, and written. Nothing here computes features; how arrays stand in files is the affair of
//! [`arrays`](impasto_arrays).
//!
//! The way of the data, one file each:
//!
//! | file | what it does |
//! | --- | --- |
//! | `built_in` | the weights that are part of the crate, as the bytes of such a file |
//! | `memory` | arrays that the caller holds, as a source like any file |
//! | `names` | which array is which parameter, and in which order its axes stand |
//! | `networks` | which arrays belong together, and which network is meant where a file holds several |
//! | `assemble` | the common step: find, check, read and rearrange |
//! | `save` | weights to a file, under torchvision's names |
//! | `inspect` | what a file is, and what is wrong with it, without using it |
//! | `error` | what can be wrong, and what to do about it |
//!
//! # Accepted files
//!
//! Formats are told apart by content, not by extension: a `.npz` archive (`numpy.savez`, `numpy.savez_compressed`), a
//! folder of `.npy` files, PyTorch's `.pth` (`torch.save`, of any version), `.safetensors`, and TensorFlow's checkpoints
//! of the second format (by the name of one of the files, or by what their names begin with). Files of PyTorch or
//! safetensors may be shards of a whole: the index (`model.safetensors.index.json`) or any of the shards
//! (`model-00001-of-00003.safetensors`) stands for all of them. A folder stands for what is in it: shards, a checkpoint (of
//! several the one that TensorFlow's file `checkpoint` names), `.npy` files, or one file of another format.
//!
//! Arrays are found by name; those with other names are ignored, so the optimizer slots of a training checkpoint do no
//! harm. Two sets of names are known:
//!
//! - torchvision's, such as `features.3.squeeze.weight` and `features.3.squeeze.bias`; filters in the order (Cout, Cin,
//!   KH, KW).
//! - TensorFlow's, as the CS231n notebook's checkpoint has them, such as `features/layer3/fire/squeeze/weights`
//!   and `features/layer3/fire/squeeze/bias`, with or without `:0` behind (the 1x1 and 3x3 expand convolutions
//!   are `e11` and `e33`); filters in the order (KH, KW, Cin, Cout).
//!
//! Whatever stands in front of `features` does not matter (`module.`, `_orig_mod.`, `backbone.`, the names of the
//! dictionaries that the arrays are nested in), and `features` itself may be left out, as it is in
//! `squeezenet1_1().features.state_dict()` and its `3.squeeze.weight`. Names belong to one network if the same stands in
//! front of them. Of several networks in a file
//!
//! - the one with most of the feature layers' parameters is read;
//! - where they have equally many, running averages and what optimizers keep are passed over, told by a word in front
//!   such as `ema`, `swa` or `momentum`; alone in a file, an average is read like any network;
//! - if several are left, they must have the same values, or none is read: [`WeightsError::SeveralNetworks`].
//!
//! A network whose parameters have different words in front, each parameter once, is read too.
//!
//! In names a slash and a dot are the same, so that a folder may hold TensorFlow's arrays in subfolders
//! (`features/layer0/weights.npy`) or in one flat row (`features.layer0.weights.npy`).
//!
//! Shapes are compared with the architecture before any value is read, and an array must end with its last value, so
//! that a decompression bomb is left after one byte.

mod assemble;
#[cfg(feature = "built-in-weights")]
mod built_in;
mod error;
mod inspect;
mod memory;
mod names;
mod networks;
mod save;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use ndarray::{Array1, Array4, ArrayD};

use crate::architecture::{self, ConvolutionShape, FEATURES};
use assemble::assemble;
#[cfg(feature = "built-in-weights")]
pub use built_in::BUILT_IN;
pub use error::{Origin, WeightsError};
use impasto_arrays::{OpenError, Opened, Scopes, open_bytes, open_path};
pub use inspect::{ArrayContent, ArrayDescription, Inspection, Network, inspect, inspect_bytes};
use memory::Arrays;
pub use save::SaveError;

/// Where a folder may hold weights as TensorFlow's variable scopes name them, at the deepest
/// `features/layer3/fire/squeeze/weights.npy`.
const SCOPES: Scopes = Scopes { names: &["features", "classifier"], depth: 4 };

/// The parameters of one convolution.
#[derive(Debug, Clone, PartialEq)]
pub struct Convolution {
    /// Filters of shape (KH, KW, Cin, Cout), contiguous: the order of impasto's NHWC kernels.
    pub weight: Array4<f32>,
    /// One summand for each output channel, of shape (Cout).
    pub bias: Array1<f32>,
}

/// The weights of SqueezeNet 1.1, or of its first layers: every value finite, every shape the architecture's.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// In the order of the network, by torchvision's name.
    convolutions: Vec<(String, Convolution)>,
}

impl Weights {
    /// Reads all feature layers, and the classifier if it is there, from a file or folder of any format that is
    /// [accepted](self#accepted-files).
    ///
    /// ```
    /// use impasto_squeezenet::Weights;
    /// use impasto_squeezenet::arrays::{Container, Precision};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("squeezenet1_1.npz");
    /// Weights::built_in().save(&path, Container::Npz, Precision::Single)?;
    /// let weights = Weights::load(&path)?;
    /// assert_eq!(weights, Weights::built_in());
    ///
    /// let absent = Weights::load("absent.npz").unwrap_err();
    /// assert!(absent.to_string().contains("absent.npz"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`WeightsError`] if the path cannot be read, is in no known format, lacks an array or holds it twice, or
    /// if an array is damaged, not of floating point, wrongly shaped or not finite.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, WeightsError> {
        load_layers(path.as_ref(), &Layers::all())
    }

    /// Like [`Weights::load`], but reads no more than the feature layers 0 to `deepest_layer` need, and no
    /// classifier. Arrays of deeper layers may be missing.
    ///
    /// ```
    /// use impasto_squeezenet::Weights;
    /// use impasto_squeezenet::arrays::{Container, Precision};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("squeezenet1_1.npz");
    /// # Weights::built_in().save(&path, Container::Npz, Precision::Half)?;
    /// let first = Weights::load_features(&path, 3)?;
    /// let names: Vec<_> = first.convolutions().map(|(name, _)| name).collect();
    /// assert_eq!(names, ["features.0", "features.3.squeeze", "features.3.expand1x1", "features.3.expand3x3"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Weights::load`], and [`WeightsError::NoSuchLayer`] if `deepest_layer` is above 12.
    pub fn load_features(path: impl AsRef<Path>, deepest_layer: usize) -> Result<Self, WeightsError> {
        load_layers(path.as_ref(), &Layers::up_to(deepest_layer)?)
    }

    /// Like [`Weights::load`], for the bytes of a file in memory, such as one built into a binary. A checkpoint has
    /// several files, and is not read so.
    ///
    /// # Errors
    ///
    /// Those of [`Weights::load`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WeightsError> {
        let origin = Origin::Memory;
        let mut opened = open_in_memory(bytes, &origin)?;
        assemble(opened.source.as_mut(), &origin, &Layers::all())
    }

    /// Like [`Weights::load`], for arrays in memory under the names that a file would give them.
    ///
    /// ```
    /// use impasto_squeezenet::{Weights, architecture};
    /// use ndarray::{Array1, Array4};
    ///
    /// // Every filter zero, under torchvision's names and in its order, (Cout, Cin, KH, KW).
    /// let convolutions = (0..13).flat_map(architecture::convolutions);
    /// let arrays = convolutions.flat_map(|of| {
    ///     let weight = Array4::zeros((of.out_channels, of.in_channels, of.kernel, of.kernel)).into_dyn();
    ///     let bias = Array1::zeros(of.out_channels).into_dyn();
    ///     [(format!("{}.weight", of.name), weight), (format!("{}.bias", of.name), bias)]
    /// });
    /// let weights = Weights::from_arrays(arrays)?;
    /// assert_eq!(weights.convolution("features.0")?.weight.dim(), (3, 3, 3, 64)); // (KH, KW, Cin, Cout) here
    /// # Ok::<(), impasto_squeezenet::WeightsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Weights::load`] that concern names, shapes and values.
    pub fn from_arrays(
        arrays: impl IntoIterator<Item = (String, ArrayD<f32>)>,
    ) -> Result<Self, WeightsError> {
        assemble(&mut Arrays::new(arrays), &Origin::Memory, &Layers::all())
    }

    /// The parameters of the convolution with torchvision's name `name`, such as `features.3.squeeze`.
    ///
    /// ```
    /// use impasto_squeezenet::{Weights, WeightsError};
    ///
    /// let weights = Weights::built_in();
    /// let squeeze = weights.convolution("features.3.squeeze")?;
    /// assert_eq!(squeeze.weight.dim(), (1, 1, 64, 16)); // (KH, KW, Cin, Cout)
    /// assert_eq!(squeeze.bias.len(), 16);
    /// assert!(matches!(weights.convolution("classifier.1"), Err(WeightsError::NotLoaded { .. })));
    /// # Ok::<(), WeightsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WeightsError::NotLoaded`] if the network has no such convolution, or it was not asked for or not found
    /// when these weights were read.
    pub fn convolution(&self, name: &str) -> Result<&Convolution, WeightsError> {
        self.convolutions()
            .find_map(|(loaded, convolution)| (loaded == name).then_some(convolution))
            .ok_or_else(|| WeightsError::NotLoaded { name: name.to_owned() })
    }

    /// All convolutions that were read, in the order of the network, each with torchvision's name.
    pub fn convolutions(&self) -> impl Iterator<Item = (&str, &Convolution)> {
        self.convolutions.iter().map(|(name, convolution)| (name.as_str(), convolution))
    }

    /// Whether the classifier's convolution was read too.
    pub fn has_classifier(&self) -> bool {
        self.convolution(&architecture::classifier().name).is_ok()
    }
}

/// The convolutions that a caller wants.
struct Layers {
    required: Vec<ConvolutionShape>,
    /// Read if one of its arrays is there.
    optional: Option<ConvolutionShape>,
}

impl Layers {
    fn all() -> Self {
        Self {
            required: (0..FEATURES.len()).flat_map(architecture::convolutions).collect(),
            optional: Some(architecture::classifier()),
        }
    }

    fn up_to(deepest_layer: usize) -> Result<Self, WeightsError> {
        if deepest_layer >= FEATURES.len() {
            return Err(WeightsError::NoSuchLayer { layer: deepest_layer });
        }
        Ok(Self {
            required: (0..=deepest_layer).flat_map(architecture::convolutions).collect(),
            optional: None,
        })
    }
}

/// Every file that [`Weights::load`] would read for `path`: the file itself, the index and the data files of a checkpoint,
/// the index and the shards of several files, the `.npy` files of a folder. What is written must be none of these.
///
/// ```
/// use impasto_squeezenet::weights::{Weights, source_files};
/// use impasto_squeezenet::arrays::{Container, Precision};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("squeezenet1_1.npz");
/// Weights::built_in().save(&path, Container::Npz, Precision::Half)?;
/// assert_eq!(source_files(&path)?, [path.clone()]);
/// assert_eq!(source_files(folder.path())?, [path]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`WeightsError::Open`], [`WeightsError::Format`] and [`WeightsError::Archive`], if the arrays cannot even be listed.
pub fn source_files(path: impl AsRef<Path>) -> Result<Vec<PathBuf>, WeightsError> {
    let path = path.as_ref();
    Ok(open(path, &Origin::Path(path.to_owned()))?.files)
}

fn load_layers(path: &Path, layers: &Layers) -> Result<Weights, WeightsError> {
    let origin = Origin::Path(path.to_owned());
    let mut opened = open(path, &origin)?;
    assemble(opened.source.as_mut(), &origin, layers)
}

fn open(path: &Path, origin: &Origin) -> Result<Opened<'static>, WeightsError> {
    open_path(path, SCOPES).map_err(|error| cannot_open(error, origin))
}

fn open_in_memory<'a>(bytes: &'a [u8], origin: &Origin) -> Result<Opened<'a>, WeightsError> {
    open_bytes(bytes).map_err(|error| cannot_open(error, origin))
}

fn cannot_open(error: OpenError, origin: &Origin) -> WeightsError {
    let origin = origin.clone();
    match error {
        OpenError::Io(source) => WeightsError::Open { origin, source },
        OpenError::Zip(source) => WeightsError::Archive { origin, source: source.into() },
        OpenError::Format(problem) => WeightsError::Format { origin, problem },
    }
}
