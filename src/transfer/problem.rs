//! A run's pictures and settings after all defaults are filled in and everything is checked; nothing is computed here.

use super::builder::StyleTransferBuilder;
use super::choices::{Init, MakeOptimizer, OptimizerKind, PreserveColors};
use super::color_map::{self, ColorMap};
use super::colors::Colors;
use super::error::TransferError;
use super::finish::Finish;
use super::footprint::{Footprint, Manner};
use super::jitter::MAX_JITTER;
use super::scale::Scale;
use crate::image::{preprocess_image, resize_image_to, resize_preprocessed, to_gray};
use crate::preset::LossWeights;
use crate::schedule::Schedule;
use impasto_squeezenet::{FeatureError, SqueezeNet, architecture};
use ndarray::{ArcArray, Array3, Array4, Axis, Ix3};

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

/// All that a run needs.
pub(super) struct Problem {
    pub(super) network: SqueezeNet,
    content: Option<ArcArray<u8, Ix3>>,
    footprint: Footprint,
    styles: Vec<StyleImage>,
    /// What happens to a picture on its way out.
    pub(super) finish: Finish,
    start: Start,
    /// Coarse to fine; at least one.
    pub(super) scales: Vec<Scale>,
    pub(super) content_layer: usize,
    /// At the last size.
    content_weight: f64,
    /// The deepest layer that the losses name, whatever its weight: so what a loss is does not depend on the weights.
    deepest_layer: usize,
    /// Layers whose weight is above 0, with the weight.
    pub(super) style_layers: Vec<(usize, f64)>,
    /// At the last size.
    tv_weight: f64,
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
}

/// A style image, (H, W, 3).
pub(super) struct StyleImage {
    pub(super) picture: Array3<u8>,
    /// The weight of its Gram matrices.
    pub(super) blend: f64,
    /// What its colors become before it is looked at.
    pub(super) colors: Option<ColorMap>,
}

/// What the picture starts from.
enum Start {
    Content,
    Noise { seed: u64 },
    Blend { noise: f32, seed: u64 },
    StylePixels { seed: u64 },
    Image(Array4<f32>),
}

impl Problem {
    pub(super) fn new(builder: StyleTransferBuilder<'_>) -> Result<Problem, TransferError> {
        let (height, width) = match (builder.content, builder.canvas) {
            (Some(content), _) => picture_size("the content image", content)?,
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
        let defaults = LossWeights::for_area(height, width);
        let style = builder.style.clone().unwrap_or_else(|| {
            let without = builder.styles.is_empty();
            let weighted = defaults.style().into_iter();
            weighted.map(|(layer, weight)| (layer, if without { 0.0 } else { weight })).collect()
        });
        let style_layers: Vec<usize> = style.iter().map(|&(layer, _)| layer).collect();
        for (index, layer) in style_layers.iter().enumerate() {
            if style_layers[..index].contains(layer) {
                return Err(TransferError::RepeatedLayer(*layer));
            }
        }
        let tv_weight = builder.tv_weight.unwrap_or(defaults.tv_weight);
        let content_given = builder.content_weight.unwrap_or(0.0);
        let scalars = [("the content weight", content_given), ("the tv weight", tv_weight)];
        let strength = [("the style strength", builder.style_strength)];
        let style_weights = style.iter().map(|&(_, weight)| ("a style weight", weight));
        let blend = builder.styles.iter().map(|&(_, blend)| ("a style's blend weight", blend));
        for (name, value) in scalars.into_iter().chain(strength).chain(style_weights).chain(blend) {
            if !(value.is_finite() && value >= 0.0) {
                return Err(TransferError::InvalidWeight { name, value });
            }
        }
        let weighted = style.iter().map(|&(layer, weight)| (layer, weight * builder.style_strength));
        let weighted: Vec<(usize, f64)> = weighted.filter(|&(_, weight)| weight > 0.0).collect();
        let has_content = builder.content_weight.map_or(builder.content.is_some(), |weight| weight > 0.0);
        if !has_content && tv_weight == 0.0 && weighted.is_empty() {
            return Err(TransferError::NoLoss);
        }
        if !weighted.is_empty() && builder.styles.is_empty() {
            return Err(TransferError::NoStyle);
        }
        if !weighted.is_empty() && builder.styles.iter().all(|&(_, blend)| blend == 0.0) {
            return Err(TransferError::EmptyBlend);
        }
        if has_content && builder.content.is_none() {
            let remedy = "set the content weight to 0";
            return Err(TransferError::NoContent { purpose: "the content loss", remedy });
        }
        let start = start(&builder, (height, width))?;
        let least = least_side(&builder, &style_layers, (height, width))?;
        let from_noise = matches!(start, Start::Noise { .. } | Start::StylePixels { .. });
        let scales = builder.scales.scales((height, width), least, builder.schedule, from_noise)?;
        if builder.optimizer == OptimizerKind::Lbfgs && builder.learning_rate.is_some() {
            return Err(TransferError::UnusedLearningRate);
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
        let footprint = Footprint::new(&builder, (height, width), &style_layers, jitter);
        footprint.manner((height, width))?;

        let (content, chroma) = match (builder.content, builder.preserve_colors) {
            (Some(content), PreserveColors::Luminance) => {
                (Some(to_gray(content.view()).into_shared()), Some(content.to_shared()))
            }
            (content, _) => (content.map(|content| content.to_shared()), None),
        };
        let styles = style_images(&builder, content.as_ref())?;

        let more = if scales.len() > 1 { CONTENT_OF_SCALES } else { 1.0 };
        let default_content = if has_content { defaults.content_weight * more } else { 0.0 };
        Ok(Problem {
            network: builder.network.clone(),
            content,
            styles,
            finish: Finish {
                size: (height, width),
                rescales: builder.schedule.rescales(),
                chroma,
                gray: builder.gray,
            },
            footprint,
            start,
            scales,
            content_layer: builder.content_layer,
            deepest_layer: style_layers.iter().copied().fold(builder.content_layer, usize::max),
            content_weight: builder.content_weight.unwrap_or(default_content),
            style_layers: weighted,
            tv_weight,
            jitter: jitter.max(1),
            seed: builder.seed,
            optimizer: builder.optimizer,
            own_optimizer: builder.own_optimizer,
            learning_rate,
            stop_below: builder.stop_below,
            schedule: builder.schedule,
            inspectable: builder.inspectable,
        })
    }

    /// Height and width of the result, in pixels.
    pub(super) fn size(&self) -> (usize, usize) {
        self.scales.last().map_or((0, 0), |scale| (scale.height, scale.width))
    }

    /// The weights of content loss and total variation at a size: both are sums over positions, so that they weigh more
    /// where there are fewer.
    pub(super) fn weights(&self, scale: &Scale) -> (f64, f64) {
        let (height, width) = self.size();
        let ratio = (height as f64 * width as f64) / scale.area();
        (self.content_weight * ratio, self.tv_weight * ratio)
    }

    /// The content image at a size, (1, H, W, 3) in preprocessed units.
    pub(super) fn content(&self, scale: &Scale) -> Option<Array4<f32>> {
        Some(preprocess_image(self.content_picture(scale)?.view()))
    }

    /// The same as a picture, (H, W, 3).
    pub(super) fn content_picture(&self, scale: &Scale) -> Option<ArcArray<u8, Ix3>> {
        let content = self.content.as_ref()?;
        match content.dim() == (scale.height, scale.width, 3) {
            true => Some(content.clone()),
            false => Some(resize_image_to(content.view(), scale.height, scale.width).into_shared()),
        }
    }

    /// How the tape of a size is replayed.
    pub(super) fn manner(&self, scale: &Scale) -> Result<Manner, TransferError> {
        self.footprint.manner((scale.height, scale.width))
    }

    /// Bytes that a size needs, at its peak.
    pub(super) fn bytes(&self, scale: &Scale) -> Result<u64, TransferError> {
        self.footprint.bytes((scale.height, scale.width), self.manner(scale)?)
    }

    /// The style images at a size, each (1, H, W, 3) in preprocessed units, with the weights of their Gram matrices.
    pub(super) fn styles(&self, scale: &Scale) -> impl Iterator<Item = (Array4<f32>, f64)> {
        self.style_pictures(scale)
            .map(|style| (color_map::preprocess(style.picture.view(), style.colors), style.blend))
    }

    /// The same as pictures, (H, W, 3).
    pub(super) fn style_pictures(&self, scale: &Scale) -> impl Iterator<Item = StyleImage> {
        let (height, width) = self.size();
        let ratio = scale.height.min(scale.width) as f64 / height.min(width) as f64;
        self.styles.iter().map(move |style| {
            let (own_height, own_width, _) = style.picture.dim();
            let [height, width] =
                [own_height, own_width].map(|side| ((side as f64 * ratio).round() as usize).max(1));
            let picture = resize_image_to(style.picture.view(), height, width);
            StyleImage { picture, blend: style.blend, colors: style.colors }
        })
    }

    /// The sum of the style images' blend weights.
    pub(super) fn all_blends(&self) -> f64 {
        self.styles.iter().map(|style| style.blend).sum()
    }

    /// The colors that a picture of this size is given back, where no content holds them.
    pub(super) fn colors(&self, scale: &Scale) -> Option<Colors> {
        let drifts =
            self.schedule == Schedule::Fast && self.content_weight == 0.0 && !self.style_layers.is_empty();
        drifts.then(|| Colors::of(&self.styles(scale).collect::<Vec<_>>()))
    }

    /// The picture to start from, (1, H, W, 3), at the first size.
    pub(super) fn start(&self) -> Array4<f32> {
        let scale = &self.scales[0];
        let noise = |seed| {
            let mut random = fastrand::Rng::with_seed(seed);
            Array4::from_shape_simple_fn((1, scale.height, scale.width, 3), || random.f32())
        };
        match &self.start {
            Start::Image(image) => resize_preprocessed(image.view(), scale.height, scale.width),
            Start::Content => self.content(scale).unwrap_or_else(|| noise(0)),
            Start::Noise { seed } => noise(*seed),
            &Start::Blend { noise: share, seed } => {
                let mut image = self.content(scale).unwrap_or_else(|| noise(0));
                image.zip_mut_with(&noise(seed), |value, noise| *value += share * (noise - *value));
                image
            }
            Start::StylePixels { seed } => self.style_pixels(scale, *seed),
        }
    }

    /// A picture, (1, H, W, 3), whose pixels are drawn from the style images.
    fn style_pixels(&self, scale: &Scale, seed: u64) -> Array4<f32> {
        let mut random = fastrand::Rng::with_seed(seed);
        let styles: Vec<(Array4<f32>, f64)> = self.styles(scale).collect();
        let all_blends = self.all_blends();
        let mut image = Array4::zeros((1, scale.height, scale.width, 3));
        for mut pixel in image.lanes_mut(Axis(3)) {
            let mut left = random.f64() * all_blends;
            // Rounding may leave a little over behind the last; images without weight are never drawn.
            let drawn = styles.iter().filter(|&&(_, blend)| blend > 0.0).reduce(|drawn, next| {
                left -= drawn.1;
                if left < 0.0 { drawn } else { next }
            });
            let Some((style, _)) = drawn else { break };
            let (_, height, width, _) = style.dim();
            let (y, x) = (random.usize(..height), random.usize(..width));
            (0..3).for_each(|channel| pixel[channel] = style[[0, y, x, channel]]);
        }
        image
    }

    /// Rows and columns of a picture of this size that the content layer sees.
    pub(super) fn seen(&self, scale: &Scale) -> [usize; 2] {
        [scale.height, scale.width].map(|length| {
            architecture::seen_length(self.content_layer, length, self.network.rounding()).unwrap_or(length)
        })
    }

    /// Rows and columns of the canvas that the picture is shifted on: large enough for every shift, and for the deepest
    /// layer to see all of the picture, to its last row and column, at each.
    pub(super) fn canvas(&self, scale: &Scale) -> [usize; 2] {
        let (layer, rounding) = (self.deepest_layer, self.network.rounding());
        [scale.height, scale.width].map(|length| {
            let shifted = length + self.jitter - 1;
            let seen = |canvas| architecture::seen_length(layer, canvas, rounding);
            (shifted..).find(|&canvas| seen(canvas).is_none_or(|seen| seen >= shifted)).unwrap_or(shifted)
        })
    }
}

/// The style images in the colors that they have for this run.
fn style_images(
    builder: &StyleTransferBuilder<'_>,
    content: Option<&ArcArray<u8, Ix3>>,
) -> Result<Vec<StyleImage>, TransferError> {
    let images = builder.styles.iter().map(|&(picture, blend)| match (builder.preserve_colors, content) {
        (PreserveColors::None, _) => Ok(StyleImage { picture: picture.clone(), blend, colors: None }),
        (_, None) => {
            let remedy = "let the result take on the style images' colors";
            Err(TransferError::NoContent { purpose: "the colors to preserve", remedy })
        }
        (kept, Some(content)) => {
            let picture = match kept {
                PreserveColors::Luminance => to_gray(picture.view()),
                _ => picture.clone(),
            };
            let colors = Some(ColorMap::between(picture.view(), content.view()));
            Ok(StyleImage { picture, blend, colors })
        }
    });
    images.collect()
}

/// What the picture starts from; an image must have the result's size.
fn start(
    builder: &StyleTransferBuilder<'_>,
    (height, width): (usize, usize),
) -> Result<Start, TransferError> {
    if let Some(image) = builder.init_image {
        if image.dim() != (1, height, width, 3) {
            let (_, given_height, given_width, _) = image.dim();
            return Err(TransferError::InitSize { given_height, given_width, height, width });
        }
        if !image.iter().all(|value| value.is_finite()) {
            return Err(TransferError::NonFiniteInit);
        }
        return Ok(Start::Image(image.clone()));
    }
    let has_style = builder.styles.iter().any(|&(_, blend)| blend > 0.0);
    match (builder.init, builder.content) {
        (None | Some(Init::Content), Some(_)) => Ok(Start::Content),
        (Some(Init::Random { seed }), _) => Ok(Start::Noise { seed }),
        (Some(Init::Blend { noise: noise @ 101.., .. }), _) => Err(TransferError::InvalidBlend(noise)),
        (Some(Init::Blend { noise, seed }), Some(_)) => {
            Ok(Start::Blend { noise: f32::from(noise) / 100.0, seed })
        }
        (Some(Init::StylePixels { seed }), _) if has_style => Ok(Start::StylePixels { seed }),
        (Some(Init::StylePixels { .. }), _) => Err(TransferError::NoStyle),
        (None, None) if has_style && builder.schedule == Schedule::Fast => Ok(Start::StylePixels { seed: 0 }),
        (None, None) => Ok(Start::Noise { seed: 0 }),
        (Some(Init::Content | Init::Blend { .. }), None) => {
            Err(TransferError::NoContent { purpose: "the init", remedy: "start from noise" })
        }
    }
}

/// The least shorter side at which the picture, and each style image beside it, reach every layer; an error if they do
/// not at the result's own size.
fn least_side(
    builder: &StyleTransferBuilder<'_>,
    style_layers: &[usize],
    (height, width): (usize, usize),
) -> Result<usize, TransferError> {
    let layers = [style_layers, &[builder.content_layer]].concat();
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
    for (style, _) in &builder.styles {
        let (height, width) = picture_size("a style image", style)?;
        reaches("a style image", height, width)?;
        // A style image is shrunk with the picture.
        let of_style = (minimum as f64 * side as f64 / height.min(width) as f64).ceil() as usize;
        least = least.max(of_style);
    }
    Ok(least.min(side))
}

/// Height and width of a picture that has pixels.
fn picture_size(name: &'static str, picture: &Array3<u8>) -> Result<(usize, usize), TransferError> {
    match picture.dim() {
        (height, width, 3) if height > 0 && width > 0 => Ok((height, width)),
        _ => Err(TransferError::NotAPicture { name, shape: picture.shape().to_vec() }),
    }
}
