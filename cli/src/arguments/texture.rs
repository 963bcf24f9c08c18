//! The options of `impasto texture`.

use std::path::PathBuf;

use clap::Args;
use impasto::Preset;

use super::shared::{CommonOptions, ReportOptions, ResultOptions, ScaleOptions, StyleOptions};
use super::values::{InitArgument, init_without_content_parser, presets};

/// Synthesize a texture from STYLE's Gram matrices alone
///
/// The texture has the proportions of the first style image, or those of the picture of --init.
#[derive(Args)]
#[command(after_help = "\
Examples:
  impasto texture painting.jpg -o texture.png
  impasto texture painting.jpg -o texture.png --size 1024 --style-size 512
  impasto texture painting.jpg -o tile.png --width 512 --height 512 --seamless
  impasto texture starry_night.jpg -o texture.png --preset texture")]
pub(crate) struct TextureArguments {
    /// The painting, or several whose styles are blended
    #[arg(value_name = "STYLE", required = true)]
    pub(crate) styles: Vec<PathBuf>,
    /// The notebook's parameters and its schedule; options given beside it win
    #[arg(
        long, value_name = "NAME", help_heading = "Picture",
        value_parser = presets(|preset| preset.weights.style_weights.iter().any(|&weight| weight > 0.0))
    )]
    pub(crate) preset: Option<&'static Preset>,
    /// What to start from: `random`, or an image or .npy FILE, which then gives the texture its size
    ///
    /// An image is resized to the shorter side of --size. A .npy file holds preprocessed pixels of shape (1,H,W,3), as
    /// float32.
    #[arg(
        long, value_name = "random|FILE", default_value = "random", help_heading = "Picture",
        value_parser = init_without_content_parser()
    )]
    pub(crate) init: InitArgument,
    /// Make a texture that can be laid beside itself without an edge
    #[arg(long, help_heading = "Picture")]
    pub(crate) seamless: bool,
    #[command(flatten)]
    pub(crate) result: ResultOptions,
    #[command(flatten)]
    pub(crate) style_options: StyleOptions,
    #[command(flatten)]
    pub(crate) scales: ScaleOptions,
    #[command(flatten)]
    pub(crate) common: CommonOptions,
    #[command(flatten)]
    pub(crate) reports: ReportOptions,
}
