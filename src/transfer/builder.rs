//! Pictures and settings of a run, collected one by one; what is left out has a default that suits any picture.

use super::choices::{Init, MakeOptimizer, OptimizerKind, PreserveColors};
use super::error::TransferError;
use super::problem::Problem;
use super::scale::{Iterations, ScaleSettings};
use super::session::StyleTransfer;
use super::style_cache::StyleCache;
use super::team::Team;
use super::threads::{MAX_THREADS, thread_pool};
use crate::optimizer::Optimizer;
use crate::preset::{LossWeights, Preset};
use crate::schedule::Schedule;
use impasto_squeezenet::SqueezeNet;
use ndarray::{Array2, Array3, Array4};
use std::sync::Arc;

/// Collects the pictures and settings of a [`StyleTransfer`]. What is not set has a default that suits
/// any photograph and painting.
///
/// ```
/// use impasto::{OptimizerKind, Preset, SqueezeNet, StyleTransfer, TransferError, Weights};
/// use ndarray::Array3;
///
/// # let picture = |seed: usize| {
/// #     Array3::from_shape_fn((32, 40, 3), |(y, x, c)| ((y * y + seed * x + 40 * c) % 256) as u8)
/// # };
/// # let (photograph, painting) = (picture(3), picture(7));
/// # let network = SqueezeNet::new(Weights::built_in());
///
/// // The notebook's starry night, with another optimizer.
/// let starry = Preset::find("starry").expect("one of the five");
/// let session = StyleTransfer::builder(&network)
///     .content(&photograph)
///     .style(&painting, 1.0)
///     .preset(starry)
///     .optimizer(OptimizerKind::Lbfgs)
///     .build()?;
/// assert_eq!((session.size(), session.iterations()), ((32, 40), 200));
///
/// // A texture has no content: noise becomes the painting's strokes.
/// let texture = StyleTransfer::builder(&network).style(&painting, 1.0).canvas(48, 64).build()?;
/// assert_eq!(texture.size(), (48, 64));
///
/// // What does not do is refused before anything is computed.
/// let refused = StyleTransfer::builder(&network).content(&photograph).style_layers(&[(1, 1.0), (1, 2.0)]).build();
/// assert!(matches!(refused, Err(TransferError::RepeatedLayer { layer: 1, .. })));
/// # Ok::<(), impasto::TransferError>(())
/// ```
#[derive(Clone)]
pub struct StyleTransferBuilder<'a> {
    pub(super) network: &'a SqueezeNet,
    pub(super) content: Option<&'a Array3<u8>>,
    pub(super) background: [u8; 3],
    pub(super) content_mask: Option<&'a Array2<u8>>,
    pub(super) styles: Vec<Style<'a>>,
    pub(super) canvas: Option<(usize, usize)>,
    pub(super) content_layers: Vec<(usize, f64)>,
    pub(super) content_weight: Option<f64>,
    pub(super) style: Option<Vec<(usize, f64)>>,
    pub(super) tv_weight: Option<f64>,
    pub(super) init: Option<Init>,
    pub(super) init_image: Option<&'a Array4<f32>>,
    pub(super) temporal: Option<Temporal<'a>>,
    pub(super) schedule: Schedule,
    pub(super) optimizer: OptimizerKind,
    pub(super) own_optimizer: Option<MakeOptimizer>,
    pub(super) scales: ScaleSettings,
    pub(super) jitter: Option<usize>,
    pub(super) seed: u64,
    pub(super) preserve_colors: PreserveColors,
    pub(super) gray: bool,
    pub(super) seamless: bool,
    pub(super) normalize_gradients: bool,
    pub(super) style_strength: f64,
    pub(super) style_moments: f64,
    pub(super) learning_rate: Option<f64>,
    pub(super) stop_below: Option<f64>,
    pub(super) threads: Option<usize>,
    pub(super) inspectable: bool,
    pub(super) memory: Option<u64>,
    pub(super) strip_rows: Option<usize>,
    pub(super) team: Option<Arc<dyn Team>>,
    pub(super) style_cache: Option<StyleCache>,
}

/// A style image, (H, W, 3), as it was given.
#[derive(Clone)]
pub(super) struct Style<'a> {
    pub(super) picture: &'a Array3<u8>,
    pub(super) blend: f64,
    /// Where it is painted, (H, W).
    pub(super) mask: Option<&'a Array2<u8>>,
}

/// What the frame before makes one expect.
#[derive(Clone, Copy)]
pub(super) struct Temporal<'a> {
    /// (H, W, 3).
    pub(super) picture: &'a Array3<u8>,
    /// Where it holds, (H, W).
    pub(super) trust: &'a Array2<u8>,
    pub(super) weight: f64,
}

impl<'a> StyleTransferBuilder<'a> {
    pub(super) fn new(network: &'a SqueezeNet) -> Self {
        StyleTransferBuilder {
            network,
            content: None,
            background: [u8::MAX; 3],
            content_mask: None,
            styles: Vec::new(),
            canvas: None,
            content_layers: vec![(LossWeights::CONTENT_LAYER, 1.0)],
            content_weight: None,
            style: None,
            tv_weight: None,
            init: None,
            init_image: None,
            temporal: None,
            schedule: Schedule::default(),
            optimizer: OptimizerKind::default(),
            own_optimizer: None,
            scales: ScaleSettings::default(),
            jitter: None,
            seed: 0,
            preserve_colors: PreserveColors::default(),
            gray: false,
            seamless: false,
            normalize_gradients: false,
            style_strength: 1.0,
            style_moments: 0.0,
            learning_rate: None,
            stop_below: None,
            threads: None,
            inspectable: false,
            memory: None,
            strip_rows: None,
            team: None,
            style_cache: None,
        }
    }

    /// The content image, (H, W, 3) or, with alpha, (H, W, 4); the result has its size.
    ///
    /// Unless it is opaque all over, the result has its alpha too: what is transparent is neither painted nor compared
    /// with anything.
    pub fn content(mut self, picture: &'a Array3<u8>) -> Self {
        self.content = Some(picture);
        self
    }

    /// The color, in RGB, that a content image with alpha is laid over for the network, and that is taken out of the result
    /// again. White unless set.
    pub fn background(mut self, color: [u8; 3]) -> Self {
        self.background = color;
        self
    }

    /// Keeps a part of the content image as it is: all of it where the mask, (H, W) of the result's size, is white, nothing
    /// where it is black.
    pub fn content_mask(mut self, mask: &'a Array2<u8>) -> Self {
        self.content_mask = Some(mask);
        self
    }

    /// A style image, (H, W, 3), of any size: the larger beside the result, the larger its strokes. At smaller sizes of
    /// the run it is shrunk with the picture. Of several, the Gram matrices are averaged with the `blend` weights.
    pub fn style(mut self, picture: &'a Array3<u8>, blend: f64) -> Self {
        self.styles.push(Style { picture, blend, mask: None });
        self
    }

    /// A style image as for [`style`](Self::style), painted where the mask, (H, W) of the result's size, is white, and not
    /// at all where it is black; the grays between blend (Gatys et al. 2017).
    ///
    /// Where masks overlap, styles share the place as their `blend` weights say. Positions of a layer that see anything
    /// outside of the mask do not count for the style, so the deepest layers, which see 63 pixels, keep away from its
    /// edges.
    ///
    /// ```
    /// use impasto::{SqueezeNet, StyleTransfer, Weights};
    /// use ndarray::Array2;
    /// # use ndarray::Array3;
    /// # let picture = |seed: usize| {
    /// #     Array3::from_shape_fn((96, 128, 3), |(y, x, c)| ((y * y + seed * x + 40 * c) % 256) as u8)
    /// # };
    /// # let (photograph, sky, ground) = (picture(3), picture(7), picture(9));
    /// # let network = SqueezeNet::new(Weights::built_in());
    ///
    /// // One painting for the upper half, another for the lower.
    /// let upper = Array2::from_shape_fn((96, 128), |(y, _)| if y < 48 { 255 } else { 0 });
    /// let lower = upper.mapv(|level| 255 - level);
    /// let builder = StyleTransfer::builder(&network).content(&photograph).scales(1);
    /// let builder = builder.masked_style(&sky, 1.0, &upper).masked_style(&ground, 1.0, &lower);
    /// assert_eq!(builder.build()?.unpainted(), 0.0);
    /// # Ok::<(), impasto::TransferError>(())
    /// ```
    pub fn masked_style(mut self, picture: &'a Array3<u8>, blend: f64, mask: &'a Array2<u8>) -> Self {
        self.styles.push(Style { picture, blend, mask: Some(mask) });
        self
    }

    /// What of the content image's colors the result keeps; nothing unless set (Gatys et al. 2017).
    pub fn preserve_colors(mut self, colors: PreserveColors) -> Self {
        self.preserve_colors = colors;
        self
    }

    /// Makes the result a picture in shades of gray.
    pub fn gray(mut self, gray: bool) -> Self {
        self.gray = gray;
        self
    }

    /// Makes a texture that can be laid beside itself without an edge: for the network, the last row is followed by the
    /// first, and the last column likewise. Everything must fit into memory, and there can be no content image.
    pub fn seamless(mut self, seamless: bool) -> Self {
        self.seamless = seamless;
        self
    }

    /// Gives the gradient of every loss, layer by layer, a strength that depends on its weight alone, and not on how large
    /// the loss is: the absolute values of the gradient with respect to the layer sum up to the weight. Weights unless set
    /// are then those of [`LossWeights::normalized`].
    ///
    /// What the optimizer sees is no gradient of the losses any more, so it cannot be L-BFGS. Everything must fit into
    /// memory.
    pub fn normalize_gradients(mut self, normalize: bool) -> Self {
        self.normalize_gradients = normalize;
        self
    }

    /// Height and width of the result in pixels, where no content image gives them.
    pub fn canvas(mut self, height: usize, width: usize) -> Self {
        self.canvas = Some((height, width));
        self
    }

    /// The layer of the content loss; 3 unless set.
    pub fn content_layer(self, layer: usize) -> Self {
        self.content_layers(&[(layer, 1.0)])
    }

    /// The layers of the content loss, each with a factor of [`content_weight`](Self::content_weight). A deep layer holds
    /// what is where, a shallow one each edge too.
    pub fn content_layers(mut self, layers: &[(usize, f64)]) -> Self {
        self.content_layers = layers.to_vec();
        self
    }

    /// The weight of the content loss.
    ///
    /// It counts at the result's size, and grows as the area shrinks at smaller ones. Unless set, that of
    /// [`LossWeights::for_area`], times [`CONTENT_OF_SCALES`](super::CONTENT_OF_SCALES) where there are several sizes, or
    /// 0 without a content image. At 0 the loss is not computed.
    pub fn content_weight(mut self, weight: f64) -> Self {
        self.content_weight = Some(weight);
        self
    }

    /// The layers of the style loss, each with its weight.
    ///
    /// Unless set, those of [`LossWeights::for_area`], or weights of 0 without a style image.
    pub fn style_layers(mut self, layers: &[(usize, f64)]) -> Self {
        self.style = Some(layers.to_vec());
        self
    }

    /// The weight of the total variation.
    ///
    /// It counts at the result's size, as the content weight does. Unless set, that of [`LossWeights::for_area`].
    pub fn tv_weight(mut self, weight: f64) -> Self {
        self.tv_weight = Some(weight);
        self
    }

    /// All layers and weights at once.
    pub fn loss_weights(self, weights: &LossWeights) -> Self {
        self.content_layer(weights.content_layer)
            .content_weight(weights.content_weight)
            .style_layers(&weights.style())
            .tv_weight(weights.tv_weight)
    }

    /// The notebook's parameters: all layers and weights, the init and the schedule. What is set afterwards wins.
    pub fn preset(self, preset: &Preset) -> Self {
        self.loss_weights(&preset.weights).init(preset.init).schedule(preset.schedule)
    }

    /// What the picture starts from, at the first size. Unless set, the content image; where there is none, noise: in the
    /// style images' colors, or, with [`Schedule::Notebook`], the notebook's.
    pub fn init(mut self, init: Init) -> Self {
        self.init = Some(init);
        self
    }

    /// A picture to start from, (1, H, W, 3) in preprocessed units and of the result's size; it is shrunk to the first
    /// size.
    pub fn init_image(mut self, image: &'a Array4<f32>) -> Self {
        self.init_image = Some(image);
        self
    }

    /// Holds the picture near another of its size, (H, W, 3), where the mask, (H, W), is white, with the
    /// [`temporal_loss`](crate::loss::temporal_loss) of this weight; [`TEMPORAL_WEIGHT`](super::TEMPORAL_WEIGHT) suits most
    /// sequences. For a frame, that is the result of the one before, [moved](crate::motion::Motion) to where its things are.
    pub fn temporal(mut self, picture: &'a Array3<u8>, trust: &'a Array2<u8>, weight: f64) -> Self {
        self.temporal = Some(Temporal { picture, trust, weight });
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

    /// An optimizer of your own, made anew at each size from the number of values and the initial learning rate. One that
    /// compares losses from one iteration to the next needs [`jitter`](Self::jitter) to be 0.
    ///
    /// ```
    /// use impasto::optimizer::Optimizer;
    /// use impasto::{SqueezeNet, StyleTransfer, Weights};
    /// # use ndarray::Array3;
    /// # let photograph = Array3::from_shape_fn((32, 40, 3), |(y, x, c)| ((y * y + 3 * x + 40 * c) % 256) as u8);
    /// # let painting = Array3::from_shape_fn((32, 40, 3), |(y, x, c)| ((y * y + 7 * x + 40 * c) % 256) as u8);
    /// # let network = SqueezeNet::new(Weights::built_in());
    ///
    /// /// Plain gradient descent, by the sign of the gradient.
    /// struct Signs(f32);
    ///
    /// impl Optimizer for Signs {
    ///     fn step(&mut self, _loss: f64, gradient: &[f32], values: &mut [f32]) {
    ///         values.iter_mut().zip(gradient).for_each(|(value, gradient)| *value -= self.0 * gradient.signum());
    ///     }
    /// }
    ///
    /// let builder = StyleTransfer::builder(&network).content(&photograph).style(&painting, 1.0).iterations(3);
    /// let mut session = builder.optimizer_with(|_values, learning_rate| Box::new(Signs(learning_rate as f32))).build()?;
    /// let (before, _) = session.evaluate()?;
    /// assert!(session.run()?.losses.total < before.total);
    /// # Ok::<(), impasto::TransferError>(())
    /// ```
    pub fn optimizer_with(
        mut self,
        make: impl Fn(usize, f64) -> Box<dyn Optimizer> + Send + Sync + 'static,
    ) -> Self {
        self.own_optimizer = Some(Arc::new(make));
        self
    }

    /// How many sizes the run goes through, coarse to fine, each about the square root of 2 larger than the one before
    /// it; the last is the result's. 1 paints at that size alone.
    ///
    /// Unless set, as many as lead from [`smallest`](Self::smallest) to the result; with [`Schedule::Notebook`] 1.
    pub fn scales(mut self, count: usize) -> Self {
        self.scales.count = Some(count);
        self
    }

    /// The shorter side of the first size, in pixels: the smaller, the longer the strokes.
    ///
    /// [`DEFAULT_SMALLEST`](super::DEFAULT_SMALLEST) unless set, or what follows from [`scales`](Self::scales).
    pub fn smallest(mut self, side: usize) -> Self {
        self.scales.smallest = Some(side);
        self
    }

    /// The number of iterations at each size.
    ///
    /// Unless set, that of the schedule where there is one size; else more at the small ones, where they cost least.
    pub fn iterations(mut self, iterations: usize) -> Self {
        self.scales.iterations = Some(Iterations::Each(iterations));
        self
    }

    /// The number of iterations at each size, the smallest first.
    pub fn iterations_per_scale(mut self, iterations: &[usize]) -> Self {
        self.scales.iterations = Some(Iterations::List(iterations.to_vec()));
        self
    }

    /// Before each iteration, shifts the picture by 0 to `pixels - 1` pixels against the network's grid, so that its
    /// strides leave no dots; at most [`MAX_JITTER`](super::MAX_JITTER). 0 and 1 do not shift.
    ///
    /// Each of the `pixels` shifts keeps content features of its own. Unless set,
    /// [`DEFAULT_JITTER`](super::DEFAULT_JITTER) with Adam and [`Schedule::Fast`], else 0: L-BFGS compares losses from
    /// one iteration to the next, which shifts would change.
    pub fn jitter(mut self, pixels: usize) -> Self {
        self.jitter = Some(pixels);
        self
    }

    /// The seed of the order of the shifts; 0 unless set. The same seed gives the same picture.
    pub fn jitter_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How strongly the style counts against the content: a factor of all style weights.
    ///
    /// 1 unless set.
    pub fn style_strength(mut self, factor: f64) -> Self {
        self.style_strength = factor;
        self
    }

    /// How much means and standard deviations of each layer's channels count beside its Gram matrix: a factor of the
    /// layer's weight for [`moments_distance`](crate::loss::moments_distance). 0 unless set, which leaves them out; 1 brings
    /// a picture closer to its style than any strength does, with as much of the content left.
    pub fn style_moments(mut self, factor: f64) -> Self {
        self.style_moments = factor;
        self
    }

    /// Adam's learning rate, in preprocessed pixel units.
    ///
    /// Unless set, the schedule's; with [`Schedule::Fast`] and jitter
    /// [`JITTER_LEARNING_RATE`](super::JITTER_LEARNING_RATE), or, from noise,
    /// [`NOISE_LEARNING_RATE`](super::NOISE_LEARNING_RATE).
    pub fn learning_rate(mut self, learning_rate: f64) -> Self {
        self.learning_rate = Some(learning_rate);
        self
    }

    /// Ends a size early when the loss falls by less than this share of itself per iteration, on the average of a dozen:
    /// 0.001 is a thousandth. A rate that has yet to fall at the end falls then. Unset, every size takes all of its
    /// iterations.
    pub fn stop_below(mut self, rate: f64) -> Self {
        self.stop_below = Some(rate);
        self
    }

    /// The number of threads; one for each core unless set. The result does not depend on it.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// The memory that the run may use, in bytes. Where it would need more, the picture is walked over in strips of rows:
    /// the losses and gradients are the same, to rounding, and an iteration takes up to 1.4 times as long.
    ///
    /// Unless set, what the system, a container or a limit of the process leaves free.
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Walks over the picture in strips of this many rows, whether memory asks for it or not.
    pub fn strip_rows(mut self, rows: usize) -> Self {
        self.strip_rows = Some(rows);
        self
    }

    /// Takes the Gram matrices of style images from a cache, and keeps those there that are not: for sessions of many
    /// photographs in one style, all with a network of the same weights.
    pub fn style_cache(mut self, cache: &StyleCache) -> Self {
        self.style_cache = Some(cache.clone());
        self
    }

    /// Shares the run with other processes, each of which builds the same session and runs it: member 0 has the picture in
    /// the end. See [`Team`].
    pub fn team(mut self, team: impl Team + 'static) -> Self {
        self.team = Some(Arc::new(team));
        self
    }

    /// Keeps every value and gradient, for [`StyleTransfer::explain`]: twice the memory, and somewhat slower.
    pub fn inspectable(mut self) -> Self {
        self.inspectable = true;
        self
    }

    /// Checks everything, computes what the picture is compared with at the first size, and records its tape.
    ///
    /// # Errors
    /// [`TransferError`] names the setting or picture that does not do, and the remedy.
    pub fn build(self) -> Result<StyleTransfer, TransferError> {
        let threads = self.threads;
        if let Some(threads) = threads.filter(|&threads| threads > MAX_THREADS) {
            return Err(TransferError::TooManyThreads { threads, most: MAX_THREADS });
        }
        let problem = Problem::new(self)?;
        StyleTransfer::start(problem, thread_pool(threads)?)
    }
}
