//! Everything that a run needs, checked before the first iteration.

use super::{Settings, StyleTransfer, Terms, TransferError};
use crate::image::preprocess_image;
use crate::loss::{content_loss, gram_matrix, style_distance, tv_loss, weighted_style_loss};
use crate::memory;
use crate::preset::LossWeights;
use crate::schedule::Schedule;
use impasto_autodiff::{Tape, Var};
use impasto_squeezenet::{FeatureError, SqueezeNet, architecture};
use ndarray::{Array2, Array3, Array4, ArrayD, Ix2};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// The most threads of a session: far above any machine, far below where starting them exhausts one.
pub const MOST_THREADS: usize = 1024;

/// What the picture is before the first iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Init {
    /// The content image.
    Content,
    /// Noise, uniform in [0, 1) in preprocessed units, the notebook's random init.
    Random {
        /// The same seed gives the same noise.
        seed: u64,
    },
}

/// The optimizer of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OptimizerKind {
    /// [`Adam`](crate::optimizer::Adam).
    #[default]
    Adam,
    /// [`Lbfgs`](crate::optimizer::Lbfgs); it chooses its own step, so there is no learning rate.
    Lbfgs,
}

/// Collects the pictures and settings of a [`StyleTransfer`]. What is not set has a default that suits
/// any photograph and painting.
///
/// ```
/// use impasto::{OptimizerKind, PoolRounding, Preset, SqueezeNet, StyleTransfer, TransferError, Weights};
/// use ndarray::Array3;
///
/// # let picture = |seed: usize| {
/// #     Array3::from_shape_fn((32, 40, 3), |(y, x, c)| ((y * y + seed * x + 40 * c) % 256) as u8)
/// # };
/// # let (photograph, painting) = (picture(3), picture(7));
/// # let network = SqueezeNet::new(Weights::built_in(), PoolRounding::Floor);
///
/// // The notebook's starry night, with another optimizer.
/// let starry = Preset::find("starry").expect("one of the five");
/// let session = StyleTransfer::builder(&network)
///     .content(&photograph)
///     .style(&painting, 1.0)
///     .loss_weights(&starry.weights)
///     .init(starry.init)
///     .schedule(Preset::SCHEDULE)
///     .optimizer(OptimizerKind::Lbfgs)
///     .build()?;
/// assert_eq!((session.size(), session.iterations()), ((32, 40), 200));
///
/// // A texture has no content: noise becomes the painting's strokes.
/// let texture = StyleTransfer::builder(&network).style(&painting, 1.0).canvas(48, 64).build()?;
/// assert_eq!(texture.size(), (48, 64));
///
/// // What does not do is refused before anything is computed.
/// let refused = StyleTransfer::builder(&network).content(&photograph).style_layers(&[1, 4], &[1.0]).build();
/// assert!(matches!(refused, Err(TransferError::UnequalLists { layers: 2, weights: 1 })));
/// # Ok::<(), impasto::TransferError>(())
/// ```
#[derive(Clone)]
pub struct StyleTransferBuilder<'a> {
    network: &'a SqueezeNet,
    content: Option<&'a Array3<u8>>,
    styles: Vec<(&'a Array3<u8>, f64)>,
    canvas: Option<(usize, usize)>,
    content_layer: usize,
    content_weight: Option<f64>,
    style: Option<(Vec<usize>, Vec<f64>)>,
    tv_weight: Option<f64>,
    init: Option<Init>,
    init_image: Option<&'a Array4<f32>>,
    schedule: Schedule,
    optimizer: OptimizerKind,
    iterations: Option<usize>,
    learning_rate: Option<f64>,
    threads: Option<usize>,
    inspectable: bool,
}

/// The settings after all defaults are filled in.
struct Problem {
    height: usize,
    width: usize,
    content_weight: f64,
    style_layers: Vec<usize>,
    style_weights: Vec<f64>,
    tv_weight: f64,
}

impl<'a> StyleTransferBuilder<'a> {
    pub(super) fn new(network: &'a SqueezeNet) -> Self {
        StyleTransferBuilder {
            network,
            content: None,
            styles: Vec::new(),
            canvas: None,
            content_layer: 3,
            content_weight: None,
            style: None,
            tv_weight: None,
            init: None,
            init_image: None,
            schedule: Schedule::default(),
            optimizer: OptimizerKind::default(),
            iterations: None,
            learning_rate: None,
            threads: None,
            inspectable: false,
        }
    }

    /// The content image, (H, W, 3); the result has its size.
    pub fn content(mut self, picture: &'a Array3<u8>) -> Self {
        self.content = Some(picture);
        self
    }

    /// A style image, (H, W, 3), of any size. Of several, the Gram matrices are averaged with the
    /// `blend` weights.
    pub fn style(mut self, picture: &'a Array3<u8>, blend: f64) -> Self {
        self.styles.push((picture, blend));
        self
    }

    /// Height and width of the result in pixels, where no content image gives them.
    pub fn canvas(mut self, height: usize, width: usize) -> Self {
        self.canvas = Some((height, width));
        self
    }

    /// The layer of the content loss; 3 unless set.
    pub fn content_layer(mut self, layer: usize) -> Self {
        self.content_layer = layer;
        self
    }

    /// The weight of the content loss.
    ///
    /// Unless set, that of [`LossWeights::for_area`], or 0 without a content image. At 0 the loss is not computed.
    pub fn content_weight(mut self, weight: f64) -> Self {
        self.content_weight = Some(weight);
        self
    }

    /// The layers of the style loss, and the weight of each.
    ///
    /// Unless set, those of [`LossWeights::for_area`], or weights of 0 without a style image.
    pub fn style_layers(mut self, layers: &[usize], weights: &[f64]) -> Self {
        self.style = Some((layers.to_vec(), weights.to_vec()));
        self
    }

    /// The weight of the total variation.
    ///
    /// Unless set, that of [`LossWeights::for_area`].
    pub fn tv_weight(mut self, weight: f64) -> Self {
        self.tv_weight = Some(weight);
        self
    }

    /// All layers and weights at once, such as a preset's.
    pub fn loss_weights(self, weights: &LossWeights) -> Self {
        self.content_layer(weights.content_layer)
            .content_weight(weights.content_weight)
            .style_layers(&weights.style_layers, &weights.style_weights)
            .tv_weight(weights.tv_weight)
    }

    /// What the picture starts from: the content image unless set, noise where there is none.
    pub fn init(mut self, init: Init) -> Self {
        self.init = Some(init);
        self
    }

    /// A picture to start from, (1, H, W, 3) in preprocessed units and of the result's size.
    pub fn init_image(mut self, image: &'a Array4<f32>) -> Self {
        self.init_image = Some(image);
        self
    }

    /// How the learning rate falls and pixels are clamped.
    ///
    /// [`Schedule::Fast`] unless set.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// The optimizer.
    ///
    /// [`OptimizerKind::Adam`] unless set.
    pub fn optimizer(mut self, optimizer: OptimizerKind) -> Self {
        self.optimizer = optimizer;
        self
    }

    /// The number of iterations; the schedule's unless set.
    pub fn iterations(mut self, iterations: usize) -> Self {
        self.iterations = Some(iterations);
        self
    }

    /// Adam's learning rate, in preprocessed pixel units; the schedule's unless set.
    pub fn learning_rate(mut self, learning_rate: f64) -> Self {
        self.learning_rate = Some(learning_rate);
        self
    }

    /// The number of threads; one for each core unless set. The result does not depend on it.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Keeps every value and gradient, for [`StyleTransfer::explain`]: twice the memory, and somewhat slower.
    pub fn inspectable(mut self) -> Self {
        self.inspectable = true;
        self
    }

    /// Checks everything, computes what the picture is compared with, and records the tape.
    ///
    /// # Errors
    /// [`TransferError`] names the setting or picture that does not do, and the remedy.
    pub fn build(self) -> Result<StyleTransfer, TransferError> {
        let problem = self.problem()?;
        let iterations = self.iterations.unwrap_or(self.schedule.default_iterations());
        if iterations == 0 {
            return Err(TransferError::NoIterations);
        }
        if self.optimizer == OptimizerKind::Lbfgs && self.learning_rate.is_some() {
            return Err(TransferError::UnusedLearningRate);
        }
        let learning_rate = self.learning_rate.unwrap_or(self.schedule.default_learning_rate());
        if !(learning_rate.is_finite() && learning_rate > 0.0) {
            return Err(TransferError::InvalidLearningRate(learning_rate));
        }
        let threads = self.threads.unwrap_or(0);
        if threads > MOST_THREADS {
            return Err(TransferError::TooManyThreads { threads, most: MOST_THREADS });
        }
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|source| TransferError::Threads { threads, source })?;
        let (tape, image, terms) = self.record(&problem, &pool)?;
        let seen = [problem.height, problem.width].map(|length| {
            architecture::seen_length(self.content_layer, length, self.network.rounding()).unwrap_or(length)
        });
        let StyleTransferBuilder { optimizer, schedule, inspectable, .. } = self;
        let settings = Settings { iterations, optimizer, learning_rate, schedule, seen, inspectable };
        Ok(StyleTransfer { tape, image, terms, settings, pool })
    }

    /// Fills in the defaults and checks the numbers and sizes.
    fn problem(&self) -> Result<Problem, TransferError> {
        let (height, width) = match (self.content, self.canvas) {
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
        let (style_layers, style_weights) = self.style.clone().unwrap_or_else(|| {
            let without = self.styles.is_empty();
            let weights = if without { vec![0.0; 4] } else { defaults.style_weights.to_vec() };
            (defaults.style_layers.to_vec(), weights)
        });
        let default_content = if self.content.is_some() { defaults.content_weight } else { 0.0 };
        let problem = Problem {
            height,
            width,
            content_weight: self.content_weight.unwrap_or(default_content),
            style_layers,
            style_weights,
            tv_weight: self.tv_weight.unwrap_or(defaults.tv_weight),
        };
        self.check(&problem)?;
        Ok(problem)
    }

    fn check(&self, problem: &Problem) -> Result<(), TransferError> {
        let Problem { height, width, style_layers, style_weights, .. } = problem;
        if style_layers.len() != style_weights.len() {
            let (layers, weights) = (style_layers.len(), style_weights.len());
            return Err(TransferError::UnequalLists { layers, weights });
        }
        for (index, layer) in style_layers.iter().enumerate() {
            if style_layers[..index].contains(layer) {
                return Err(TransferError::RepeatedLayer(*layer));
            }
        }
        let scalars = [("the content weight", problem.content_weight), ("the tv weight", problem.tv_weight)];
        let style = style_weights.iter().map(|&weight| ("a style weight", weight));
        let blend = self.styles.iter().map(|&(_, blend)| ("a style's blend weight", blend));
        for (name, value) in scalars.into_iter().chain(style).chain(blend) {
            if !(value.is_finite() && value >= 0.0) {
                return Err(TransferError::InvalidWeight { name, value });
            }
        }
        let has_style = style_weights.iter().any(|&weight| weight > 0.0);
        if problem.content_weight == 0.0 && problem.tv_weight == 0.0 && !has_style {
            return Err(TransferError::NoLoss);
        }
        if has_style && self.styles.is_empty() {
            return Err(TransferError::NoStyle);
        }
        if has_style && self.styles.iter().all(|&(_, blend)| blend == 0.0) {
            return Err(TransferError::InvalidWeight { name: "every style's blend weight", value: 0.0 });
        }
        if problem.content_weight > 0.0 && self.content.is_none() {
            let remedy = "set the content weight to 0";
            return Err(TransferError::NoContent { purpose: "the content loss", remedy });
        }
        if self.init == Some(Init::Content) && self.content.is_none() && self.init_image.is_none() {
            let remedy = "start from noise";
            return Err(TransferError::NoContent { purpose: "the init", remedy });
        }
        let layers = [style_layers.as_slice(), &[self.content_layer]].concat();
        let reaches = |name, height, width| {
            let result = self.network.check_size(height, width, &layers);
            result.map_err(|source| TransferError::Features { name, source })
        };
        reaches("the result", *height, *width)?;
        for (style, _) in &self.styles {
            let (height, width) = picture_size("a style image", style)?;
            reaches("a style image", height, width)?;
        }
        let bytes = if self.inspectable { INSPECTABLE_BYTES_PER_PIXEL } else { BYTES_PER_PIXEL };
        check_memory(*height, *width, bytes)
    }

    fn record(&self, problem: &Problem, pool: &ThreadPool) -> Result<(Tape<f32>, Var, Terms), TransferError> {
        let mut tape = Tape::new();
        let content = self.content.map(|content| preprocess_image(content.view()));
        let image = self.init_array(problem, content.as_ref())?;
        let image = tape.variable(&image);
        tape.name(image, "pixels")?;

        let styles: Vec<(usize, f64)> = problem
            .style_layers
            .iter()
            .zip(&problem.style_weights)
            .filter(|(_, weight)| **weight > 0.0)
            .map(|(&layer, &weight)| (layer, weight))
            .collect();
        let style_layers: Vec<usize> = styles.iter().map(|&(layer, _)| layer).collect();
        let content_layer = (problem.content_weight > 0.0).then_some(self.content_layer);
        let content_target = match (&content, content_layer) {
            (Some(content), Some(_)) => {
                let target = pool.install(|| self.content_target(content))?;
                let target = tape.constant(&target);
                Some(tape.name(target, format!("content_target.{}", self.content_layer))?)
            }
            _ => None,
        };
        let style_targets = pool.install(|| self.style_targets(&style_layers))?;
        let style_targets: Vec<Var> = style_targets.iter().map(|target| tape.constant(target)).collect();
        for (&target, layer) in style_targets.iter().zip(&style_layers) {
            tape.name(target, format!("style_target.{layer}"))?;
        }

        // Each loss is recorded right behind its layer: its gradient is then computed when the walk
        // back arrives there, not all of them at once at its beginning.
        let mut content_term = None;
        let mut distances = Vec::new();
        let layers: Vec<usize> = style_layers.iter().copied().chain(content_layer).collect();
        let recorded = self.network.record_each(&mut tape, image, &layers, |tape, layer, features| {
            if let (true, Some(target)) = (content_layer == Some(layer), content_target) {
                content_term = Some(content_loss(tape, problem.content_weight, features, target)?);
            }
            if let Some(index) = style_layers.iter().position(|&style| style == layer) {
                let distance = style_distance(tape, features, style_targets[index])?;
                distances.push((distance, styles[index].1 as f32));
            }
            Ok(())
        });
        recorded.map_err(|source| TransferError::Features { name: "the result", source })?;
        let style_term = match distances.is_empty() {
            true => None,
            false => Some(weighted_style_loss(&mut tape, &distances)?),
        };
        let tv_term = match problem.tv_weight {
            0.0 => None,
            weight => Some(tv_loss(&mut tape, weight, image)?),
        };
        let terms: Vec<Var> = [content_term, style_term, tv_term].into_iter().flatten().collect();
        let summands: Vec<(Var, f32)> = terms.iter().map(|&term| (term, 1.0)).collect();
        let total = tape.weighted_sum(&summands)?;
        tape.name(total, "total_loss")?;
        if !self.inspectable {
            tape.recycle(total, &terms)?;
        }
        Ok((tape, image, Terms { content: content_term, style: style_term, tv: tv_term, total }))
    }

    /// The picture to start from, (1, H, W, 3).
    fn init_array(
        &self,
        problem: &Problem,
        content: Option<&Array4<f32>>,
    ) -> Result<Array4<f32>, TransferError> {
        let &Problem { height, width, .. } = problem;
        let shape = (1, height, width, 3);
        if let Some(image) = self.init_image {
            if image.dim() != shape {
                let (_, given_height, given_width, _) = image.dim();
                return Err(TransferError::InitSize { given_height, given_width, height, width });
            }
            if !image.iter().all(|value| value.is_finite()) {
                return Err(TransferError::NonFiniteInit);
            }
            return Ok(image.clone());
        }
        let noise = |seed| {
            let mut random = fastrand::Rng::with_seed(seed);
            Array4::from_shape_simple_fn(shape, || random.f32())
        };
        Ok(match (self.init, content) {
            (None | Some(Init::Content), Some(content)) => content.clone(),
            (Some(Init::Random { seed }), _) => noise(seed),
            (None | Some(Init::Content), None) => noise(0),
        })
    }

    /// The features that the content loss compares with.
    fn content_target(&self, content: &Array4<f32>) -> Result<ArrayD<f32>, TransferError> {
        let mut tape = Tape::new();
        let image = tape.constant(content);
        let layer = self.content_layer;
        let features = self.network.record(&mut tape, image, &[layer]);
        let features = features.and_then(|all| all.get(layer).ok_or(FeatureError::NoSuchLayer { layer }));
        let features =
            features.map_err(|source| TransferError::Features { name: "the content image", source })?;
        tape.recycle(features, &[])?;
        tape.forward();
        Ok(tape.value(features)?.to_owned())
    }

    /// The Gram matrix of each layer that the style loss compares with: the blend of all styles'.
    fn style_targets(&self, layers: &[usize]) -> Result<Vec<Array2<f32>>, TransferError> {
        let all_blends: f64 = self.styles.iter().map(|&(_, blend)| blend).sum();
        let mut targets: Vec<Array2<f32>> = Vec::new();
        for &(style, blend) in &self.styles {
            let mut tape = Tape::new();
            let image = tape.constant(&preprocess_image(style.view()));
            let features = self.network.record(&mut tape, image, layers);
            let features =
                features.map_err(|source| TransferError::Features { name: "a style image", source })?;
            let mut grams = Vec::new();
            for &layer in layers {
                let features = features.get(layer).ok_or(FeatureError::NoSuchLayer { layer });
                let features =
                    features.map_err(|source| TransferError::Features { name: "a style image", source })?;
                grams.push(gram_matrix(&mut tape, features, true)?);
            }
            if let Some(&last) = grams.last() {
                tape.recycle(last, &grams)?;
            }
            tape.forward();
            for (index, &gram) in grams.iter().enumerate() {
                let gram = tape.value(gram)?.into_dimensionality::<Ix2>().expect("a Gram matrix is (C, C)");
                let share = gram.mapv(|value| value * (blend / all_blends) as f32);
                match targets.get_mut(index) {
                    Some(target) => *target += &share,
                    None => targets.push(share),
                }
            }
        }
        Ok(targets)
    }
}

/// What a run needs; measured at 1024x1365 with the default layers.
pub(crate) const BYTES_PER_PIXEL: u64 = 300;

/// What it needs when buffers are not shared; measured likewise.
const INSPECTABLE_BYTES_PER_PIXEL: u64 = 600;

/// Refuses a result of `height` x `width` pixels that needs more memory than there is.
pub(crate) fn check_memory(height: usize, width: usize, bytes_per_pixel: u64) -> Result<(), TransferError> {
    let needed = (height as u64).saturating_mul(width as u64).saturating_mul(bytes_per_pixel);
    match memory::available_bytes() {
        Some(available) if needed > available => {
            Err(TransferError::TooLarge { height, width, needed, available })
        }
        _ => Ok(()),
    }
}

/// Height and width of a picture that has pixels.
fn picture_size(name: &'static str, picture: &Array3<u8>) -> Result<(usize, usize), TransferError> {
    match picture.dim() {
        (height, width, 3) if height > 0 && width > 0 => Ok((height, width)),
        _ => Err(TransferError::NotAPicture { name, shape: picture.shape().to_vec() }),
    }
}
