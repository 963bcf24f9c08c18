//! Arguments and preset joined to one complete request: which pictures, which layers, which weights. It checks how
//! options fit together, and opens no file.

use impasto::image::{ColorProfiles, LoadOptions, Size};
use impasto::{Init, LossWeights, PreserveColors, Preset, Schedule};

use crate::arguments::{
    CommonOptions, ContentOptions, InitArgument, MaskArgument, PictureSize, ScaleCount, ScaleOptions,
    StyleOptions, TransferOptions,
};
use crate::error::UsageError;
use crate::run::frame::Previous;
use crate::run::source::Source;

/// [`Request::default_size`] of a picture that is made to be kept.
pub(crate) const DEFAULT_SIZE: usize = 512;

/// What `transfer`, `invert` or `texture` is to do.
pub(crate) struct Request<'a> {
    pub(crate) content: Option<Content<'a>>,
    pub(crate) style: Option<Style<'a>>,
    pub(crate) init: &'a InitArgument,
    /// The frame before, where the picture is one of a sequence.
    pub(crate) previous: Option<Previous<'a>>,
    pub(crate) preset: Option<&'static Preset>,
    /// `None`: a single size.
    pub(crate) scales: Option<&'a ScaleOptions>,
    pub(crate) preserve_colors: PreserveColors,
    /// A factor of all style weights.
    pub(crate) style_strength: f64,
    /// Whether the result is to be laid beside itself.
    pub(crate) seamless: bool,
    pub(crate) common: &'a CommonOptions,
    /// Shorter side of the result, in pixels, where neither option nor preset says otherwise.
    pub(crate) default_size: usize,
}

/// The content loss.
pub(crate) struct Content<'a> {
    pub(crate) source: Source<'a>,
    /// What of it stays as it is.
    pub(crate) mask: Option<Source<'a>>,
    /// Each layer with its weight beside the others.
    pub(crate) layers: Vec<(usize, f64)>,
    /// The color below what is transparent.
    pub(crate) background: [u8; 3],
    /// `None`: what suits the result's area.
    pub(crate) weight: Option<f64>,
}

/// The style loss.
pub(crate) struct Style<'a> {
    /// Each style image with the weight of its Gram matrices.
    pub(crate) pictures: Vec<(Source<'a>, f64)>,
    /// The size of each.
    pub(crate) sizes: Vec<StyleSize>,
    /// Where each is painted; `None`: everywhere.
    pub(crate) masks: Vec<Option<Source<'a>>>,
    /// Each layer with its weight.
    pub(crate) layers: Vec<(usize, f64)>,
    /// How much means and deviations count beside Gram matrices.
    pub(crate) moments: f64,
}

/// Shorter side of the style images.
#[derive(Clone, Copy)]
pub(crate) enum StyleSize {
    /// In pixels.
    Pixels(usize),
    /// Beside the result's.
    Relative(f64),
}

impl StyleSize {
    /// In pixels, beside a result of this shorter side.
    pub(crate) fn beside(self, size: usize) -> usize {
        match self {
            StyleSize::Pixels(pixels) => pixels,
            StyleSize::Relative(factor) => ((size as f64 * factor).round() as usize).max(1),
        }
    }
}

/// What a transfer starts from unless it is told.
static CONTENT_INIT: InitArgument = InitArgument::Content;
static RANDOM_INIT: InitArgument = InitArgument::Random;

impl<'a> Request<'a> {
    /// A content image in the style of others.
    pub(crate) fn transfer(
        content: Source<'a>,
        styles: Vec<Source<'a>>,
        options: &'a TransferOptions,
        scales: Option<&'a ScaleOptions>,
        common: &'a CommonOptions,
    ) -> Result<Request<'a>, UsageError> {
        let preset = options.preset;
        let default_init = match preset.map(|preset| preset.init) {
            Some(Init::Content) | None => &CONTENT_INIT,
            Some(_) => &RANDOM_INIT,
        };
        let mask = options.content_mask.as_deref().map(Source::new);
        Ok(Request {
            content: Some(Content {
                mask,
                ..Content::new(content, &options.content_options, Defaults::of(preset, common))?
            }),
            style: Some(Style::new(styles, &options.style_options, Defaults::of(preset, common))?),
            init: options.init.as_ref().unwrap_or(default_init),
            previous: None,
            preset,
            scales,
            preserve_colors: options.preserve_colors.unwrap_or_default(),
            style_strength: options.style_strength.unwrap_or(1.0),
            seamless: false,
            common,
            default_size: DEFAULT_SIZE,
        })
    }

    /// The size of the result; `None`: that of the picture that gives it.
    pub(crate) fn size(&self) -> Option<Size> {
        let picture = &self.common.picture;
        Some(match (picture.size, picture.longer_side, picture.width, picture.height) {
            (Some(PictureSize::Photo), ..) => return None,
            (Some(PictureSize::ShorterSide(size)), ..) => Size::ShorterSide(size),
            (_, Some(side), ..) => Size::LongerSide(side),
            (_, _, Some(width), Some(height)) => Size::Exactly { height, width },
            (_, _, Some(width), None) => Size::Width(width),
            (_, _, None, Some(height)) => Size::Height(height),
            (None, None, None, None) => {
                let of_preset = self.preset.map(|preset| preset.image_size);
                Size::ShorterSide(of_preset.unwrap_or(self.default_size))
            }
        })
    }

    /// Whether an option says how large the result is.
    pub(crate) fn has_size(&self) -> bool {
        let picture = &self.common.picture;
        picture.size.is_some() || picture.longer_side.or(picture.width).or(picture.height).is_some()
    }

    pub(crate) fn schedule(&self) -> Schedule {
        let of_preset = self.preset.map(|preset| preset.schedule);
        self.common.optimization.schedule.or(of_preset).unwrap_or_default()
    }

    /// How many sizes the run goes through; `None`: what suits the result's size.
    pub(crate) fn scale_count(&self) -> Option<usize> {
        match (self.scales, self.preset) {
            (None, _) | (Some(ScaleOptions { scales: None, smallest: None }), Some(_)) => Some(1),
            (Some(ScaleOptions { scales: Some(ScaleCount::Exactly(count)), .. }), _) => Some(*count),
            (Some(_), _) => None,
        }
    }

    /// By how many pixels the picture is shifted; `None`: what suits the schedule and the optimizer.
    pub(crate) fn jitter(&self) -> Option<usize> {
        let never = self.scales.is_none() || self.preset.is_some();
        self.common.optimization.jitter.or(never.then_some(0))
    }

    /// What the picture starts from, where it is no file.
    pub(crate) fn init(&self) -> Init {
        let seed = self.common.picture.seed;
        match self.init {
            InitArgument::Random if self.content.is_some() || self.schedule() == Schedule::Notebook => {
                Init::Random { seed }
            }
            InitArgument::Random => Init::StylePixels { seed },
            &InitArgument::Blend(noise) => Init::Blend { noise, seed },
            // Of these, a file comes before the content image.
            InitArgument::Content | InitArgument::File(_) => Init::Content,
        }
    }

    /// How its pictures are loaded; with a preset, their pixels are the notebook's.
    pub(crate) fn load_options(&self) -> LoadOptions {
        let picture = &self.common.picture;
        let of_preset = self.preset.map(|_| ColorProfiles::Ignore);
        LoadOptions::default()
            .with_ignore_orientation(picture.ignore_orientation)
            .with_background(self.background())
            .with_color_profiles(picture.color_profile.or(of_preset).unwrap_or_default())
    }

    /// The color below what is transparent.
    pub(crate) fn background(&self) -> [u8; 3] {
        self.content.as_ref().map_or([u8::MAX; 3], |content| content.background)
    }

    /// The weight of the total variation; `None`: what suits the result's area.
    pub(crate) fn tv_weight(&self) -> Option<f64> {
        self.common.optimization.tv_weight.or(self.preset.map(|preset| preset.weights.tv_weight))
    }

    /// Every picture that is read.
    pub(crate) fn sources(&self) -> impl Iterator<Item = Source<'_>> {
        let content = self.content.iter().map(|content| content.source);
        let styles = self.style.iter().flat_map(|style| style.pictures.iter().map(|&(source, _)| source));
        let init = match self.init {
            InitArgument::File(path) => Some(Source::new(path)),
            InitArgument::Content | InitArgument::Random | InitArgument::Blend(_) => None,
        };
        let previous = self
            .previous
            .iter()
            .flat_map(|previous| [Some(previous.result), previous.content].into_iter().flatten());
        content.chain(styles).chain(init).chain(previous).chain(self.masks())
    }

    /// Every mask that is read.
    pub(crate) fn masks(&self) -> impl Iterator<Item = Source<'_>> {
        let of_content = self.content.iter().filter_map(|content| content.mask);
        of_content.chain(self.style.iter().flat_map(|style| style.masks.iter().copied().flatten()))
    }

    /// The deepest layer that a loss reads.
    pub(crate) fn deepest_layer(&self) -> usize {
        let content = self.content.iter().flat_map(|content| content.layers.iter().map(|&(layer, _)| layer));
        let style = self.style.iter().flat_map(|style| style.layers.iter().map(|&(layer, _)| layer));
        content.chain(style).max().unwrap_or(0)
    }
}

impl<'a> Content<'a> {
    pub(crate) fn new(
        source: Source<'a>,
        options: &ContentOptions,
        Defaults { preset, weights: defaults }: Defaults,
    ) -> Result<Content<'a>, UsageError> {
        let weight = options.content_weight.or(preset.map(|preset| preset.weights.content_weight));
        let layers = options.content_layer.clone().unwrap_or(vec![defaults.content_layer]);
        let weights = options.content_layer_weights.clone().unwrap_or(vec![1.0; layers.len()]);
        if layers.len() != weights.len() {
            return Err(UsageError::UnequalContentWeights { layers: layers.len(), weights: weights.len() });
        }
        let layers = layers.into_iter().zip(weights).collect();
        Ok(Content { source, mask: None, layers, background: options.background, weight })
    }
}

impl<'a> Style<'a> {
    pub(crate) fn new(
        sources: Vec<Source<'a>>,
        options: &'a StyleOptions,
        Defaults { preset, weights: defaults }: Defaults,
    ) -> Result<Style<'a>, UsageError> {
        let layers = options.style_layers.clone().unwrap_or(defaults.style_layers.to_vec());
        let weights = options.style_weights.clone().unwrap_or(defaults.style_weights.to_vec());
        if layers.len() != weights.len() {
            return Err(UsageError::UnequalLists { layers: layers.len(), weights: weights.len() });
        }
        let blend = options.style_blend.clone().unwrap_or(vec![1.0; sources.len()]);
        if blend.len() != sources.len() {
            return Err(UsageError::UnequalBlend { blends: blend.len(), styles: sources.len() });
        }
        let styles = sources.len();
        let sizes = match (options.style_size, options.style_scale.as_deref(), preset) {
            (Some(pixels), ..) => vec![StyleSize::Pixels(pixels); styles],
            (None, Some(&[factor]), _) => vec![StyleSize::Relative(factor); styles],
            (None, Some(factors), _) if factors.len() == styles => {
                factors.iter().map(|&factor| StyleSize::Relative(factor)).collect()
            }
            (None, Some(factors), _) => {
                return Err(UsageError::UnequalScales { scales: factors.len(), styles });
            }
            (None, None, Some(preset)) => vec![StyleSize::Pixels(preset.style_size); styles],
            (None, None, None) => vec![StyleSize::Relative(1.0); styles],
        };
        if options.style_masks.len() > styles {
            return Err(UsageError::TooManyMasks { masks: options.style_masks.len(), styles });
        }
        let mut masks: Vec<_> = options.style_masks.iter().map(MaskArgument::source).collect();
        masks.resize(styles, None);
        let pictures = sources.into_iter().zip(blend).collect();
        let layers = layers.into_iter().zip(weights).collect();
        Ok(Style { pictures, sizes, masks, layers, moments: options.style_moments.unwrap_or(0.0) })
    }
}

impl MaskArgument {
    fn source(&self) -> Option<Source<'_>> {
        match self {
            MaskArgument::None => None,
            MaskArgument::File(path) => Some(Source::new(path)),
        }
    }
}

/// What holds where no option says otherwise.
#[derive(Clone, Copy)]
pub(crate) struct Defaults {
    preset: Option<&'static Preset>,
    /// Layers and style weights; they do not depend on the area, which is not known yet.
    weights: LossWeights,
}

impl Defaults {
    pub(crate) fn of(preset: Option<&'static Preset>, common: &CommonOptions) -> Defaults {
        let weights = match (preset, common.optimization.normalize_gradients) {
            (Some(preset), _) => preset.weights,
            (None, true) => LossWeights::normalized(),
            (None, false) => LossWeights::for_area(1, 1),
        };
        Defaults { preset, weights }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::{Arguments, Command};
    use crate::run::source::sources;
    use clap::Parser;

    /// Layers, weights, blend weights.
    type Lists = (Vec<usize>, Vec<f64>, Vec<f64>);

    /// What the style options of a command line with two style images lead to.
    fn style(options: &str) -> Result<Lists, UsageError> {
        let line = format!("impasto texture a.png b.png -o c.png {options}");
        let arguments = Arguments::try_parse_from(line.split_whitespace()).unwrap();
        let Command::Texture(arguments) = arguments.command else { panic!("not a texture") };
        let defaults = Defaults::of(arguments.preset, &arguments.common);
        let style = Style::new(sources(&arguments.styles), &arguments.style_options, defaults)?;
        let blend = style.pictures.iter().map(|&(_, blend)| blend).collect();
        let (layers, weights) = style.layers.into_iter().unzip();
        Ok((layers, weights, blend))
    }

    #[test]
    fn options_win_over_the_preset() {
        let (layers, weights, blend) = style("--preset scream").unwrap();
        assert_eq!((layers, blend), (vec![1, 4, 6, 7], vec![1.0, 1.0]));
        assert_eq!(weights, [200000.0, 800.0, 12.0, 1.0]);
        let (layers, weights, blend) =
            style("--preset scream --style-layers 2,5,8,9 --style-weights 4,3,2,1 --style-blend 3,0")
                .unwrap();
        assert_eq!((layers, weights), (vec![2, 5, 8, 9], vec![4.0, 3.0, 2.0, 1.0]));
        assert_eq!(blend, [3.0, 0.0]);
    }

    #[test]
    fn lists_must_fit_each_other() {
        let refusal = |options: &str| style(options).err();
        for options in
            ["--style-layers 1,2", "--style-weights 1,2,3,4,5", "--style-layers 1 --style-weights 1,2"]
        {
            assert!(matches!(refusal(options), Some(UsageError::UnequalLists { .. })), "{options}");
        }
        assert!(matches!(
            refusal("--style-blend 1"),
            Some(UsageError::UnequalBlend { blends: 1, styles: 2 })
        ));
    }
}
