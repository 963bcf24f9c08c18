//! The SHA-256 of a file, known by all of its 64 hexadecimal digits or by the first. A few say which file is meant, as a
//! name does; that nobody put another with the same few digits in its place is then for HTTPS to prove.

use std::fmt::{self, Display};
use std::str::FromStr;

/// As many digits as PyTorch's hub puts into a file's name.
const MIN_DIGITS: usize = 8;

const DIGITS: usize = 64;

/// The first digits of a SHA-256, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DigestPrefix(String);

impl DigestPrefix {
    /// Whether a digest begins like this.
    pub(super) fn fits(&self, digest: &str) -> bool {
        digest.starts_with(&self.0)
    }

    /// Whether these are all digits, which no other file has.
    pub(crate) fn is_whole(&self) -> bool {
        self.0.len() == DIGITS
    }
}

impl FromStr for DigestPrefix {
    type Err = String;

    fn from_str(text: &str) -> Result<DigestPrefix, String> {
        let is_hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hexadecimal && (MIN_DIGITS..=DIGITS).contains(&text.len()) {
            Ok(DigestPrefix(text.to_ascii_lowercase()))
        } else {
            Err(format!("it must be the first {MIN_DIGITS} to {DIGITS} hexadecimal digits of a SHA-256"))
        }
    }
}

impl Display for DigestPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_has_8_to_64_digits_of_either_case() {
        // That of no bytes at all.
        let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned();
        for text in [&digest[..8], &digest[..13].to_uppercase(), &digest] {
            let prefix: DigestPrefix = text.parse().unwrap();
            assert!(prefix.fits(&digest) && prefix.is_whole() == (text.len() == 64), "{text}");
        }
        assert!(!"e3b0c440".parse::<DigestPrefix>().unwrap().fits(&digest));
        for text in ["", "e3b0c44", "e3b0c44g", "0xe3b0c440", "e3b0c440-", &format!("{digest}0"), "ä8a52dc"]
        {
            assert!(text.parse::<DigestPrefix>().is_err(), "{text}");
        }
    }
}
