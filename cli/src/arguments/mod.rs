//! Every option of every subcommand: its name, its default, its help, and the check of its value alone. How options
//! fit together is for `run::request`.
//!
//! - one file per command, of the command's name
//! - `shared`: options that several commands have; `frames`: those of a frame of a sequence
//! - `values`: parsers of single values
//! - `foreign`: options of other programs, and what to use instead

mod batch;
mod bench;
mod check;
mod completions;
mod demo;
mod explain;
mod foreign;
mod frames;
mod invert;
mod rerun;
mod shared;
mod texture;
mod transfer;
mod values;
mod weights;

use std::sync::LazyLock;

use clap::{Parser, Subcommand};
use impasto::simd::Level;

pub(crate) use batch::BatchArguments;
pub(crate) use bench::{
    BenchArguments, BenchIterationArguments, BenchKernelsArguments, BenchScalingArguments, BenchSubject,
};
pub(crate) use check::CheckArguments;
pub(crate) use completions::{CompletionsArguments, ManArguments};
pub(crate) use demo::DemoArguments;
pub(crate) use explain::{ExplainArguments, ExplainSubject};
pub(crate) use foreign::remedy;
pub(crate) use frames::FrameOptions;
pub(crate) use invert::InvertArguments;
pub(crate) use rerun::RerunArguments;
pub(crate) use shared::{
    CommonOptions, ContentOptions, ReportOptions, ResultOptions, ScaleOptions, StyleOptions, TransferOptions,
};
pub(crate) use texture::TextureArguments;
pub(crate) use transfer::TransferArguments;
pub(crate) use values::{Depth, Frames, InitArgument, MaskArgument, PictureSize, ScaleCount, Shard};
#[cfg(feature = "fetch")]
pub(crate) use weights::WeightsFetchArguments;
pub(crate) use weights::{
    WeightsArguments, WeightsCommand, WeightsConvertArguments, WeightsInfoArguments, WeightsOutput,
};

/// Repaint a photograph in the style of a painting, on a CPU
///
/// The picture's pixels are optimized until its content resembles the photograph's and its style the painting's, as
/// SqueezeNet 1.1 sees them (Gatys, Ecker and Bethge 2016).
#[derive(Parser)]
#[command(
    name = "impasto",
    version = version(),
    arg_required_else_help = true,
    after_help = "\
Examples:
  impasto demo
  impasto transfer photo.jpg painting.jpg -o result.png
  impasto transfer photo.jpg painting.jpg -o result.png --size 1024 --iterations 200
  impasto texture painting.jpg -o texture.png
  impasto explain --html explain.html
  impasto weights fetch
  impasto check --data notebook

Variables:
  IMPASTO_WEIGHTS  the file of the network's weights, where --weights does not name one
  IMPASTO_SIMD     the instruction set: avx512, avx2, neon or portable, where the best one is not wanted
  IMPASTO_DATA     the folder around `notebook`, for `impasto check`

`impasto COMMAND --help` explains the options of a command."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The version, with the instruction set that the kernels use.
fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        // A variable that names no instruction set is an error of whatever command runs.
        let level = Level::from_environment().map_or("unknown instruction set", Level::name);
        format!("{} ({level})", env!("CARGO_PKG_VERSION"))
    });
    &VERSION
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Demo(DemoArguments),
    Transfer(TransferArguments),
    Invert(InvertArguments),
    Texture(TextureArguments),
    Batch(BatchArguments),
    Rerun(RerunArguments),
    Check(CheckArguments),
    Bench(BenchArguments),
    Explain(ExplainArguments),
    Weights(WeightsArguments),
    Completions(CompletionsArguments),
    Man(ManArguments),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use impasto::preset::PRESETS;

    #[test]
    fn the_declaration_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn each_command_offers_the_presets_that_suit_it() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' '));
        for preset in &PRESETS {
            assert!(parse(&format!("impasto transfer a b -o c.png --preset {}", preset.name)).is_ok());
        }
        assert!(parse("impasto invert a -o c.png --preset inversion").is_ok());
        assert!(parse("impasto invert a -o c.png --preset texture").is_err());
        assert!(parse("impasto texture a -o c.png --preset texture").is_ok());
        assert!(parse("impasto texture a -o c.png --preset inversion").is_err());
    }
}
