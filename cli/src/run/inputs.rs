//! The pictures of a request, read and resized, and the size of the result that follows from them. What they become
//! is for `synthesis`.

use std::path::Path;

use anyhow::{Context, bail};
use impasto::arrays::read_npy;
use impasto::image::{
    ColorProfiles, Density, ImageWarning, LoadOptions, Loaded, MAX_PIXELS, Size, preprocess_image,
    resize_image_to,
};
use ndarray::{Array2, Array3, Array4, Axis, Ix4};

use crate::arguments::InitArgument;
use crate::error::{UsageError, say};
use crate::run::frame::Frame;
use crate::run::request::Request;
use crate::run::source::Source;

/// The inputs of a request. Pictures are (H, W, 3), a content image with alpha (H, W, 4).
pub(crate) struct Inputs {
    pub(crate) content: Option<Array3<u8>>,
    pub(crate) styles: Vec<Array3<u8>>,
    /// What of the content image stays as it is, (H, W) of the result.
    pub(crate) content_mask: Option<Array2<u8>>,
    /// Where each style is painted, (H, W) of the result.
    pub(crate) style_masks: Vec<Option<Array2<u8>>>,
    /// How closely the pixels of the content image lie.
    pub(crate) density: Option<Density>,
    /// The frame before, where the picture is one of a sequence.
    pub(crate) frame: Option<Frame>,
    /// What to start from, (1, H, W, 3) in preprocessed units, if it is a file or the frame before.
    pub(crate) init: Option<Array4<f32>>,
    /// Height and width of the result, in pixels.
    pub(crate) size: (usize, usize),
    /// What a user may not expect of the result, a line each.
    pub(crate) notes: Vec<String>,
    /// What is worth knowing about the pictures.
    pub(crate) warnings: Vec<ImageWarning>,
}

/// The picture to start from, as its file has it.
enum InitFile {
    Picture(Array3<u8>),
    Array(Array4<f32>),
}

impl Inputs {
    /// Prints a line on stderr for each warning.
    pub(crate) fn warn(&self, quiet: bool) {
        if !quiet {
            self.warnings.iter().for_each(|warning| say(&format!("warning: {warning}")));
        }
    }

    pub(crate) fn load(request: &Request<'_>) -> anyhow::Result<Inputs> {
        let is_piped = |source: &Source<'_>| matches!(source, Source::StandardInput);
        if request.sources().filter(is_piped).count() > 1 {
            return Err(UsageError::StandardInputTwice.into());
        }
        let options = request.load_options();
        let mut warnings = Vec::new();
        let mut load = |source: Source<'_>, size: Option<Size>, keep_alpha: bool| -> anyhow::Result<Loaded> {
            let options = size.map_or(options, |size| options.with_size(size)).with_alpha(keep_alpha);
            let mut loaded = source.load(&options)?;
            warnings.append(&mut loaded.warnings);
            Ok(loaded)
        };
        let mut notes = Vec::new();
        let (mut content, mut density) = (None, None);
        if let Some(wanted) = &request.content {
            let loaded = load(wanted.source, request.size(), true)?;
            notes.extend(enlarged(&wanted.source.name(), loaded.own_size, sides(&loaded.picture)));
            density = loaded.density;
            content = Some(loaded.picture);
        }
        let of_init = match request.init {
            InitArgument::Content | InitArgument::Random | InitArgument::Blend(_) => None,
            InitArgument::File(path) => {
                let mut warnings = Vec::new();
                let init = InitFile::read(path, &options, &mut warnings)?;
                Some((path, init, warnings))
            }
        };
        let mut size = match (&content, &of_init) {
            (Some(content), _) => Some(sides(content)),
            (None, Some((_, init, _))) => Some(init.size_of_result(request)?),
            (None, None) => None,
        };
        let mut styles = Vec::new();
        if let Some(style) = &request.style {
            for (&(source, _), own) in style.pictures.iter().zip(&style.sizes) {
                let shorter_side = match (request.size(), size) {
                    (Some(Size::ShorterSide(side)), _) => Some(side),
                    (_, Some((height, width))) => Some(height.min(width)),
                    (_, None) => None,
                };
                let picture = match shorter_side {
                    Some(side) => load(source, Some(Size::ShorterSide(own.beside(side))), false)?.picture,
                    // The first painting gives a texture its proportions.
                    None => {
                        let picture = load(source, None, false)?.picture;
                        let result = result_of(&picture, request.size());
                        size = Some(result);
                        let own = Size::ShorterSide(own.beside(result.0.min(result.1)));
                        check_pixels("the style image", result_of(&picture, Some(own)))?;
                        own.resize(picture.view())
                    }
                };
                size.get_or_insert_with(|| result_of(&picture, request.size()));
                styles.push(picture);
            }
        }
        let Some(size) = size else { bail!("neither a content nor a style image") };
        check_pixels("the result", size)?;
        let init = of_init.map(|(path, init, more)| {
            warnings.extend(more);
            (path, init)
        });
        let init = match init {
            Some((path, init)) => Some(init.fit(size).with_context(|| format!("--init {}", path.display()))?),
            None => None,
        };
        let mask = |source: Option<Source<'_>>| source.map(|source| mask(source, size, request)).transpose();
        let content_mask = mask(request.content.as_ref().and_then(|content| content.mask))?;
        let masks = request.style.iter().flat_map(|style| &style.masks);
        let style_masks = masks.map(|&source| mask(source)).collect::<Result<_, _>>()?;
        let frame = match (&request.previous, &content) {
            (Some(previous), Some(content)) => Some(Frame::load(previous, content, request)?),
            _ => None,
        };
        let init = init.or_else(|| frame.as_ref().map(|frame| preprocess_image(frame.start.view())));
        // A picture may be given twice.
        warnings.dedup();
        Ok(Inputs { content, styles, content_mask, style_masks, density, frame, init, size, notes, warnings })
    }
}

impl InitFile {
    fn read(
        path: &Path,
        options: &LoadOptions,
        warnings: &mut Vec<ImageWarning>,
    ) -> anyhow::Result<InitFile> {
        if path.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("npy")) {
            let loaded = Source::new(path).load(options)?;
            warnings.extend(loaded.warnings);
            return Ok(InitFile::Picture(loaded.picture));
        }
        let array = read_npy(path)?;
        let shape = array.shape().to_vec();
        match (array.into_dimensionality::<Ix4>(), shape.as_slice()) {
            (Ok(array), [1, _, _, 3]) => Ok(InitFile::Array(array)),
            _ => bail!(
                "{} has the shape {shape:?}: an init is (1, height, width, 3), in preprocessed units",
                path.display()
            ),
        }
    }

    /// Height and width of the result where this picture gives them.
    fn size_of_result(&self, request: &Request<'_>) -> Result<(usize, usize), UsageError> {
        match self {
            InitFile::Picture(picture) => Ok(result_of(picture, request.size())),
            InitFile::Array(array) => {
                let (_, height, width, _) = array.dim();
                match request.size().filter(|_| request.has_size()) {
                    Some(size) if size.dimensions(height, width) != (height, width) => {
                        Err(UsageError::SizeOfInit { height, width })
                    }
                    _ => Ok((height, width)),
                }
            }
        }
    }

    /// The picture in preprocessed units, with the result's size if it is an image. An array stays as it is: the
    /// session refuses another size.
    fn fit(self, (height, width): (usize, usize)) -> anyhow::Result<Array4<f32>> {
        match self {
            InitFile::Array(array) => Ok(array),
            InitFile::Picture(picture) => {
                check_proportions(sides(&picture), (height, width))?;
                Ok(preprocess_image(resize_image_to(picture.view(), height, width).view()))
            }
        }
    }
}

/// The mask that a picture is, (H, W) of the result: black where it is transparent.
fn mask(source: Source<'_>, size: (usize, usize), request: &Request<'_>) -> anyhow::Result<Array2<u8>> {
    let options = LoadOptions::default()
        .with_ignore_orientation(request.common.picture.ignore_orientation)
        .with_color_profiles(ColorProfiles::Ignore)
        .with_background([0; 3]);
    let mut picture = source.load(&options)?.picture;
    // A photograph that is cut has its masks cut alike.
    if let Some(cut @ Size::Exactly { .. }) = request.size() {
        picture = cut.resize(picture.view());
    }
    check_proportions(sides(&picture), size).with_context(|| format!("the mask {}", source.name()))?;
    let picture = resize_image_to(picture.view(), size.0, size.1);
    Ok(picture.map_axis(Axis(2), |color| {
        let [r, g, b] = [color[0], color[1], color[2]].map(u32::from);
        // The luma of ITU-R BT.601, as other programs make gray of colors.
        ((299 * r + 587 * g + 114 * b + 500) / 1000) as u8
    }))
}

/// Refuses a picture that would be distorted in the result's size.
fn check_proportions(
    (own_height, own_width): (usize, usize),
    (height, width): (usize, usize),
) -> anyhow::Result<()> {
    // Each side of either may have lost up to a pixel when it was resized itself.
    let fits = own_height * width <= (own_width + 1) * (height + 1)
        && own_width * height <= (own_height + 1) * (width + 1);
    if !fits {
        bail!(
            "the image is {own_height}x{own_width}, the result {height}x{width}: give one of the same proportions"
        );
    }
    Ok(())
}

fn sides(picture: &Array3<u8>) -> (usize, usize) {
    let (height, width, _) = picture.dim();
    (height, width)
}

/// Height and width of a result that has the proportions of this picture.
fn result_of(picture: &Array3<u8>, size: Option<Size>) -> (usize, usize) {
    let (height, width) = sides(picture);
    size.map_or((height, width), |size| size.dimensions(height, width))
}

/// Refuses what has more pixels than any picture that is read.
fn check_pixels(name: &'static str, (height, width): (usize, usize)) -> Result<(), UsageError> {
    match height.checked_mul(width) {
        Some(..=MAX_PIXELS) => Ok(()),
        _ => Err(UsageError::TooManyPixels { name, height, width }),
    }
}

/// A note about a photograph that has fewer pixels than the result.
fn enlarged(
    name: &str,
    (own_height, own_width): (usize, usize),
    (height, width): (usize, usize),
) -> Option<String> {
    (height > own_height || width > own_width).then(|| {
        format!(
            "{name} has {own_width}x{own_height} pixels and is enlarged to {width}x{height}; --size photo keeps its size"
        )
    })
}
