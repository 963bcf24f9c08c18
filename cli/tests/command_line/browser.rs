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
        .arg(format!("--window-size={window}"))
        .arg(format!("--user-data-dir={}", sandbox.path("profile").display()))
        .stdin(Stdio::null());
    command
}

/// What a page needs so that nothing that goes wrong on it is missed, for its head.
pub(crate) const WATCH: &str = "<script>window.failures = [];\
    window.addEventListener('error', (event) => failures.push(event.message));\
    console.error = console.warn = (...words) => failures.push(words.join(' '));</script>";

/// What a driver, a script that leaves JSON in an element of the name `result`, finds out when a browser reads a page in a
/// window of this size.
pub(crate) fn read(sandbox: &Sandbox, page: &str, driver: &str, window: &str) -> Value {
    let html = fs::read_to_string(sandbox.path(page)).unwrap();
    let driver = format!("<script>{driver}</script></body>");
    let html = html.replacen("<head>", &format!("<head>{WATCH}"), 1).replacen("</body>", &driver, 1);
    sandbox.write("driven.html", html.as_bytes());
    let output = command(sandbox, window)
        .args(["--dump-dom", "--virtual-time-budget=120000"])
        .arg(url(&sandbox.path("driven.html")))
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let result = stdout.split_once("<pre id=\"result\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    let Some((result, _)) = result else { panic!("the page was not read: {stderr}") };
    let console: Vec<&str> = stderr.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "{console:?}");
    serde_json::from_str(result).unwrap()
}

fn url(path: &Path) -> String {
    format!("file://{}", path.display())
}
