//! Addresses that can be downloaded from.

use std::fmt::{self, Display};
use std::net::IpAddr;
use std::str::FromStr;

use ureq::http::Uri;

/// The address of a file: `http` or `https`, with a host, without user and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url(Uri);

impl Url {
    pub(super) fn uri(&self) -> &Uri {
        &self.0
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    pub(super) fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }

    /// Whether it leads to this machine itself.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.host();
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        host.eq_ignore_ascii_case("localhost")
            || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for Url {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Url, &'static str> {
        let uri: Uri = text.parse().map_err(|_| "it must be an address such as https://example.org/file")?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
            return Err("it must begin with https:// or http:// and a host");
        }
        // They would be ignored, and printed.
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err("user and password are not sent: leave them out");
        }
        Ok(Url(uri))
    }
}

impl Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_asked_for_is_an_address() {
        let url: Url = "https://example.org:8443/models/net-0123abcd.pth?raw=1".parse().unwrap();
        assert_eq!((url.host(), url.is_encrypted()), ("example.org", true));
        let url: Url = "http://127.0.0.1".parse().unwrap();
        assert_eq!((url.host(), url.is_encrypted()), ("127.0.0.1", false));
        for text in
            ["http://127.0.0.1/a", "http://127.9.9.9:80/a", "http://[::1]:8080/a", "http://LocalHost/a"]
        {
            assert!(text.parse::<Url>().unwrap().is_loopback(), "{text}");
        }
        for text in [
            "http://localhost.example.org/a",
            "http://128.0.0.1/a",
            "http://[::2]/a",
            "http://127.0.0.1.nip.io/a",
        ] {
            assert!(!text.parse::<Url>().unwrap().is_loopback(), "{text}");
        }
        for text in
            ["", "net.pth", "/net.pth", "ftp://example.org/net.pth", "file:///net.pth", "https://", "a b"]
        {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
        assert!("https://me:secret@example.org/net.pth".parse::<Url>().unwrap_err().contains("password"));
    }
}
