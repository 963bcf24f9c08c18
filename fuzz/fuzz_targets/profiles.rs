//! Any bytes as the color profile of a picture, which is never a reason not to read it.
#![no_main]

use std::path::Path;

use impasto::image::{LoadOptions, decode_image};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, profile)) = bytes.split_first() else { return };
    let picture = decode_image(&tiff(kind & 1 != 0, profile), Path::new("fuzz"), &LoadOptions::default());
    assert_eq!(picture.expect("a sound picture").dim(), (1, 4, 3));
});

/// A TIFF of four pixels, gray or RGB, with this profile: of all formats the one that takes least to write.
fn tiff(gray: bool, profile: &[u8]) -> Vec<u8> {
    let (samples, photometric): (u32, u32) = if gray { (1, 1) } else { (3, 2) };
    let pixels = [0, 255, 20, 130, 7, 90, 180, 33, 64, 250, 1, 99];
    let mut file = b"II*\0\x16\0\0\0".to_vec();
    file.extend(pixels);
    file.extend([8, 0]);
    // Width, height, bits, compression, colors, strip, samples, rows, bytes, profile.
    let entries = [
        (256, 4, 1, 4),
        (257, 4, 1, 1),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, photometric),
        (273, 4, 1, 8),
        (277, 3, 1, samples),
        (278, 4, 1, 1),
        (279, 4, 1, 4 * samples),
        (34675, 7, profile.len() as u32, 22 + 2 + 12 * 10 + 4),
    ];
    file.extend(10_u16.to_le_bytes());
    for (tag, kind, count, value) in entries {
        let (tag, kind, count, value): (u16, u16, u32, u32) = (tag, kind, count, value);
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(count.to_le_bytes());
        match kind {
            // What is short enough stands in the entry itself.
            7 if count <= 4 => file.extend(profile.iter().copied().chain([0; 4]).take(4)),
            _ => file.extend(value.to_le_bytes()),
        }
    }
    file.extend([0; 4]);
    file.extend(profile);
    file
}
