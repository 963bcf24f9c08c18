//! `impasto batch`: lists of pictures, what is skipped, what fails, and who paints which part.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::pictures::draw;
use crate::sandbox::{Sandbox, end};

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    crate::trials!(weights;
        batches::every_content_in_every_style,
        batches::what_is_done_is_skipped,
        batches::manifests,
        batches::wrong_manifests,
        batches::failures_stop_nobody_else,
        batches::parts_make_the_whole,
        batches::two_hundred_pictures_and_five_kills,
        batches::two_batches_in_one_folder,
    )
}

const SHORT: &str = "--size 32 --scales 1 --iterations 2";

/// Draws `count` photographs, `0.png` and so on.
fn draw_photographs(sandbox: &Sandbox, count: usize) -> String {
    let names: Vec<String> = (0..count).map(|number| format!("p{number}.png")).collect();
    for (number, name) in names.iter().enumerate() {
        draw(&sandbox.path(name), 34, 40, number as u64 + 10);
    }
    names.join(" ")
}

/// The pictures in a folder.
fn pictures(sandbox: &Sandbox, folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(sandbox.path(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".png")).collect()
}

fn rows(stdout: &str) -> Vec<Value> {
    serde_json::from_str(stdout).unwrap()
}

pub(crate) fn every_content_in_every_style(sandbox: &Sandbox) {
    let photographs = draw_photographs(sandbox, 3);
    let line = format!("batch --style style.png --style content.png --out out {SHORT} --json {photographs}");
    let done = sandbox.done(&line);
    assert_eq!(rows(&done.stdout).len(), 6);
    assert!(
        done.stderr.contains("6/6 ") && done.stderr.contains("6 painted, 0 there already, 0 failed"),
        "{done:?}"
    );
    for (photograph, style) in [("p0", "style"), ("p2", "content")] {
        sandbox.done(&format!("transfer {SHORT} {photograph}.png {style}.png -o single.png"));
        assert_eq!(sandbox.bytes("single.png"), sandbox.bytes(&format!("out/{photograph}-{style}.png")));
    }
    // Side by side, and with other names.
    sandbox.done(&format!(
        "batch --style style.png --out two --jobs 3 --name a/{{content}}.png {SHORT} {photographs}"
    ));
    assert_eq!(sandbox.bytes("two/a/p1.png"), sandbox.bytes("out/p1-style.png"));
    sandbox.refused(
        &format!("batch --style style.png --out x --name same.png {photographs}"),
        1,
        &["pictures 1 and 2", "same.png"],
    );
    sandbox.refused(
        &format!("batch --style style.png --out x --name ../{{content}}.png {photographs}"),
        1,
        &["not within --out"],
    );
    sandbox.refused(&format!("batch --out x {photographs}"), 2, &["--style"]);
    sandbox.refused("batch --style style.png --out x", 2, &["required"]);
    sandbox.refused(&format!("batch --style style.png --out x --jobs 0 {photographs}"), 2, &["--jobs"]);
    sandbox.refused(&format!("batch --style style.png --out x --size 0 {photographs}"), 2, &["--size"]);
}

pub(crate) fn what_is_done_is_skipped(sandbox: &Sandbox) {
    let photographs = draw_photographs(sandbox, 3);
    let became = |options: &str| {
        let done = sandbox
            .done(&format!("batch --style style.png --out out {SHORT} --json {options} {photographs}"));
        rows(&done.stdout).iter().map(|row| row["became"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(became(""), ["painted"; 3]);
    assert_eq!(became(""), ["skipped"; 3]);
    // Not by the name alone: other options, another input, another program's file.
    assert_eq!(became("--gray"), ["painted"; 3]);
    assert_eq!(became(""), ["painted"; 3]);
    draw(&sandbox.path("p1.png"), 34, 40, 99);
    assert_eq!(became(""), ["skipped", "painted", "skipped"]);
    fs::copy(sandbox.path("content.png"), sandbox.path("out/p2-style.png")).unwrap();
    assert_eq!(became("--threads 1"), ["skipped", "skipped", "painted"]);
}

pub(crate) fn manifests(sandbox: &Sandbox) {
    draw_photographs(sandbox, 2);
    let manifest = r#"{"content": "p0.png", "style": "style.png"}

{"content": "p0.png", "style": ["style.png", "content.png"], "output": "deep/mix.png", "style-blend": [2, 1], "gray": true, "iterations": 3}
{"content": "p1.png", "style": "style.png", "style_strength": 2.5, "init": "random", "seed": 4, "preserve-colors": null}
"#;
    sandbox.write("list.jsonl", manifest.as_bytes());
    sandbox.done(&format!("batch --manifest list.jsonl --out out {SHORT} --tv-weight 0.02"));
    for (line, name) in [
        (format!("{SHORT} --tv-weight 0.02 p0.png style.png"), "p0-style.png"),
        (
            "--size 32 --scales 1 --iterations 3 --tv-weight 0.02 --gray --style-blend 2,1 p0.png style.png content.png"
                .to_owned(),
            "deep/mix.png",
        ),
        (format!("{SHORT} --tv-weight 0.02 --style-strength 2.5 --init random --seed 4 p1.png style.png"), "p1-style.png"),
    ] {
        sandbox.done(&format!("transfer {line} -o single.png"));
        assert_eq!(sandbox.picture("single.png"), sandbox.picture(&format!("out/{name}")), "{name}");
    }
    let mut piped = sandbox.command(&format!("batch --manifest - --out piped {SHORT} --tv-weight 0.02"));
    piped.stdin(fs::File::open(sandbox.path("list.jsonl")).unwrap());
    assert_eq!(end(piped).code, Some(0));
    assert_eq!(sandbox.bytes("piped/deep/mix.png"), sandbox.bytes("out/deep/mix.png"));
}

pub(crate) fn wrong_manifests(sandbox: &Sandbox) {
    let good = r#"{"content": "content.png", "style": "style.png", "output": "good.png"}"#;
    for (line, mentions) in [
        ("{\"content\": ", "no JSON object"),
        ("[1]", "no JSON object"),
        (r#"{"content": "content.png", "style": "style.png", "sizzle": 3}"#, "--sizzle"),
        (r#"{"content": "content.png", "style": "style.png", "size": -3}"#, "--size"),
        (r#"{"content": "absent.png", "style": "style.png"}"#, "absent.png is not there"),
        (r#"{"content": "content.png", "style": ["style.png", "gone.png"]}"#, "gone.png is not there"),
        (r#"{"style": "style.png"}"#, "no content"),
        (r#"{"content": "content.png"}"#, "no style"),
        (r#"{"content": "content.png", "style": 7}"#, "style is no name"),
        (r#"{"content": "content.png", "style": "style.png", "output": "../x.png"}"#, "not within --out"),
        (r#"{"content": "content.png", "style": "style.png", "output": "/x.png"}"#, "not within --out"),
        (r#"{"content": "content.png", "style": "style.png", "weights": "w.npz"}"#, "for the whole batch"),
        (r#"{"content": "-", "style": "style.png"}"#, "standard input"),
        (r#"{"content": "content.png", "style": "style.png", "size": {"a": 1}}"#, "no value of an option"),
    ] {
        sandbox.write("list.jsonl", format!("{good}\n{line}\n").as_bytes());
        let batch = format!("batch --manifest list.jsonl --out out {SHORT}");
        sandbox.refused(&batch, 1, &["list.jsonl, line 2", mentions, "nothing was painted"]);
        let done = sandbox.done(&format!("{batch} --keep-going"));
        assert!(done.stderr.contains("line 2") && done.stderr.contains(mentions), "{done:?}");
        assert_eq!(pictures(sandbox, "out").len(), 1);
        fs::remove_dir_all(sandbox.path("out")).unwrap();
    }
    sandbox.write("list.jsonl", format!("{good}\n{good}\n").as_bytes());
    sandbox.refused(
        &format!("batch --manifest list.jsonl --out out {SHORT}"),
        1,
        &["pictures 1 and 2", "good.png"],
    );
    sandbox.refused("batch --manifest absent.jsonl --out out", 1, &["absent.jsonl"]);
    sandbox.refused("batch --manifest list.jsonl --out out content.png", 2, &["cannot be used with"]);
}

pub(crate) fn failures_stop_nobody_else(sandbox: &Sandbox) {
    let photographs = draw_photographs(sandbox, 4);
    let whole = sandbox.bytes("p2.png");
    sandbox.write("p2.png", &whole[..whole.len() / 2]);
    let line = format!("batch --style style.png --out out {SHORT} --json {photographs}");
    let ended = sandbox.run(&line);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("p2-style.png failed: ") && ended.stderr.contains("p2.png"), "{ended:?}");
    assert!(ended.stderr.contains("1 picture could not be painted: p2-style.png"), "{ended:?}");
    let failed = rows(&ended.stdout)[2].clone();
    assert_eq!(failed["became"], "failed");
    assert!(failed["reason"].as_str().unwrap().contains("p2.png"));
    assert_eq!(pictures(sandbox, "out").len(), 3);
    // Only what failed is tried again.
    sandbox.write("p2.png", &whole);
    let done = sandbox.done(&format!("{line} --retry-failed"));
    assert_eq!(rows(&done.stdout).len(), 1);
    assert_eq!(pictures(sandbox, "out").len(), 4);
    assert_eq!(rows(&sandbox.done(&format!("{line} --retry-failed")).stdout).len(), 0);
    assert!(!sandbox.path("out/batch-failed.txt").exists());
}

pub(crate) fn parts_make_the_whole(sandbox: &Sandbox) {
    let photographs = draw_photographs(sandbox, 7);
    let batch = |folder: &str, options: &str| {
        format!("batch --style style.png --out {folder} {SHORT} {options} {photographs}")
    };
    sandbox.done(&batch("whole", ""));
    let whole = pictures(sandbox, "whole");
    let mut seen = BTreeSet::new();
    for part in 1..=3 {
        sandbox.done(&batch(&format!("part{part}"), &format!("--shard {part}/3")));
        let part = pictures(sandbox, &format!("part{part}"));
        assert!((2..=3).contains(&part.len()) && part.is_disjoint(&seen), "{part:?}");
        seen.extend(part);
    }
    assert_eq!(seen, whole);
    // As schedulers say it.
    for (variables, options, same) in [
        (
            &[("SLURM_ARRAY_TASK_ID", "12"), ("SLURM_ARRAY_TASK_MIN", "10"), ("SLURM_ARRAY_TASK_COUNT", "3")]
                [..],
            "",
            "part3",
        ),
        (
            &[("SLURM_ARRAY_TASK_ID", "1"), ("SLURM_ARRAY_TASK_MIN", "0"), ("SLURM_ARRAY_TASK_COUNT", "3")],
            "",
            "part2",
        ),
        (&[("JOB_COMPLETION_INDEX", "0")], "--shards 3", "part1"),
        (&[("HQ_TASK_ID", "2")], "--shards 3", "part3"),
        // What the command line says holds.
        (&[("SLURM_ARRAY_TASK_ID", "0"), ("SLURM_ARRAY_TASK_COUNT", "3")], "--shard 2/3", "part2"),
    ] {
        let mut command = sandbox.command(&batch("scheduled", options));
        command.envs(variables.iter().copied());
        let ended = end(command);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(pictures(sandbox, "scheduled"), pictures(sandbox, same), "{variables:?}");
        fs::remove_dir_all(sandbox.path("scheduled")).unwrap();
    }
    for shard in ["0/3", "4/3", "1", "a/b", "1/0"] {
        sandbox.refused(&batch("x", &format!("--shard {shard}")), 2, &["--shard", "2/8"]);
    }
    sandbox.refused(&batch("x", "--shards 3"), 1, &["JOB_COMPLETION_INDEX", "--shard I/3"]);
    let mut beyond = sandbox.command(&batch("x", "--shards 3"));
    beyond.env("JOB_COMPLETION_INDEX", "3");
    sandbox.refused_as(beyond, "a part beyond the last", 1, &["part 4", "there are 3"]);
}

pub(crate) fn two_hundred_pictures_and_five_kills(sandbox: &Sandbox) {
    let photographs = draw_photographs(sandbox, 200);
    let whole = sandbox.bytes("p77.png");
    sandbox.write("p77.png", b"damaged");
    let line = format!("batch --style style.png --out out --jobs 2 {SHORT} {photographs}");
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..5 {
        let mut child = sandbox.command(&line).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(random.u64(60..400)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let ended = sandbox.run(&line);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("1 picture could not be painted: p77-style.png"), "{ended:?}");
    sandbox.write("p77.png", &whole);
    sandbox.done(&line);
    let painted = pictures(sandbox, "out");
    assert_eq!(painted.len(), 200);
    // Nothing else is left in the folder, but what killed runs held, which goes after a minute.
    for entry in fs::read_dir(sandbox.path("out")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(painted.contains(&name) || name.starts_with(".impasto-"), "{name}");
    }
    sandbox.done(&format!("batch --style style.png --out alone --jobs 1 --threads 1 {SHORT} {photographs}"));
    for name in painted {
        assert_eq!(sandbox.bytes(&format!("out/{name}")), sandbox.bytes(&format!("alone/{name}")), "{name}");
    }
}

pub(crate) fn two_batches_in_one_folder(sandbox: &Sandbox) {
    let photographs = draw_photographs(sandbox, 12);
    let line = format!("batch --style style.png --out out {SHORT} {photographs}");
    let start = || sandbox.command(&line).stderr(Stdio::piped()).spawn().unwrap();
    let both = [start(), start()];
    for child in both {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(pictures(sandbox, "out").len(), 12);
    let done = sandbox.done(&line);
    assert!(done.stderr.contains("0 painted, 12 there already"), "{done:?}");
}
