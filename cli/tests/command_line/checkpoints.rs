//! `--checkpoint` and `--resume`: runs that are killed, and end as if nothing had been.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::sandbox::{Sandbox, end};

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    crate::trials!(weights;
        checkpoints::killed_runs_end_alike,
        checkpoints::other_runs_are_refused,
        checkpoints::damaged_ones_are_refused,
        checkpoints::the_one_before_is_kept,
        #[cfg(unix)]
        checkpoints::signals_keep_the_run,
        #[cfg(target_os = "linux")]
        checkpoints::a_full_disk_ends_no_run,
    )
}

const LINE: &str = "transfer content.png style.png --size 48 --smallest 32";

pub(crate) fn killed_runs_end_alike(sandbox: &Sandbox) {
    let mut random = fastrand::Rng::with_seed(7);
    for (options, kills) in [("--iterations 150", 25), ("--iterations 60 --optimizer lbfgs --jitter 0", 25)] {
        let line = format!("{LINE} {options} --threads 1");
        sandbox.done(&format!("{line} -o whole.png"));
        let whole = sandbox.bytes("whole.png");
        let _ = fs::remove_file(sandbox.path("run.checkpoint"));
        let (mut killed, mut ended) = (0, 0);
        while killed < kills {
            // Another number of threads changes nothing.
            let threads = 1 + random.usize(..3);
            let resume = match sandbox.path("run.checkpoint").exists() {
                true => "--resume run.checkpoint",
                false => "",
            };
            let line = format!(
                "{LINE} {options} --threads {threads} -o o.png --checkpoint run.checkpoint --checkpoint-every 0 {resume}"
            );
            let mut command = sandbox.command(&line);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(random.u64(20..400)));
            if child.try_wait().unwrap().is_none() {
                child.kill().unwrap();
                killed += 1;
            }
            let output = child.wait_with_output().unwrap();
            if output.status.success() {
                assert_eq!(sandbox.bytes("o.png"), whole, "{line}");
                fs::remove_file(sandbox.path("run.checkpoint")).unwrap();
                ended += 1;
            } else {
                let told = String::from_utf8_lossy(&output.stderr);
                assert!(!told.contains("error"), "{told}");
            }
        }
        // The last one runs to its end.
        let resume = if sandbox.path("run.checkpoint").exists() { "--resume run.checkpoint" } else { "" };
        sandbox.done(&format!("{LINE} {options} -o o.png {resume}"));
        assert_eq!(sandbox.bytes("o.png"), whole, "after {killed} kills and {ended} ends");
    }
}

/// A run that was kept in `run.checkpoint` at the end of its first size.
fn kept(sandbox: &Sandbox) {
    sandbox
        .done(&format!("{LINE} --iterations 4 -o o.png --checkpoint run.checkpoint --checkpoint-every 1000"));
}

pub(crate) fn other_runs_are_refused(sandbox: &Sandbox) {
    kept(sandbox);
    let refused = |line: &str, mentions: &[&str]| {
        let mentions: Vec<&str> =
            mentions.iter().copied().chain(["run.checkpoint is of another run"]).collect();
        sandbox.refused(&format!("{line} --resume run.checkpoint -o o.png"), 1, &mentions);
    };
    refused(
        &format!("{LINE} --iterations 5"),
        &["it was run with --iterations=4", "it was run without --iterations=5"],
    );
    refused(&format!("{LINE} --iterations 4 --gray"), &["it was run without --gray"]);
    refused("transfer style.png content.png --size 48 --smallest 32 --iterations 4", &["in another order"]);
    let mut other = sandbox.command(&format!("{LINE} --iterations 4 -o o.png --resume run.checkpoint"));
    other
        .env_remove("IMPASTO_WEIGHTS")
        .env("HOME", sandbox.path("home"))
        .env("XDG_DATA_HOME", sandbox.path("home"));
    sandbox.refused_as(other, "other weights", 1, &["it read the weights random.npz"]);
    let style = sandbox.bytes("style.png");
    sandbox.write("style.png", &sandbox.bytes("content.png"));
    refused(&format!("{LINE} --iterations 4"), &["style.png has changed since"]);
    sandbox.write("style.png", &style);
    let done = sandbox.done(&format!("{LINE} --iterations 4 -o o.png --resume run.checkpoint"));
    assert!(done.stderr.contains("note: going on after 8 iterations"), "{}", done.stderr);
    // Nothing that is read is overwritten.
    let line = format!("{LINE} -o o.png --checkpoint");
    sandbox.refused(&format!("{line} style.png"), 2, &["--checkpoint", "a style image"]);
    sandbox.refused(&format!("{line} o.png"), 2, &["--checkpoint", "--output"]);
    sandbox.refused(&format!("{line} gone/c"), 1, &["the checkpoint gone/c"]);
    sandbox.refused(&format!("{line} c --checkpoint-every often"), 2, &["--checkpoint-every"]);
}

pub(crate) fn damaged_ones_are_refused(sandbox: &Sandbox) {
    kept(sandbox);
    let line = format!("{LINE} --iterations 4 -o o.png --resume");
    let mut bytes = sandbox.bytes("run.checkpoint");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    sandbox.write("run.checkpoint", &bytes);
    // The one before it is whole, and goes on to the same end.
    let offer = ["cannot go on from run.checkpoint", "--resume run.checkpoint.previous", "damaged"];
    sandbox.refused(&format!("{line} run.checkpoint"), 1, &offer);
    let expected = sandbox.bytes("o.png");
    sandbox.done(&format!("{line} run.checkpoint.previous"));
    assert_eq!(sandbox.bytes("o.png"), expected);
    sandbox.write("cut", &bytes[..middle]);
    sandbox.refused(&format!("{line} cut"), 1, &["cut", "damaged"]);
    sandbox.refused(&format!("{line} style.png"), 2, &["style.png", "also a style image"]);
    sandbox.write("text", b"no checkpoint\n");
    sandbox.refused(&format!("{line} text"), 1, &["text", "no checkpoint of impasto"]);
    sandbox.refused(&format!("{line} absent"), 1, &["absent", "cannot be read"]);
    sandbox.write("newer", b"impasto checkpoint 7\n");
    sandbox.refused(&format!("{line} newer"), 1, &["newer version of impasto (7)"]);
}

pub(crate) fn the_one_before_is_kept(sandbox: &Sandbox) {
    kept(sandbox);
    let read = |name: &str| impasto::Checkpoint::read(&sandbox.bytes(name)[..]).unwrap().iterations_done();
    assert_eq!((read("run.checkpoint"), read("run.checkpoint.previous")), (8, 4));
    let note = impasto::Checkpoint::read(&sandbox.bytes("run.checkpoint")[..]).unwrap().note;
    let note: Value = serde_json::from_str(&note).unwrap();
    assert_eq!(note["arguments"][0], "transfer");
}

#[cfg(unix)]
pub(crate) fn signals_keep_the_run(sandbox: &Sandbox) {
    let line = format!("{LINE} --iterations 200 --threads 1");
    sandbox.done(&format!("{line} -o whole.png"));
    let run = format!("{line} -o o.png --checkpoint c --checkpoint-every 100000");
    let mut child = sandbox.command(&run).stderr(Stdio::piped()).spawn().unwrap();
    // Once it says how far it is, there is something to keep.
    let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    while !told.contains("iteration 1") {
        assert!(std::io::BufRead::read_line(&mut stderr, &mut told).unwrap() > 0, "{told}");
    }
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    std::io::copy(&mut stderr, &mut std::io::sink()).unwrap();
    let status = child.wait().unwrap();
    // It may have ended by itself before.
    assert!(matches!(status.code(), Some(143 | 0)), "{status}");
    sandbox.done(&format!("{line} -o o.png --resume c"));
    assert_eq!(sandbox.bytes("o.png"), sandbox.bytes("whole.png"));
}

#[cfg(target_os = "linux")]
pub(crate) fn a_full_disk_ends_no_run(sandbox: &Sandbox) {
    kept(sandbox);
    let before = sandbox.bytes("run.checkpoint");
    // A limit of the size of files is a disk that is full for large ones: a checkpoint is larger than the picture.
    let line = format!(
        "{LINE} --iterations 6 -o o.png --checkpoint run.checkpoint --checkpoint-every 0 --threads 1"
    );
    let script = format!("ulimit -f 60; exec {} {line}", env!("CARGO_BIN_EXE_impasto"));
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).current_dir(sandbox.path(""));
    shell.env("IMPASTO_WEIGHTS", sandbox.weights()).stdin(Stdio::null());
    let ended = end(shell);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let warnings = ended.stderr.lines().filter(|line| line.starts_with("warning:")).count();
    assert_eq!(warnings, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("cannot write the checkpoint run.checkpoint"), "{}", ended.stderr);
    assert_eq!(sandbox.bytes("run.checkpoint"), before);
    assert!(sandbox.picture("o.png").dim().0 == 48);
}
