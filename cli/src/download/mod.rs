//! A file from a URL onto the disk, verified: begun, broken off, resumed, and accepted only if its SHA-256 begins as it
//! must. What the file is for is the affair of the caller.
//!
//! | file | what it does |
//! | --- | --- |
//! | `url`, `digest` | which file is meant |
//! | `client` | asking a server for it, or for the rest of it |
//! | `partial` | the bytes so far, on disk |
//! | `progress` | how far it is, on stderr |
//! | `error` | what can go wrong, and what to do about it |
//!
//! A download is resumed without `If-Range`: that header tells whether the file on the server is still the same, and so
//! does the digest, even from one server to another. Pieces that turn out not to belong together are dropped, and the
//! file is downloaded in one piece.

mod client;
mod digest;
mod error;
mod partial;
mod progress;
mod url;

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use client::Client;
pub(crate) use digest::DigestPrefix;
pub(crate) use error::DownloadError;
use partial::Partial;
pub(crate) use progress::Progress;
pub(crate) use url::Url;

/// How often a download is resumed at once after it broke off; a server that cuts more often is left for later.
const MOST_RESUMPTIONS: u32 = 5;

/// Which file is downloaded where.
pub(crate) struct Download<'a> {
    pub(crate) url: &'a Url,
    pub(crate) digest: &'a DigestPrefix,
    /// Where the bytes go. A download that breaks off leaves them there for the next call.
    pub(crate) path: &'a Path,
    /// The most bytes that the file may have.
    pub(crate) limit: u64,
    /// How long to wait for a connection, an answer, or any next bytes.
    pub(crate) timeout: Duration,
}

impl Download<'_> {
    /// Downloads what is not there yet.
    ///
    /// # Errors
    ///
    /// The file that is meant is not at `path`. What was received of it stays there, unless it cannot be a part of it.
    pub(crate) fn run(&self, progress: &mut Progress) -> Result<(), DownloadError> {
        let mut partial = Partial::open(self.path, self.limit)?;
        if self.digest.fits(&partial.digest()) {
            return Ok(());
        }
        let client = Client::new(self.url, self.timeout)?;
        let mut resumptions = 0;
        loop {
            let before = partial.length();
            let received = self.receive(&client, &mut partial, progress);
            progress.end();
            // Even if it broke off: a server may claim more bytes than there are.
            if self.digest.fits(&partial.digest()) {
                return Ok(());
            }
            match received {
                Err(error @ DownloadError::BrokenOff { .. })
                    if partial.length() > before && resumptions < MOST_RESUMPTIONS =>
                {
                    progress.broken_off(&error);
                    resumptions += 1;
                }
                Err(error) => return Err(error),
                Ok(Pieces::Several) => {
                    progress.does_not_fit();
                    partial.clear()?;
                }
                Ok(Pieces::One) => return Err(self.wrong_digest(partial)),
            }
        }
    }

    /// Receives until the server has sent all, or breaks off.
    fn receive(
        &self,
        client: &Client<'_>,
        partial: &mut Partial,
        progress: &mut Progress,
    ) -> Result<Pieces, DownloadError> {
        let mut answer = client.get(partial.length())?;
        let total = answer.total;
        if answer.offset == 0 {
            partial.clear()?;
        }
        progress.begin(self.url, answer.offset, total);
        let mut buffer = vec![0; 64 * 1024];
        while total.is_none_or(|total| total <= self.limit) {
            let bytes = match answer.read(&mut buffer) {
                Ok(0) => return Ok(if answer.offset == 0 { Pieces::One } else { Pieces::Several }),
                Ok(count) => &buffer[..count],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => {
                    return Err(DownloadError::BrokenOff { received: partial.length(), total, source });
                }
            };
            if partial.length() + bytes.len() as u64 > self.limit {
                break;
            }
            partial.append(bytes)?;
            progress.received(partial.length(), total);
        }
        partial.clear()?;
        Err(DownloadError::TooLarge { url: self.url.to_string(), limit: self.limit })
    }

    fn wrong_digest(&self, mut partial: Partial) -> DownloadError {
        let error = DownloadError::WrongDigest {
            url: self.url.to_string(),
            received: partial.length(),
            expected: self.digest.clone(),
            found: partial.digest(),
        };
        // An empty one is removed.
        partial.clear().err().unwrap_or(error)
    }
}

/// In how many answers a file came.
enum Pieces {
    One,
    Several,
}
