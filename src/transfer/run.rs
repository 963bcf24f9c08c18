//! The loop of a run: at each size, replay, step, clamp; between two sizes, enlarge and record anew.

use super::checkpoint::Checkpoint;
use super::choices::OptimizerKind;
use super::error::TransferError;
use super::observer::{Iteration, Memory, Observer};
use super::outcome::{Losses, Outcome, ScaleOutcome};
use super::problem::Problem;
use super::recording::{Recording, as_image};
use super::scale::Scale;
use super::team::{Band, Pixels};
use crate::image::{pixel_range, resize_preprocessed};
use crate::optimizer::{Adam, Lbfgs, Optimizer, OptimizerState};
use impasto_kernels::elementwise;
use ndarray::{Array3, Array4, ArrayView4, ArrayViewMutD, Axis, Slice, concatenate};
use std::borrow::Cow;
use std::ops::Range;
use std::time::Instant;

/// Adam's decays where the picture is shifted: the average of the squared gradient has to forget faster what belongs to
/// another shift.
const JITTER_BETAS: [f32; 2] = [0.9, 0.99];

/// Goes through the sizes from the present one on.
pub(super) fn run(
    problem: &Problem,
    recording: &mut Option<Recording>,
    present: &mut usize,
    resumed: Option<Checkpoint>,
    observer: &mut dyn Observer,
) -> Result<Outcome, TransferError> {
    let scales = &problem.scales;
    let sizes = if resumed.is_some() { &scales[..] } else { &scales[*present..] };
    let work =
        |scales: &[Scale]| -> f64 { scales.iter().map(|scale| scale.area() * scale.iterations as f64).sum() };
    let iterations = sizes.iter().fold(0usize, |sum, scale| sum.saturating_add(scale.iterations));
    let mut pass =
        Pass { problem, start: Instant::now(), iterations, work: work(sizes), taken: 0, done: 0.0, resumed };
    if let Some(resumed) = &pass.resumed {
        pass.taken = resumed.taken;
        pass.done = work(&scales[..resumed.scale]) + scales[resumed.scale].area() * resumed.iteration as f64;
    }
    let mut outcomes = Vec::new();
    loop {
        let began = pass.start.elapsed();
        let taken = pass.taken;
        if !outcomes.is_empty() {
            enlarge(problem, recording, present)?;
        }
        let recorded = recording.as_mut().ok_or(TransferError::Abandoned)?;
        let (losses, interrupted) = pass.scale(recorded, *present, observer)?;
        let scale = scales[*present];
        outcomes.push(ScaleOutcome {
            height: scale.height,
            width: scale.width,
            iterations: pass.taken - taken,
            seconds: (pass.start.elapsed() - began).as_secs_f64(),
        });
        if interrupted || *present + 1 == scales.len() {
            recorded.walk.release();
            let own = as_image(recorded.picture()?);
            let (picture, image) = match &recorded.band {
                None => finished(problem, own),
                Some(band) => match band.gather(own)? {
                    Some(whole) => finished(problem, whole.view()),
                    None => (Array3::zeros((0, 0, 3)), Array4::zeros((1, 0, 0, 3))),
                },
            };
            return Ok(Outcome {
                picture,
                image,
                losses,
                iterations: pass.taken,
                scales: outcomes,
                interrupted,
                elapsed: pass.start.elapsed(),
            });
        }
    }
}

/// A picture on its way out, and the image that it is made of.
fn finished(problem: &Problem, image: ArrayView4<'_, f32>) -> (Array3<u8>, Array4<f32>) {
    let image = problem.finish.image(image);
    (problem.finish.picture(image.view()), image)
}

/// Shows an iteration at member 0 of a team, with the picture if it is wanted; tells all whether the run ends.
fn show_in_team(
    band: &Band,
    optimizer: &dyn Optimizer,
    iteration: Iteration<'_>,
    observer: &mut dyn Observer,
) -> Result<bool, TransferError> {
    let own = iteration.image;
    let whole;
    let nothing = ArrayView4::from_shape((1, 0, 0, 3), &[]).expect("no values");
    let mut iteration = Iteration { image: nothing, ..iteration };
    if band.members.agree(band.members.is_first() && observer.wants_picture(&iteration))? {
        whole = band.gather(own)?;
        let mut state = optimizer.state();
        for array in state.iter_mut().flat_map(|state| &mut state.arrays) {
            *array = Cow::Owned(band.members.gather(array.iter().copied())?);
        }
        iteration.memory = Memory::Gathered(state);
        iteration.image = whole.as_ref().map_or(nothing, |whole| whole.view());
    }
    let ends = observer.iteration(&iteration).is_break();
    Ok(band.members.agree(ends)?)
}

/// What an optimizer of these rows remembers, of one of the whole picture.
fn part_of(
    mut state: OptimizerState<'static>,
    rows: Range<usize>,
    row_len: usize,
) -> OptimizerState<'static> {
    for array in &mut state.arrays {
        let part = array.get(rows.start * row_len..rows.end * row_len);
        *array = Cow::Owned(part.unwrap_or_default().to_vec());
    }
    state
}

/// Exchanges the recording for one of the next size, whose picture is the present one enlarged.
fn enlarge(
    problem: &Problem,
    recording: &mut Option<Recording>,
    present: &mut usize,
) -> Result<(), TransferError> {
    let scale = &problem.scales[*present + 1];
    let small = recording.as_ref().ok_or(TransferError::Abandoned)?;
    let own = as_image(small.picture()?);
    let enlarged = |small: ArrayView4<'_, f32>| match problem.seamless {
        true => enlarged_with_its_seam(small, scale.height, scale.width),
        false => resize_preprocessed(small, scale.height, scale.width),
    };
    let picture = match &small.band {
        None => Pixels::Whole(enlarged(own)),
        Some(band) => Pixels::OfFirst(band.gather(own)?.map(|whole| enlarged(whole.view()))),
    };
    // Before the next is made, so that no two tapes are in memory at once.
    *recording = None;
    *recording = Some(Recording::new(problem, scale, picture)?);
    *present += 1;
    Ok(())
}

/// Resizes a picture (1, H, W, 3) whose last row and column are followed by its first: what lies beyond an edge has a say
/// in the pixels before it.
fn enlarged_with_its_seam(picture: ArrayView4<'_, f32>, height: usize, width: usize) -> Array4<f32> {
    /// Rows and columns that are repeated: more than an interpolation reads.
    const MARGIN: usize = 8;
    let (_, own_height, own_width, _) = picture.dim();
    let repeated = |axis: Axis, length: usize| {
        move |image: ArrayView4<'_, f32>| {
            let margin = MARGIN.min(length) as isize;
            let (last, first) = (Slice::from(-margin..), Slice::from(..margin));
            let [last, first] = [last, first].map(|part| image.slice_axis(axis, part));
            concatenate(axis, &[last, image.view(), first]).expect("parts of one picture fit each other")
        }
    };
    let padded = repeated(Axis(1), own_height)(picture);
    let padded = repeated(Axis(2), own_width)(padded.view());
    let larger =
        |margin: usize, own: usize, to: usize| (margin as f64 * to as f64 / own as f64).round() as usize;
    let margins =
        [larger(MARGIN.min(own_height), own_height, height), larger(MARGIN.min(own_width), own_width, width)];
    let resized = resize_preprocessed(padded.view(), height + 2 * margins[0], width + 2 * margins[1]);
    let inside = resized.slice_axis(Axis(1), Slice::from(margins[0]..margins[0] + height));
    inside.slice_axis(Axis(2), Slice::from(margins[1]..margins[1] + width)).to_owned()
}

/// A run on its way.
struct Pass<'a> {
    problem: &'a Problem,
    start: Instant,
    /// Iterations at all sizes.
    iterations: usize,
    /// The work of all sizes, in pixels times iterations.
    work: f64,
    /// Iterations taken.
    taken: usize,
    /// Work done.
    done: f64,
    /// Where the first size is taken up.
    resumed: Option<Checkpoint>,
}

impl Pass<'_> {
    /// The iterations at one size; the losses of the picture that they lead to, and whether the observer ended them.
    fn scale(
        &mut self,
        recording: &mut Recording,
        index: usize,
        observer: &mut dyn Observer,
    ) -> Result<(Losses, bool), TransferError> {
        let problem = self.problem;
        let (schedule, scale) = (problem.schedule, problem.scales[index]);
        let image = recording.picture()?;
        let (values, row_len) = (image.len(), image.len_of(Axis(2)) * image.len_of(Axis(3)));
        let mut optimizer: Box<dyn Optimizer> = match (&problem.own_optimizer, problem.optimizer) {
            (Some(make), _) => make(values, problem.learning_rate),
            (None, OptimizerKind::Adam) => {
                let adam = Adam::new(values, problem.learning_rate);
                Box::new(if problem.jitter > 1 { adam.with_betas(JITTER_BETAS) } else { adam })
            }
            (None, OptimizerKind::Lbfgs) => Box::new(Lbfgs::new()),
        };
        recording.walk.reserve_scratch();
        let mut interrupted = false;
        let mut stop = problem.stop_below.map(Stop::new);
        let mut iterations = scale.iterations;
        let mut iteration = 0;
        if let Some(Checkpoint { iteration: done, iterations: planned, losses, optimizer: state, .. }) =
            self.resumed.take()
        {
            let state = match &recording.band {
                None => state,
                Some(band) => part_of(state, band.own(), row_len),
            };
            if !optimizer.restore(state) {
                return Err(TransferError::OtherCheckpoint("its optimizer is another"));
            }
            (iteration, iterations) = (done, planned);
            // A size whose end was near already is not asked again.
            stop = stop.filter(|_| planned == scale.iterations);
            if let Some(stop) = &mut stop {
                stop.losses = losses;
            }
        }
        while iteration < iterations {
            recording.shift(recording.shift_of(problem.seed, index, iteration))?;
            let learning_rate = schedule.learning_rate(iteration, iterations, problem.learning_rate);
            optimizer.set_learning_rate(learning_rate);
            let losses = recording.step(optimizer.as_mut(), |values| {
                if let Some(ranges) = schedule.clamp(iteration) {
                    elementwise::clamp(values, ranges);
                }
            })?;
            if !losses.total.is_finite() {
                return Err(TransferError::Diverged { iteration: self.taken });
            }
            // A picture that is shifted is seen to its edges.
            if schedule.repeats_border() && !problem.has_canvas() {
                let seen = recording.seen;
                recording.walk.update_leaf(recording.image, |mut values| repeat_border(&mut values, seen))?;
            }
            // Before anyone sees the iteration: a checkpoint of it knows.
            iteration += 1;
            if stop.as_mut().is_some_and(|stop| stop.is_reached(losses.total)) {
                stop = None;
                let shortened = schedule.shortened(iterations, iteration);
                self.done += scale.area() * (iterations - shortened) as f64;
                iterations = shortened;
            }
            recording.measure_layers();
            let index_of_run = self.taken;
            self.taken += 1;
            self.done += scale.area();
            let image = recording.picture()?;
            let seen = Iteration {
                index: index_of_run,
                iterations: self.iterations,
                scale: index,
                scales: &problem.scales,
                done_at_scale: iteration,
                progress: self.done / self.work,
                losses,
                layers: &recording.layers,
                elapsed: self.start.elapsed(),
                image: as_image(image.view()),
                finish: &problem.finish,
                memory: Memory::Of(optimizer.as_ref()),
                to_do_at_scale: iterations,
                recent_losses: stop.as_ref().map_or(&[], |stop| &stop.losses),
            };
            let ends = match &recording.band {
                None => observer.iteration(&seen).is_break(),
                Some(band) => show_in_team(band, optimizer.as_ref(), seen, observer)?,
            };
            if ends {
                interrupted = true;
                break;
            }
        }
        let losses = self.finish(recording, scale, optimizer.as_ref())?;
        Ok((losses, interrupted))
    }

    /// The losses of the picture, not shifted, after the optimizer had its last say.
    fn finish(
        &self,
        recording: &mut Recording,
        scale: Scale,
        optimizer: &dyn Optimizer,
    ) -> Result<Losses, TransferError> {
        recording.shift(0)?;
        let Recording { walk, image, terms, band, .. } = recording;
        let colors = self.problem.colors(&scale);
        if !colors.is_empty() {
            walk.update_leaf(*image, |mut values| {
                for (colors, mask) in &colors {
                    let view = values.view_mut().into_dimensionality().expect("an image is (1, H, W, 3)");
                    colors.give_to(view, mask.as_ref());
                }
                if let Some(values) = values.as_slice_mut() {
                    elementwise::clamp(values, pixel_range());
                }
            })?;
        }
        walk.forward();
        if let Some(band) = band {
            band.members.check()?;
        }
        let mut losses = terms.losses(|var| walk.number(var))?;
        let returned = walk.update_leaf(*image, |mut values| {
            values.as_slice_mut().is_some_and(|values| optimizer.finish(losses.total, values))
        })?;
        if returned {
            walk.forward();
            losses = terms.losses(|var| walk.number(var))?;
        }
        match losses.total.is_finite() {
            true => Ok(losses),
            false => Err(TransferError::Diverged { iteration: self.taken }),
        }
    }
}

/// Tells when a loss falls no more.
struct Stop {
    rate: f64,
    losses: Vec<f64>,
}

impl Stop {
    /// Losses that are averaged: as many rounds of the jitter's shifts, each of which has a loss of its own.
    const WINDOW: usize = 12;

    fn new(rate: f64) -> Stop {
        Stop { rate, losses: Vec::new() }
    }

    /// Takes the loss of the next iteration.
    fn is_reached(&mut self, loss: f64) -> bool {
        self.losses.push(loss);
        let Some(recent) = self.losses.len().checked_sub(2 * Self::WINDOW) else { return false };
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / Self::WINDOW as f64;
        let (before, now) = self.losses[recent..].split_at(Self::WINDOW);
        let (before, now) = (mean(before), mean(now));
        before - now <= self.rate * before * Self::WINDOW as f64
    }
}

/// Gives the rows and columns that the network does not see the colors of the last ones that it sees:
/// no content holds them, and left to themselves they end in glaring colors.
fn repeat_border(values: &mut ArrayViewMutD<'_, f32>, [rows, columns]: [usize; 2]) {
    for (axis, seen) in [(Axis(1), rows), (Axis(2), columns)] {
        let seen = seen.min(values.len_of(axis));
        let (inside, mut outside) = values.view_mut().split_at(axis, seen);
        if let (Some(last), false) = (seen.checked_sub(1), outside.is_empty()) {
            let last = inside.index_axis(axis, last).insert_axis(axis);
            if let Some(last) = last.broadcast(outside.raw_dim()) {
                outside.assign(&last);
            }
        }
    }
}
