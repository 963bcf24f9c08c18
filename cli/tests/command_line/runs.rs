//! Runs that succeed, and those that are interrupted: what they write and print.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use ndarray::Array3;
use serde_json::Value;

use crate::arrays::{npy, random_weights, write_npz};
use crate::pictures::{draw, turned, waves};
use crate::sandbox::{Ended, SHORT, Sandbox, end};

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    let mut trials = crate::trials!(weights;
        runs::transfer_invert_and_texture,
        runs::every_format,
        runs::the_summary_in_json,
        runs::a_trace_tells_every_iteration,
        runs::scales_are_told_everywhere,
        runs::snapshots_count_completed_iterations,
        runs::progress_in_plain_lines,
        runs::quiet_is_silent,
        runs::presets_are_parameters_and_schedule,
        runs::options_win_over_the_preset,
        runs::optimizers_and_pooling,
        runs::seeds,
        runs::several_styles,
        runs::starting_from_an_image,
        runs::starting_from_an_array,
        runs::orientation,
        runs::color_profiles,
        runs::warnings_about_pictures,
        runs::threads_do_not_change_the_result,
        runs::weights_that_are_built_in,
        runs::help_and_version,
        runs::completions_and_manual_pages,
    );
    #[cfg(target_os = "linux")]
    trials.extend(crate::trials!(weights; runs::weights_in_the_data_folder));
    let checks = Trial::test("runs::the_notebooks_checks", the_notebooks_checks);
    trials.push(checks.with_ignored_flag(data_dir().is_none()));
    trials
}

/// The folder around the notebook's data, where there is one.
fn data_dir() -> Option<PathBuf> {
    env::var_os("IMPASTO_DATA").filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text:?}"))
}

pub(crate) fn transfer_invert_and_texture(sandbox: &Sandbox) {
    sandbox.done(&format!("transfer content.png style.png -o transfer.png {SHORT}"));
    sandbox.done(&format!("invert content.png -o invert.png {SHORT}"));
    sandbox.done(&format!("texture style.png -o texture.png {SHORT}"));
    assert_eq!(sandbox.picture("transfer.png").dim(), (32, 42, 3));
    assert_eq!(sandbox.picture("invert.png").dim(), (32, 42, 3));
    assert_eq!(sandbox.picture("texture.png").dim(), (32, 32, 3));
    assert_ne!(sandbox.picture("transfer.png"), sandbox.picture("invert.png"));
    // The style's size does not touch the result's.
    sandbox.done(&format!("texture style.png -o texture.png {SHORT} --style-size 40"));
    assert_eq!(sandbox.picture("texture.png").dim(), (32, 32, 3));
}

pub(crate) fn every_format(sandbox: &Sandbox) {
    for name in ["o.png", "o.jpg", "o.webp", "o.tiff", "o.bmp"] {
        sandbox.done(&format!("transfer content.png style.png -o {name} --size 32 --iterations 1"));
        assert_eq!(sandbox.picture(name).dim(), (32, 42, 3), "{name}");
    }
}

pub(crate) fn the_summary_in_json(sandbox: &Sandbox) {
    let line = format!("transfer content.png style.png -o o.png {SHORT} --json --threads 2 --trace t.jsonl");
    let summary = json(&sandbox.done(&line).stdout);
    for (key, expected) in [("height", 32), ("width", 42), ("iterations", 3), ("threads", 2)] {
        assert_eq!(summary[key], expected, "{key} in {summary}");
    }
    assert_eq!(summary["interrupted"], false);
    assert_eq!(summary["output"], "o.png");
    assert!(summary["weights"].as_str().unwrap().ends_with("random.npz"));
    assert!(["avx512", "avx2", "neon", "portable"].contains(&summary["simd"].as_str().unwrap()));

    let loss = |name: &str| summary["losses"][name].as_f64().unwrap();
    let total = loss("content") + loss("style") + loss("tv");
    assert!((loss("total") - total).abs() <= 1e-4 * total, "{summary}");
    let trace = fs::read_to_string(sandbox.path("t.jsonl")).unwrap();
    let first = json(trace.lines().next().unwrap());
    assert!(loss("total") < first["total"].as_f64().unwrap(), "{summary} is not below {first}");

    let seconds = |phase: &str| summary["seconds"][phase].as_f64().unwrap();
    let phases = seconds("load") + seconds("prepare") + seconds("iterate") + seconds("save");
    assert!(seconds("iterate") > 0.0 && (seconds("total") - phases).abs() < 1e-3, "{summary}");
    if cfg!(target_os = "linux") {
        assert!(summary["peak_memory_bytes"].as_u64().unwrap() > 1_000_000, "{summary}");
    }
}

pub(crate) fn a_trace_tells_every_iteration(sandbox: &Sandbox) {
    sandbox.write("trace.jsonl", b"what was there before");
    sandbox.done(
        "transfer content.png style.png -o o.png --size 32 --jitter 0 --iterations 7 --trace trace.jsonl",
    );
    let trace = fs::read_to_string(sandbox.path("trace.jsonl")).unwrap();
    let lines: Vec<Value> = trace.lines().map(json).collect();
    assert_eq!(lines.len(), 7);
    let mut last = 0.0;
    for (index, line) in lines.iter().enumerate() {
        let number = |key: &str| line[key].as_f64().unwrap();
        assert_eq!(line["iteration"], index);
        let total = number("content") + number("style") + number("tv");
        assert!((number("total") - total).abs() <= 1e-4 * total, "{line}");
        assert!(number("seconds") >= last, "{line}");
        last = number("seconds");
    }
    // Losses are those before the step: at first the picture is the content image itself.
    assert_eq!(lines[0]["content"], 0.0);
    assert!(lines[1]["content"].as_f64().unwrap() > 0.0);
}

pub(crate) fn scales_are_told_everywhere(sandbox: &Sandbox) {
    let ended = sandbox.done(
        "transfer content.png style.png -o o.png --size 48 --smallest 24 --iterations 4,3,2 --trace t.jsonl --json \
         --snapshots s --snapshot-every 3",
    );
    let summary = json(&ended.stdout);
    assert_eq!(
        (&summary["height"], &summary["width"], &summary["iterations"]),
        (&48.into(), &64.into(), &9.into())
    );
    let sizes = |key: &str| -> Vec<u64> {
        summary["scales"].as_array().unwrap().iter().map(|scale| scale[key].as_u64().unwrap()).collect()
    };
    assert_eq!((sizes("height"), sizes("width")), (vec![24, 34, 48], vec![32, 45, 64]));
    assert_eq!(sizes("iterations"), [4, 3, 2]);
    let trace = fs::read_to_string(sandbox.path("t.jsonl")).unwrap();
    let rows: Vec<Value> = trace.lines().map(json).collect();
    let column = |key: &str| -> Vec<u64> { rows.iter().map(|row| row[key].as_u64().unwrap()).collect() };
    assert_eq!(column("iteration"), (0..9).collect::<Vec<_>>());
    assert_eq!(column("scale"), [0, 0, 0, 0, 1, 1, 1, 2, 2]);
    assert_eq!(column("height"), [24, 24, 24, 24, 34, 34, 34, 48, 48]);
    // Snapshots have the result's size at every scale.
    for name in ["s/iter_000003.png", "s/iter_000006.png", "s/iter_000009.png"] {
        assert_eq!(sandbox.picture(name).dim(), (48, 64, 3), "{name}");
    }
    assert_eq!(sandbox.picture("s/iter_000009.png"), sandbox.picture("o.png"));
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert!(lines[0].starts_with("scale 1/3, 24x32, iteration 1/4: loss "), "{ended:?}");
    assert!(lines.iter().any(|line| line.starts_with("scale 2/3, 34x45, iteration 1/3: loss ")), "{ended:?}");
    assert!(lines[lines.len() - 2].starts_with("scale 3/3, 48x64, iteration 2/2: loss "), "{ended:?}");

    // Presets keep to one.
    let ended = sandbox
        .done("transfer content.png style.png -o p.png --size 48 --preset starry --iterations 2 --json");
    assert_eq!(json(&ended.stdout)["scales"].as_array().unwrap().len(), 1);
}

pub(crate) fn snapshots_count_completed_iterations(sandbox: &Sandbox) {
    sandbox.done(
        "transfer content.png style.png -o o.png --size 32 --iterations 7 --snapshots a/b --snapshot-every 3",
    );
    let mut names: Vec<_> =
        fs::read_dir(sandbox.path("a/b")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["iter_000003.png", "iter_000006.png"]);
    sandbox.done(
        "transfer content.png style.png -o o.png --size 32 --iterations 6 --snapshots c --snapshot-every 6",
    );
    assert_eq!(sandbox.picture("c/iter_000006.png"), sandbox.picture("o.png"));
}

pub(crate) fn progress_in_plain_lines(sandbox: &Sandbox) {
    let ended = sandbox.done("transfer content.png style.png -o o.png --size 32 --iterations 40");
    let lines: Vec<&str> = ended.stderr.lines().collect();
    // The first, every tenth, and where the picture is.
    assert_eq!(lines.len(), 12, "{ended:?}");
    assert!(lines[0].starts_with("iteration 1/40: loss "), "{ended:?}");
    assert!(lines[10].starts_with("iteration 40/40: loss "), "{ended:?}");
    assert!(lines[11].contains("o.png (32x42, "), "{ended:?}");
    assert_eq!(ended.stdout, "");
}

pub(crate) fn quiet_is_silent(sandbox: &Sandbox) {
    let ended = sandbox.done(&format!("transfer content.png style.png -o o.png {SHORT} -q"));
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""));
    let ended = sandbox.done(&format!("transfer content.png style.png -o o.png {SHORT} --quiet --json"));
    assert!(json(&ended.stdout).is_object() && ended.stderr.is_empty());
    sandbox.refused("transfer missing.png style.png -o p.png -q", 1, &["missing.png"]);
}

pub(crate) fn presets_are_parameters_and_schedule(sandbox: &Sandbox) {
    let small = "--size 32 --style-size 40 --iterations 3";
    for (command, preset, options) in [
        (
            "transfer content.png style.png",
            "composition",
            "--content-weight 5e-2 --style-weights 20000,500,12,1 --tv-weight 5e-2",
        ),
        (
            "transfer content.png style.png",
            "scream",
            "--content-weight 3e-2 --style-weights 200000,800,12,1 --tv-weight 2e-2",
        ),
        (
            "transfer content.png style.png",
            "starry",
            "--content-weight 6e-2 --style-weights 300000,1000,15,3 --tv-weight 2e-2",
        ),
        (
            "transfer content.png style.png",
            "inversion",
            "--content-weight 6e-2 --style-weights 0,0,0,0 --tv-weight 2e-2 --init random",
        ),
        (
            "transfer content.png style.png",
            "texture",
            "--content-weight 0 --style-weights 300000,1000,15,3 --tv-weight 2e-2 --init random",
        ),
        ("texture style.png", "texture", "--style-weights 300000,1000,15,3 --tv-weight 2e-2"),
    ] {
        sandbox.done(&format!("{command} -o preset.png {small} --preset {preset}"));
        sandbox.done(&format!("{command} -o options.png {small} --schedule notebook {options}"));
        assert_eq!(sandbox.picture("preset.png"), sandbox.picture("options.png"), "{command} {preset}");
    }
    // A preset brings its sizes too.
    sandbox.done("invert content.png -o preset.png --iterations 1 --preset inversion");
    assert_eq!(sandbox.picture("preset.png").dim(), (192, 256, 3));
    // An inversion has no use for the style image.
    let small = "--size 32 --iterations 3 --preset inversion";
    sandbox.done(&format!("invert content.png -o inverted.png {small}"));
    sandbox.done(&format!("transfer content.png style.png -o transferred.png {small}"));
    assert_eq!(sandbox.picture("inverted.png"), sandbox.picture("transferred.png"));
}

pub(crate) fn options_win_over_the_preset(sandbox: &Sandbox) {
    let small = "transfer content.png style.png --size 32 --style-size 32 --iterations 3";
    let weights = "--content-weight 5e-2 --style-weights 20000,500,12,1 --tv-weight 5e-2";
    sandbox.done(&format!("{small} -o preset.png --preset composition"));
    for option in [
        "--schedule fast",
        "--content-weight 1",
        "--content-layer 2",
        "--style-weights 1,2,3,4",
        "--style-layers 0,2,3,5",
        "--tv-weight 1",
        "--init random",
        "--learning-rate 0.01",
    ] {
        sandbox.done(&format!("{small} -o both.png --preset composition {option}"));
        assert_ne!(sandbox.picture("both.png"), sandbox.picture("preset.png"), "{option} had no effect");
    }
    sandbox.done(&format!("{small} -o both.png --preset composition --schedule fast"));
    sandbox.done(&format!("{small} -o options.png {weights} --scales 1 --jitter 0"));
    assert_eq!(sandbox.picture("both.png"), sandbox.picture("options.png"));
}

pub(crate) fn optimizers_and_pooling(sandbox: &Sandbox) {
    let line = format!("transfer content.png style.png {SHORT}");
    sandbox.done(&format!("{line} -o adam.png"));
    for options in ["--optimizer lbfgs", "--pooling ceil", "--schedule notebook", "--learning-rate 0.02"] {
        sandbox.done(&format!("{line} -o other.png {options}"));
        assert_ne!(sandbox.picture("other.png"), sandbox.picture("adam.png"), "{options}");
    }
    sandbox
        .done(&format!("{line} -o same.png --optimizer adam --pooling floor --schedule fast --init content"));
    assert_eq!(sandbox.picture("same.png"), sandbox.picture("adam.png"));
}

pub(crate) fn seeds(sandbox: &Sandbox) {
    let texture = |name: &str, options: &str| {
        sandbox.done(&format!("texture style.png -o {name} {SHORT} {options}"));
        sandbox.picture(name)
    };
    let default = texture("default.png", "");
    assert_eq!(texture("zero.png", "--seed 0"), default);
    assert_ne!(texture("seven.png", "--seed 7"), default);
}

pub(crate) fn several_styles(sandbox: &Sandbox) {
    draw(&sandbox.path("other.png"), 36, 50, 3);
    let blend = |name: &str, styles: &str, options: &str| {
        sandbox.done(&format!("transfer content.png {styles} -o {name} {SHORT} {options}"));
        sandbox.picture(name)
    };
    let one = blend("one.png", "style.png", "");
    let both = blend("both.png", "style.png other.png", "");
    assert_ne!(both, one);
    assert_eq!(blend("equal.png", "style.png other.png", "--style-blend 2,2"), both);
    assert_eq!(blend("first.png", "style.png other.png", "--style-blend 1,0"), one);
}

pub(crate) fn starting_from_an_image(sandbox: &Sandbox) {
    let run = |options: &str| {
        sandbox.done(&format!("transfer content.png style.png -o o.png {SHORT} {options}"));
        sandbox.picture("o.png")
    };
    let from_content = run("");
    assert_eq!(run("--init content.png"), from_content);
    draw(&sandbox.path("init.jpg"), 96, 128, 5);
    assert_ne!(run("--init init.jpg"), from_content);

    // A small result serves a larger one, although truncation changed its proportions.
    draw(&sandbox.path("odd.png"), 47, 66, 6);
    sandbox.done("transfer odd.png style.png -o small.png --size 31 --iterations 1");
    sandbox.done("transfer odd.png style.png -o large.png --size 64 --iterations 1 --init small.png");
    assert_eq!(sandbox.picture("small.png").dim(), (30, 43, 3));
    assert_eq!(sandbox.picture("large.png").dim(), (64, 89, 3));

    sandbox.done(&format!("texture style.png -o texture.png {SHORT} --init content.png"));
    assert_eq!(sandbox.picture("texture.png").dim(), (32, 42, 3));
}

pub(crate) fn starting_from_an_array(sandbox: &Sandbox) {
    let picture = waves(36, 44, 9);
    let values = impasto::image::preprocess_image(picture.view());
    sandbox.write("init.npy", &npy(&[1, 36, 44, 3], values.as_slice().unwrap()));
    sandbox.done("texture style.png -o texture.png --preset texture --iterations 1 --init init.npy");
    assert_eq!(sandbox.picture("texture.png").dim(), (36, 44, 3));
    sandbox.done("texture style.png -o sized.png --size 36 --iterations 1 --init init.npy");
    // An array is the same start as the picture it was made from.
    sandbox.write("init.bmp", &[]);
    impasto::image::save_image(&sandbox.path("init.bmp"), picture.view()).unwrap();
    sandbox.done("texture style.png -o pictured.png --size 36 --iterations 1 --init init.bmp");
    assert_eq!(sandbox.picture("sized.png"), sandbox.picture("pictured.png"));
}

pub(crate) fn orientation(sandbox: &Sandbox) {
    draw(&sandbox.path("lying.jpg"), 48, 64, 1);
    sandbox.write("turned.jpg", &turned(&sandbox.bytes("lying.jpg")));
    let run = |options: &str| {
        sandbox.done(&format!("transfer turned.jpg style.png -o o.png {SHORT} {options}"));
        sandbox.picture("o.png").dim()
    };
    assert_eq!(run(""), (42, 32, 3));
    assert_eq!(run("--ignore-orientation"), (32, 42, 3));
}

pub(crate) fn color_profiles(sandbox: &Sandbox) {
    // A picture of one color, in Display P3 by its cICP chunk.
    let color = Array3::from_shape_fn((40, 40, 3), |(_, _, c)| [200, 100, 50][c]);
    let plain = impasto::image::encode_png(color.view()).unwrap();
    let chunk = b"\0\0\0\x04cICP\x0c\x0d\0\x01\x6e\x03\xe3\xef";
    sandbox.write("p3.png", &[&plain[..33], chunk, &plain[33..]].concat());
    sandbox.write("plain.png", &plain);
    let converted = sandbox.picture("p3.png");
    assert!(converted[[0, 0, 0]].abs_diff(215) <= 1, "{}", converted[[0, 0, 0]]);
    impasto::image::save_image(&sandbox.path("converted.png"), converted.view()).unwrap();
    let run = |content: &str, options: &str| {
        let line = format!("transfer {content} style.png -o o.png {SHORT} {options}");
        let ended = sandbox.done(&line);
        assert!(!ended.stderr.contains("warning"), "{ended:?}");
        sandbox.picture("o.png")
    };
    assert_eq!(run("p3.png", ""), run("converted.png", ""));
    assert_eq!(run("p3.png", "--color-profile convert"), run("converted.png", ""));
    assert_eq!(run("p3.png", "--color-profile ignore"), run("plain.png", ""));
    assert_ne!(run("converted.png", ""), run("plain.png", ""));
    // With a preset the pixels are the notebook's, unless the option says otherwise.
    let preset = "--preset starry --style-size 32";
    assert_eq!(run("p3.png", preset), run("plain.png", preset));
    let converting = format!("{preset} --color-profile convert");
    assert_eq!(run("p3.png", &converting), run("converted.png", preset));
    sandbox.refused("transfer p3.png style.png -o o2.png --color-profile srgb", 2, &["convert", "ignore"]);
}

pub(crate) fn warnings_about_pictures(sandbox: &Sandbox) {
    let whole = sandbox.bytes("content.png");
    // Where names may hold what moves a terminal's cursor, this one does.
    let name = if cfg!(windows) { "no-end.png" } else { "no\x1bend.png" };
    let shown = if cfg!(windows) { name } else { "no?end.png" };
    sandbox.write(name, &whole[..whole.len() - 12]);
    for line in [
        format!("transfer {name} style.png -o o.png {SHORT}"),
        format!("invert {name} -o o.png {SHORT}"),
        format!("texture {name} -o o.png {SHORT}"),
        format!("transfer content.png style.png -o o.png {SHORT} --init {name}"),
        format!("explain {name} style.png --size 32"),
    ] {
        let warnings = |ended: &Ended| {
            let lines = ended.stderr.lines().filter(|line| line.starts_with("warning: "));
            lines.map(String::from).collect::<Vec<_>>()
        };
        let ended = sandbox.done(&line);
        let expected =
            format!("warning: {shown} lacks its end marker; its pixels are complete and were read");
        assert_eq!(warnings(&ended), [expected], "{line}");
        assert_eq!(sandbox.done(&format!("{line} --quiet")).stderr, "", "{line}");
    }
    // A picture that is given twice is warned of once.
    let twice = sandbox.done(&format!("transfer {name} {name} -o o.png {SHORT}"));
    assert_eq!(twice.stderr.matches("warning: ").count(), 1, "{twice:?}");
}

pub(crate) fn threads_do_not_change_the_result(sandbox: &Sandbox) {
    let run = |threads: usize| {
        let line = "transfer content.png style.png -o o.png --size 64 --iterations 5";
        sandbox.done(&format!("{line} --threads {threads}"));
        sandbox.picture("o.png")
    };
    let one = run(1);
    assert_eq!(run(2), one);
    assert_eq!(run(3), one);
}

pub(crate) fn help_and_version(sandbox: &Sandbox) {
    for line in [
        "--help",
        "transfer --help",
        "invert --help",
        "texture --help",
        "check --help",
        "demo --help",
        "--version",
    ] {
        let ended = sandbox.done(line);
        assert!(ended.stdout.contains("impasto") && ended.stderr.is_empty(), "{line}: {ended:?}");
    }
    let help = sandbox.done("transfer --help").stdout;
    for option in [
        "--style-blend",
        "[default: 1,4,6,7]",
        "Examples:",
        "$IMPASTO_WEIGHTS",
        "ignore-orientation",
        "color-profile",
    ] {
        assert!(help.contains(option), "{option} is not in {help}");
    }
}

#[cfg(target_os = "linux")]
pub(crate) fn weights_in_the_data_folder(sandbox: &Sandbox) {
    fs::create_dir_all(sandbox.path("data/impasto")).unwrap();
    fs::copy(sandbox.weights(), sandbox.path("data/impasto/squeezenet1_1.npz")).unwrap();
    let line = format!("transfer content.png style.png -o o.png {SHORT} --json");
    let ended = end(sandbox.command_without_weights(&line));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(json(&ended.stdout)["weights"].as_str().unwrap().ends_with("data/impasto/squeezenet1_1.npz"));
    assert!(!ended.stderr.contains("weights"), "{ended:?}");
}

pub(crate) fn weights_that_are_built_in(sandbox: &Sandbox) {
    let line = format!("transfer content.png style.png -o o.png {SHORT} --json");
    let ended = end(sandbox.command_without_weights(&line));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(json(&ended.stdout)["weights"], "built-in");
    let about_weights: Vec<&str> = ended.stderr.lines().filter(|line| line.contains("weights")).collect();
    assert_eq!(about_weights.len(), 1, "{ended:?}");
    assert!(about_weights[0].contains("built-in") && about_weights[0].contains("`impasto weights fetch`"));
    let ended = end(sandbox.command_without_weights(&format!("{line} --quiet")));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

fn the_notebooks_checks() -> Result<(), Failed> {
    let data = data_dir().ok_or("IMPASTO_DATA is not set")?;
    let sandbox = Sandbox::new(&data.join("notebook/squeezenet1_1.npz"));
    let mut by_variable = sandbox.command("check");
    by_variable.env("IMPASTO_DATA", &data);
    let ended = end(by_variable);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let count = |what: &str| ended.stdout.lines().filter(|line| line.contains(what)).count();
    assert_eq!(ended.stdout.lines().count(), 8, "{ended:?}");
    assert_eq!((count("TensorFlow"), count("PyTorch")), (4, 4), "{ended:?}");
    assert_eq!((count("Maximum error is 0.000"), count("Error is 0.000")), (4, 4), "{ended:?}");
    let by_option = sandbox.done(&format!("check --data {}", data.join("notebook").display()));
    assert_eq!(by_option.stdout, ended.stdout);

    // With weights that are not the notebook's, nothing that reads a feature holds.
    fs::create_dir(sandbox.path("other"))?;
    for file in fs::read_dir(data.join("notebook"))?.collect::<Result<Vec<_>, _>>()? {
        if file.path().is_file() {
            fs::copy(file.path(), sandbox.path("other").join(file.file_name()))?;
        }
    }
    write_npz(&sandbox.path("other/squeezenet1_1.npz"), &random_weights());
    let failed = sandbox.run("check --data other");
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert_eq!(failed.stdout.lines().filter(|line| line.contains("FAILED")).count(), 6, "{failed:?}");
    assert_eq!(failed.stdout.lines().filter(|line| line.contains("passed")).count(), 2, "{failed:?}");
    Ok(())
}

pub(crate) fn completions_and_manual_pages(sandbox: &Sandbox) {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = sandbox.done(&format!("completions {shell}")).stdout;
        assert!(script.contains("impasto") && script.contains("style-strength"), "{shell}: {script}");
    }
    sandbox.done("man pages/man1");
    let page = fs::read_to_string(sandbox.path("pages/man1/impasto-transfer.1")).unwrap();
    assert!(page.contains("style\\-strength"), "{page}");
    assert!(sandbox.path("pages/man1/impasto.1").exists());
}
