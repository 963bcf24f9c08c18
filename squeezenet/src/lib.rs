//! SqueezeNet 1.1 on impasto's tape: the architecture as a table, weights from files, and features. The features of
//! an image are what style transfer compares; the gradient of whatever is recorded on them flows back to the pixels.
//!
//! ```
//! use impasto_autodiff::Tape;
//! use impasto_squeezenet::{SqueezeNet, Weights};
//! use ndarray::Array4;
//!
//! # fn main() -> Result<(), impasto_squeezenet::FeatureError> {
//! let network = SqueezeNet::new(Weights::built_in());
//! let mut tape = Tape::<f32>::new();
//! let image = tape.variable(&Array4::from_elem((1, 32, 40, 3), 0.5)); // preprocessed
//! let features = network.record(&mut tape, image, &[3])?;
//! let fire = features.get(3).expect("layer 3 was asked for");
//! assert_eq!(tape.shape(fire)?, [1, 7, 9, 128]);
//!
//! // Which pixels does the first channel answer to?
//! let channel = tape.narrow(fire, 3, 0, 1)?;
//! let answer = tape.sum(channel)?;
//! tape.forward();
//! tape.backward(answer)?;
//! assert_eq!(tape.gradient(image)?.shape(), [1, 32, 40, 3]);
//! # Ok(())
//! # }
//! ```
//!
//! | module | what is in it | begin with |
//! | --- | --- | --- |
//! | [`architecture`] | the thirteen layers, their channels, arrays and output sizes | [`FEATURES`](architecture::FEATURES) |
//! | [`features`] | recording the layers on a tape, and computing them for one image | [`SqueezeNet::record`], [`SqueezeNet::extract_features`] |
//! | [`weights`] | the network's arrays from files, and to them; those that are built in | [`Weights::load`], [`Weights::built_in`] |
//!
//! Two crates are below: `impasto-autodiff`, whose tape the layers are recorded on, and `impasto-arrays`, which reads and
//! writes the files ([`arrays`]). The one above is `impasto`, which computes losses from the features. Source: Iandola et al. 2016; see [`architecture`].
#![forbid(unsafe_code)]

pub mod architecture;
pub mod features;
pub mod weights;

pub use impasto_arrays as arrays;

pub use architecture::PoolRounding;
pub use features::{FeatureError, Features, LayerPart, NetworkNode, SqueezeNet};
pub use weights::{Weights, WeightsError};
