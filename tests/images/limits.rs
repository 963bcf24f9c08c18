//! What a file claims is bounded before memory or time is spent on it.

use impasto::image::ImageError;
use libtest_mimic::Trial;

use crate::decoding::{decode, decode_unwarned};
use crate::files::{gradient, marker, png, rgb_jpeg, webp_with};

pub(crate) fn trials() -> Vec<Trial> {
    trials![scans, chunks_that_claim_more_than_there_is, memory]
}

fn scans() {
    let jpeg = rgb_jpeg(&gradient(16, 16));
    let count = |jpeg: &[u8]| jpeg.windows(2).filter(|pair| *pair == [0xff, 0xda]).count();
    let last = jpeg.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap();
    // The last scan again and again.
    let repeated = |times: usize| {
        let end = jpeg.len() - 2;
        [&jpeg[..end], &jpeg[last..end].repeat(times), &jpeg[end..]].concat()
    };
    let room = 500 - count(&jpeg);
    let most = repeated(room);
    assert_eq!(count(&most), 500);
    assert_eq!(decode(&most).unwrap().dim(), (16, 16, 3));
    match decode(&repeated(room + 1)) {
        Err(ImageError::TooManyScans { scans: 501, limit: 500, .. }) => {}
        other => panic!("{other:?}"),
    }
    // Markers within a segment, such as those of a thumbnail, are none of the picture's.
    let thumbnail = [0xff, 0xda, 0, 2].repeat(700);
    let file = crate::files::with_app1(&jpeg, &thumbnail);
    assert_eq!(decode_unwarned(&file), decode(&jpeg).unwrap());
}

fn chunks_that_claim_more_than_there_is() {
    let picture = gradient(4, 6);
    for (kind, flag) in [(b"EXIF", 0x08), (b"ICCP", 0x20), (b"XMP ", 0x04)] {
        let mut file = webp_with(&picture, flag, &[(kind, &[0; 8])]);
        let place = file.windows(4).rposition(|name| name == kind).unwrap() + 4;
        file[place..place + 4].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
        assert_eq!(decode_unwarned(&file), picture);
    }
}

/// A lossless WebP of 34 bytes: one color, in which no pixel takes a bit.
fn flat_webp(width: u32, height: u32, alpha: bool) -> Vec<u8> {
    let sides = (width - 1) | (height - 1) << 14 | u32::from(alpha) << 28;
    let stream = [0x07, 0x10, 0x11, 0x11, 0x88, 0x88, 0xfe, 0x07];
    [&b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f"[..], &sides.to_le_bytes(), &stream, &[0]].concat()
}

fn memory() {
    // 14142 x 14142 pixels are within the limit, but not as a progressive JPEG whose coefficients are held beside them.
    let mut jpeg = rgb_jpeg(&gradient(16, 16));
    let frame = marker(&jpeg, 0xc2..=0xc2);
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x37, 0x3e, 0x37, 0x3e]);
    assert_error!(decode(&jpeg), ImageError::TooMuchMemory { .. });
    // Nor as a WebP, which is held twice, and with transparency four times.
    assert_error!(decode(&flat_webp(13_500, 13_500, false)), ImageError::TooMuchMemory { .. });
    assert_error!(decode(&flat_webp(10_000, 10_000, true)), ImageError::TooMuchMemory { .. });
    assert_eq!(decode(&flat_webp(300, 200, true)).unwrap().dim(), (200, 300, 3));
    // Nor as a PNG of one row, whose row is held several times.
    assert_error!(decode(&png((1, 199_000_000), 16, 6, &[], &[0; 100])), ImageError::TooMuchMemory { .. });
}
