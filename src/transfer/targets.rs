//! What a picture is compared with at one size: features of the content image, Gram matrices of the style images. Each
//! comes of a tape of its own, which is forgotten before the next is made.

use super::color_map::ColorMap;
use super::error::TransferError;
use super::footprint::Manner;
use super::guide::LayerGuide;
use super::half::Bf16;
use super::jitter;
use super::picture_rows;
use super::problem::Problem;
use super::scale::Scale;
use super::style_cache::Key;
use super::walk::Walk;
use crate::loss::{ChannelMoments, channel_moments, gram_matrix};
use impasto_autodiff::{Tape, TapeError, Var};
use impasto_squeezenet::FeatureError;
use ndarray::{ArcArray, Array1, Array2, Array4, ArrayD, ArrayView1, Ix1, Ix2, Ix3};
use std::sync::Arc;

/// What the content loss of a layer compares with.
pub(super) struct ContentTarget {
    /// The features of the picture that is not shifted.
    pub(super) features: ArrayD<f32>,
    /// Those of every shift, none at the first's place; empty where nothing is shifted.
    pub(super) stored: Vec<Vec<Bf16>>,
}

/// Records `image` on its canvas; the second is the leaf that shifts it.
pub(super) fn shifted(
    tape: &mut Tape<f32>,
    problem: &Problem,
    scale: &Scale,
    image: Var,
) -> Result<(Var, Var), TapeError> {
    let first = problem.shifts().first().copied().unwrap_or_default();
    let offset = tape.constant(&Array1::from_iter(first.map(|pixels| pixels as f32)));
    tape.name(offset, "shift")?;
    let canvas = problem.canvas(scale);
    let input = match problem.seamless {
        true => tape.wrap_pad(image, offset, canvas)?,
        false => tape.reflect_pad(image, offset, canvas)?,
    };
    Ok((tape.name(input, "shifted_pixels")?, offset))
}

/// The features of the content image in each of `layers`; none without a content image.
pub(super) fn content_targets(
    problem: &Problem,
    scale: &Scale,
    layers: &[usize],
) -> Result<Vec<ContentTarget>, TransferError> {
    let (Some(content), Some(&deepest)) = (problem.pictures.content(scale), layers.iter().max()) else {
        return Ok(Vec::new());
    };
    let mut tape = Tape::new();
    let image = tape.constant(&content);
    let (input, offset) = match problem.jitter {
        1 => (image, None),
        _ => {
            let (input, offset) = shifted(&mut tape, problem, scale, image)?;
            (input, Some(offset))
        }
    };
    let failed = |source| TransferError::Features { name: "the content image", source };
    let recorded = problem.network.record(&mut tape, input, layers).map_err(failed)?;
    let features =
        |layer: usize| recorded.get(layer).ok_or(FeatureError::NoSuchLayer { layer }).map_err(failed);
    let all = layers.iter().map(|&layer| features(layer)).collect::<Result<Vec<_>, _>>()?;
    tape.recycle(features(deepest)?, &all)?;
    tape.forward();
    let mut targets = Vec::new();
    for &features in &all {
        targets.push(ContentTarget { features: tape.value(features)?.to_owned(), stored: Vec::new() });
    }
    let Some(offset) = offset else { return Ok(targets) };
    for target in &mut targets {
        // As precise as the others, and as itself when it comes back.
        target.features.mapv_inplace(|value| Bf16::round(value).value());
        target.stored.push(Vec::new());
    }
    for shift in &jitter::shifts(problem.jitter)[1..] {
        tape.set_value(offset, &ArrayView1::from(&shift.map(|pixels| pixels as f32)))?;
        tape.forward();
        for (target, &features) in targets.iter_mut().zip(&all) {
            target.stored.push(tape.value(features)?.iter().map(|&value| Bf16::round(value)).collect());
        }
    }
    Ok(targets)
}

/// What the style loss of a layer compares a region with.
pub(super) struct StyleTarget {
    pub(super) layer: usize,
    /// The region's number.
    pub(super) region: usize,
    /// The weight of the distance.
    pub(super) weight: f64,
    /// The Gram matrix.
    pub(super) gram: Array2<f32>,
    /// Mean and deviation of each channel, where they count.
    pub(super) moments: Option<[Array1<f32>; 2]>,
    /// What features are multiplied by, for each shift; empty where all positions count alike.
    pub(super) factors: Vec<Array4<f32>>,
}

/// Those of a size, of every region and every layer that tells it from others.
pub(super) fn style_targets(
    problem: &Problem,
    scale: &Scale,
    manner: Manner,
) -> Result<Vec<StyleTarget>, TransferError> {
    let layers: Vec<usize> = problem.style_layers.iter().map(|&(layer, _)| layer).collect();
    let mut targets = Vec::new();
    if layers.is_empty() {
        return Ok(targets);
    }
    let kept = problem.pictures.kept(scale);
    for (number, region) in problem.pictures.regions(scale).iter().enumerate() {
        let guides = region.guides(problem, scale, &layers, kept.as_ref())?;
        let guides = match guides {
            Some(guides) => guides,
            None => layers.iter().map(|_| Some(LayerGuide { share: 1.0, factors: Vec::new() })).collect(),
        };
        if guides.iter().all(Option::is_none) && *scale == problem.scales[problem.scales.len() - 1] {
            return Err(TransferError::MaskTooFine);
        }
        let statistics = blended_statistics(problem, scale, &layers, manner, &region.styles)?;
        for ((guide, (gram, moments)), &(layer, weight)) in
            guides.into_iter().zip(statistics).zip(&problem.style_layers)
        {
            let Some(LayerGuide { share, factors }) = guide else { continue };
            targets.push(StyleTarget {
                layer,
                region: number,
                weight: weight * share,
                gram,
                moments,
                factors,
            });
        }
    }
    Ok(targets)
}

/// A Gram matrix, and mean and deviation of each channel where they count.
pub(super) type Statistics = (Array2<f32>, Option<[Array1<f32>; 2]>);

/// Those of each of `layers`: the blend of the `styles` of these numbers.
fn blended_statistics(
    problem: &Problem,
    scale: &Scale,
    layers: &[usize],
    manner: Manner,
    styles: &[usize],
) -> Result<Vec<Statistics>, TransferError> {
    let mut targets: Vec<Statistics> = Vec::new();
    let all_blends: f64 = problem.pictures.blends(styles).sum();
    for (style, picture) in problem.pictures.style_pictures(scale, styles) {
        let picture = picture.into_shared();
        let compute = || statistics(problem, picture.clone(), style.colors, layers, manner);
        let own = match &problem.style_cache {
            None => Arc::new(compute()?),
            Some(cache) => {
                let key = Key {
                    colors: style.colors,
                    layers: layers.to_vec(),
                    moments: problem.moments > 0.0,
                    manner,
                    rounding: problem.network.rounding(),
                    picture: picture.clone(),
                };
                cache.get_or(key, compute)?
            }
        };
        let share = (style.blend / all_blends) as f32;
        for (index, (gram, moments)) in own.iter().enumerate() {
            let gram = gram.mapv(|value| value * share);
            let moments =
                moments.as_ref().map(|moments| moments.each_ref().map(|of| of.mapv(|value| value * share)));
            match targets.get_mut(index) {
                Some((target, of_channels)) => {
                    *target += &gram;
                    for (target, moments) in of_channels.iter_mut().flatten().zip(moments.iter().flatten()) {
                        *target += moments;
                    }
                }
                None => targets.push((gram, moments)),
            }
        }
    }
    Ok(targets)
}

/// Those of each of `layers` of one style image, (H, W, 3).
fn statistics(
    problem: &Problem,
    picture: ArcArray<u8, Ix3>,
    colors: Option<ColorMap>,
    layers: &[usize],
    manner: Manner,
) -> Result<Vec<Statistics>, TransferError> {
    let failed = |source| TransferError::Features { name: "a style image", source };
    let mut tape = Tape::new();
    let image = picture_rows::record(&mut tape, picture, colors)?;
    let features = problem.network.record(&mut tape, image, layers).map_err(failed)?;
    let (mut grams, mut moments) = (Vec::new(), Vec::new());
    for &layer in layers {
        let features = features.get(layer).ok_or(FeatureError::NoSuchLayer { layer }).map_err(failed)?;
        let gram = gram_matrix(&mut tape, features, true)?;
        grams.push(gram);
        if problem.moments > 0.0 {
            let ChannelMoments { means, deviations } = channel_moments(&mut tape, features, gram)?;
            moments.push([means, deviations]);
        }
    }
    let all: Vec<Var> = grams.iter().chain(moments.iter().flatten()).copied().collect();
    let mut walk = match (manner, &all[..]) {
        (Manner::Strips { rows }, _) => {
            // Strips lead to a single number: here one that depends on every matrix.
            let mut numbers = Vec::new();
            for &statistic in &all {
                numbers.push((tape.sum(statistic)?, 1.0));
            }
            let number = tape.weighted_sum(&numbers)?;
            let mut strips = tape.into_strips(number, rows)?;
            if let Some(members) = &problem.members {
                members.restrict(&mut strips);
            }
            Walk::Strips(Box::new(strips))
        }
        (Manner::Whole, all) => {
            if let Some(&last) = all.last() {
                tape.recycle(last, all)?;
            }
            Walk::Whole(Box::new(tape))
        }
    };
    walk.forward();
    if let Some(members) = &problem.members {
        members.check()?;
    }
    let of_channels = |var: Var| -> Result<Array1<f32>, TapeError> {
        Ok(walk.value(var)?.into_dimensionality::<Ix1>().expect("one for each channel").to_owned())
    };
    let mut statistics = Vec::new();
    for (index, &gram) in grams.iter().enumerate() {
        let gram =
            walk.value(gram)?.into_dimensionality::<Ix2>().expect("a Gram matrix is (C, C)").to_owned();
        let moments = match moments.get(index) {
            Some(&[means, deviations]) => Some([of_channels(means)?, of_channels(deviations)?]),
            None => None,
        };
        statistics.push((gram, moments));
    }
    Ok(statistics)
}
