//! The options of `impasto invert`.

use std::path::PathBuf;

use clap::Args;
use impasto::Preset;

use super::shared::{CommonOptions, ContentOptions, ReportOptions, ResultOptions, ScaleOptions};
use super::values::{InitArgument, init_parser, presets};

/// Rebuild CONTENT from its features alone (feature inversion)
#[derive(Args)]
#[command(after_help = "\
Examples:
  impasto invert photo.jpg -o inverted.png
  impasto invert photo.jpg -o inverted.png --content-layer 6
  impasto invert tubingen.jpg -o inverted.png --preset inversion")]
pub(crate) struct InvertArguments {
    /// The photograph; `-` reads it from standard input
    #[arg(value_name = "CONTENT")]
    pub(crate) content: PathBuf,
    /// The notebook's parameters and its schedule; options given beside it win
    #[arg(
        long, value_name = "NAME", help_heading = "Picture",
        value_parser = presets(|preset| preset.weights.content_weight > 0.0)
    )]
    pub(crate) preset: Option<&'static Preset>,
    /// What to start from: `content`, `random`, or an image or .npy FILE
    ///
    /// An image is resized to the result's size; its proportions must be the same. A .npy file holds preprocessed
    /// pixels of shape (1,H,W,3), as float32.
    #[arg(
        long, value_name = "content|random|FILE", default_value = "random", help_heading = "Picture",
        value_parser = init_parser()
    )]
    pub(crate) init: InitArgument,
    #[command(flatten)]
    pub(crate) result: ResultOptions,
    #[command(flatten)]
    pub(crate) content_options: ContentOptions,
    #[command(flatten)]
    pub(crate) scales: ScaleOptions,
    #[command(flatten)]
    pub(crate) common: CommonOptions,
    #[command(flatten)]
    pub(crate) reports: ReportOptions,
}
