//! The weights that ship with impasto: SqueezeNet 1.1's features, trained from nothing on pictures drawn by
//! code. Its programs are examples of this package:
//!
//! ```sh
//! cargo run --release -p impasto-training --example train -- --help        # makes the weights
//! cargo run --release -p impasto-training --example judge -- --help        # scores how well they paint
//! ```
//!
//! The network learns to tell 240 classes of drawings apart, first as they are, then against an adversary
//! that changes each crop in the direction in which the network mistakes it most. The second part makes a
//! painter of it: only a network that is not led astray by small changes has gradients that look like
//! pictures (Santurkar et al. 2019, "Image Synthesis with a Single (Robust) Classifier").
//!
//! The way of the data: [`impasto_pictures::classes`] -> [`canvases`] -> crops -> [`batches`] -> [`trainer`] -> folding ->
//! [`calibration`] -> [`Weights::save`](impasto::Weights::save).
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`canvases`] | the pictures that crops are cut from |
//! | [`batches`] | crops, cut while the step before computes |
//! | [`network`] | the features with batch normalization, and two heads |
//! | [`settings`] | the numbers of a run |
//! | [`optimizer`] | AdamW, and the average of the weights |
//! | [`trainer`] | the steps |
//! | [`checkpoint`] | runs saved to disk, to be resumed |
//! | [`calibration`] | scaling of the layers to the responses that loss weights are made for |
//! | [`log`] | the log of a run |
//! | [`error`](mod@error) | what can go wrong |
//!
//! Begin with [`Trainer`], which takes [`Settings`] and makes the steps. The layers that are trained are those of
//! `impasto-squeezenet`, recorded with trainable weights on a tape of `impasto-autodiff`.
#![forbid(unsafe_code)]

pub mod batches;
pub mod calibration;
pub mod canvases;
pub mod checkpoint;
mod crops;
pub mod error;
mod folding;
pub mod log;
pub mod network;
pub mod optimizer;
pub mod settings;
pub mod trainer;

pub use error::TrainingError;
pub use settings::{Phase, Settings};
pub use trainer::{Report, Trainer};
