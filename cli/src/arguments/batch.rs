//! The options of `impasto batch`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueHint};

use super::shared::{CommonOptions, ScaleOptions, TransferOptions};
use super::values::{Frames, Shard, not_negative, one_of, positive_integer, shard};

/// Repaint many pictures, each CONTENT in the style of each --style
///
/// What is done already is skipped: a result tells what made it, and counts if its pictures, options and weights are those of
/// now. One picture that fails does not stop the others.
#[derive(Args)]
#[command(
    group(ArgGroup::new("pictures").required(true).args(["content", "manifest"])),
    after_help = "\
Examples:
  impasto batch --style painting.jpg --out pictures photos/*.jpg
  impasto batch --style a.jpg --style b.jpg --out pictures --size 768 --jobs 2 photos/*.jpg
  impasto batch --manifest list.jsonl --out pictures
  impasto batch --frames --style painting.jpg --out painted frames/*.png

A manifest has one JSON object per line, with the options' names as keys, such as
  {\"content\": \"photo.jpg\", \"style\": [\"a.jpg\", \"b.jpg\"], \"output\": \"mix.png\", \"style-blend\": [2, 1], \"gray\": true}
Options on the command line hold for all lines that do not give them; `output` is within --out."
)]
pub(crate) struct BatchArguments {
    /// The photographs
    #[arg(value_name = "CONTENT", requires = "style")]
    pub(crate) content: Vec<PathBuf>,
    /// A painting; given several times, each photograph is painted like each of them
    #[arg(long, value_name = "FILE", conflicts_with = "manifest", help_heading = "Pictures")]
    pub(crate) style: Vec<PathBuf>,
    /// The list of what to paint; `-` reads it from standard input
    #[arg(long, value_name = "FILE", conflicts_with = "content", help_heading = "Pictures")]
    pub(crate) manifest: Option<PathBuf>,
    /// The folder for the results; it is created
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Pictures")]
    pub(crate) out: PathBuf,
    /// The name of a result, with `{content}` and `{style}` for the pictures' names without their extensions
    #[arg(long, value_name = "PATTERN", default_value = "{content}-{style}.png", help_heading = "Pictures")]
    pub(crate) name: String,
    /// Take the photographs as the frames of a video, in their order, and tell how much the results flicker
    #[arg(
        long, value_name = "HOW", num_args = 0..=1, default_missing_value = "flow", require_equals = true,
        conflicts_with_all = ["manifest", "init"], help_heading = "Frames",
        value_parser = one_of([
            ("flow", "each starts from the result before it, moved along, and is held to it: the default", Frames::Flow),
            ("start", "each starts from the result before it", Frames::Start),
            ("alone", "each for itself: only to compare the flicker", Frames::Alone),
        ])
    )]
    pub(crate) frames: Option<Frames>,
    /// How strongly a frame is held to the one before it: more flickers less, but sticks to it [default: 50000]
    #[arg(
        long, value_name = "W", value_parser = not_negative, allow_negative_numbers = true, requires = "frames",
        help_heading = "Frames"
    )]
    pub(crate) temporal_weight: Option<f64>,
    /// How many pictures are painted side by side, with the threads divided among them: more is faster where pictures are
    /// small
    #[arg(
        long, value_name = "N", default_value = "1", value_parser = positive_integer, allow_negative_numbers = true,
        help_heading = "Many machines"
    )]
    pub(crate) jobs: usize,
    /// Paint only part I of N of the list [default: what a Slurm array says, or all]
    #[arg(long, value_name = "I/N", value_parser = shard, help_heading = "Many machines")]
    pub(crate) shard: Option<Shard>,
    /// Paint one of N parts, whose number a Kubernetes indexed job or HyperQueue gives
    #[arg(
        long, value_name = "N", value_parser = positive_integer, conflicts_with = "shard",
        allow_negative_numbers = true, help_heading = "Many machines"
    )]
    pub(crate) shards: Option<usize>,
    /// Begin even if lines of the manifest are wrong
    #[arg(long, requires = "manifest", help_heading = "Failures")]
    pub(crate) keep_going: bool,
    /// Paint only what failed when the same folder was last painted to
    #[arg(long, help_heading = "Failures")]
    pub(crate) retry_failed: bool,
    #[command(flatten)]
    pub(crate) options: TransferOptions,
    #[command(flatten)]
    pub(crate) scales: ScaleOptions,
    #[command(flatten)]
    pub(crate) common: CommonOptions,
    /// Print what became of each picture on stdout, as JSON
    #[arg(long, help_heading = "Reports")]
    pub(crate) json: bool,
    /// Print nothing on stderr but what went wrong
    #[arg(short, long, help_heading = "Reports")]
    pub(crate) quiet: bool,
}
