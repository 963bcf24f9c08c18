//! Names of files that hold what a terminal takes for commands: no such character is ever printed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::sandbox::{Ended, SHORT, Sandbox, end};

/// Clears the screen, sets a title, begins a line, turns the direction of writing.
const NAME: &str = "a\u{1b}[2J\u{9b}31m\nerror: \u{7}\u{202e}b";

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    crate::trials!(weights;
        terminal::runs,
        terminal::explanations,
        terminal::demos,
        terminal::weights,
        terminal::errors,
    )
}

/// The command with these arguments, in which `NAME` stands for the name.
fn run(sandbox: &Sandbox, line: &str, code: i32) -> Ended {
    let mut command: Command = sandbox.command("");
    command.args(line.split(' ').map(|argument| argument.replace("NAME", NAME)));
    let ended = end(command);
    assert_eq!(ended.code, Some(code), "{line}: {ended:?}");
    for text in [&ended.stdout, &ended.stderr] {
        let is_command = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(is_command), "{line}: {text:?}");
        // Nor does the name begin a line.
        assert!(!text.lines().any(|line| line.starts_with("error: ?")), "{text:?}");
    }
    ended
}

fn content(sandbox: &Sandbox) {
    fs::copy(sandbox.path("content.png"), sandbox.path(&format!("{NAME}.png"))).unwrap();
}

pub(crate) fn runs(sandbox: &Sandbox) {
    content(sandbox);
    let ended = run(sandbox, &format!("transfer NAME.png style.png -o NAME-o.png {SHORT}"), 0);
    assert!(ended.stderr.contains("iterations: a?[2J?31m?error: ??b-o.png ("), "{ended:?}");
    let ended = run(sandbox, &format!("invert NAME.png -o NAME-o.png {SHORT} --json --quiet"), 0);
    let summary: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(summary["output"], format!("{NAME}-o.png"));
}

pub(crate) fn explanations(sandbox: &Sandbox) {
    content(sandbox);
    fs::copy(sandbox.weights(), sandbox.path(&format!("{NAME}.npz"))).unwrap();
    let line = "explain NAME.png NAME.png --size 32 --weights NAME.npz";
    let ended = run(sandbox, &format!("{line} --html NAME.html"), 0);
    assert!(ended.stdout.starts_with("a?[2J?31m?error: ??b.png in the style of a?["), "{ended:?}");
    assert!(ended.stdout.contains("\nweights: a?[2J?31m?error: ??b.npz; "), "{ended:?}");
    assert!(ended.stderr.contains("open a?[2J?31m?error: ??b.html in a browser"), "{ended:?}");
    let report: Value = serde_json::from_str(&run(sandbox, &format!("{line} --json"), 0).stdout).unwrap();
    assert_eq!(report["weights"], format!("{NAME}.npz"));
}

pub(crate) fn demos(sandbox: &Sandbox) {
    let ended = run(sandbox, "demo --output-dir NAME --iterations 1 --size 32", 0);
    assert!(ended.stderr.contains("open a?[2J?31m?error: ??b/"), "{ended:?}");
}

pub(crate) fn weights(sandbox: &Sandbox) {
    fs::copy(sandbox.weights(), sandbox.path(&format!("{NAME}.npz"))).unwrap();
    let ended = run(sandbox, "weights info NAME.npz", 0);
    assert!(ended.stdout.starts_with("a?[2J?31m?error: ??b.npz: NumPy archive"), "{ended:?}");
    let report: Value =
        serde_json::from_str(&run(sandbox, "weights info NAME.npz --json", 0).stdout).unwrap();
    assert_eq!(report["path"], format!("{NAME}.npz"));
    let ended = run(sandbox, "weights convert NAME.npz NAME.safetensors", 0);
    assert_eq!(ended.stdout, "a?[2J?31m?error: ??b.safetensors: 722496 parameters, float32\n");
    let ended = run(sandbox, "weights fetch -o NAME.npz", 0);
    assert_eq!(ended.stderr, "a?[2J?31m?error: ??b.npz is there already; --force replaces it\n");
}

pub(crate) fn errors(sandbox: &Sandbox) {
    for (line, code) in [
        (format!("transfer NAME.png style.png -o o.png {SHORT}"), 1),
        (format!("transfer content.png style.png -o o.png --weights NAME {SHORT}"), 1),
        (format!("transfer content.png style.png -o NAME/o.png {SHORT}"), 1),
        (format!("transfer content.png style.png -o o.NAME {SHORT}"), 2),
        (format!("transfer content.png style.png -o o.png --size NAME {SHORT}"), 2),
        (format!("transfer content.png style.png -o o.png --NAME {SHORT}"), 2),
        ("NAME".to_owned(), 2),
        ("weights info NAME".to_owned(), 1),
        ("weights fetch --url https://NAME/".to_owned(), 2),
    ] {
        let ended = run(sandbox, &line, code);
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains("a?[2J?31m"), "{ended:?}");
    }
    // What is wrong only because of such a character.
    let ended = run(sandbox, "weights fetch --url https://example.org/\u{7}", 2);
    assert!(ended.stderr.contains("invalid value 'https://example.org/' for '--url"), "{ended:?}");
}
