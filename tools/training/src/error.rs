//! What can go wrong in training.

use impasto::arrays::ArraysError;
use impasto::{TransferError, WeightsError};
use impasto_autodiff::TapeError;
use impasto_squeezenet::FeatureError;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// What can go wrong in training.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// A setting outside its range.
    #[error("{name} must be {range}, not {value}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it may be.
        range: &'static str,
        /// What it is.
        value: f64,
    },
    /// The loss is no longer a number.
    #[error("training diverged at step {step}: use a smaller learning rate")]
    Diverged {
        /// The step, counted from 0.
        step: usize,
    },
    /// A file could not be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A checkpoint could not be read.
    #[error("cannot read the checkpoint {path}: {reason}")]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A checkpoint of another run.
    #[error("the checkpoint {path} was made with other settings ({name}): give the same ones, or start anew")]
    OtherSettings {
        /// The file.
        path: PathBuf,
        /// The first that differs.
        name: String,
    },
    /// The arrays of a checkpoint could not be read.
    #[error(transparent)]
    Arrays(#[from] ArraysError),
    /// A layer that does not respond, so that nothing can scale it.
    #[error("layer {layer} does not respond to any of the pictures: train longer, or calibrate on others")]
    Silent {
        /// The layer.
        layer: usize,
    },
    /// There is nothing to calibrate on.
    #[error("calibration needs at least one picture")]
    NoPictures,
    /// The features could not be recorded.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// The weights do not fit the network.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A style transfer failed.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// The tape refused an operation.
    #[error(transparent)]
    Tape(#[from] TapeError),
}
