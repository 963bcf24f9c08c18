//! Style images in the colors of the photograph (Gatys et al. 2017, "Controlling Perceptual Factors in Neural Style
//! Transfer"): the same mean and covariance, by whitening and coloring.

use crate::image::preprocess_image;
use ndarray::{Array4, ArrayView3, ArrayViewMut3, Axis};

type Matrix = [[f64; 3]; 3];

/// A linear map of colors in preprocessed units: `matrix * color + offset`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ColorMap {
    matrix: Matrix,
    offset: [f64; 3],
}

impl ColorMap {
    /// The map that gives the colors of `from` the mean and the covariance of those of `to`; pictures are (H, W, 3).
    /// A direction in which the colors of `from` do not differ at all stays without any difference.
    pub(super) fn between(from: ArrayView3<'_, u8>, to: ArrayView3<'_, u8>) -> ColorMap {
        let [(mean_from, covariance_from), (mean_to, covariance_to)] = [from, to].map(statistics);
        let whitening =
            power(covariance_from, |variance| if variance > 1e-9 { variance.powf(-0.5) } else { 0.0 });
        let coloring = power(covariance_to, |variance| variance.max(0.0).sqrt());
        let matrix = product(coloring, whitening);
        let moved = times(matrix, mean_from);
        ColorMap { matrix, offset: std::array::from_fn(|channel| mean_to[channel] - moved[channel]) }
    }

    /// Maps each color of an image (H, W, 3).
    fn apply(&self, mut image: ArrayViewMut3<'_, f32>) {
        for mut pixel in image.rows_mut() {
            let color = times(self.matrix, std::array::from_fn(|channel| f64::from(pixel[channel])));
            (0..3).for_each(|channel| pixel[channel] = (color[channel] + self.offset[channel]) as f32);
        }
    }
}

/// A picture (H, W, 3), in other colors where there is a map, as the network's input (1, H, W, 3).
pub(super) fn preprocess(picture: ArrayView3<'_, u8>, colors: Option<ColorMap>) -> Array4<f32> {
    let mut image = preprocess_image(picture);
    if let Some(colors) = colors {
        colors.apply(image.index_axis_mut(Axis(0), 0));
    }
    image
}

/// Mean and covariance of a picture's colors, in preprocessed units.
fn statistics(picture: ArrayView3<'_, u8>) -> ([f64; 3], Matrix) {
    let pixels = (picture.len() / 3) as f64;
    let (mut sum, mut squares) = ([0.0; 3], [[0.0; 3]; 3]);
    // Row by row: a picture's preprocessed pixels take four times its own memory.
    for row in picture.axis_chunks_iter(Axis(0), 1) {
        for pixel in preprocess_image(row).rows() {
            let color: [f64; 3] = std::array::from_fn(|channel| f64::from(pixel[channel]));
            for i in 0..3 {
                sum[i] += color[i];
                (0..3).for_each(|j| squares[i][j] += color[i] * color[j]);
            }
        }
    }
    let mean = sum.map(|sum| sum / pixels);
    let covariance = |i: usize, j: usize| squares[i][j] / pixels - mean[i] * mean[j];
    (mean, std::array::from_fn(|i| std::array::from_fn(|j| covariance(i, j))))
}

fn times(matrix: Matrix, vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
}

fn product(a: Matrix, b: Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

fn identity() -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| f64::from(u8::from(i == j))))
}

/// A function of a symmetric matrix, by its eigenvalues; Jacobi's method, which is exact enough after a few rounds.
fn power(matrix: Matrix, function: impl Fn(f64) -> f64) -> Matrix {
    let mut diagonal = matrix;
    let mut vectors = identity();
    for (p, q) in [(0, 1), (0, 2), (1, 2)].into_iter().cycle().take(30) {
        if diagonal[p][q] == 0.0 {
            continue;
        }
        let angle = 0.5 * (2.0 * diagonal[p][q]).atan2(diagonal[q][q] - diagonal[p][p]);
        let (sin, cos) = angle.sin_cos();
        let mut rotation = identity();
        (rotation[p][p], rotation[q][q], rotation[p][q], rotation[q][p]) = (cos, cos, sin, -sin);
        let transposed = std::array::from_fn(|i| std::array::from_fn(|j| rotation[j][i]));
        diagonal = product(transposed, product(diagonal, rotation));
        vectors = product(vectors, rotation);
    }
    let values: [f64; 3] = std::array::from_fn(|k| function(diagonal[k][k]));
    std::array::from_fn(|i| {
        std::array::from_fn(|j| (0..3).map(|k| vectors[i][k] * values[k] * vectors[j][k]).sum())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    fn picture(seed: u64, spread: [f32; 3]) -> Array3<u8> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut picture = Array3::zeros((40, 50, 3));
        for mut pixel in picture.rows_mut() {
            let common = random.f32();
            for channel in 0..3 {
                let value = 60.0 + 90.0 * common + spread[channel] * random.f32();
                pixel[channel] = value as u8;
            }
        }
        picture
    }

    #[test]
    fn matched_colors_have_the_mean_and_the_covariance_of_the_others() {
        let (style, photo) = (picture(1, [90.0, 20.0, 60.0]), picture(2, [10.0, 50.0, 100.0]));
        let map = ColorMap::between(style.view(), photo.view());
        let mut matched = preprocess_image(style.view());
        map.apply(matched.index_axis_mut(Axis(0), 0));
        let (mean, covariance) = statistics(photo.view());
        let pixels = (matched.len() / 3) as f64;
        for i in 0..3 {
            let of = |channel: usize| matched.index_axis(Axis(3), channel).mapv(f64::from);
            assert!((of(i).sum() / pixels - mean[i]).abs() < 1e-5);
            for j in 0..3 {
                let own = (&(of(i) - mean[i]) * &(of(j) - mean[j])).sum() / pixels;
                assert!((own - covariance[i][j]).abs() < 1e-5, "{own} is not {}", covariance[i][j]);
            }
        }
    }

    #[test]
    fn the_same_colors_stay_and_flat_ones_are_moved() {
        let photo = picture(3, [30.0, 40.0, 50.0]);
        let same = ColorMap::between(photo.view(), photo.view());
        for i in 0..3 {
            for j in 0..3 {
                assert!((same.matrix[i][j] - f64::from(u8::from(i == j))).abs() < 1e-6);
            }
        }
        let flat = Array3::from_elem((4, 5, 3), 77);
        let mut image = preprocess_image(flat.view());
        ColorMap::between(flat.view(), photo.view()).apply(image.index_axis_mut(Axis(0), 0));
        let (mean, _) = statistics(photo.view());
        assert!(image.rows().into_iter().all(|pixel| (f64::from(pixel[2]) - mean[2]).abs() < 1e-5));
    }
}
