//! `impasto weights fetch` over HTTPS: whom it trusts, and where it does not follow.

use std::path::PathBuf;
use std::sync::Arc;

use libtest_mimic::Trial;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

use crate::fetches::{Served, TARGET, assert_installed, command};
use crate::sandbox::{Sandbox, end};
use crate::server::{Answer, Server};

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    crate::trials!(weights;
        encrypted::certificates_that_are_trusted,
        encrypted::certificates_that_are_not_trusted,
        encrypted::encryption_is_not_given_up,
    )
}

/// What a server shows, with a self-signed certificate for 127.0.0.1, and the certificate in PEM for who is to trust it.
fn identity() -> (Arc<ServerConfig>, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    (Arc::new(config), made.cert.pem())
}

pub(crate) fn certificates_that_are_trusted(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let (config, certificate) = identity();
    let server = Server::start_encrypted(&config, [Answer::whole(&served.bytes)]);
    sandbox.write("certificate.pem", certificate.as_bytes());
    let mut command = command(sandbox, &format!("{} -o {TARGET}", served.options(&server)));
    command.env("SSL_CERT_FILE", "certificate.pem");
    assert_installed(sandbox, &end(command));
    assert_eq!(server.requests().len(), 1);
}

pub(crate) fn certificates_that_are_not_trusted(sandbox: &Sandbox) {
    let server = Server::start_encrypted(&identity().0, [Answer::whole(b"")]);
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
    let (config, certificate) = identity();
    let server = Server::start_encrypted(&config, [redirect]);
    sandbox.write("certificate.pem", certificate.as_bytes());
    let options = format!("--url {} -o {TARGET}", server.url("w.pth"));
    let mut command = command(sandbox, &options);
    command.env("SSL_CERT_FILE", "certificate.pem");
    sandbox.refused_as(command, &options, 1, &[&format!("leads to {target}, which is not encrypted")]);
    assert_eq!(plain.requests(), [""; 0]);
}
