//! What a painter asks of a picture: its colors and its size.

use std::path::PathBuf;
use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::sandbox::Sandbox;

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    crate::trials!(weights;
        controls::colors,
        controls::sizes,
        controls::sizes_of_textures,
        controls::sizes_that_cannot_be,
        controls::layers_by_name,
        controls::runs_that_end_early,
        controls::quality,
        controls::blended_inits,
        controls::a_scale_for_each_style,
        controls::seamless_textures,
        controls::normalized_gradients,
        controls::style_moments,
    )
}

pub(crate) fn colors(sandbox: &Sandbox) {
    let picture = |options: &str, name: &str| {
        sandbox.done(&format!("transfer content.png style.png -o {name} --iterations 2 --size 40 {options}"));
        sandbox.picture(name)
    };
    let plain = picture("", "plain.png");
    assert_eq!(picture("--preserve-colors none", "none.png"), plain);
    assert_ne!(picture("--preserve-colors match", "match.png"), plain);
    assert_ne!(picture("--preserve-colors luminance", "luminance.png"), plain);
    for option in ["--gray", "--grey"] {
        let gray = picture(option, "gray.png");
        assert!(
            gray.rows().into_iter().all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]),
            "{option}"
        );
    }
    sandbox.refused(
        "transfer content.png style.png -o o.png --preserve-colors hue",
        2,
        &["--preserve-colors", "luminance", "match"],
    );
    sandbox.refused(
        "transfer content.png style.png -o o.png --original_colors 1",
        2,
        &["--preserve-colors luminance"],
    );
}

/// Width and height of a picture.
fn sides(sandbox: &Sandbox, name: &str) -> (usize, usize) {
    let (height, width, _) = sandbox.picture(name).dim();
    (width, height)
}

/// Width and height of a result, and what stderr says.
fn size(sandbox: &Sandbox, line: &str) -> ((usize, usize), String) {
    let done = sandbox.done(&format!("{line} -o sized.png --iterations 1 --scales 1"));
    (sides(sandbox, "sized.png"), done.stderr)
}

pub(crate) fn sizes(sandbox: &Sandbox) {
    let (width, height) = sides(sandbox, "content.png");
    assert!(width > height, "the sizes below are of a wide picture");
    let of = |options: &str| size(sandbox, &format!("transfer content.png style.png {options}")).0;
    let beside = |side: usize, of: usize, to: usize| (side as f64 * to as f64 / of as f64).round() as usize;
    assert_eq!(of("--size photo"), (width, height));
    assert_eq!(of("--longer-side 44"), (44, beside(height, width, 44)));
    assert_eq!(of("--width 50"), (50, beside(height, width, 50)));
    assert_eq!(of("--height 36"), (beside(width, height, 36), 36));
    assert_eq!(of("--width 40 --height 40"), (40, 40));
    assert_eq!(of("--width 41 --height 60"), (41, 60));
    // A photograph that grows is worth a note, one that shrinks is not.
    let line = |size: usize| format!("transfer content.png style.png --size {size}");
    let (_, told) = size(sandbox, &line(height + 1));
    assert!(told.contains("note: content.png has") && told.contains("--size photo"), "{told}");
    let (_, told) = size(sandbox, &line(height));
    assert!(!told.contains("note:"), "{told}");
    let (_, told) = size(sandbox, &format!("{} --quiet", line(height + 1)));
    assert_eq!(told, "");
}

pub(crate) fn sizes_of_textures(sandbox: &Sandbox) {
    let (width, height) = sides(sandbox, "style.png");
    let of = |options: &str| size(sandbox, &format!("texture style.png {options}")).0;
    assert_eq!(of("--width 70 --height 40"), (70, 40));
    assert_eq!(of("--width 33 --height 64"), (33, 64));
    assert_eq!(of("--size photo"), (width, height));
    assert_eq!(of("--longer-side 60").0.max(of("--longer-side 60").1), 60);
}

pub(crate) fn sizes_that_cannot_be(sandbox: &Sandbox) {
    for options in ["--size 40 --longer-side 50", "--longer-side 50 --width 40", "--size photo --height 3"] {
        let line = format!("transfer content.png style.png -o o.png {options}");
        sandbox.refused(&line, 2, &["cannot be used with"]);
    }
    for option in ["--size", "--longer-side", "--width", "--height"] {
        for value in ["0", "-3", "wide"] {
            let line = format!("transfer content.png style.png -o o.png {option} {value}");
            sandbox.refused(&line, 2, &[option, "at least 1"]);
        }
    }
    let line = "transfer content.png style.png -o o.png --width 100000 --height 100000";
    sandbox.refused(line, 1, &["content.png", "100000x100000"]);
    for (options, name) in [
        ("--width 100000 --height 100000", "the style image"),
        ("--width 18446744073709551615 --height 40", "the result"),
        ("--height 18446744073709551615", "the style image"),
        ("--size photo --style-scale 9999999999", "the style image"),
    ] {
        let line = format!("texture style.png -o o.png {options}");
        sandbox.refused(&line, 2, &[name, "200 megapixels", "smaller size"]);
    }
    let line = "transfer content.png style.png -o o.png --width 4 --height 40";
    sandbox.refused(line, 1, &["40x4", "too small"]);
}

pub(crate) fn layers_by_name(sandbox: &Sandbox) {
    let picture = |options: &str, name: &str| {
        sandbox.done(&format!("transfer content.png style.png -o {name} --iterations 2 --size 40 {options}"));
        sandbox.picture(name)
    };
    let by_number = picture("--content-layer 4 --style-layers 1,3 --style-weights 9,2", "number.png");
    let by_name = picture("--content-layer fire4 --style-layers relu1,fire3 --style-weights 9,2", "name.png");
    assert_eq!(by_number, by_name);
    assert_ne!(by_name, picture("", "plain.png"));
    // In the paper fire2 is layer 3; here layer 2 is a pool.
    let line = "transfer content.png style.png -o o.png --content-layer fire2";
    sandbox.refused(line, 2, &["--content-layer", "fire2", "impasto explain layers"]);

    let table = sandbox.done("explain layers").stdout;
    assert!(table.contains("    3 fire3   fire2 ") && table.contains("content\n"), "{table}");
    assert!(table.lines().all(|line| line.len() <= 100), "{table}");
    assert_eq!(sandbox.done("explain --layers").stdout, table);
    let rows: Vec<Value> = serde_json::from_str(&sandbox.done("explain layers --json").stdout).unwrap();
    assert_eq!(rows.len(), 13);
    assert_eq!(
        (&rows[7]["name"], &rows[7]["sees"], &rows[7]["stride"]),
        (&"fire7".into(), &63.into(), &8.into())
    );
    assert_eq!(rows[7]["shape"], serde_json::json!([23, 31, 256]));
}

pub(crate) fn runs_that_end_early(sandbox: &Sandbox) {
    let line =
        "transfer content.png style.png -o o.png --size 40 --scales 1 --iterations 60 --json --stop-below";
    let iterations = |rate: &str| {
        let done = sandbox.done(&format!("{line} {rate}"));
        serde_json::from_str::<Value>(&done.stdout).unwrap()["iterations"].clone()
    };
    assert_eq!((iterations("0"), iterations("1")), (60.into(), 48.into()));
    sandbox.refused(&format!("{line} 2"), 1, &["2", "from 0 to 1"]);
    sandbox.refused(&format!("{line} often"), 2, &["--stop-below"]);
}

pub(crate) fn quality(sandbox: &Sandbox) {
    let size = |options: &str| {
        sandbox.done(&format!("transfer content.png style.png -o o.jpg --iterations 1 --size 40 {options}"));
        sandbox.bytes("o.jpg").len()
    };
    assert!(size("--quality 20") < size("") && size("--quality 100") > size(""));
    let refused = |options: &str, code, mentions: &[&str]| {
        sandbox.refused(&format!("transfer content.png style.png {options}"), code, mentions);
    };
    refused("-o o.png --quality 80", 1, &["o.png", "loses nothing"]);
    refused("-o - --quality 80", 2, &["--quality", "loses nothing"]);
    for value in ["0", "101", "best"] {
        refused(&format!("-o o.jpg --quality {value}"), 2, &["--quality", value]);
    }
}

pub(crate) fn blended_inits(sandbox: &Sandbox) {
    let picture = |init: &str| {
        let line = "transfer content.png style.png -o o.png --size 40 --scales 1 --iterations 1 --init";
        sandbox.done(&format!("{line} {init}"));
        sandbox.picture("o.png")
    };
    assert_eq!(picture("content:1,noise:0"), picture("content"));
    assert_eq!(picture("noise:3,content:7"), picture("content:0.7,noise:0.3"));
    assert_ne!(picture("content:0.7,noise:0.3"), picture("content"));
    for init in
        ["content:1", "content:0,noise:0", "noise:1,noise:2", "content:-1,noise:2", "content:1,paint:1"]
    {
        let line = format!("transfer content.png style.png -o o.png --init {init}");
        sandbox.refused(&line, 2, &["--init", "content:0.7,noise:0.3"]);
    }
    sandbox.refused("texture style.png -o o.png --init content:1,noise:1", 2, &["no content image"]);
}

pub(crate) fn a_scale_for_each_style(sandbox: &Sandbox) {
    let picture = |scales: &str| {
        let line = "transfer content.png style.png content.png -o o.png --size 40 --scales 1 --iterations 2";
        sandbox.done(&format!("{line} --style-scale {scales}"));
        sandbox.picture("o.png")
    };
    assert_eq!(picture("0.9"), picture("0.9,0.9"));
    assert_ne!(picture("0.9,1"), picture("1,0.9"));
    let line = "transfer content.png style.png content.png -o o.png --style-scale 1,2,0.5";
    sandbox.refused(line, 2, &["--style-scale", "3 sizes", "2 style images"]);
    sandbox.refused("texture style.png -o o.png --style-scale 1,0", 2, &["--style-scale", "0"]);
}

pub(crate) fn seamless_textures(sandbox: &Sandbox) {
    let line = "texture style.png -o o.png --width 50 --height 40 --scales 1 --iterations 2";
    sandbox.done(&format!("{line} --seamless"));
    let seamless = sandbox.picture("o.png");
    assert_eq!(seamless.dim(), (40, 50, 3));
    sandbox.done(line);
    assert_ne!(sandbox.picture("o.png"), seamless);
    sandbox.refused("transfer content.png style.png -o o.png --seamless", 2, &["--seamless"]);
    sandbox.refused(&format!("{line} --seamless --memory 3M"), 1, &["memory"]);
}

pub(crate) fn style_moments(sandbox: &Sandbox) {
    let picture = |options: &str| {
        sandbox.done(&format!(
            "transfer content.png style.png -o o.png --size 40 --scales 1 --iterations 3 {options}"
        ));
        sandbox.picture("o.png")
    };
    assert_eq!(picture("--style-moments 0"), picture(""));
    assert_ne!(picture("--style-moments 1"), picture(""));
    sandbox.refused("transfer content.png style.png -o o.png --style-moments -1", 2, &["--style-moments"]);
}

pub(crate) fn normalized_gradients(sandbox: &Sandbox) {
    let line = "transfer content.png style.png -o o.png --size 40 --scales 1 --iterations 3";
    let picture = |options: &str| {
        sandbox.done(&format!("{line} {options}"));
        sandbox.picture("o.png")
    };
    let plain = picture("");
    let normalized = picture("--normalize-gradients");
    assert_ne!(plain, normalized);
    let defaults = "--content-weight 2 --style-weights 1,1,1,1 --tv-weight 0.05";
    assert_eq!(picture(&format!("--normalize-gradients {defaults}")), normalized);
    sandbox.refused(&format!("{line} --normalize-gradients --preset starry"), 2, &["--preset"]);
    let line = format!("{line} --normalize-gradients --optimizer lbfgs");
    sandbox.refused(&line, 2, &["--normalize-gradients", "L-BFGS"]);
}
