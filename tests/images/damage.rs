//! Files that are not whole: what is read with a warning because its pixels are all there, and what is refused because
//! they are not.

use image::{DynamicImage, ImageBuffer, ImageFormat, Rgba};
use impasto::image::{ImageError, ImageWarning, MAX_PIXELS};
use libtest_mimic::Trial;

use crate::decoding::{decode, decode_unwarned, decode_warned};
use crate::files::{baseline_jpeg, encode, gradient, marker, png, push_chunk, rgb_image, rgb_jpeg};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        every_cut_of_a_jpeg,
        scans_that_are_missing,
        a_tail_of_zeros,
        every_cut_of_a_png,
        every_cut_of_other_formats,
        wrong_checksums,
        flipped_bytes_never_panic,
        damaged_files,
        damage_within_a_jpeg,
        pictures_that_are_transparent_everywhere,
    ]
}

fn every_cut_of_a_jpeg() {
    let picture = gradient(40, 33);
    for jpeg in [rgb_jpeg(&picture), baseline_jpeg(&picture)] {
        let whole = decode_unwarned(&jpeg);
        for length in 3..jpeg.len() - 2 {
            assert_error!(decode(&jpeg[..length]), ImageError::Truncated { .. });
        }
        // Of the end marker, both bytes or the second.
        for length in [jpeg.len() - 2, jpeg.len() - 1] {
            let (read, warning) = decode_warned(&jpeg[..length]);
            assert_eq!(read, whole);
            assert!(matches!(warning, ImageWarning::NoEndMarker { .. }));
        }
    }
}

/// The start of each scan of a progressive JPEG.
fn scans(jpeg: &[u8]) -> Vec<usize> {
    (0..jpeg.len() - 1).filter(|&place| jpeg[place..].starts_with(&[0xff, 0xda])).collect()
}

fn scans_that_are_missing() {
    let jpeg = rgb_jpeg(&gradient(40, 33));
    let scans = scans(&jpeg);
    assert!(scans.len() > 3, "not progressive");
    // All data of the scans before is there, yet the finer bits of the picture are not.
    for &scan in &scans[1..] {
        assert_error!(decode(&jpeg[..scan]), ImageError::Truncated { .. });
    }
}

fn a_tail_of_zeros() {
    // As a download leaves it that set aside the whole file.
    let picture = gradient(40, 33);
    for jpeg in [rgb_jpeg(&picture), baseline_jpeg(&picture)] {
        for kept in [jpeg.len() / 2, jpeg.len() * 3 / 4, jpeg.len() - 9] {
            let mut file = jpeg[..kept].to_vec();
            file.resize(jpeg.len() + 4096, 0);
            assert_error!(decode(&file), ImageError::Truncated { .. });
        }
    }
}

fn every_cut_of_a_png() {
    let picture = gradient(16, 16);
    let file = encode(rgb_image(&picture), ImageFormat::Png);
    // The end chunk of a PNG (12 bytes) carries nothing of the picture.
    for length in file.len() - 12..file.len() {
        let (read, warning) = decode_warned(&file[..length]);
        assert_eq!(read, picture);
        assert!(matches!(warning, ImageWarning::NoEndMarker { .. }));
    }
    // Nor do its two checksums (8 bytes) and the last block's padding.
    for length in 8..file.len() - 24 {
        assert_error!(decode(&file[..length]), ImageError::Truncated { .. } | ImageError::Corrupt { .. });
    }
}

fn every_cut_of_other_formats() {
    let picture = gradient(16, 16);
    for format in [ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::WebP, ImageFormat::Pnm] {
        let file = encode(rgb_image(&picture), format);
        assert_error!(
            decode(&file[..file.len() / 2]),
            ImageError::Truncated { .. } | ImageError::Corrupt { .. }
        );
    }
}

fn wrong_checksums() {
    let picture = gradient(16, 16);
    let file = encode(rgb_image(&picture), ImageFormat::Png);
    let data = file.windows(4).position(|kind| kind == b"IDAT").unwrap();
    // That of the data's chunk is the last thing before the end chunk; that of the compressed data before it, under the
    // chunk's.
    let (of_chunk, of_data) = (file.len() - 13, file.len() - 17);
    let flipped = |place: usize| {
        let mut file = file.clone();
        file[place] ^= 0x55;
        file
    };
    let mut content = flipped(of_data)[data + 4..of_chunk - 3].to_vec();
    let mut of_data_alone = file[..data - 4].to_vec();
    push_chunk(&mut of_data_alone, b"IDAT", &content);
    of_data_alone.extend(&file[of_chunk + 1..]);
    for file in [flipped(of_chunk), flipped(data - 5), flipped(file.len() - 1), of_data_alone] {
        let (read, warning) = decode_warned(&file);
        assert_eq!(read, picture);
        assert!(matches!(warning, ImageWarning::WrongChecksum { .. }), "{warning:?}");
    }
    // Where both are wrong, nothing vouches for the data.
    assert_error!(decode(&flipped(of_data)), ImageError::Corrupt { .. });
    // Data that the chunk vouches for, and that ends too early.
    content.truncate(content.len() / 2);
    let mut short = file[..data - 4].to_vec();
    push_chunk(&mut short, b"IDAT", &content);
    short.extend(&file[of_chunk + 1..]);
    assert_error!(decode(&short), ImageError::Corrupt { .. });
}

fn flipped_bytes_never_panic() {
    let picture = gradient(9, 7);
    let mut files = vec![rgb_jpeg(&picture)];
    for format in [
        ImageFormat::Png,
        ImageFormat::Gif,
        ImageFormat::WebP,
        ImageFormat::Tiff,
        ImageFormat::Bmp,
        ImageFormat::Pnm,
    ] {
        files.push(encode(rgb_image(&picture), format));
    }
    for file in files {
        for place in 0..file.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut damaged = file.clone();
                damaged[place] ^= flip;
                match decode(&damaged) {
                    Ok(picture) => {
                        let (height, width, channels) = picture.dim();
                        assert_eq!(channels, 3);
                        assert!((1..=MAX_PIXELS).contains(&(height * width)));
                    }
                    Err(error) => {
                        let text = error.to_string();
                        let has_rust =
                            ["Unknown(", "Some(", "{", "::"].iter().any(|word| text.contains(word));
                        assert!(!has_rust, "{text}");
                    }
                }
            }
        }
    }
}

fn damaged_files() {
    let mut jpeg = rgb_jpeg(&gradient(16, 16));
    // The first segment's length, so that the decoder lands between segments.
    jpeg[3] = 0xdd;
    assert_error!(decode(&jpeg), ImageError::Corrupt { .. });

    let mut png = encode(rgb_image(&gradient(16, 16)), ImageFormat::Png);
    let middle = png.len() / 2;
    png[middle] ^= 0xff;
    assert_error!(decode(&png), ImageError::Corrupt { .. });
}

fn damage_within_a_jpeg() {
    let jpeg = baseline_jpeg(&gradient(64, 64));
    let scan = marker(&jpeg, 0xda..=0xda);
    // A marker in the midst of a scan: what follows is missing.
    let mut file = jpeg.clone();
    let middle = (scan + jpeg.len()) / 2;
    file[middle..middle + 2].copy_from_slice(&[0xff, 0xd0]);
    let (_, warning) = decode_warned(&file);
    assert!(matches!(warning, ImageWarning::Damaged { .. }));
    // Bytes between segments harm nothing, though libjpeg warns of them.
    let mut file = jpeg.clone();
    let frame = marker(&jpeg, 0xc0..=0xc0);
    file.splice(frame..frame, [0, 0, 0]);
    assert_eq!(decode_unwarned(&file), decode(&jpeg).unwrap());
}

fn pictures_that_are_transparent_everywhere() {
    let image = ImageBuffer::<Rgba<u8>, _>::from_raw(2, 2, [90_u8, 80, 70, 0].repeat(4)).unwrap();
    let image = DynamicImage::ImageRgba8(image);
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff, ImageFormat::Gif, ImageFormat::Bmp]
    {
        let (picture, warning) = decode_warned(&encode(image.clone(), format));
        assert!(picture.iter().all(|&level| level == 255));
        assert!(matches!(warning, ImageWarning::Transparent { .. }), "{format:?}");
    }
    let by_palette = png((1, 2), 8, 3, &[1, 2, 3], &[0, 0, 0]);
    let mut palette = by_palette.clone();
    let place = by_palette.windows(4).position(|kind| kind == b"IDAT").unwrap() - 4;
    palette.splice(place..place, *b"\0\0\0\x01tRNS\0\x40\xe6\xd8\x66");
    let (_, warning) = decode_warned(&palette);
    assert!(matches!(warning, ImageWarning::Transparent { .. }));
    // One pixel that is barely visible is a picture.
    let mut image = image.into_rgba8();
    image.put_pixel(1, 1, Rgba([0, 0, 0, 1]));
    decode_unwarned(&encode(DynamicImage::ImageRgba8(image), ImageFormat::Png));
}
