//! What is no picture that is read: called by its name, with what to do about it.

use image::{DynamicImage, ImageBuffer, ImageFormat, Rgb};
use impasto::image::ImageError;
use libtest_mimic::Trial;

use crate::decoding::{decode, decode_unwarned};
use crate::files::{baseline_jpeg, encode, gradient, marker, rgb_image};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        formats,
        raw_photos_and_films,
        files_of_other_kinds,
        unsupported_colors,
        kinds_of_jpeg,
        arithmetic_jpeg
    ]
}

/// Asserts that each beginning is refused with its word and the remedy, and nothing of Rust's.
#[track_caller]
fn refused(cases: &[(&[u8], &str)], remedy: &str) {
    for &(start, word) in cases {
        let file = [start, &[0; 300]].concat();
        let text = decode(&file).unwrap_err().to_string();
        assert!(text.contains("picture") && text.contains(word), "no {word:?} in {text:?}");
        assert!(text.contains(remedy), "no {remedy:?} in {text:?}");
        assert!(!text.contains("Unknown") && !text.contains("::"), "{text:?}");
    }
}

fn formats() {
    refused(
        &[
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1miaf", "HEIF"),
            (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", "AVIF"),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
            (b"\xff\x0a\xfa\x7f", "JPEG XL"),
            (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
            (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
            (b"\xff\x4f\xff\x51", "JPEG 2000"),
            (b"II\xbc\x01", "JPEG XR"),
            (b"8BPS\0\x01", "PSD"),
            (b"gimp xcf v011", "XCF"),
            (b"%PDF-1.7", "PDF"),
            (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\">", "SVG"),
            (b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- drawn -->\n<svg>", "SVG"),
            (b"qoif\0\0\0\x01", "QOI"),
            (b"DDS |", "DDS"),
            (b"\x76\x2f\x31\x01", "OpenEXR"),
            (b"#?RADIANCE\n", "Radiance HDR"),
            (b"\0\0\x01\0\x01\0", "ICO"),
            (b"farbfeld", "farbfeld"),
            (b"PF\n1 1\n-1.0\n", "floating-point"),
            (b"AT&TFORM", "DjVu"),
            (b"SIMPLE  =", "FITS"),
        ],
        "convert it to PNG",
    );
    let footer = b"TRUEVISION-XFILE.\0";
    let tga = [&[0, 0, 2][..], &[0; 40], footer].concat();
    assert!(decode(&tga).unwrap_err().to_string().contains("TGA"));
    // What other formats end with says nothing.
    let picture = gradient(4, 6);
    let bmp = encode(rgb_image(&picture), ImageFormat::Bmp);
    assert_eq!(decode(&[&bmp, &footer[..]].concat()).unwrap(), picture);
}

fn raw_photos_and_films() {
    refused(
        &[
            (b"FUJIFILMCCD-RAW 0201", "Fujifilm RAF"),
            (b"IIRO\x08\0\0\0", "Olympus ORF"),
            (b"IIU\0\x18\0\0\0", "Panasonic RW2"),
            (b"FOVb", "Sigma X3F"),
            (b"\0MRM", "Minolta MRW"),
            (b"II\x1a\0\0\0HEAPCCDR", "Canon CRW"),
            (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "Canon CR3"),
        ],
        "develop it first",
    );
    refused(
        &[
            (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "MP4"),
            (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "QuickTime"),
            (b"\0\0\0\x08wide\0\0\0\0mdat", "QuickTime"),
            (b"\x1a\x45\xdf\xa3", "WebM"),
            (b"RIFF\0\0\0\0AVI LIST", "AVI"),
        ],
        "save one of its frames as PNG",
    );
}

fn files_of_other_kinds() {
    refused(
        &[(b"<!DOCTYPE html>\n<html>", "web page"), (b"\n<HTML><body>", "web page")],
        "download the picture itself",
    );
    refused(&[(b"PK\x03\x04", "ZIP")], "export the picture");
    refused(&[(b"\x1f\x8b\x08", "gzip")], "decompress it");
    refused(&[(b"version https://git-lfs.github.com/spec/v1", "Git LFS")], "git lfs pull");
    refused(&[(b"\x93NUMPY\x01", "NumPy")], "PNG");
    assert_error!(decode(b"<a/>"), ImageError::NotAnImage { .. });
}

fn unsupported_colors() {
    let float = ImageBuffer::<Rgb<f32>, _>::from_raw(1, 1, vec![0.0, 0.5, f32::NAN]).unwrap();
    let float = encode(DynamicImage::ImageRgb32F(float), ImageFormat::Tiff);
    assert_error!(decode(&float), ImageError::UnsupportedColor { .. });

    // Frame and scan headers of a JPEG with two components.
    let frame = [0xff, 0xc0, 0, 14, 8, 0, 8, 0, 8, 2, 1, 0x11, 0, 2, 0x11, 0];
    let scan = [0xff, 0xda, 0, 10, 2, 1, 0, 2, 0, 0, 63, 0];
    let two_components = [&[0xff, 0xd8], &frame[..], &scan[..]].concat();
    assert_error!(decode(&two_components), ImageError::UnsupportedColor { .. });
}

fn kinds_of_jpeg() {
    let jpeg = baseline_jpeg(&gradient(16, 16));
    let frame = marker(&jpeg, 0xc0..=0xc2);
    for (kind, word) in [
        (0xc3, "lossless"),
        (0xc5, "hierarchical"),
        (0xc7, "hierarchical"),
        (0xcb, "lossless"),
        (0xcd, "hierarchical"),
        (0xf7, "JPEG-LS"),
    ] {
        let mut file = jpeg.clone();
        file[frame + 1] = kind;
        refused(&[(&file, word)], "convert it to PNG");
        assert_error!(decode(&file), ImageError::UnsupportedFormat { .. });
    }
    // The precision follows the marker and the length.
    let mut file = jpeg;
    file[frame + 4] = 12;
    refused(&[(&file, "12 bits")], "convert it to PNG");
}

fn arithmetic_jpeg() {
    // 8x8 pixels of one color, by libjpeg-turbo's `cjpeg -arithmetic -quality 100 -sample 1x1`.
    let mut file = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0".to_vec();
    for table in 0..2 {
        file.extend([0xff, 0xdb, 0, 0x43, table]);
        file.extend([1; 64]);
    }
    file.extend(b"\xff\xc9\0\x11\x08\0\x08\0\x08\x03\x01\x11\0\x02\x11\x01\x03\x11\x01");
    file.extend(b"\xff\xcc\0\x0a\0\x10\x10\x05\x01\x10\x11\x05");
    file.extend(b"\xff\xda\0\x0c\x03\x01\0\x02\x11\x03\x11\0\x3f\0");
    file.extend(b"\xff\0\xbc\x46\x17\xe1\x23\x8e\xff\xd9");
    let picture = decode_unwarned(&file);
    assert_eq!(picture.dim(), (8, 8, 3));
    let pixels = picture.exact_chunks((1, 1, 3));
    assert!(pixels.into_iter().all(|pixel| pixel.iter().eq(&[200, 90, 39])), "{picture}");
    // Arithmetic coding cannot tell that data is missing: without its end, the file is taken for cut off.
    for length in file.len() - 10..file.len() {
        assert_error!(decode(&file[..length]), ImageError::Truncated { .. });
    }
}
