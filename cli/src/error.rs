//! Wrong usage or failure: which of the two an error is, and how it is told. The library's errors keep their own
//! words.

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;
use clap::builder::styling::Styles;
use clap::error::ErrorKind;
use impasto::TransferError;
use impasto::image::ImageError;
use impasto::simd::LevelError;
use thiserror::Error;

use crate::arguments::{Arguments, remedy};
use crate::text;

/// A combination of arguments that cannot be meant; single values are refused by clap's parsers.
#[derive(Debug, Error)]
pub(crate) enum UsageError {
    #[error(
        "--style-layers names {layers} layers, --style-weights holds {weights} weights: give one weight for each layer"
    )]
    UnequalLists { layers: usize, weights: usize },
    #[error("--style-blend holds {blends} weights for {styles} style images: give one for each image")]
    UnequalBlend { blends: usize, styles: usize },
    #[error(
        "--style-scale holds {scales} sizes for {styles} style images: give one for all, or one for each image"
    )]
    UnequalScales { scales: usize, styles: usize },
    #[error(
        "--style-mask is given {masks} times for {styles} style images: give at most one for each image, in their order"
    )]
    TooManyMasks { masks: usize, styles: usize },
    #[error(
        "--content-layer names {layers} layers, --content-layer-weights holds {weights} weights: give one for each layer"
    )]
    UnequalContentWeights { layers: usize, weights: usize },
    #[error("{option} {path} is also {other}, which it would overwrite: name another path")]
    SamePath { option: &'static str, path: PathBuf, other: &'static str },
    #[error(
        "standard input is named twice: a picture can be read from it only once, so save it to a file and name that"
    )]
    StandardInputTwice,
    #[error(
        "the picture and the summary of --json would both go to standard output: name a file for one with -o FILE"
    )]
    SharedOutput,
    #[error(
        "{name} would be {width}x{height} pixels, more than the limit of 200 megapixels: choose a smaller size"
    )]
    TooManyPixels { name: &'static str, height: usize, width: usize },
    #[error("-o - writes PNG, which loses nothing: leave --quality out, or name a .jpg or .webp file")]
    QualityOfPng,
    #[error(
        "-o - would write a picture to the terminal: name a file, or send standard output on with | or >"
    )]
    TerminalOutput,
    #[error(
        "the array of --init is {width}x{height} pixels, which is not the size that is asked for: leave the size out"
    )]
    SizeOfInit { height: usize, width: usize },
    #[error(
        "no folder to check against: name it with --data DIR, or set IMPASTO_DATA to the folder around `notebook`"
    )]
    NoData,
    #[error(
        "--at {at}, but the run ends after {iterations} iterations: name an earlier one, or more --iterations"
    )]
    BeyondTheEnd { at: usize, iterations: usize },
    #[error("{option}: {reason}")]
    Setting { option: &'static str, reason: Box<TransferError> },
    #[cfg(feature = "fetch")]
    #[error(
        "--url {url} is not encrypted, so that anyone on the way may send another file: give all 64 digits of --sha256, \
         or an address that begins with https"
    )]
    UnprovenDownload { url: String },
    #[error("no kernel at these sizes has {0:?} in its name: leave --filter out to see all names")]
    NoSuchKernel(String),
}

/// The library's refusal of a setting, with the option that set it.
pub(crate) fn naming_the_option(error: TransferError) -> anyhow::Error {
    let option = match error {
        TransferError::RepeatedLayer { loss: "content", .. } => "--content-layer",
        TransferError::RepeatedLayer { .. } => "--style-layers",
        TransferError::EmptyBlend => "--style-blend",
        TransferError::NormalizedLbfgs => "--normalize-gradients",
        TransferError::EmptyMask | TransferError::MaskTooFine => "--style-mask",
        TransferError::NoScales | TransferError::TooManyScales { .. } => "--scales",
        TransferError::SmallestTooLarge { .. }
        | TransferError::SmallestTooSmall { .. }
        | TransferError::UnusedSmallest => "--smallest",
        TransferError::UnequalIterations { .. } => "--iterations",
        TransferError::TooMuchJitter { .. } | TransferError::JitterWithLbfgs => "--jitter",
        other => return other.into(),
    };
    UsageError::Setting { option, reason: Box::new(error) }.into()
}

/// Prints `error: ` and the chain of causes on stderr, and gives the exit code: 2 for wrong usage, 1 for a failure.
pub(crate) fn report(error: &anyhow::Error) -> u8 {
    let mut last = error.to_string();
    say(&format!("error: {last}"));
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Some messages tell their cause themselves.
        if !last.contains(&cause) {
            say(&format!("  because: {cause}"));
            last = cause;
        }
    }
    if is_usage(error) { 2 } else { 1 }
}

/// An error and its causes, as one line.
pub fn text_of_chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut last = text.clone();
    // Some messages tell their cause themselves.
    for cause in anyhow::Chain::new(error).skip(1).map(ToString::to_string) {
        if !last.contains(&cause) {
            text += &format!(": {cause}");
            last = cause;
        }
    }
    text
}

/// Prints what clap found wrong, or the help that was asked for, and ends the process. clap quotes arguments as they are:
/// where one is not fit to be printed, what it says of the same arguments made printable is printed. For options of other
/// programs its guesses mislead: there the remedy is told.
pub(crate) fn exit_as_usage(error: &clap::Error, line: &[OsString]) -> ! {
    let arguments: Vec<String> =
        line.iter().map(|argument| text::printable(&argument.to_string_lossy())).collect();
    if error.kind() == ErrorKind::UnknownArgument
        && let Some(remedy) = remedy(&arguments)
    {
        say(&format!("error: {remedy}\n\nFor more information, try '--help'."));
        std::process::exit(error.exit_code());
    }
    match Arguments::try_parse_from(arguments) {
        Err(error) => error.exit(),
        // Nothing else was wrong with them.
        Ok(_) => {
            error.render().to_string().lines().for_each(say);
            std::process::exit(error.exit_code())
        }
    }
}

/// Prints a line on stderr, [printable](text::printable) whatever names are in it. A stderr that is closed is no reason
/// to lose a picture.
pub(crate) fn say(line: &str) {
    use std::io::Write;
    let styles = Styles::styled();
    let heads = [("error:", styles.get_error()), ("warning:", styles.get_invalid())];
    let line = text::printable(line);
    let styled = heads.into_iter().find_map(|(head, style)| {
        let rest = line.strip_prefix(head)?;
        Some(format!("{style}{head}{style:#}{rest}"))
    });
    // It leaves styles out where stderr is no terminal or NO_COLOR is set.
    let _ = writeln!(anstream::stderr(), "{}", styled.unwrap_or(line));
}

pub(crate) fn is_usage(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.is::<UsageError>()
            || cause.is::<LevelError>()
            || matches!(cause.downcast_ref(), Some(ImageError::UnknownExtension { .. }))
            || matches!(
                cause.downcast_ref(),
                Some(
                    TransferError::NoLoss
                        | TransferError::NoContent { .. }
                        | TransferError::NoStyle
                        | TransferError::UnusedLearningRate
                )
            )
    })
}
