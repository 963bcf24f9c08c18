//! `impasto weights fetch` against servers that behave and servers that do not: what is installed, and what is refused and
//! leaves nothing behind. No test leaves this machine.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use impasto::Weights;
use impasto::arrays::{Container, Precision};
use libtest_mimic::Trial;
use sha2::{Digest, Sha256};

use crate::sandbox::{Ended, SHORT, Sandbox, end};
use crate::server::{Answer, Server};

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    let mut trials = crate::trials!(weights;
        fetches::a_file_is_verified_and_installed,
        fetches::other_formats_are_converted,
        fetches::downloads_that_break_off,
        fetches::servers_that_stall,
        fetches::servers_that_drip,
        fetches::lengths_that_are_wrong,
        fetches::wrong_files,
        fetches::unencrypted_addresses,
        fetches::refusing_servers,
        fetches::redirects,
        fetches::files_too_large,
        fetches::files_that_are_there,
        fetches::targets_that_cannot_be_written,
        fetches::no_network,
        fetches::proxies,
        fetches::nonsense,
    );
    #[cfg(target_os = "linux")]
    trials.extend(crate::trials!(weights;
        fetches::the_data_folder,
        fetches::a_broken_file_in_the_data_folder,
        fetches::links_that_were_put_there,
    ));
    trials
}

/// Where tests have the weights put.
pub(crate) const TARGET: &str = "w.npz";

/// The weights that servers have, and their digest.
pub(crate) struct Served {
    pub(crate) bytes: Vec<u8>,
    digest: String,
}

impl Served {
    fn new(bytes: Vec<u8>) -> Served {
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Served { bytes, digest }
    }

    pub(crate) fn weights(sandbox: &Sandbox) -> Served {
        Served::new(fs::read(sandbox.weights()).unwrap())
    }

    pub(crate) fn options(&self, server: &Server) -> String {
        format!("--url {} --sha256 {}", server.url("w.bin"), self.digest)
    }
}

/// The command, with no proxy or certificate of this machine's.
pub(crate) fn command(sandbox: &Sandbox, options: &str) -> Command {
    let mut command = sandbox.command(&format!("weights fetch {options}"));
    for variable in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"] {
        command.env_remove(variable).env_remove(variable.to_lowercase());
    }
    command
        .env_remove("SSL_CERT_FILE")
        .env("HOME", sandbox.path(""))
        .env("XDG_DATA_HOME", sandbox.path("data"));
    command
}

fn fetch(sandbox: &Sandbox, options: &str) -> Ended {
    end(command(sandbox, &format!("{options} -o {TARGET}")))
}

/// Runs what must fail and leave nothing behind.
fn refused(sandbox: &Sandbox, options: &str, mentions: &[&str]) {
    sandbox.refused_as(command(sandbox, &format!("{options} -o {TARGET} --quiet")), options, 1, mentions);
}

#[track_caller]
pub(crate) fn assert_installed(sandbox: &Sandbox, ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(Weights::load(sandbox.path(TARGET)).unwrap(), Weights::load(sandbox.weights()).unwrap());
    let names = fs::read_dir(sandbox.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().starts_with('.')));
}

pub(crate) fn a_file_is_verified_and_installed(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let server = Server::start([Answer::whole(&served.bytes), Answer::whole(&served.bytes)]);
    let ended = fetch(sandbox, &served.options(&server));
    assert_installed(sandbox, &ended);
    assert_eq!(ended.stdout, "");
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert!(
        lines[0].starts_with("downloading http://127.0.0.1") && lines.last() == Some(&"saved w.npz"),
        "{lines:?}"
    );

    fs::remove_file(sandbox.path(TARGET)).unwrap();
    let ended = fetch(sandbox, &format!("{} --quiet", served.options(&server)));
    assert_installed(sandbox, &ended);
    assert_eq!(ended.stderr, "");
    assert!(server.requests().iter().all(|request| request.starts_with("get /w.bin ")));
}

#[cfg(target_os = "linux")]
pub(crate) fn the_data_folder(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let server = Server::start([Answer::whole(&served.bytes)]);
    let ended = end(command(sandbox, &served.options(&server)));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let line = format!("transfer content.png style.png -o o.png {SHORT}");
    let ended = end(sandbox.command_without_weights(&line));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stderr.contains("built-in"), "{ended:?}");
}

#[cfg(target_os = "linux")]
pub(crate) fn a_broken_file_in_the_data_folder(sandbox: &Sandbox) {
    let folder = sandbox.path("data").join("impasto");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("squeezenet1_1.npz");
    let whole = fs::read(sandbox.weights()).unwrap();
    for half in [&whole[..whole.len() / 2], b""] {
        fs::write(&path, half).unwrap();
        for line in [format!("transfer content.png style.png -o o.png {SHORT}"), "weights info".to_owned()] {
            let mentions = [path.to_str().unwrap(), "weights in your data folder", "weights fetch --force"];
            sandbox.refused_as(sandbox.command_without_weights(&line), &line, 1, &mentions);
        }
    }
    // The remedy is one.
    let served = Served::new(whole);
    let server = Server::start([Answer::whole(&served.bytes)]);
    let ended = end(command(sandbox, &format!("{} --force", served.options(&server))));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let line = format!("transfer content.png style.png -o o.png {SHORT}");
    assert_eq!(end(sandbox.command_without_weights(&line)).code, Some(0));
}

/// Who may write to the folder cannot turn the download elsewhere.
#[cfg(target_os = "linux")]
pub(crate) fn links_that_were_put_there(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    sandbox.write("precious", b"my diary");
    for digits in [8, 64] {
        let name = format!("{TARGET}.{}.part", &served.digest[..digits]);
        std::os::unix::fs::symlink("precious", sandbox.path(&name)).unwrap();
    }
    let server = Server::start([Answer::whole(&served.bytes), Answer::whole(b"something else")]);
    assert_installed(sandbox, &fetch(sandbox, &served.options(&server)));
    refused(sandbox, &format!("{} --force", served.options(&server)), &["not the file that is meant"]);
    assert_eq!(sandbox.bytes("precious"), b"my diary");
}

pub(crate) fn other_formats_are_converted(sandbox: &Sandbox) {
    let weights = Weights::load(sandbox.weights()).unwrap();
    let served = Served::new(weights.to_bytes(Container::Safetensors, Precision::Single).unwrap());
    let server = Server::start([Answer::whole(&served.bytes)]);
    assert_installed(sandbox, &fetch(sandbox, &served.options(&server)));
    assert!(sandbox.bytes(TARGET).starts_with(b"PK"));
}

pub(crate) fn downloads_that_break_off(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let server =
        Server::start([Answer::whole(&served.bytes).cut_after(1_000_000), Answer::whole(&served.bytes)]);
    let options = served.options(&server);
    let mentions =
        ["broke off after 1.00 MB of 2.90 MB", "run the same command again", "weights convert FILE"];
    refused(sandbox, &options, &mentions);
    assert_installed(sandbox, &fetch(sandbox, &options));
    assert_eq!(server.requests().len(), 2);
}

pub(crate) fn servers_that_stall(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let server = Server::start([Answer::whole(&served.bytes).cut_after(1000).stalling(), Answer::silence()]);
    let options = format!("{} --timeout 2", served.options(&server));
    refused(sandbox, &options, &["broke off after 1.00 kB of 2.90 MB", "nothing came for 2 s"]);
    refused(sandbox, &options, &["127.0.0.1 does not answer within 2 s", "try again later"]);
    assert_eq!(server.requests().len(), 2);
}

pub(crate) fn servers_that_drip(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let server = Server::start([Answer::whole(&served.bytes).dripping(), Answer::endless_chunk()]);
    let options = format!("{} --timeout 1", served.options(&server));
    let mentions = ["127.0.0.1 sends too slowly", "in 2 s, less than 4.00 kB a second", "try again later"];
    for _ in 0..2 {
        refused(sandbox, &options, &mentions);
    }
}

pub(crate) fn lengths_that_are_wrong(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let length = served.bytes.len();
    let server = Server::start([Answer::claiming(length + 100, &served.bytes)]);
    assert_installed(sandbox, &fetch(sandbox, &served.options(&server)));
    fs::remove_file(sandbox.path(TARGET)).unwrap();
    let server = Server::start([Answer::claiming(length - 100, &served.bytes)]);
    refused(sandbox, &served.options(&server), &["not the file that is meant", "it was not kept"]);
    let server = Server::start([Answer::claiming(0, &[])]);
    refused(sandbox, &served.options(&server), &["0 B", "not the file that is meant"]);
}

pub(crate) fn wrong_files(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let mut changed = served.bytes.clone();
    changed[2_000_000] ^= 1;
    let changed = Served::new(changed);
    let server = Server::start([Answer::whole(&changed.bytes)]);
    let mentions = ["its SHA-256 is", &changed.digest, &served.digest, "--sha256 HEX", "it was not kept"];
    refused(sandbox, &served.options(&server), &mentions);

    // Without --sha256 it must be torchvision's.
    let server = Server::start([Answer::whole(&served.bytes)]);
    refused(
        sandbox,
        &format!("--url {}", server.url("w.bin")),
        &["not b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b"],
    );

    // The first digits will do on this machine.
    let server = Server::start([Answer::whole(&served.bytes), Answer::whole(&changed.bytes)]);
    let options = format!("--url {} --sha256 {}", server.url("w.bin"), &served.digest[..8]);
    assert_installed(sandbox, &fetch(sandbox, &options));
    refused(sandbox, &format!("{options} --force"), &[&changed.digest, "not the file that is meant"]);
    fs::remove_file(sandbox.path(TARGET)).unwrap();

    // What was asked for, but of no use.
    let page = Served::new(b"<html>Log in to the network of this hotel</html>".to_vec());
    let server = Server::start([Answer::whole(&page.bytes)]);
    refused(sandbox, &page.options(&server), &[&server.url("w.bin"), "no weights of SqueezeNet 1.1"]);
}

pub(crate) fn unencrypted_addresses(sandbox: &Sandbox) {
    let digest = "0123456789abcdef".repeat(4);
    for url in ["http://example.org/w.pth", "http://192.0.2.1/w.pth", "http://127.0.0.1.example.org/w.pth"] {
        for digits in [8, 63] {
            let options = format!("--url {url} --sha256 {}", &digest[..digits]);
            let mentions = [url, "not encrypted", "all 64 digits of --sha256"];
            let command = command(sandbox, &format!("{options} -o {TARGET}"));
            sandbox.refused_as(command, &options, 2, &mentions);
        }
    }
    // With all digits it is tried; this proxy does not let it through.
    let proxy = Server::start([Answer::status("403 Forbidden", &["Content-Length: 0"])]);
    let options = format!("--url http://example.org/w.pth --sha256 {digest} -o {TARGET}");
    let mut through = command(sandbox, &options);
    through.env("ALL_PROXY", proxy.url(""));
    sandbox.refused_as(through, &options, 1, &["403"]);
    assert_eq!(proxy.requests().len(), 1);
}

pub(crate) fn refusing_servers(sandbox: &Sandbox) {
    for (status, remedy) in [
        ("404 Not Found", "check the address"),
        ("403 Forbidden", "check the address"),
        ("500 Internal Server Error", "try again later"),
        ("429 Too Many Requests", "try again later"),
        // Nothing that was asked for.
        ("204 No Content", "check the address"),
        ("206 Partial Content", "check the address"),
    ] {
        let server = Server::start([Answer::status(status, &[])]);
        let url = server.url("models/w.pth");
        let mentions =
            [&format!("{url} answers {status}"), remedy, "`impasto weights convert FILE \"w.npz\"`"];
        refused(sandbox, &format!("--url {url}"), &mentions);
    }
    let server = Server::start([Answer::status("lorem ipsum", &[])]);
    refused(sandbox, &format!("--url {}", server.url("w.pth")), &["does not answer as a web server should"]);
    let server = Server::start([Answer::silence()]);
    refused(sandbox, &format!("--url {} --timeout 1", server.url("w.pth")), &["does not answer within 1 s"]);
}

pub(crate) fn redirects(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let file = &served.bytes;
    let redirect = || Answer::status("302 Found", &["Location: /elsewhere", "Content-Length: 0"]);
    let server = Server::start([redirect(), Answer::whole(file)]);
    assert_installed(sandbox, &fetch(sandbox, &served.options(&server)));
    assert!(server.requests()[1].starts_with("get /elsewhere "));

    fs::remove_file(sandbox.path(TARGET)).unwrap();
    let server = Server::start((0..100).map(|_| redirect()));
    refused(
        sandbox,
        &served.options(&server),
        &["does not answer as a web server should", "too many redirects"],
    );
    assert!(server.requests().len() < 20);

    // Where a few digits are all that is known, the server that was named must have the file itself.
    let server = Server::start([redirect(), Answer::whole(file)]);
    let options = format!("--url {} --sha256 {}", server.url("w.bin"), &served.digest[..63]);
    refused(sandbox, &options, &["answers 302 Found"]);
    assert_eq!(server.requests().len(), 1);
}

pub(crate) fn files_too_large(sandbox: &Sandbox) {
    let server = Server::start([Answer::endless()]);
    refused(sandbox, &format!("--url {}", server.url("w.pth")), &["more than 32.00 MB"]);
    // One that says so is not even read.
    let server = Server::start([Answer::claiming(1 << 40, b"few").stalling()]);
    refused(sandbox, &format!("--url {}", server.url("w.pth")), &["more than 32.00 MB"]);
    assert_eq!(server.requests().len(), 1);
}

pub(crate) fn files_that_are_there(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    fs::copy(sandbox.weights(), sandbox.path(TARGET)).unwrap();
    let server = Server::start([Answer::whole(&served.bytes)]);
    let options = served.options(&server);
    let ended = fetch(sandbox, &options);
    assert_installed(sandbox, &ended);
    assert_eq!(ended.stderr, "w.npz is there already; --force replaces it\n");

    sandbox.write(TARGET, b"my diary");
    refused(sandbox, &options, &["w.npz is there already, and cannot be used", "--force"]);
    assert_eq!(sandbox.bytes(TARGET), b"my diary");
    assert_installed(sandbox, &fetch(sandbox, &format!("{options} --force")));
    assert_eq!(server.requests().len(), 1);
}

pub(crate) fn targets_that_cannot_be_written(sandbox: &Sandbox) {
    fs::create_dir(sandbox.path("folder.npz")).unwrap();
    let server = Server::start([]);
    let options = format!("--url {}", server.url("w.pth"));
    let refused = |target: &str, mentions: &[&str]| {
        let command = command(sandbox, &format!("{options} --force -o {target}"));
        sandbox.refused_as(command, target, 1, mentions);
    };
    refused("missing/w.npz", &["cannot write missing/w.npz", "check its folder"]);
    refused("content.png/w.npz", &["cannot write content.png/w.npz", "check its folder"]);
    if cfg!(target_os = "linux") {
        // Not even root may.
        refused("/proc/w.npz", &["cannot write /proc/w.npz", "its permissions"]);
    }
    refused("folder.npz", &["weights to folder.npz: it is a folder", "name a file"]);
    assert_eq!(server.requests(), [""; 0]);
}

/// A port that nobody listens to.
fn dead_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub(crate) fn no_network(sandbox: &Sandbox) {
    let url = format!("http://127.0.0.1:{}/models/w.pth", dead_port());
    let mentions = [
        &format!("get {url} in another way"),
        "`impasto weights convert FILE \"w.npz\"`",
        "cannot reach 127.0.0.1",
    ];
    refused(sandbox, &format!("--url {url}"), &mentions);
}

pub(crate) fn proxies(sandbox: &Sandbox) {
    // torchvision's own address, by way of a proxy that does not let it through.
    let proxy = Server::start([Answer::status("403 Forbidden", &["Content-Length: 0"])]);
    let mut through = command(sandbox, &format!("-o {TARGET}"));
    through.env("HTTPS_PROXY", proxy.url(""));
    let mentions = ["https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth", "HTTPS_PROXY", "403"];
    sandbox.refused_as(through, "a proxy", 1, &mentions);
    assert!(proxy.requests()[0].starts_with("connect download.pytorch.org:443 "));

    let served = Served::weights(sandbox);
    let server = Server::start([Answer::whole(&served.bytes)]);
    let mut around = command(sandbox, &format!("{} -o {TARGET}", served.options(&server)));
    around.env("ALL_PROXY", format!("http://127.0.0.1:{}", dead_port())).env("NO_PROXY", "127.0.0.1");
    assert_installed(sandbox, &end(around));
}

pub(crate) fn nonsense(sandbox: &Sandbox) {
    for url in ["ftp://example.org/w.pth", "w.pth", "https://", "https://me:secret@example.org/w.pth"] {
        sandbox.refused(&format!("weights fetch --url {url}"), 2, &["--url", url]);
    }
    sandbox.refused("weights fetch -o w.pth", 2, &["--output", "w.pth", ".npz"]);
    for digest in ["b8a52dc", "b8a52dcg", ""] {
        sandbox.refused(&format!("weights fetch --sha256={digest}"), 2, &["--sha256", "hexadecimal"]);
    }
    for seconds in ["0", "-1", "3601", "soon"] {
        sandbox.refused(
            &format!("weights fetch --timeout {seconds}"),
            2,
            &["--timeout", seconds, "1 to 3600"],
        );
    }
}
