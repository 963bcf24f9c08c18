//! The options of `impasto transfer`.

use std::path::PathBuf;

use clap::Args;

use super::frames::FrameOptions;
use super::shared::{CommonOptions, ReportOptions, ResultOptions, ScaleOptions, TransferOptions};

/// Repaint CONTENT in the style of STYLE
#[derive(Args)]
#[command(after_help = "\
Examples:
  impasto transfer photo.jpg painting.jpg -o result.png
  impasto transfer photo.jpg painting.jpg -o result.png --size 1024 --snapshots steps
  impasto transfer photo.jpg monet.jpg hokusai.jpg -o result.png --style-blend 2,1
  impasto transfer tubingen.jpg starry_night.jpg -o result.png --preset starry")]
pub(crate) struct TransferArguments {
    /// The photograph; `-` reads it from standard input
    #[arg(value_name = "CONTENT")]
    pub(crate) content: PathBuf,
    /// The painting, or several whose styles are blended
    #[arg(value_name = "STYLE", required = true)]
    pub(crate) styles: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) result: ResultOptions,
    #[command(flatten)]
    pub(crate) options: TransferOptions,
    #[command(flatten)]
    pub(crate) frame: FrameOptions,
    #[command(flatten)]
    pub(crate) scales: ScaleOptions,
    #[command(flatten)]
    pub(crate) common: CommonOptions,
    #[command(flatten)]
    pub(crate) reports: ReportOptions,
}
