//! Motion from one photograph to the next, for sequences of pictures: what is where it was, and what was never seen.
//!
//! A frame of a sequence starts from the result of the frame before, moved to where its things are now, and
//! [`temporal`](crate::StyleTransferBuilder::temporal) holds it there, after Ruder, Dosovitskiy and Brox, "Artistic style
//! transfer for videos" (2016). [`Motion::flicker`] tells what that brings.
//!
//! ```
//! use impasto::image::preprocess_image;
//! use impasto::motion::Motion;
//! use impasto::transfer::TEMPORAL_WEIGHT;
//! use impasto::{SqueezeNet, StyleTransfer, Weights};
//! # use ndarray::Array3;
//! # let picture = |moved: usize| {
//! #     Array3::from_shape_fn((32, 40, 3), |(y, x, c)| ((y * y + 3 * (x + moved) + 40 * c) % 256) as u8)
//! # };
//! # let (first, second, painting) = (picture(0), picture(1), picture(7));
//! # let network = SqueezeNet::new(Weights::built_in());
//! # let iterations = 2;
//!
//! let builder = StyleTransfer::builder(&network).style(&painting, 1.0).iterations(iterations);
//! let before = builder.clone().content(&first).build()?.run()?.picture;
//!
//! let motion = Motion::between(&first, &second)?;
//! let moved = motion.carry(&before, &second)?;
//! let start = preprocess_image(moved.view());
//! let builder = builder.content(&second).init_image(&start);
//! let now = builder.temporal(&moved, motion.trust(), TEMPORAL_WEIGHT).build()?.run()?.picture;
//! println!("{:.1} of 255 from frame to frame", motion.flicker(&before, &now)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod estimate;
mod plane;

use estimate::estimate;
use ndarray::{Array2, Array3, Axis, Zip};
use plane::Plane;
use rayon::prelude::*;
use thiserror::Error;

/// Why a motion cannot be found or applied.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MotionError {
    /// Two pictures of different sizes.
    #[error(
        "one picture is {height}x{width}, the other {other_height}x{other_width}: frames must have one size"
    )]
    Sizes {
        /// The height of one, in pixels.
        height: usize,
        /// Its width.
        width: usize,
        /// The height of the other.
        other_height: usize,
        /// Its width.
        other_width: usize,
    },
    /// A picture without pixels, or neither RGB nor RGBA.
    #[error("a picture has the shape {0:?}: it must be (height, width, 3) or (height, width, 4)")]
    NotAPicture(
        /// Its shape.
        Vec<usize>,
    ),
}

/// For each pixel of a photograph, where it was in the photograph before.
#[derive(Debug, Clone)]
pub struct Motion {
    /// Rows and columns to add to a pixel's place, each (H, W).
    vectors: [Array2<f32>; 2],
    trust: Array2<u8>,
}

impl Motion {
    /// The motion from the photograph `before` to `now`, each (H, W, 3) or (H, W, 4): the optical flow from the new one
    /// back to the old one, and from the old one to the new one, to see where both agree.
    ///
    /// The flow is that of Lucas and Kanade, from coarse to fine, with a weight for each pixel that agrees with its
    /// neighbors.
    ///
    /// # Errors
    /// [`MotionError`] if the sizes differ or one is no picture.
    pub fn between(before: &Array3<u8>, now: &Array3<u8>) -> Result<Motion, MotionError> {
        check(&[before, now])?;
        let (before, now) = (Plane::gray(before), Plane::gray(now));
        let (back, forth) = rayon::join(|| estimate(&now, &before), || estimate(&before, &now));
        let trust = trust(&back, &forth);
        let (height, width) = (now.height, now.width);
        let vectors = back.map(|plane| {
            Array2::from_shape_vec((height, width), plane.values).expect("a value for each pixel")
        });
        Ok(Motion { vectors, trust })
    }

    /// Where each pixel was before: rows and columns to add to its place, each (H, W), in pixels.
    pub fn vectors(&self) -> &[Array2<f32>; 2] {
        &self.vectors
    }

    /// Where the photograph before shows the same, (H, W): 255 there, 0 where something was uncovered, came into the
    /// picture, or lies at the edge of what moves.
    pub fn trust(&self) -> &Array2<u8> {
        &self.trust
    }

    /// A result (H, W, 3) of the photograph before, moved to where its things are now; where there is nothing to move, the
    /// new photograph, (H, W, 3) or (H, W, 4).
    ///
    /// # Errors
    /// [`MotionError`] if a picture has another size than the photographs.
    pub fn carry(&self, result: &Array3<u8>, now: &Array3<u8>) -> Result<Array3<u8>, MotionError> {
        check(&[result, now])?;
        self.check(result)?;
        let mut carried = self.moved(result);
        Zip::from(carried.lanes_mut(Axis(2))).and(now.lanes(Axis(2))).and(&self.trust).for_each(
            |mut carried, now, &trust| {
                if trust == 0 {
                    (0..3).for_each(|channel| carried[channel] = now[channel]);
                }
            },
        );
        Ok(carried)
    }

    /// How much two results that follow each other differ where the photographs show the same: the mean over pixels and
    /// colors, from 0 to 255, of the distance between the new one and the one before, moved. 0 if they have nothing in
    /// common.
    ///
    /// # Errors
    /// [`MotionError`] if a picture has another size than the photographs.
    pub fn flicker(&self, before: &Array3<u8>, now: &Array3<u8>) -> Result<f64, MotionError> {
        check(&[before, now])?;
        self.check(now)?;
        let moved = self.moved(before);
        let (mut sum, mut count) = (0, 0u64);
        Zip::from(moved.lanes(Axis(2))).and(now.lanes(Axis(2))).and(&self.trust).for_each(
            |moved, now, &trust| {
                if trust > 0 {
                    sum +=
                        (0..3).map(|channel| u64::from(moved[channel].abs_diff(now[channel]))).sum::<u64>();
                    count += 3;
                }
            },
        );
        Ok(if count == 0 { 0.0 } else { sum as f64 / count as f64 })
    }

    fn check(&self, picture: &Array3<u8>) -> Result<(), MotionError> {
        let (height, width, _) = picture.dim();
        check_sizes(self.trust.dim(), (height, width))
    }

    /// The first three channels of a picture, moved. Cubic, so that a sequence does not grow soft.
    fn moved(&self, picture: &Array3<u8>) -> Array3<u8> {
        let (height, width, _) = picture.dim();
        let [rows, columns] = &self.vectors;
        let mut moved = Array3::<u8>::zeros((height, width, 3));
        let lines: Vec<_> = moved.axis_iter_mut(Axis(0)).collect();
        lines.into_par_iter().enumerate().for_each(|(y, mut line)| {
            for (x, mut pixel) in line.axis_iter_mut(Axis(0)).enumerate() {
                let place = [y as f32 + rows[[y, x]], x as f32 + columns[[y, x]]];
                let [(rows, of_row), (columns, of_column)] =
                    [plane::cubic(place[0], height), plane::cubic(place[1], width)];
                for channel in 0..3 {
                    let mut sum = 0.0;
                    for (&row, of_row) in rows.iter().zip(of_row) {
                        for (&column, of_column) in columns.iter().zip(of_column) {
                            sum += of_row * of_column * f32::from(picture[[row, column, channel]]);
                        }
                    }
                    pixel[channel] = sum.round().clamp(0.0, 255.0) as u8;
                }
            }
        });
        moved
    }
}

/// Refuses what is no picture, and pictures of different sizes.
fn check(pictures: &[&Array3<u8>; 2]) -> Result<(), MotionError> {
    for picture in pictures {
        if picture.is_empty() || !matches!(picture.dim().2, 3 | 4) {
            return Err(MotionError::NotAPicture(picture.shape().to_vec()));
        }
    }
    let [one, other] = pictures.map(|picture| (picture.dim().0, picture.dim().1));
    check_sizes(one, other)
}

fn check_sizes(
    (height, width): (usize, usize),
    (other_height, other_width): (usize, usize),
) -> Result<(), MotionError> {
    match (height, width) == (other_height, other_width) {
        true => Ok(()),
        false => Err(MotionError::Sizes { height, width, other_height, other_width }),
    }
}

/// Where the way back ends where it began, within the picture, and not at the edge of what moves: with the thresholds of
/// Sundaram, Brox and Keutzer (2010), which Ruder et al. use.
fn trust(back: &[Plane; 2], forth: &[Plane; 2]) -> Array2<u8> {
    let (height, width) = (back[0].height, back[0].width);
    let squared = |vector: [f32; 2]| vector[0] * vector[0] + vector[1] * vector[1];
    Array2::from_shape_fn((height, width), |(y, x)| {
        let vector = [0, 1].map(|axis| back[axis].at(y, x));
        let place = [y as f32 + vector[0], x as f32 + vector[1]];
        let is_inside = (-0.5..=height as f32 - 0.5).contains(&place[0])
            && (-0.5..=width as f32 - 0.5).contains(&place[1]);
        let returning = [0, 1].map(|axis| forth[axis].sample(place));
        let error = squared([vector[0] + returning[0], vector[1] + returning[1]]);
        let agrees = error <= 0.01 * (squared(vector) + squared(returning)) + 0.5;
        let bend = [0, 1].map(|axis| squared(back[axis].gradient(y, x)));
        let is_smooth = bend[0] + bend[1] <= 0.01 * squared(vector) + 0.002;
        if is_inside && agrees && is_smooth { u8::MAX } else { 0 }
    })
}

#[cfg(test)]
mod tests;
