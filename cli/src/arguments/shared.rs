//! Options that several commands have, in groups.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use impasto::image::ColorProfiles;
use impasto::transfer::{JITTER_LEARNING_RATE, NOISE_LEARNING_RATE};
use impasto::{OptimizerKind, PoolRounding, PreserveColors, Preset, Schedule};

use super::values::{
    Depth, InitArgument, MaskArgument, PictureSize, ScaleCount, bytes, color, init_parser, jitter, layer,
    mask_parser, not_negative, one_of, picture_size, positive, positive_integer, presets, scale_count,
    threads,
};

/// What `transfer` is about, apart from its pictures.
#[derive(Args)]
pub(crate) struct TransferOptions {
    /// The strength of the style against the content: 2 takes more liberties with the photograph, 0.5 stays closer to it
    /// [default: 1]
    #[arg(
        long, value_name = "X", value_parser = positive, allow_negative_numbers = true, help_heading = "Picture"
    )]
    pub(crate) style_strength: Option<f64>,
    /// The notebook's parameters and its schedule; options given beside it win
    #[arg(long, value_name = "NAME", value_parser = presets(|_| true), help_heading = "Picture")]
    pub(crate) preset: Option<&'static Preset>,
    /// What to start from: `content`, `random`, a blend, or an image or .npy FILE [default: content, or the preset's]
    ///
    /// A blend is written as `content:0.7,noise:0.3`: so much of the photograph, so much noise. An image is resized to
    /// the result's size; its proportions must be the same. A .npy file holds preprocessed pixels of shape (1,H,W,3),
    /// as float32.
    #[arg(long, value_name = "content|random|FILE", value_parser = init_parser(), help_heading = "Picture")]
    pub(crate) init: Option<InitArgument>,
    /// What the result keeps of the photograph's colors [default: none]
    #[arg(
        long, value_name = "luminance|match|none", help_heading = "Colors",
        value_parser = one_of([
            ("luminance", "all of them: only light and dark are painted", PreserveColors::Luminance),
            ("match", "their range: the style images are recolored before the run", PreserveColors::Match),
            ("none", "nothing: the result takes on the style images' colors", PreserveColors::None),
        ])
    )]
    pub(crate) preserve_colors: Option<PreserveColors>,
    /// Keep the photograph as it is where this picture is white; the grays between blend
    #[arg(long, value_name = "FILE", help_heading = "Masks")]
    pub(crate) content_mask: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) content_options: ContentOptions,
    #[command(flatten)]
    pub(crate) style_options: StyleOptions,
}

#[derive(Args)]
#[command(next_help_heading = "Content")]
pub(crate) struct ContentOptions {
    /// The layer of the content loss, or several, by number or name; `impasto explain layers` lists them [default: 3]
    #[arg(
        long, value_name = "L|A,B,...", value_delimiter = ',', value_parser = layer, allow_negative_numbers = true,
        alias = "content-layers"
    )]
    pub(crate) content_layer: Option<Vec<usize>>,
    /// How much each of several content layers counts [default: all the same]
    #[arg(
        long, value_name = "A,B,...", value_delimiter = ',', value_parser = not_negative,
        allow_negative_numbers = true
    )]
    pub(crate) content_layer_weights: Option<Vec<f64>>,
    /// The weight of the content loss [default: suits the size, or the preset's]
    #[arg(long, value_name = "W", value_parser = not_negative, allow_negative_numbers = true)]
    pub(crate) content_weight: Option<f64>,
    /// What lies below a photograph where it is transparent, while it is painted: a color such as white or #ffeedd. In
    /// formats without transparency, it is seen in the result
    #[arg(long, value_name = "COLOR", default_value = "white", value_parser = color, help_heading = "Colors")]
    pub(crate) background: [u8; 3],
}

#[derive(Args)]
#[command(next_help_heading = "Style")]
pub(crate) struct StyleOptions {
    /// Shorter side of the style images, in pixels [default: the size of the picture, or the preset's]
    #[arg(long, value_name = "N", value_parser = positive_integer, allow_negative_numbers = true)]
    pub(crate) style_size: Option<usize>,
    /// The size of the style images relative to the picture, one for all or one for each: 0.5 halves the width of brush
    /// strokes, 2 doubles it [default: 1]
    #[arg(
        long, value_name = "X|A,B,...", value_delimiter = ',', value_parser = positive, allow_negative_numbers = true,
        help_heading = "Picture", conflicts_with = "style_size"
    )]
    pub(crate) style_scale: Option<Vec<f64>>,
    /// The layers of the style loss, by number or name [default: 1,4,6,7]
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
    /// How much means and deviations of channels count beside Gram matrices, such as 1: closer to the style, with as much of
    /// the content left [default: 0]
    #[arg(long, value_name = "X", value_parser = not_negative, allow_negative_numbers = true)]
    pub(crate) style_moments: Option<f64>,
    /// Paint the style only where this picture is white; the grays between blend. Give it once for each style image, in
    /// their order, `none` for one that is painted everywhere
    #[arg(long = "style-mask", value_name = "FILE", value_parser = mask_parser(), help_heading = "Masks")]
    pub(crate) style_masks: Vec<MaskArgument>,
}

#[derive(Args)]
#[command(next_help_heading = "Picture")]
pub(crate) struct ResultOptions {
    /// The result; its extension chooses the format: png, jpg, webp, tiff or bmp. `-` writes PNG to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// The quality of a JPEG or WebP, from 1 to 100 [default: JPEG 95, WebP without loss]
    #[arg(
        long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=100), allow_negative_numbers = true,
        help_heading = "File"
    )]
    pub(crate) quality: Option<u8>,
    /// Bits of each channel: 16 for a PNG or TIFF that is edited further or printed large
    #[arg(
        long, value_name = "8|16", default_value = "8", help_heading = "File",
        value_parser = one_of([("8", "what screens show", Depth::Eight), ("16", "PNG and TIFF", Depth::Sixteen)])
    )]
    pub(crate) depth: Depth,
    /// Leave out of the file what made it: the options, and names and digests of the pictures, which `impasto rerun` reads
    #[arg(long, help_heading = "File")]
    pub(crate) no_record: bool,
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
    /// The number of sizes to paint at, coarse to fine, each about 1.4 times the one before it; 1 paints at the final size
    /// alone [default: auto; with a preset or the notebook's schedule: 1]
    #[arg(long, value_name = "auto|1|N", value_parser = scale_count, allow_negative_numbers = true)]
    pub(crate) scales: Option<ScaleCount>,
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
    /// Shorter side of the result, in pixels, or `photo` for the photograph's own size [default: 512 (explain: 128), or
    /// the preset's]
    #[arg(long, value_name = "N|photo", value_parser = picture_size, allow_negative_numbers = true)]
    pub(crate) size: Option<PictureSize>,
    /// Longer side of the result, in pixels
    #[arg(
        long, value_name = "N", value_parser = positive_integer, allow_negative_numbers = true,
        conflicts_with = "size", help_heading = "Size"
    )]
    pub(crate) longer_side: Option<usize>,
    /// Width of the result, in pixels; with --height too, a photograph is cut to these proportions
    #[arg(
        long, value_name = "N", value_parser = positive_integer, allow_negative_numbers = true,
        conflicts_with_all = ["size", "longer_side"], help_heading = "Size"
    )]
    pub(crate) width: Option<usize>,
    /// Height of the result, in pixels
    #[arg(
        long, value_name = "N", value_parser = positive_integer, allow_negative_numbers = true,
        conflicts_with_all = ["size", "longer_side"], help_heading = "Size"
    )]
    pub(crate) height: Option<usize>,
    /// Seed of `--init random` and of --jitter: the same seed gives the same picture
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Ignore the orientation that EXIF or XMP gives
    #[arg(long)]
    pub(crate) ignore_orientation: bool,
    /// Make the result a picture in shades of gray
    #[arg(long, alias = "grey", help_heading = "Colors")]
    pub(crate) gray: bool,
    /// How to treat color profiles, such as Display P3 or Adobe RGB [default: convert; with a preset: ignore, as the
    /// notebook]
    #[arg(
        long, value_name = "convert|ignore", help_heading = "Colors",
        value_parser = one_of([
            ("convert", "to sRGB, by the profile", ColorProfiles::Convert),
            ("ignore", "the numbers as they are stored", ColorProfiles::Ignore),
        ])
    )]
    pub(crate) color_profile: Option<ColorProfiles>,
}

#[derive(Args)]
#[command(next_help_heading = "Optimization")]
pub(crate) struct OptimizationOptions {
    /// The weight of the total variation: more is smoother [default: suits the size, or the preset's]
    #[arg(long, value_name = "W", value_parser = not_negative, allow_negative_numbers = true)]
    pub(crate) tv_weight: Option<f64>,
    /// Let each loss pull as strongly as its weight says, layer by layer, whatever its size: weights are then strengths;
    /// unless set, 1 for each style layer, 2 for the content, 0.05 for the total variation
    #[arg(long, conflicts_with = "preset")]
    pub(crate) normalize_gradients: bool,
    /// End a size early when the loss falls by less than this share of itself per iteration, such as 0.001
    #[arg(long, value_name = "RATE", value_parser = not_negative, allow_negative_numbers = true)]
    pub(crate) stop_below: Option<f64>,
    // The help of what a schedule decides is made from the schedules, so that it cannot differ.
    #[arg(
        long, value_name = "N|A,B,...", value_delimiter = ',', value_parser = positive_integer,
        allow_negative_numbers = true,
        help = format!(
            "How many iterations: one number for every scale, or one per scale [default: more at small scales; at a \
             single one: {}]",
            per_schedule(|s| s.default_iterations().to_string())
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
        value_parser = one_of([
            ("adam", "the notebook's; needs least memory", OptimizerKind::Adam),
            ("lbfgs", "Gatys' own; without jitter", OptimizerKind::Lbfgs),
        ])
    )]
    pub(crate) optimizer: OptimizerKind,
    #[arg(
        long, value_name = "X", value_parser = positive, allow_negative_numbers = true,
        help = format!(
            "Adam's step at the beginning, in preprocessed pixel units [default: with jitter {JITTER_LEARNING_RATE}, from \
             noise {NOISE_LEARNING_RATE}; without: {}]",
            per_schedule(|s| s.default_learning_rate().to_string())
        )
    )]
    pub(crate) learning_rate: Option<f64>,
    /// How the learning rate falls and pixels are clamped [default: fast; with a preset: notebook]
    ///
    /// `notebook` clamps pixels to [-1.5, 1.5] while the iteration is below 180, and lowers the learning rate to 0.1
    /// after it.
    #[arg(
        long, value_name = "NAME",
        value_parser = one_of([
            ("fast", "the rate falls to 0 in the second half", Schedule::Fast),
            ("notebook", "3.0, and 0.1 for the last steps, with a clamp", Schedule::Notebook),
        ])
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
    /// How the output sizes of pools are rounded
    #[arg(
        long, value_name = "NAME", default_value = "floor",
        value_parser = one_of([
            ("floor", "down, as in TensorFlow", PoolRounding::Floor),
            ("ceil", "up, as in torchvision", PoolRounding::Ceil),
        ])
    )]
    pub(crate) pooling: PoolRounding,
    /// How many threads compute; the result does not depend on it [default: all cores]
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub(crate) threads: Option<usize>,
    /// The memory that may be used, such as 2G or 700M; a picture that needs more is walked over in strips, with the
    /// same result [default: what is free]
    #[arg(long, value_name = "SIZE", value_parser = bytes, allow_negative_numbers = true)]
    pub(crate) memory: Option<u64>,
}

#[derive(Args)]
#[command(next_help_heading = "Reports")]
pub(crate) struct ReportOptions {
    /// Save pictures along the way in this folder, as iter_000100.png
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) snapshots: Option<PathBuf>,
    /// The number of iterations between two snapshots
    #[arg(
        long, value_name = "N", default_value = "100", value_parser = positive_integer,
        allow_negative_numbers = true
    )]
    pub(crate) snapshot_every: usize,
    /// Write the losses of every iteration to this file, one JSON object per line
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Keep what a later run needs to go on in this file, as the run goes; the one before it is kept as FILE.previous
    #[arg(long, value_name = "FILE", help_heading = "Long runs")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Seconds between two checkpoints; the end of each size has one too
    #[arg(
        long, value_name = "SECONDS", default_value = "30", value_parser = not_negative,
        allow_negative_numbers = true, help_heading = "Long runs"
    )]
    pub(crate) checkpoint_every: f64,
    /// Go on from the checkpoint in this file, of the same pictures and options, with the very result that the run would have
    /// had; further checkpoints go there too, unless --checkpoint names another file
    #[arg(long, value_name = "FILE", help_heading = "Long runs")]
    pub(crate) resume: Option<PathBuf>,
    /// Write a page that shows the run to this file: before and after, pictures along the way, losses, settings, times
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Show the same page in a browser while the run goes on, on a port of this machine, a free one unless it is named,
    /// with a button that ends the run and keeps the picture
    #[arg(
        long, value_name = "PORT", num_args = 0..=1, default_missing_value = "0",
        conflicts_with = "quiet"
    )]
    pub(crate) watch: Option<u16>,
    /// Print a summary on stdout, as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print nothing on stderr but what went wrong
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

const SCHEDULES: [Schedule; 2] = [Schedule::Fast, Schedule::Notebook];

/// The default of each schedule.
fn per_schedule(default: impl Fn(Schedule) -> String) -> String {
    SCHEDULES.map(|schedule| format!("{} {}", schedule.name(), default(schedule))).join(", ")
}
