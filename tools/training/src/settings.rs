//! The numbers of a training run.

use crate::TrainingError;
use serde::{Deserialize, Serialize};

/// The numbers that a run follows from. The same settings give the same weights, bit by bit, on any number
/// of threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Seed of pictures, crops, adversaries and first weights.
    pub seed: u64,
    /// Classes to tell apart.
    pub classes: usize,
    /// Pictures of each class.
    pub pictures_per_class: usize,
    /// Side of a picture, in pixels.
    pub picture_size: usize,
    /// Crops in a batch.
    pub batch: usize,
    /// Side of a crop, in pixels.
    pub crop_size: usize,
    /// Steps on crops as they are.
    pub plain_steps: usize,
    /// Steps on crops that an adversary changed.
    pub adversarial_steps: usize,
    /// The largest learning rate of the plain steps.
    pub plain_rate: f64,
    /// The largest learning rate of the adversarial steps.
    pub adversarial_rate: f64,
    /// Steps over which the learning rate rises at the beginning of either phase.
    pub warm_up: usize,
    /// Steps over which the adversary gains its strength.
    pub adversary_warm_up: usize,
    /// Part of a weight that decays in a step, before it is multiplied by the learning rate.
    pub weight_decay: f64,
    /// Probability that targets share out evenly among all classes.
    pub label_smoothing: f64,
    /// Root mean square of the change that an adversary makes, the least and the most, in preprocessed units.
    pub adversary: [f64; 2],
    /// What remains, after a step, of the share that older weights have in the average.
    pub average_decay: f64,
    /// Batches that the moments of the finished network are averaged over.
    pub moment_batches: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            seed: 0,
            classes: 240,
            pictures_per_class: 10,
            picture_size: 160,
            batch: 64,
            crop_size: 72,
            plain_steps: 2500,
            adversarial_steps: 6000,
            plain_rate: 3e-3,
            adversarial_rate: 2e-3,
            warm_up: 200,
            adversary_warm_up: 1000,
            weight_decay: 0.02,
            label_smoothing: 0.05,
            adversary: [0.05, 0.35],
            average_decay: 0.998,
            moment_batches: 64,
        }
    }
}

/// What a step trains on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Crops as they are.
    Plain,
    /// Crops that an adversary changed.
    Adversarial,
}

impl Settings {
    /// All steps of the run.
    pub fn steps(&self) -> usize {
        self.plain_steps + self.adversarial_steps
    }

    /// What step `step` trains on.
    pub fn phase(&self, step: usize) -> Phase {
        if step < self.plain_steps { Phase::Plain } else { Phase::Adversarial }
    }

    /// The learning rate of step `step`: in each phase it rises over the warm-up and falls to zero as the
    /// cosine does.
    pub fn learning_rate(&self, step: usize) -> f64 {
        let (largest, step, steps) = match self.phase(step) {
            Phase::Plain => (self.plain_rate, step, self.plain_steps),
            Phase::Adversarial => (self.adversarial_rate, step - self.plain_steps, self.adversarial_steps),
        };
        let rise = rise(step, self.warm_up);
        let passed = step as f64 / steps as f64;
        largest * rise * 0.5 * (1.0 + (std::f64::consts::PI * passed).cos())
    }

    /// The least and the most that an adversary changes a crop in step `step`.
    pub fn adversary(&self, step: usize) -> [f64; 2] {
        let rise = rise(step.saturating_sub(self.plain_steps), self.adversary_warm_up);
        self.adversary.map(|radius| radius * rise)
    }

    /// Checks that every setting is in its range.
    ///
    /// # Errors
    /// [`TrainingError::Setting`] names the first that is not.
    pub fn check(&self) -> Result<(), TrainingError> {
        let count = |name, value: usize, least: usize, range| {
            let fits = value >= least && value <= 1 << 20;
            if fits { Ok(()) } else { Err(TrainingError::Setting { name, range, value: value as f64 }) }
        };
        count("the number of classes", self.classes, 2, "from 2 to 1048576")?;
        count("the number of pictures of a class", self.pictures_per_class, 1, "from 1 to 1048576")?;
        count("the size of a picture", self.picture_size, 2, "from 2 to 1048576")?;
        count("the batch", self.batch, 2, "from 2 to 1048576")?;
        count("the number of moment batches", self.moment_batches, 1, "from 1 to 1048576")?;
        let number = |name, value: f64, most: f64, range| {
            let fits = (0.0..=most).contains(&value);
            if fits { Ok(()) } else { Err(TrainingError::Setting { name, range, value }) }
        };
        number("the plain learning rate", self.plain_rate, 1.0, "from 0 to 1")?;
        number("the adversarial learning rate", self.adversarial_rate, 1.0, "from 0 to 1")?;
        number("the weight decay", self.weight_decay, 1.0, "from 0 to 1")?;
        number("the label smoothing", self.label_smoothing, 1.0, "from 0 to 1")?;
        number("the decay of the average", self.average_decay, 1.0, "from 0 to 1")?;
        number("the largest change of an adversary", self.adversary[1], 10.0, "from 0 to 10")?;
        let least_range = "from 0 to the largest change";
        number("the least change of an adversary", self.adversary[0], self.adversary[1], least_range)
    }
}

/// From nearly 0 to 1 over the first steps.
fn rise(step: usize, steps: usize) -> f64 {
    ((step + 1) as f64 / steps.max(1) as f64).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_rise_then_fall_in_each_phase() {
        let settings = Settings {
            plain_steps: 1000,
            adversarial_steps: 500,
            adversary_warm_up: 400,
            ..Settings::default()
        };
        let rates: Vec<f64> = (0..settings.steps()).map(|step| settings.learning_rate(step)).collect();
        assert!(rates[0] < 1e-4 && rates[1000] < 1e-4, "both start low");
        assert!(rates[199] > 2.5e-3 && rates[199] > rates[198], "{}", rates[199]);
        assert!(rates[300..1000].is_sorted_by(|a, b| a > b), "falls after the warm-up");
        assert!(rates[1200..].is_sorted_by(|a, b| a > b), "falls after the second warm-up");
        assert!(rates[999] < 1e-6 && rates[1499] < 1e-5);
        assert_eq!(settings.phase(999), Phase::Plain);
        assert_eq!(settings.phase(1000), Phase::Adversarial);
        assert_eq!(settings.adversary(1199), settings.adversary.map(|radius| radius / 2.0));
        assert_eq!(settings.adversary(1400), settings.adversary);
    }

    #[test]
    fn absurd_settings_are_named() {
        let defaults = Settings::default;
        assert!(defaults().check().is_ok());
        for (settings, name) in [
            (Settings { classes: 1, ..defaults() }, "classes"),
            (Settings { batch: 0, ..defaults() }, "batch"),
            (Settings { plain_rate: f64::NAN, ..defaults() }, "plain learning rate"),
            (Settings { adversary: [0.3, 0.2], ..defaults() }, "least change"),
            (Settings { adversary: [0.3, f64::INFINITY], ..defaults() }, "largest change"),
        ] {
            let error = settings.check().unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
