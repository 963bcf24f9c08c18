//! NumPy's `.npz`: a zip archive with one `.npy` file an array. Stored and deflated members are read, the two
//! kinds that NumPy writes.

use std::io::{Read, Seek};

use zip::ZipArchive;
use zip::result::ZipError;

use super::error::ArrayError;
use super::npy;
use super::source::{ArraySource, StoredArray};

/// An open archive: its directory is read, its members are not.
pub(crate) struct Npz<R> {
    archive: ZipArchive<R>,
    names: Vec<String>,
    /// The number in the archive of each name's member.
    members: Vec<usize>,
}

impl<R: Read + Seek> Npz<R> {
    pub(super) fn new(archive: ZipArchive<R>) -> Result<Self, ZipError> {
        let (mut names, mut members) = (Vec::new(), Vec::new());
        for (member, name) in archive.file_names().enumerate() {
            if let Some(name) = name?.strip_suffix(npy::SUFFIX) {
                names.push(name.to_owned());
                members.push(member);
            }
        }
        Ok(Self { archive, names, members })
    }
}

impl<R: Read + Seek> ArraySource for Npz<R> {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn open(&mut self, index: usize) -> Result<StoredArray<'_>, ArrayError> {
        let member = self
            .archive
            .by_index(self.members[index])
            .map_err(|error| ArrayError::Unreadable { reason: error.to_string() })?;
        npy::open(member)
    }
}
