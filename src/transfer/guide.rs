//! Masks: where each style is painted, and how strongly each position of a layer counts for it (spatial control, Gatys et
//! al. 2017, "Controlling Perceptual Factors in Neural Style Transfer").
//!
//! A guided Gram matrix is that of features which are multiplied by a map of the mask first. Ours are the square roots of
//! the mask's mean over what a position sees, so that the matrix is linear in the mask and grays blend. A position that
//! sees anything outside of the mask does not count at all: no style reaches a pixel where its mask is black.

use super::error::TransferError;
use super::problem::Problem;
use super::scale::Scale;
use crate::image::resize_image_to;
use impasto_autodiff::{Tape, TapeError};
use impasto_squeezenet::PoolRounding;
use impasto_squeezenet::architecture::{FEATURES, Layer, feature_shape};
use ndarray::{Array1, Array2, Array4, ArrayView2, ArrayView4, Axis, Ix4, Slice, Zip};

/// Styles that are painted at the same places, and where that is.
pub(super) struct Region {
    /// Their numbers.
    pub(super) styles: Vec<usize>,
    /// How strongly, (H, W), from 0 to 1; none: everywhere alike.
    pub(super) mask: Option<Array2<f32>>,
}

/// How a region counts in one layer.
pub(super) struct LayerGuide {
    /// The share of the layer's positions, by which the region's distance counts.
    pub(super) share: f64,
    /// What features are multiplied by, (1, h, w, 1), for each shift.
    pub(super) factors: Vec<Array4<f32>>,
}

/// A mask (H, W) in another size, from 0 to 1.
pub(super) fn resized(mask: ArrayView2<'_, u8>, (height, width): (usize, usize)) -> Array2<f32> {
    let levels = |mask: ArrayView2<'_, u8>| mask.mapv(|level| f32::from(level) / 255.0);
    if mask.dim() == (height, width) {
        return levels(mask);
    }
    let gray = mask.insert_axis(Axis(2));
    let gray = gray.broadcast((mask.dim().0, mask.dim().1, 3)).expect("one level is repeated");
    levels(resize_image_to(gray, height, width).index_axis(Axis(2), 0))
}

/// The regions of masks (H, W), each style with its blend weight: where several overlap, they share the place as their
/// weights say. Styles without weight are in no region.
pub(super) fn regions(
    styles: &[(Option<Array2<f32>>, f64)],
    groups: &[Vec<usize>],
    (height, width): (usize, usize),
) -> Vec<Region> {
    let everywhere = || Array2::<f32>::ones((height, width));
    let is_masked = styles.iter().any(|(mask, blend)| mask.is_some() && *blend > 0.0);
    if !is_masked {
        return groups.iter().map(|styles| Region { styles: styles.clone(), mask: None }).collect();
    }
    // What covers a pixel, and with which weight.
    let (mut covered, mut weighted) =
        (Array2::<f32>::zeros((height, width)), Array2::<f64>::zeros((height, width)));
    for (mask, blend) in styles.iter().filter(|(_, blend)| *blend > 0.0) {
        let mask = mask.clone().unwrap_or_else(everywhere);
        Zip::from(&mut covered).and(&mut weighted).and(&mask).for_each(|covered, weighted, &mask| {
            *covered = (*covered + mask).min(1.0);
            *weighted += blend * f64::from(mask);
        });
    }
    let region = |group: &Vec<usize>| {
        let blend: f64 = group.iter().map(|&style| styles[style].1).sum();
        let mut mask = group.first().and_then(|&style| styles[style].0.clone()).unwrap_or_else(everywhere);
        Zip::from(&mut mask).and(&covered).and(&weighted).for_each(|mask, &covered, &weighted| {
            if *mask > 0.0 {
                *mask = (f64::from(covered) * (blend * f64::from(*mask) / weighted)) as f32;
            }
        });
        Region { styles: group.clone(), mask: Some(mask) }
    };
    groups.iter().map(region).collect()
}

impl Region {
    /// How the region counts in each of `layers` at a size; none where nothing tells one position from another. A layer
    /// none of whose positions sees the region alone has no guide.
    pub(super) fn guides(
        &self,
        problem: &Problem,
        scale: &Scale,
        layers: &[usize],
        kept: Option<&Array2<f32>>,
    ) -> Result<Option<Vec<Option<LayerGuide>>>, TransferError> {
        if self.mask.is_none() && kept.is_none() {
            return Ok(None);
        }
        let size = (scale.height, scale.width);
        let mask = self.mask.clone().unwrap_or_else(|| Array2::ones(size));
        let counted = match kept {
            Some(kept) => Zip::from(&mask).and(kept).map_collect(|&mask, &kept| mask * (1.0 - kept)),
            None => mask.clone(),
        };
        let mut guides: Vec<Option<LayerGuide>> = layers.iter().map(|_| None).collect();
        let mut alive = vec![true; layers.len()];
        let canvas = match problem.has_canvas() {
            true => problem.canvas(scale),
            false => [scale.height, scale.width],
        };
        for (number, shift) in problem.shifts().iter().enumerate() {
            let [mask, counted] =
                [&mask, &counted].map(|map| on_canvas(map, *shift, canvas, problem.seamless));
            let maps = Maps { mask: mask?, counted: counted? };
            for (index, weights) in maps.through(layers, problem.network.rounding()).into_iter().enumerate() {
                let (positions, sum) =
                    (weights.len() as f64, weights.iter().map(|&w| f64::from(w)).sum::<f64>());
                alive[index] &= sum > 0.0;
                if !alive[index] {
                    guides[index] = None;
                    continue;
                }
                let factors = weights.mapv(|weight| (f64::from(weight) * (positions / sum)).sqrt() as f32);
                let factors = factors.insert_axis(Axis(0)).insert_axis(Axis(3));
                match (&mut guides[index], number) {
                    (Some(guide), _) => guide.factors.push(factors),
                    (guide, _) => {
                        *guide = Some(LayerGuide { share: sum / positions, factors: vec![factors] })
                    }
                }
            }
        }
        Ok(Some(guides))
    }
}

/// A map as the canvas shows it: shifted, and mirrored at its edges or repeated.
fn on_canvas(
    map: &Array2<f32>,
    shift: [usize; 2],
    canvas: [usize; 2],
    repeated: bool,
) -> Result<Array2<f32>, TapeError> {
    if canvas == [map.dim().0, map.dim().1] {
        return Ok(map.clone());
    }
    let mut tape = Tape::new();
    let image = tape.constant(&map.view().insert_axis(Axis(0)).insert_axis(Axis(3)));
    let offset = tape.constant(&Array1::from_iter(shift.map(|pixels| pixels as f32)));
    let padded = match repeated {
        true => tape.wrap_pad(image, offset, canvas)?,
        false => tape.reflect_pad(image, offset, canvas)?,
    };
    tape.forward();
    let padded: ArrayView4<'_, f32> =
        tape.value(padded)?.into_dimensionality::<Ix4>().expect("an image has four axes");
    Ok(padded.index_axis(Axis(3), 0).index_axis(Axis(0), 0).to_owned())
}

/// What positions of a layer see of a mask.
struct Maps {
    /// The least of the mask that each sees.
    mask: Array2<f32>,
    /// The mean of what counts.
    counted: Array2<f32>,
}

impl Maps {
    /// The weight of each position of `layers`.
    fn through(mut self, layers: &[usize], rounding: PoolRounding) -> Vec<Array2<f32>> {
        let size = self.mask.dim();
        let deepest = layers.iter().copied().max().unwrap_or(0);
        let mut weights = vec![Array2::zeros((0, 0)); layers.len()];
        for (index, layer) in FEATURES.iter().enumerate().take(deepest + 1) {
            let windows = match *layer {
                Layer::Convolution { kernel: size, stride, .. } | Layer::MaxPool { size, stride } => {
                    Some(Windows { size, stride, before: 0 })
                }
                Layer::Fire { .. } => Some(Windows { size: 3, stride: 1, before: 1 }),
                Layer::Relu => None,
            };
            if let (Some(windows), Some((rows, columns, _))) =
                (windows, feature_shape(index, size.0, size.1, rounding))
            {
                for (axis, length) in [(Axis(0), rows), (Axis(1), columns)] {
                    self.mask = windows.over(&self.mask, axis, length, f32::min, |least, _| least);
                    self.counted =
                        windows.over(&self.counted, axis, length, |a, b| a + b, |sum, count| sum / count);
                }
            }
            for (weights, _) in weights.iter_mut().zip(layers).filter(|(_, other)| **other == index) {
                *weights = Zip::from(&self.mask)
                    .and(&self.counted)
                    .map_collect(|&least, &mean| if least > 0.0 { mean } else { 0.0 });
            }
        }
        weights
    }
}

/// Windows along an axis; what lies outside of the map is in none.
struct Windows {
    size: usize,
    stride: usize,
    /// How far the first begins before the map.
    before: usize,
}

impl Windows {
    fn over(
        &self,
        map: &Array2<f32>,
        axis: Axis,
        length: usize,
        join: impl Fn(f32, f32) -> f32,
        finish: impl Fn(f32, f32) -> f32,
    ) -> Array2<f32> {
        let mut shape = map.raw_dim();
        shape[axis.index()] = length;
        let mut out = Array2::zeros(shape);
        for (index, mut out) in out.axis_iter_mut(axis).enumerate() {
            let start = index * self.stride;
            let (first, end) =
                (start.saturating_sub(self.before), (start + self.size - self.before).min(map.len_of(axis)));
            let window = map.slice_axis(axis, Slice::from(first..end));
            let mut lines = window.axis_iter(axis);
            if let Some(line) = lines.next() {
                out.assign(&line);
            }
            lines.for_each(|line| out.zip_mut_with(&line, |out, &value| *out = join(*out, value)));
            out.mapv_inplace(|value| finish(value, (end - first) as f32));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What layers make of a mask.
    fn weights(mask: &Array2<f32>, layers: &[usize]) -> Vec<Array2<f32>> {
        Maps { mask: mask.clone(), counted: mask.clone() }.through(layers, PoolRounding::Floor)
    }

    #[test]
    fn white_is_one_at_every_position() {
        let white = Array2::ones((97, 120));
        for weights in weights(&white, &[0, 1, 3, 4, 7, 12]) {
            assert!(!weights.is_empty() && weights.iter().all(|&weight| weight == 1.0));
        }
    }

    #[test]
    fn positions_that_see_black_do_not_count() {
        let mut mask = Array2::ones((96, 96));
        mask[[40, 50]] = 0.0;
        let [first, fire] = &weights(&mask, &[1, 3])[..] else { panic!("two layers") };
        // Windows of 3 pixels every 2: pixel 40 is in those of rows 19 and 20, pixel 50 in those of columns 24 and 25.
        for ((y, x), &weight) in first.indexed_iter() {
            assert_eq!(weight, f32::from(u8::from(!((19..=20).contains(&y) && (24..=25).contains(&x)))));
        }
        // Layer 3 sees 15 pixels, 4 apart: pixel 40 from rows 8 to 11, where its windows begin 4 pixels before.
        let dark = fire.indexed_iter().filter(|(_, weight)| **weight == 0.0);
        let rows: Vec<usize> = dark.map(|((y, _), _)| y).collect();
        assert_eq!((rows.iter().min(), rows.iter().max()), (Some(&8), Some(&11)));
    }

    #[test]
    fn overlapping_styles_share_a_place_by_their_weights() {
        let column = |levels: [f32; 4]| Some(Array2::from_shape_fn((4, 1), |(y, _)| levels[y]));
        let styles = [(column([1.0, 1.0, 0.5, 0.0]), 3.0), (column([0.0, 1.0, 0.5, 0.0]), 1.0), (None, 0.0)];
        let regions = regions(&styles, &[vec![0], vec![1]], (4, 1));
        let masks: Vec<Vec<f32>> =
            regions.into_iter().map(|region| region.mask.unwrap().into_iter().collect()).collect();
        assert_eq!(masks, [[1.0, 0.75, 0.75, 0.0], [0.0, 0.25, 0.25, 0.0]]);
    }

    #[test]
    fn masks_are_resized_without_reaching_further() {
        let mask = Array2::from_shape_fn((40, 60), |(_, x)| if x < 30 { 255 } else { 0 });
        for (height, width) in [(20, 30), (33, 51), (80, 120)] {
            let resized = resized(mask.view(), (height, width));
            assert_eq!(resized.dim(), (height, width));
            assert!(resized.iter().all(|level| (0.0..=1.0).contains(level)));
            assert_eq!((resized[[5, 0]], resized[[5, width - 1]]), (1.0, 0.0));
        }
    }
}
