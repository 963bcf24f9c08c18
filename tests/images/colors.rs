//! Color profiles: converted to sRGB as Pillow does (LittleCMS), left alone where they are sRGB, and named where they
//! cannot be used. The expected levels are Pillow's, of the profiles that are made here.

use image::{ExtendedColorType, ImageEncoder, ImageFormat};
use impasto::image::ImageWarning;
use libtest_mimic::Trial;
use mozjpeg::ColorSpace;
use ndarray::Array3;

use crate::decoding::{assert_close, decode, decode_unconverted, decode_unwarned, decode_warned};
use crate::files::{baseline_jpeg, encode, jpeg, png_with, rgb_image, webp_with, with_app, with_app1, zlib};
use crate::tiffs::TiffFile;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        profiles_of_png,
        profiles_of_webp,
        profiles_of_tiff,
        profiles_of_jpeg,
        adobe_rgb_by_exif_alone,
        code_points_of_png,
        gray_profiles,
        srgb_changes_nothing,
        transparency_and_profiles,
        profiles_that_cannot_be_used,
    ]
}

const COLORS: [[u8; 3]; 6] =
    [[200, 100, 50], [30, 160, 90], [255, 0, 0], [128, 128, 128], [12, 200, 240], [90, 60, 180]];
const FROM_DISPLAY_P3: [[u8; 3]; 6] =
    [[215, 93, 31], [0, 163, 82], [255, 0, 0], [128, 128, 128], [0, 204, 245], [95, 58, 187]];
const FROM_ADOBE_RGB: [[u8; 3]; 6] =
    [[227, 100, 42], [0, 161, 85], [255, 0, 0], [129, 129, 129], [0, 201, 242], [99, 57, 185]];

/// A row of pixels.
fn row(colors: &[[u8; 3]]) -> Array3<u8> {
    Array3::from_shape_vec((1, colors.len(), 3), colors.as_flattened().to_vec()).unwrap()
}

fn fixed(value: f64) -> [u8; 4] {
    ((value * 65536.0).round() as i32).to_be_bytes()
}

fn xyz(values: [f64; 3]) -> Vec<u8> {
    [&b"XYZ \0\0\0\0"[..], values.map(fixed).as_flattened()].concat()
}

/// A curve that is a power, in 256ths.
fn power(gamma: u16) -> Vec<u8> {
    [&b"curv\0\0\0\0\0\0\0\x01"[..], &gamma.to_be_bytes(), &[0, 0]].concat()
}

/// The curve of sRGB.
fn srgb_curve() -> Vec<u8> {
    let values = [2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045].map(fixed);
    [&b"para\0\0\0\0\0\x03\0\0"[..], values.as_flattened()].concat()
}

fn profile(space: &[u8; 4], tags: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut file = vec![0; 128];
    file[8..12].copy_from_slice(&[2, 0x40, 0, 0]);
    file[12..16].copy_from_slice(b"mntr");
    file[16..20].copy_from_slice(space);
    file[20..24].copy_from_slice(b"XYZ ");
    file[24..36].copy_from_slice(&[7, 232, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    file[36..40].copy_from_slice(b"acsp");
    file[68..80].copy_from_slice(&[0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d]);
    file.extend((tags.len() as u32).to_be_bytes());
    let mut place = 132 + 12 * tags.len();
    for (name, content) in tags {
        file.extend(*name);
        file.extend((place as u32).to_be_bytes());
        file.extend((content.len() as u32).to_be_bytes());
        place += content.len();
    }
    file.extend(tags.iter().flat_map(|(_, content)| content));
    let length = (file.len() as u32).to_be_bytes();
    file[..4].copy_from_slice(&length);
    file
}

fn rgb_profile(colorants: [[f64; 3]; 3], curve: &[u8]) -> Vec<u8> {
    let [red, green, blue] = colorants.map(xyz);
    let curve = || curve.to_vec();
    let white = xyz([0.9642, 1.0, 0.8249]);
    profile(
        b"RGB ",
        &[
            (b"wtpt", white),
            (b"rXYZ", red),
            (b"gXYZ", green),
            (b"bXYZ", blue),
            (b"rTRC", curve()),
            (b"gTRC", curve()),
            (b"bTRC", curve()),
        ],
    )
}

fn display_p3() -> Vec<u8> {
    let colorants = [[0.51512, 0.24120, -0.00105], [0.29198, 0.69225, 0.04189], [0.15710, 0.06657, 0.78407]];
    rgb_profile(colorants, &srgb_curve())
}

fn adobe_rgb() -> Vec<u8> {
    let colorants = [[0.60974, 0.31111, 0.01947], [0.20528, 0.62567, 0.06087], [0.14919, 0.06322, 0.74457]];
    rgb_profile(colorants, &power(0x0233))
}

fn srgb(curve: &[u8]) -> Vec<u8> {
    let colorants = [[0.43607, 0.22249, 0.01392], [0.38515, 0.71687, 0.09708], [0.14307, 0.06061, 0.71410]];
    rgb_profile(colorants, curve)
}

/// The content of an iCCP chunk.
fn named(profile: &[u8]) -> Vec<u8> {
    [&b"a name\0\0"[..], &zlib(profile)].concat()
}

fn png_with_profile(picture: &Array3<u8>, profile: &[u8]) -> Vec<u8> {
    png_with(picture, b"iCCP", &named(profile), false)
}

fn profiles_of_png() {
    for (profile, expected) in [(display_p3(), FROM_DISPLAY_P3), (adobe_rgb(), FROM_ADOBE_RGB)] {
        let file = png_with_profile(&row(&COLORS), &profile);
        assert_close(&decode_unwarned(&file), &row(&expected), 1);
        assert_eq!(decode_unconverted(&file), row(&COLORS));
    }
}

fn profiles_of_webp() {
    let file = webp_with(&row(&COLORS), 0, &[]);
    assert_eq!(decode(&file).unwrap(), row(&COLORS));
    let samples = COLORS.as_flattened();
    let mut file = Vec::new();
    let mut encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut file);
    encoder.set_icc_profile(display_p3()).unwrap();
    encoder.write_image(samples, 6, 1, ExtendedColorType::Rgb8).unwrap();
    assert_close(&decode_unwarned(&file), &row(&FROM_DISPLAY_P3), 1);
    assert_eq!(decode_unconverted(&file), row(&COLORS));
}

fn profiles_of_tiff() {
    let mut tiff = TiffFile::rgb(&row(&COLORS));
    tiff.set(34675, 7, adobe_rgb().into_iter().map(u64::from).collect());
    assert_close(&decode_unwarned(&tiff.bytes()), &row(&FROM_ADOBE_RGB), 1);
    assert_eq!(decode_unconverted(&tiff.bytes()), row(&COLORS));
}

/// A profile in several APP2 segments, out of order.
fn jpeg_with_profile(jpeg: &[u8], profile: &[u8], parts: usize) -> Vec<u8> {
    let mut file = jpeg.to_vec();
    for (index, part) in profile.chunks(profile.len().div_ceil(parts)).enumerate() {
        let header = [&b"ICC_PROFILE\0"[..], &[index as u8 + 1, parts as u8]].concat();
        file = with_app(2, &file, &[header, part.to_vec()].concat());
    }
    file
}

fn profiles_of_jpeg() {
    let flat = Array3::from_shape_fn((16, 16, 3), |(_, _, c)| COLORS[0][c]);
    let expected = Array3::from_shape_fn((16, 16, 3), |(_, _, c)| FROM_DISPLAY_P3[0][c]);
    let jpeg = baseline_jpeg(&flat);
    for parts in [1, 2, 7] {
        let file = jpeg_with_profile(&jpeg, &display_p3(), parts);
        assert_close(&decode_unwarned(&file), &expected, 3);
        assert_eq!(decode_unconverted(&file), decode(&jpeg).unwrap());
    }
}

fn adobe_rgb_by_exif_alone() {
    // Directories of one entry each: EXIF, interoperability, its index "R03" (DCF's optional color space).
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        let mut directory = vec![1, 0];
        directory.extend(tag.to_le_bytes());
        directory.extend(kind.to_le_bytes());
        directory.extend(count.to_le_bytes());
        directory.extend(value);
        directory.extend([0; 4]);
        directory
    };
    let exif = |index: &[u8; 4]| {
        let directories =
            [entry(0x8769, 4, 1, [26, 0, 0, 0]), entry(0xa005, 4, 1, [44, 0, 0, 0]), entry(1, 2, 4, *index)];
        [&b"Exif\0\0II*\0\x08\0\0\0"[..], &directories.concat()].concat()
    };
    let flat = Array3::from_shape_fn((16, 16, 3), |(_, _, c)| COLORS[5][c]);
    let expected = Array3::from_shape_fn((16, 16, 3), |(_, _, c)| FROM_ADOBE_RGB[5][c]);
    let jpeg = baseline_jpeg(&flat);
    let adobe = with_app1(&jpeg, &exif(b"R03\0"));
    assert_close(&decode_unwarned(&adobe), &expected, 3);
    assert_eq!(decode_unconverted(&adobe), decode(&jpeg).unwrap());
    // "R98" is sRGB.
    assert_eq!(decode_unwarned(&with_app1(&jpeg, &exif(b"R98\0"))), decode(&jpeg).unwrap());
}

fn code_points_of_png() {
    // Display P3: primaries 12, transfer 13, no matrix, full range.
    let file = png_with(&row(&COLORS), b"cICP", &[12, 13, 0, 1], false);
    assert_close(&decode_unwarned(&file), &row(&FROM_DISPLAY_P3), 1);
    // sRGB.
    let file = png_with(&row(&COLORS), b"cICP", &[1, 13, 0, 1], false);
    assert_eq!(decode_unwarned(&file), row(&COLORS));
    // PQ, narrow range, and what does not exist.
    for points in [[9, 16, 0, 1], [12, 13, 0, 0], [2, 2, 0, 1], [200, 13, 0, 1], [12, 200, 0, 1]] {
        let file = png_with(&row(&COLORS), b"cICP", &points, false);
        let (picture, warning) = decode_warned(&file);
        assert_eq!(picture, row(&COLORS));
        assert!(matches!(warning, ImageWarning::ProfileIgnored { .. }), "{points:?}");
    }
}

fn gray_profiles() {
    let levels = [0_u8, 20, 60, 128, 200, 255];
    let with_power = profile(b"GRAY", &[(b"wtpt", xyz([0.9642, 1.0, 0.8249])), (b"kTRC", power(0x01cd))]);
    let gray = image::GrayImage::from_raw(6, 1, levels.to_vec()).unwrap();
    let file = encode(gray, ImageFormat::Png);
    let with = |profile: &[u8]| {
        let chunk = &png_with(&row(&COLORS), b"iCCP", &named(profile), false)[33..];
        let length = u32::from_be_bytes(chunk[..4].try_into().unwrap()) as usize + 12;
        [&file[..33], &chunk[..length], &file[33..]].concat()
    };
    let expected: Vec<_> = [0, 26, 77, 146, 210, 255].map(|level| [level; 3]).into();
    assert_close(&decode_unwarned(&with(&with_power)), &row(&expected), 1);
    // A gray picture with a profile for RGB, as programs write it that forget the picture's kind.
    let unchanged: Vec<_> = levels.map(|level| [level; 3]).into();
    assert_eq!(decode_unwarned(&with(&srgb(&srgb_curve()))), row(&unchanged));
    assert_eq!(decode_unwarned(&with(&display_p3())), row(&unchanged));
    let by_curve = decode_unwarned(&with(&srgb(&power(0x01cd))));
    assert_close(&by_curve, &row(&expected), 1);
    // A profile for gray cannot say anything of colors.
    let (picture, warning) = decode_warned(&png_with_profile(&row(&COLORS), &with_power));
    assert_eq!(picture, row(&COLORS));
    assert!(warning.to_string().contains("made for gray"), "{warning}");
}

fn srgb_changes_nothing() {
    let every_level = Array3::from_shape_fn((16, 16, 3), |(y, x, c)| (16 * y + x + 85 * c) as u8);
    for curve in [srgb_curve(), sampled_srgb_curve()] {
        assert_eq!(decode_unwarned(&png_with_profile(&every_level, &srgb(&curve))), every_level);
    }
    let jpeg = baseline_jpeg(&every_level);
    let file = jpeg_with_profile(&jpeg, &srgb(&srgb_curve()), 1);
    assert_eq!(decode_unwarned(&file), decode(&jpeg).unwrap());
}

/// The curve of sRGB as a table, as older profiles have it.
fn sampled_srgb_curve() -> Vec<u8> {
    let mut curve = b"curv\0\0\0\0\0\0\x04\0".to_vec();
    for index in 0..1024 {
        let x = f64::from(index) / 1023.0;
        let y = if x <= 0.04045 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) };
        curve.extend(((y * 65535.0).round() as u16).to_be_bytes());
    }
    curve
}

fn transparency_and_profiles() {
    // The color is converted first, and then laid over white.
    let image = image::RgbaImage::from_raw(2, 1, vec![200, 100, 50, 255, 200, 100, 50, 128]).unwrap();
    let mut file = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut file);
    encoder.set_icc_profile(display_p3()).unwrap();
    encoder.write_image(image.as_raw(), 2, 1, ExtendedColorType::Rgba8).unwrap();
    assert_close(&decode_unwarned(&file), &row(&[[215, 93, 31], [235, 174, 143]]), 1);
}

fn profiles_that_cannot_be_used() {
    let picture = row(&COLORS);
    let unused = |file: &[u8], word: &str| {
        let (read, warning) = decode_warned(file);
        assert_eq!(read, picture);
        assert!(matches!(warning, ImageWarning::ProfileIgnored { .. }));
        assert!(warning.to_string().contains(word), "{warning}");
    };
    let whole = display_p3();
    unused(&png_with_profile(&picture, &whole[..whole.len() / 2]), "damaged");
    unused(&png_with_profile(&picture, b"no profile at all"), "damaged");
    let mut other = display_p3();
    other[16..20].copy_from_slice(b"CMYK");
    unused(&png_with_profile(&picture, &other), "CMYK");

    // Profiles of JPEG: a part is missing; the picture is CMYK.
    let flat = baseline_jpeg(&Array3::from_elem((8, 8, 3), 100));
    let parted = jpeg_with_profile(&flat, &whole, 3);
    let second = parted.windows(14).position(|header| header == b"ICC_PROFILE\0\x02\x03").unwrap();
    let mut file = parted;
    file[second] = b'X';
    let (read, warning) = decode_warned(&file);
    assert_eq!(read, decode(&flat).unwrap());
    assert!(warning.to_string().contains("damaged"), "{warning}");
    let inks = jpeg(&[55, 155, 205, 225].repeat(64), (8, 8), ColorSpace::JCS_CMYK, ColorSpace::JCS_CMYK);
    let (read, warning) = decode_warned(&jpeg_with_profile(&inks, &whole, 1));
    assert_eq!(read, decode(&inks).unwrap());
    assert!(warning.to_string().contains("CMYK"), "{warning}");
    // What is ignored is not worth a warning.
    decode_unconverted(&file);
    let unread = encode(rgb_image(&picture), ImageFormat::Bmp);
    assert_eq!(decode_unwarned(&unread), picture);
}
