//! A run's pictures and settings after all defaults are filled in and everything is checked; nothing is computed here.

use super::builder::StyleTransferBuilder;
use super::choices::{MakeOptimizer, OptimizerKind};
use super::colors::Colors;
use super::error::TransferError;
use super::finish::Finish;
use super::footprint::{Footprint, Manner};
use super::guide::Region;
use super::jitter::{self, MAX_JITTER};
use super::pictures::{Pictures, picture_size};
use super::scale::Scale;
use super::start::Start;
use super::style_cache::StyleCache;
use super::team::Members;
use crate::preset::LossWeights;
use crate::schedule::Schedule;
use impasto_autodiff::{Tape, TapeError, Var};
use impasto_squeezenet::{FeatureError, SqueezeNet, architecture};
use ndarray::{Array2, Array4};

/// The jitter of a run, unless told otherwise: as many shifts as pixels from one position of layer 3 to the next.
pub const DEFAULT_JITTER: usize = 4;

/// Adam's learning rate where the picture is shifted, unless told otherwise, in preprocessed pixel units: gradients of one
/// shift are noise to the others, and longer steps leave that noise in the picture.
pub const JITTER_LEARNING_RATE: f64 = 0.03;

/// The same where the run starts from noise, and has further to go.
pub const NOISE_LEARNING_RATE: f64 = 0.07;

/// How much more the content counts, unless told otherwise, where a run goes through several sizes: strokes then reach
/// further, and houses must stay houses.
pub const CONTENT_OF_SCALES: f64 = 5.0;

/// The weight of [`StyleTransferBuilder::temporal`] that suits most sequences.
pub const TEMPORAL_WEIGHT: f64 = 50_000.0;

/// All that a run needs.
pub(super) struct Problem {
    pub(super) network: SqueezeNet,
    pub(super) pictures: Pictures,
    footprint: Footprint,
    /// What happens to a picture on its way out.
    pub(super) finish: Finish,
    start: Start,
    /// Coarse to fine; at least one.
    pub(super) scales: Vec<Scale>,
    /// Layers whose weight is above 0, with the weight beside the others; none without a content loss.
    pub(super) content_layers: Vec<(usize, f64)>,
    /// At the last size.
    pub(super) content_weight: f64,
    /// The content layers that were named, whatever their weight.
    seen_by: Vec<usize>,
    /// The deepest layer that the losses name, whatever its weight: so what a loss is does not depend on the weights.
    deepest_layer: usize,
    /// Layers whose weight is above 0, with the weight.
    pub(super) style_layers: Vec<(usize, f64)>,
    /// At the last size.
    pub(super) tv_weight: f64,
    /// How much what the frame before makes one expect counts.
    pub(super) temporal_weight: f64,
    /// How much means and deviations of channels count beside Gram matrices.
    pub(super) moments: f64,
    /// Whether weights are the strengths of gradients.
    pub(super) normalizes: bool,
    /// Whether the picture is followed by itself.
    pub(super) seamless: bool,
    /// How many shifts; 1 where nothing is shifted.
    pub(super) jitter: usize,
    pub(super) seed: u64,
    pub(super) optimizer: OptimizerKind,
    pub(super) own_optimizer: Option<MakeOptimizer>,
    pub(super) learning_rate: f64,
    /// The share of the loss by which it must fall per iteration.
    pub(super) stop_below: Option<f64>,
    pub(super) schedule: Schedule,
    /// Whether every value and gradient is kept.
    pub(super) inspectable: bool,
    /// Statistics of style images that other sessions have too.
    pub(super) style_cache: Option<StyleCache>,
    /// Those who share the run.
    pub(super) members: Option<Members>,
}

impl Problem {
    pub(super) fn new(builder: StyleTransferBuilder<'_>) -> Result<Problem, TransferError> {
        let (height, width) = match (builder.content, builder.canvas) {
            (Some(content), _) => picture_size("the content image", content, &[3, 4])?,
            (None, Some((height, width))) => (height, width),
            (None, None) => {
                return Err(TransferError::NoContent {
                    purpose: "the result's size",
                    remedy: "set the canvas",
                });
            }
        };
        if height == 0 || width == 0 {
            return Err(TransferError::NotAPicture { name: "the result", shape: vec![height, width, 3] });
        }
        let defaults = match builder.normalize_gradients {
            true => LossWeights::normalized(),
            false => LossWeights::for_area(height, width),
        };
        let style = builder.style.clone().unwrap_or_else(|| {
            let without = builder.styles.is_empty();
            let weighted = defaults.style().into_iter();
            weighted.map(|(layer, weight)| (layer, if without { 0.0 } else { weight })).collect()
        });
        let style_layers: Vec<usize> = style.iter().map(|&(layer, _)| layer).collect();
        let content_layers: Vec<usize> = builder.content_layers.iter().map(|&(layer, _)| layer).collect();
        for (loss, layers) in [("style", &style_layers), ("content", &content_layers)] {
            if let Some(&layer) = layers
                .iter()
                .enumerate()
                .find_map(|(index, layer)| layers[..index].contains(layer).then_some(layer))
            {
                return Err(TransferError::RepeatedLayer { loss, layer });
            }
        }
        let tv_weight = builder.tv_weight.unwrap_or(defaults.tv_weight);
        let temporal_weight = builder.temporal.map_or(0.0, |temporal| temporal.weight);
        let content_given = builder.content_weight.unwrap_or(0.0);
        let scalars = [("the content weight", content_given), ("the tv weight", tv_weight)];
        let strength = [
            ("the style strength", builder.style_strength),
            ("the weight of moments", builder.style_moments),
            ("the temporal weight", temporal_weight),
        ];
        let style_weights = style.iter().map(|&(_, weight)| ("a style weight", weight));
        let blend = builder.styles.iter().map(|style| ("a style's blend weight", style.blend));
        let content_weights =
            builder.content_layers.iter().map(|&(_, weight)| ("a content layer's weight", weight));
        for (name, value) in
            scalars.into_iter().chain(strength).chain(style_weights).chain(blend).chain(content_weights)
        {
            if !(value.is_finite() && value >= 0.0) {
                return Err(TransferError::InvalidWeight { name, value });
            }
        }
        let weighted = style.iter().map(|&(layer, weight)| (layer, weight * builder.style_strength));
        let weighted: Vec<(usize, f64)> = weighted.filter(|&(_, weight)| weight > 0.0).collect();
        let has_content = builder.content_weight.map_or(builder.content.is_some(), |weight| weight > 0.0);
        let weighted_content = builder.content_layers.iter().copied().filter(|&(_, weight)| weight > 0.0);
        let weighted_content: Vec<(usize, f64)> = weighted_content.filter(|_| has_content).collect();
        let has_content = !weighted_content.is_empty();
        if !has_content && tv_weight == 0.0 && weighted.is_empty() {
            return Err(TransferError::NoLoss);
        }
        if !weighted.is_empty() && builder.styles.is_empty() {
            return Err(TransferError::NoStyle);
        }
        if !weighted.is_empty() && builder.styles.iter().all(|style| style.blend == 0.0) {
            return Err(TransferError::EmptyBlend);
        }
        if has_content && builder.content.is_none() {
            let remedy = "set the content weight to 0";
            return Err(TransferError::NoContent { purpose: "the content loss", remedy });
        }
        let start = Start::new(&builder, (height, width))?;
        let least = least_side(&builder, &style_layers, (height, width))?;
        let from_noise = start.is_noise();
        let scales = builder.scales.scales((height, width), least, builder.schedule, from_noise)?;
        if builder.optimizer == OptimizerKind::Lbfgs && builder.learning_rate.is_some() {
            return Err(TransferError::UnusedLearningRate);
        }
        if builder.optimizer == OptimizerKind::Lbfgs && builder.normalize_gradients {
            return Err(TransferError::NormalizedLbfgs);
        }
        if builder.seamless && builder.content.is_some() {
            return Err(TransferError::SeamlessContent);
        }
        let jitter = match (builder.jitter, builder.schedule, builder.optimizer) {
            (Some(jitter), ..) if jitter > MAX_JITTER => {
                return Err(TransferError::TooMuchJitter { jitter, most: MAX_JITTER });
            }
            (Some(2..), _, OptimizerKind::Lbfgs) => return Err(TransferError::JitterWithLbfgs),
            (Some(jitter), ..) => jitter,
            (None, Schedule::Fast, OptimizerKind::Adam) => DEFAULT_JITTER,
            (None, ..) => 0,
        };
        let learning_rate = builder.learning_rate.unwrap_or(match (jitter, builder.schedule) {
            (2.., Schedule::Fast) if from_noise => NOISE_LEARNING_RATE,
            (2.., Schedule::Fast) => JITTER_LEARNING_RATE,
            (_, schedule) => schedule.default_learning_rate(),
        });
        if !(learning_rate.is_finite() && learning_rate > 0.0) {
            return Err(TransferError::InvalidLearningRate(learning_rate));
        }
        if let Some(rate) = builder.stop_below.filter(|rate| !(0.0..=1.0).contains(rate)) {
            return Err(TransferError::InvalidStop(rate));
        }
        let pictures = Pictures::new(&builder, (height, width))?;
        let footprint = Footprint::new(&builder, &pictures, &style_layers, jitter);
        footprint.manner((height, width))?;

        let more = if scales.len() > 1 && !builder.normalize_gradients { CONTENT_OF_SCALES } else { 1.0 };
        let default_content = if has_content { defaults.content_weight * more } else { 0.0 };
        let problem = Problem {
            network: builder.network.clone(),
            finish: Finish::new(&builder, &pictures),
            pictures,
            footprint,
            start,
            scales,
            deepest_layer: style_layers.iter().chain(&content_layers).copied().max().unwrap_or(0),
            content_layers: weighted_content,
            seen_by: content_layers,
            content_weight: builder.content_weight.unwrap_or(default_content),
            style_layers: weighted,
            tv_weight,
            temporal_weight,
            moments: builder.style_moments,
            normalizes: builder.normalize_gradients,
            seamless: builder.seamless,
            jitter: jitter.max(1),
            seed: builder.seed,
            optimizer: builder.optimizer,
            own_optimizer: builder.own_optimizer,
            learning_rate,
            stop_below: builder.stop_below,
            schedule: builder.schedule,
            inspectable: builder.inspectable,
            // In a team, all must take part in every addition, whether it is known here or not.
            style_cache: builder.style_cache.filter(|_| builder.team.is_none()),
            members: builder.team.map(Members::new),
        };
        problem.check_team()?;
        Ok(problem)
    }

    /// Refuses what the members of a team cannot do together.
    fn check_team(&self) -> Result<(), TransferError> {
        if self.members.is_none() {
            return Ok(());
        }
        let whole = [
            (self.optimizer != OptimizerKind::Adam, "L-BFGS"),
            (self.own_optimizer.is_some(), "an optimizer of one's own"),
            (self.seamless, "a seamless texture"),
            (self.normalizes, "the normalization of gradients"),
            (self.inspectable, "a tape that is inspected"),
            (self.schedule.repeats_border() && !self.has_canvas(), "a run without jitter"),
            (self.drifts(), "a picture without a content loss"),
        ];
        match whole.iter().find(|(applies, _)| *applies) {
            Some((_, what)) => Err(TransferError::NotInTeam(what)),
            None => Ok(()),
        }
    }

    /// Height and width of the result, in pixels.
    pub(super) fn size(&self) -> (usize, usize) {
        self.scales.last().map_or((0, 0), |scale| (scale.height, scale.width))
    }

    /// The weights of content loss and total variation at a size: both are sums over positions, so that they weigh more
    /// where there are fewer.
    pub(super) fn weights(&self, scale: &Scale) -> (f64, f64) {
        let (height, width) = self.size();
        // Strengths are the same at all sizes.
        let ratio = if self.normalizes { 1.0 } else { (height as f64 * width as f64) / scale.area() };
        (self.content_weight * ratio, self.tv_weight * ratio)
    }

    /// How the tape of a size is replayed.
    pub(super) fn manner(&self, scale: &Scale) -> Result<Manner, TransferError> {
        self.footprint.manner((scale.height, scale.width))
    }

    /// Bytes that a size needs, at its peak.
    pub(super) fn bytes(&self, scale: &Scale) -> Result<u64, TransferError> {
        self.footprint.bytes((scale.height, scale.width), self.manner(scale)?)
    }

    /// Whether colors drift, as no content holds them.
    fn drifts(&self) -> bool {
        self.schedule == Schedule::Fast && self.content_weight == 0.0 && !self.style_layers.is_empty()
    }

    /// The colors that a picture of this size is given back, where no content holds them; with the place of each.
    pub(super) fn colors(&self, scale: &Scale) -> Vec<(Colors, Option<Array2<f32>>)> {
        if !self.drifts() {
            return Vec::new();
        }
        let colors = |region: Region| {
            let styles: Vec<_> = self.pictures.styles(scale, &region.styles).collect();
            (Colors::of(&styles), region.mask)
        };
        self.pictures.regions(scale).into_iter().map(colors).collect()
    }

    /// The picture to start from, (1, H, W, 3), at the first size.
    pub(super) fn start(&self) -> Array4<f32> {
        self.start.picture(self)
    }

    /// The share of the pixels that no style covers and that are not kept.
    pub(super) fn unpainted(&self) -> f64 {
        if self.style_layers.is_empty() { 0.0 } else { self.pictures.unpainted() }
    }

    /// Rows and columns of a picture of this size that a content layer sees.
    pub(super) fn seen(&self, scale: &Scale) -> [usize; 2] {
        [scale.height, scale.width].map(|length| {
            let seen = |&layer: &usize| architecture::seen_length(layer, length, self.network.rounding());
            self.seen_by.iter().filter_map(seen).max().unwrap_or(length)
        })
    }

    /// `x` as it is; where gradients are normalized, with one of this strength.
    pub(super) fn of_strength(&self, tape: &mut Tape<f32>, x: Var, strength: f64) -> Result<Var, TapeError> {
        match self.normalizes {
            true => tape.normalize_gradient(x, strength as f32),
            false => Ok(x),
        }
    }

    /// The shifts of the picture on its canvas.
    pub(super) fn shifts(&self) -> Vec<[usize; 2]> {
        let mut shifts = jitter::shifts(self.jitter);
        if self.seamless {
            // Far from the canvas's edges, where the network sees less, and spread out, with the same remainders of 4.
            let before = self.seam() / 2;
            shifts.iter_mut().flatten().for_each(|pixels| *pixels = before + 5 * *pixels);
        }
        shifts
    }

    /// Pixels by which a canvas is larger than a seamless picture: what the deepest layer sees, half of it on either side,
    /// so that every place is there once with all of its surroundings.
    fn seam(&self) -> usize {
        match self.seamless {
            true => architecture::receptive_field(self.deepest_layer).map_or(0, |(side, _)| side),
            false => 0,
        }
    }

    /// Whether the picture lies on a canvas at all.
    pub(super) fn has_canvas(&self) -> bool {
        self.jitter > 1 || self.seamless
    }

    /// Rows and columns of the canvas that the picture is shifted on: large enough for every shift, and for the deepest
    /// layer to see all of the picture, to its last row and column, at each.
    pub(super) fn canvas(&self, scale: &Scale) -> [usize; 2] {
        let (layer, rounding) = (self.deepest_layer, self.network.rounding());
        let room = self.shifts().into_iter().flatten().max().unwrap_or(0).max(self.seam());
        [scale.height, scale.width].map(|length| {
            let shifted = length + room;
            let seen = |canvas| architecture::seen_length(layer, canvas, rounding);
            (shifted..).find(|&canvas| seen(canvas).is_none_or(|seen| seen >= shifted)).unwrap_or(shifted)
        })
    }
}

/// The least shorter side at which the picture, and each style image beside it, reach every layer; an error if they do
/// not at the result's own size.
fn least_side(
    builder: &StyleTransferBuilder<'_>,
    style_layers: &[usize],
    (height, width): (usize, usize),
) -> Result<usize, TransferError> {
    let content_layers = builder.content_layers.iter().map(|&(layer, _)| layer);
    let layers: Vec<usize> = style_layers.iter().copied().chain(content_layers).collect();
    let reaches = |name, height, width| {
        let result = builder.network.check_size(height, width, &layers);
        result.map_err(|source| TransferError::Features { name, source })
    };
    reaches("the result", height, width)?;
    let minimum = |layer: &usize| {
        let minimum = architecture::minimum_image_size(*layer, builder.network.rounding());
        minimum.ok_or(TransferError::Features {
            name: "the result",
            source: FeatureError::NoSuchLayer { layer: *layer },
        })
    };
    let minimum = layers.iter().map(minimum).collect::<Result<Vec<_>, _>>()?.into_iter().max().unwrap_or(1);
    let side = height.min(width);
    let mut least = minimum;
    for style in &builder.styles {
        let (height, width) = picture_size("a style image", style.picture, &[3])?;
        reaches("a style image", height, width)?;
        // A style image is shrunk with the picture.
        let of_style = (minimum as f64 * side as f64 / height.min(width) as f64).ceil() as usize;
        least = least.max(of_style);
    }
    Ok(least.min(side))
}
