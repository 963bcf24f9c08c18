//! One size of a run on a tape: the picture, the network up to the deepest layer, the losses right behind their layers.
//! This is where a style transfer becomes a graph.

use super::error::TransferError;
use super::footprint::Manner;
use super::half::{self, Bf16};
use super::jitter;
use super::outcome::Losses;
use super::picture_rows;
use super::problem::{Problem, StyleImage};
use super::scale::Scale;
use super::walk::Walk;
use crate::loss::{content_loss, gram_matrix, style_distance, tv_loss, weighted_style_loss};
use crate::optimizer::Optimizer;
use impasto_autodiff::{Tape, TapeError, Var};
use impasto_squeezenet::{FeatureError, NetworkNode};
use ndarray::{Array1, Array2, Array4, ArrayD, ArrayView1, ArrayView4, ArrayViewD, Ix2, Ix4};

/// A recorded tape, and what the loop has to know about it.
pub(super) struct Recording {
    pub(super) walk: Walk,
    /// The pixels, (1, H, W, 3).
    pub(super) image: Var,
    pub(super) terms: Terms,
    /// What the network put on the tape.
    pub(super) network: Vec<NetworkNode>,
    /// The leaves that features are compared with, each with its layer.
    pub(super) targets: Vec<(Var, usize)>,
    /// Rows and columns that the content layer sees.
    pub(super) seen: [usize; 2],
    shifting: Option<Shifting>,
    /// The gradient of the last evaluation in strips, or of a step whose optimizer needs it whole.
    gradient: Vec<f32>,
}

/// The losses on the tape; a loss of weight zero is not recorded.
pub(crate) struct Terms {
    content: Option<Var>,
    style: Option<Var>,
    tv: Option<Var>,
    pub(super) total: Var,
}

/// The picture's place against the network's grid.
struct Shifting {
    shifts: Vec<[usize; 2]>,
    /// The present shift, a leaf of two values.
    offset: Var,
    /// The content features that the present shift is compared with, a leaf.
    target: Option<Var>,
    /// Those of every shift, but none at the present one's place.
    stored: Vec<Vec<Bf16>>,
    present: usize,
}

impl Recording {
    /// Records a run at `scale`, from the picture `start`, (1, H, W, 3).
    pub(super) fn new(
        problem: &Problem,
        scale: &Scale,
        start: Array4<f32>,
    ) -> Result<Recording, TransferError> {
        let (content_weight, tv_weight) = problem.weights(scale);
        let content_layer = (content_weight > 0.0).then_some(problem.content_layer);
        let style_layers: Vec<usize> = problem.style_layers.iter().map(|&(layer, _)| layer).collect();
        let manner = problem.manner(scale)?;
        // What forgets its tape comes first, so that no two tapes are in memory at once.
        let content_target = match (content_layer, manner) {
            (Some(layer), Manner::Whole) => content_targets(problem, scale, layer)?,
            _ => None,
        };
        let style_targets = style_targets(problem, scale, &style_layers, manner)?;

        let mut tape = Tape::new();
        let image = tape.owned_variable(start);
        tape.name(image, "pixels")?;
        let (mut content_target, stored) = match content_target {
            None => (None, Vec::new()),
            Some(ContentTarget { features, stored }) => {
                let target = tape.constant(&features);
                (Some(tape.name(target, format!("content_target.{}", problem.content_layer))?), stored)
            }
        };
        let style_targets: Vec<Var> = style_targets.iter().map(|target| tape.constant(target)).collect();
        for (&target, layer) in style_targets.iter().zip(&style_layers) {
            tape.name(target, format!("style_target.{layer}"))?;
        }
        let (input, shifting) = match problem.jitter {
            1 => (image, None),
            count => {
                let (input, offset) = shifted(&mut tape, problem, scale, image)?;
                let shifts = jitter::shifts(count);
                (input, Some(Shifting { shifts, offset, target: content_target, stored, present: 0 }))
            }
        };

        // In strips, the content's features are computed along with the picture's, and never kept.
        if let (Some(layer), Manner::Strips { .. }, Some(content)) =
            (content_layer, manner, problem.content_picture(scale))
        {
            let content = picture_rows::record(&mut tape, content, None)?;
            let content = match &shifting {
                Some(shifting) => tape.reflect_pad(content, shifting.offset, problem.canvas(scale))?,
                None => content,
            };
            let failed = |source| TransferError::Features { name: "the content image", source };
            let features = problem.network.record(&mut tape, content, &[layer]).map_err(failed)?;
            content_target = match (features.get(layer), &shifting) {
                (Some(features), Some(_)) => Some(half::round(&mut tape, features)?),
                (features, _) => features,
            };
        }

        // Each loss is recorded right behind its layer: its gradient is then computed when the walk
        // back arrives there, not all of them at once at its beginning.
        let mut content_term = None;
        let mut distances = Vec::new();
        let layers: Vec<usize> = style_layers.iter().copied().chain(content_layer).collect();
        let recorded = problem.network.record_each(&mut tape, input, &layers, |tape, layer, features| {
            if let (true, Some(target)) = (content_layer == Some(layer), content_target) {
                content_term = Some(content_loss(tape, content_weight, features, target)?);
            }
            if let Some(index) = style_layers.iter().position(|&style| style == layer) {
                let distance = style_distance(tape, features, style_targets[index])?;
                distances.push((distance, problem.style_layers[index].1 as f32));
            }
            Ok(())
        });
        let features = recorded.map_err(|source| TransferError::Features { name: "the result", source })?;
        let style_term = match distances.is_empty() {
            true => None,
            false => Some(weighted_style_loss(&mut tape, &distances)?),
        };
        let tv_term = match tv_weight {
            0.0 => None,
            weight => Some(tv_loss(&mut tape, weight, image)?),
        };
        let terms: Vec<Var> = [content_term, style_term, tv_term].into_iter().flatten().collect();
        let summands: Vec<(Var, f32)> = terms.iter().map(|&term| (term, 1.0)).collect();
        let total = tape.weighted_sum(&summands)?;
        tape.name(total, "total_loss")?;
        let walk = match manner {
            Manner::Strips { rows } => {
                let mut strips = tape.into_strips(total, rows)?;
                // The last is none, as it is at the beginning.
                if let Some(shifting) = &shifting {
                    for shift in shifting.shifts.iter().rev() {
                        let offset = shift.map(|pixels| pixels as f32);
                        strips.set_value(shifting.offset, &ArrayView1::from(&offset))?;
                        strips.make_room();
                    }
                }
                Walk::Strips(strips)
            }
            Manner::Whole => {
                if !problem.inspectable {
                    tape.recycle(total, &terms)?;
                }
                Walk::Whole(tape)
            }
        };
        let terms = Terms { content: content_term, style: style_term, tv: tv_term, total };
        let content_target = content_target.map(|target| (target, problem.content_layer));
        let style_targets = style_targets.into_iter().zip(style_layers);
        let targets = content_target.into_iter().chain(style_targets).collect();
        let network = features.nodes().to_vec();
        let (seen, gradient) = (problem.seen(scale), Vec::new());
        Ok(Recording { walk, image, terms, network, targets, seen, shifting, gradient })
    }

    /// The picture as it is now, (1, H, W, 3).
    pub(super) fn picture(&self) -> Result<ArrayViewD<'_, f32>, TapeError> {
        self.walk.value(self.image)
    }

    /// Shifts the picture by the shift of this number; 0 is none.
    pub(super) fn shift(&mut self, index: usize) -> Result<(), TapeError> {
        let Some(shifting) = &mut self.shifting else { return Ok(()) };
        if index == shifting.present {
            return Ok(());
        }
        let offset = shifting.shifts[index].map(|pixels| pixels as f32);
        self.walk.set_value(shifting.offset, &ArrayView1::from(&offset))?;
        if let (Some(target), false) = (shifting.target, shifting.stored.is_empty()) {
            let mut features = std::mem::take(&mut shifting.stored[index]);
            self.walk.update_leaf(target, |mut leaf| {
                // Rounded once, features stay as they are, however often they come and go.
                for (leaf, stored) in leaf.as_slice_mut().into_iter().flatten().zip(&mut features) {
                    let value = stored.value();
                    *stored = Bf16::round(*leaf);
                    *leaf = value;
                }
            })?;
            shifting.stored[shifting.present] = features;
        }
        shifting.present = index;
        Ok(())
    }

    /// Computes the losses, and takes a step unless they are no numbers; `change` sees the values after it, in parts of
    /// whole rows.
    pub(super) fn step(
        &mut self,
        optimizer: &mut dyn Optimizer,
        change: impl Fn(&mut [f32]),
    ) -> Result<Losses, TransferError> {
        let Recording { walk, image, terms, gradient: whole, .. } = self;
        match walk {
            Walk::Whole(tape) => {
                tape.forward();
                tape.backward(terms.total)?;
                let losses = terms.losses(|var| walk.number(var))?;
                if let (Walk::Whole(tape), true) = (walk, losses.total.is_finite()) {
                    tape.update_leaf(*image, |mut values, gradient| {
                        let gradient = gradient.as_ref().and_then(|gradient| gradient.as_slice());
                        if let (Some(values), Some(gradient)) = (values.as_slice_mut(), gradient) {
                            optimizer.step(losses.total, gradient, values);
                            change(values);
                        }
                    })?;
                }
                Ok(losses)
            }
            Walk::Strips(strips) => {
                let mut start = 0;
                if let Some(optimizer) = optimizer.by_parts() {
                    optimizer.begin();
                    strips.backward(|_, values, gradient| {
                        optimizer.part(start, gradient, values);
                        start += gradient.len();
                        change(values);
                    })?;
                    return Ok(terms.losses(|var| walk.number(var))?);
                }
                whole.clear();
                strips.backward(|_, _, gradient| whole.extend_from_slice(gradient))?;
                let losses = terms.losses(|var| walk.number(var))?;
                if losses.total.is_finite() {
                    walk.update_leaf(*image, |mut values| {
                        if let Some(values) = values.as_slice_mut() {
                            optimizer.step(losses.total, whole, values);
                            change(values);
                        }
                    })?;
                }
                Ok(losses)
            }
        }
    }

    /// Computes the losses and the gradient of their sum, (1, H, W, 3).
    pub(super) fn evaluate(&mut self) -> Result<(Losses, ArrayView4<'_, f32>), TransferError> {
        let Recording { walk, image, terms, gradient: whole, .. } = self;
        match walk {
            Walk::Whole(tape) => {
                tape.forward();
                tape.backward(terms.total)?;
            }
            Walk::Strips(strips) => {
                whole.clear();
                strips.backward(|_, _, gradient| whole.extend_from_slice(gradient))?;
            }
        }
        let losses = terms.losses(|var| walk.number(var))?;
        let gradient = match walk {
            Walk::Whole(tape) => tape.gradient(*image)?,
            Walk::Strips(strips) => ArrayViewD::from_shape(strips.value(*image)?.raw_dim(), whole)
                .expect("every row of the gradient once"),
        };
        Ok((losses, as_image(gradient)))
    }

    /// Which shift an iteration of a scale uses.
    pub(super) fn shift_of(&self, seed: u64, scale: usize, iteration: usize) -> usize {
        let count = self.shifting.as_ref().map_or(1, |shifting| shifting.shifts.len());
        jitter::choose(seed, scale, iteration, count)
    }
}

impl Terms {
    /// The recorded losses with their names, the total last.
    pub(crate) fn named(&self) -> Vec<(&'static str, Var)> {
        let terms = [("content_loss", self.content), ("style_loss", self.style), ("tv_loss", self.tv)];
        let terms = terms.into_iter().filter_map(|(name, var)| Some((name, var?)));
        terms.chain([("total_loss", self.total)]).collect()
    }

    pub(crate) fn total(&self) -> Var {
        self.total
    }

    /// Their values, by what reads a number.
    pub(crate) fn losses(&self, number: impl Fn(Var) -> Result<f32, TapeError>) -> Result<Losses, TapeError> {
        let loss = |var: Option<Var>| var.map_or(Ok(0.0), |var| number(var).map(f64::from));
        Ok(Losses {
            content: loss(self.content)?,
            style: loss(self.style)?,
            tv: loss(self.tv)?,
            total: loss(Some(self.total))?,
        })
    }
}

/// Records `image` on its canvas; the second is the leaf that shifts it.
fn shifted(
    tape: &mut Tape<f32>,
    problem: &Problem,
    scale: &Scale,
    image: Var,
) -> Result<(Var, Var), TapeError> {
    let offset = tape.constant(&Array1::<f32>::zeros(2));
    tape.name(offset, "shift")?;
    let input = tape.reflect_pad(image, offset, problem.canvas(scale))?;
    Ok((tape.name(input, "shifted_pixels")?, offset))
}

/// What the content loss compares with.
struct ContentTarget {
    /// The features of the picture that is not shifted.
    features: ArrayD<f32>,
    /// Those of every shift, none at the first's place; empty where nothing is shifted.
    stored: Vec<Vec<Bf16>>,
}

fn content_targets(
    problem: &Problem,
    scale: &Scale,
    layer: usize,
) -> Result<Option<ContentTarget>, TransferError> {
    let Some(content) = problem.content(scale) else { return Ok(None) };
    let mut tape = Tape::new();
    let image = tape.constant(&content);
    let (input, offset) = match problem.jitter {
        1 => (image, None),
        _ => {
            let (input, offset) = shifted(&mut tape, problem, scale, image)?;
            (input, Some(offset))
        }
    };
    let features = problem.network.record(&mut tape, input, &[layer]);
    let features = features.and_then(|all| all.get(layer).ok_or(FeatureError::NoSuchLayer { layer }));
    let features =
        features.map_err(|source| TransferError::Features { name: "the content image", source })?;
    tape.recycle(features, &[])?;
    tape.forward();
    let mut target = ContentTarget { features: tape.value(features)?.to_owned(), stored: Vec::new() };
    let Some(offset) = offset else { return Ok(Some(target)) };
    // As precise as the others, and as itself when it comes back.
    target.features.mapv_inplace(|value| Bf16::round(value).value());
    target.stored.push(Vec::new());
    for shift in &jitter::shifts(problem.jitter)[1..] {
        tape.set_value(offset, &ArrayView1::from(&shift.map(|pixels| pixels as f32)))?;
        tape.forward();
        target.stored.push(tape.value(features)?.iter().map(|&value| Bf16::round(value)).collect());
    }
    Ok(Some(target))
}

/// The Gram matrix of each layer that the style loss compares with: the blend of all styles'.
fn style_targets(
    problem: &Problem,
    scale: &Scale,
    layers: &[usize],
    manner: Manner,
) -> Result<Vec<Array2<f32>>, TransferError> {
    if layers.is_empty() {
        return Ok(Vec::new());
    }
    let all_blends = problem.all_blends();
    let mut targets: Vec<Array2<f32>> = Vec::new();
    for StyleImage { picture, blend, colors } in problem.style_pictures(scale) {
        let failed = |source| TransferError::Features { name: "a style image", source };
        let mut tape = Tape::new();
        let image = picture_rows::record(&mut tape, picture.into_shared(), colors)?;
        let features = problem.network.record(&mut tape, image, layers).map_err(failed)?;
        let mut grams = Vec::new();
        for &layer in layers {
            let features = features.get(layer).ok_or(FeatureError::NoSuchLayer { layer }).map_err(failed)?;
            grams.push(gram_matrix(&mut tape, features, true)?);
        }
        let mut walk = match (manner, &grams[..]) {
            (Manner::Strips { rows }, _) => {
                // Strips lead to a single number: here one that depends on every matrix.
                let mut numbers = Vec::new();
                for &gram in &grams {
                    numbers.push((tape.sum(gram)?, 1.0));
                }
                let number = tape.weighted_sum(&numbers)?;
                Walk::Strips(tape.into_strips(number, rows)?)
            }
            (Manner::Whole, grams) => {
                if let Some(&last) = grams.last() {
                    tape.recycle(last, grams)?;
                }
                Walk::Whole(tape)
            }
        };
        walk.forward();
        for (index, &gram) in grams.iter().enumerate() {
            let gram = walk.value(gram)?.into_dimensionality::<Ix2>().expect("a Gram matrix is (C, C)");
            let share = gram.mapv(|value| value * (blend / all_blends) as f32);
            match targets.get_mut(index) {
                Some(target) => *target += &share,
                None => targets.push(share),
            }
        }
    }
    Ok(targets)
}

/// A picture or its gradient on the tape, with the four axes that it has.
pub(super) fn as_image(array: ArrayViewD<'_, f32>) -> ArrayView4<'_, f32> {
    array.into_dimensionality::<Ix4>().expect("an image is (1, H, W, 3)")
}
