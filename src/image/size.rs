//! The size that a picture is to have.

use super::resize::{resize_image_to, resized_dimensions};
use ndarray::{Array3, ArrayView3, Axis, Slice};

/// The size that a picture is resized to, in pixels. All but the last keep its proportions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Size {
    /// Its shorter side, as the notebook's `load_image` has it.
    ShorterSide(usize),
    /// Its longer side.
    LongerSide(usize),
    /// Its width.
    Width(usize),
    /// Its height.
    Height(usize),
    /// Both sides: what stands out on one of them is cut off, as much at either end.
    Exactly {
        /// The height.
        height: usize,
        /// The width.
        width: usize,
    },
}

impl Size {
    /// Height and width that a picture of `height` by `width` pixels, neither of them 0, gets.
    ///
    /// ```
    /// use impasto::image::Size;
    ///
    /// assert_eq!(Size::LongerSide(400).dimensions(600, 800), (300, 400));
    /// assert_eq!(Size::Height(90).dimensions(600, 800), (90, 120));
    /// assert_eq!(Size::Exactly { height: 100, width: 100 }.dimensions(600, 800), (100, 100));
    /// ```
    pub fn dimensions(self, height: usize, width: usize) -> (usize, usize) {
        let beside = |other: usize, own: usize, size: usize| {
            ((other as f64 * size as f64 / own.max(1) as f64).round() as usize).max(1)
        };
        match self {
            Size::ShorterSide(size) => resized_dimensions(height, width, size),
            Size::LongerSide(size) if height > width => (size, beside(width, height, size)),
            Size::LongerSide(size) | Size::Width(size) => (beside(height, width, size), size),
            Size::Height(size) => (size, beside(width, height, size)),
            Size::Exactly { height, width } => (height, width),
        }
    }

    /// A picture (H, W, 3) in this size, resized with the filter of [`resize_image`](super::resize_image).
    ///
    /// # Panics
    /// If the last axis is not 3 long.
    pub fn resize(self, picture: ArrayView3<'_, u8>) -> Array3<u8> {
        let (height, width, _) = picture.dim();
        if picture.is_empty() {
            return picture.to_owned();
        }
        let (new_height, new_width) = self.dimensions(height, width);
        let Size::Exactly { .. } = self else { return resize_image_to(picture, new_height, new_width) };
        let (new_height, new_width) = (new_height.max(1), new_width.max(1));
        // What is cut off is cut off first, to the pixel: no enlarged picture is larger than the result.
        let is_wide = width as f64 * new_height as f64 > height as f64 * new_width as f64;
        let kept =
            |side: usize, other: usize, ratio: f64| ((other as f64 * ratio).round() as usize).clamp(1, side);
        let (rows, columns) = match is_wide {
            true => (height, kept(width, height, new_width as f64 / new_height as f64)),
            false => (kept(height, width, new_height as f64 / new_width as f64), width),
        };
        let (top, left) = ((height - rows) / 2, (width - columns) / 2);
        let kept = picture.slice_axis(Axis(0), Slice::from(top..top + rows));
        let kept = kept.slice_axis(Axis(1), Slice::from(left..left + columns));
        resize_image_to(kept, new_height, new_width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proportions_stay_to_the_nearest_pixel() {
        for (height, width) in [(600, 800), (801, 533), (1, 1000), (7, 7)] {
            let (new_height, new_width) = Size::LongerSide(100).dimensions(height, width);
            assert_eq!(new_height.max(new_width), 100);
            assert_eq!(new_height > new_width, height > width);
            let (new_height, new_width) = Size::Width(321).dimensions(height, width);
            assert_eq!(new_width, 321);
            let exact = height as f64 * 321.0 / width as f64;
            assert!((new_height as f64 - exact).abs() <= 0.5 || new_height == 1);
            assert_eq!(Size::Height(45).dimensions(height, width).0, 45);
            assert_eq!(
                Size::ShorterSide(50).dimensions(height, width),
                resized_dimensions(height, width, 50)
            );
        }
    }

    #[test]
    fn what_stands_out_is_cut_off_at_both_ends() {
        // Columns of 0 to 9 and rows alike: what is left of 10 columns beside 4 rows is the middle.
        let picture = Array3::from_shape_fn((4, 10, 3), |(_, x, _)| x as u8 * 20);
        let cut = Size::Exactly { height: 4, width: 4 }.resize(picture.view());
        assert_eq!(cut.index_axis(Axis(0), 0).column(0).to_vec(), [60, 80, 100, 120]);
        let tall = picture.view().permuted_axes([1, 0, 2]);
        let cut = Size::Exactly { height: 2, width: 4 }.resize(tall);
        assert_eq!(cut.index_axis(Axis(1), 0).column(0).to_vec(), [80, 100]);
        assert_eq!(Size::Exactly { height: 8, width: 20 }.resize(picture.view()).dim(), (8, 20, 3));
        assert_eq!(Size::Exactly { height: 1, width: 500 }.resize(picture.view()).dim(), (1, 500, 3));
    }
}
