//! What can be wrong with a style transfer's pictures and settings.

use super::team::TeamError;
use impasto_autodiff::TapeError;
use impasto_squeezenet::FeatureError;
use thiserror::Error;

/// Why a style transfer cannot be built, or ended without a picture.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The content loss or the init needs a content image.
    #[error("a content image is needed for {purpose}: give one, or {remedy}")]
    NoContent {
        /// What it is needed for.
        purpose: &'static str,
        /// What else would help.
        remedy: &'static str,
    },
    /// The style loss has weights but nothing to compare with.
    #[error("the style loss needs a style image: give one, or set all style weights to 0")]
    NoStyle,
    /// No loss has a weight.
    #[error("all weights are 0, so there is nothing to optimize: give at least one loss a weight")]
    NoLoss,
    /// Several style images, none of which counts.
    #[error("the blend weight of every style image is 0: give at least one a weight")]
    EmptyBlend,
    /// A layer twice in the list.
    #[error("{loss} layer {layer} is listed twice: list each layer once, with the sum of its weights")]
    RepeatedLayer {
        /// Of which loss: `style` or `content`.
        loss: &'static str,
        /// The layer.
        layer: usize,
    },
    /// A number that must be finite and not negative.
    #[error("{name} is {value}: it must be a finite number that is not negative")]
    InvalidWeight {
        /// Which setting.
        name: &'static str,
        /// What it was set to.
        value: f64,
    },
    /// A learning rate of zero, below, or not a number.
    #[error("the learning rate is {0}: it must be a finite number above 0")]
    InvalidLearningRate(f64),
    /// A rate to stop below that no loss could fall by.
    #[error("the rate to stop below is {0}: it must be a number from 0 to 1, such as 0.001")]
    InvalidStop(f64),
    /// More noise in a blend than there can be.
    #[error("the share of noise in the start is {0} %: it must be from 0 to 100 %")]
    InvalidBlend(u8),
    /// A learning rate for an optimizer that has none.
    #[error("L-BFGS chooses its own step: leave the learning rate out, or use Adam")]
    UnusedLearningRate,
    /// No iterations.
    #[error("the number of iterations is 0: it must be at least 1")]
    NoIterations,
    /// No sizes.
    #[error("the number of scales is 0: it must be at least 1")]
    NoScales,
    /// More sizes than lie between the smallest possible and the result.
    #[error("{scales} scales are too many for a shorter side of {side} pixels: at most {most} fit")]
    TooManyScales {
        /// How many were asked for.
        scales: usize,
        /// How many fit.
        most: usize,
        /// The result's shorter side in pixels.
        side: usize,
    },
    /// A first size larger than the last.
    #[error(
        "the smallest scale has a shorter side of {smallest} pixels, the result one of {side}: choose a smaller one"
    )]
    SmallestTooLarge {
        /// What was asked for.
        smallest: usize,
        /// The result's shorter side in pixels.
        side: usize,
    },
    /// A first size that a layer, or a style image shrunk beside it, does not reach.
    #[error(
        "the smallest scale has a shorter side of {smallest} pixels: the layers and pictures of this run need at least {least}"
    )]
    SmallestTooSmall {
        /// What was asked for.
        smallest: usize,
        /// The least that would do.
        least: usize,
    },
    /// A first size, but only one.
    #[error("a run at a single scale has no smallest one: leave the smallest out, or ask for more scales")]
    UnusedSmallest,
    /// Iterations and sizes do not pair up.
    #[error(
        "{given} numbers of iterations were given, but the shorter sides of the scales are {}: give one number per scale, or one for all",
        sides.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    UnequalIterations {
        /// Numbers given.
        given: usize,
        /// The shorter side of each size in pixels.
        sides: Vec<usize>,
    },
    /// Shifts by more pixels than the network's strides span.
    #[error("a jitter of {jitter} pixels is too much: at most {most} make a difference")]
    TooMuchJitter {
        /// What was asked for.
        jitter: usize,
        /// The most there may be.
        most: usize,
    },
    /// Jitter for an optimizer that compares losses.
    #[error(
        "L-BFGS compares losses from one iteration to the next, which jitter changes: switch jitter off, or use Adam"
    )]
    JitterWithLbfgs,
    /// Normalized gradients for an optimizer that compares losses.
    #[error("L-BFGS needs the gradients as they are: do not normalize them, or use Adam")]
    NormalizedLbfgs,
    /// A content image for a picture that has no edges.
    #[error("a seamless picture is a texture, without a content image: leave one of the two out")]
    SeamlessContent,
    /// A picture without pixels, or not RGB.
    #[error(
        "{name} has the shape {shape:?}: it must be (height, width, 3), a content image may be (height, width, 4), with at least one pixel"
    )]
    NotAPicture {
        /// Which picture.
        name: &'static str,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A mask is another size than the result.
    #[error("{name} is {given_height}x{given_width}, the result {height}x{width}: give a mask of that size")]
    MaskSize {
        /// Which mask.
        name: &'static str,
        /// The mask's height in pixels.
        given_height: usize,
        /// The mask's width in pixels.
        given_width: usize,
        /// The result's height in pixels.
        height: usize,
        /// The result's width in pixels.
        width: usize,
    },
    /// A style that is painted nowhere.
    #[error("a style's mask is black all over: make it white where the style is to be painted")]
    EmptyMask,
    /// A style whose places are narrower than what the network sees.
    #[error(
        "a style's mask has no spot large enough for any style layer to see it alone: make its white areas larger, or the picture, or name a layer such as 1, which sees little"
    )]
    MaskTooFine,
    /// All of the content image is to stay as it is.
    #[error(
        "all of the content image is kept or transparent, so there is nothing to paint: leave a part of its mask black"
    )]
    NothingToPaint,
    /// The init is another size than the result.
    #[error(
        "the init is {given_height}x{given_width}, the result {height}x{width}: give an init of that size"
    )]
    InitSize {
        /// The init's height in pixels.
        given_height: usize,
        /// The init's width in pixels.
        given_width: usize,
        /// The result's height in pixels.
        height: usize,
        /// The result's width in pixels.
        width: usize,
    },
    /// An image that is to become a picture is another size than the result.
    #[error("the image is {given_height}x{given_width}, the result {height}x{width}: give one of that size")]
    ImageSize {
        /// The image's height in pixels.
        given_height: usize,
        /// The image's width in pixels.
        given_width: usize,
        /// The result's height in pixels.
        height: usize,
        /// The result's width in pixels.
        width: usize,
    },
    /// A pixel of the init is infinite or not a number.
    #[error("the init holds a value that is not a finite number: give an image of preprocessed pixels")]
    NonFiniteInit,
    /// More memory than there is.
    #[error(
        "a result of {height}x{width} needs about {} MB of memory with these style images and settings, {} MB may be used: allow more, or choose a smaller size, smaller style images, or Adam",
        needed.div_ceil(1_000_000),
        available / 1_000_000
    )]
    TooLarge {
        /// The result's height in pixels.
        height: usize,
        /// The result's width in pixels.
        width: usize,
        /// Bytes that the least demanding way needs.
        needed: u64,
        /// Bytes that are free, or that were allowed.
        available: u64,
    },
    /// More threads than any machine runs well.
    #[error("{threads} threads are too many: ask for at most {most}")]
    TooManyThreads {
        /// How many were asked for.
        threads: usize,
        /// How many may be.
        most: usize,
    },
    /// The thread pool could not start.
    #[error("cannot start {threads} threads: ask for fewer")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
    /// The loss became infinite or not a number.
    #[error(
        "the loss is no longer a finite number after {iteration} iterations: use a smaller learning rate or smaller weights"
    )]
    Diverged {
        /// Iterations taken before.
        iteration: usize,
    },
    /// A layer that does not exist or that the image does not reach, or weights that are missing.
    #[error("{name} does not suit the network")]
    Features {
        /// Which picture.
        name: &'static str,
        /// What is wrong.
        source: FeatureError,
    },
    /// A checkpoint of another run.
    #[error("the checkpoint is of another run: {0}")]
    OtherCheckpoint(
        /// What differs.
        &'static str,
    ),
    /// A session that shares buffers was asked to explain itself.
    #[error("this session keeps too little to be explained: build it with `inspectable`")]
    NotInspectable,
    /// An earlier run failed between two sizes.
    #[error("an earlier run of this session failed on its way to a larger size: build another")]
    Abandoned,
    /// What needs the whole picture, in a run that several processes share.
    #[error("{0} needs the whole picture in one process: leave it out, or run a single process")]
    NotInTeam(
        /// What it is.
        &'static str,
    ),
    /// Another process of the run is gone.
    #[error("another process of this run is gone")]
    Team(#[from] TeamError),
    /// The tape refused an operation.
    #[error(transparent)]
    Tape(#[from] TapeError),
}
