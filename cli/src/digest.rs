//! The SHA-256 of a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

/// How many bytes there are, and their SHA-256 in hexadecimal digits.
pub(crate) fn of(mut bytes: impl Read) -> io::Result<(u64, String)> {
    let (mut hasher, mut length) = (Sha256::new(), 0);
    let mut piece = vec![0; 1 << 16];
    loop {
        let count = match bytes.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&piece[..count]);
        length += count as u64;
    }
    Ok((length, digits(hasher.finalize().as_slice())))
}

/// The SHA-256 of bytes, in hexadecimal digits.
#[cfg(feature = "fetch")]
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    digits(Sha256::digest(bytes).as_slice())
}

fn digits(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of a file's bytes, in hexadecimal digits.
pub(crate) fn of_file(path: &Path) -> io::Result<String> {
    Ok(of(File::open(path)?)?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_sha_256() {
        // FIPS 180-2, appendix B.1.
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of(&b"abc"[..]).unwrap(), (3, digest.to_owned()));
    }
}
