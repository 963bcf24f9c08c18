//! The colors of a texture. The network's first layer hardly notices how bright a large area is, and what no loss holds
//! drifts: without a content image to hold them, colors are given back the mean and the deviation of the painting's.

use ndarray::{Array4, ArrayView4, ArrayViewMut4, Axis};

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
            for (sum, moments) in sum.iter_mut().zip(moments(picture.view())) {
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

    /// Moves and stretches each channel of `picture`, (1, H, W, 3), to these colors. A channel without any contrast is
    /// moved only.
    pub(super) fn give_to(&self, mut picture: ArrayViewMut4<'_, f32>) {
        let own = Colors::from_moments(moments(picture.view()));
        for channel in 0..3 {
            let stretch = match own.deviation[channel] {
                deviation if deviation > 1e-6 => self.deviation[channel] / deviation,
                _ => 1.0,
            };
            let (from, to) = (own.mean[channel], self.mean[channel]);
            picture
                .index_axis_mut(Axis(3), channel)
                .mapv_inplace(|value| ((f64::from(value) - from) * stretch + to) as f32);
        }
    }
}

/// The mean of each channel's values, and of their squares.
fn moments(picture: ArrayView4<'_, f32>) -> [[f64; 2]; 3] {
    let pixels = (picture.len() / 3) as f64;
    std::array::from_fn(|channel| {
        let sums = picture.index_axis(Axis(3), channel).iter().fold([0.0; 2], |[first, second], &value| {
            let value = f64::from(value);
            [first + value, second + value * value]
        });
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
        colors.give_to(texture.view_mut());
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
    fn a_flat_picture_is_moved_only() {
        let colors = Colors { mean: [1.0, 2.0, 3.0], deviation: [0.5; 3] };
        let mut flat = Array4::zeros((1, 2, 2, 3));
        colors.give_to(flat.view_mut());
        assert_eq!(flat[[0, 1, 1, 2]], 3.0);
    }
}
