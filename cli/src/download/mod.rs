//! A file from a URL, verified: accepted only if its SHA-256 is as it must be. What the file is for is the affair of the
//! caller, and so is where it goes: it is small, and stays in memory until it is known to be the right one.
//!
//! | file | what it does |
//! | --- | --- |
//! | `url`, `digest` | which file is meant |
//! | `client` | asking a server for it |
//! | `progress` | how far it is, on stderr |
//! | `error` | what can go wrong, and what to do about it |

mod client;
mod digest;
mod error;
mod progress;
mod url;

use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use client::{Answer, Client};
pub(crate) use digest::DigestPrefix;
pub(crate) use error::DownloadError;
pub(crate) use progress::Progress;
pub(crate) use url::Url;

/// Fewest bytes per second, on the whole, once two timeouts are over; a server that sends fewer is left, however steadily they
/// come.
const LEAST_RATE: u64 = 4000;

/// Which file is downloaded.
pub(crate) struct Download<'a> {
    pub(crate) url: &'a Url,
    pub(crate) digest: &'a DigestPrefix,
    /// The most bytes that the file may have.
    pub(crate) limit: u64,
    /// How long to wait for a connection, an answer, or any next bytes.
    pub(crate) timeout: Duration,
}

impl Download<'_> {
    /// Downloads the file.
    ///
    /// # Errors
    ///
    /// The file that is meant did not come.
    pub(crate) fn run(&self, progress: &mut Progress) -> Result<Vec<u8>, DownloadError> {
        // Without encryption anyone on the way may say that the file is elsewhere; only the whole digest tells then.
        let follows = self.url.is_encrypted() || self.digest.is_whole();
        let client = Client::new(self.url, self.timeout, follows)?;
        let mut bytes = Vec::new();
        let received = self.receive(&client, &mut bytes, progress);
        progress.end();
        let found = crate::digest::of_bytes(&bytes);
        // Even if it broke off: a server may claim more bytes than there are.
        if self.digest.fits(&found) {
            return Ok(bytes);
        }
        received?;
        Err(DownloadError::WrongDigest {
            url: self.url.to_string(),
            received: bytes.len() as u64,
            expected: self.digest.clone(),
            found,
        })
    }

    /// Receives until the server has sent all.
    fn receive(
        &self,
        client: &Client<'_>,
        bytes: &mut Vec<u8>,
        progress: &mut Progress,
    ) -> Result<(), DownloadError> {
        let answer = client.get()?;
        let total = answer.total;
        progress.begin(self.url, total);
        let start = Instant::now();
        let pieces = read_aside(answer);
        while total.is_none_or(|total| total <= self.limit) {
            let received = bytes.len() as u64;
            let elapsed = start.elapsed();
            // One timeout more, so that a server which stops sending is told from one that is slow.
            let allowed = 2 * self.timeout + Duration::from_secs(received / LEAST_RATE);
            let piece = match pieces.recv_timeout(allowed.saturating_sub(elapsed)) {
                Ok(Ok(piece)) if piece.is_empty() => return Ok(()),
                Ok(Ok(piece)) => piece,
                Ok(Err(source)) => return Err(DownloadError::BrokenOff { received, total, source }),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(DownloadError::TooSlow {
                        host: self.url.host().to_owned(),
                        received,
                        seconds: start.elapsed().as_secs(),
                        least: LEAST_RATE,
                    });
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let source = io::ErrorKind::UnexpectedEof.into();
                    return Err(DownloadError::BrokenOff { received, total, source });
                }
            };
            if received + piece.len() as u64 > self.limit {
                break;
            }
            bytes.extend_from_slice(&piece);
            progress.received(bytes.len() as u64, total);
        }
        bytes.clear();
        Err(DownloadError::TooLarge { url: self.url.to_string(), limit: self.limit })
    }
}

/// Reads an answer in a thread of its own, which ends with it or with the process: what is between the bytes of the file, such
/// as the lengths of chunks, may drip without end too, and a read does not return then. The last piece is empty.
fn read_aside(mut answer: Answer) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let piece = match answer.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read.map(|count| buffer[..count].to_vec()),
            };
            let is_last = piece.as_ref().map_or(true, Vec::is_empty);
            // Nobody may be waiting any more.
            if sender.send(piece).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}
