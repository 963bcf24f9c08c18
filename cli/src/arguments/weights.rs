//! The options of `impasto weights`.

use std::path::PathBuf;
#[cfg(feature = "fetch")]
use std::time::Duration;

use clap::builder::{PathBufValueParser, TypedValueParser, ValueParser};
use clap::{Args, Subcommand};
use impasto::arrays::Container;

#[cfg(feature = "fetch")]
use super::values::positive_integer;
#[cfg(feature = "fetch")]
use crate::download::{DigestPrefix, Url};

/// Download, inspect and convert the network's weights
#[derive(Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Weights are read from NumPy's .npz, folders of .npy, PyTorch's .pth, .safetensors and TensorFlow checkpoints, told apart
by content, and from several files of these: shards with an index, and folders."
)]
pub(crate) struct WeightsArguments {
    #[command(subcommand)]
    pub(crate) command: WeightsCommand,
}

#[derive(Subcommand)]
pub(crate) enum WeightsCommand {
    #[cfg(feature = "fetch")]
    Fetch(WeightsFetchArguments),
    Info(WeightsInfoArguments),
    Convert(WeightsConvertArguments),
}

/// Download torchvision's weights into the user's data folder
///
/// 5 MB, once; every later run finds them there. HTTPS_PROXY, ALL_PROXY and NO_PROXY are honored; SSL_CERT_FILE names
/// certificates to trust instead of Mozilla's.
#[cfg(feature = "fetch")]
#[derive(Args)]
#[command(after_help = "\
Examples:
  impasto weights fetch
  impasto weights fetch -o squeezenet1_1.npz
  impasto weights fetch --url https://mirror.local/squeezenet.pth --sha256 0123abcd")]
pub(crate) struct WeightsFetchArguments {
    /// The file to write, .npz or .safetensors [default: squeezenet1_1.npz in the user's data folder]
    #[arg(short, long, value_name = "FILE", value_parser = output_parser())]
    pub(crate) output: Option<WeightsOutput>,
    /// Replace the file if it is there already
    #[arg(long)]
    pub(crate) force: bool,
    /// Where to download from, such as a mirror; http only with all 64 digits of --sha256, or from this machine
    #[arg(
        long,
        value_name = "URL",
        default_value = "https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth"
    )]
    pub(crate) url: Url,
    /// The SHA-256 that the downloaded file must have, or its first digits, at least 8
    #[arg(
        long,
        value_name = "HEX",
        default_value = "b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b"
    )]
    pub(crate) sha256: DigestPrefix,
    /// How long to wait for a connection, an answer or further bytes, in seconds; after that, a server that sends less than
    /// 4 kB per second is given up
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds, allow_negative_numbers = true)]
    pub(crate) timeout: Duration,
    /// Print nothing on stderr but what went wrong
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// Show what a weight file holds: format, arrays, layers, SHA-256, and any faults
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

#[cfg(feature = "fetch")]
fn seconds(text: &str) -> Result<Duration, String> {
    const MOST: usize = 3600;
    match positive_integer(text) {
        Ok(seconds) if seconds <= MOST => Ok(Duration::from_secs(seconds as u64)),
        _ => Err(format!("it must be a whole number of seconds from 1 to {MOST}")),
    }
}
