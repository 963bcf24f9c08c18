//! What can go wrong with a download, and what to do about it.

use std::io;
use std::path::PathBuf;

use indicatif::DecimalBytes;
use thiserror::Error;
use ureq::http::StatusCode;

use super::digest::DigestPrefix;

/// Why a file could not be downloaded.
#[derive(Debug, Error)]
pub(crate) enum DownloadError {
    #[error(
        "cannot reach {host}: check the connection to the network, and HTTPS_PROXY if a proxy leads out of yours"
    )]
    Unreachable { host: String, source: ureq::Error },
    #[error("{host} does not answer within {seconds} s: try again later, or allow more time")]
    TimedOut { host: String, seconds: u64 },
    #[error(
        "cannot trust the connection to {host}: check the clock and the date; if a proxy of your network opens \
             encrypted connections, let SSL_CERT_FILE name a PEM file with its certificate"
    )]
    Untrusted { host: String, source: ureq::Error },
    #[error("{url} leads to {target}, which is not encrypted, and was not followed")]
    UnencryptedRedirect { url: String, target: String },
    #[error("{url} answers {status}: {}", remedy(*status))]
    Status { url: String, status: StatusCode },
    #[error("{host} does not answer as a web server should: check the address")]
    NoAnswer { host: String, source: ureq::Error },
    #[error(
        "the download broke off after {}{}: run the same command again",
        DecimalBytes(*received),
        of_total(*total)
    )]
    BrokenOff { received: u64, total: Option<u64>, source: io::Error },
    #[error(
        "{host} sends too slowly: {} in {seconds} s, less than {} a second: try again later, or allow more time",
        DecimalBytes(*received),
        DecimalBytes(*least)
    )]
    TooSlow { host: String, received: u64, seconds: u64, least: u64 },
    #[error("{url} sends more than {}, which cannot be the file that is meant", DecimalBytes(*limit))]
    TooLarge { url: String, limit: u64 },
    #[error(
        "what {url} sends ({}) is not the file that is meant: its SHA-256 is {found}, not {expected}; it was not kept",
        DecimalBytes(*received)
    )]
    WrongDigest { url: String, received: u64, expected: DigestPrefix, found: String },
    #[error("cannot read the certificates in {}, which SSL_CERT_FILE names: give a PEM file", path.display())]
    Certificates { path: PathBuf, source: io::Error },
}

impl DownloadError {
    /// Whether the same file may still be had by another way.
    pub(crate) fn is_of_the_network(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Untrusted { .. }
            | Self::UnencryptedRedirect { .. }
            | Self::Status { .. }
            | Self::NoAnswer { .. }
            | Self::BrokenOff { .. }
            | Self::TooSlow { .. } => true,
            Self::TooLarge { .. } | Self::WrongDigest { .. } | Self::Certificates { .. } => false,
        }
    }
}

fn remedy(status: StatusCode) -> &'static str {
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        "try again later"
    } else {
        "check the address"
    }
}

fn of_total(total: Option<u64>) -> String {
    total.map_or_else(String::new, |total| format!(" of {}", DecimalBytes(total)))
}
