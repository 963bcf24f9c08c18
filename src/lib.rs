//! Neural style transfer on a CPU: a photograph's content and a painting's style, joined in one
//! picture whose pixels are optimized. CS231n's "Style Transfer" notebook (Gatys, Ecker and Bethge
//! 2016, on SqueezeNet 1.1), as a library.
//!
//! ```no_run
//! use impasto::image::{LoadOptions, load_image, save_image};
//! use impasto::{SqueezeNet, StyleTransfer, Weights};
//! use std::path::Path;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Built in, to paint at once; `Weights::load("squeezenet1_1.npz")` reads others, such as ImageNet's.
//! let network = SqueezeNet::new(Weights::built_in());
//! let photograph = load_image(Path::new("photo.jpg"), &LoadOptions::shorter_side(512))?;
//! let painting = load_image(Path::new("painting.jpg"), &LoadOptions::shorter_side(512))?;
//!
//! let mut session = StyleTransfer::builder(&network).content(&photograph).style(&painting, 1.0).build()?;
//! let outcome = session.run()?;
//! save_image(Path::new("result.png"), outcome.picture.view())?;
//! # Ok(())
//! # }
//! ```
//!
//! The notebook's functions keep their names:
//!
//! | notebook | module | begin with |
//! | --- | --- | --- |
//! | `load_image`, `preprocess_image`, `deprocess_image` | [`image`](mod@image) | [`load_image`](image::load_image) |
//! | `extract_features` | [`architecture`], [`weights`] | [`SqueezeNet::extract_features`] |
//! | `content_loss`, `gram_matrix`, `style_loss`, `tv_loss` | [`loss`] | [`gram_matrix`](loss::gram_matrix) |
//! | `style_transfer` | [`transfer`] | [`StyleTransfer::builder`] |
//! | its parameters | [`preset`] | [`Preset::find`] |
//! | the optimizer | [`optimizer`] | [`Adam`](optimizer::Adam) |
//! | the learning rates, the clamp | [`schedule`] | [`Schedule`] |
//! | the four checks | [`check`] | [`check::run`] |
//!
//! Four modules have no counterpart there: [`motion`] follows what moves from one frame of a video to the next; [`explain`] shows a session's tape, node by node, with its numbers
//! ([`StyleTransfer::explain`]); [`explain::by_hand`] has each loss and its gradient worked out by hand, on an input of a few
//! numbers; [`bench`](mod@bench) tells how fast all this is, and how close to the machine's peak.
//!
//! Nothing is computed here that a crate below could compute: `impasto-squeezenet` records the network,
//! `impasto-autodiff` has the tape and its operations, `impasto-kernels` their arithmetic. The program `impasto`, with
//! its arguments and files, is the crate above, `impasto-cli`.
#![forbid(unsafe_code)]

pub mod bench;
pub mod check;
pub mod explain;
pub mod image;
pub mod loss;
pub mod motion;
pub mod optimizer;
pub mod preset;
#[cfg(feature = "jpeg")]
pub mod samples;
pub mod schedule;
pub mod transfer;

mod memory;

/// The instruction sets that the kernels are compiled for.
pub mod simd {
    pub use impasto_kernels::{Level, LevelError};
}

// Their types are in the signatures of this crate.
pub use impasto_arrays::{self as arrays, files};
pub use impasto_autodiff as autodiff;
pub use impasto_squeezenet::{PoolRounding, SqueezeNet, Weights, WeightsError};
pub use impasto_squeezenet::{architecture, weights};
pub use ndarray;
pub use preset::{LossWeights, Preset};
pub use schedule::Schedule;
pub use transfer::{
    Checkpoint, CheckpointError, Init, Iteration, LayerLoss, LayerLossKind, Losses, Observer, OptimizerKind,
    Outcome, PreserveColors, Scale, StyleTransfer, StyleTransferBuilder, TransferError,
};

/// The README's code is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
