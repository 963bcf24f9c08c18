//! Pictures and settings in, a repainted picture out. The notebook's `style_transfer`.
//!
//! [`StyleTransferBuilder`] collects pictures and settings; [`StyleTransfer::run`] goes through the sizes and iterates at
//! each.
//!
//! - `builder`: the settings, one method each; `choices`: the values of two of them
//! - `problem`: the same with all defaults filled in and everything checked
//! - `scale`: the sizes of a run, coarse to fine; `jitter`: the shifts against the network's grid
//! - `colors`: those of a texture
//! - `recording`: one size on a tape, with its targets and losses
//! - `session`: a problem with the recording of its present size
//! - `run`: the loop
//! - `observer`, `outcome`: its progress and its results
//! - `error`: what can be wrong

mod builder;
mod choices;
mod colors;
mod error;
mod jitter;
mod observer;
mod outcome;
mod problem;
mod recording;
mod run;
mod scale;
mod session;

pub(crate) use builder::thread_pool;
pub use builder::{MAX_THREADS, StyleTransferBuilder};
pub use choices::{Init, OptimizerKind};
pub use error::TransferError;
pub use jitter::MAX_JITTER;
pub use observer::{Iteration, Observer};
pub use outcome::{Losses, Outcome, ScaleOutcome};
pub(crate) use problem::{BYTES_PER_PIXEL, check_memory};
pub use problem::{CONTENT_OF_SCALES, DEFAULT_JITTER, JITTER_LEARNING_RATE, NOISE_LEARNING_RATE};
pub use scale::{DEFAULT_SMALLEST, Scale};
pub(crate) use session::Inspection;
pub use session::StyleTransfer;
