//! Pictures larger than the memory that they may use.

use std::path::PathBuf;
use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::sandbox::Sandbox;

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    crate::trials!(weights;
        memory::strips_give_the_same_picture,
        memory::too_little_is_refused_with_what_would_do,
    )
}

/// The summary of a run of one step at a size that takes 170 MB in memory.
fn summary(sandbox: &Sandbox, options: &str) -> Value {
    let line =
        format!("transfer content.png style.png --size 540 --scales 1 --iterations 1 --json {options}");
    serde_json::from_str(&sandbox.done(&line).stdout).unwrap()
}

pub(crate) fn strips_give_the_same_picture(sandbox: &Sandbox) {
    let whole = summary(sandbox, "-o whole.png");
    assert_eq!(whole["strip_rows"], Value::Null);
    let strips = summary(sandbox, "-o strips.png --memory 120M");
    assert!(strips["strip_rows"].as_u64().unwrap() > 0, "{strips}");
    let estimate = |summary: &Value| summary["estimated_memory_bytes"].as_u64().unwrap();
    assert!(estimate(&strips) <= 120_000_000 && estimate(&whole) > 150_000_000, "{whole} {strips}");
    if cfg!(target_os = "linux") {
        assert!(strips["peak_memory_bytes"].as_u64().unwrap() < 140_000_000, "{strips}");
    }
    let [whole_loss, strips_loss] =
        [&whole, &strips].map(|summary| summary["losses"]["total"].as_f64().unwrap());
    assert!((strips_loss / whole_loss - 1.0).abs() < 1e-4, "{whole_loss} {strips_loss}");
    let [whole, strips] = ["whole.png", "strips.png"].map(|name| sandbox.picture(name));
    let differing = whole.iter().zip(&strips).filter(|&(&a, &b)| a.abs_diff(b) > 1).count();
    assert!(differing < whole.len() / 1000, "{differing} of {}", whole.len());
}

pub(crate) fn too_little_is_refused_with_what_would_do(sandbox: &Sandbox) {
    for value in ["0", "2", "-1", "G", "2Q", "0.0001k"] {
        let line = format!("transfer content.png style.png -o o.png --memory {value}");
        sandbox.refused(&line, 2, &["--memory", "2G, 700M or 1.5GiB"]);
    }
    let line = "transfer content.png style.png -o o.png --size 540 --memory 50M";
    sandbox.refused(line, 1, &["540x720 needs about", "50 MB may be used", "allow more"]);
    sandbox.refused(
        "invert content.png -o o.png --size 9000 --memory 1G",
        1,
        &["1000 MB may be used", "allow more"],
    );
}
