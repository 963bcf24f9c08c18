//! `impasto rerun`: what a picture's file tells of the run that made it.

use std::path::PathBuf;
use std::sync::Arc;

use impasto::image::{LoadOptions, load_image_with_warnings, save_image};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::sandbox::Sandbox;

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    crate::trials!(weights;
        reruns::the_same_bits_once_more,
        reruns::changed_files_are_told,
        reruns::other_machines_are_told,
        reruns::what_is_recorded,
        reruns::what_cannot_be_repeated,
    )
}

fn record(sandbox: &Sandbox, name: &str) -> Option<String> {
    load_image_with_warnings(&sandbox.path(name), &LoadOptions::default()).unwrap().record
}

const LINE: &str = "transfer content.png style.png --size 40 --scales 1 --iterations 3";

pub(crate) fn the_same_bits_once_more(sandbox: &Sandbox) {
    let black: ndarray::Array3<u8> =
        ndarray::Array3::from_shape_fn((48, 64, 3), |(_, x, _)| if x < 30 { 255 } else { 0 });
    save_image(&sandbox.path("mask.png"), black.view()).unwrap();
    for (line, name) in [
        (LINE, "o.png"),
        (
            "texture style.png content.png --width 48 --height 40 --scales 1 --iterations 2 --style-blend 1,2",
            "o.tif",
        ),
        ("invert content.png --size 40 --scales 1 --iterations 2 --seed 5", "o.webp"),
        (
            "transfer content.png style.png --size photo --iterations 2 --scales 1 --style-mask mask.png --depth 16",
            "deep.png",
        ),
        (
            "transfer content.png style.png --size 40 --iterations 2 --init content:1,noise:1 --quality 70",
            "o.jpg",
        ),
    ] {
        sandbox.done(&format!("{line} -o {name} --threads 1 --trace t.jsonl"));
        let trace = sandbox.bytes("t.jsonl");
        let done = sandbox.done(&format!("rerun {name}"));
        let again = name.replacen('.', "-again.", 1);
        assert!(
            done.stderr.contains(&format!("it is the same file as {name}, byte for byte")),
            "{}",
            done.stderr
        );
        assert_eq!(sandbox.bytes(name), sandbox.bytes(&again), "{line}");
        assert!(!done.stderr.contains("warning"), "{}", done.stderr);
        // What else was written is left alone.
        assert_eq!(sandbox.bytes("t.jsonl"), trace);
    }
    assert_eq!(sandbox.done("rerun o.png -o other.png -q").stderr, "");
    assert_eq!(sandbox.bytes("o.png"), sandbox.bytes("other.png"));
}

pub(crate) fn changed_files_are_told(sandbox: &Sandbox) {
    sandbox.done(&format!("{LINE} -o o.png"));
    let style = sandbox.bytes("style.png");
    sandbox.write("style.png", &sandbox.bytes("content.png"));
    let done = sandbox.done("rerun o.png");
    assert!(done.stderr.contains("warning: style.png has changed since"), "{}", done.stderr);
    assert!(!done.stderr.contains("content.png has"), "{}", done.stderr);
    assert!(done.stderr.contains("% of the pixels"), "{}", done.stderr);
    sandbox.write("style.png", &style);
    std::fs::rename(sandbox.path("content.png"), sandbox.path("moved.png")).unwrap();
    sandbox.refused("rerun o.png", 1, &["content.png", "is not there", "put the file back"]);
    std::fs::rename(sandbox.path("moved.png"), sandbox.path("content.png")).unwrap();
    // Other weights than then.
    let mut other = sandbox.command("rerun o.png");
    other
        .env_remove("IMPASTO_WEIGHTS")
        .env("HOME", sandbox.path("home"))
        .env("XDG_DATA_HOME", sandbox.path("home"));
    let done = crate::sandbox::end(other);
    assert!(done.stderr.contains("the weights are built-in, and were random.npz"), "{}", done.stderr);
    let line = format!("rerun o.png --weights {}", sandbox.weights().display());
    assert!(sandbox.done(&line).stderr.contains("byte for byte"));
}

pub(crate) fn other_machines_are_told(sandbox: &Sandbox) {
    let mut portable = sandbox.command(&format!("{LINE} -o o.png"));
    portable.env("IMPASTO_SIMD", "portable");
    assert_eq!(crate::sandbox::end(portable).code, Some(0));
    let record: Value = serde_json::from_str(&record(sandbox, "o.png").unwrap()).unwrap();
    assert_eq!(record["simd"], "portable");
    let mut same = sandbox.command("rerun o.png");
    same.env("IMPASTO_SIMD", "portable");
    assert!(crate::sandbox::end(same).stderr.contains("byte for byte"));
    let done = sandbox.done("rerun o.png");
    // Where there is no other instruction set, there is nothing to tell.
    let is_portable = done.stderr.contains("byte for byte");
    assert!(is_portable || done.stderr.contains("the instruction set was portable"), "{}", done.stderr);
}

pub(crate) fn what_is_recorded(sandbox: &Sandbox) {
    sandbox.done(&format!("{LINE} -o secret-name.png --gray --trace hidden.jsonl"));
    let text = record(sandbox, "secret-name.png").unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["arguments"][0], "transfer");
    assert_eq!(value["inputs"].as_array().unwrap().len(), 2);
    assert_eq!(value["inputs"][0]["path"], "content.png");
    assert_eq!(value["inputs"][0]["sha256"].as_str().unwrap().len(), 64);
    // Neither where things are nor what they were called afterwards.
    for hidden in ["secret-name", "hidden", sandbox.path("").to_str().unwrap()] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    let shown = sandbox.done("rerun secret-name.png --show").stdout;
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
    sandbox.done(&format!("{LINE} -o o.png --no-record"));
    assert_eq!(record(sandbox, "o.png"), None);
    sandbox.done(&format!("{LINE} -o o.bmp"));
    assert_eq!(record(sandbox, "o.bmp"), None);
}

pub(crate) fn what_cannot_be_repeated(sandbox: &Sandbox) {
    sandbox.refused("rerun content.png", 1, &["content.png", "does not tell what made it"]);
    sandbox.refused("rerun absent.png", 1, &["absent.png", "does not exist"]);
    let picture = sandbox.picture("content.png");
    for (name, text) in [
        ("a.png", "{}"),
        ("b.png", "none"),
        ("c.png", r#"{"version":"9","arguments":["fly"],"inputs":[],"weights":[],"simd":"x"}"#),
        ("d.png", r#"{"version":"9","arguments":["weights","fetch"],"inputs":[],"weights":[],"simd":"x"}"#),
        ("e.png", r#"{"version":"9","arguments":[],"inputs":[],"weights":[],"simd":"x"}"#),
    ] {
        let options = impasto::image::SaveOptions::default().with_record(text);
        impasto::image::save_image_with(&sandbox.path(name), picture.view(), &options).unwrap();
        sandbox.refused(&format!("rerun {name}"), 1, &[name, "another version of impasto, or damaged"]);
    }
    // Nothing is overwritten that the run reads.
    sandbox.done(&format!("{LINE} -o o.png"));
    sandbox.refused("rerun o.png -o content.png", 2, &["content.png", "overwrite"]);
}
