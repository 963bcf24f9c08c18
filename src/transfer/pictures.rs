//! The pictures of a run, checked, with their masks: at any of its sizes.

use super::builder::{StyleTransferBuilder, Temporal};
use super::choices::PreserveColors;
use super::color_map::{self, ColorMap};
use super::error::TransferError;
use super::guide::{self, Region};
use super::scale::Scale;
use crate::image::{self, preprocess_image, resize_image_to, to_gray};
use ndarray::{ArcArray, Array2, Array3, Array4, Axis, Ix3, Slice, Zip};

/// The pictures that a run looks at.
pub(super) struct Pictures {
    /// Height and width of the result, in pixels.
    pub(super) size: (usize, usize),
    /// The content image, (H, W, 3), as it is in the result where it is kept: over its background.
    pub(super) photograph: Option<ArcArray<u8, Ix3>>,
    /// The same as the network sees it.
    content: Option<ArcArray<u8, Ix3>>,
    /// How much of it stays as it is, (H, W); none where nothing does.
    pub(super) kept: Option<Array2<u8>>,
    /// It as it was given, (H, W, 4), unless it is opaque.
    pub(super) transparent: Option<ArcArray<u8, Ix3>>,
    expected: Option<Expected>,
    styles: Vec<StyleImage>,
    /// The numbers of the style images that are painted at the same places, as far as they have a weight.
    groups: Vec<Vec<usize>>,
}

/// What the frame before makes one expect.
struct Expected {
    /// (H, W, 3).
    picture: ArcArray<u8, Ix3>,
    /// How far it holds, (H, W).
    trust: Array2<u8>,
}

/// A style image, (H, W, 3).
pub(super) struct StyleImage {
    pub(super) picture: Array3<u8>,
    /// The weight of its Gram matrices.
    pub(super) blend: f64,
    /// What its colors become before it is looked at.
    pub(super) colors: Option<ColorMap>,
    /// Where it is painted, (H, W) of the result; none: everywhere.
    mask: Option<Array2<u8>>,
}

impl Pictures {
    pub(super) fn new(
        builder: &StyleTransferBuilder<'_>,
        size: (usize, usize),
    ) -> Result<Pictures, TransferError> {
        let is_opaque = |content: &&Array3<u8>| {
            content.dim().2 == 3 || content.index_axis(Axis(2), 3).iter().all(|&alpha| alpha == u8::MAX)
        };
        let transparent =
            builder.content.filter(|content| !is_opaque(content)).map(|content| content.to_shared());
        let photograph = builder.content.map(|content| match content.dim().2 {
            4 => laid_over(content, builder.background).into_shared(),
            _ => content.to_shared(),
        });
        let kept = kept(builder, size, transparent.as_ref())?;
        let content = match (&photograph, builder.preserve_colors) {
            (Some(photograph), PreserveColors::Luminance) => Some(to_gray(photograph.view()).into_shared()),
            (photograph, _) => photograph.clone(),
        };
        let styles = style_images(builder, size, content.as_ref())?;
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (index, style) in styles.iter().enumerate().filter(|(_, style)| style.blend > 0.0) {
            match groups.iter_mut().find(|group| styles[group[0]].mask == style.mask) {
                Some(group) => group.push(index),
                None => groups.push(vec![index]),
            }
        }
        let expected = expected(builder, size)?;
        Ok(Pictures { size, photograph, content, kept, transparent, expected, styles, groups })
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

    /// Style images by their numbers, each (1, H, W, 3) in preprocessed units as it is at a size, with the weights of their
    /// Gram matrices.
    pub(super) fn styles(
        &self,
        scale: &Scale,
        numbers: &[usize],
    ) -> impl Iterator<Item = (Array4<f32>, f64)> {
        self.style_pictures(scale, numbers)
            .map(|(style, picture)| (color_map::preprocess(picture.view(), style.colors), style.blend))
    }

    /// Style images by their numbers, with the pictures, (H, W, 3), that they are at a size.
    pub(super) fn style_pictures(
        &self,
        scale: &Scale,
        numbers: &[usize],
    ) -> impl Iterator<Item = (&StyleImage, Array3<u8>)> {
        let styles = numbers.iter().map(|&number| &self.styles[number]);
        styles.map(|style| (style, self.style_picture(style, scale)))
    }

    fn style_picture(&self, style: &StyleImage, scale: &Scale) -> Array3<u8> {
        let (height, width) = self.size;
        let ratio = scale.height.min(scale.width) as f64 / height.min(width) as f64;
        let (own_height, own_width, _) = style.picture.dim();
        let [height, width] =
            [own_height, own_width].map(|side| ((side as f64 * ratio).round() as usize).max(1));
        resize_image_to(style.picture.view(), height, width)
    }

    /// The blend weights of style images by their numbers.
    pub(super) fn blends(&self, numbers: &[usize]) -> impl Iterator<Item = f64> {
        numbers.iter().map(|&number| self.styles[number].blend)
    }

    /// Height and width of each style image, in pixels.
    pub(super) fn style_sizes(&self) -> impl Iterator<Item = (usize, usize)> {
        self.styles.iter().map(|style| (style.picture.dim().0, style.picture.dim().1))
    }

    /// The numbers of all style images.
    pub(super) fn all_styles(&self) -> Vec<usize> {
        (0..self.styles.len()).collect()
    }

    /// The masks of the style images at a size, (H, W).
    pub(super) fn masks(&self, scale: &Scale) -> Vec<Option<Array2<f32>>> {
        let resized = |mask: &Array2<u8>| guide::resized(mask.view(), (scale.height, scale.width));
        self.styles.iter().map(|style| style.mask.as_ref().map(resized)).collect()
    }

    /// Which styles are painted where, at a size.
    pub(super) fn regions(&self, scale: &Scale) -> Vec<Region> {
        let blends = self.styles.iter().map(|style| style.blend);
        let styles: Vec<_> = self.masks(scale).into_iter().zip(blends).collect();
        guide::regions(&styles, &self.groups, (scale.height, scale.width))
    }

    /// Regions whose positions are told from others: each has features of its own on the tape.
    pub(super) fn guided_regions(&self) -> usize {
        let is_guided =
            self.kept.is_some() || self.groups.iter().any(|group| self.styles[group[0]].mask.is_some());
        if is_guided { self.groups.len() } else { 0 }
    }

    /// Where no style is painted at a size, (H, W): 0 there, 1 elsewhere; none if some style is everywhere.
    pub(super) fn covered(&self, scale: &Scale) -> Option<Array2<f32>> {
        let mut covered: Option<Array2<f32>> = None;
        for group in &self.groups {
            let mask = self.styles[group[0]].mask.as_ref()?;
            let mask = guide::resized(mask.view(), (scale.height, scale.width));
            let mask = mask.mapv(|level| if level > 0.0 { 1.0 } else { 0.0 });
            covered = Some(match covered {
                Some(covered) => Zip::from(&covered).and(&mask).map_collect(|a: &f32, &b| a.max(b)),
                None => mask,
            });
        }
        covered
    }

    /// How much of the content image stays as it is at a size, (H, W), from 0 to 1; none where nothing does.
    pub(super) fn kept(&self, scale: &Scale) -> Option<Array2<f32>> {
        Some(guide::resized(self.kept.as_ref()?.view(), (scale.height, scale.width)))
    }

    /// What the frame before makes one expect at a size: a picture (H, W, 3), and how far it holds, (H, W), from 0 to 1.
    pub(super) fn expected(&self, scale: &Scale) -> Option<(ArcArray<u8, Ix3>, Array2<f32>)> {
        let Expected { picture, trust } = self.expected.as_ref()?;
        let size = (scale.height, scale.width);
        let resized = match picture.dim() == (scale.height, scale.width, 3) {
            true => picture.clone(),
            false => resize_image_to(picture.view(), scale.height, scale.width).into_shared(),
        };
        Some((resized, guide::resized(trust.view(), size)))
    }

    /// Whether there is such a picture.
    pub(super) fn has_expected(&self) -> bool {
        self.expected.is_some()
    }

    /// The share of the pixels that no style covers and that are not kept.
    pub(super) fn unpainted(&self) -> f64 {
        let masks: Option<Vec<&Array2<u8>>> =
            self.groups.iter().map(|group| self.styles[group[0]].mask.as_ref()).collect();
        // A style without a mask is everywhere.
        let Some(masks) = masks else { return 0.0 };
        let mut bare = match &self.kept {
            Some(kept) => kept.mapv(|level| level < u8::MAX),
            None => Array2::from_elem(self.size, true),
        };
        for mask in masks {
            Zip::from(&mut bare).and(mask).for_each(|bare, &level| *bare &= level == 0);
        }
        bare.iter().filter(|&&bare| bare).count() as f64 / bare.len() as f64
    }
}

/// Height and width of a picture that has pixels.
pub(super) fn picture_size(
    name: &'static str,
    picture: &Array3<u8>,
    channels: &[usize],
) -> Result<(usize, usize), TransferError> {
    match picture.dim() {
        (height, width, own) if height > 0 && width > 0 && channels.contains(&own) => Ok((height, width)),
        _ => Err(TransferError::NotAPicture { name, shape: picture.shape().to_vec() }),
    }
}

/// A picture (H, W, 4) laid over a color, (H, W, 3).
fn laid_over(picture: &Array3<u8>, background: [u8; 3]) -> Array3<u8> {
    let alpha = picture.index_axis(Axis(2), 3);
    let mut opaque = picture.slice_axis(Axis(2), Slice::from(..3)).to_owned();
    for (mut pixel, &alpha) in opaque.rows_mut().into_iter().zip(&alpha) {
        let color = image::laid_over([pixel[0], pixel[1], pixel[2]], alpha, background);
        (0..3).for_each(|channel| pixel[channel] = color[channel]);
    }
    opaque
}

/// How much of the content image stays as it is: what the mask says, and all that nobody sees.
fn kept(
    builder: &StyleTransferBuilder<'_>,
    size: (usize, usize),
    transparent: Option<&ArcArray<u8, Ix3>>,
) -> Result<Option<Array2<u8>>, TransferError> {
    let mask = checked_mask("the content mask", builder.content_mask, size)?;
    if mask.is_some() && builder.content.is_none() {
        let remedy = "leave the content mask out";
        return Err(TransferError::NoContent { purpose: "the content mask", remedy });
    }
    // Black keeps nothing.
    let mask = mask.filter(|mask| mask.iter().any(|&level| level > 0));
    let hidden = transparent.map(|picture| picture.index_axis(Axis(2), 3).mapv(|alpha| alpha == 0));
    let kept = match (mask, hidden.filter(|hidden| hidden.iter().any(|&hidden| hidden))) {
        (None, None) => return Ok(None),
        (Some(mask), None) => mask.clone(),
        (None, Some(hidden)) => hidden.mapv(|hidden| if hidden { u8::MAX } else { 0 }),
        (Some(mask), Some(hidden)) => {
            Zip::from(mask).and(&hidden).map_collect(|&kept, &hidden| if hidden { u8::MAX } else { kept })
        }
    };
    match kept.iter().all(|&kept| kept == u8::MAX) {
        true => Err(TransferError::NothingToPaint),
        false => Ok(Some(kept)),
    }
}

/// What the frame before makes one expect; none without a weight, or where it holds nowhere.
fn expected(
    builder: &StyleTransferBuilder<'_>,
    size: (usize, usize),
) -> Result<Option<Expected>, TransferError> {
    let Some(Temporal { picture, trust, weight }) = builder.temporal else { return Ok(None) };
    let name = "the picture of the temporal loss";
    let (given_height, given_width) = picture_size(name, picture, &[3])?;
    if (given_height, given_width) != size {
        let (height, width) = size;
        return Err(TransferError::ImageSize { given_height, given_width, height, width });
    }
    checked_mask("the mask of the temporal loss", Some(trust), size)?;
    let counts = weight > 0.0 && trust.iter().any(|&trust| trust > 0);
    let picture = match builder.preserve_colors {
        PreserveColors::Luminance => to_gray(picture.view()).into_shared(),
        _ => picture.to_shared(),
    };
    Ok(counts.then(|| Expected { picture, trust: trust.clone() }))
}

/// A mask that has the result's size.
fn checked_mask<'a>(
    name: &'static str,
    mask: Option<&'a Array2<u8>>,
    (height, width): (usize, usize),
) -> Result<Option<&'a Array2<u8>>, TransferError> {
    match mask.map(Array2::dim) {
        Some(given) if given != (height, width) => {
            let (given_height, given_width) = given;
            Err(TransferError::MaskSize { name, given_height, given_width, height, width })
        }
        _ => Ok(mask),
    }
}

/// The style images in the colors that they have for this run.
fn style_images(
    builder: &StyleTransferBuilder<'_>,
    size: (usize, usize),
    content: Option<&ArcArray<u8, Ix3>>,
) -> Result<Vec<StyleImage>, TransferError> {
    let images = builder.styles.iter().map(|style| {
        let blend = style.blend;
        let mask = checked_mask("a style's mask", style.mask, size)?;
        if mask.is_some_and(|mask| mask.iter().all(|&level| level == 0)) && blend > 0.0 {
            return Err(TransferError::EmptyMask);
        }
        // White is everywhere, as no mask is.
        let mask = mask.filter(|mask| mask.iter().any(|&level| level < u8::MAX)).cloned();
        let (picture, colors) = match (builder.preserve_colors, content) {
            (PreserveColors::None, _) => (style.picture.clone(), None),
            (_, None) => {
                let remedy = "let the result take on the style images' colors";
                return Err(TransferError::NoContent { purpose: "the colors to preserve", remedy });
            }
            (kept, Some(content)) => {
                let picture = match kept {
                    PreserveColors::Luminance => to_gray(style.picture.view()),
                    _ => style.picture.clone(),
                };
                let colors = ColorMap::between(picture.view(), content.view());
                (picture, Some(colors))
            }
        };
        Ok(StyleImage { picture, blend, colors, mask })
    });
    images.collect()
}
