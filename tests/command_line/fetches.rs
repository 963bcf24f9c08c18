//! `impasto weights fetch` against servers that behave and servers that do not: what is installed, what is kept for the
//! next call, what is refused. No test leaves this machine.

use std::fs::{self, File};
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
        fetches::a_broken_off_download_goes_on_at_once,
        fetches::a_broken_off_download_goes_on_in_the_next_call,
        fetches::a_server_that_always_breaks_off_is_left,
        fetches::servers_without_ranges,
        fetches::pieces_of_different_files,
        fetches::servers_that_stall,
        fetches::lengths_that_are_wrong,
        fetches::wrong_files,
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
    trials.extend(crate::trials!(weights; fetches::the_data_folder));
    trials
}

/// Where tests have the weights put.
pub(crate) const TARGET: &str = "w.npz";

/// The weights that servers have, and the first digits of their digest.
pub(crate) struct Served {
    pub(crate) bytes: Vec<u8>,
    digest: String,
}

impl Served {
    fn new(bytes: Vec<u8>) -> Served {
        let digest: String =
            Sha256::digest(&bytes).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Served { bytes, digest }
    }

    pub(crate) fn weights(sandbox: &Sandbox) -> Served {
        Served::new(fs::read(sandbox.weights()).unwrap())
    }

    pub(crate) fn options(&self, server: &Server) -> String {
        format!("--url {} --sha256 {}", server.url("w.bin"), self.digest)
    }

    fn partial(&self) -> String {
        format!("{TARGET}.{}.part", self.digest)
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
    assert!(names.into_iter().all(|name| !name.to_string_lossy().ends_with(".part")));
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
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.starts_with("get /w.bin ") && !request.contains("range"))
    );
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

pub(crate) fn other_formats_are_converted(sandbox: &Sandbox) {
    let weights = Weights::load(sandbox.weights()).unwrap();
    let served = Served::new(weights.to_bytes(Container::Safetensors, Precision::Single).unwrap());
    let server = Server::start([Answer::whole(&served.bytes)]);
    assert_installed(sandbox, &fetch(sandbox, &served.options(&server)));
    assert!(sandbox.bytes(TARGET).starts_with(b"PK"));
}

pub(crate) fn a_broken_off_download_goes_on_at_once(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let file = &served.bytes;
    let server = Server::start([
        Answer::whole(file).cut_after(1_000_000),
        Answer::rest(file, 1_000_000).cut_after(5),
        Answer::rest(file, 1_000_005),
    ]);
    let ended = fetch(sandbox, &served.options(&server));
    assert_installed(sandbox, &ended);
    assert!(ended.stderr.contains("broke off after 1.00 MB"), "{ended:?}");
    let requests = server.requests();
    assert!(!requests[0].contains("range:"), "{requests:?}");
    assert!(requests[1].contains("range: bytes=1000000-\r\n"), "{requests:?}");
    assert!(requests[2].contains("range: bytes=1000005-\r\n"), "{requests:?}");
}

pub(crate) fn a_broken_off_download_goes_on_in_the_next_call(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let file = &served.bytes;
    let server = Server::start([
        Answer::whole(file).cut_after(1_000_000),
        Answer::status("503 Service Unavailable", &[]),
        Answer::rest(file, 1_000_000),
    ]);
    let options = served.options(&server);
    let ended = fetch(sandbox, &options);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(!sandbox.path(TARGET).exists());
    assert_eq!(sandbox.bytes(&served.partial()), file[..1_000_000]);
    assert_installed(sandbox, &fetch(sandbox, &options));
    assert!(server.requests()[2].contains("range: bytes=1000000-\r\n"));

    // Killed between the last byte and the end: nothing is left to ask for.
    fs::remove_file(sandbox.path(TARGET)).unwrap();
    sandbox.write(&served.partial(), file);
    let server = Server::start([]);
    assert_installed(sandbox, &fetch(sandbox, &served.options(&server)));
    assert_eq!(server.requests(), [""; 0]);
}

pub(crate) fn a_server_that_always_breaks_off_is_left(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let answer = |first| match first {
        0 => Answer::whole(&served.bytes),
        first => Answer::rest(&served.bytes, first),
    };
    let server = Server::start((0..100).map(|index| answer(10 * index).cut_after(10)));
    let ended = fetch(sandbox, &served.options(&server));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for mention in ["broke off after 60 B of ", "run the same command again", "weights convert FILE"] {
        assert!(ended.stderr.contains(mention), "{mention}: {ended:?}");
    }
    assert_eq!(server.requests().len(), 6);
    assert_eq!(sandbox.bytes(&served.partial()), served.bytes[..60]);
}

pub(crate) fn servers_without_ranges(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let file = &served.bytes;
    // One that sends the whole file, one that refuses, one that sends another part.
    for answers in [
        vec![Answer::whole(file)],
        vec![Answer::status("416 Range Not Satisfiable", &[]), Answer::whole(file)],
        vec![Answer::rest(file, 1000), Answer::whole(file)],
    ] {
        let first = Answer::whole(file).cut_after(1_000_000);
        let server = Server::start([first].into_iter().chain(answers));
        assert_installed(sandbox, &fetch(sandbox, &served.options(&server)));
        assert!(server.requests()[1].contains("range: bytes=1000000-\r\n"));
        fs::remove_file(sandbox.path(TARGET)).unwrap();
    }
}

pub(crate) fn pieces_of_different_files(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    sandbox.write(&served.partial(), &[0x55; 1000]);
    let server = Server::start([Answer::rest(&served.bytes, 1000), Answer::whole(&served.bytes)]);
    let ended = fetch(sandbox, &served.options(&server));
    assert_installed(sandbox, &ended);
    assert!(ended.stderr.contains("starting over"), "{ended:?}");
    assert!(!server.requests()[1].contains("range:"));
}

pub(crate) fn servers_that_stall(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let server = Server::start([
        Answer::whole(&served.bytes).cut_after(1000).stalling(),
        Answer::rest(&served.bytes, 1000).cut_after(0).stalling(),
        Answer::silence(),
    ]);
    let options = format!("{} --timeout 2", served.options(&server));
    let ended = fetch(sandbox, &options);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("broke off after 1.00 kB of 2.90 MB"), "{ended:?}");
    assert!(ended.stderr.contains("nothing came for 2 s"), "{ended:?}");
    assert_eq!(sandbox.bytes(&served.partial()).len(), 1000);
    refused(sandbox, &options, &["127.0.0.1 does not answer within 2 s", "try again later"]);
    assert_eq!(server.requests().len(), 3);
}

pub(crate) fn lengths_that_are_wrong(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let length = served.bytes.len();
    let server = Server::start([Answer::claiming(length + 100, &served.bytes)]);
    assert_installed(sandbox, &fetch(sandbox, &served.options(&server)));
    fs::remove_file(sandbox.path(TARGET)).unwrap();
    let server = Server::start([Answer::claiming(length - 100, &served.bytes)]);
    refused(sandbox, &served.options(&server), &["not the file that is meant", "It was removed"]);
    let server = Server::start([Answer::claiming(0, &[])]);
    refused(sandbox, &served.options(&server), &["0 B", "not the file that is meant"]);
}

pub(crate) fn wrong_files(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let mut changed = served.bytes.clone();
    changed[2_000_000] ^= 1;
    let changed = Served::new(changed);
    let server = Server::start([Answer::whole(&changed.bytes)]);
    let mentions = ["SHA-256 begins with", &changed.digest, &served.digest, "--sha256 HEX", "It was removed"];
    refused(sandbox, &served.options(&server), &mentions);

    // Without --sha256 it must be torchvision's.
    let server = Server::start([Answer::whole(&served.bytes)]);
    refused(sandbox, &format!("--url {}", server.url("w.bin")), &["not with b8a52dc0"]);

    // What was asked for, but of no use.
    let page = Served::new(b"<html>Log in to the network of this hotel</html>".to_vec());
    let server = Server::start([Answer::whole(&page.bytes)]);
    refused(sandbox, &page.options(&server), &[&server.url("w.bin"), "no weights of SqueezeNet 1.1"]);
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
    refused(sandbox, &format!("--url {}", server.url("w.pth")), &["no sensible answer"]);
    let server = Server::start([Answer::silence()]);
    refused(sandbox, &format!("--url {} --timeout 1", server.url("w.pth")), &["does not answer within 1 s"]);
}

pub(crate) fn redirects(sandbox: &Sandbox) {
    let served = Served::weights(sandbox);
    let file = &served.bytes;
    let redirect = || Answer::status("302 Found", &["Location: /elsewhere", "Content-Length: 0"]);
    let server = Server::start([
        redirect(),
        Answer::whole(file).cut_after(1000),
        redirect(),
        Answer::rest(file, 1000),
    ]);
    assert_installed(sandbox, &fetch(sandbox, &served.options(&server)));
    let requests = server.requests();
    assert!(requests[1].starts_with("get /elsewhere ") && requests[3].contains("range: bytes=1000-\r\n"));

    fs::remove_file(sandbox.path(TARGET)).unwrap();
    let server = Server::start((0..100).map(|_| redirect()));
    refused(sandbox, &served.options(&server), &["no sensible answer", "too many redirects"]);
    assert!(server.requests().len() < 20);
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
    let partial = File::create(sandbox.path("w.npz.b8a52dc0.part")).unwrap();
    partial.lock().unwrap();
    refused("w.npz", &["another process is downloading to w.npz"]);
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
