//! Where a result goes: a file, or standard output; and a second place where that fails, for it may be the work of hours.

use std::env;
use std::fmt;
use std::io::{IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};

use impasto::image::{
    Density, ImageError, Level, SaveOptions, check_output_path, check_picture_size, encode_png_with,
    save_image_with,
};
use impasto::{Outcome, StyleTransfer};
use ndarray::ArrayView3;

use crate::arguments::{Depth, ResultOptions};
use crate::error::UsageError;
use crate::run::source::STANDARD;

/// The most names that are tried in one folder.
const MAX_NAMES: usize = 1000;

/// Where a picture is written, and how.
pub(crate) struct Destination<'a> {
    target: Target<'a>,
    options: SaveOptions,
    depth: Depth,
}

#[derive(Clone, Copy)]
enum Target<'a> {
    File(&'a Path),
    /// As PNG.
    StandardOutput,
}

impl<'a> Destination<'a> {
    /// What the options of a result name.
    ///
    /// # Errors
    /// A quality that standard output does not have.
    pub(crate) fn of(result: &'a ResultOptions) -> Result<Destination<'a>, UsageError> {
        let target = match result.output.as_os_str() == STANDARD {
            true => Target::StandardOutput,
            false => Target::File(&result.output),
        };
        let options = match (target, result.quality) {
            (_, None) => SaveOptions::default(),
            (Target::StandardOutput, Some(_)) => return Err(UsageError::QualityOfPng),
            (Target::File(_), Some(quality)) => SaveOptions::default().with_quality(quality),
        };
        Ok(Destination { target, options, depth: result.depth })
    }

    /// The same, with what is known once the pictures are: their density, the color below what is transparent, and what makes
    /// the result.
    pub(crate) fn describe(&mut self, density: Option<Density>, background: [u8; 3], record: Option<String>) {
        self.options.density = density;
        self.options.background = background;
        self.options.record = record;
    }

    /// The file, if it is one.
    pub(crate) fn path(&self) -> Option<&'a Path> {
        match self.target {
            Target::File(path) => Some(path),
            Target::StandardOutput => None,
        }
    }

    /// Checks that a file can be written so, and that standard output is one that takes pictures and has no summary in JSON
    /// to take too.
    pub(crate) fn check(&self, json: bool) -> anyhow::Result<()> {
        match self.target {
            Target::StandardOutput if json => Err(UsageError::SharedOutput.into()),
            Target::StandardOutput if stdout().is_terminal() => Err(UsageError::TerminalOutput.into()),
            Target::StandardOutput => Ok(()),
            Target::File(path) => {
                check_output_path(path)?;
                match self.depth {
                    Depth::Eight => self.options.check::<u8>(path)?,
                    Depth::Sixteen => self.options.check::<u16>(path)?,
                }
                Ok(())
            }
        }
    }

    /// Checks that its format can hold a picture of these sides, in pixels; height first.
    pub(crate) fn check_size(&self, size: (usize, usize)) -> Result<(), ImageError> {
        self.path().map_or(Ok(()), |path| check_picture_size(path, size))
    }

    /// Whether what is transparent stays so.
    pub(crate) fn has_alpha(&self) -> bool {
        let extension =
            self.path().and_then(|path| path.extension()).and_then(|extension| extension.to_str());
        !matches!(extension.map(str::to_ascii_lowercase).as_deref(), Some("jpg" | "jpeg" | "bmp"))
    }

    /// Writes the picture that a run came to. Where that fails, it is saved in a second place, which the error names.
    pub(crate) fn save(&self, session: &StyleTransfer, outcome: &Outcome) -> anyhow::Result<()> {
        match self.depth {
            Depth::Eight => self.write(outcome.picture.view()),
            Depth::Sixteen => self.write(session.picture_of::<u16>(&outcome.image)?.view()),
        }
    }

    fn write<L: Level>(&self, picture: ArrayView3<'_, L>) -> anyhow::Result<()> {
        match self.target {
            Target::File(path) => save_image_with(path, picture, &self.options)
                .map_err(|error| rescue(path, picture, self.options.clone(), error.into())),
            Target::StandardOutput => {
                let png = encode_png_with(picture, &self.options)?;
                let mut stdout = stdout().lock();
                let written = stdout.write_all(&png).and_then(|()| stdout.flush());
                written.map_err(|error| {
                    let error = anyhow::Error::from(error).context("cannot write to standard output");
                    rescue(Path::new("impasto"), picture, self.options.clone(), error)
                })
            }
        }
    }
}

impl fmt::Display for Destination<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path() {
            Some(path) => path.display().fmt(formatter),
            None => formatter.write_str("standard output"),
        }
    }
}

/// Saves what `error` kept from being written to `output` in the current folder or the one for temporary files, under a
/// name that nothing has, which the error that is returned names.
pub(crate) fn rescue<L: Level>(
    output: &Path,
    picture: ArrayView3<'_, L>,
    mut options: SaveOptions,
    error: anyhow::Error,
) -> anyhow::Error {
    // PNG has none.
    options.quality = None;
    let folders = env::current_dir().into_iter().chain([env::temp_dir()]);
    let saved = folders
        .filter_map(|folder| free_name(&folder, output))
        .find(|path| save_image_with(path, picture, &options).is_ok());
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
