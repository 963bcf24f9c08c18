//! From the network's units to the picture that people see.

use super::builder::StyleTransferBuilder;
use super::choices::PreserveColors;
use super::pictures::Pictures;
use crate::image::{deprocess_image, preprocess_image, resize_preprocessed, to_gray, with_lightness};
use ndarray::{ArcArray, Array2, Array3, Array4, ArrayView4, Axis, Ix3, Slice, Zip};

/// What happens to a picture on its way out.
pub(super) struct Finish {
    /// Height and width of the result, in pixels.
    size: (usize, usize),
    /// Whether its values are stretched to fill the range, as the notebook does.
    rescales: bool,
    /// The content image, (H, W, 3), of which something is kept.
    photograph: Option<ArcArray<u8, Ix3>>,
    /// Whether the result has its chroma.
    luminance: bool,
    gray: bool,
    /// How much of it stays as it is, (H, W).
    kept: Option<Array2<u8>>,
    /// The result's alpha, (H, W), and the color below it.
    alpha: Option<(Array2<u8>, [u8; 3])>,
}

impl Finish {
    pub(super) fn new(builder: &StyleTransferBuilder<'_>, pictures: &Pictures) -> Finish {
        let luminance = builder.preserve_colors == PreserveColors::Luminance;
        let keeps = luminance || pictures.kept.is_some();
        Finish {
            size: pictures.size,
            rescales: builder.schedule.rescales(),
            photograph: pictures.photograph.clone().filter(|_| keeps),
            luminance,
            gray: builder.gray,
            kept: pictures.kept.clone(),
            alpha: pictures.alpha.clone().map(|alpha| (alpha, builder.background)),
        }
    }

    /// An image (1, H, W, 3), of any size of the run, as a picture of the result's size: (H, W, 3), or, where the content
    /// image has an alpha, (H, W, 4).
    pub(super) fn picture(&self, image: ArrayView4<'_, f32>) -> Array3<u8> {
        let (_, height, width, _) = image.dim();
        let mut picture = match (height, width) == self.size {
            true => deprocess_image(image, self.rescales),
            false => {
                let enlarged = resize_preprocessed(image, self.size.0, self.size.1);
                deprocess_image(enlarged.view(), self.rescales)
            }
        };
        if let Some(photograph) = &self.photograph {
            if self.luminance && !self.gray {
                picture = with_lightness(photograph.view(), picture.view());
            }
            if let Some(kept) = &self.kept {
                keep(&mut picture, photograph, kept);
            }
        }
        if self.gray {
            picture = to_gray(picture.view());
        }
        match &self.alpha {
            Some((alpha, background)) => lifted(&picture, alpha, *background),
            None => picture,
        }
    }

    /// An image (1, H, W, 3) of the result's size with the content image where it is kept.
    pub(super) fn image(&self, mut image: Array4<f32>) -> Array4<f32> {
        if let (Some(photograph), Some(kept)) = (&self.photograph, &self.kept) {
            let photograph = preprocess_image(photograph.view());
            for (mut pixel, (photograph, &kept)) in
                image.rows_mut().into_iter().zip(photograph.rows().into_iter().zip(kept))
            {
                let share = f32::from(kept) / 255.0;
                pixel.zip_mut_with(&photograph, |value, &own| *value = (1.0 - share) * *value + share * own);
            }
        }
        image
    }
}

/// Lays a photograph over a picture, both (H, W, 3), as far as it is kept.
fn keep(picture: &mut Array3<u8>, photograph: &ArcArray<u8, Ix3>, kept: &Array2<u8>) {
    Zip::from(picture.rows_mut()).and(photograph.rows()).and(kept).for_each(
        |mut pixel, photograph, &kept| {
            let kept = u32::from(kept);
            pixel.zip_mut_with(&photograph, |level, &own| {
                *level = ((u32::from(*level) * (255 - kept) + u32::from(own) * kept + 127) / 255) as u8;
            });
        },
    );
}

/// A picture (H, W, 3) that lies over a color as its alpha says, without that color: (H, W, 4).
fn lifted(picture: &Array3<u8>, alpha: &Array2<u8>, background: [u8; 3]) -> Array3<u8> {
    let (height, width, _) = picture.dim();
    let mut lifted = Array3::zeros((height, width, 4));
    lifted.slice_axis_mut(Axis(2), Slice::from(..3)).assign(picture);
    lifted.index_axis_mut(Axis(2), 3).assign(alpha);
    for mut pixel in lifted.rows_mut() {
        let alpha = i32::from(pixel[3]);
        if (1..255).contains(&alpha) {
            for (channel, below) in background.into_iter().enumerate() {
                let below = i32::from(below);
                let over = 255 * (i32::from(pixel[channel]) - below);
                // Rounded, whatever its sign.
                let level = below + (2 * over + over.signum() * alpha) / (2 * alpha);
                pixel[channel] = level.clamp(0, 255) as u8;
            }
        }
    }
    lifted
}
