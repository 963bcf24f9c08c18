//! The options of `impasto weights`.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser, ValueParser};
use clap::{Args, Subcommand};
use impasto::arrays::Container;

/// Tell about files of the network's weights, and convert them
#[derive(Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Weights are read from NumPy's .npz, folders of .npy, PyTorch's .pth, .safetensors and TensorFlow checkpoints, told apart
by content."
)]
pub(crate) struct WeightsArguments {
    #[command(subcommand)]
    pub(crate) command: WeightsCommand,
}

#[derive(Subcommand)]
pub(crate) enum WeightsCommand {
    Info(WeightsInfoArguments),
    Convert(WeightsConvertArguments),
}

/// Tell what is in a file of weights: format, arrays, layers, SHA-256, and what is wrong
///
/// Exits with 1 if something is wrong.
#[derive(Args)]
#[command(after_help = "\
Examples:
  impasto weights info
  impasto weights info squeezenet1_1.pth
  impasto weights info checkpoints/squeezenet.ckpt --json")]
pub(crate) struct WeightsInfoArguments {
    /// The file or folder, or what the names of a checkpoint's files begin with [default: the weights that a transfer
    /// would use]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Write weights in another format, under torchvision's names
#[derive(Args)]
#[command(after_help = "\
Examples:
  impasto weights convert squeezenet1_1.pth squeezenet1_1.npz
  impasto weights convert squeezenet.ckpt squeezenet1_1.safetensors --half")]
pub(crate) struct WeightsConvertArguments {
    /// The file or folder, or what the names of a checkpoint's files begin with
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,
    /// The file to write; its extension chooses the format: npz or safetensors
    #[arg(value_name = "OUT", value_parser = output_parser())]
    pub(crate) output: WeightsOutput,
    /// Store float16 instead of float32: half the size, rounded to eleven bits
    #[arg(long)]
    pub(crate) half: bool,
}

/// A file that weights can be written to.
#[derive(Debug, Clone)]
pub(crate) struct WeightsOutput {
    pub(crate) path: PathBuf,
    pub(crate) container: Container,
}

fn output_parser() -> ValueParser {
    ValueParser::new(PathBufValueParser::new().try_map(|path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        let container = match extension.as_deref() {
            Some("npz") => Container::Npz,
            Some("safetensors") => Container::Safetensors,
            _ => return Err("weights are written as NumPy archives or safetensors: name a file that ends in .npz or .safetensors"),
        };
        Ok(WeightsOutput { path, container })
    }))
}
