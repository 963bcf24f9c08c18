//! The colors of a texture. The network's first layer hardly notices how bright a large area is, and what no loss holds
//! drifts: without a content image to hold them, colors are given back the mean and the deviation of the painting's.

use ndarray::{Array2, Array4, ArrayView4, ArrayViewMut4, Axis};

/// Mean and standard deviation of each channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Colors {
    mean: [f64; 3],
    deviation: [f64; 3],
}

impl Colors {
    /// Those of several pictures (1, H, W, 3), each with its share of the whole.
    pub(super) fn of(pictures: &[(Array4<f32>, f64)]) -> Colors {
        let shares: f64 = pictures.iter().map(|&(_, share)| share).sum();
        let mut sum = [[0.0; 2]; 3];
        for (picture, share) in pictures {
            for (sum, moments) in sum.iter_mut().zip(moments(picture.view(), None)) {
                sum[0] += share / shares * moments[0];
                sum[1] += share / shares * moments[1];
            }
        }
        Colors::from_moments(sum)
    }

    fn from_moments(moments: [[f64; 2]; 3]) -> Colors {
        Colors {
            mean: moments.map(|[mean, _]| mean),
            deviation: moments.map(|[mean, square]| (square - mean * mean).max(0.0).sqrt()),
        }
    }

    /// Moves and stretches each channel of `picture`, (1, H, W, 3), to these colors: as far as `mask`, (H, W) from 0 to 1,
    /// says. A channel without any contrast is moved only.
    pub(super) fn give_to(&self, mut picture: ArrayViewMut4<'_, f32>, mask: Option<&Array2<f32>>) {
        let own = Colors::from_moments(moments(picture.view(), mask));
        for channel in 0..3 {
            let stretch = match own.deviation[channel] {
                deviation if deviation > 1e-6 => self.deviation[channel] / deviation,
                _ => 1.0,
            };
            let (from, to) = (own.mean[channel], self.mean[channel]);
            let given = |value: f32| ((f64::from(value) - from) * stretch + to) as f32;
            let mut values = picture.index_axis_mut(Axis(3), channel);
            match mask {
                None => values.mapv_inplace(given),
                Some(mask) => {
                    let mut values = values.index_axis_mut(Axis(0), 0);
                    values.zip_mut_with(mask, |value, &share| *value += share * (given(*value) - *value));
                }
            }
        }
    }
}

/// The mean of each channel's values, and of their squares; where there is a mask, each pixel counts as it says.
fn moments(picture: ArrayView4<'_, f32>, mask: Option<&Array2<f32>>) -> [[f64; 2]; 3] {
    let pixels = match mask {
        Some(mask) => mask.iter().map(|&share| f64::from(share)).sum::<f64>().max(f64::MIN_POSITIVE),
        None => (picture.len() / 3) as f64,
    };
    std::array::from_fn(|channel| {
        let values = picture.index_axis(Axis(3), channel);
        let add = |[first, second]: [f64; 2], share: f64, value: f32| {
            let value = f64::from(value);
            [first + share * value, second + share * value * value]
        };
        let sums = match mask {
            None => values.iter().fold([0.0; 2], |sums, &value| add(sums, 1.0, value)),
            Some(mask) => values
                .iter()
                .zip(mask)
                .fold([0.0; 2], |sums, (&value, &share)| add(sums, f64::from(share), value)),
        };
        sums.map(|sum| sum / pixels)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_those_given() {
        let picture = |scale: f32| {
            Array4::from_shape_fn((1, 7, 9, 3), |(_, y, x, c)| {
                scale * ((y * 31 + x * 17 + c * 5) % 11) as f32
            })
        };
        let colors = Colors::of(&[(picture(0.2), 1.0), (picture(0.1), 3.0)]);
        let mut texture = Array4::from_shape_fn((1, 5, 6, 3), |(_, y, x, c)| (y * y + x + c) as f32);
        colors.give_to(texture.view_mut(), None);
        let own = Colors::of(&[(texture, 1.0)]);
        for channel in 0..3 {
            assert!((own.mean[channel] - colors.mean[channel]).abs() < 1e-5);
            assert!((own.deviation[channel] - colors.deviation[channel]).abs() < 1e-5);
        }
        // By hand: the mean of 0, 2, and of 4 three times as often.
        let pixel = |value| Array4::from_elem((1, 1, 1, 3), value);
        let colors = Colors::of(&[(pixel(0.0), 1.0), (pixel(4.0), 3.0)]);
        assert_eq!(colors.mean, [3.0; 3]);
        assert!((colors.deviation[0] - 3.0f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn colors_stay_within_their_mask() {
        let colors = Colors { mean: [1.0, 2.0, 3.0], deviation: [0.5; 3] };
        let before = Array4::from_shape_fn((1, 6, 5, 3), |(_, y, x, c)| (y * y + x * 3 + c) as f32);
        let mask = Array2::from_shape_fn((6, 5), |(y, _)| if y < 3 { 1.0 } else { 0.0 });
        let mut picture = before.clone();
        colors.give_to(picture.view_mut(), Some(&mask));
        let half = |image: &Array4<f32>, rows: std::ops::Range<isize>| {
            image.slice_axis(Axis(1), ndarray::Slice::from(rows)).to_owned()
        };
        assert_eq!(half(&picture, 3..6), half(&before, 3..6));
        let own = Colors::of(&[(half(&picture, 0..3), 1.0)]);
        assert!((0..3).all(|channel| (own.mean[channel] - colors.mean[channel]).abs() < 1e-5));
        assert!((0..3).all(|channel| (own.deviation[channel] - 0.5).abs() < 1e-5));
    }

    #[test]
    fn a_flat_picture_is_moved_only() {
        let colors = Colors { mean: [1.0, 2.0, 3.0], deviation: [0.5; 3] };
        let mut flat = Array4::zeros((1, 2, 2, 3));
        colors.give_to(flat.view_mut(), None);
        assert_eq!(flat[[0, 1, 1, 2]], 3.0);
    }
}
