//! Asking a server for a file, or for the rest of it. What its answers mean is decided here; the bytes are for the
//! caller.

use std::env;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::http::{HeaderMap, Response, StatusCode, header};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, BodyReader};

use super::{DownloadError, Url};

/// The variable that names the certificates to trust, for OpenSSL, curl and others too.
const CERTIFICATES: &str = "SSL_CERT_FILE";

/// Asks for one file.
pub(super) struct Client<'a> {
    url: &'a Url,
    timeout: Duration,
    agent: Agent,
}

/// A file, or the rest of it.
pub(super) struct Answer {
    /// How many bytes of the file come before the first of these.
    pub(super) offset: u64,
    /// How many bytes the whole file has, as the server says.
    pub(super) total: Option<u64>,
    body: BodyReader<'static>,
    timeout: Duration,
}

impl Client<'_> {
    /// A client that waits no longer than `timeout` for a connection, an answer, or any next bytes. It goes through the
    /// proxy that the environment names.
    pub(super) fn new(url: &Url, timeout: Duration) -> Result<Client<'_>, DownloadError> {
        let config = Agent::config_builder()
            .https_only(url.is_encrypted())
            .http_status_as_error(false)
            .user_agent(concat!("impasto/", env!("CARGO_PKG_VERSION")))
            // Anything else would neither be resumed nor have the digest that is known.
            .accept_encoding("identity")
            .tls_config(TlsConfig::builder().root_certs(root_certificates()?).build())
            .timeout_resolve(Some(timeout))
            .timeout_connect(Some(timeout))
            .timeout_recv_response(Some(timeout))
            .timeout_per_read(Some(timeout))
            .build();
        Ok(Client { url, timeout, agent: config.new_agent() })
    }

    /// Asks for what follows the first `offset` bytes. The answer begins there, or with the first byte if the server
    /// cannot give a part of the file.
    pub(super) fn get(&self, offset: u64) -> Result<Answer, DownloadError> {
        if offset > 0
            && let Some(answer) = self.get_rest(offset)?
        {
            return Ok(answer);
        }
        let response = self.agent.get(self.url.uri()).call().map_err(|error| self.error(error))?;
        self.whole(response)
    }

    fn get_rest(&self, offset: u64) -> Result<Option<Answer>, DownloadError> {
        let request = self.agent.get(self.url.uri()).header(header::RANGE, format!("bytes={offset}-"));
        let response = request.call().map_err(|error| self.error(error))?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT => {
                let range = content_range(response.headers()).filter(|&(first, _)| first == offset);
                Ok(range.map(|(_, total)| self.answer(offset, total, response.into_body())))
            }
            StatusCode::RANGE_NOT_SATISFIABLE => Ok(None),
            _ => self.whole(response).map(Some),
        }
    }

    fn whole(&self, response: Response<Body>) -> Result<Answer, DownloadError> {
        match response.status() {
            StatusCode::OK => {
                let body = response.into_body();
                Ok(self.answer(0, body.content_length(), body))
            }
            status => Err(DownloadError::Status { url: self.url.to_string(), status }),
        }
    }

    fn answer(&self, offset: u64, total: Option<u64>, body: Body) -> Answer {
        Answer { offset, total, body: body.into_reader(), timeout: self.timeout }
    }

    fn error(&self, source: ureq::Error) -> DownloadError {
        use ureq::Error::{BadUri, Http, Io, LargeResponseHeader, Protocol, RedirectFailed};
        use ureq::Error::{RequireHttpsOnly, Rustls, Timeout, Tls, TooManyRedirects};

        let host = self.url.host().to_owned();
        match source {
            Timeout(_) => DownloadError::TimedOut { host, seconds: self.timeout.as_secs() },
            RequireHttpsOnly(target) => {
                DownloadError::UnencryptedRedirect { url: self.url.to_string(), target }
            }
            Rustls(_) | Tls(_) => DownloadError::Untrusted { host, source },
            // The handshake's errors come through a stream of bytes.
            Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                DownloadError::Untrusted { host, source: Io(error) }
            }
            Protocol(_)
            | Http(_)
            | BadUri(_)
            | LargeResponseHeader(..)
            | TooManyRedirects
            | RedirectFailed => DownloadError::NoAnswer { host, source },
            source => DownloadError::Unreachable { host, source },
        }
    }
}

impl Read for Answer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.read(buffer).map_err(|error| match error.into() {
            ureq::Error::Timeout(_) => io::Error::new(
                io::ErrorKind::TimedOut,
                format!("nothing came for {} s", self.timeout.as_secs()),
            ),
            error => error.into_io(),
        })
    }
}

/// The first byte of a part of a file, and the length of the whole, from `bytes 100-199/200`.
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let (range, total) =
        headers.get(header::CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    Some((first.trim().parse().ok()?, total.trim().parse().ok()))
}

/// Mozilla's certificates, unless the user names others.
fn root_certificates() -> Result<RootCerts, DownloadError> {
    match env::var_os(CERTIFICATES).filter(|value| !value.is_empty()).map(PathBuf::from) {
        None => Ok(RootCerts::WebPki),
        Some(path) => match read_certificates(&path) {
            Ok(certificates) => Ok(RootCerts::new_with_certs(&certificates)),
            Err(source) => Err(DownloadError::Certificates { path, source }),
        },
    }
}

fn read_certificates(path: &Path) -> io::Result<Vec<Certificate<'static>>> {
    let mut certificates = Vec::new();
    for item in parse_pem(&fs::read(path)?) {
        if let PemItem::Certificate(certificate) = item.map_err(ureq::Error::into_io)? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it holds no certificate"));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_tells_where_a_part_begins() {
        let range = |text: &str| {
            content_range(&HeaderMap::from_iter([(header::CONTENT_RANGE, text.parse().unwrap())]))
        };
        assert_eq!(range("bytes 100-199/200"), Some((100, Some(200))));
        assert_eq!(range("bytes 100-199/*"), Some((100, None)));
        for text in [
            "bytes */200",
            "100-199/200",
            "bytes 100-199",
            "bytes -1-5/9",
            "bytes 99999999999999999999-/1",
            "",
        ] {
            assert_eq!(range(text), None, "{text}");
        }
        assert_eq!(content_range(&HeaderMap::new()), None);
    }
}
