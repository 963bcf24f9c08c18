//! The steps of a run: gradients of the parameters, of the crops where an adversary changes them, and the
//! optimizer.

use crate::TrainingError;
use crate::batches::Batch;
use crate::canvases::Canvases;
use crate::folding::{Moments, fold};
use crate::network::{Graph, Parameter, Wanted, initial_parameters};
use crate::optimizer::{AdamW, Memory};
use crate::settings::{Phase, Settings};
use impasto::Weights;
use impasto_autodiff::TapeError;
use ndarray::Array2;
use rayon::prelude::*;
use serde::Serialize;

/// The batches that the moments of the finished network are averaged over are those of the steps from here
/// on, beyond those of any run.
pub const MOMENT_STEPS: usize = 1 << 30;

/// A network in training.
pub struct Trainer {
    settings: Settings,
    parameters: Vec<Parameter>,
    memories: Vec<Memory>,
    learner: Graph,
    /// Recorded when the first adversary needs it.
    attacker: Option<Graph>,
    changed: Vec<f32>,
    step: usize,
}

/// What a step found, before it changed the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Report {
    /// The step, counted from 0.
    pub step: usize,
    /// What it trained on.
    pub phase: Phase,
    /// The weighted sum of the heads' losses.
    pub loss: f32,
    /// The cross-entropy of each head.
    pub losses: [f32; 2],
    /// The part of the crops that each head names rightly.
    pub accuracies: [f32; 2],
    /// The learning rate.
    pub rate: f64,
}

impl Trainer {
    /// A network before its first step.
    ///
    /// # Errors
    /// [`TrainingError::Setting`], or crops too small for the network.
    pub fn new(settings: Settings) -> Result<Trainer, TrainingError> {
        settings.check()?;
        let parameters = initial_parameters(settings.classes, settings.seed);
        let memories = parameters.iter().map(|parameter| Memory::new(values(parameter))).collect();
        Trainer::at(settings, parameters, memories, 0)
    }

    /// A network that has come as far as `step`.
    pub(crate) fn at(
        settings: Settings,
        parameters: Vec<Parameter>,
        memories: Vec<Memory>,
        step: usize,
    ) -> Result<Trainer, TrainingError> {
        let learner = graph(&settings, &parameters, Wanted::Parameters)?;
        Ok(Trainer { settings, parameters, memories, learner, attacker: None, changed: Vec::new(), step })
    }

    /// The numbers of the run.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Steps taken.
    pub fn steps_taken(&self) -> usize {
        self.step
    }

    /// The parameters as they are now.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// What the optimizer remembers of each parameter.
    pub(crate) fn memories(&self) -> &[Memory] {
        &self.memories
    }

    /// Takes the next step on `batch`, which must be that step's.
    ///
    /// # Errors
    /// [`TrainingError::Diverged`] if the loss is no longer a number.
    pub fn step(&mut self, batch: &Batch) -> Result<Report, TrainingError> {
        let targets = targets(&self.settings, &batch.classes);
        if batch.radii.is_empty() {
            self.learner.set(self.learner.images, &batch.images)?;
        } else {
            self.attack(batch, &targets)?;
            self.learner.set(self.learner.images, &self.changed)?;
        }
        self.learner.tape.set_value(self.learner.targets, &targets)?;
        self.learner.tape.forward();
        self.learner.tape.backward(self.learner.loss)?;
        let report = self.report(batch)?;
        if !report.loss.is_finite() {
            return Err(TrainingError::Diverged { step: self.step });
        }
        self.update(report.rate)?;
        self.step += 1;
        Ok(report)
    }

    /// Changes each crop in the direction in which the network mistakes it most, as far as its radius: one
    /// step from a random place beside it.
    fn attack(&mut self, batch: &Batch, targets: &Array2<f32>) -> Result<(), TrainingError> {
        if self.attacker.is_none() {
            self.attacker = Some(graph(&self.settings, &self.parameters, Wanted::Images)?);
        }
        let Some(attacker) = &mut self.attacker else { return Ok(()) };
        for (index, parameter) in self.parameters.iter().enumerate() {
            attacker.set(attacker.parameters[index], values(parameter))?;
        }
        attacker.set(attacker.images, &batch.starts)?;
        attacker.tape.set_value(attacker.targets, targets)?;
        attacker.tape.forward();
        attacker.tape.backward(attacker.loss)?;
        let gradient = attacker.tape.gradient(attacker.images)?;
        let gradient = gradient.as_slice().unwrap_or_default();
        self.changed.resize(batch.images.len(), 0.0);
        let len = batch.images.len() / batch.radii.len();
        let crops = self.changed.par_chunks_exact_mut(len).zip(batch.images.par_chunks_exact(len));
        let crops = crops.zip(batch.starts.par_chunks_exact(len)).zip(gradient.par_chunks_exact(len));
        crops.zip(&batch.radii).for_each(|((((changed, image), start), gradient), &radius)| {
            change(changed, image, start, gradient, radius);
        });
        Ok(())
    }

    fn report(&self, batch: &Batch) -> Result<Report, TapeError> {
        let Graph { tape, losses, scores, loss, .. } = &self.learner;
        let accuracy = |head: usize| {
            let scores = tape.value(scores[head])?;
            let right = scores.outer_iter().zip(&batch.classes).filter(|(scores, class)| {
                let best = scores[**class];
                scores.iter().all(|&score| score <= best)
            });
            Ok(right.count() as f32 / batch.classes.len() as f32)
        };
        Ok(Report {
            step: self.step,
            phase: self.settings.phase(self.step),
            loss: tape.number(*loss)?,
            losses: [tape.number(losses[0])?, tape.number(losses[1])?],
            accuracies: [accuracy(0)?, accuracy(1)?],
            rate: self.settings.learning_rate(self.step),
        })
    }

    fn update(&mut self, rate: f64) -> Result<(), TapeError> {
        let optimizer = AdamW::new(self.step, rate, self.settings.average_decay);
        let leaves = self.learner.parameters.iter();
        for ((parameter, memory), &leaf) in self.parameters.iter_mut().zip(&mut self.memories).zip(leaves) {
            let decay = if parameter.decays { self.settings.weight_decay as f32 } else { 0.0 };
            self.learner.tape.update_leaf(leaf, |mut leaf, gradient| {
                let gradient = gradient.as_ref().and_then(|gradient| gradient.as_slice());
                let values = (leaf.as_slice_mut(), parameter.value.as_slice_mut());
                if let ((Some(leaf), Some(values)), Some(gradient)) = (values, gradient) {
                    optimizer.step(decay, gradient, memory, values);
                    leaf.copy_from_slice(values);
                }
            })?;
        }
        Ok(())
    }

    /// The averages of the parameters over the last steps.
    pub fn average_parameters(&self) -> Vec<Parameter> {
        let averages = self.parameters.iter().zip(&self.memories).map(|(parameter, memory)| {
            let mut parameter = parameter.clone();
            parameter.value.iter_mut().zip(&memory.average).for_each(|(value, &average)| *value = average);
            parameter
        });
        averages.collect()
    }

    /// The network's weights as style transfer takes them: the average parameters, the normalizations folded
    /// into the convolutions. The moments that they take are averages over crops without an adversary.
    ///
    /// # Errors
    /// None in practice: what could fail failed before.
    pub fn weights(&self, canvases: &Canvases) -> Result<Weights, TrainingError> {
        let averages = self.average_parameters();
        let mut graph = graph(&self.settings, &averages, Wanted::Images)?;
        let mut moments = Moments::new(graph.moments.len());
        let mut batch = Batch::default();
        for index in 0..self.settings.moment_batches {
            batch.fill(canvases, &self.settings, MOMENT_STEPS + index, Phase::Plain);
            graph.set(graph.images, &batch.images)?;
            graph.tape.forward();
            for (place, &var) in graph.moments.iter().enumerate() {
                moments.add(place, graph.tape.value(var)?.iter().copied());
            }
        }
        fold(&averages, &moments.averages())
    }
}

fn graph(settings: &Settings, parameters: &[Parameter], wanted: Wanted) -> Result<Graph, TrainingError> {
    Graph::record(parameters, [settings.batch, settings.crop_size], settings.classes, wanted)
}

/// The values of a parameter, row by row.
pub(crate) fn values(parameter: &Parameter) -> &[f32] {
    parameter.value.as_slice().expect("parameters are contiguous")
}

/// The probabilities (N, classes) that the heads are to give.
fn targets(settings: &Settings, classes: &[usize]) -> Array2<f32> {
    let shared = settings.label_smoothing as f32 / settings.classes as f32;
    let right = 1.0 - settings.label_smoothing as f32 + shared;
    Array2::from_shape_fn((classes.len(), settings.classes), |(image, class)| {
        if class == classes[image] { right } else { shared }
    })
}

/// `changed = image + (start - image) / 2 + radius * g`, where `g` is the gradient scaled to a root mean
/// square of 1.
fn change(changed: &mut [f32], image: &[f32], start: &[f32], gradient: &[f32], radius: f32) {
    let squares: f64 = gradient.iter().map(|&g| f64::from(g) * f64::from(g)).sum();
    let root_mean_square = (squares / gradient.len() as f64).sqrt() as f32;
    // A crop without a gradient, which no step makes worse, stays where it started.
    let length = if root_mean_square > 0.0 { radius / root_mean_square } else { 0.0 };
    for (((changed, &image), &start), &gradient) in changed.iter_mut().zip(image).zip(start).zip(gradient) {
        *changed = 0.5 * (image + start) + length * gradient;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adversary_moves_as_far_as_its_radius() {
        let (image, start) = ([1.0, 2.0, -1.0, 0.5], [1.0, 2.0, -1.0, 0.5]);
        let mut changed = [0.0; 4];
        change(&mut changed, &image, &start, &[3.0, 0.0, -4.0, 0.0], 0.1);
        let squares: f32 = changed.iter().zip(&image).map(|(changed, image)| (changed - image).powi(2)).sum();
        assert!(((squares / 4.0).sqrt() - 0.1).abs() < 1e-6, "{changed:?}");
        change(&mut changed, &image, &[2.0, 2.0, -1.0, 0.5], &[0.0; 4], 0.1);
        assert_eq!(changed, [1.5, 2.0, -1.0, 0.5], "half way to the start where there is no gradient");
    }

    #[test]
    fn targets_are_smoothed_probabilities() {
        let settings = Settings { classes: 4, label_smoothing: 0.2, ..Settings::default() };
        let targets = targets(&settings, &[2, 0]);
        assert!((targets[[0, 2]] - 0.85).abs() < 1e-6 && (targets[[0, 1]] - 0.05).abs() < 1e-6);
        assert!(targets.outer_iter().all(|row| (row.sum() - 1.0).abs() < 1e-6));
    }
}
