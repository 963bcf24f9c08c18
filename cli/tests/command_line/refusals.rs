//! Wrong usage and paths that cannot be written: each is refused before anything is computed, by its name, with the
//! remedy, and leaves nothing behind.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use libtest_mimic::Trial;

use crate::arrays::npy;
use crate::pictures::draw;
use crate::sandbox::{SHORT, Sandbox};

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    crate::trials!(weights;
        refusals::numbers_out_of_range,
        refusals::layers_out_of_range,
        refusals::lists_that_do_not_fit,
        refusals::scales_and_jitter_that_do_not_fit,
        refusals::unknown_names,
        refusals::options_of_other_programs,
        refusals::missing_arguments,
        refusals::nothing_to_optimize,
        refusals::inits_that_do_not_fit,
        refusals::outputs_that_cannot_be_written,
        refusals::outputs_that_are_inputs,
        refusals::pictures_that_no_format_holds,
        refusals::reports_that_cannot_be_written,
        refusals::instruction_sets,
        refusals::checks_without_data,
    )
}

/// A transfer that would succeed but for these options.
fn refused(sandbox: &Sandbox, options: &str, code: i32, mentions: &[&str]) {
    sandbox.refused(&format!("transfer content.png style.png -o o.png {SHORT} {options}"), code, mentions);
}

pub(crate) fn numbers_out_of_range(sandbox: &Sandbox) {
    for option in ["--content-weight", "--tv-weight"] {
        for value in ["-1", "-0.001", "nan", "inf", "1e999", "much"] {
            refused(
                sandbox,
                &format!("{option} {value}"),
                2,
                &[option, value, "finite number that is not negative"],
            );
        }
    }
    for value in ["0", "-0.1", "nan", "-inf", "fast"] {
        let line = format!("--learning-rate={value}");
        refused(sandbox, &line, 2, &["--learning-rate", value, "finite number above 0"]);
    }
    for option in ["--style-weights", "--style-blend"] {
        refused(sandbox, &format!("{option} 1,-2,3,4"), 2, &[option, "'-2'", "not negative"]);
        refused(sandbox, &format!("{option} 1,NaN,3,4"), 2, &[option, "'NaN'", "not negative"]);
        refused(sandbox, &format!("{option} 1,,3,4"), 2, &[option, "''", "not negative"]);
    }
    let line = "transfer content.png style.png -o o.png";
    for option in ["--size", "--style-size", "--iterations", "--snapshot-every"] {
        for value in ["0", "-5", "1.5", "nan", "99999999999999999999999"] {
            sandbox.refused(
                &format!("{line} {option} {value}"),
                2,
                &[option, value, "whole number of at least 1"],
            );
        }
    }
    for value in ["0", "-1", "1025", "all"] {
        refused(sandbox, &format!("--threads {value}"), 2, &["--threads", value, "1 to 1024"]);
    }
    refused(sandbox, "--seed 1.5", 2, &["--seed", "1.5"]);
    // Finite, but not the sum of squares.
    refused(
        sandbox,
        "--content-weight 1e300 --init random",
        1,
        &["no longer a finite number", "smaller weights"],
    );
}

pub(crate) fn options_of_other_programs(sandbox: &Sandbox) {
    for (options, mentions) in [
        ("--original-colors", &["'--original-colors'", "--preserve-colors luminance"][..]),
        ("--device cuda", &["'--device'", "--threads N"]),
        ("--max-size=700", &["'--max-size'", "--size N"]),
        ("-num_iterations 9", &["'-num_iterations'", "--iterations N"]),
        // A misspelling is clap's affair.
        ("--sizes 3", &["'--sizes'", "'--size'"]),
    ] {
        refused(sandbox, options, 2, mentions);
    }
}

pub(crate) fn scales_and_jitter_that_do_not_fit(sandbox: &Sandbox) {
    for (options, mentions) in [
        ("--smallest 33", &["--smallest", "33", "32"][..]),
        ("--smallest 5", &["--smallest", "5", "at least"]),
        ("--smallest 0", &["--smallest", "at least 1"]),
        ("--smallest 20 --scales 1", &["--smallest", "single scale"]),
        ("--scales 40", &["--scales", "40", "at most"]),
        ("--scales 0", &["--scales", "auto", "at least 1"]),
        ("--smallest 30 --scales 4", &["--scales", "at most 3"]),
        ("--iterations 3,4", &["--iterations", "2 numbers", "32"]),
        ("--smallest 23 --iterations 3,4,5", &["--iterations", "3 numbers", "23, 32"]),
        ("--smallest 23 --iterations 3,0", &["--iterations", "at least 1"]),
        ("--jitter 17", &["--jitter", "16"]),
        ("--jitter -1", &["--jitter", "whole number"]),
        ("--jitter 4 --optimizer lbfgs", &["--jitter", "L-BFGS"]),
        ("--style-strength 0", &["--style-strength", "above 0"]),
        ("--style-scale nan", &["--style-scale", "above 0"]),
        ("--style-scale 1 --style-size 40", &["--style-scale", "--style-size"]),
    ] {
        let line = format!("transfer content.png style.png -o o.png --size 32 {options}");
        sandbox.refused(&line, 2, mentions);
    }
}

pub(crate) fn layers_out_of_range(sandbox: &Sandbox) {
    for value in ["13", "-1", "3.5", "fire"] {
        refused(
            sandbox,
            &format!("--content-layer {value}"),
            2,
            &["--content-layer", value, "the layers are 0 to 12"],
        );
        let line = format!("--style-layers 1,{value},6,7");
        refused(sandbox, &line, 2, &["--style-layers", value, "the layers are 0 to 12"]);
    }
}

pub(crate) fn lists_that_do_not_fit(sandbox: &Sandbox) {
    let mentions = ["--style-layers", "--style-weights", "one weight for each layer"];
    refused(sandbox, "--style-layers 1,4,6 --style-weights 1,2", 2, &mentions);
    refused(sandbox, "--style-layers 1,4,6", 2, &mentions);
    refused(sandbox, "--style-weights 1,2,3,4,5", 2, &mentions);
    refused(
        sandbox,
        "--style-layers 1,4,6,4",
        2,
        &["--style-layers", "layer 4 is listed twice", "sum of its weights"],
    );
    refused(
        sandbox,
        "--style-blend 1,2",
        2,
        &["--style-blend", "2 weights for 1 style", "one for each image"],
    );
    refused(sandbox, "--style-blend 0", 2, &["--style-blend", "every style image is 0: give at least one"]);
}

pub(crate) fn unknown_names(sandbox: &Sandbox) {
    refused(sandbox, "--preset sunflowers", 2, &["--preset", "sunflowers", "starry"]);
    refused(sandbox, "--optimizer sgd", 2, &["--optimizer", "sgd", "lbfgs"]);
    refused(sandbox, "--optimizer lbfgs --learning-rate 0.1", 2, &["L-BFGS", "learning rate", "Adam"]);
    refused(sandbox, "--schedule slow", 2, &["--schedule", "slow", "notebook"]);
    refused(sandbox, "--pooling round", 2, &["--pooling", "round", "ceil"]);
    refused(sandbox, "--sise 5", 2, &["--sise", "--size"]);
    sandbox.refused(
        &format!("invert content.png -o o.png {SHORT} --preset texture"),
        2,
        &["--preset", "inversion"],
    );
    sandbox.refused(
        &format!("texture style.png -o o.png {SHORT} --preset inversion"),
        2,
        &["--preset", "starry"],
    );
    sandbox.refused(&format!("invert content.png -o o.png {SHORT} --style-size 3"), 2, &["--style-size"]);
    sandbox.refused("paint content.png", 2, &["paint"]);
}

pub(crate) fn missing_arguments(sandbox: &Sandbox) {
    sandbox.refused("transfer content.png style.png", 2, &["--output"]);
    sandbox.refused("transfer content.png -o o.png", 2, &["STYLE"]);
    sandbox.refused("texture -o o.png", 2, &["STYLE"]);
    sandbox.refused("invert -o o.png", 2, &["CONTENT"]);
}

pub(crate) fn nothing_to_optimize(sandbox: &Sandbox) {
    let nothing = "--content-weight 0 --style-weights 0,0,0,0 --tv-weight 0";
    refused(sandbox, nothing, 2, &["nothing to optimize", "a weight"]);
}

pub(crate) fn inits_that_do_not_fit(sandbox: &Sandbox) {
    refused(sandbox, "--init missing.png", 1, &["missing.png", "does not exist"]);
    refused(sandbox, "--init missing.npy", 1, &["missing.npy", "check that it exists"]);
    refused(sandbox, "--init style.png", 1, &["style.png", "40x40", "32x42", "same proportions"]);
    sandbox.write("flat.npy", &npy(&[32, 42], &[0.0; 32 * 42]));
    refused(sandbox, "--init flat.npy", 1, &["flat.npy", "[32, 42]", "(1, height, width, 3)"]);
    sandbox.write("small.npy", &npy(&[1, 20, 20, 3], &[0.0; 1200]));
    refused(sandbox, "--init small.npy", 1, &["20x20", "32x42"]);
    sandbox.write("empty.npy", &npy(&[1, 0, 0, 3], &[]));
    sandbox.refused("texture style.png -o o.png --init empty.npy", 1, &["at least one pixel"]);
    let mut values = vec![0.0; 32 * 42 * 3];
    values[77] = f32::NAN;
    sandbox.write("nan.npy", &npy(&[1, 32, 42, 3], &values));
    refused(sandbox, "--init nan.npy", 1, &["init", "not a finite number"]);
    sandbox.write("text.npy", b"this is no array");
    refused(sandbox, "--init text.npy", 1, &["text.npy", "numpy.save"]);

    let texture = "texture style.png -o o.png --iterations 1";
    sandbox.refused(&format!("{texture} --init content"), 2, &["--init", "no content image"]);
    sandbox.refused(
        &format!("{texture} --init small.npy --size 32"),
        2,
        &["--init", "20x20", "leave the size out"],
    );
}

pub(crate) fn outputs_that_cannot_be_written(sandbox: &Sandbox) {
    fs::create_dir(sandbox.path("folder.png")).unwrap();
    let refused = |output: &str, code, mentions: &[&str]| {
        sandbox.refused(&format!("transfer content.png style.png {SHORT} -o {output}"), code, mentions);
    };
    refused("nowhere/o.png", 1, &["nowhere/o.png", "no folder nowhere", "create it"]);
    // What stands where the folder should be is a file.
    refused("style.png/o.png", 1, &["style.png/o.png", "no folder style.png"]);
    refused("folder.png", 1, &["folder.png", "is a folder"]);
    for output in ["result", "o.gif", "o.png.txt", ".png"] {
        refused(output, 2, &[output, "names no known format", ".png, .jpg, .webp, .tiff or .bmp"]);
    }
}

pub(crate) fn outputs_that_are_inputs(sandbox: &Sandbox) {
    fs::create_dir(sandbox.path("steps")).unwrap();
    fs::copy(sandbox.path("content.png"), sandbox.path("steps/iter_000002.png")).unwrap();
    let line = "transfer content.png style.png --size 32 --iterations 2";
    for (options, mentions) in [
        ("-o content.png", ["--output content.png", "the content image"]),
        ("-o ./style.png", ["--output ./style.png", "a style image"]),
        ("-o steps/../content.png", ["--output steps/../content.png", "the content image"]),
        ("-o o.png --trace content.png", ["--trace content.png", "the content image"]),
        ("-o o.png --trace o.png", ["--trace o.png", "--output"]),
        ("-o o.png --trace ./o.png", ["--trace ./o.png", "--output"]),
        ("-o steps/iter_000001.png --snapshots steps", ["--snapshots steps", "--output"]),
        ("-o o.png --snapshots steps --init steps/iter_000002.png", ["--snapshots steps", "--init"]),
        ("-o steps/iter_000002.png --init steps/iter_000002.png", ["--output", "--init"]),
    ] {
        sandbox.refused(&format!("{line} {options}"), 2, &mentions);
    }
    let weights = "--weights content.png -o o.png --trace";
    sandbox.refused(&format!("texture style.png {weights} content.png"), 2, &["--trace", "the weights"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(sandbox.path("content.png"), sandbox.path("link.png")).unwrap();
        // Another name of the same file.
        fs::hard_link(sandbox.path("content.png"), sandbox.path("t.jsonl")).unwrap();
        sandbox.refused(&format!("{line} -o o.png --trace t.jsonl"), 2, &["--trace", "the content image"]);
        // No file to write lines into.
        sandbox.refused(&format!("{line} -o o.png --trace /dev/null"), 1, &["/dev/null", "no file"]);
        sandbox.refused(&format!("{line} -o link.png"), 2, &["--output link.png", "the content image"]);
    }
}

pub(crate) fn pictures_that_no_format_holds(sandbox: &Sandbox) {
    draw(&sandbox.path("strip.png"), 16, 2300, 3);
    // 128x18400 pixels: more than WebP has, less than the others.
    let line = "transfer strip.png style.png -o wide.webp --size 128 --style-size 40 --iterations 1";
    sandbox.refused(line, 1, &["wide.webp", "128x18400", "16383", "PNG"]);
}

pub(crate) fn reports_that_cannot_be_written(sandbox: &Sandbox) {
    refused(sandbox, "--trace nowhere/t.jsonl", 1, &["nowhere/t.jsonl", "check its folder"]);
    refused(sandbox, "--trace style.png/t.jsonl", 1, &["style.png/t.jsonl", "check its folder"]);
    fs::create_dir(sandbox.path("folder")).unwrap();
    refused(sandbox, "--trace folder", 1, &["folder", "permissions"]);
    refused(sandbox, "--snapshots style.png", 1, &["style.png", "not a folder"]);
    refused(sandbox, "--snapshots style.png/steps", 1, &["style.png", "not a folder"]);
    // What fails later leaves neither of them behind.
    refused(sandbox, "--trace t.jsonl --snapshots steps --weights missing.npz", 1, &["missing.npz"]);
}

pub(crate) fn instruction_sets(sandbox: &Sandbox) {
    for line in
        [format!("transfer content.png style.png -o o.png {SHORT}"), "check --data nowhere".to_owned()]
    {
        let mut command = sandbox.command(&line);
        command.env("IMPASTO_SIMD", "mmx");
        sandbox.refused_as(command, &line, 2, &["IMPASTO_SIMD=mmx", "use avx512, avx2, neon or portable"]);
    }
}

pub(crate) fn checks_without_data(sandbox: &Sandbox) {
    sandbox.refused("check", 2, &["--data DIR", "IMPASTO_DATA"]);
    sandbox.refused("check --data nowhere", 1, &["nowhere"]);
}
