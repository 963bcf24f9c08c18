//! Where a picture comes from: a file, standard input, the program itself, or whoever calls it.

use std::io::stdin;
use std::path::{Path, PathBuf};

use impasto::image::{
    ImageError, LoadOptions, Loaded, decode_image_with_warnings, load_image_with_warnings, read_image,
    resize_picture,
};
use impasto::samples::Sample;
use ndarray::Array3;

/// A picture that is read.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    File(&'a Path),
    StandardInput,
    Sample(&'static Sample),
    /// In memory, (H, W, 3), under a name.
    Given(&'a str, &'a Array3<u8>),
}

/// What stands for standard input and output; a file of this name is `./-`.
pub(crate) const STANDARD: &str = "-";

/// Each argument as a source.
pub(crate) fn sources(arguments: &[PathBuf]) -> Vec<Source<'_>> {
    arguments.iter().map(|argument| Source::new(argument)).collect()
}

impl<'a> Source<'a> {
    /// What an argument names.
    pub(crate) fn new(argument: &'a Path) -> Source<'a> {
        match argument.as_os_str() == STANDARD {
            true => Source::StandardInput,
            false => Source::File(argument),
        }
    }

    /// The picture, (H, W, 3), and what is worth knowing about it.
    pub(crate) fn load(self, options: &LoadOptions) -> Result<Loaded, ImageError> {
        match self {
            Source::File(path) => load_image_with_warnings(path, options),
            Source::StandardInput => read_image(stdin().lock(), Path::new("standard input"), options),
            Source::Sample(picture) => {
                decode_image_with_warnings(picture.jpeg, Path::new(picture.file_name), options)
            }
            Source::Given(name, picture) => Ok(Loaded {
                picture: match options.size {
                    Some(size) => resize_picture(picture.view(), size, Path::new(name))?,
                    None => picture.clone(),
                },
                own_size: (picture.dim().0, picture.dim().1),
                density: None,
                record: None,
                warnings: Vec::new(),
            }),
        }
    }

    /// The file, if it is one.
    pub(crate) fn path(self) -> Option<&'a Path> {
        match self {
            Source::File(path) => Some(path),
            Source::StandardInput | Source::Sample(_) | Source::Given(..) => None,
        }
    }

    /// The same without its folder.
    pub(crate) fn short_name(self) -> String {
        let file_name = self.path().and_then(Path::file_name);
        file_name.map_or_else(|| self.name(), |name| name.to_string_lossy().into_owned())
    }

    /// What the user may call it.
    pub(crate) fn name(self) -> String {
        match self {
            Source::File(path) => path.display().to_string(),
            Source::StandardInput => "standard input".to_owned(),
            Source::Sample(picture) => format!("{} (built in)", picture.file_name),
            Source::Given(name, _) => name.to_owned(),
        }
    }
}
