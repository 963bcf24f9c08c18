//! SqueezeNet 1.1 on impasto's tape: the architecture as a table, weights from files, and features.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`architecture`] | the thirteen layers, their channels, arrays and output sizes |
//! | [`arrays`] | arrays in files: NumPy's, PyTorch's, safetensors, TensorFlow's |
//! | [`weights`] | the network's arrays from such files, and to them; those that are built in |
//! | [`files`] | files that appear whole or not at all |
//! | [`features`] | recording the layers on a tape, and computing them for one image |
#![forbid(unsafe_code)]

pub mod architecture;
pub mod arrays;
pub mod features;
pub mod files;
pub mod weights;

pub use architecture::PoolRounding;
pub use features::{FeatureError, Features, SqueezeNet};
pub use weights::{Weights, WeightsError};
