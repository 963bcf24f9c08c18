//! Values and gradients as pictures.

use super::{NodePictures, NodeReport, Role};
use crate::image::{deprocess_image, shrink_image};
use impasto_autodiff::{Tape, TapeError, Var};
use ndarray::{
    Array2, Array3, ArrayD, ArrayView2, ArrayView3, ArrayView4, ArrayViewD, Axis, Ix2, Ix4, Slice,
};

/// Maps on a sheet: 4 rows of 4.
const MAPS: usize = 16;
const COLUMNS: usize = 4;

/// The longer side of a map on a sheet, at most, in pixels.
const SIDE: usize = 96;

/// Pixels between the maps of a sheet.
const GAP: usize = 2;

/// The part of all magnitudes that the brightest tone stands for: a few larger ones would leave all others dark.
const BRIGHTEST: f64 = 0.995;

/// Makes a tone from a number between -1 and 1, whose magnitude is the root of what it stands for: most values are
/// small, and small ones are to be seen too.
type Tone = fn(f32) -> [u8; 3];

/// The gradient of pixels (1, H, W, 3) as a picture (H, W, 3): gray is 0, a brighter red a positive gradient of red,
/// and so on.
pub fn gradient_picture(gradient: ArrayView4<'_, f32>) -> Array3<u8> {
    let gradient = gradient.index_axis(Axis(0), 0);
    let scale = brightest(gradient.iter().copied());
    gradient.mapv(|value| (127.5 + 127.5 * (value / scale).clamp(-1.0, 1.0)) as u8)
}

pub(super) fn node_pictures(tape: &mut Tape<f32>, node: &NodeReport) -> Result<NodePictures, TapeError> {
    let summands = match &node.summands[..] {
        [_, _, ..] if node.shape.len() == 4 && node.role != Role::Pixels => tape.summands(node.var)?,
        _ => Vec::new(),
    };
    let gradient = gradient(tape, node.var)?;
    let value = tape.value(node.var)?;
    Ok(match (node.role, value.ndim()) {
        (Role::Parameter, _) => NodePictures::default(),
        (Role::Pixels, _) => pixels(value, gradient),
        (_, 4) => sheets(value, gradient, &summands),
        (_, 2) => NodePictures {
            value: matrix(value, value_tone),
            gradient: gradient.and_then(|gradient| matrix(gradient, gradient_tone)),
            ..NodePictures::default()
        },
        _ => NodePictures::default(),
    })
}

fn gradient(tape: &Tape<f32>, var: Var) -> Result<Option<ArrayViewD<'_, f32>>, TapeError> {
    match tape.gradient(var) {
        Ok(gradient) => Ok(Some(gradient)),
        Err(TapeError::NoGradient) => Ok(None),
        Err(error) => Err(error),
    }
}

fn pixels(value: ArrayViewD<'_, f32>, gradient: Option<ArrayViewD<'_, f32>>) -> NodePictures {
    let as_image = |array: ArrayViewD<'_, f32>, picture: fn(ArrayView4<'_, f32>) -> Array3<u8>| {
        array
            .into_dimensionality::<Ix4>()
            .ok()
            .map(|array| shrink_image(picture(array.view()), COLUMNS * SIDE))
    };
    NodePictures {
        value: as_image(value, |image| deprocess_image(image, false)),
        gradient: gradient.and_then(|gradient| as_image(gradient, gradient_picture)),
        ..NodePictures::default()
    }
}

/// The channels with the largest values, their gradients, and what these are sums of.
fn sheets(
    value: ArrayViewD<'_, f32>,
    gradient: Option<ArrayViewD<'_, f32>>,
    summands: &[(Var, ArrayD<f32>)],
) -> NodePictures {
    let Some(value) = features(value) else { return NodePictures::default() };
    let energy = |channel: usize| -> f32 { value.index_axis(Axis(2), channel).iter().map(|v| v * v).sum() };
    let mut ranked: Vec<(usize, f32)> =
        (0..value.dim().2).map(|channel| (channel, energy(channel))).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut channels: Vec<usize> = ranked.into_iter().take(MAPS).map(|(channel, _)| channel).collect();
    channels.sort_unstable();
    let scale_of = |maps: ArrayView3<'_, f32>| {
        brightest(channels.iter().flat_map(|&channel| maps.index_axis(Axis(2), channel).into_iter().copied()))
    };
    let sheet = |maps: ArrayView3<'_, f32>, scale: f32, tone: Tone| sheet(maps, &channels, scale, tone);
    let mut pictures =
        NodePictures { value: Some(sheet(value, scale_of(value), value_tone)), ..NodePictures::default() };
    if let Some(gradient) = gradient.and_then(features) {
        let scale = scale_of(gradient);
        pictures.gradient = Some(sheet(gradient, scale, gradient_tone));
        let of_summand = |(from, summand): &(Var, ArrayD<f32>)| {
            Some((from.index(), sheet(features(summand.view())?, scale, gradient_tone)))
        };
        pictures.summands = summands.iter().filter_map(of_summand).collect();
    }
    pictures.channels = channels;
    pictures
}

/// The maps (H, W, C) of features (1, H, W, C).
fn features(array: ArrayViewD<'_, f32>) -> Option<ArrayView3<'_, f32>> {
    Some(array.into_dimensionality::<Ix4>().ok()?.index_axis_move(Axis(0), 0))
}

/// The maps of some channels, of (H, W, C), on one scale.
fn sheet(maps: ArrayView3<'_, f32>, channels: &[usize], scale: f32, tone: Tone) -> Array3<u8> {
    let pictures: Vec<Array3<u8>> = channels
        .iter()
        .map(|&channel| shrink_image(toned(maps.index_axis(Axis(2), channel), scale, tone), SIDE))
        .collect();
    let (height, width) = pictures.first().map_or((0, 0), |picture| (picture.dim().0, picture.dim().1));
    let rows = channels.len().div_ceil(COLUMNS);
    let mut sheet = Array3::from_elem((rows * (height + GAP) - GAP, COLUMNS * (width + GAP) - GAP, 3), 128);
    for (place, picture) in pictures.iter().enumerate() {
        let (top, left) = (place / COLUMNS * (height + GAP), place % COLUMNS * (width + GAP));
        let mut rows = sheet.slice_axis_mut(Axis(0), Slice::from(top..top + height));
        rows.slice_axis_mut(Axis(1), Slice::from(left..left + width)).assign(picture);
    }
    sheet
}

fn matrix(value: ArrayViewD<'_, f32>, tone: Tone) -> Option<Array3<u8>> {
    let value = value.into_dimensionality::<Ix2>().ok()?;
    let scale = brightest(value.iter().copied());
    // Products spread wider than what they are made of: once more the root.
    let root = value.mapv(|value| (value / scale).abs().sqrt().copysign(value));
    Some(shrink_image(toned(root.view(), 1.0, tone), COLUMNS * SIDE))
}

fn toned(map: ArrayView2<'_, f32>, scale: f32, tone: Tone) -> Array3<u8> {
    let tones: Array2<[u8; 3]> =
        map.mapv(|value| tone((value / scale).abs().min(1.0).sqrt().copysign(value)));
    let (height, width) = map.dim();
    Array3::from_shape_fn((height, width, 3), |(y, x, channel)| tones[[y, x]][channel])
}

/// The magnitude that the brightest tone stands for; above 0.
fn brightest(values: impl Iterator<Item = f32>) -> f32 {
    let mut magnitudes: Vec<f32> = values.map(f32::abs).collect();
    if magnitudes.is_empty() {
        return 1.0;
    }
    let place = ((magnitudes.len() - 1) as f64 * BRIGHTEST) as usize;
    let (_, &mut found, rest) = magnitudes.select_nth_unstable_by(place, f32::total_cmp);
    // Where almost all are 0, the largest.
    let largest = rest.iter().copied().fold(found, f32::max);
    [found, largest].into_iter().find(|&scale| scale > 0.0).unwrap_or(1.0)
}

/// Black to white; blue is negative.
fn value_tone(value: f32) -> [u8; 3] {
    let level = (255.0 * value.abs()) as u8;
    if value < 0.0 { [level / 4, level / 2, level] } else { [level; 3] }
}

/// White is 0, red positive, blue negative.
fn gradient_tone(value: f32) -> [u8; 3] {
    let fade = |end: f32| (255.0 - (255.0 - end) * value.abs()) as u8;
    let end = if value < 0.0 { [33.0, 102.0, 172.0] } else { [178.0, 24.0, 43.0] };
    end.map(fade)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array4, arr2};

    #[test]
    fn a_sheet_has_a_place_for_each_map() {
        // Channel c holds c everywhere, but for one pixel.
        let features = Array4::from_shape_fn((1, 5, 7, 20), |(_, y, _, c)| (c * usize::from(y > 0)) as f32);
        let pictures = sheets(features.view().into_dyn(), Some((-features.clone()).view().into_dyn()), &[]);
        assert_eq!(pictures.channels, (4..20).collect::<Vec<_>>());
        let (value, gradient) = (pictures.value.unwrap(), pictures.gradient.unwrap());
        assert_eq!((value.dim(), gradient.dim()), ((4 * 7 - 2, 4 * 9 - 2, 3), value.dim()));
        // The first map's pixels, the gap beside it, and the last map's.
        assert_eq!((value[[0, 0, 0]], value[[1, 0, 0]], value[[1, 7, 0]]), (0, 117, 128));
        assert_eq!(value[[25, 33, 0]], 255);
        assert_eq!((gradient[[0, 0, 0]], gradient[[25, 33, 0]], gradient[[25, 33, 2]]), (255, 33, 172));
    }

    #[test]
    fn few_large_values_do_not_darken_the_others() {
        let mut values = vec![1.0; 1000];
        values[17] = 1e6;
        assert_eq!(brightest(values.into_iter()), 1.0);
        assert_eq!(brightest([0.0, 0.0, 3.0].into_iter()), 3.0);
        assert_eq!(brightest([0.0, 0.0].into_iter()), 1.0);
        assert_eq!(brightest([].into_iter()), 1.0);
    }

    #[test]
    fn pictures_are_small_enough_for_a_page() {
        let picture = matrix(arr2(&[[1.0f32; 500]; 1000]).view().into_dyn(), value_tone).unwrap();
        assert_eq!(picture.dim(), (384, 192, 3));
    }

    #[test]
    fn gradients_of_pixels_are_grey_at_zero() {
        let gradient = Array4::from_shape_vec((1, 1, 2, 3), vec![0.0, 2.0, -2.0, 0.0, 0.0, 0.0]).unwrap();
        assert_eq!(gradient_picture(gradient.view()).into_raw_vec_and_offset().0[..3], [127, 255, 0]);
    }
}
