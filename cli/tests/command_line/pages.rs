//! `--report` and `--watch`: the page of a run, in a file and while it goes on.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::browser::{self, browser};
use crate::sandbox::Sandbox;

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    let mut trials = crate::trials!(weights;
        pages::reports_are_whole,
        pages::reports_that_cannot_be_written,
        pages::the_live_page_asks_for_its_token,
        pages::ports_that_are_taken,
    );
    let of_browser = crate::trials!(weights;
        pages::reports_in_a_browser,
        pages::a_live_page_follows_a_run_and_ends_it,
    );
    let without = browser().is_none();
    trials.extend(of_browser.into_iter().map(|trial| trial.with_ignored_flag(without)));
    trials
}

const LINE: &str =
    "transfer content.png style.png -o o.png --size 44 --smallest 32 --iterations 6 --report page.html";

pub(crate) fn reports_are_whole(sandbox: &Sandbox) {
    for line in [
        LINE,
        "texture style.png content.png -o o.png --size 40 --iterations 3 --scales 1 --report page.html",
        "invert content.png -o o.png --size 40 --iterations 3 --scales 1 --report page.html",
    ] {
        sandbox.done(line);
        let page = fs::read_to_string(sandbox.path("page.html")).unwrap();
        assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"), "{line}");
        for asking in ["<link", "src=\"http", "href=\"http", "url(", "@import", "import("] {
            assert!(!page.contains(asking), "{asking} is on the page");
        }
        assert!(!page.contains("{{"));
        let (_, data) = page.split_once("<script id=\"run\" type=\"application/json\">").unwrap();
        let run: Value = serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap();
        assert_eq!(run["live"], false);
        assert!(run["result"].as_str().unwrap().starts_with("data:image/jpeg;base64,"));
        let count = run["trace"]["total"].as_array().unwrap().len();
        for layer in run["trace"]["layers"].as_array().unwrap() {
            assert_eq!(layer["values"].as_array().unwrap().len(), count);
        }
    }
    // Names are text, whatever is in them.
    let evil = "<script>alert(1)<_script>.png";
    fs::copy(sandbox.path("style.png"), sandbox.path(evil)).unwrap();
    sandbox.done(&format!(
        "transfer content.png {evil} -o o.png --size 40 --iterations 1 --scales 1 --report page.html"
    ));
    let page = fs::read_to_string(sandbox.path("page.html")).unwrap();
    assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert"));
}

pub(crate) fn reports_that_cannot_be_written(sandbox: &Sandbox) {
    let line = "transfer content.png style.png -o o.png --size 40 --iterations 1";
    sandbox.refused(&format!("{line} --report gone/page.html"), 1, &["the report", "gone/page.html"]);
    sandbox.refused(&format!("{line} --report o.png"), 2, &["--report", "--output"]);
    sandbox.refused(&format!("{line} --report style.png"), 2, &["--report", "a style image"]);
    sandbox.refused(&format!("{line} --trace page.html --report page.html"), 2, &["--report", "--trace"]);
}

pub(crate) fn reports_in_a_browser(sandbox: &Sandbox) {
    sandbox.done(LINE);
    let driver = include_str!("report_page.js");
    for window in ["1280,900", "500,900"] {
        let found = browser::read(sandbox, "page.html", driver, window);
        assert_eq!(found["failures"], Value::from(Vec::<Value>::new()));
        assert_eq!(found["title"], "content.png, painted like style.png");
        for holds in ["fits", "compare", "divided", "names"] {
            assert_eq!(found[holds], true, "{holds} in {window}: {found}");
        }
        assert_eq!(found["live"], false);
        // Six iterations at each of two sizes, of which each has a picture: there are fewer than are kept.
        assert_eq!(found["frames"], 12);
        assert_eq!(found["shown"][0][0], "after iteration 1, at 42×32");
        assert_eq!(found["shown"][1][0], "after iteration 12, at 58×44");
        assert_eq!(found["clicked"], found["shown"][0][0]);
        assert_ne!(found["shown"][0][1], found["shown"][1][1]);
        assert_eq!(found["lines"], serde_json::json!(["total", "style", "content", "tv"]));
        let layers = ["content-3", "style-1", "style-4", "style-6", "style-7"];
        let all = found["all"].as_array().unwrap();
        assert!(layers.iter().all(|layer| all.iter().any(|line| line == layer)), "{all:?}");
        assert!(
            found["reading"].as_str().unwrap().starts_with("iteration 12: total "),
            "{}",
            found["reading"]
        );
        let command = found["parameters"]["Command"].as_str().unwrap();
        assert!(
            command.starts_with("impasto transfer") && command.ends_with("content.png style.png"),
            "{command}"
        );
        assert_eq!(found["times"], 5);
        let sizes = found["sizes"].as_array().unwrap();
        assert!(
            sizes.iter().all(|size| size[0].as_u64() > Some(0) && size[1].as_u64() > Some(0)),
            "{sizes:?}"
        );
    }
}

/// A run that goes on until it is ended, and the address of its page.
fn watched(sandbox: &Sandbox) -> (Child, String) {
    let line =
        "transfer content.png style.png -o o.png --size 40 --scales 1 --iterations 100000000 --watch --json";
    let mut command = sandbox.command(line);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("watch the run at ").unwrap_or_else(|| panic!("{line}")).to_owned();
    // What follows must be read, or the run would wait.
    thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
    (child, url)
}

/// Address and path of a page.
fn parts(url: &str) -> (&str, &str) {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    (address, path)
}

/// The head of the answer to a request.
fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

pub(crate) fn the_live_page_asks_for_its_token(sandbox: &Sandbox) {
    let (mut child, url) = watched(sandbox);
    let (address, path) = parts(&url);
    assert!(address.starts_with("127.0.0.1:"), "{url}");
    let token = path.trim_end_matches('/');
    assert!(token.len() == 32 && token.bytes().all(|digit| digit.is_ascii_hexdigit()), "{token}");
    let request = |method: &str, path: &str, host: &str| {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
        let answer = ask(address, &head);
        answer.split(' ').nth(1).unwrap().parse::<u16>().unwrap()
    };
    let wrong = "0".repeat(32);
    for path in [
        "/",
        "/stop",
        "/events",
        &format!("/{wrong}/"),
        &format!("/{wrong}/stop"),
        &format!("/{}/", &token[1..]),
    ] {
        for method in ["GET", "POST"] {
            assert_eq!(request(method, path, address), 403, "{method} {path}");
        }
    }
    // Another name for this machine is another site.
    assert_eq!(request("GET", &format!("/{token}/"), "evil.example"), 403);
    assert_eq!(request("POST", &format!("/{token}/stop"), "evil.example:80"), 403);
    assert_eq!(request("GET", &format!("/{token}/stop"), address), 405);
    assert_eq!(request("GET", &format!("/{token}/other"), address), 404);
    assert_eq!(request("GET", &format!("/{token}/"), address), 200);
    assert!(child.try_wait().unwrap().is_none(), "none of these ends the run");
    assert_eq!(request("POST", &format!("/{token}/stop"), address), 204);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["interrupted"], true);
    assert_eq!(sandbox.picture("o.png").dim(), (40, 53, 3));
}

pub(crate) fn ports_that_are_taken(sandbox: &Sandbox) {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let line = "transfer content.png style.png -o o.png --size 40 --iterations 1";
    for option in [format!("--watch {port}"), format!("--watch={port}")] {
        sandbox.refused(&format!("{line} {option}"), 1, &[&port.to_string(), "--watch PORT"]);
    }
    sandbox.refused(&format!("{line} --watch=99999"), 2, &["--watch"]);
    sandbox.refused(&format!("{line} --watch --quiet"), 2, &["--quiet"]);
    // Where nobody looks, nothing is waited for.
    sandbox.done(&format!("{line} --watch"));
}

/// Passes requests on to a live page, with a driver in the page, whose result it sends on.
fn proxy(target: &str, results: Sender<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().to_string();
    let (target, address) = (target.to_owned(), own.clone());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(stream), target, own, results) = (stream, target.clone(), own.clone(), results.clone())
            else {
                break;
            };
            thread::spawn(move || pass_on(stream, &target, &own, &results));
        }
    });
    address
}

fn pass_on(mut browser: TcpStream, target: &str, own: &str, results: &Sender<String>) {
    let mut reader = BufReader::new(browser.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if lower.starts_with("connection:") {
            continue;
        }
        let is_end = line == "\r\n";
        head += &line.replace(own, target);
        if is_end {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    if path.ends_with("/result") {
        let _ = results.send(String::from_utf8(body).unwrap());
        let _ = browser.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        return;
    }
    let head = head.replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1);
    let mut page = TcpStream::connect(target).unwrap();
    page.write_all(head.as_bytes()).and_then(|()| page.write_all(&body)).unwrap();
    if !path.ends_with('/') {
        let _ = std::io::copy(&mut page, &mut browser);
        return;
    }
    let mut answer = String::new();
    page.read_to_string(&mut answer).unwrap();
    let (head, html) = answer.split_once("\r\n\r\n").unwrap();
    let driver = format!("<script>{}</script></body>", include_str!("live_page.js"));
    let html =
        html.replacen("<head>", &format!("<head>{}", browser::WATCH), 1).replacen("</body>", &driver, 1);
    let head: Vec<&str> =
        head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("content-length")).collect();
    let _ = write!(browser, "{}\r\nContent-Length: {}\r\n\r\n{html}", head.join("\r\n"), html.len());
}

pub(crate) fn a_live_page_follows_a_run_and_ends_it(sandbox: &Sandbox) {
    let (child, url) = watched(sandbox);
    let (address, path) = parts(&url);
    let (sender, results) = channel();
    let proxy = proxy(address, sender);
    let mut browser = browser::command(sandbox, "1280,900")
        .arg("--remote-debugging-port=0")
        .arg(format!("http://{proxy}/{path}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let found = results.recv_timeout(Duration::from_secs(90));
    browser.kill().unwrap();
    browser.wait().unwrap();
    let found: Value = serde_json::from_str(&found.expect("the page sends home what it saw")).unwrap();
    assert_eq!(found["failures"], Value::from(Vec::<Value>::new()), "{found}");
    for holds in ["followed", "goes_on", "aligned", "photograph", "ended", "result"] {
        assert_eq!(found[holds], true, "{holds}: {found}");
    }
    assert!(found["status"].as_str().unwrap().starts_with("scale 1 of 1, 53×40, iteration "), "{found}");
    assert!(found["last"].as_str().unwrap().starts_with("interrupted after "), "{found}");
    assert!(found["lead"].as_str().unwrap().contains("ended early"), "{found}");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    assert_eq!(sandbox.picture("o.png").dim(), (40, 53, 3));
}
