//! The options of `impasto check`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// Run the notebook's four checks against its own answers
///
/// Prints each check's largest relative error against both answer files, and exits with 1 if one is not below 1e-3.
#[derive(Args)]
pub(crate) struct CheckArguments {
    /// The folder of the notebook's images, answers and weights [default: $IMPASTO_DATA/notebook]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) data: Option<PathBuf>,
}
