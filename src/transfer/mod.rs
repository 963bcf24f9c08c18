//! Pictures and settings in, a repainted picture out. The notebook's `style_transfer`.
//!
//! [`StyleTransferBuilder`] collects pictures and settings; [`StyleTransfer::run`] goes through the sizes and iterates at
//! each.
//!
//! - `builder`: the settings, one method each; `choices`: the values of two of them
//! - `problem`: the same with all defaults filled in and everything checked; `pictures`: its pictures and masks at any size;
//!   `guide`: what masks are to the layers; `start`: the picture before the first iteration
//! - `scale`: the sizes of a run, coarse to fine; `jitter`: the shifts against the network's grid
//! - `colors`: those of a texture; `color_map`: style images in the photograph's; `finish`: what happens to colors last
//! - `footprint`: how much memory a run needs, and so whether it is replayed whole or in strips
//! - `targets`: what a picture is compared with; `style_cache`: keeps it for others; `recording`: one size on a tape, with its losses; `walk`: the tape as it is replayed; `picture_rows`: a
//!   picture that is on it row by row; `half`: features in half the memory
//! - `team`: a run that several processes share; `threads`: those of each
//! - `session`: a problem with the recording of its present size
//! - `run`: the loop
//! - `observer`, `outcome`: its progress and its results; `checkpoint`: a run on its way, as bytes
//! - `error`: what can be wrong

mod builder;
mod checkpoint;
mod choices;
mod color_map;
mod colors;
mod error;
mod finish;
mod footprint;
mod guide;
mod half;
mod jitter;
mod observer;
mod outcome;
mod picture_rows;
mod pictures;
mod problem;
mod recording;
mod run;
mod scale;
mod session;
mod start;
mod style_cache;
mod targets;
mod team;
mod threads;
mod walk;

pub use builder::StyleTransferBuilder;
pub use checkpoint::{Checkpoint, CheckpointError};
pub use choices::{Init, OptimizerKind, PreserveColors};
pub use error::TransferError;
pub(crate) use footprint::{BYTES_PER_PIXEL, check_memory};
pub use jitter::MAX_JITTER;
pub use observer::{Iteration, Observer};
pub use outcome::{LayerLoss, LayerLossKind, Losses, Outcome, ScaleOutcome};
pub use problem::{
    CONTENT_OF_SCALES, DEFAULT_JITTER, JITTER_LEARNING_RATE, NOISE_LEARNING_RATE, TEMPORAL_WEIGHT,
};
pub use scale::{DEFAULT_SMALLEST, Scale};
pub(crate) use session::Inspection;
pub use session::StyleTransfer;
pub use style_cache::StyleCache;
pub(crate) use team::STRIP_ROWS;
pub use team::{Team, TeamError};
pub(crate) use threads::thread_pool;
pub use threads::{MAX_THREADS, thread_count};
