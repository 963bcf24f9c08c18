//! Pictures and weights that are missing, damaged or absurd: each is refused by its name, with what is wrong, and
//! leaves nothing behind.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use libtest_mimic::Trial;

use crate::arrays::{Member, npy, npy_with, random_weights, random_weights_with, write_npz};
use crate::pictures::{cut, draw, png_claiming};
use crate::sandbox::{SHORT, Sandbox};

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    crate::trials!(weights;
        unreadable::pictures,
        unreadable::pictures_too_small_for_a_layer,
        unreadable::results_too_large,
        unreadable::weights_that_are_missing,
        unreadable::weights_that_are_no_archive,
        unreadable::weights_with_a_wrong_array,
        unreadable::weights_that_are_not_needed,
    )
}

pub(crate) fn pictures(sandbox: &Sandbox) {
    draw(&sandbox.path("whole.jpg"), 48, 64, 3);
    cut(&sandbox.path("whole.jpg"), &sandbox.path("half.jpg"));
    cut(&sandbox.path("content.png"), &sandbox.path("half.png"));
    sandbox.write("text.jpg", b"Once upon a time there was a picture.");
    sandbox.write("empty.png", b"");
    sandbox.write("vast.png", &png_claiming(60_000, 60_000));
    sandbox.write("nothing.png", &png_claiming(0, 0));
    fs::create_dir(sandbox.path("folder")).unwrap();
    for (name, mentions) in [
        ("missing.jpg", ["does not exist", "check the spelling"]),
        ("text.jpg", ["not an image", "give a JPEG, PNG"]),
        ("half.jpg", ["cut off", "copy or download it again"]),
        ("half.png", ["cut off", "copy or download it again"]),
        ("empty.png", ["empty (0 bytes)", "copy or download it again"]),
        ("vast.png", ["60000x60000", "use a smaller image"]),
        ("nothing.png", ["damaged", "copy or download it again"]),
        ("folder", ["is a folder", "name an image file"]),
    ] {
        let mentions = [name, mentions[0], mentions[1]];
        for line in [
            format!("transfer {name} style.png -o o.png {SHORT}"),
            format!("transfer content.png {name} -o o.png {SHORT}"),
            format!("transfer content.png style.png {name} -o o.png {SHORT}"),
            format!("transfer content.png style.png -o o.png {SHORT} --init {name}"),
            format!("invert {name} -o o.png {SHORT}"),
            format!("texture {name} -o o.png {SHORT}"),
        ] {
            sandbox.refused(&line, 1, &mentions);
        }
    }
}

pub(crate) fn pictures_too_small_for_a_layer(sandbox: &Sandbox) {
    draw(&sandbox.path("dot.png"), 1, 1, 1);
    let mentions = ["too small for layer", "must be at least"];
    sandbox.refused(
        "transfer dot.png style.png -o o.png --size 1",
        1,
        &[&mentions[..], &["the result does not suit the network"]].concat(),
    );
    sandbox.refused("texture style.png -o o.png --size 5", 1, &mentions);
    sandbox.refused("invert content.png -o o.png --size 3", 1, &mentions);
    let line = "transfer content.png style.png -o o.png --size 32 --style-size 4";
    sandbox.refused(line, 1, &[&mentions[..], &["a style image does not suit the network"]].concat());
    // A layer that no loss reads asks for nothing.
    sandbox.done("invert content.png -o shallow.png --size 5 --content-layer 1 --iterations 1");
}

pub(crate) fn results_too_large(sandbox: &Sandbox) {
    sandbox.refused("transfer content.png style.png -o o.png --size 1000000", 1, &["content.png", "smaller"]);
    sandbox.refused("texture style.png -o o.png --size 18446744073709551615", 1, &["style.png", "smaller"]);
}

pub(crate) fn weights_that_are_missing(sandbox: &Sandbox) {
    let line = format!("transfer content.png style.png -o o.png {SHORT}");
    sandbox.refused(&format!("{line} --weights missing.npz"), 1, &["missing.npz", "check that it exists"]);
    let mut variable = sandbox.command(&line);
    variable.env("IMPASTO_WEIGHTS", "gone.npz");
    let mentions = ["gone.npz", "the variable IMPASTO_WEIGHTS names", "unset it", "check that it exists"];
    sandbox.refused_as(variable, &line, 1, &mentions);
    let mut info = sandbox.command("weights info");
    info.env("IMPASTO_WEIGHTS", "gone.npz");
    sandbox.refused_as(info, "weights info", 1, &mentions);
    // An option goes before the variable, which is then no cause.
    let ended = sandbox.run(&format!("{line} --weights missing.npz"));
    assert!(!ended.stderr.contains("IMPASTO_WEIGHTS"), "{ended:?}");
}

fn refused_weights(sandbox: &Sandbox, mentions: &[&str]) {
    let line = format!("transfer content.png style.png -o o.png {SHORT} --weights bad.npz");
    sandbox.refused(&line, 1, &[&["bad.npz"], mentions].concat());
}

pub(crate) fn weights_that_are_no_archive(sandbox: &Sandbox) {
    for (bytes, mention) in [
        (&b""[..], "is empty (0 bytes)"),
        (b"no zip at all", "is of no known format"),
        (b"\x93NUMPY\x01\0", "is a single array"),
        (b"<!DOCTYPE html>", "is a web page"),
    ] {
        sandbox.write("bad.npz", bytes);
        refused_weights(sandbox, &[mention]);
    }
    write_npz(&sandbox.path("whole.npz"), &random_weights());
    cut(&sandbox.path("whole.npz"), &sandbox.path("bad.npz"));
    refused_weights(sandbox, &["not a sound zip archive", "copy it again"]);
}

pub(crate) fn weights_with_a_wrong_array(sandbox: &Sandbox) {
    let array = "features.3.squeeze.bias";
    let with_value = |value: f32| {
        let mut values = [0.5; 16];
        values[3] = value;
        npy(&[16], &values)
    };
    let full = [0u8; 64];
    for (npy, mentions) in [
        (None, ["lacks 1 array", "save every array"]),
        (Some(npy(&[17], &[0.5; 17])), ["has shape (17,)", "needs (16,)"]),
        (Some(npy(&[4, 4], &[0.5; 16])), ["has shape (4, 4)", "needs (16,)"]),
        (Some(with_value(f32::NAN)), ["is NaN at [3]", "must be finite"]),
        (Some(with_value(f32::INFINITY)), ["is inf at [3]", "must be finite"]),
        (Some(npy_with("|O", &[16], b"\x80\x04cos\nsystem\n")), ["Python objects", ".astype(numpy.float32)"]),
        (Some(npy_with("<i4", &[16], &full)), ["integers (<i4)", ".astype(numpy.float32)"]),
        (Some(npy_with("<f4", &[16], &full[..20])), ["ends after 20 of 64 bytes", "save it again"]),
        (
            Some(npy_with("<f4", &[usize::MAX, usize::MAX], &full)),
            ["18446744073709551615", "save a smaller array"],
        ),
        (Some(npy_with("<f4", &[16], &[0; 65])), ["holds more than the 64 bytes", "save it again"]),
        (Some(b"not an array".to_vec()), ["NumPy's .npy format", "numpy.save"]),
        (Some(Vec::new()), ["NumPy's .npy format", "numpy.save"]),
    ] {
        write_npz(&sandbox.path("bad.npz"), &random_weights_with(array, npy));
        refused_weights(sandbox, &[&[array][..], &mentions].concat());
    }

    let mut twice: Vec<Member> = random_weights();
    twice.push((format!("{}.npy", array.replace('.', "/")), with_value(0.5)));
    write_npz(&sandbox.path("bad.npz"), &twice);
    refused_weights(sandbox, &[array, "remove one of them"]);

    // The archive claims more for a member than the file holds.
    write_npz(&sandbox.path("whole.npz"), &random_weights());
    let mut bytes = sandbox.bytes("whole.npz");
    let name = b"features.0.weight.npy";
    let directory = bytes.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    let first = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    assert!(first <= directory && bytes[first + 46..].starts_with(name));
    for (at, header) in [(first + 20, first), (18, 0)] {
        // Both sizes, in the archive's directory and before the data.
        assert!(bytes[header..].starts_with(b"PK"));
        bytes[at..at + 8].copy_from_slice(&[0, 0, 0, 0x7f, 0, 0, 0, 0x7f]);
    }
    sandbox.write("bad.npz", &bytes);
    refused_weights(sandbox, &["features.0.weight"]);
}

pub(crate) fn weights_that_are_not_needed(sandbox: &Sandbox) {
    write_npz(&sandbox.path("shallow.npz"), &random_weights_with("features.9.squeeze.weight", None));
    let line = "transfer content.png style.png -o o.png --size 48 --iterations 1 --weights shallow.npz";
    sandbox.done(line);
    fs::remove_file(sandbox.path("o.png")).unwrap();
    sandbox.refused(&format!("{line} --content-layer 9"), 1, &["features.9.squeeze.weight", "shallow.npz"]);
}
