//! One size of a run on a tape: the picture, the network up to the deepest layer, the losses right behind their layers.
//! This is where a style transfer becomes a graph.

use super::error::TransferError;
use super::footprint::Manner;
use super::half::{self, Bf16};
use super::jitter;
use super::outcome::{LayerLoss, LayerLossKind, Losses};
use super::picture_rows;
use super::problem::Problem;
use super::scale::Scale;
use super::targets::{content_targets, shifted, style_targets};
use super::team::{Band, Pixels};
use super::walk::Walk;
use crate::loss::{
    ChannelMoments, channel_moments, content_loss, gram_distance, gram_matrix, moments_distance,
    temporal_loss, tv_loss, weighted_style_loss,
};
use crate::optimizer::Optimizer;
use impasto_autodiff::{Strips, Tape, TapeError, Var};
use impasto_squeezenet::NetworkNode;
use ndarray::{Array4, ArrayView1, ArrayView4, ArrayViewD, Axis, Ix4, Slice};

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
    /// What each layer adds to the losses, as of the last iteration.
    pub(super) layers: Vec<LayerLoss>,
    shifting: Option<Shifting>,
    /// What of the picture is here, where several processes share the run.
    pub(super) band: Option<Band>,
    /// The gradient of the last evaluation in strips, or of a step whose optimizer needs it whole.
    gradient: Vec<f32>,
}

/// The losses on the tape; a loss of weight zero is not recorded.
pub(crate) struct Terms {
    content: Option<Var>,
    style: Option<Var>,
    tv: Option<Var>,
    temporal: Option<Var>,
    pub(super) total: Var,
    /// The summand of each layer: its kind, the layer, and what it is multiplied by.
    parts: Vec<(LayerLossKind, usize, Var, f32)>,
}

/// The picture's place against the network's grid.
struct Shifting {
    shifts: Vec<[usize; 2]>,
    /// The present shift, a leaf of two values.
    offset: Var,
    /// The leaves of content features that the present shift is compared with, and the features of every shift, but none at
    /// the present one's place; empty where these are computed along with the picture's.
    contents: Vec<(Var, Vec<Vec<Bf16>>)>,
    /// The leaves of masks, and their values at every shift.
    masks: Vec<(Var, Vec<Array4<f32>>)>,
    present: usize,
}

/// A summand of the style loss, as it is recorded.
struct StyleTerm {
    layer: usize,
    /// A Gram matrix.
    target: Var,
    /// Mean and deviation of each channel, where they count.
    moments: Option<ChannelMoments>,
    /// What features are multiplied by before.
    mask: Option<Var>,
    weight: f32,
}

impl Recording {
    /// Records a run at `scale`, from the picture `start`.
    pub(super) fn new(problem: &Problem, scale: &Scale, start: Pixels) -> Result<Recording, TransferError> {
        let (content_weight, tv_weight) = problem.weights(scale);
        let content_layers: Vec<usize> = problem.content_layers.iter().map(|&(layer, _)| layer).collect();
        let manner = problem.manner(scale)?;
        // What forgets its tape comes first, so that no two tapes are in memory at once.
        let content_targets = match manner {
            Manner::Whole => content_targets(problem, scale, &content_layers)?,
            Manner::Strips { .. } => Vec::new(),
        };
        let style_targets = style_targets(problem, scale, manner)?;

        let mut tape = Tape::new();
        let (image, start) = match (start, &problem.members) {
            (Pixels::Whole(picture), None) => (tape.owned_variable(picture), None),
            // Of zeros, which take no memory until they are written, and never are.
            (start, _) => {
                let zeros = Array4::zeros((1, scale.height, scale.width, 3));
                (tape.owned_variable(zeros), Some(start))
            }
        };
        tape.name(image, "pixels")?;
        let (mut content, mut contents) = (Vec::new(), Vec::new());
        for (target, &layer) in content_targets.into_iter().zip(&content_layers) {
            let leaf = tape.constant(&target.features);
            content.push((tape.name(leaf, format!("content_target.{layer}"))?, layer));
            contents.push((leaf, target.stored));
        }
        let (mut style, mut masks) = (Vec::new(), Vec::new());
        for target in style_targets {
            let matrix = tape.constant(&target.gram);
            let place = match target.region {
                0 => target.layer.to_string(),
                region => format!("{}.{region}", target.layer),
            };
            tape.name(matrix, format!("style_target.{place}"))?;
            let moments = match &target.moments {
                Some([means, deviations]) => {
                    let [means, deviations] = [means, deviations].map(|values| tape.constant(values));
                    tape.name(means, format!("means_target.{place}"))?;
                    tape.name(deviations, format!("deviations_target.{place}"))?;
                    Some(ChannelMoments { means, deviations })
                }
                None => None,
            };
            let mut mask = None;
            if let Some(factors) = target.factors.first() {
                let leaf = tape.constant(factors);
                mask = Some(tape.name(leaf, format!("mask.{place}"))?);
                masks.push((leaf, target.factors));
            }
            style.push(StyleTerm {
                layer: target.layer,
                target: matrix,
                moments,
                mask,
                weight: target.weight as f32,
            });
        }
        // What is kept of the content image lies over the pixels, whatever they are.
        let seen_image = match (problem.pictures.kept(scale), problem.pictures.content_picture(scale)) {
            (Some(kept), Some(content)) => {
                let content = picture_rows::record(&mut tape, content, None)?;
                let kept = tape.constant(&kept.insert_axis(Axis(0)).insert_axis(Axis(3)));
                tape.name(kept, "kept")?;
                let blend = tape.blend(image, content, kept)?;
                tape.name(blend, "pixels_and_kept")?
            }
            _ => image,
        };
        // Where no style is painted, nothing but the content loss has a gradient. Without it, what rounding leaves of the
        // styles' must not move a pixel.
        let gated = match problem.pictures.covered(scale).filter(|_| content_layers.is_empty()) {
            Some(covered) => {
                let covered = tape.constant(&covered.insert_axis(Axis(0)).insert_axis(Axis(3)));
                tape.name(covered, "covered")?;
                let gated = tape.mask_gradient(seen_image, covered)?;
                tape.name(gated, "covered_pixels")?
            }
            None => seen_image,
        };
        let (input, shifting) = match problem.has_canvas() {
            false => (gated, None),
            true => {
                let (input, offset) = shifted(&mut tape, problem, scale, gated)?;
                let shifts = problem.shifts();
                (input, Some(Shifting { shifts, offset, contents, masks, present: 0 }))
            }
        };

        // In strips, the content's features are computed along with the picture's, and never kept.
        if let (Manner::Strips { .. }, false, Some(picture)) =
            (manner, content_layers.is_empty(), problem.pictures.content_picture(scale))
        {
            let picture = picture_rows::record(&mut tape, picture, None)?;
            let picture = match &shifting {
                Some(shifting) => tape.reflect_pad(picture, shifting.offset, problem.canvas(scale))?,
                None => picture,
            };
            let failed = |source| TransferError::Features { name: "the content image", source };
            let features = problem.network.record(&mut tape, picture, &content_layers).map_err(failed)?;
            for (layer, features) in features.iter() {
                let target = match &shifting {
                    Some(_) => half::round(&mut tape, features)?,
                    None => features,
                };
                content.push((target, layer));
            }
        }

        // Each loss is recorded right behind its layer: its gradient is then computed when the walk
        // back arrives there, not all of them at once at its beginning.
        let mut content_terms = Vec::new();
        let mut distances = Vec::new();
        let mut parts = Vec::new();
        let style_layers = style.iter().map(|term| term.layer);
        let layers: Vec<usize> = style_layers.chain(content_layers.iter().copied()).collect();
        let recorded = problem.network.record_each(&mut tape, input, &layers, |tape, layer, features| {
            let target = content.iter().find(|&&(_, other)| other == layer);
            let weight = problem.content_layers.iter().find(|&&(other, _)| other == layer);
            if let (Some(&(target, _)), Some(&(_, weight))) = (target, weight) {
                let features = problem.of_strength(tape, features, content_weight * weight)?;
                let term = content_loss(tape, content_weight * weight, features, target)?;
                content_terms.push(term);
                parts.push((LayerLossKind::Content, layer, term, 1.0));
            }
            for term in style.iter().filter(|term| term.layer == layer) {
                let first = distances.len();
                let features = match term.mask {
                    Some(mask) => tape.mask(features, mask)?,
                    None => features,
                };
                let features = problem.of_strength(tape, features, f64::from(term.weight))?;
                let gram = gram_matrix(tape, features, true)?;
                let distance = gram_distance(tape, gram, term.target)?;
                distances.push((distance, term.weight));
                if let Some(target) = term.moments {
                    // Masked twice, features count as the mask says; in the Gram matrix it is there squared.
                    let twice = match term.mask {
                        Some(mask) => tape.mask(features, mask)?,
                        None => features,
                    };
                    let moments = channel_moments(tape, twice, gram)?;
                    let distance = moments_distance(tape, moments, target)?;
                    distances.push((distance, term.weight * problem.moments as f32));
                }
                parts.extend(
                    distances[first..]
                        .iter()
                        .map(|&(distance, weight)| (LayerLossKind::Style, layer, distance, weight)),
                );
            }
            Ok(())
        });
        let features = recorded.map_err(|source| TransferError::Features { name: "the result", source })?;
        let content_term = match content_terms[..] {
            [] | [_] => content_terms.first().copied(),
            _ => {
                let summands: Vec<(Var, f32)> = content_terms.iter().map(|&term| (term, 1.0)).collect();
                let sum = tape.weighted_sum(&summands)?;
                Some(tape.name(sum, "content_loss")?)
            }
        };
        let style_term = match distances.is_empty() {
            true => None,
            false => Some(weighted_style_loss(&mut tape, &distances)?),
        };
        let tv_term = match tv_weight {
            // Where no style reaches a small size, something must lead from the pixels to the total.
            0.0 if content_term.or(style_term).is_some() => None,
            // Of a seamless picture, also beyond its edges, where the first row follows the last.
            weight => {
                let (seen, weight) = match problem.seamless {
                    true => {
                        let [rows, columns] = problem.canvas(scale);
                        (input, weight * scale.area() / (rows as f64 * columns as f64))
                    }
                    false => (seen_image, weight),
                };
                let seen = problem.of_strength(&mut tape, seen, weight)?;
                Some(tv_loss(&mut tape, weight, seen)?)
            }
        };
        let temporal_term = match problem.pictures.expected(scale) {
            Some((picture, trust)) => {
                let before = picture_rows::record(&mut tape, picture, None)?;
                tape.name(before, "before")?;
                let trust = tape.constant(&trust.insert_axis(Axis(0)).insert_axis(Axis(3)));
                tape.name(trust, "trust")?;
                let weight = problem.temporal_weight;
                let seen = problem.of_strength(&mut tape, seen_image, weight)?;
                Some(temporal_loss(&mut tape, weight, seen, before, trust)?)
            }
            None => None,
        };
        let terms: Vec<Var> =
            [content_term, style_term, tv_term, temporal_term].into_iter().flatten().collect();
        let summands: Vec<(Var, f32)> = terms.iter().map(|&term| (term, 1.0)).collect();
        let total = tape.weighted_sum(&summands)?;
        tape.name(total, "total_loss")?;
        let mut band = None;
        let walk = match manner {
            Manner::Strips { rows } => {
                let mut strips = tape.into_strips(total, rows)?;
                // The last is none, as it is at the beginning.
                let places = shifting.as_ref().map(|shifting| (shifting.offset, &shifting.shifts[..]));
                let at_each_place = |strips: &mut Strips<f32>, act: &mut dyn FnMut(&mut Strips<f32>)| {
                    let Some((offset, shifts)) = places else {
                        act(strips);
                        return Ok(());
                    };
                    for shift in shifts.iter().rev() {
                        strips.set_value(offset, &ArrayView1::from(&shift.map(|pixels| pixels as f32)))?;
                        act(strips);
                    }
                    Ok::<(), TapeError>(())
                };
                match (&problem.members, start) {
                    (Some(members), Some(start)) => {
                        let own = Band::new(members, &mut strips, at_each_place)?;
                        own.fill(&mut strips, start)?;
                        band = Some(own);
                    }
                    _ => at_each_place(&mut strips, &mut Strips::make_room)?,
                }
                Walk::Strips(Box::new(strips))
            }
            Manner::Whole => {
                if !problem.inspectable {
                    let kept: Vec<Var> =
                        terms.iter().copied().chain(parts.iter().map(|part| part.2)).collect();
                    tape.recycle(total, &kept)?;
                }
                Walk::Whole(Box::new(tape))
            }
        };
        parts.sort_by_key(|&(kind, layer, ..)| (kind == LayerLossKind::Style, layer));
        let mut layers: Vec<LayerLoss> =
            parts.iter().map(|&(kind, layer, ..)| LayerLoss { kind, layer, value: 0.0 }).collect();
        layers.dedup();
        let terms = Terms {
            content: content_term,
            style: style_term,
            tv: tv_term,
            temporal: temporal_term,
            total,
            parts,
        };
        let targets = content.into_iter().chain(style.iter().map(|term| (term.target, term.layer))).collect();
        let network = features.nodes().to_vec();
        let (seen, gradient) = (problem.seen(scale), Vec::new());
        Ok(Recording { walk, image, terms, network, targets, seen, layers, shifting, band, gradient })
    }

    /// The picture as it is now, (1, H, W, 3): of a band its own rows.
    pub(super) fn picture(&self) -> Result<ArrayViewD<'_, f32>, TapeError> {
        let mut picture = self.walk.value(self.image)?;
        if let Some(band) = &self.band {
            picture.slice_axis_inplace(Axis(1), Slice::from(band.own_in_memory()));
        }
        Ok(picture)
    }

    /// Shifts the picture by the shift of this number; 0 is none.
    pub(super) fn shift(&mut self, index: usize) -> Result<(), TapeError> {
        let Some(shifting) = &mut self.shifting else { return Ok(()) };
        if index == shifting.present {
            return Ok(());
        }
        let offset = shifting.shifts[index].map(|pixels| pixels as f32);
        self.walk.set_value(shifting.offset, &ArrayView1::from(&offset))?;
        for (target, stored) in &mut shifting.contents {
            let mut features = std::mem::take(&mut stored[index]);
            self.walk.update_leaf(*target, |mut leaf| {
                // Rounded once, features stay as they are, however often they come and go.
                for (leaf, stored) in leaf.as_slice_mut().into_iter().flatten().zip(&mut features) {
                    let value = stored.value();
                    *stored = Bf16::round(*leaf);
                    *leaf = value;
                }
            })?;
            stored[shifting.present] = features;
        }
        for (mask, factors) in &shifting.masks {
            self.walk.set_value(*mask, &factors[index])?;
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
        let Recording { walk, image, terms, band, gradient: whole, .. } = self;
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
                    if let Some(band) = band {
                        band.members.check()?;
                        band.exchange(walk, *image)?;
                    }
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

    /// Finds out what each layer added to the losses of the last iteration.
    pub(super) fn measure_layers(&mut self) {
        let Recording { walk, terms, layers, .. } = self;
        for loss in layers.iter_mut() {
            let parts = terms.parts.iter().filter(|part| (part.0, part.1) == (loss.kind, loss.layer));
            let values =
                parts.map(|&(_, _, var, weight)| walk.number(var).map_or(0.0, |value| value * weight));
            loss.value = values.map(f64::from).sum();
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
        let terms = [
            ("content_loss", self.content),
            ("style_loss", self.style),
            ("tv_loss", self.tv),
            ("temporal_loss", self.temporal),
        ];
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
            temporal: loss(self.temporal)?,
            total: loss(Some(self.total))?,
        })
    }
}

/// A picture or its gradient on the tape, with the four axes that it has.
pub(super) fn as_image(array: ArrayViewD<'_, f32>) -> ArrayView4<'_, f32> {
    array.into_dimensionality::<Ix4>().expect("an image is (1, H, W, 3)")
}
