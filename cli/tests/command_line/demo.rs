//! `impasto demo`: what it writes without any file, what it replaces, and what it refuses.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::sandbox::{SHORT, Sandbox, end};

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    let mut trials = crate::trials!(weights;
        demo::everything_from_the_binary_alone,
        demo::the_summary_in_json,
        demo::the_pictures_can_be_used_again,
        demo::folders_that_are_there,
        demo::files_that_are_there,
        demo::folders_that_cannot_be_written,
        demo::wrong_options,
    );
    #[cfg(unix)]
    trials.extend(crate::trials!(weights; demo::an_interrupt_writes_the_demo_so_far));
    trials
}

const FILES: [&str; 4] = ["index.html", "swirl.jpg", "town-swirl.png", "town.jpg"];

/// The names in a folder, hidden ones too.
fn names(sandbox: &Sandbox, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(sandbox.path(folder)).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn page(sandbox: &Sandbox, folder: &str) -> String {
    fs::read_to_string(sandbox.path(folder).join("index.html")).unwrap()
}

pub(crate) fn everything_from_the_binary_alone(sandbox: &Sandbox) {
    let before = names(sandbox, ".");
    let ended = end(sandbox.command_without_weights("demo --size 32 --iterations 3"));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{ended:?}");
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert!(lines[0].starts_with("using the built-in weights"), "{ended:?}");
    assert!(lines[1].starts_with("iteration 1/3: loss "), "{ended:?}");
    assert!(lines[lines.len() - 2].starts_with("done after 3 iterations: "), "{ended:?}");
    assert!(lines[lines.len() - 1].contains("index.html in a browser"), "{ended:?}");

    assert_eq!(names(sandbox, "impasto-demo"), FILES);
    assert_eq!(sandbox.picture("impasto-demo/town-swirl.png").dim(), (32, 42, 3));
    let page = page(sandbox, "impasto-demo");
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    assert!(page.contains("built in, trained by impasto"), "{page}");
    // Nothing else is left behind.
    let added: Vec<String> = names(sandbox, ".").into_iter().filter(|name| !before.contains(name)).collect();
    assert_eq!(added, ["impasto-demo"]);
}

pub(crate) fn the_summary_in_json(sandbox: &Sandbox) {
    let ended = sandbox.done(&format!("demo -o a/b {SHORT} --json --quiet --threads 1"));
    assert_eq!(ended.stderr, "");
    let summary: Value = serde_json::from_str(&ended.stdout).unwrap();
    for (key, expected) in [("height", 32), ("width", 42), ("iterations", 3), ("threads", 1)] {
        assert_eq!(summary[key], expected, "{key} in {summary}");
    }
    let inside = |name: &str| json!(PathBuf::from("a/b").join(name));
    assert_eq!((&summary["output"], &summary["page"]), (&inside("town-swirl.png"), &inside("index.html")));
    assert!(summary["weights"].as_str().unwrap().ends_with("random.npz"), "{summary}");
    assert!(page(sandbox, "a/b").contains("random.npz"));
}

pub(crate) fn the_pictures_can_be_used_again(sandbox: &Sandbox) {
    sandbox.done(&format!("demo -o d {SHORT}"));
    sandbox.done(&format!("transfer d/town.jpg d/swirl.jpg -o again.png {SHORT}"));
    assert_eq!(sandbox.picture("again.png"), sandbox.picture("d/town-swirl.png"));
}

pub(crate) fn folders_that_are_there(sandbox: &Sandbox) {
    fs::create_dir(sandbox.path("there")).unwrap();
    sandbox.write("there/notes.txt", b"mine");
    sandbox.done(&format!("demo -o there {SHORT}"));
    assert_eq!(
        names(sandbox, "there"),
        ["index.html", "notes.txt", "swirl.jpg", "town-swirl.png", "town.jpg"]
    );
    assert_eq!(sandbox.bytes("there/notes.txt"), b"mine");
}

pub(crate) fn files_that_are_there(sandbox: &Sandbox) {
    sandbox.done(&format!("demo {SHORT}"));
    let mentions = ["impasto-demo", "--force", "--output-dir"];
    sandbox.refused(&format!("demo {SHORT}"), 1, &mentions);
    fs::create_dir(sandbox.path("other")).unwrap();
    for name in FILES {
        sandbox.write(&format!("other/{name}"), b"mine");
        sandbox.refused(&format!("demo -o other {SHORT}"), 1, &[name, "--force"]);
        fs::remove_file(sandbox.path("other").join(name)).unwrap();
    }
    let before = sandbox.bytes("impasto-demo/town-swirl.png");
    sandbox.done("demo --force --size 40 --iterations 2");
    assert_ne!(sandbox.bytes("impasto-demo/town-swirl.png"), before);
    assert_eq!(names(sandbox, "impasto-demo"), FILES);
}

pub(crate) fn folders_that_cannot_be_written(sandbox: &Sandbox) {
    let refused = |folder: &str, mentions: &[&str]| {
        sandbox.refused(&format!("demo --force -o {folder} {SHORT}"), 1, mentions);
    };
    refused("content.png", &["cannot write the demo in content.png", "is not a folder"]);
    refused("content.png/demo", &["content.png is not a folder"]);
    if cfg!(target_os = "linux") {
        // Not even root may.
        refused("/proc/demo", &["cannot write the demo in /proc/demo", "permissions"]);
    }
    fs::create_dir_all(sandbox.path("taken/index.html")).unwrap();
    sandbox.write("taken/town.jpg", b"a file like any other");
    refused("taken", &["index.html", "it is a folder"]);
}

pub(crate) fn wrong_options(sandbox: &Sandbox) {
    sandbox.refused("demo --size 0", 2, &["--size", "whole number of at least 1"]);
    sandbox.refused("demo --iterations -1", 2, &["--iterations", "whole number of at least 1"]);
    sandbox.refused("demo --size 8", 1, &["too small", "at least"]);
    sandbox.refused("demo --size 1000000", 1, &["town.jpg", "smaller"]);
    sandbox.refused("demo content.png", 2, &["content.png"]);
    sandbox.refused("demo --weights missing.npz", 1, &["missing.npz", "check that it exists"]);
}

#[cfg(unix)]
pub(crate) fn an_interrupt_writes_the_demo_so_far(sandbox: &Sandbox) {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let mut command = sandbox.command("demo --size 32 --iterations 100000000");
    let mut running = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(running.stderr.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("iteration 1/100000000: "));
    assert!(Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap().success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(running.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(rest.iter().any(|line| line.starts_with("interrupted after ")), "{rest:?}");
    assert_eq!(names(sandbox, "impasto-demo"), FILES);
    assert!(page(sandbox, "impasto-demo").contains(" of 100000000 times"));
}
