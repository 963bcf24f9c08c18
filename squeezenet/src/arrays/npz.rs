//! NumPy's `.npz`: a zip archive with one `.npy` file an array. Stored and deflated members are read, the two
//! kinds that NumPy writes.

use std::io::{self, Read, Seek, SeekFrom};

use zip::ZipArchive;
use zip::result::ZipError;

use super::error::ArrayError;
use super::npy;
use super::source::{ArraySource, StoredArray};

/// First bytes of an archive with members, and of one without.
const MAGICS: [&[u8; 4]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// Whether `reader` starts as a zip archive does; leaves it at its start.
pub(crate) fn has_magic<R: Read + Seek>(reader: &mut R) -> io::Result<bool> {
    let mut start = Vec::with_capacity(4);
    reader.by_ref().take(4).read_to_end(&mut start)?;
    reader.seek(SeekFrom::Start(0))?;
    Ok(MAGICS.iter().any(|magic| start == magic[..]))
}

/// An open archive: its directory is read, its members are not.
pub(crate) struct Npz<R> {
    archive: ZipArchive<R>,
    names: Vec<String>,
    /// The number in the archive of each name's member.
    members: Vec<usize>,
}

impl<R: Read + Seek> Npz<R> {
    pub(crate) fn open(reader: R) -> Result<Self, ZipError> {
        let archive = ZipArchive::new(reader)?;
        // The reader keeps only the last of them, and which one was meant nobody can know.
        if archive.has_duplicate_names() {
            let reason = "two of its members have the same name";
            return Err(ZipError::InvalidArchive(reason.into()));
        }
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
