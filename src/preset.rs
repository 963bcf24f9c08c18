//! The notebook's five problems with its own parameters, and the weights that suit any picture.

use crate::schedule::Schedule;
use crate::transfer::Init;

/// One of the notebook's problems: its images' sizes, layers and weights.
///
/// ```
/// use impasto::{Init, Preset};
///
/// let starry = Preset::find("starry").expect("one of the five");
/// assert_eq!((starry.image_size, starry.weights.content_weight), (192, 6e-2));
/// assert_eq!(starry.weights.style_layers, [1, 4, 6, 7]);
/// assert_eq!(starry.weights.style_weights, [300_000.0, 1000.0, 15.0, 3.0]);
///
/// // Feature inversion is the same without style, from noise.
/// let inversion = Preset::find("inversion").expect("one of the five");
/// assert_eq!((inversion.weights.style_weights, inversion.init), ([0.0; 4], Init::Random { seed: 0 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Preset {
    /// The name that the command line takes.
    pub name: &'static str,
    /// Shorter side of the content image and the result, in pixels.
    pub image_size: usize,
    /// Shorter side of the style image, in pixels.
    pub style_size: usize,
    /// The weights of the losses.
    pub weights: LossWeights,
    /// What the picture starts from.
    pub init: Init,
    /// How the learning rate falls: all five have the notebook's schedule.
    pub schedule: Schedule,
}

/// Which layers the losses read, and what they weigh.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossWeights {
    /// The layer of the content loss.
    pub content_layer: usize,
    /// The weight of the content loss.
    pub content_weight: f64,
    /// The layers of the style loss.
    pub style_layers: [usize; 4],
    /// The weight of each.
    pub style_weights: [f64; 4],
    /// The weight of the total variation.
    pub tv_weight: f64,
}

/// The five, in the notebook's order.
pub const PRESETS: [Preset; 5] = [
    Preset {
        name: "composition",
        image_size: 192,
        style_size: 512,
        weights: weights(5e-2, [20000.0, 500.0, 12.0, 1.0], 5e-2),
        init: Init::Content,
        schedule: Schedule::Notebook,
    },
    Preset {
        name: "scream",
        image_size: 192,
        style_size: 224,
        weights: weights(3e-2, [200000.0, 800.0, 12.0, 1.0], 2e-2),
        init: Init::Content,
        schedule: Schedule::Notebook,
    },
    Preset {
        name: "starry",
        image_size: 192,
        style_size: 192,
        weights: weights(6e-2, [300000.0, 1000.0, 15.0, 3.0], 2e-2),
        init: Init::Content,
        schedule: Schedule::Notebook,
    },
    Preset {
        name: "inversion",
        image_size: 192,
        style_size: 192,
        weights: weights(6e-2, [0.0; 4], 2e-2),
        init: Init::Random { seed: 0 },
        schedule: Schedule::Notebook,
    },
    Preset {
        name: "texture",
        image_size: 192,
        style_size: 192,
        weights: weights(0.0, [300000.0, 1000.0, 15.0, 3.0], 2e-2),
        init: Init::Random { seed: 0 },
        schedule: Schedule::Notebook,
    },
];

/// Strengths of content loss and total variation beside 1 for each style layer, chosen by eye.
const NORMALIZED_CONTENT: f64 = 2.0;
const NORMALIZED_TV: f64 = 0.05;

/// The area, in pixels, for which [`LossWeights::for_area`] gives its weights unchanged.
const REFERENCE_AREA: f64 = 192.0 * 256.0;

const fn weights(content_weight: f64, style_weights: [f64; 4], tv_weight: f64) -> LossWeights {
    LossWeights {
        content_layer: LossWeights::CONTENT_LAYER,
        content_weight,
        style_layers: LossWeights::STYLE_LAYERS,
        style_weights,
        tv_weight,
    }
}

impl Preset {
    /// The preset of this name.
    pub fn find(name: &str) -> Option<&'static Preset> {
        PRESETS.iter().find(|preset| preset.name == name)
    }
}

impl LossWeights {
    /// The layer of the content loss, in every preset and by default.
    pub const CONTENT_LAYER: usize = 3;

    /// The layers of the style loss, in every preset and by default.
    pub const STYLE_LAYERS: [usize; 4] = [1, 4, 6, 7];

    /// The layers of the style loss, each with its weight.
    pub fn style(&self) -> [(usize, f64); 4] {
        std::array::from_fn(|index| (self.style_layers[index], self.style_weights[index]))
    }

    /// The weights where gradients are normalized
    /// ([`StyleTransferBuilder::normalize_gradients`](crate::StyleTransferBuilder::normalize_gradients)): the strength of
    /// each loss, whatever the size of the result.
    pub fn normalized() -> LossWeights {
        weights(NORMALIZED_CONTENT, [1.0; 4], NORMALIZED_TV)
    }

    /// The weights that suit any photograph and painting, for a result of `height` x `width` pixels.
    ///
    /// Content loss and total variation are sums over positions and grow with the area, the style loss
    /// does not, since its Gram matrices are averages: the weights of the former shrink with the area,
    /// so that a picture looks the same at every size. The base was chosen by eye from four sets, on
    /// one photograph and three paintings.
    ///
    /// ```
    /// use impasto::LossWeights;
    ///
    /// let (small, large) = (LossWeights::for_area(192, 256), LossWeights::for_area(384, 512));
    /// assert_eq!(small.content_weight, 1e-2);
    /// assert_eq!(large.content_weight, 1e-2 / 4.0); // four times the area
    /// assert_eq!(large.style_weights, small.style_weights);
    /// ```
    pub fn for_area(height: usize, width: usize) -> LossWeights {
        let ratio = REFERENCE_AREA / (height as f64 * width as f64).max(1.0);
        let base = weights(1e-2, [200000.0, 2000.0, 50.0, 15.0], 5e-2);
        LossWeights { content_weight: base.content_weight * ratio, tv_weight: base.tv_weight * ratio, ..base }
    }
}
