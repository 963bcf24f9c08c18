//! The options of `impasto bench`.

#[cfg(feature = "plot")]
use std::path::PathBuf;

use clap::{Args, Subcommand};
use impasto::{Preset, bench};

#[cfg(feature = "plot")]
use super::values::svg_parser;
use super::values::{not_negative, positive, positive_integer, presets, side, threads, threads_of_a_machine};

/// Measure how fast impasto is, and how close to this machine's peak
///
/// Pictures and weights are made up: time does not depend on them.
#[derive(Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Examples:
  impasto bench iteration
  impasto bench iteration --size 512 --threads 1 --json
  impasto bench kernels --filter 'gram' --plot roofline.svg"
)]
pub(crate) struct BenchArguments {
    #[command(subcommand)]
    pub(crate) subject: BenchSubject,
}

#[derive(Subcommand)]
pub(crate) enum BenchSubject {
    Iteration(BenchIterationArguments),
    Kernels(BenchKernelsArguments),
    Scaling(BenchScalingArguments),
}

/// Time whole iterations: forward, backward, Adam, clamp
#[derive(Args)]
pub(crate) struct BenchIterationArguments {
    /// Shorter side of the picture, in pixels; the longer is 4/3 of it
    #[arg(long, value_name = "N", default_value = "192", value_parser = side, allow_negative_numbers = true)]
    pub(crate) size: usize,
    /// The losses: those of one of the notebook's problems
    #[arg(long, value_name = "NAME", default_value = "starry", value_parser = presets(|_| true))]
    pub(crate) preset: &'static Preset,
    /// How many iterations count; the two before them do not
    #[arg(
        long, value_name = "N", default_value = "50", value_parser = positive_integer,
        allow_negative_numbers = true
    )]
    pub(crate) iterations: usize,
    /// How many threads compute [default: all cores]
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub(crate) threads: Option<usize>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Tell how far more threads would help, up to 64, by dealing the tasks of iterations on one thread to them; and how far
/// more machines would, with pictures up to a gigapixel
#[derive(Args)]
pub(crate) struct BenchScalingArguments {
    /// Shorter side of the picture, in pixels; the longer is 4/3 of it
    #[arg(long, value_name = "N", default_value = "512", value_parser = side, allow_negative_numbers = true)]
    pub(crate) size: usize,
    /// The losses: those of one of the notebook's problems
    #[arg(long, value_name = "NAME", default_value = "starry", value_parser = presets(|_| true))]
    pub(crate) preset: &'static Preset,
    /// How many iterations are recorded, after two that are not
    #[arg(
        long, value_name = "N", default_value = "5", value_parser = positive_integer,
        allow_negative_numbers = true
    )]
    pub(crate) iterations: usize,
    /// Threads of each of several machines that share a picture: 1, 2, 4, 8, 16, 32 or 64
    #[arg(long, value_name = "N", default_value = "16", value_parser = threads_of_a_machine, allow_negative_numbers = true)]
    pub(crate) machine_threads: usize,
    /// Microseconds until the first byte of a message between them is there
    #[arg(long, value_name = "US", default_value = "50", value_parser = not_negative, allow_negative_numbers = true)]
    pub(crate) latency: f64,
    /// Gigabytes per second from one to another; 1.25 are ten gigabits
    #[arg(long, value_name = "GB/s", default_value = "1.25", value_parser = positive, allow_negative_numbers = true)]
    pub(crate) bandwidth: f64,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Time every kernel at every shape that the network has
#[derive(Args)]
pub(crate) struct BenchKernelsArguments {
    /// Shorter sides of the network's image, in pixels; the longer is 4/3 of it
    #[arg(
        long, value_name = "A,B,...", value_delimiter = ',', default_values_t = bench::SIZES, value_parser = side,
        allow_negative_numbers = true
    )]
    pub(crate) size: Vec<usize>,
    /// Only kernels with this in their name, pass or shape, such as `fire expand, forward`
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Measure each kernel only a few times
    #[arg(long)]
    pub(crate) quick: bool,
    /// How many threads compute [default: all cores]
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub(crate) threads: Option<usize>,
    /// Print one JSON array instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Draw speed over arithmetic intensity under this machine's two roofs
    #[cfg(feature = "plot")]
    #[arg(long, value_name = "FILE.svg", value_parser = svg_parser())]
    pub(crate) plot: Option<PathBuf>,
}
