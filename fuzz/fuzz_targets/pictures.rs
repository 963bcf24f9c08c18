//! Any bytes as a picture: decoded or refused, never a panic, and within the documented limits.
#![no_main]

use std::path::Path;

use impasto::image::{LoadOptions, MAX_PIXELS, decode_image_with_warnings};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match decode_image_with_warnings(bytes, Path::new("fuzz"), &LoadOptions::default()) {
        Ok(loaded) => {
            let (height, width, channels) = loaded.picture.dim();
            assert_eq!(channels, 3);
            assert!((1..=MAX_PIXELS).contains(&(height * width)));
            for warning in loaded.warnings {
                assert!(warning.to_string().contains("fuzz"));
            }
        }
        Err(error) => assert!(error.to_string().contains("fuzz")),
    }
});
