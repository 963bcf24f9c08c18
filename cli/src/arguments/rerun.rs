//! The options of `impasto rerun`.

use std::path::PathBuf;

use clap::Args;

/// Repeat the run that made PICTURE, from the record in its file
///
/// It is repeated in the current folder, from the files that it read then. Those that have changed since are told.
#[derive(Args)]
#[command(after_help = "\
Examples:
  impasto rerun result.png
  impasto rerun result.jpg -o again.png --weights squeezenet1_1.npz")]
pub(crate) struct RerunArguments {
    /// A picture that impasto made: PNG, JPEG, WebP or TIFF
    #[arg(value_name = "PICTURE")]
    pub(crate) picture: PathBuf,
    /// The result [default: beside PICTURE, with `-again` in its name]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The network's weights, where they are not found as they were then
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// Print the record, as JSON, and repeat nothing
    #[arg(long)]
    pub(crate) show: bool,
    /// Print nothing on stderr but what went wrong
    #[arg(short, long)]
    pub(crate) quiet: bool,
}
