//! A real browser, which reads a page and finds out what is on it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::sandbox::Sandbox;

/// The browser: the one that `IMPASTO_CHROMIUM` names, which must then work, or the first that is found.
pub(crate) fn browser() -> Option<PathBuf> {
    if let Some(path) = env::var_os("IMPASTO_CHROMIUM").filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}

/// A browser without a window, with a profile of its own.
pub(crate) fn command(sandbox: &Sandbox, window: &str) -> Command {
    let mut command = Command::new(browser().expect("trials without a browser are ignored"));
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-logging=stderr"])
        // No animation: a page that was scrolled is where it was scrolled to.
        .arg("--force-prefers-reduced-motion")
        .arg(format!("--window-size={window}"))
        .arg(format!("--user-data-dir={}", sandbox.path("profile").display()))
        .stdin(Stdio::null());
    command
}

/// What a page needs so that nothing that goes wrong on it is missed, for its head.
pub(crate) const WATCH: &str = "<script>window.failures = [];\
    window.addEventListener('error', (event) => failures.push(event.message));\
    console.error = console.warn = (...words) => failures.push(words.join(' '));</script>";

/// The narrowest window that the browser opens, in pixels.
const NARROWEST: u32 = 500;

/// What a driver, a script that leaves JSON in an element of the name `result`, finds out when a browser reads a page in a
/// window of this size.
pub(crate) fn read(sandbox: &Sandbox, page: &str, driver: &str, window: &str) -> Value {
    let html = fs::read_to_string(sandbox.path(page)).unwrap();
    let driver = format!("<script>{driver}</script></body>");
    let html = html.replacen("<head>", &format!("<head>{WATCH}"), 1).replacen("</body>", &driver, 1);
    let page = match window.split_once(',') {
        Some((width, height)) if width.parse::<u32>().unwrap() < NARROWEST => {
            sandbox.write("driven.html", html.replacen("<head>", &format!("<head>{TELL}"), 1).as_bytes());
            sandbox.write("framed.html", framed("driven.html", width, height).as_bytes());
            "framed.html"
        }
        _ => {
            sandbox.write("driven.html", html.as_bytes());
            "driven.html"
        }
    };
    let output = command(sandbox, window)
        .args(["--dump-dom", "--virtual-time-budget=240000"])
        .arg(url(&sandbox.path(page)))
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let result = stdout.split_once("<pre id=\"result\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    let Some((result, _)) = result else { panic!("the page was not read: {stderr}") };
    let console: Vec<&str> = stderr.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "{console:?}");
    serde_json::from_str(result).unwrap()
}

/// Tells the page around a frame what was found.
const TELL: &str = "<script>new MutationObserver(() => { const found = document.getElementById('result'); \
    if (found) parent.postMessage(found.textContent, '*'); }).observe(document, { childList: true, subtree: true });</script>";

/// A page that shows another in a frame of this size, for windows narrower than the browser's narrowest.
fn framed(page: &str, width: &str, height: &str) -> String {
    format!(
        "<!DOCTYPE html><html><head></head><body><iframe src=\"{page}\" width=\"{width}\" height=\"{height}\"></iframe>\
         <script>addEventListener('message', (event) => {{ const found = document.createElement('pre'); \
         found.id = 'result'; found.textContent = event.data; document.body.append(found); }});</script></body></html>"
    )
}

fn url(path: &Path) -> String {
    format!("file://{}", path.display())
}
