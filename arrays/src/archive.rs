//! Zip archives, the container of `.npz` files and of PyTorch's: opening one, and telling which of the two it is.

use std::io::{Read, Seek};

use zip::ZipArchive;
use zip::result::ZipError;

/// First bytes of an archive with members, and of one without.
const MAGICS: [&[u8; 4]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// Whether a file with these first bytes is an archive.
pub(super) fn has_magic(start: &[u8]) -> bool {
    MAGICS.iter().any(|magic| start.starts_with(&magic[..]))
}

/// Reads the directory of an archive.
pub(super) fn open<R: Read + Seek>(reader: R) -> Result<ZipArchive<R>, ZipError> {
    let archive = ZipArchive::new(reader)?;
    // The reader keeps only the last of them, and which one was meant nobody can know.
    if archive.has_duplicate_names() {
        let reason = "two of its members have the same name";
        return Err(ZipError::InvalidArchive(reason.into()));
    }
    Ok(archive)
}
