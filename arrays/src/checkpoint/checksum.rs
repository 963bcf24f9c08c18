//! CRC-32C, masked: a checksum of bytes that contain checksums would otherwise be weak. Source: LevelDB's
//! `util/crc32c.h`.

use std::io::{self, Read};

/// What LevelDB and TensorFlow store for a checksum.
pub(super) fn masked(checksum: u32) -> u32 {
    checksum.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The stored checksum of some bytes in pieces.
pub(super) fn of(pieces: &[&[u8]]) -> u32 {
    masked(pieces.iter().fold(0, |checksum, piece| crc32c::crc32c_append(checksum, piece)))
}

/// Reads a variable through, and fails at the end if it is too short or its checksum does not hold.
pub(super) struct Checked<R> {
    inner: R,
    left: u64,
    checksum: u32,
    expected: u32,
}

impl<R: Read> Checked<R> {
    /// For `length` bytes whose masked checksum is `expected`.
    pub(super) fn new(inner: R, length: u64, expected: u32) -> Self {
        Self { inner, left: length, checksum: 0, expected }
    }

    fn end(&self) -> io::Result<usize> {
        if self.left > 0 {
            let reason = format!("the file ends {} bytes before its last one", self.left);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, reason));
        }
        if masked(self.checksum) != self.expected {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum does not hold"));
        }
        Ok(0)
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if count == 0 && !buffer.is_empty() {
            return self.end();
        }
        self.checksum = crc32c::crc32c_append(self.checksum, &buffer[..count]);
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}
