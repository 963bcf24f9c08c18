//! From the network's units to the picture that people see.

use super::builder::StyleTransferBuilder;
use super::choices::PreserveColors;
use super::pictures::Pictures;
use crate::image::{Level, deprocess, preprocess_image, resize_preprocessed, to_gray, with_lightness};
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
    /// The content image with its alpha, (H, W, 4), and the color below it.
    transparent: Option<(ArcArray<u8, Ix3>, [u8; 3])>,
}

impl Finish {
    pub(super) fn new(builder: &StyleTransferBuilder<'_>, pictures: &Pictures) -> Finish {
        let luminance = builder.preserve_colors == PreserveColors::Luminance && !builder.gray;
        let keeps = luminance || pictures.kept.is_some();
        Finish {
            size: pictures.size,
            rescales: builder.schedule.rescales(),
            photograph: pictures.photograph.clone().filter(|_| keeps),
            luminance,
            gray: builder.gray,
            kept: pictures.kept.clone(),
            transparent: pictures.transparent.clone().map(|content| (content, builder.background)),
        }
    }

    /// An image (1, H, W, 3), of any size of the run, as one of the result's size, with the content image where it is kept.
    pub(super) fn image(&self, image: ArrayView4<'_, f32>) -> Array4<f32> {
        let mut image = resize_preprocessed(image, self.size.0, self.size.1);
        if let (Some(photograph), Some(kept)) = (&self.photograph, &self.kept) {
            let photograph = preprocess_image(photograph.view());
            let pixels = image.rows_mut().into_iter().zip(photograph.rows());
            for ((mut pixel, photograph), &kept) in pixels.zip(kept) {
                let share = f32::from(kept) / 255.0;
                pixel.zip_mut_with(&photograph, |value, &own| *value = (1.0 - share) * *value + share * own);
            }
        }
        image
    }

    /// What [`image`](Self::image) made as a picture, in 8 or 16 bits: (H, W, 3), or, where the content image has an alpha,
    /// (H, W, 4).
    pub(super) fn picture<L: Level>(&self, image: ArrayView4<'_, f32>) -> Array3<L> {
        let mut picture: Array3<L> = deprocess(image, self.rescales);
        if let Some(photograph) = &self.photograph {
            if self.luminance {
                picture = with_lightness(photograph.view(), picture.view());
            }
            if let Some(kept) = &self.kept {
                keep(&mut picture, photograph, kept);
            }
        }
        if self.gray {
            picture = to_gray(picture.view());
        }
        match &self.transparent {
            Some((content, background)) => lifted(&picture, content, *background),
            None => picture,
        }
    }
}

/// Puts back the very pixels that are kept whole: neither rounding nor stretching touches them.
fn keep<L: Level>(picture: &mut Array3<L>, photograph: &ArcArray<u8, Ix3>, kept: &Array2<u8>) {
    Zip::from(picture.rows_mut()).and(photograph.rows()).and(kept).for_each(
        |mut pixel, photograph, &kept| {
            if kept == u8::MAX {
                pixel.zip_mut_with(&photograph, |level, &own| *level = L::from_byte(own));
            }
        },
    );
}

/// A picture (H, W, 3) of a content image (H, W, 4) that lies over a color, without that color and with the image's alpha.
///
/// What was painted is the difference from the image over the color; it is added to the image's own colors, so that it is
/// as strong where little of it is seen.
fn lifted<L: Level>(picture: &Array3<L>, content: &ArcArray<u8, Ix3>, background: [u8; 3]) -> Array3<L> {
    let (height, width, _) = picture.dim();
    let mut lifted = Array3::default((height, width, 4));
    lifted.slice_axis_mut(Axis(2), Slice::from(..3)).assign(picture);
    for (mut pixel, content) in lifted.rows_mut().into_iter().zip(content.rows()) {
        let alpha = content[3];
        if (1..u8::MAX).contains(&alpha) {
            let hidden = 1.0 - alpha.value();
            for (channel, below) in background.into_iter().enumerate() {
                let own = content[channel].value() - below.value();
                pixel[channel] = L::round(pixel[channel].value() + hidden * own);
            }
        }
        pixel[3] = L::from_byte(alpha);
    }
    lifted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::laid_over;

    #[test]
    fn a_color_that_was_laid_below_is_taken_out_again() {
        let background = [30, 200, 255];
        let content = Array3::from_shape_fn((16, 16, 4), |(y, x, channel)| {
            [(7 * y) as u8, (200 - 3 * x) as u8, (5 * y + 9 * x) as u8, (16 * y + x) as u8][channel]
        });
        let mut over = content.slice_axis(Axis(2), Slice::from(..3)).to_owned();
        for (mut pixel, content) in over.rows_mut().into_iter().zip(content.rows()) {
            let color = laid_over([content[0], content[1], content[2]], content[3], background);
            (0..3).for_each(|channel| pixel[channel] = color[channel]);
        }
        let lifted = lifted(&over, &content.to_shared(), background);
        for ((y, x, channel), &level) in lifted.indexed_iter() {
            match (channel, content[[y, x, 3]]) {
                (0..3, 0) => assert_eq!(level, background[channel]),
                _ => assert!(level.abs_diff(content[[y, x, channel]]) <= 1),
            }
        }
    }
}
