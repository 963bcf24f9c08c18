//! The bytes of a file that is not whole yet: on disk from one call to the next, with their running SHA-256. It knows
//! nothing of where they come from.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::DownloadError;
use super::digest::digest_of;

/// A file that grows, which no other process writes at the same time. It is removed in the end if it is empty.
pub(super) struct Partial {
    path: PathBuf,
    file: File,
    hasher: Sha256,
    length: u64,
}

impl Partial {
    /// Opens what an earlier call left, or begins a file. What is longer than `limit` bytes is not worth keeping.
    pub(super) fn open(path: &Path, limit: u64) -> Result<Partial, DownloadError> {
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = opened.map_err(|error| DownloadError::write(path, error))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(DownloadError::Busy { path: path.to_path_buf() }),
            // Where files cannot be locked, the digest tells when two processes wrote to one.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let mut partial = Partial { path: path.to_path_buf(), file, hasher: Sha256::new(), length: 0 };
        partial.take_up(limit)?;
        Ok(partial)
    }

    fn take_up(&mut self, limit: u64) -> Result<(), DownloadError> {
        let length = self.file.metadata().map_err(|error| self.error(error))?.len();
        if length > limit {
            return self.clear();
        }
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match self.file.read(&mut buffer).map_err(|error| self.error(error))? {
                0 => return Ok(()),
                count => self.count(&buffer[..count]),
            }
        }
    }

    /// How many bytes there are.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Their SHA-256, in hexadecimal.
    pub(super) fn digest(&self) -> String {
        digest_of(&self.hasher)
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), DownloadError> {
        self.file.write_all(bytes).map_err(|error| self.error(error))?;
        self.count(bytes);
        Ok(())
    }

    /// Begins again with nothing.
    pub(super) fn clear(&mut self) -> Result<(), DownloadError> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(|error| self.error(error))?;
        self.hasher = Sha256::new();
        self.length = 0;
        Ok(())
    }

    fn count(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
    }

    fn error(&self, source: io::Error) -> DownloadError {
        DownloadError::write(&self.path, source)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.length == 0 {
            // An empty file does no harm where it cannot be removed.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn bytes_last_from_one_call_to_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.part");
        Partial::open(&path, 3).unwrap().append(b"ab").unwrap();
        let mut partial = Partial::open(&path, 3).unwrap();
        assert_eq!(partial.length(), 2);
        partial.append(b"c").unwrap();
        assert_eq!(partial.digest(), ABC);
        partial.clear().unwrap();
        partial.append(b"abc").unwrap();
        assert_eq!((partial.length(), partial.digest().as_str()), (3, ABC));
        drop(partial);
        assert_eq!(fs::read(&path).unwrap(), b"abc");
        assert_eq!(Partial::open(&path, 2).unwrap().length(), 0);
        assert!(!path.exists());
    }

    #[test]
    fn two_cannot_write_at_the_same_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.part");
        let first = Partial::open(&path, 3).unwrap();
        assert!(matches!(Partial::open(&path, 3), Err(DownloadError::Busy { .. })));
        drop(first);
        assert!(Partial::open(&path, 3).is_ok());
    }
}
