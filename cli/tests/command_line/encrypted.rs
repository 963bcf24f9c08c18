//! `impasto weights fetch` over HTTPS: whom it trusts, and where it does not follow.

use std::path::PathBuf;
use std::sync::Arc;

use libtest_mimic::Trial;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::fetches::{Served, TARGET, assert_installed, command};
use crate::sandbox::{Sandbox, end};
use crate::server::{Answer, Server};

/// A self-signed certificate for 127.0.0.1 (P-256, no authority), valid from 2020 to 2119, and its key, which protects
/// nothing. `openssl ca -selfsign` makes such, with `-startdate` and `-enddate`.
const CERTIFICATE: &[u8] = include_bytes!("certificate.pem");
const KEY: &[u8] = include_bytes!("key.pem");

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    crate::trials!(weights;
        encrypted::certificates_that_are_trusted,
        encrypted::certificates_that_are_not_trusted,
        encrypted::encryption_is_not_given_up,
    )
}

fn config() -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    Arc::new(config.with_single_cert(vec![certificate], key).unwrap())
}

pub(crate) fn certificates_that_are_trusted(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let server = Server::start_encrypted(&config(), [Answer::whole(&served.bytes)]);
    sandbox.write("certificate.pem", CERTIFICATE);
    let mut command = command(sandbox, &format!("{} -o {TARGET}", served.options(&server)));
    command.env("SSL_CERT_FILE", "certificate.pem");
    assert_installed(sandbox, &end(command));
    assert_eq!(server.requests().len(), 1);
}

pub(crate) fn certificates_that_are_not_trusted(sandbox: &Sandbox) {
    let server = Server::start_encrypted(&config(), [Answer::whole(b"")]);
    let options = format!("--url {} -o {TARGET}", server.url("w.pth"));
    let mentions =
        ["cannot trust the connection to 127.0.0.1", "SSL_CERT_FILE", "impasto weights convert FILE"];
    sandbox.refused_as(command(sandbox, &options), &options, 1, &mentions);

    sandbox.write("empty.pem", b"");
    for name in ["missing.pem", "empty.pem", "content.png"] {
        let mut command = command(sandbox, &options);
        command.env("SSL_CERT_FILE", name);
        sandbox.refused_as(command, &options, 1, &["cannot read the certificates in", name, "SSL_CERT_FILE"]);
    }
}

pub(crate) fn encryption_is_not_given_up(sandbox: &Sandbox) {
    let plain = Server::start([]);
    let target = plain.url("w.pth");
    let redirect = Answer::status("302 Found", &[&format!("Location: {target}"), "Content-Length: 0"]);
    let server = Server::start_encrypted(&config(), [redirect]);
    sandbox.write("certificate.pem", CERTIFICATE);
    let options = format!("--url {} -o {TARGET}", server.url("w.pth"));
    let mut command = command(sandbox, &options);
    command.env("SSL_CERT_FILE", "certificate.pem");
    sandbox.refused_as(command, &options, 1, &[&format!("leads to {target}, which is not encrypted")]);
    assert_eq!(plain.requests(), [""; 0]);
}
