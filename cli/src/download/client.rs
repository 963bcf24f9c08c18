//! Asking a server for a file. What its answers mean is decided here; the bytes are for the caller.

use std::env;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::http::StatusCode;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, BodyReader};

use super::{DownloadError, Url};

/// The variable that names the certificates to trust, for OpenSSL, curl and others too.
const CERTIFICATES: &str = "SSL_CERT_FILE";

/// How often a server may say that the file is elsewhere.
const MAX_REDIRECTS: u32 = 10;

/// Asks for one file.
pub(super) struct Client<'a> {
    url: &'a Url,
    timeout: Duration,
    agent: Agent,
}

/// A file that comes.
pub(super) struct Answer {
    /// How many bytes it has, as the server says.
    pub(super) total: Option<u64>,
    body: BodyReader<'static>,
    timeout: Duration,
}

impl Client<'_> {
    /// A client that waits no longer than `timeout` for a connection, an answer, or any next bytes. It goes through the
    /// proxy that the environment names, and elsewhere if a server says so and `follows` allows it.
    pub(super) fn new(url: &Url, timeout: Duration, follows: bool) -> Result<Client<'_>, DownloadError> {
        let config = Agent::config_builder()
            .https_only(url.is_encrypted())
            .http_status_as_error(false)
            .user_agent(concat!("impasto/", env!("CARGO_PKG_VERSION")))
            .max_redirects(if follows { MAX_REDIRECTS } else { 0 })
            .max_redirects_will_error(follows)
            // Anything else would not have the digest that is known.
            .accept_encoding("identity")
            .tls_config(TlsConfig::builder().root_certs(root_certificates()?).build())
            .timeout_resolve(Some(timeout))
            .timeout_connect(Some(timeout))
            .timeout_recv_response(Some(timeout))
            .timeout_per_read(Some(timeout))
            .build();
        Ok(Client { url, timeout, agent: config.new_agent() })
    }

    /// Asks for the file.
    pub(super) fn get(&self) -> Result<Answer, DownloadError> {
        let response = self.agent.get(self.url.uri()).call().map_err(|error| self.error(error))?;
        match response.status() {
            StatusCode::OK => {
                let body = response.into_body();
                let total = body.content_length();
                Ok(Answer { total, body: body.into_reader(), timeout: self.timeout })
            }
            status => Err(DownloadError::Status { url: self.url.to_string(), status }),
        }
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
