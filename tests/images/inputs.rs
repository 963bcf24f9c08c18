//! Files that other programs wrote: each comes out as the folder's notes say. Ignored without `IMPASTO_DATA`.

use std::path::Path;

use impasto::image::{ImageError, ImageWarning, LoadOptions, Loaded, load_image_with_warnings};
use libtest_mimic::{Failed, Trial};
use ndarray::{Array3, s};

use crate::common::data_trial;
use crate::decoding::assert_close;

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn(Load<'_>)| {
        data_trial(format!("inputs_{name}"), move |data: &Path| -> Result<(), Failed> {
            test(&|name| load_image_with_warnings(&data.join("inputs").join(name), &LoadOptions::default()));
            Ok(())
        })
    };
    vec![
        trial("orientation", orientation),
        trial("photo_without_eoi", photo_without_eoi),
        trial("arithmetic", arithmetic),
        trial("palette", palette),
        trial("display_p3", display_p3),
        trial("transparent", transparent),
        trial("exif_claims_4gb", exif_claims_4gb),
        trial("two_hundred_megapixels", two_hundred_megapixels),
    ]
}

/// Loads one of the files.
type Load<'a> = &'a dyn Fn(&str) -> Result<Loaded, ImageError>;

fn unwarned(load: Load<'_>, name: &str) -> Array3<u8> {
    let loaded = load(name).unwrap();
    assert_eq!(loaded.warnings, []);
    loaded.picture
}

fn orientation(load: Load<'_>) {
    let upright = unwarned(load, "upright_by_exif6.jpg");
    assert_eq!(upright.dim(), (131, 99, 3));
    assert_eq!(unwarned(load, "im_exif6.png"), upright);
    // Of another JPEG of the same picture.
    assert_close(&unwarned(load, "raw_profile_exif6.png"), &upright, 60);
}

fn photo_without_eoi(load: Load<'_>) {
    let loaded = load("photo_without_eoi.jpg").unwrap();
    assert_eq!(loaded.picture.dim(), (768, 1024, 3));
    assert!(matches!(loaded.warnings[..], [ImageWarning::NoEndMarker { .. }]), "{:?}", loaded.warnings);
    // The last rows are no gray fill.
    let last = loaded.picture.slice(s![760.., .., ..]);
    assert!(last.iter().any(|&level| level.abs_diff(128) > 40));
}

/// Asserts pixels by place; the levels are Pillow's.
#[track_caller]
fn has(picture: &Array3<u8>, pixels: &[((usize, usize), [u8; 3])], tolerance: u8) {
    for &((y, x), expected) in pixels {
        for (c, level) in expected.into_iter().enumerate() {
            let found = picture[[y, x, c]];
            assert!(found.abs_diff(level) <= tolerance, "({y}, {x}, {c}): {found} for {level}");
        }
    }
}

fn arithmetic(load: Load<'_>) {
    has(&unwarned(load, "arithmetic.jpg"), ARITHMETIC, 0);
}

fn palette(load: Load<'_>) {
    has(&unwarned(load, "palette.tif"), PALETTE, 0);
}

fn display_p3(load: Load<'_>) {
    has(&unwarned(load, "display_p3.png"), DISPLAY_P3, 1);
}

fn transparent(load: Load<'_>) {
    let loaded = load("bmp32_v4_alpha0.bmp").unwrap();
    assert!(matches!(loaded.warnings[..], [ImageWarning::Transparent { .. }]), "{:?}", loaded.warnings);
    assert!(loaded.picture.iter().all(|&level| level == 255));
}

fn exif_claims_4gb(load: Load<'_>) {
    assert_eq!(unwarned(load, "exif_claims_4gb.webp").dim(), (48, 64, 3));
}

fn two_hundred_megapixels(load: Load<'_>) {
    let refused = load("200_megapixels_in_34_bytes.webp");
    assert!(matches!(refused, Err(ImageError::TooMuchMemory { .. })), "{refused:?}");
}

type Pixels = &'static [((usize, usize), [u8; 3])];

const ARITHMETIC: Pixels = &[
    ((0, 0), [54, 93, 132]),
    ((10, 90), [84, 137, 189]),
    ((50, 60), [250, 231, 201]),
    ((70, 20), [71, 69, 57]),
    ((98, 130), [144, 130, 103]),
];

const PALETTE: Pixels = &[
    ((0, 0), [68, 86, 98]),
    ((10, 90), [84, 138, 189]),
    ((50, 60), [227, 215, 192]),
    ((70, 20), [67, 64, 50]),
    ((98, 130), [145, 119, 98]),
];

const DISPLAY_P3: Pixels = &[
    ((0, 0), [191, 171, 121]),
    ((10, 90), [223, 99, 31]),
    ((50, 60), [26, 41, 33]),
    ((70, 20), [62, 66, 44]),
    ((98, 130), [120, 67, 38]),
];
