//! A run saved to disk: parameters, the optimizer's state, the step and the settings. A resumed run gives the very
//! bits that it would have given without a break.

use crate::TrainingError;
use crate::network::{Parameter, initial_parameters};
use crate::optimizer::Memory;
use crate::settings::Settings;
use crate::trainer::{Trainer, values};
use impasto::arrays::{ArrayArchive, NpzWriter};
use impasto::files::{create_beside, replace};
use ndarray::ArrayViewD;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use zip::ZipArchive;

/// The archive's member that is no array.
const PROGRESS: &str = "progress.json";

#[derive(Serialize, Deserialize)]
struct Progress {
    step: usize,
    settings: Settings,
}

impl Trainer {
    /// Writes the run as it is now; the file appears whole or not at all.
    ///
    /// # Errors
    /// [`TrainingError::Write`].
    pub fn save(&self, path: &Path) -> Result<(), TrainingError> {
        let progress = Progress { step: self.steps_taken(), settings: self.settings().clone() };
        let progress = serde_json::to_vec_pretty(&progress)
            .map_err(|error| TrainingError::Write { path: path.to_owned(), source: error.into() })?;
        let written = || -> io::Result<()> {
            let mut file = create_beside(path)?;
            let mut archive = NpzWriter::new(&mut file);
            for (parameter, memory) in self.parameters().iter().zip(self.memories()) {
                for (kind, values) in [
                    ("value", values(parameter)),
                    ("first_moment", &memory.first_moment),
                    ("second_moment", &memory.second_moment),
                    ("average", &memory.average),
                ] {
                    let array = ArrayViewD::from_shape(parameter.value.shape(), values)
                        .expect("what the optimizer remembers has the parameter's shape");
                    archive.array(&format!("{kind}/{}", parameter.name), array)?;
                }
            }
            archive.member(PROGRESS, &progress)?;
            archive.finish()?;
            replace(file, path)?;
            Ok(())
        };
        written().map_err(|source| TrainingError::Write { path: path.to_owned(), source })
    }

    /// Resumes a run, with the settings that it was started with.
    ///
    /// # Errors
    /// [`TrainingError::Checkpoint`] or [`TrainingError::Arrays`] if the file is no checkpoint,
    /// [`TrainingError::OtherSettings`] if it is one of another run.
    pub fn resume(path: &Path, settings: Settings) -> Result<Trainer, TrainingError> {
        settings.check()?;
        let progress = read_progress(path)?;
        check_settings(path, &progress.settings, &settings)?;
        if progress.step > settings.steps() {
            return Err(damaged(path, format!("it is at step {} of {}", progress.step, settings.steps())));
        }
        let mut archive = ArrayArchive::open(path)?;
        let mut parameters = initial_parameters(settings.classes, settings.seed);
        let mut memories = Vec::new();
        for parameter in &mut parameters {
            let mut read = |kind: &str| read_array(path, &mut archive, kind, parameter);
            let (value, average) = (read("value")?, read("average")?);
            memories.push(Memory {
                first_moment: read("first_moment")?,
                second_moment: read("second_moment")?,
                average,
            });
            parameter.value.iter_mut().zip(value).for_each(|(old, new)| *old = new);
        }
        Trainer::at(settings, parameters, memories, progress.step)
    }
}

fn read_progress(path: &Path) -> Result<Progress, TrainingError> {
    let file = File::open(path).map_err(|error| damaged(path, error))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(path, error))?;
    let member = archive.by_name(PROGRESS).map_err(|error| damaged(path, error))?;
    serde_json::from_reader(member).map_err(|error| damaged(path, error))
}

/// Refuses settings that would lead elsewhere.
fn check_settings(path: &Path, found: &Settings, given: &Settings) -> Result<(), TrainingError> {
    let fields = |settings| match serde_json::to_value(settings) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let given = fields(given);
    match fields(found).iter().find(|(name, value)| given.get(*name) != Some(value)) {
        Some((name, value)) => Err(TrainingError::OtherSettings {
            path: path.to_owned(),
            name: format!("{} was {value}", name.replace('_', " ")),
        }),
        None => Ok(()),
    }
}

/// The values of one array, which has the shape of the parameter.
fn read_array(
    path: &Path,
    archive: &mut ArrayArchive,
    kind: &str,
    parameter: &Parameter,
) -> Result<Vec<f32>, TrainingError> {
    let name = format!("{kind}/{}", parameter.name);
    let array = archive.read(&name)?;
    if array.shape() != parameter.value.shape() {
        return Err(damaged(path, format!("{name} has shape {:?}", array.shape())));
    }
    if !array.iter().all(|value| value.is_finite()) {
        return Err(damaged(path, format!("{name} holds values that are not finite")));
    }
    Ok(array.into_iter().collect())
}

fn damaged(path: &Path, reason: impl ToString) -> TrainingError {
    TrainingError::Checkpoint { path: path.to_owned(), reason: reason.to_string() }
}
