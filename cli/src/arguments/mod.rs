//! Every option of every subcommand: its name, its default, its help, and the check of its value alone. How options
//! fit together is for `problem`.
//!
//! - `weights`: those of `impasto weights`
//! - `demo`: those of `impasto demo`
//! - `explain`: those of `impasto explain`
//! - `foreign`: those of other programs, and what to use instead

mod demo;
mod explain;
mod foreign;
mod weights;

use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, PossibleValuesParser, TypedValueParser, ValueParser};
use clap::{Args, Parser, Subcommand};
use impasto::architecture::FEATURES;
use impasto::image::ColorProfiles;
use impasto::transfer::{JITTER_LEARNING_RATE, MAX_JITTER, MOST_THREADS, NOISE_LEARNING_RATE};
use impasto::{OptimizerKind, PoolRounding, Preset, Schedule, bench, preset::PRESETS};

pub(crate) use demo::DemoArguments;
pub(crate) use explain::ExplainArguments;
pub(crate) use foreign::remedy;
pub(crate) use weights::{
    WeightsArguments, WeightsCommand, WeightsConvertArguments, WeightsFetchArguments, WeightsInfoArguments,
    WeightsOutput,
};

/// Repaint a photograph in the style of a painting, on a CPU
///
/// The picture is optimised, pixel by pixel, until its content resembles the photograph's and its style the painting's,
/// as SqueezeNet 1.1 sees them (Gatys, Ecker and Bethge 2016).
#[derive(Parser)]
#[command(
    name = "impasto",
    version,
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

`impasto COMMAND --help` explains the options of a command."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Demo(DemoArguments),
    Transfer(TransferArguments),
    Invert(InvertArguments),
    Texture(TextureArguments),
    Check(CheckArguments),
    Bench(BenchArguments),
    Explain(ExplainArguments),
    Weights(WeightsArguments),
}

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
    pub(crate) scales: ScaleOptions,
    #[command(flatten)]
    pub(crate) common: CommonOptions,
    #[command(flatten)]
    pub(crate) reports: ReportOptions,
}

/// What `transfer` is about, apart from its pictures.
#[derive(Args)]
pub(crate) struct TransferOptions {
    /// How strongly the style counts against the content: 2 takes more liberties with the photograph, 0.5 keeps closer to
    /// it [default: 1]
    #[arg(
        long, value_name = "X", value_parser = positive, allow_negative_numbers = true, help_heading = "Picture"
    )]
    pub(crate) style_strength: Option<f64>,
    /// The notebook's parameters and its schedule; options given beside it win
    #[arg(long, value_name = "NAME", value_parser = presets(|_| true), help_heading = "Picture")]
    pub(crate) preset: Option<&'static Preset>,
    /// What to start from: `content`, `random`, or an image or .npy FILE [default: content, or the preset's]
    ///
    /// An image is resized to the result's size; its proportions must be the same. A .npy file holds preprocessed
    /// pixels of shape (1,H,W,3), as float32.
    #[arg(long, value_name = "content|random|FILE", value_parser = init_parser(), help_heading = "Picture")]
    pub(crate) init: Option<InitArgument>,
    #[command(flatten)]
    pub(crate) content_options: ContentOptions,
    #[command(flatten)]
    pub(crate) style_options: StyleOptions,
}

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

/// Synthesise a texture from STYLE's Gram matrices alone
///
/// The texture has the proportions of the first style image, or those of the picture of --init.
#[derive(Args)]
#[command(after_help = "\
Examples:
  impasto texture painting.jpg -o texture.png
  impasto texture painting.jpg -o texture.png --size 1024 --style-size 512
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

/// Run the notebook's four checks against its own answers
///
/// Prints each check's largest relative error against both answer files, and exits with 1 if one is not below 1e-3.
#[derive(Args)]
pub(crate) struct CheckArguments {
    /// The folder of the notebook's images, answers and weights [default: $IMPASTO_DATA/notebook]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

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
    #[arg(long, value_name = "FILE.svg", value_parser = svg_parser())]
    pub(crate) plot: Option<PathBuf>,
}

#[derive(Args)]
#[command(next_help_heading = "Content")]
pub(crate) struct ContentOptions {
    /// The layer of the content loss, 0 to 12 [default: 3]
    #[arg(long, value_name = "L", value_parser = layer, allow_negative_numbers = true)]
    pub(crate) content_layer: Option<usize>,
    /// The weight of the content loss [default: suits the size, or the preset's]
    #[arg(long, value_name = "W", value_parser = not_negative, allow_negative_numbers = true)]
    pub(crate) content_weight: Option<f64>,
}

#[derive(Args)]
#[command(next_help_heading = "Style")]
pub(crate) struct StyleOptions {
    /// Shorter side of the style images, in pixels [default: the size of the picture, or the preset's]
    #[arg(long, value_name = "N", value_parser = positive_integer, allow_negative_numbers = true)]
    pub(crate) style_size: Option<usize>,
    /// How large the style images are beside the picture: 0.5 makes brush strokes half as wide, 2 twice [default: 1]
    #[arg(
        long, value_name = "X", value_parser = positive, allow_negative_numbers = true, help_heading = "Picture",
        conflicts_with = "style_size"
    )]
    pub(crate) style_scale: Option<f64>,
    /// The layers of the style loss, 0 to 12 [default: 1,4,6,7]
    #[arg(long, value_name = "A,B,...", value_delimiter = ',', value_parser = layer, allow_negative_numbers = true)]
    pub(crate) style_layers: Option<Vec<usize>>,
    /// The weight of each layer [default: four weights that suit any picture, or the preset's]
    #[arg(
        long, value_name = "A,B,...", value_delimiter = ',', value_parser = not_negative,
        allow_negative_numbers = true
    )]
    pub(crate) style_weights: Option<Vec<f64>>,
    /// How much each style image counts [default: all the same]
    #[arg(
        long, value_name = "A,B,...", value_delimiter = ',', value_parser = not_negative,
        allow_negative_numbers = true
    )]
    pub(crate) style_blend: Option<Vec<f64>>,
}

#[derive(Args)]
#[command(next_help_heading = "Picture")]
pub(crate) struct ResultOptions {
    /// The result; its extension chooses the format: png, jpg, webp, tiff or bmp. `-` writes PNG to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// The sizes that a run goes through.
#[derive(Args)]
#[command(next_help_heading = "Scales")]
pub(crate) struct ScaleOptions {
    /// Shorter side of the first, smallest picture, in pixels: smaller makes longer strokes and simpler shapes, larger
    /// keeps more of the photograph [default: 128]
    #[arg(
        long, value_name = "N", value_parser = positive_integer, allow_negative_numbers = true,
        help_heading = "Picture"
    )]
    pub(crate) smallest: Option<usize>,
    /// How many sizes to go through, coarse to fine, each about 1.4 times as large as the one before it; 1 paints at the
    /// final size alone [default: auto; with a preset or the notebook's schedule: 1]
    #[arg(long, value_name = "auto|1|N", value_parser = scale_count, allow_negative_numbers = true)]
    pub(crate) scales: Option<ScaleCount>,
}

/// The value of `--scales`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScaleCount {
    /// As many as lead from the smallest picture to the result.
    Auto,
    Exactly(usize),
}

/// What `transfer`, `invert`, `texture` and `explain` have in common.
#[derive(Args)]
pub(crate) struct CommonOptions {
    #[command(flatten)]
    pub(crate) picture: PictureOptions,
    #[command(flatten)]
    pub(crate) optimization: OptimizationOptions,
    #[command(flatten)]
    pub(crate) network: NetworkOptions,
}

#[derive(Args)]
#[command(next_help_heading = "Picture")]
pub(crate) struct PictureOptions {
    /// Shorter side of the result, in pixels [default: 512 (explain: 128), or the preset's]
    #[arg(long, value_name = "N", value_parser = positive_integer, allow_negative_numbers = true)]
    pub(crate) size: Option<usize>,
    /// Seed of `--init random` and of --jitter: the same seed gives the same picture
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Take pixels as they are stored, even if EXIF or XMP says that the camera was turned
    #[arg(long)]
    pub(crate) ignore_orientation: bool,
    /// Colors that a profile describes, such as those of Display P3 or Adobe RGB: `convert` them to sRGB, or `ignore`
    /// the profile and take the numbers as they are stored [default: convert; with a preset: ignore, as the notebook]
    #[arg(
        long, value_name = "convert|ignore",
        value_parser = one_of([("convert", ColorProfiles::Convert), ("ignore", ColorProfiles::Ignore)])
    )]
    pub(crate) color_profile: Option<ColorProfiles>,
}

#[derive(Args)]
#[command(next_help_heading = "Optimization")]
pub(crate) struct OptimizationOptions {
    /// The weight of the total variation: more is smoother [default: suits the size, or the preset's]
    #[arg(long, value_name = "W", value_parser = not_negative, allow_negative_numbers = true)]
    pub(crate) tv_weight: Option<f64>,
    // The help of what a schedule decides is made from the schedules, so that it cannot differ.
    #[arg(
        long, value_name = "N|A,B,...", value_delimiter = ',', value_parser = positive_integer,
        allow_negative_numbers = true,
        help = format!(
            "How many iterations: one number for every scale, or one per scale [default: more at small scales; at a \
             single one: {}]",
            of_schedules(|s| s.default_iterations().to_string())
        )
    )]
    pub(crate) iterations: Option<Vec<usize>>,
    /// Before each iteration, shift the picture by 0 to N-1 pixels against the network's grid, which leaves dots
    /// otherwise; 0 does not shift [default: 4; with a preset, the notebook's schedule, L-BFGS, and in explain: 0]
    #[arg(long, value_name = "N", value_parser = jitter, allow_negative_numbers = true)]
    pub(crate) jitter: Option<usize>,
    /// The optimizer
    #[arg(
        long, value_name = "NAME", default_value = "adam",
        value_parser = one_of([("adam", OptimizerKind::Adam), ("lbfgs", OptimizerKind::Lbfgs)])
    )]
    pub(crate) optimizer: OptimizerKind,
    #[arg(
        long, value_name = "X", value_parser = positive, allow_negative_numbers = true,
        help = format!(
            "Adam's step at the beginning, in preprocessed pixel units [default: with jitter {JITTER_LEARNING_RATE}, from \
             noise {NOISE_LEARNING_RATE}; without: {}]",
            of_schedules(|s| s.default_learning_rate().to_string())
        )
    )]
    pub(crate) learning_rate: Option<f64>,
    /// How the learning rate falls and pixels are clamped [default: fast; with a preset: notebook]
    ///
    /// `notebook` clamps pixels to [-1.5, 1.5] while the iteration is below 180, and lowers the learning rate to 0.1
    /// after it.
    #[arg(
        long, value_name = "NAME",
        value_parser = one_of(SCHEDULES.map(|schedule| (schedule.name(), schedule)))
    )]
    pub(crate) schedule: Option<Schedule>,
}

#[derive(Args)]
#[command(next_help_heading = "Network and machine")]
pub(crate) struct NetworkOptions {
    /// The network's weights, in any format that `impasto weights` reads [default: $IMPASTO_WEIGHTS, or the file in the
    /// user's data folder, or the built-in ones]
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// How pools round: `floor` as in TensorFlow, `ceil` as in torchvision
    #[arg(
        long, value_name = "NAME", default_value = "floor",
        value_parser = one_of([("floor", PoolRounding::Floor), ("ceil", PoolRounding::Ceil)])
    )]
    pub(crate) pooling: PoolRounding,
    /// How many threads compute; the result does not depend on it [default: all cores]
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub(crate) threads: Option<usize>,
}

#[derive(Args)]
#[command(next_help_heading = "Reports")]
pub(crate) struct ReportOptions {
    /// Save pictures along the way in this folder, as iter_000100.png
    #[arg(long, value_name = "DIR")]
    pub(crate) snapshots: Option<PathBuf>,
    /// How many iterations lie between two snapshots
    #[arg(
        long, value_name = "N", default_value = "100", value_parser = positive_integer,
        allow_negative_numbers = true
    )]
    pub(crate) snapshot_every: usize,
    /// Write the losses of every iteration to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Print a summary on stdout, as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print nothing on stderr but what went wrong
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

const SCHEDULES: [Schedule; 2] = [Schedule::Fast, Schedule::Notebook];

/// What each schedule has as a default.
fn of_schedules(default: impl Fn(Schedule) -> String) -> String {
    SCHEDULES.map(|schedule| format!("{} {}", schedule.name(), default(schedule))).join(", ")
}

/// The value of `--init`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InitArgument {
    Content,
    Random,
    /// An image, or an array where the extension is `.npy`.
    File(PathBuf),
}

impl From<PathBuf> for InitArgument {
    fn from(path: PathBuf) -> InitArgument {
        if path == Path::new("content") {
            InitArgument::Content
        } else if path == Path::new("random") {
            InitArgument::Random
        } else {
            InitArgument::File(path)
        }
    }
}

fn init_parser() -> ValueParser {
    ValueParser::new(PathBufValueParser::new().map(InitArgument::from))
}

fn init_without_content_parser() -> ValueParser {
    ValueParser::new(PathBufValueParser::new().try_map(|path| match InitArgument::from(path) {
        InitArgument::Content => Err("a texture has no content image: use `random` or a file"),
        init => Ok(init),
    }))
}

fn svg_parser() -> ValueParser {
    ValueParser::new(PathBufValueParser::new().try_map(|path| {
        let is_svg = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svg"));
        if is_svg { Ok(path) } else { Err("the plot is written as SVG: name a file that ends in .svg") }
    }))
}

fn presets(suits: impl Fn(&Preset) -> bool) -> ValueParser {
    let suitable: Vec<_> = PRESETS.iter().filter(|preset| suits(preset)).collect();
    one_of(suitable.into_iter().map(|preset| (preset.name, preset)))
}

/// One of several names, each standing for a value.
fn one_of<T: Clone + Send + Sync + 'static>(
    choices: impl IntoIterator<Item = (&'static str, T)>,
) -> ValueParser {
    let choices: Vec<(&str, T)> = choices.into_iter().collect();
    let names: Vec<&str> = choices.iter().map(|&(name, _)| name).collect();
    ValueParser::new(PossibleValuesParser::new(names).try_map(move |given| {
        let choice = choices.iter().find(|(name, _)| *name == given);
        choice.map(|(_, value)| value.clone()).ok_or("unknown name")
    }))
}

fn not_negative(text: &str) -> Result<f64, &'static str> {
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        _ => Err("it must be a finite number that is not negative, such as 0.05"),
    }
}

fn positive(text: &str) -> Result<f64, &'static str> {
    match not_negative(text) {
        Ok(value) if value > 0.0 => Ok(value),
        _ => Err("it must be a finite number above 0, such as 0.05"),
    }
}

fn positive_integer(text: &str) -> Result<usize, &'static str> {
    match text.trim().parse() {
        Ok(value) if value > 0 => Ok(value),
        _ => Err("it must be a whole number of at least 1"),
    }
}

fn scale_count(text: &str) -> Result<ScaleCount, &'static str> {
    match (text.trim(), positive_integer(text)) {
        ("auto", _) => Ok(ScaleCount::Auto),
        (_, Ok(count)) => Ok(ScaleCount::Exactly(count)),
        _ => Err("it must be `auto` or a whole number of at least 1"),
    }
}

fn jitter(text: &str) -> Result<usize, String> {
    match whole_number(text) {
        Ok(jitter) if jitter <= MAX_JITTER => Ok(jitter),
        _ => Err(format!("it must be a whole number from 0, which does not shift, to {MAX_JITTER}")),
    }
}

fn whole_number(text: &str) -> Result<usize, &'static str> {
    text.trim().parse().map_err(|_| "it must be a whole number, such as 0 or 10")
}

/// The shorter side of a made-up picture.
fn side(text: &str) -> Result<usize, String> {
    // About where a picture of these proportions has as many pixels as one that is read may have.
    const MOST: usize = 12_000;
    match positive_integer(text) {
        Ok(side) if side <= MOST => Ok(side),
        _ => Err(format!("it must be a whole number from 1 to {MOST}")),
    }
}

fn threads(text: &str) -> Result<usize, String> {
    match positive_integer(text) {
        Ok(threads) if threads <= MOST_THREADS => Ok(threads),
        _ => Err(format!("it must be a whole number from 1 to {MOST_THREADS}")),
    }
}

fn layer(text: &str) -> Result<usize, String> {
    match text.trim().parse() {
        Ok(layer) if layer < FEATURES.len() => Ok(layer),
        _ => Err(format!("the layers are 0 to {}", FEATURES.len() - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_declaration_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn numbers_are_finite_and_in_range() {
        for text in ["-1", "-0.5", "nan", "NaN", "inf", "1e400", "", "1,5", "0x10", "one"] {
            assert!(not_negative(text).is_err(), "{text}");
            assert!(positive(text).is_err(), "{text}");
        }
        assert_eq!(not_negative("0"), Ok(0.0));
        assert!(positive("0").is_err());
        assert_eq!(positive("3e5"), Ok(3e5));
        for text in ["0", "-3", "1.5", "", "99999999999999999999999"] {
            assert!(positive_integer(text).is_err(), "{text}");
        }
        assert_eq!((threads("1024"), threads("1025").is_err()), (Ok(1024), true));
        assert_eq!((layer("12"), layer("13").is_err(), layer("-1").is_err()), (Ok(12), true, true));
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

    #[test]
    fn files_may_be_called_what_they_like() {
        assert_eq!(InitArgument::from(PathBuf::from("content")), InitArgument::Content);
        let file = PathBuf::from("./content");
        assert_eq!(InitArgument::from(file.clone()), InitArgument::File(file));
    }
}
