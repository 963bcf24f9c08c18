//! Sequences of pictures: `impasto batch --frames`, and a single frame by `impasto transfer --previous`.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use impasto::image::save_image;
use libtest_mimic::Trial;
use ndarray::Array3;
use serde_json::Value;

use crate::pictures::draw;
use crate::sandbox::Sandbox;

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    crate::trials!(weights;
        frames::each_frame_is_a_transfer,
        frames::a_change_reaches_all_that_follow,
        frames::a_frame_that_fails_ends_its_sequence,
        frames::flow_flickers_least,
        frames::what_is_no_sequence,
    )
}

const SHORT: &str = "--size 64 --scales 1 --iterations 4 --jitter 0";

/// Draws frames of a pan, `f0.png` and so on, and gives their names.
fn draw_frames(sandbox: &Sandbox, count: usize) -> String {
    let names: Vec<String> = (0..count).map(|number| format!("f{number}.png")).collect();
    for (number, name) in names.iter().enumerate() {
        let wave = |y: usize, x: usize, c: usize| {
            let (y, x) = (y as f64, (x + 2 * number) as f64);
            (0.23 * y + 0.07 * x + c as f64).sin() + (0.19 * x - 0.11 * y).sin() + (0.41 * x).cos()
        };
        let picture = Array3::from_shape_fn((64, 80, 3), |(y, x, c)| (128.0 + 40.0 * wave(y, x, c)) as u8);
        save_image(&sandbox.path(name), picture.view()).unwrap();
    }
    names.join(" ")
}

fn rows(stdout: &str) -> Vec<Value> {
    serde_json::from_str(stdout).unwrap()
}

fn became(stdout: &str) -> Vec<String> {
    rows(stdout).iter().map(|row| row["became"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn each_frame_is_a_transfer(sandbox: &Sandbox) {
    let frames = draw_frames(sandbox, 3);
    for (how, options) in [
        ("", "--previous out/f0-style.png --previous-content f0.png --temporal-weight 7000"),
        ("=start", "--previous out/f0-style.png"),
        ("=alone", ""),
    ] {
        let weight = if how.is_empty() { "--temporal-weight 7000" } else { "" };
        let line =
            format!("batch --frames{how} {weight} --style style.png --out out {SHORT} --json {frames}");
        let done = sandbox.done(&line);
        assert!(done.stderr.contains("flicker in the style of style: "), "{done:?}");
        let rows = rows(&done.stdout);
        assert!(rows[0]["flicker"].is_null() && rows[1]["flicker"].as_f64().unwrap() > 0.0, "{rows:?}");
        let done = sandbox.done(&format!("transfer {SHORT} {options} f1.png style.png -o f1.png.png --json"));
        assert!(sandbox.bytes("f1.png.png") == sandbox.bytes("out/f1-style.png"), "{how}");
        let summary: Value = serde_json::from_str(&done.stdout).unwrap();
        // Alone, it knows of no other frame.
        match how {
            "" => assert_eq!(summary["flicker"], rows[1]["flicker"]),
            _ => assert!(summary["flicker"].is_null(), "{summary}"),
        }
        assert_eq!(summary["losses"]["temporal"].as_f64().unwrap() > 0.0, how.is_empty());
        let again = sandbox.done("rerun out/f1-style.png -o again.png");
        assert!(again.stderr.contains("the same file"), "{again:?}");
        fs::remove_dir_all(sandbox.path("out")).unwrap();
    }
    // Two sequences side by side.
    let line = format!(
        "--frames --style style.png --style content.png {SHORT} --preserve-colors luminance {frames}"
    );
    sandbox.done(&format!("batch --out one {line}"));
    sandbox.done(&format!("batch --out two --jobs 2 {line}"));
    sandbox.done(&format!("batch --out three --shard 2/2 {line}"));
    sandbox.done(&format!("batch --out three --shard 1/2 {line}"));
    for name in ["f0-style.png", "f2-style.png", "f2-content.png"] {
        let pixels = sandbox.picture(&format!("one/{name}"));
        assert_eq!(pixels, sandbox.picture(&format!("two/{name}")), "{name}");
        assert_eq!(pixels, sandbox.picture(&format!("three/{name}")), "{name}");
    }
}

pub(crate) fn a_change_reaches_all_that_follow(sandbox: &Sandbox) {
    let frames = draw_frames(sandbox, 4);
    let line = format!("batch --frames --style style.png --out out {SHORT} --json {frames}");
    let first = sandbox.done(&line);
    assert_eq!(became(&first.stdout), ["painted"; 4]);
    let second = sandbox.done(&line);
    assert_eq!(became(&second.stdout), ["skipped"; 4]);
    let flicker = |stdout: &str| rows(stdout).iter().map(|row| row["flicker"].clone()).collect::<Vec<_>>();
    assert_eq!(flicker(&first.stdout), flicker(&second.stdout));
    draw(&sandbox.path("f1.png"), 64, 80, 5);
    assert_eq!(became(&sandbox.done(&line).stdout), ["skipped", "painted", "painted", "painted"]);
}

pub(crate) fn a_frame_that_fails_ends_its_sequence(sandbox: &Sandbox) {
    let frames = draw_frames(sandbox, 4);
    let whole = sandbox.bytes("f2.png");
    sandbox.write("f2.png", &whole[..whole.len() / 2]);
    let line = format!("batch --frames --style style.png --out out {SHORT} {frames}");
    let failed = sandbox.run(&line);
    assert_eq!(failed.code, Some(1));
    for mention in [
        "f2.png is cut off",
        "the frame before it could not be painted",
        "2 painted, 0 there already, 2 failed",
    ] {
        assert!(failed.stderr.contains(mention), "{mention}: {failed:?}");
    }
    // Those that need no frame before go on.
    let alone = sandbox.run(&line.replace("--frames", "--frames=alone").replace("--out out", "--out alone"));
    assert!(alone.stderr.contains("3 painted, 0 there already, 1 failed"), "{alone:?}");
    sandbox.write("f2.png", &whole);
    let done = sandbox.done(&format!("{line} --retry-failed"));
    assert!(done.stderr.contains("2 painted, 0 there already, 0 failed"), "{done:?}");
    sandbox.done(&format!("batch --frames --style style.png --out straight {SHORT} {frames}"));
    assert_eq!(sandbox.picture("straight/f3-style.png"), sandbox.picture("out/f3-style.png"));
}

pub(crate) fn flow_flickers_least(sandbox: &Sandbox) {
    let frames = draw_frames(sandbox, 3);
    let flicker = |how: &str| {
        let options =
            "--size 64 --smallest 48 --iterations 12 --learning-rate 0.1 --tv-weight 0 --temporal-weight 1e6";
        let options = if how == "flow" { options } else { options.trim_end_matches("--temporal-weight 1e6") };
        let line = format!("batch --frames={how} --style style.png --out {how} {options} --json {frames}");
        let rows = rows(&sandbox.done(&line).stdout);
        rows.iter().filter_map(|row| row["flicker"].as_f64()).sum::<f64>()
    };
    let (flow, alone) = (flicker("flow"), flicker("alone"));
    assert!(flow < 0.8 * alone, "{flow} {alone}");
}

pub(crate) fn what_is_no_sequence(sandbox: &Sandbox) {
    let frames = draw_frames(sandbox, 2);
    draw(&sandbox.path("odd.png"), 40, 80, 3);
    let batch = format!("batch --style style.png --out out {SHORT}");
    let sizes = ["odd.png is 80x40", "f0.png is 80x64", "nothing was painted"];
    sandbox.refused(&format!("{batch} --frames {frames} odd.png"), 1, &sizes);
    assert!(!sandbox.path("out").exists());
    sandbox.refused(&format!("{batch} --frames=backward {frames}"), 2, &["flow", "start", "alone"]);
    sandbox.refused(&format!("{batch} --frames --init random {frames}"), 2, &["--init"]);
    sandbox.refused(&format!("{batch} --temporal-weight 3 {frames}"), 2, &["--frames"]);
    sandbox.refused("batch --manifest x --out out --frames", 2, &["--frames"]);
    let transfer = format!("transfer {SHORT} f1.png style.png -o r.png");
    sandbox.refused(&format!("{transfer} --previous-content f0.png"), 2, &["--previous"]);
    sandbox.refused(&format!("{transfer} --previous f0.png --temporal-weight 3"), 2, &["--previous-content"]);
    sandbox.refused(&format!("{transfer} --previous f0.png --init random"), 2, &["--init"]);
    sandbox.refused(&format!("{transfer} --previous gone.png"), 1, &["gone.png"]);
    sandbox.refused(&format!("{transfer} --previous odd.png"), 1, &["odd.png", "40x80", "64x80"]);
    let of_other = format!("{transfer} --previous f0.png --previous-content odd.png");
    sandbox.refused(&of_other, 1, &["odd.png", "64x128", "64x80"]);
    sandbox.refused(
        &format!("transfer {SHORT} f1.png style.png -o f0.png --previous f0.png"),
        2,
        &["f0.png"],
    );
    assert!(!sandbox.path("r.png").exists());
}
