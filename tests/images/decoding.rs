//! Decoding what a trial made, and comparing it with what is right.

use std::path::Path;

use impasto::image::{
    ColorProfiles, ImageError, ImageWarning, LoadOptions, decode_image, decode_image_with_warnings,
};
use ndarray::Array3;

pub(crate) fn decode(file: &[u8]) -> Result<Array3<u8>, ImageError> {
    decode_image(file, Path::new("picture"), &LoadOptions::default())
}

pub(crate) fn decode_unturned(file: &[u8]) -> Result<Array3<u8>, ImageError> {
    let options = LoadOptions::default().with_ignore_orientation(true);
    decode_image(file, Path::new("picture"), &options)
}

/// Asserts that no level is further off than `tolerance`.
#[track_caller]
pub(crate) fn assert_close(picture: &Array3<u8>, expected: &Array3<u8>, tolerance: u8) {
    assert_eq!(picture.dim(), expected.dim());
    let worst = picture.iter().zip(expected).map(|(a, b)| a.abs_diff(*b));
    let worst = worst.max().unwrap();
    assert!(worst <= tolerance, "off by {worst} levels");
}

/// Decodes with profiles ignored.
pub(crate) fn decode_unconverted(file: &[u8]) -> Array3<u8> {
    let options = LoadOptions::default().with_color_profiles(ColorProfiles::Ignore);
    decode_image(file, Path::new("picture"), &options).unwrap()
}

/// A picture and the one warning that it must come with.
#[track_caller]
pub(crate) fn decode_warned(file: &[u8]) -> (Array3<u8>, ImageWarning) {
    let loaded = decode_image_with_warnings(file, Path::new("picture"), &LoadOptions::default()).unwrap();
    let [warning] = loaded.warnings.as_slice() else { panic!("not one warning: {:?}", loaded.warnings) };
    let text = warning.to_string();
    assert!(text.contains("picture") && !text.contains('\n'), "{text:?}");
    (loaded.picture, warning.clone())
}

/// A picture that must come without a warning.
#[track_caller]
pub(crate) fn decode_unwarned(file: &[u8]) -> Array3<u8> {
    let loaded = decode_image_with_warnings(file, Path::new("picture"), &LoadOptions::default()).unwrap();
    assert_eq!(loaded.warnings, []);
    loaded.picture
}
