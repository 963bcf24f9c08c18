//! What the readers of whole files share: the ways in which opening one fails, a piece of a file as a reader, and a
//! bound on the names of its arrays.

use std::io::{self, Read, Seek, SeekFrom, Take};

use thiserror::Error;
use zip::result::ZipError;

use super::error::unreadable;
use super::error::{ArrayError, FormatError};

/// Most bytes that the names of all arrays may take together. Formats that write a name's beginning once for many
/// arrays could otherwise make a small file unfold to gigabytes.
const MOST_NAME_BYTES: usize = 1 << 22;

/// Why a file could not be opened as a source of arrays; reads as the end of a sentence that began with its name.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file, or one that belongs to it, cannot be opened or read.
    #[error("cannot be opened: check that it exists and may be read")]
    Io(#[from] io::Error),
    /// A zip archive whose directory cannot be read, or that names two members alike.
    #[error("is not a sound zip archive: copy it again, or save it again")]
    Zip(#[from] ZipError),
    /// It is of no known format, or not sound.
    #[error("{0}")]
    Format(FormatError),
}

impl From<FormatError> for OpenError {
    fn from(error: FormatError) -> Self {
        Self::Format(error)
    }
}

/// What files and bytes in memory are read through.
pub(crate) trait ReadSeek: Read + Seek {}

impl<R: Read + Seek> ReadSeek for R {}

/// The `length` bytes of `reader` from `start` on, or fewer where it ends.
pub(super) fn piece<R: Read + Seek>(
    reader: &mut R,
    start: u64,
    length: u64,
) -> Result<Take<&mut R>, ArrayError> {
    reader.seek(SeekFrom::Start(start)).map_err(unreadable)?;
    Ok(reader.take(length))
}

/// The length of what `reader` reads; leaves it at the start.
pub(super) fn length<R: Seek>(reader: &mut R) -> io::Result<u64> {
    let length = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(0))?;
    Ok(length)
}

/// The names of a file's arrays, as they are found.
#[derive(Default)]
pub(super) struct Names {
    names: Vec<String>,
    bytes: usize,
}

impl Names {
    /// Adds a name that consists of these parts, with dots between them; `None` where all names together would be too
    /// long.
    pub(super) fn push<S: AsRef<str>>(&mut self, parts: &[S]) -> Option<()> {
        let length: usize = parts.iter().map(|part| part.as_ref().len() + 1).sum();
        self.bytes = self.bytes.checked_add(length).filter(|&bytes| bytes <= MOST_NAME_BYTES)?;
        let parts: Vec<&str> = parts.iter().map(S::as_ref).collect();
        self.names.push(parts.join("."));
        Some(())
    }

    pub(super) fn into_vec(self) -> Vec<String> {
        self.names
    }
}

/// What is said where [`Names::push`] refuses.
pub(super) const NAMES_TOO_LONG: &str = "the names of its arrays take more than 4 MiB";
