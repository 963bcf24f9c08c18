//! The options of a picture that is a frame of a sequence.

use std::path::PathBuf;

use clap::Args;

use super::values::not_negative;

/// What a frame has of the one before it.
#[derive(Args)]
#[command(next_help_heading = "Frames")]
pub(crate) struct FrameOptions {
    /// The result of the frame before, of the same size: this one starts from it. `impasto batch --frames` does so for each
    /// frame of a sequence
    #[arg(long, value_name = "FILE", conflicts_with = "init")]
    pub(crate) previous: Option<PathBuf>,
    /// The photograph of the frame before: what moved since is moved in its result too, which holds the new one where both
    /// show the same
    #[arg(long, value_name = "FILE", requires = "previous")]
    pub(crate) previous_content: Option<PathBuf>,
    /// How strongly a frame is held to the one before it: more flickers less, but sticks to it [default: 50000]
    #[arg(
        long, value_name = "W", value_parser = not_negative, allow_negative_numbers = true,
        requires = "previous_content"
    )]
    pub(crate) temporal_weight: Option<f64>,
}
