//! `impasto weights`: what is told about files of weights, and what they are converted to.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::arrays::{npy, random_weights, random_weights_with, write_npz};
use crate::pictures::cut;
use crate::sandbox::{SHORT, Sandbox, end};

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    crate::trials!(weights;
        weights::info_as_text,
        weights::info_of_the_weights_that_are_used,
        weights::info_in_json,
        weights::info_of_folders,
        weights::info_of_what_is_wrong,
        weights::conversions_lose_nothing,
        weights::conversions_to_half_precision,
        weights::conversions_that_are_refused,
        weights::files_that_are_refused,
    )
}

/// The JSON that a command prints which ends with this code.
fn json_of(sandbox: &Sandbox, line: &str, code: i32) -> Value {
    let ended = sandbox.run(line);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(code), ""), "{line}");
    serde_json::from_str(&ended.stdout).unwrap()
}

pub(crate) fn info_as_text(sandbox: &Sandbox) {
    write_npz(&sandbox.path("w.npz"), &random_weights());
    let text = sandbox.done("weights info w.npz").stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "w.npz: NumPy archive (.npz)");
    assert!(lines.contains(&"network     SqueezeNet 1.1, features"), "{text}");
    assert!(lines.contains(&"layers      0, 3, 4, 6, 7, 9, 10, 11, 12"), "{text}");
    assert!(lines.contains(&"parameters  722496"), "{text}");
    let columns = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let row = lines.iter().find(|line| line.starts_with("features.0.weight ")).unwrap();
    assert_eq!(columns(row), ["features.0.weight", "64x3x3x3", "float32", "features.0.weight"]);
    assert!(!text.contains("problem"), "{text}");
}

pub(crate) fn info_of_the_weights_that_are_used(sandbox: &Sandbox) {
    let usual = sandbox.done("weights info").stdout;
    let lines: Vec<&str> = usual.lines().collect();
    assert!(lines[0].ends_with("random.npz (named by IMPASTO_WEIGHTS)"), "{usual}");
    assert!(lines[1].starts_with("built in: SqueezeNet 1.1, features, trained on drawings; "), "{usual}");
    assert!(lines[3].ends_with("random.npz: NumPy archive (.npz)"), "{usual}");
    let report = json_of(sandbox, "weights info --json", 0);
    assert_eq!((&report["source"], &report["parameters"]), (&json!("variable"), &json!(722_496)));
    assert_eq!(
        (&report["built_in"]["path"], &report["built_in"]["classifier"]),
        (&json!("built-in"), &json!(false))
    );

    let ended = end(sandbox.command_without_weights("weights info"));
    let first = "default weights: built-in (no others found)\n";
    assert!(ended.code == Some(0) && ended.stdout.starts_with(first), "{ended:?}");
    assert!(ended.stdout.contains("\nbuilt-in: NumPy archive (.npz)\n"), "{ended:?}");
    let ended = end(sandbox.command_without_weights("weights info --json"));
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&report["source"], &report["path"]), (&json!("built-in"), &json!("built-in")));
    assert_eq!(report["files"], report["built_in"]["files"]);
}

pub(crate) fn info_in_json(sandbox: &Sandbox) {
    let mut members = random_weights();
    members.push(("steps.npy".to_owned(), npy(&[2], &[1.0, 2.0])));
    write_npz(&sandbox.path("w.npz"), &members);
    let report = json_of(sandbox, "weights info w.npz --json", 0);
    let length = sandbox.bytes("w.npz").len();
    for (key, expected) in [
        ("path", json!("w.npz")),
        ("format", json!("npz")),
        ("network", json!("SqueezeNet 1.1, features")),
        ("layers", json!([0, 3, 4, 6, 7, 9, 10, 11, 12])),
        ("classifier", json!(false)),
        ("parameters", json!(722_496)),
        ("problem", Value::Null),
    ] {
        assert_eq!(report[key], expected, "{key}");
    }
    assert_eq!(
        (&report["files"][0]["path"], &report["files"][0]["bytes"]),
        (&json!("w.npz"), &json!(length))
    );
    let arrays = report["arrays"].as_array().unwrap();
    assert_eq!(arrays.len(), 51);
    let bias = json!({"name": "features.0.bias", "shape": [64], "type": "float32",
        "parameter": "features.0.bias", "problem": null});
    assert_eq!(arrays[1], bias);
    assert_eq!((&arrays[50]["name"], &arrays[50]["parameter"]), (&json!("steps"), &Value::Null));
}

pub(crate) fn info_of_folders(sandbox: &Sandbox) {
    fs::create_dir(sandbox.path("folder")).unwrap();
    for (name, bytes) in random_weights() {
        sandbox.write(&format!("folder/{name}"), &bytes);
    }
    let report = json_of(sandbox, "weights info folder --json", 0);
    assert_eq!((&report["format"], &report["parameters"]), (&json!("npy-folder"), &json!(722_496)));
    let files = report["files"].as_array().unwrap();
    let bytes: u64 = files.iter().map(|file| file["bytes"].as_u64().unwrap()).sum();
    let text = sandbox.done("weights info folder").stdout;
    assert!(text.contains(&format!("files       50, {bytes} bytes\n")), "{text}");
    assert!(files.len() == 50 && !text.contains("SHA-256"), "{text}");
}

pub(crate) fn info_of_what_is_wrong(sandbox: &Sandbox) {
    // The archive without members, whose digest is well known.
    sandbox.write("empty.npz", &[&b"PK\x05\x06"[..], &[0; 18]].concat());
    let report = json_of(sandbox, "weights info empty.npz --json", 1);
    let sha256 = "8739c76e681f900923b900c9df0ef75cf421d39cabb54650c4b9ad19b6a76d85";
    assert_eq!((&report["files"][0]["sha256"], &report["network"]), (&json!(sha256), &json!("unknown")));
    assert!(report["problem"].as_str().unwrap().contains("lacks 50 arrays"), "{report}");

    let bias = "features.4.squeeze.bias";
    write_npz(&sandbox.path("gap.npz"), &random_weights_with(bias, None));
    let ended = sandbox.run("weights info gap.npz");
    assert_eq!(ended.code, Some(1));
    assert!(ended.stdout.contains("SqueezeNet 1.1, features up to layer 3"), "{}", ended.stdout);
    assert!(ended.stdout.contains(&format!("problem: gap.npz lacks 1 array ({bias})")), "{}", ended.stdout);

    write_npz(&sandbox.path("nan.npz"), &random_weights_with(bias, Some(npy(&[16], &[f32::NAN; 16]))));
    let report = json_of(sandbox, "weights info nan.npz --json", 1);
    assert_eq!(report["layers"], json!([0, 3, 6, 7, 9, 10, 11, 12]));
    assert!(report["problem"].as_str().unwrap().contains("is NaN at [0]"), "{report}");

    // A name that would clear the screen.
    let mut members = random_weights();
    members.push(("\u{1b}[2J.npy".to_owned(), npy(&[1], &[0.0])));
    write_npz(&sandbox.path("w.npz"), &members);
    let text = sandbox.done("weights info w.npz").stdout;
    assert!(text.contains("?[2J ") && !text.contains('\u{1b}'), "{text}");
}

pub(crate) fn conversions_lose_nothing(sandbox: &Sandbox) {
    let line = format!("transfer content.png style.png {SHORT}");
    write_npz(&sandbox.path("w.npz"), &random_weights());
    sandbox.done(&format!("{line} -o expected.png --weights w.npz"));
    let ended = sandbox.done("weights convert w.npz w.safetensors");
    assert_eq!(ended.stdout, "w.safetensors: 722496 parameters, float32\n");
    assert_eq!(json_of(sandbox, "weights info w.safetensors --json", 0)["format"], "safetensors");
    sandbox.done("weights convert w.safetensors again.NPZ");
    for weights in ["w.safetensors", "again.NPZ"] {
        sandbox.done(&format!("{line} -o o.png --weights {weights}"));
        assert_eq!(sandbox.picture("o.png"), sandbox.picture("expected.png"), "{weights}");
    }
    // What is there is replaced, by the same bytes.
    let once = sandbox.bytes("w.safetensors");
    sandbox.done("weights convert again.NPZ w.safetensors");
    assert_eq!(sandbox.bytes("w.safetensors"), once);
}

pub(crate) fn conversions_to_half_precision(sandbox: &Sandbox) {
    write_npz(&sandbox.path("w.npz"), &random_weights());
    for output in ["half.npz", "half.safetensors"] {
        let ended = sandbox.done(&format!("weights convert w.npz {output} --half"));
        assert_eq!(ended.stdout, format!("{output}: 722496 parameters, float16\n"));
        assert!(sandbox.bytes(output).len() < 1_600_000);
        let report = json_of(sandbox, &format!("weights info {output} --json"), 0);
        let arrays = report["arrays"].as_array().unwrap();
        assert!(arrays.len() == 50 && arrays.iter().all(|array| array["type"] == "float16"), "{report}");
    }
    write_npz(
        &sandbox.path("large.npz"),
        &random_weights_with("features.0.bias", Some(npy(&[64], &[65520.0; 64]))),
    );
    let line = "weights convert large.npz small.npz --half";
    sandbox.refused(line, 1, &["features.0.bias", "65520", "save it as float32"]);
}

pub(crate) fn conversions_that_are_refused(sandbox: &Sandbox) {
    write_npz(&sandbox.path("w.npz"), &random_weights());
    for output in ["w.pth", "w", "w.npz.gz", ".npz"] {
        let mentions = [output, ".npz or .safetensors"];
        sandbox.refused(&format!("weights convert w.npz {output}"), 2, &mentions);
    }
    for output in ["w.npz", "./w.npz"] {
        sandbox.refused(&format!("weights convert w.npz {output}"), 2, &["OUT", output, "also IN"]);
    }
    sandbox.refused("weights convert w.npz nowhere/o.npz", 1, &["nowhere/o.npz", "check its folder"]);
    fs::create_dir(sandbox.path("folder.npz")).unwrap();
    sandbox.refused("weights convert w.npz folder.npz", 1, &["folder.npz", "name a file"]);
    sandbox.refused("weights convert w.npz", 2, &["<OUT>"]);
    // A file of a folder is a file of IN.
    fs::create_dir(sandbox.path("folder")).unwrap();
    fs::rename(sandbox.path("w.npz"), sandbox.path("folder/w.npz")).unwrap();
    let mentions = ["OUT", "folder/w.npz", "also a file of IN"];
    sandbox.refused("weights convert folder folder/w.npz", 2, &mentions);
    sandbox.done("weights convert folder w.npz");
    // Only whole weights are converted, and what fails leaves what was there.
    write_npz(&sandbox.path("gap.npz"), &random_weights_with("features.12.squeeze.bias", None));
    sandbox.refused("weights convert gap.npz w.npz", 1, &["gap.npz", "features.12.squeeze.bias"]);
}

pub(crate) fn files_that_are_refused(sandbox: &Sandbox) {
    write_npz(&sandbox.path("whole.npz"), &random_weights());
    cut(&sandbox.path("whole.npz"), &sandbox.path("cut.npz"));
    sandbox.write("calls.pth", b"\x80\x02cos\nsystem\n(X\x04\0\0\0truetR.");
    sandbox.write("text.pth", b"no weights at all");
    for (file, mentions) in [
        ("cut.npz", ["cut.npz", "not a sound zip archive"]),
        ("calls.pth", ["os.system", "never run here"]),
        ("text.pth", ["text.pth", "is of no known format"]),
        ("missing.pth", ["missing.pth", "check that it exists"]),
    ] {
        for line in [format!("weights info {file}"), format!("weights convert {file} o.npz")] {
            sandbox.refused(&line, 1, &mentions);
        }
    }
}
