//! Masks, transparency, and what files say of themselves.

use std::path::PathBuf;
use std::sync::Arc;

use impasto::image::{
    LoadOptions, Loaded, SaveOptions, load_image_with_warnings, save_image, save_image_with,
};
use libtest_mimic::Trial;
use ndarray::{Array3, Axis, concatenate};

use crate::sandbox::Sandbox;

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    crate::trials!(weights;
        masks::styles_are_painted_where_masks_say,
        masks::what_a_content_mask_keeps,
        masks::masks_of_other_sizes_and_kinds,
        masks::wrong_masks,
        masks::transparency,
        masks::several_content_layers,
        masks::sixteen_bits,
        masks::density_is_carried_over,
    )
}

/// At the photograph's own size, 64x48.
const LINE: &str = "transfer content.png style.png";
const SHORT: &str = "--size photo --scales 1 --iterations 3 --seed 1";

/// Writes a mask, (H, W), white in its left `columns` columns.
fn mask(sandbox: &Sandbox, name: &str, (height, width): (usize, usize), columns: usize) {
    let picture = Array3::from_shape_fn((height, width, 3), |(_, x, _)| if x < columns { 255 } else { 0 });
    save_image(&sandbox.path(name), picture.view()).unwrap();
}

fn load(sandbox: &Sandbox, name: &str) -> Loaded {
    load_image_with_warnings(&sandbox.path(name), &LoadOptions::default().with_alpha(true)).unwrap()
}

pub(crate) fn styles_are_painted_where_masks_say(sandbox: &Sandbox) {
    mask(sandbox, "white.png", (48, 64), 64);
    mask(sandbox, "left.png", (48, 64), 32);
    let picture = |options: &str| {
        let done = sandbox.done(&format!("{LINE} content.png -o o.png {SHORT} {options}"));
        (sandbox.picture("o.png"), done.stderr)
    };
    // What is told names the time that it took, and is not compared.
    let (plain, _) = picture("");
    let (everywhere, told) = picture("--style-mask white.png --style-mask none");
    assert_eq!(everywhere, plain);
    assert!(!told.contains("note:"), "{told}");
    let (masked, told) = picture("--style-mask left.png");
    assert_ne!(masked, plain);
    assert!(!told.contains("note:"), "{told}");
    let (_, told) = picture("--style-mask left.png --style-mask left.png");
    assert!(told.contains("note: no style's mask covers 50 % of the picture"), "{told}");
    sandbox.done(
        "texture style.png content.png -o t.png --scales 1 --iterations 2 \
        --width 64 --height 48 --style-mask left.png",
    );
}

pub(crate) fn what_a_content_mask_keeps(sandbox: &Sandbox) {
    mask(sandbox, "left.png", (48, 64), 32);
    sandbox.done(&format!("{LINE} -o o.png {SHORT} --content-mask left.png"));
    let (result, photo) = (sandbox.picture("o.png"), sandbox.picture("content.png"));
    let halves = |picture: &Array3<u8>| {
        let (left, right) = picture.view().split_at(Axis(1), 32);
        (left.to_owned(), right.to_owned())
    };
    let (result, photo) = (halves(&result), halves(&photo));
    assert_eq!(result.0, photo.0);
    assert_ne!(result.1, photo.1);
}

pub(crate) fn masks_of_other_sizes_and_kinds(sandbox: &Sandbox) {
    // Twice as large; its transparent half is black.
    let large = Array3::from_shape_fn((96, 128, 4), |(_, x, c)| if c < 3 || x < 64 { 255 } else { 0 });
    save_image(&sandbox.path("large.png"), large.view()).unwrap();
    mask(sandbox, "left.png", (48, 64), 32);
    let picture = |mask: &str| {
        sandbox.done(&format!("{LINE} -o o.png {SHORT} --content-mask {mask}"));
        sandbox.picture("o.png")
    };
    // Beside the edge, which shrinking makes soft.
    let (large, left) = (picture("large.png"), picture("left.png"));
    let kept = |picture: &Array3<u8>| picture.view().split_at(Axis(1), 30).0.to_owned();
    assert_eq!(kept(&large), kept(&left));
    assert_ne!(large.index_axis(Axis(1), 50), sandbox.picture("content.png").index_axis(Axis(1), 50));
    // A photograph that is cut has its mask cut alike.
    let line = format!("{LINE} -o o.png --width 48 --height 48 --scales 1 --iterations 2");
    sandbox.done(&format!("{line} --content-mask left.png"));
    let cut = sandbox.picture("o.png");
    sandbox.done(&format!("{LINE} -o whole.png {SHORT} --content-mask left.png"));
    let whole = sandbox.picture("whole.png");
    for x in 0..20 {
        assert_eq!(cut.index_axis(Axis(1), x), whole.index_axis(Axis(1), x + 8), "{x}");
    }
}

pub(crate) fn wrong_masks(sandbox: &Sandbox) {
    mask(sandbox, "square.png", (48, 48), 20);
    mask(sandbox, "black.png", (48, 64), 0);
    mask(sandbox, "white.png", (48, 64), 64);
    mask(sandbox, "thin.png", (48, 64), 1);
    let refused = |options: &str, code, mentions: &[&str]| {
        sandbox.refused(&format!("{LINE} -o o.png {SHORT} {options}"), code, mentions);
    };
    refused("--style-mask square.png", 1, &["square.png", "48x48", "48x64", "same proportions"]);
    refused("--content-mask square.png", 1, &["square.png", "same proportions"]);
    refused(
        "--style-mask white.png --style-mask white.png",
        2,
        &["--style-mask", "2 times", "1 style images"],
    );
    refused("--style-mask black.png", 2, &["--style-mask", "black all over"]);
    refused("--style-mask thin.png", 2, &["--style-mask", "white areas larger"]);
    refused("--content-mask white.png", 1, &["nothing to paint"]);
    refused("--style-mask absent.png", 1, &["absent.png", "does not exist"]);
    refused("--style-mask style.png -o style.png", 2, &["cannot be used multiple times"]);
    let line = format!("{LINE} -o white.png {SHORT} --content-mask white.png");
    sandbox.refused(&line, 2, &["white.png", "a mask"]);
    sandbox.refused("texture style.png -o o.png --content-mask white.png", 2, &["--content-mask"]);
}

pub(crate) fn transparency(sandbox: &Sandbox) {
    let photo = sandbox.picture("content.png");
    let alpha = Array3::from_shape_fn((48, 64, 1), |(y, x, _)| if x < 40 { 255 } else { (3 * y) as u8 });
    let cut_out = concatenate(Axis(2), &[photo.view(), alpha.view()]).unwrap();
    save_image(&sandbox.path("cut.png"), cut_out.view()).unwrap();
    let line = format!("transfer cut.png style.png {SHORT}");
    for name in ["o.png", "o.webp", "o.tif"] {
        let done = sandbox.done(&format!("{line} -o {name}"));
        assert!(!done.stderr.contains("note:"), "{}", done.stderr);
        let result = load(sandbox, name).picture;
        assert_eq!(result.index_axis(Axis(2), 3), alpha.index_axis(Axis(2), 0), "{name}");
    }
    let done = sandbox.done(&format!("{line} -o o.bmp --background #ff8000"));
    assert!(done.stderr.contains("note: o.bmp has no transparency"), "{}", done.stderr);
    assert_eq!(sandbox.picture("o.bmp").index_axis(Axis(0), 0).row(63).to_vec(), [255, 128, 0]);
    // What lies below is part of what the network sees.
    let with = |color: &str| {
        sandbox.done(&format!("{line} -o o.png --background {color}"));
        load(sandbox, "o.png").picture
    };
    assert_eq!(with("white"), with("#FFFFFF"));
    assert_ne!(with("white"), with("black"));
    sandbox.done("invert cut.png -o o.png --size 40 --scales 1 --iterations 2 --background gray");
    for color in ["beige", "#12345", "#1234567", "#gggggg"] {
        sandbox.refused(&format!("{line} -o o.png --background {color}"), 2, &["--background"]);
    }
}

pub(crate) fn several_content_layers(sandbox: &Sandbox) {
    let picture = |options: &str| {
        sandbox.done(&format!("{LINE} -o o.png {SHORT} {options}"));
        sandbox.picture("o.png")
    };
    assert_eq!(picture("--content-layer 3"), picture(""));
    assert_eq!(
        picture("--content-layer fire3,relu1"),
        picture("--content-layers 1,3 --content-layer-weights 1,1")
    );
    assert_ne!(picture("--content-layer 3,1"), picture("--content-layer 3,1 --content-layer-weights 1,0.1"));
    let refused = |options: &str, code, mentions: &[&str]| {
        sandbox.refused(&format!("{LINE} -o o.png {options}"), code, mentions);
    };
    refused("--content-layer 3,3", 2, &["--content-layer", "listed twice"]);
    refused("--content-layer 3,1 --content-layer-weights 1", 2, &["2 layers", "1 weights"]);
    refused("--content-layer 3,fire99", 2, &["--content-layer"]);
}

pub(crate) fn sixteen_bits(sandbox: &Sandbox) {
    for name in ["o.png", "o.tiff"] {
        sandbox.done(&format!("{LINE} -o {name} {SHORT} --depth 16"));
        let deep = image::open(sandbox.path(name)).unwrap();
        let samples = deep.as_rgb16().expect("16 bits").as_raw().clone();
        let levels: std::collections::HashSet<u16> = samples.iter().copied().collect();
        assert!(levels.len() > 256, "{name}: {}", levels.len());
        // The same picture as that of 8 bits, which is cut off, as in the notebook.
        sandbox.done(&format!("{LINE} -o eight.png {SHORT}"));
        for (&deep, &level) in samples.iter().zip(&sandbox.picture("eight.png")) {
            assert!((f64::from(deep) / 65535.0 * 255.0 - f64::from(level)) < 1.01);
            assert!((f64::from(deep) / 65535.0 * 255.0 - f64::from(level)) > -0.01);
        }
    }
    let refused = |options: &str, code, mentions: &[&str]| {
        sandbox.refused(&format!("{LINE} {options}"), code, mentions);
    };
    refused("-o o.jpg --depth 16", 1, &["o.jpg", "8 bits", "PNG or TIFF"]);
    refused("-o o.png --depth 12", 2, &["--depth"]);
}

pub(crate) fn density_is_carried_over(sandbox: &Sandbox) {
    let density = impasto::image::Density::per_inch(300.0, 300.0).unwrap();
    let options = SaveOptions::default().with_density(density);
    save_image_with(&sandbox.path("dense.png"), sandbox.picture("content.png").view(), &options).unwrap();
    for name in ["o.png", "o.tif", "o.jpg"] {
        sandbox.done(&format!("transfer dense.png style.png -o {name} {SHORT}"));
        assert_eq!(load(sandbox, name).density, Some(density), "{name}");
        sandbox.done(&format!("{LINE} -o {name} {SHORT}"));
        assert_eq!(load(sandbox, name).density, None, "{name}");
    }
}
