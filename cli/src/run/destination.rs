//! Where a result goes: a file, or standard output; and a second place where that fails, for it may be the work of hours.

use std::env;
use std::fmt;
use std::io::{IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};

use impasto::image::{ImageError, SaveOptions, check_picture_size, encode_png, save_image, save_image_with};
use ndarray::ArrayView3;

use crate::arguments::ResultOptions;
use crate::error::UsageError;
use crate::run::source::STANDARD;

/// The most names that are tried in one folder.
const MAX_NAMES: usize = 1000;

/// Where a picture is written.
#[derive(Clone, Copy)]
pub(crate) enum Destination<'a> {
    File(&'a Path, SaveOptions),
    /// As PNG.
    StandardOutput,
}

impl<'a> Destination<'a> {
    /// What an argument names.
    pub(crate) fn new(argument: &'a Path) -> Destination<'a> {
        match argument.as_os_str() == STANDARD {
            true => Destination::StandardOutput,
            false => Destination::File(argument, SaveOptions::default()),
        }
    }

    /// What the options of a result name.
    ///
    /// # Errors
    /// A quality that the format does not have.
    pub(crate) fn of(result: &'a ResultOptions) -> Result<Destination<'a>, UsageError> {
        let destination = Destination::new(&result.output);
        match (destination, result.quality) {
            (_, None) => Ok(destination),
            (Destination::StandardOutput, Some(_)) => Err(UsageError::QualityOfPng),
            (Destination::File(path, options), Some(quality)) => {
                Ok(Destination::File(path, options.with_quality(quality)))
            }
        }
    }

    /// Refuses standard output where it shows no pictures, or where a summary in JSON goes to it too.
    pub(crate) fn check_stream(self, json: bool) -> Result<(), UsageError> {
        match self {
            Destination::StandardOutput if json => Err(UsageError::SharedOutput),
            Destination::StandardOutput if stdout().is_terminal() => Err(UsageError::TerminalOutput),
            _ => Ok(()),
        }
    }

    /// Checks that its format can hold a picture of these sides, in pixels; height first.
    pub(crate) fn check_size(self, size: (usize, usize)) -> Result<(), ImageError> {
        match self {
            Destination::File(path, _) => check_picture_size(path, size),
            Destination::StandardOutput => Ok(()),
        }
    }

    /// Writes a picture (H, W, 3). Where that fails, it is saved in a second place, which the error names.
    pub(crate) fn save(self, picture: ArrayView3<'_, u8>) -> anyhow::Result<()> {
        match self {
            Destination::File(path, options) => {
                save_image_with(path, picture, &options).map_err(|error| rescue(path, picture, error.into()))
            }
            Destination::StandardOutput => {
                let png = encode_png(picture)?;
                let mut stdout = stdout().lock();
                let written = stdout.write_all(&png).and_then(|()| stdout.flush());
                written.map_err(|error| {
                    let error = anyhow::Error::from(error).context("cannot write to standard output");
                    rescue(Path::new("impasto"), picture, error)
                })
            }
        }
    }
}

impl fmt::Display for Destination<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Destination::File(path, _) => path.display().fmt(formatter),
            Destination::StandardOutput => formatter.write_str("standard output"),
        }
    }
}

/// Saves what `error` kept from being written to `output` in the current folder or the one for temporary files, under a
/// name that nothing has, which the error that is returned names.
pub(crate) fn rescue(output: &Path, picture: ArrayView3<'_, u8>, error: anyhow::Error) -> anyhow::Error {
    let folders = env::current_dir().into_iter().chain([env::temp_dir()]);
    let saved = folders
        .filter_map(|folder| free_name(&folder, output))
        .find(|path| save_image(path, picture).is_ok());
    error.context(match saved {
        Some(path) => format!("the picture was saved as {} instead", path.display()),
        None => {
            "the picture is lost: neither the current folder nor that for temporary files takes it".into()
        }
    })
}

/// A name in `folder` that nothing has, like that of `output`. PNG loses nothing, and holds pictures of all sides.
fn free_name(folder: &Path, output: &Path) -> Option<PathBuf> {
    let stem = output.file_stem().map_or("impasto".into(), |stem| stem.to_string_lossy());
    let names = (1..=MAX_NAMES).map(|number| match number {
        1 => format!("{stem}-rescued.png"),
        _ => format!("{stem}-rescued-{number}.png"),
    });
    names.map(|name| folder.join(name)).find(|path| path.symlink_metadata().is_err())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let name = || free_name(folder.path(), Path::new("gone/result.jpg")).unwrap();
        assert_eq!(name(), folder.path().join("result-rescued.png"));
        fs::write(name(), "there").unwrap();
        assert_eq!(name(), folder.path().join("result-rescued-2.png"));
    }
}
