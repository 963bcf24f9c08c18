//! The notebook's resize: to a given shorter side, with Pillow's BILINEAR filter, equal to Pillow in every bit.
//! It knows no other filter and no cropping.

use std::borrow::Cow;

use ndarray::{Array3, ArrayView3, Axis, Slice};
use rayon::prelude::*;

/// Fractional bits of Pillow's fixed-point weights: 32 bits less 8 of the pixel and 2 to spare for the sum.
const PRECISION_BITS: u32 = 32 - 8 - 2;
/// One half, which the sum starts from so that the final shift rounds.
const ROUNDING: i32 = 1 << (PRECISION_BITS - 1);
const CHANNELS: usize = 3;

/// Resizes a picture (H, W, 3) so that its shorter side becomes `size` pixels, keeping its proportions.
///
/// The scale is `size / min(H, W)`; the new sides are `trunc(H * scale)` and `trunc(W * scale)` in f64, as in the
/// notebook's `load_image`, and at least one pixel (a `size` of 0 counts as 1). The filter is Pillow's BILINEAR: a
/// triangle, widened by the scale when shrinking, first along rows and then along columns, rounded to u8 in between.
/// A picture without pixels is returned as it is.
///
/// ```
/// use impasto::image::resize_image;
/// use ndarray::Array3;
///
/// let picture = Array3::from_elem((30, 40, 3), 200);
/// let small = resize_image(picture.view(), 15);
/// assert_eq!(small, Array3::from_elem((15, 20, 3), 200));
/// ```
///
/// # Panics
///
/// If the last axis is not 3 long.
pub fn resize_image(picture: ArrayView3<'_, u8>, size: usize) -> Array3<u8> {
    let (height, width, _) = picture.dim();
    let (new_height, new_width) = resized_dimensions(height, width, size);
    resize_image_to(picture, new_height, new_width)
}

/// A picture (H, W, 3) whose longer side is at most `longer_side` pixels: as it is if it fits, else resized with the
/// filter of [`resize_image`].
///
/// ```
/// use impasto::image::shrink_image;
/// use ndarray::Array3;
///
/// let picture = Array3::<u8>::zeros((300, 400, 3));
/// assert_eq!(shrink_image(picture.clone(), 100).dim(), (75, 100, 3));
/// assert_eq!(shrink_image(picture, 500).dim(), (300, 400, 3));
/// ```
///
/// # Panics
///
/// If the last axis is not 3 long.
pub fn shrink_image(picture: Array3<u8>, longer_side: usize) -> Array3<u8> {
    let (height, width, _) = picture.dim();
    let longer = height.max(width);
    if longer <= longer_side {
        return picture;
    }
    let scaled = |side: usize| side * longer_side / longer;
    resize_image_to(picture.view(), scaled(height), scaled(width))
}

/// Resizes a picture (H, W, 3), or (H, W, 4) with alpha, to `new_height` by `new_width` pixels (0 counts as 1) with the
/// filter of [`resize_image`]: what gives a picture exactly the size of another one that was resized from other dimensions.
/// A picture without pixels is returned as it is. Colors count as much as their alpha, as in Pillow.
///
/// ```
/// use impasto::image::resize_image_to;
/// use ndarray::array;
///
/// let edge = array![[[0, 0, 0], [255, 255, 255]]]; // (1, 2, 3)
/// assert_eq!(resize_image_to(edge.view(), 1, 1), array![[[128, 128, 128]]]); // 127.5, rounded
/// assert_eq!(resize_image_to(edge.view(), 1, 4)[[0, 1, 0]], 64); // a quarter of the way
/// ```
///
/// # Panics
///
/// If the last axis is neither 3 nor 4 long.
pub fn resize_image_to(picture: ArrayView3<'_, u8>, new_height: usize, new_width: usize) -> Array3<u8> {
    let (height, width, channels) = picture.dim();
    if channels == CHANNELS + 1 {
        return resize_with_alpha(picture, new_height, new_width);
    }
    assert_eq!(channels, CHANNELS, "a picture has shape (H, W, 3), or (H, W, 4) with alpha");
    if picture.is_empty() {
        return picture.to_owned();
    }
    let (new_height, new_width) = (new_height.max(1), new_width.max(1));
    let picture = picture.as_standard_layout();
    let mut pixels = Cow::Borrowed(picture.as_slice().expect("the standard layout is a slice"));
    if new_width != width {
        pixels = resize_rows(&pixels, width, new_width).into();
    }
    if new_height != height {
        pixels = resize_columns(&pixels, height, new_height).into();
    }
    Array3::from_shape_vec((new_height, new_width, CHANNELS), pixels.into_owned())
        .expect("each pass writes exactly the new side")
}

/// Resizes colors, multiplied by their alpha, and alpha apart.
fn resize_with_alpha(picture: ArrayView3<'_, u8>, new_height: usize, new_width: usize) -> Array3<u8> {
    let (height, width, _) = picture.dim();
    // Multiplied and divided, colors would lose bits for nothing.
    if (new_height.max(1), new_width.max(1)) == (height, width) || picture.is_empty() {
        return picture.to_owned();
    }
    let alpha = picture.index_axis(Axis(2), CHANNELS);
    let mut colors = picture.slice_axis(Axis(2), Slice::from(..CHANNELS)).to_owned();
    for (mut color, &alpha) in colors.rows_mut().into_iter().zip(&alpha) {
        color.mapv_inplace(|level| {
            // Pillow's division by 255, rounded.
            let product = u32::from(level) * u32::from(alpha) + 128;
            (((product >> 8) + product) >> 8) as u8
        });
    }
    let three = alpha.insert_axis(Axis(2));
    let three = three.broadcast((height, width, CHANNELS)).expect("one level is repeated");
    let (colors, alpha) = (
        resize_image_to(colors.view(), new_height, new_width),
        resize_image_to(three, new_height, new_width),
    );
    let (height, width, _) = colors.dim();
    Array3::from_shape_fn((height, width, CHANNELS + 1), |(y, x, channel)| {
        let alpha = alpha[[y, x, 0]];
        match (channel, alpha) {
            (CHANNELS, _) => alpha,
            (_, 0 | u8::MAX) => colors[[y, x, channel]],
            _ => (255 * u32::from(colors[[y, x, channel]]) / u32::from(alpha)).min(255) as u8,
        }
    })
}

/// The sides (H, W) that [`resize_image`] gives a picture of `height` by `width` pixels, neither of them 0.
///
/// ```
/// use impasto::image::resized_dimensions;
///
/// assert_eq!(resized_dimensions(600, 800, 192), (192, 256));
/// assert_eq!(resized_dimensions(600, 801, 192), (192, 256)); // 256.32, truncated
/// ```
pub fn resized_dimensions(height: usize, width: usize, size: usize) -> (usize, usize) {
    let scale = size as f64 / height.min(width) as f64;
    let scaled = |side: usize| ((side as f64 * scale) as usize).max(1);
    (scaled(height), scaled(width))
}

/// The horizontal pass: every row of `width` pixels becomes one of `new_width`.
fn resize_rows(pixels: &[u8], width: usize, new_width: usize) -> Vec<u8> {
    let filter = Filter::new(width, new_width);
    let height = pixels.len() / (width * CHANNELS);
    let mut resized = vec![0; height * new_width * CHANNELS];
    resized
        .par_chunks_exact_mut(new_width * CHANNELS)
        .zip(pixels.par_chunks_exact(width * CHANNELS))
        .for_each(|(new_row, row)| {
            let (row, _) = row.as_chunks::<CHANNELS>();
            let (new_row, _) = new_row.as_chunks_mut::<CHANNELS>();
            for (index, new_pixel) in new_row.iter_mut().enumerate() {
                let (first, weights) = filter.taps(index);
                let mut sums = [ROUNDING; CHANNELS];
                for (pixel, &weight) in row[first..].iter().zip(weights) {
                    for (sum, &level) in sums.iter_mut().zip(pixel) {
                        *sum += i32::from(level) * weight;
                    }
                }
                *new_pixel = sums.map(to_level);
            }
        });
    resized
}

/// The vertical pass: `height` rows become `new_height`.
fn resize_columns(pixels: &[u8], height: usize, new_height: usize) -> Vec<u8> {
    let filter = Filter::new(height, new_height);
    let row_length = pixels.len() / height;
    let mut resized = vec![0; new_height * row_length];
    resized.par_chunks_exact_mut(row_length).enumerate().for_each_init(
        || vec![0; row_length],
        |sums, (index, new_row)| {
            let (first, weights) = filter.taps(index);
            sums.fill(ROUNDING);
            let rows = pixels[first * row_length..].chunks_exact(row_length);
            for (row, &weight) in rows.zip(weights) {
                for (sum, &level) in sums.iter_mut().zip(row) {
                    *sum += i32::from(level) * weight;
                }
            }
            for (new_level, &sum) in new_row.iter_mut().zip(&*sums) {
                *new_level = to_level(sum);
            }
        },
    );
    resized
}

fn to_level(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}

/// For each output position along one axis, the input positions it draws from and their fixed-point weights.
struct Filter {
    /// First input position and number of weights of each output position.
    spans: Vec<(usize, usize)>,
    /// The weights of output position i start at i * `stride`.
    weights: Vec<i32>,
    stride: usize,
}

impl Filter {
    fn new(length: usize, new_length: usize) -> Self {
        let scale = length as f64 / new_length as f64;
        let support = scale.max(1.0);
        // Pillow multiplies by the reciprocal; dividing would round differently.
        let inverse_support = 1.0 / support;
        let stride = support.ceil() as usize * 2 + 1;
        let mut spans = Vec::with_capacity(new_length);
        let mut weights = vec![0; new_length * stride];
        let mut exact = Vec::with_capacity(stride);
        for (index, weights) in weights.chunks_exact_mut(stride).enumerate() {
            let center = (index as f64 + 0.5) * scale;
            let first = (center - support + 0.5).max(0.0) as usize;
            let end = ((center + support + 0.5) as usize).min(length);
            exact.clear();
            exact.extend((first..end).map(|x| triangle((x as f64 - center + 0.5) * inverse_support)));
            // Summed in order, one by one, as Pillow does: another order could change the last bit.
            let total = exact.iter().fold(0.0, |total, weight| total + weight);
            for (fixed, weight) in weights.iter_mut().zip(&exact) {
                *fixed = (0.5 + weight / total * f64::from(1 << PRECISION_BITS)) as i32;
            }
            spans.push((first, end - first));
        }
        Self { spans, weights, stride }
    }

    /// The first input position that output position `index` draws from, and the weights from there on.
    fn taps(&self, index: usize) -> (usize, &[i32]) {
        let (first, count) = self.spans[index];
        let start = index * self.stride;
        (first, &self.weights[start..start + count])
    }
}

fn triangle(x: f64) -> f64 {
    (1.0 - x.abs()).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array;

    /// A picture with sharp and smooth places; the same formula made the literals below.
    fn pattern(height: usize, width: usize) -> Array3<u8> {
        Array::from_shape_fn((height, width, 3), |(y, x, c)| (31 * y * y + 17 * x + 7 * x * y + 85 * c) as u8)
    }

    #[test]
    fn shrinking_leaves_a_pixel_of_each_side() {
        assert_eq!(shrink_image(Array3::zeros((1, 1000, 3)), 96).dim(), (1, 96, 3));
        assert_eq!(shrink_image(pattern(5, 7), 7), pattern(5, 7));
    }

    /// Literals by Pillow 13.0: `Image.fromarray(pattern).resize((w, h), Image.BILINEAR)`, with h and w by the notebook.
    #[test]
    fn small_pictures_equal_pillow() {
        type Case<'a> = ((usize, usize), usize, (usize, usize), &'a [u8]);
        #[rustfmt::skip]
        let cases: &[Case<'_>] = &[
            ((5, 7), 3, (3, 4), &[24, 109, 194, 55, 140, 194, 92, 177, 152, 123, 150, 106, 97, 175, 122, 145, 117, 111, 174, 105, 117, 115, 107, 165, 100, 108, 188, 88, 173, 129, 165, 142, 79, 230, 67, 144]),
            ((3, 2), 4, (6, 4), &[0, 85, 170, 4, 89, 174, 13, 98, 183, 17, 102, 187, 8, 93, 178, 12, 97, 182, 22, 107, 192, 27, 112, 197, 23, 108, 193, 29, 114, 199, 40, 125, 210, 46, 131, 216, 54, 139, 160, 61, 146, 167, 74, 159, 180, 80, 165, 186, 101, 186, 79, 108, 193, 86, 123, 208, 101, 130, 215, 108, 124, 209, 38, 132, 217, 46, 147, 232, 61, 155, 240, 69]),
            ((1, 5), 2, (2, 10), &[0, 85, 170, 4, 89, 174, 13, 98, 183, 21, 106, 191, 30, 115, 200, 38, 123, 208, 47, 132, 217, 55, 140, 225, 64, 149, 234, 68, 153, 238, 0, 85, 170, 4, 89, 174, 13, 98, 183, 21, 106, 191, 30, 115, 200, 38, 123, 208, 47, 132, 217, 55, 140, 225, 64, 149, 234, 68, 153, 238]),
            ((7, 1), 1, (7, 1), &[0, 85, 170, 31, 116, 201, 124, 209, 38, 23, 108, 193, 240, 69, 154, 7, 92, 177, 92, 177, 6]),
            ((13, 10), 2, (2, 2), &[115, 135, 135, 135, 134, 129, 117, 126, 124, 135, 124, 134]),
            ((3, 4), 5, (5, 6), &[0, 85, 170, 9, 94, 179, 20, 105, 190, 31, 116, 201, 43, 128, 213, 51, 136, 221, 12, 97, 182, 23, 108, 193, 36, 121, 206, 49, 134, 219, 62, 147, 181, 72, 157, 139, 31, 116, 201, 43, 128, 213, 59, 144, 229, 75, 160, 245, 91, 176, 133, 103, 188, 17, 87, 172, 103, 101, 186, 118, 120, 179, 136, 139, 96, 155, 158, 89, 123, 171, 103, 85, 124, 209, 38, 140, 225, 54, 160, 202, 74, 181, 53, 95, 202, 31, 116, 217, 46, 131]),
        ];
        for &((height, width), size, new, levels) in cases {
            let resized = resize_image(pattern(height, width).view(), size);
            let expected = Array3::from_shape_vec((new.0, new.1, 3), levels.to_vec()).unwrap();
            assert_eq!(resized, expected, "{height}x{width} to {size}");
        }
    }

    /// Pillow's pictures again, each folded into one number that any single level changes.
    #[test]
    fn larger_pictures_equal_pillow() {
        let fold = |picture: &Array3<u8>| -> u64 {
            (1..).zip(picture).map(|(place, &level)| place * u64::from(level)).sum()
        };
        let shrunk = resize_image(pattern(101, 67).view(), 31);
        assert_eq!(shrunk.dim(), (46, 31, 3));
        assert_eq!(fold(&shrunk), 1_163_629_149);
        let grown = resize_image(pattern(67, 101).view(), 150);
        assert_eq!(grown.dim(), (150, 226, 3));
        assert_eq!(fold(&grown), 659_191_308_276);
    }

    /// Pillow's picture once more, with other proportions than the original.
    #[test]
    fn pictures_can_be_stretched() {
        #[rustfmt::skip]
        let expected = [14, 99, 184, 35, 120, 205, 57, 142, 189, 79, 164, 172, 100, 185, 194, 84, 169, 126, 115, 155, 157, 147, 104, 125, 178, 135, 92, 109, 166, 123, 61, 146, 154, 102, 160, 131, 143, 151, 57, 184, 77, 98, 165, 54, 139];
        let stretched = resize_image_to(pattern(4, 6).view(), 3, 5);
        assert_eq!(stretched, Array3::from_shape_vec((3, 5, 3), expected.to_vec()).unwrap());
        assert_eq!(resize_image_to(pattern(4, 6).view(), 4, 6), pattern(4, 6));
        assert_eq!(resize_image_to(pattern(4, 6).view(), 0, 2).dim(), (1, 2, 3));
    }

    /// Pillow 13.0 again: `Image.fromarray(pattern, "RGBA").resize((3, 2), Image.BILINEAR)`.
    #[test]
    fn colors_count_as_much_as_their_alpha() {
        let picture =
            Array::from_shape_fn((4, 5, 4), |(y, x, c)| (31 * y * y + 17 * x + 7 * x * y + 85 * c) as u8);
        #[rustfmt::skip]
        let expected = [35, 120, 155, 102, 110, 120, 155, 74, 140, 147, 114, 109, 114, 200, 98, 80, 152, 113, 94, 132, 197, 84, 110, 185];
        let resized = resize_image_to(picture.view(), 2, 3);
        assert_eq!(resized, Array3::from_shape_vec((2, 3, 4), expected.to_vec()).unwrap());
        assert_eq!(
            resize_image_to(picture.view(), 4, 5).index_axis(Axis(2), 3),
            picture.index_axis(Axis(2), 3)
        );
    }

    #[test]
    fn views_of_any_layout_give_the_same_picture() {
        let upright = pattern(12, 9);
        let turned = upright.view().permuted_axes([1, 0, 2]);
        assert_eq!(resize_image(turned, 5), resize_image(turned.as_standard_layout().view(), 5));
    }

    #[test]
    fn sides_are_truncated_as_in_the_notebook() {
        assert_eq!(resized_dimensions(480, 641, 192), (192, 256));
        // 7 * (61 / 7) is just below 61 in f64, in Python as here.
        assert_eq!(resized_dimensions(7, 7, 61), (60, 60));
    }

    #[test]
    fn no_side_becomes_zero() {
        assert_eq!(resize_image(pattern(4, 6).view(), 0).dim(), (1, 1, 3));
        assert_eq!(resize_image(Array3::zeros((0, 6, 3)).view(), 5).dim(), (0, 6, 3));
    }
}
