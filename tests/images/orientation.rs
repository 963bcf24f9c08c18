//! How a camera was held: all eight orientations, from every place where programs note them, turn the picture as Pillow's
//! `exif_transpose` does.

use image::{ExtendedColorType, ImageEncoder, ImageFormat};
use libtest_mimic::Trial;
use ndarray::Array3;

use crate::decoding::{decode, decode_unturned};
use crate::files::{encode, exif, gradient, png_with, rgb_image, rgb_jpeg, webp_with, with_app1, zlib};
use crate::tiffs::TiffFile;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        exif_turns_a_jpeg_upright,
        exif_turns_other_formats_upright,
        orientations_of_any_integer_type,
        png_exif_before_and_after_the_pixels,
        png_raw_profiles,
        xmp_of_every_format,
        xmp_in_every_spelling,
        exif_counts_before_xmp,
        tiff_orientation,
        broken_notes_turn_nothing,
    ]
}

/// The picture after the turn that each EXIF orientation asks for.
fn upright(stored: &Array3<u8>, orientation: u8) -> Array3<u8> {
    let (height, width, _) = stored.dim();
    let (rows, columns) = if orientation < 5 { (height, width) } else { (width, height) };
    Array3::from_shape_fn((rows, columns, 3), |(y, x, c)| {
        let (bottom, right) = (rows - 1 - y, columns - 1 - x);
        let (row, column) = match orientation {
            1 => (y, x),
            2 => (y, right),
            3 => (bottom, right),
            4 => (bottom, x),
            5 => (x, y),
            6 => (right, y),
            7 => (right, bottom),
            8 => (x, bottom),
            _ => unreachable!("EXIF knows eight orientations"),
        };
        stored[[row, column, c]]
    })
}

fn exif_turns_a_jpeg_upright() {
    let plain = rgb_jpeg(&gradient(16, 24));
    let stored = decode(&plain).unwrap();
    for orientation in 1..=8 {
        let file = with_app1(&plain, &[b"Exif\0\0", &exif(orientation)[..]].concat());
        assert_eq!(decode(&file).unwrap(), upright(&stored, orientation));
        assert_eq!(decode_unturned(&file).unwrap(), stored);
    }
    // Other segments of the same kind, broken EXIF and an orientation that does not exist turn nothing.
    for content in [
        b"http://ns.adobe.com/xap/1.0/\0<x/>".to_vec(),
        b"Exif\0\0II*\0\xff\xff\xff\xff".to_vec(),
        [b"Exif\0\0", &exif(9)[..]].concat(),
    ] {
        assert_eq!(decode(&with_app1(&plain, &content)).unwrap(), stored);
    }
}

fn exif_turns_other_formats_upright() {
    let picture = gradient(4, 6);
    let samples: Vec<u8> = picture.iter().copied().collect();
    let color = ExtendedColorType::Rgb8;
    let mut as_png = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut as_png);
    encoder.set_exif_metadata(exif(6)).unwrap();
    encoder.write_image(&samples, 6, 4, color).unwrap();
    let mut as_webp = Vec::new();
    let mut encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut as_webp);
    encoder.set_exif_metadata(exif(6)).unwrap();
    encoder.write_image(&samples, 6, 4, color).unwrap();
    for file in [as_png, as_webp] {
        assert_eq!(decode(&file).unwrap(), upright(&picture, 6));
        assert_eq!(decode_unturned(&file).unwrap(), picture);
    }
}

/// EXIF data, big-endian, whose orientation has another type than SHORT.
fn exif_of_type(kind: u16, value: &[u8; 4], further: &[u8]) -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12".to_vec();
    exif.extend(kind.to_be_bytes());
    exif.extend([0, 0, 0, 1]);
    exif.extend(value);
    exif.extend([0; 4]);
    exif.extend(further);
    exif
}

fn orientations_of_any_integer_type() {
    let picture = gradient(4, 6);
    for orientation in 1..=8 {
        let byte = exif_of_type(1, &[orientation, 0, 0, 0], &[]);
        let short = exif_of_type(3, &[0, orientation, 0, 0], &[]);
        let long = exif_of_type(4, &[0, 0, 0, orientation], &[]);
        let signed = exif_of_type(9, &[0, 0, 0, orientation], &[]);
        let rational = exif_of_type(5, &[0, 0, 0, 26], &[0, 0, 0, 2 * orientation, 0, 0, 0, 2]);
        for exif in [byte, short, long, signed, rational] {
            let file = png_with(&picture, b"eXIf", &exif, false);
            assert_eq!(decode(&file).unwrap(), upright(&picture, orientation), "{exif:?}");
        }
    }
}

fn png_exif_before_and_after_the_pixels() {
    let picture = gradient(4, 6);
    for orientation in 1..=8 {
        for after in [false, true] {
            let file = png_with(&picture, b"eXIf", &exif(orientation), after);
            assert_eq!(decode(&file).unwrap(), upright(&picture, orientation), "{orientation} {after}");
            assert_eq!(decode_unturned(&file).unwrap(), picture);
        }
    }
}

/// The text in which ImageMagick and GIMP write a profile.
fn raw_profile(name: &str, content: &[u8]) -> String {
    let mut text = format!("\n{name}\n{:8}\n", content.len());
    for line in content.chunks(36) {
        text.extend(line.iter().map(|byte| format!("{byte:02x}")));
        text.push('\n');
    }
    text
}

/// The chunk kinds of texts, and the content of each.
fn texts(keyword: &str, text: &str) -> [(&'static [u8; 4], Vec<u8>); 4] {
    let plain = [keyword.as_bytes(), b"\0", text.as_bytes()].concat();
    let compressed = [keyword.as_bytes(), b"\0\0", &zlib(text.as_bytes())].concat();
    let international = [keyword.as_bytes(), b"\0\0\0\0\0", text.as_bytes()].concat();
    let both = [keyword.as_bytes(), b"\0\x01\0\0\0", &zlib(text.as_bytes())].concat();
    [(b"tEXt", plain), (b"zTXt", compressed), (b"iTXt", international), (b"iTXt", both)]
}

fn png_raw_profiles() {
    let picture = gradient(4, 6);
    for orientation in 1..=8 {
        let exif = [b"Exif\0\0", &exif(orientation)[..]].concat();
        for (keyword, name) in
            [("Raw profile type exif", "exif"), ("Raw profile type APP1", "generic profile")]
        {
            for (kind, content) in texts(keyword, &raw_profile(name, &exif)) {
                for after in [false, true] {
                    let file = png_with(&picture, kind, &content, after);
                    assert_eq!(
                        decode(&file).unwrap(),
                        upright(&picture, orientation),
                        "{keyword} {orientation}"
                    );
                    assert_eq!(decode_unturned(&file).unwrap(), picture);
                }
            }
        }
    }
}

fn xmp(orientation: u8) -> String {
    format!(
        "<?xpacket begin=\"\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF \
         xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" \
         xmlns:tiff=\"http://ns.adobe.com/tiff/1.0/\" tiff:Orientation=\"{orientation}\"/></rdf:RDF></x:xmpmeta>"
    )
}

fn xmp_of_every_format() {
    let picture = gradient(16, 24);
    let jpeg = rgb_jpeg(&picture);
    let stored = decode(&jpeg).unwrap();
    for orientation in 1..=8 {
        let packet = xmp(orientation);
        let segment = [b"http://ns.adobe.com/xap/1.0/\0", packet.as_bytes()].concat();
        assert_eq!(decode(&with_app1(&jpeg, &segment)).unwrap(), upright(&stored, orientation));
        let expected = upright(&picture, orientation);
        for (kind, content) in texts("XML:com.adobe.xmp", &packet) {
            assert_eq!(decode(&png_with(&picture, kind, &content, true)).unwrap(), expected);
        }
        let raw = raw_profile("xmp", packet.as_bytes());
        for (kind, content) in texts("Raw profile type xmp", &raw) {
            assert_eq!(decode(&png_with(&picture, kind, &content, false)).unwrap(), expected);
        }
        let webp = webp_with(&picture, 0x04, &[(b"XMP ", packet.as_bytes())]);
        assert_eq!(decode(&webp).unwrap(), expected);
        assert_eq!(decode_unturned(&webp).unwrap(), picture);
        let mut tiff = TiffFile::rgb(&picture);
        tiff.set(700, 1, packet.bytes().map(u64::from).collect());
        assert_eq!(decode(&tiff.bytes()).unwrap(), expected);
    }
}

fn xmp_in_every_spelling() {
    let picture = gradient(4, 6);
    let expected = upright(&picture, 6);
    let wide: String = "<a tiff:Orientation=\"6\"/>".chars().flat_map(|c| [c, '\0']).collect();
    for packet in [
        "<rdf:Description tiff:Orientation='6'/>",
        "<rdf:Description tiff:Orientation = \"6\"/>",
        "<tiff:Orientation>6</tiff:Orientation>",
        "<tiff:Orientation>\n  6\n</tiff:Orientation>",
        // An element without a value before the one that has it.
        "<tiff:Orientation/><tiff:Orientation>6</tiff:Orientation>",
        &wide,
    ] {
        let webp = webp_with(&picture, 0x04, &[(b"XMP ", packet.as_bytes())]);
        assert_eq!(decode(&webp).unwrap(), expected, "{packet}");
    }
}

fn exif_counts_before_xmp() {
    let picture = gradient(4, 6);
    let (exif, xmp) = (exif(8), xmp(6));
    let chunks: [(&[u8; 4], &[u8]); 2] = [(b"XMP ", xmp.as_bytes()), (b"EXIF", &exif)];
    assert_eq!(decode(&webp_with(&picture, 0x0c, &chunks)).unwrap(), upright(&picture, 8));
}

fn tiff_orientation() {
    let picture = gradient(4, 6);
    for orientation in 1..=8 {
        for kind in [1, 3, 4] {
            let mut file = TiffFile::rgb(&picture);
            file.set(274, kind, vec![u64::from(orientation)]);
            assert_eq!(decode(&file.bytes()).unwrap(), upright(&picture, orientation), "type {kind}");
            assert_eq!(decode_unturned(&file.bytes()).unwrap(), picture);
        }
    }
}

fn broken_notes_turn_nothing() {
    let picture = gradient(4, 6);
    for exif in [&b""[..], b"II", b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff", &exif(0), &exif(9)] {
        let file = png_with(&picture, b"eXIf", exif, true);
        assert_eq!(decode(&file).unwrap(), picture, "{exif:?}");
    }
    for packet in
        ["tiff:Orientation", "tiff:Orientation=", "tiff:Orientation=\"", "tiff:Orientation>x<", "<a>6</a>"]
    {
        let file = webp_with(&picture, 0x04, &[(b"XMP ", packet.as_bytes())]);
        assert_eq!(decode(&file).unwrap(), picture, "{packet}");
    }
    for text in ["", "\nexif\n", "\nexif\n 4\n4d4", "\nexif\n 8\nnot hexadecimal"] {
        let content = [b"Raw profile type exif\0", text.as_bytes()].concat();
        assert_eq!(decode(&png_with(&picture, b"tEXt", &content, false)).unwrap(), picture, "{text:?}");
    }
    // What follows the pixels may also be broken beyond reading.
    let bmp = encode(rgb_image(&picture), ImageFormat::Bmp);
    assert_eq!(decode(&bmp).unwrap(), picture);
}
