//! What the picture is before the first iteration.

use super::builder::StyleTransferBuilder;
use super::choices::Init;
use super::error::TransferError;
use super::problem::Problem;
use crate::image::resize_preprocessed;
use crate::schedule::Schedule;
use ndarray::{Array4, Axis};

/// What the picture starts from.
pub(super) enum Start {
    Content,
    Noise { seed: u64 },
    Blend { noise: f32, seed: u64 },
    StylePixels { seed: u64 },
    Image(Array4<f32>),
}

impl Start {
    /// What a builder asks for; an image must have the result's size.
    pub(super) fn new(
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
        let has_style = builder.styles.iter().any(|style| style.blend > 0.0);
        match (builder.init, builder.content) {
            (None | Some(Init::Content), Some(_)) => Ok(Start::Content),
            (Some(Init::Random { seed }), _) => Ok(Start::Noise { seed }),
            (Some(Init::Blend { noise: noise @ 101.., .. }), _) => Err(TransferError::InvalidBlend(noise)),
            (Some(Init::Blend { noise, seed }), Some(_)) => {
                Ok(Start::Blend { noise: f32::from(noise) / 100.0, seed })
            }
            (Some(Init::StylePixels { seed }), _) if has_style => Ok(Start::StylePixels { seed }),
            (Some(Init::StylePixels { .. }), _) => Err(TransferError::NoStyle),
            (None, None) if has_style && builder.schedule == Schedule::Fast => {
                Ok(Start::StylePixels { seed: 0 })
            }
            (None, None) => Ok(Start::Noise { seed: 0 }),
            (Some(Init::Content | Init::Blend { .. }), None) => {
                Err(TransferError::NoContent { purpose: "the init", remedy: "start from noise" })
            }
        }
    }

    /// Whether it is noise, so that all of the picture is still to come.
    pub(super) fn is_noise(&self) -> bool {
        matches!(self, Start::Noise { .. } | Start::StylePixels { .. })
    }

    /// The picture to start from, (1, H, W, 3), at the first size of a problem.
    pub(super) fn picture(&self, problem: &Problem) -> Array4<f32> {
        let scale = &problem.scales[0];
        let noise = |seed| {
            let mut random = fastrand::Rng::with_seed(seed);
            Array4::from_shape_simple_fn((1, scale.height, scale.width, 3), || random.f32())
        };
        match self {
            Start::Image(image) => resize_preprocessed(image.view(), scale.height, scale.width),
            Start::Content => problem.pictures.content(scale).unwrap_or_else(|| noise(0)),
            Start::Noise { seed } => noise(*seed),
            &Start::Blend { noise: share, seed } => {
                let mut image = problem.pictures.content(scale).unwrap_or_else(|| noise(0));
                image.zip_mut_with(&noise(seed), |value, noise| *value += share * (noise - *value));
                image
            }
            Start::StylePixels { seed } => style_pixels(problem, *seed),
        }
    }
}

/// A picture, (1, H, W, 3), whose pixels are drawn from the style images, each where its mask lets it be.
fn style_pixels(problem: &Problem, seed: u64) -> Array4<f32> {
    let scale = &problem.scales[0];
    let mut random = fastrand::Rng::with_seed(seed);
    let styles: Vec<(Array4<f32>, f64)> =
        problem.pictures.styles(scale, &problem.pictures.all_styles()).collect();
    let masks = problem.pictures.masks(scale);
    let all_blends: f64 = styles.iter().map(|&(_, blend)| blend).sum();
    let mut image = Array4::zeros((1, scale.height, scale.width, 3));
    let mut blends: Vec<f64> = styles.iter().map(|&(_, blend)| blend).collect();
    for (position, mut pixel) in image.lanes_mut(Axis(3)).into_iter().enumerate() {
        let place = [position / scale.width, position % scale.width];
        let mut sum = all_blends;
        if masks.iter().any(Option::is_some) {
            for (blend, ((_, own), mask)) in blends.iter_mut().zip(styles.iter().zip(&masks)) {
                *blend = own * mask.as_ref().map_or(1.0, |mask| f64::from(mask[place]));
            }
            sum = blends.iter().sum();
            if sum == 0.0 {
                blends = styles.iter().map(|&(_, blend)| blend).collect();
                sum = all_blends;
            }
        }
        let mut left = random.f64() * sum;
        // Rounding may leave a little over behind the last; images without weight are never drawn.
        let weighted = (0..styles.len()).filter(|&index| blends[index] > 0.0);
        let drawn = weighted.reduce(|drawn, next| {
            left -= blends[drawn];
            if left < 0.0 { drawn } else { next }
        });
        let Some(drawn) = drawn else { break };
        let style = &styles[drawn].0;
        let (_, height, width, _) = style.dim();
        let (y, x) = (random.usize(..height), random.usize(..width));
        (0..3).for_each(|channel| pixel[channel] = style[[0, y, x, channel]]);
    }
    image
}
