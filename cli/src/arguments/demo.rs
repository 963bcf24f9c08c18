//! The options of `impasto demo`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::shared::NetworkOptions;
use super::values::positive_integer;

/// Paint a first picture, with a page that explains it; works offline, without input files
///
/// Repaints a town in the style of a swirling sky, both built in, and writes the three pictures and index.html, a page for
/// any browser.
#[derive(Args)]
#[command(after_help = "\
Examples:
  impasto demo
  impasto demo --output-dir pictures
  impasto demo --force --size 768")]
pub(crate) struct DemoArguments {
    /// The folder for the page and its pictures; it is created
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = "impasto-demo")]
    pub(crate) output_dir: PathBuf,
    /// Replace the files of an earlier demo
    #[arg(long)]
    pub(crate) force: bool,
    /// Shorter side of the picture, in pixels
    #[arg(
        long, value_name = "N", default_value = "384", value_parser = positive_integer, allow_negative_numbers = true
    )]
    pub(crate) size: usize,
    /// How many iterations: one number for every scale, or one per scale [default: more at small scales]
    #[arg(
        long, value_name = "N|A,B,...", value_delimiter = ',', value_parser = positive_integer,
        allow_negative_numbers = true
    )]
    pub(crate) iterations: Option<Vec<usize>>,
    /// Print a summary on stdout, as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print nothing on stderr but what went wrong
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) network: NetworkOptions,
}
