//! Pictures through files: what is read exactly, what is read faithfully, what is refused, and what saving leaves
//! behind. The trials that compare with the notebook's data are ignored without it.

mod common;

/// Asserts that a result is an error of this pattern, and that its text names the file.
macro_rules! assert_error {
    ($result:expr, $pattern:pat) => {
        match $result {
            Err(error) => {
                assert!(matches!(error, $pattern), "unexpected error: {error:?}");
                let text = error.to_string();
                assert!(text.contains("picture"), "no file named in: {text}");
            }
            Ok(_) => panic!("no error where {} was due", stringify!($pattern)),
        }
    };
}

/// The trials of these functions, by their names.
macro_rules! trials {
    ($($name:ident),* $(,)?) => {
        vec![$(libtest_mimic::Trial::test(stringify!($name), || { $name(); Ok(()) })),*]
    };
}

#[path = "images/colors.rs"]
mod colors;
#[path = "images/damage.rs"]
mod damage;
#[path = "images/decoding.rs"]
mod decoding;
#[path = "images/files.rs"]
mod files;
#[path = "images/inputs.rs"]
mod inputs;
#[path = "images/limits.rs"]
mod limits;
#[path = "images/names.rs"]
mod names;
#[path = "images/orientation.rs"]
mod orientation;
#[path = "images/saving.rs"]
mod saving;
#[path = "images/tiffs.rs"]
mod tiffs;

use std::{fs, path::Path};

use common::{data_trial, notebook_picture, oracle_picture};
use decoding::{assert_close, decode};
use files::{encode, gradient, interlaced_png, jpeg, png, rgb_image, rgb_jpeg};
use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, Rgba};
use impasto::image::{ImageError, LoadOptions, check_output_path, decode_image, load_image, save_image};
use libtest_mimic::{Arguments, Trial};
use mozjpeg::ColorSpace;
use ndarray::{Array3, array};

fn main() {
    let mut trials = notebook_trials();
    trials.extend(trials![
        jpeg_color_spaces,
        jpeg_keeps_what_follows_its_end,
        gray_and_shallow_samples,
        palette,
        interlaced_png_is_put_together,
        deep_samples_are_rounded,
        transparency_lies_over_white,
        content_decides_the_format,
        loading_resizes,
        unreadable_paths,
        not_an_image,
        absurd_sizes,
        saving_and_loading_again,
        jpeg_is_saved_close_to_the_picture,
        saving_replaces_whole_files_only,
        saved_files_have_ordinary_permissions,
        output_paths_are_checked_without_a_trace,
    ]);
    for more in [
        colors::trials(),
        damage::trials(),
        inputs::trials(),
        limits::trials(),
        names::trials(),
        orientation::trials(),
        saving::trials(),
        tiffs::trials(),
    ] {
        trials.extend(more);
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

// The notebook's pictures.

fn notebook_trials() -> Vec<Trial> {
    [("tubingen", 192), ("starry_night", 192), ("composition_vii", 512), ("the_scream", 224)]
        .map(|(picture, size)| {
            data_trial(format!("notebook_{picture}_{size}"), move |data| {
                let loaded = notebook_picture(data, picture, size)?;
                let expected = oracle_picture(data, "resized_u8.npz", &format!("{picture}_{size}"), &loaded)?;
                let different = loaded.iter().zip(&expected).filter(|(a, b)| a != b).count();
                assert_eq!(different, 0, "levels that differ");
                Ok(())
            })
        })
        .into()
}

// What is read.

fn jpeg_color_spaces() {
    use ColorSpace::{JCS_CMYK, JCS_GRAYSCALE, JCS_RGB, JCS_YCCK};
    let size = (24, 16);
    let picture = gradient(size.0, size.1);
    assert_close(&decode(&rgb_jpeg(&picture)).unwrap(), &picture, 6);

    let samples: Vec<u8> = picture.iter().copied().collect();
    let plain_rgb = jpeg(&samples, size, JCS_RGB, JCS_RGB);
    assert_close(&decode(&plain_rgb).unwrap(), &picture, 2);

    let gray: Vec<u8> = samples.iter().step_by(3).copied().collect();
    let from_grey = decode(&jpeg(&gray, size, JCS_GRAYSCALE, JCS_GRAYSCALE)).unwrap();
    let expected = Array3::from_shape_fn((24, 16, 3), |(y, x, _)| picture[[y, x, 0]]);
    assert_close(&from_grey, &expected, 2);

    // Inks as Adobe stores them, inverted; Pillow makes (49, 137, 181) of them.
    let inks = [55, 155, 205, 225].repeat(24 * 16);
    let expected = Array3::from_shape_fn((24, 16, 3), |(_, _, c)| [49, 137, 181][c]);
    for stored in [JCS_CMYK, JCS_YCCK] {
        let from_inks = decode(&jpeg(&inks, size, JCS_CMYK, stored)).unwrap();
        assert_close(&from_inks, &expected, 2);
    }
}

fn jpeg_keeps_what_follows_its_end() {
    let mut file = rgb_jpeg(&gradient(16, 16));
    let picture = decode(&file).unwrap();
    file.extend(b"phones append a film here");
    assert_eq!(decode(&file).unwrap(), picture);
}

fn gray_and_shallow_samples() {
    let gray = ImageBuffer::from_raw(3, 1, vec![0_u8, 7, 255]).unwrap();
    let expected = array![[[0, 0, 0], [7, 7, 7], [255, 255, 255]]];
    for format in [ImageFormat::Png, ImageFormat::Tiff, ImageFormat::Pnm] {
        let file = encode(DynamicImage::ImageLuma8(gray.clone()), format);
        assert_eq!(decode(&file).unwrap(), expected, "{format:?}");
    }
    let levels = [[255, 0, 255], [0, 0, 255]];
    let black_and_white = Array3::from_shape_fn((2, 3, 3), |(y, x, _)| levels[y][x]);
    let one_bit = png((2, 3), 1, 0, &[], &[0, 0b1010_0000, 0, 0b0010_0000]);
    assert_eq!(decode(&one_bit).unwrap(), black_and_white);
    // In PBM, 1 is black.
    assert_eq!(decode(b"P1\n3 2\n0 1 0\n1 1 0\n").unwrap(), black_and_white);
    let two_bits = png((1, 4), 2, 0, &[], &[0, 0b00_01_10_11]);
    let quarters = Array3::from_shape_fn((1, 4, 3), |(_, x, _)| 85 * x as u8);
    assert_eq!(decode(&two_bits).unwrap(), quarters);
}

fn palette() {
    let colors = [255, 0, 0, 0, 255, 0, 1, 2, 3];
    let expected = array![[[1, 2, 3], [255, 0, 0]], [[0, 255, 0], [1, 2, 3]]];
    let as_png = png((2, 2), 8, 3, &colors, &[0, 2, 0, 0, 1, 2]);
    assert_eq!(decode(&as_png).unwrap(), expected);
    let as_gif = encode(rgb_image(&expected), ImageFormat::Gif);
    assert_eq!(decode(&as_gif).unwrap(), expected);
}

fn interlaced_png_is_put_together() {
    for (height, width) in [(1, 1), (2, 3), (5, 7), (8, 8), (19, 33)] {
        let picture = gradient(height, width);
        assert_eq!(decode(&interlaced_png(&picture)).unwrap(), picture, "{height}x{width}");
    }
    // A pass that is missing is not black.
    let file = interlaced_png(&gradient(19, 33));
    assert_error!(decode(&file[..file.len() / 2]), ImageError::Truncated { .. });
}

fn deep_samples_are_rounded() {
    // level = round(sample / 257): the steps between 0 and 1, 127 and 128, 254 and 255.
    let samples = vec![0, 128, 129, 32767, 32768, 65406, 65407, 65535, 257];
    let image = ImageBuffer::<Rgb<u16>, _>::from_raw(3, 1, samples).unwrap();
    let expected = array![[[0, 0, 1], [127, 128, 254], [255, 255, 1]]];
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        let file = encode(DynamicImage::ImageRgb16(image.clone()), format);
        assert_eq!(decode(&file).unwrap(), expected, "{format:?}");
    }
    let gray = ImageBuffer::<Luma<u16>, _>::from_raw(2, 1, vec![129, 65406]).unwrap();
    let file = encode(DynamicImage::ImageLuma16(gray), ImageFormat::Png);
    assert_eq!(decode(&file).unwrap(), array![[[1, 1, 1], [254, 254, 254]]]);
}

fn transparency_lies_over_white() {
    let pixels = vec![10_u8, 20, 30, 255, 10, 20, 30, 0, 0, 100, 255, 128];
    let image = ImageBuffer::<Rgba<u8>, _>::from_raw(3, 1, pixels).unwrap();
    // (level * 128 + 255 * 127) / 255, rounded.
    let expected = array![[[10, 20, 30], [255, 255, 255], [127, 177, 255]]];
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff] {
        let file = encode(DynamicImage::ImageRgba8(image.clone()), format);
        assert_eq!(decode(&file).unwrap(), expected, "{format:?}");
    }
    let gray = ImageBuffer::<LumaA<u8>, _>::from_raw(2, 1, vec![9, 255, 0, 128]).unwrap();
    let file = encode(DynamicImage::ImageLumaA8(gray), ImageFormat::Png);
    assert_eq!(decode(&file).unwrap(), array![[[9, 9, 9], [127, 127, 127]]]);
}

fn content_decides_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let picture = gradient(5, 4);
    let path = folder.path().join("picture.jpg");
    fs::write(&path, encode(rgb_image(&picture), ImageFormat::Png)).unwrap();
    assert_eq!(load_image(&path, &LoadOptions::default()).unwrap(), picture);
}

fn loading_resizes() {
    let file = encode(rgb_image(&gradient(40, 60)), ImageFormat::Png);
    let load = |size| decode_image(&file, Path::new("picture"), &LoadOptions::shorter_side(size));
    assert_eq!(load(10).unwrap().dim(), (10, 15, 3));
    assert_eq!(load(80).unwrap().dim(), (80, 120, 3));
    assert_error!(load(0), ImageError::TooSmall { .. });
    assert_error!(load(100_000), ImageError::TooLarge { .. });
    assert_error!(load(usize::MAX), ImageError::TooLarge { .. });
}

// What is refused.

fn unreadable_paths() {
    let folder = tempfile::tempdir().unwrap();
    let load = |name: &str| load_image(&folder.path().join(name), &LoadOptions::default());
    assert_error!(load("picture.png"), ImageError::NotFound { .. });
    fs::create_dir(folder.path().join("picture.dir")).unwrap();
    assert_error!(load("picture.dir"), ImageError::IsFolder { .. });
    fs::write(folder.path().join("picture.jpg"), "").unwrap();
    assert_error!(load("picture.jpg"), ImageError::Empty { .. });
    assert_error!(load("picture.jpg/inside"), ImageError::Unreadable { .. });
}

fn not_an_image() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture.jpg");
    fs::write(&path, "Not a picture but a letter.").unwrap();
    assert_error!(load_image(&path, &LoadOptions::default()), ImageError::NotAnImage { .. });
    assert_error!(decode(&[0]), ImageError::NotAnImage { .. });
}

fn absurd_sizes() {
    let huge_png = png((60_000, 60_000), 8, 2, &[], &[0; 100]);
    assert_error!(decode(&huge_png), ImageError::TooLarge { .. });

    let mut huge_jpeg = rgb_jpeg(&gradient(16, 16));
    let frame = huge_jpeg.windows(2).position(|marker| matches!(marker, [0xff, 0xc0..=0xc2])).unwrap();
    // Height and width follow the marker, the length and the sample precision.
    huge_jpeg[frame + 5..frame + 9].copy_from_slice(&[0xea, 0x60, 0xea, 0x60]);
    assert_error!(decode(&huge_jpeg), ImageError::TooLarge { .. });

    assert_error!(decode(b"P6 60000 60000 255\n"), ImageError::TooLarge { .. });
}

// What is saved.

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn saving_and_loading_again() {
    let folder = tempfile::tempdir().unwrap();
    let picture = gradient(11, 7);
    for (name, format) in [
        ("picture.png", ImageFormat::Png),
        ("picture.PNG", ImageFormat::Png),
        ("picture.webp", ImageFormat::WebP),
        ("picture.tif", ImageFormat::Tiff),
        ("picture.Tiff", ImageFormat::Tiff),
        ("picture.bmp", ImageFormat::Bmp),
    ] {
        let path = folder.path().join(name);
        save_image(&path, picture.view()).unwrap();
        assert_eq!(image::guess_format(&fs::read(&path).unwrap()).unwrap(), format);
        assert_eq!(load_image(&path, &LoadOptions::default()).unwrap(), picture, "{name}");
    }
    assert_eq!(names_in(folder.path()).len(), 6);
}

fn jpeg_is_saved_close_to_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    // Fine red and blue stripes, which halved color resolution would smear.
    let picture = Array3::from_shape_fn((16, 16, 3), |(_, x, c)| [[200, 40, 40], [40, 40, 200]][x % 2][c]);
    for name in ["picture.jpg", "picture.JPEG"] {
        let path = folder.path().join(name);
        save_image(&path, picture.view()).unwrap();
        assert!(fs::read(&path).unwrap().starts_with(&[0xff, 0xd8, 0xff]));
        assert_close(&load_image(&path, &LoadOptions::default()).unwrap(), &picture, 20);
    }
}

fn saving_replaces_whole_files_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture.jpg");
    save_image(&path, gradient(4, 4).view()).unwrap();
    let before = fs::read(&path).unwrap();
    // JPEG counts its sides in 16 bits.
    let too_wide = Array3::zeros((1, 70_000, 3));
    assert_error!(save_image(&path, too_wide.view()), ImageError::Encode { .. });
    let nothing = Array3::zeros((0, 4, 3));
    assert_error!(save_image(&path, nothing.view()), ImageError::Encode { .. });
    assert_eq!(fs::read(&path).unwrap(), before);

    save_image(&path, gradient(8, 8).view()).unwrap();
    assert_ne!(fs::read(&path).unwrap(), before);
    assert_eq!(names_in(folder.path()), ["picture.jpg"]);
}

fn saved_files_have_ordinary_permissions() {
    let folder = tempfile::tempdir().unwrap();
    let ordinary = folder.path().join("ordinary");
    fs::write(&ordinary, "").unwrap();
    let saved = folder.path().join("picture.png");
    save_image(&saved, gradient(4, 4).view()).unwrap();
    let permissions = |path| fs::metadata(path).unwrap().permissions();
    assert_eq!(permissions(saved), permissions(ordinary));
}

fn output_paths_are_checked_without_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["picture.png", "picture.JPG", "picture.webp", "picture.tif", "picture.bmp"] {
        check_output_path(&path(name)).unwrap();
    }
    assert!(names_in(folder.path()).is_empty());

    for name in ["picture", "picture.gif", "picture.txt", ".png-picture"] {
        assert_error!(check_output_path(&path(name)), ImageError::UnknownExtension { .. });
    }
    let missing = path("missing/picture.png");
    assert_error!(check_output_path(&missing), ImageError::MissingFolder { .. });
    assert_error!(save_image(&missing, gradient(2, 2).view()), ImageError::MissingFolder { .. });
    assert!(names_in(folder.path()).is_empty());

    fs::create_dir(path("picture.png")).unwrap();
    assert_error!(check_output_path(&path("picture.png")), ImageError::IsFolder { .. });
    // Where nobody may create files, not even an administrator.
    if cfg!(target_os = "linux") {
        assert_error!(check_output_path(Path::new("/proc/picture.png")), ImageError::NotWritable { .. });
    }
    check_output_path(Path::new("picture.png")).unwrap();
}
