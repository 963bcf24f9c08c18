//! From the network's units to the picture that people see.

use crate::image::{deprocess_image, resize_preprocessed, to_gray, with_lightness};
use ndarray::{ArcArray, Array3, ArrayView4, Ix3};

/// What happens to a picture on its way out.
pub(super) struct Finish {
    /// Height and width of the result, in pixels.
    pub(super) size: (usize, usize),
    /// Whether its values are stretched to fill the range, as the notebook does.
    pub(super) rescales: bool,
    /// The photograph, of the result's size, whose chroma it keeps.
    pub(super) chroma: Option<ArcArray<u8, Ix3>>,
    pub(super) gray: bool,
}

impl Finish {
    /// An image (1, H, W, 3), of any size of the run, as a picture of the result's size, (H, W, 3).
    pub(super) fn picture(&self, image: ArrayView4<'_, f32>) -> Array3<u8> {
        let (_, height, width, _) = image.dim();
        let picture = match (height, width) == self.size {
            true => deprocess_image(image, self.rescales),
            false => {
                let enlarged = resize_preprocessed(image, self.size.0, self.size.1);
                deprocess_image(enlarged.view(), self.rescales)
            }
        };
        match (&self.chroma, self.gray) {
            (_, true) => to_gray(picture.view()),
            (Some(photograph), false) => with_lightness(photograph.view(), picture.view()),
            (None, false) => picture,
        }
    }
}
