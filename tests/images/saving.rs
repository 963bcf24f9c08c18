//! What is in the files that are saved: the pixels, the profile of sRGB, the quality that was asked for.

use std::io::Cursor;

use image::{ImageDecoder, ImageReader};
use impasto::image::{
    ColorProfiles, Density, ImageError, LoadOptions, SaveOptions, load_image, load_image_with_warnings,
    save_image, save_image_with,
};
use libtest_mimic::Trial;
use ndarray::{Array3, Axis};
use tempfile::tempdir;

use super::files::gradient;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        the_profile_of_srgb_is_there_and_moves_no_color,
        the_same_picture_is_the_same_file,
        quality_decides_about_size,
        quality_is_refused_where_there_is_none,
        alpha_is_kept_where_a_format_has_it,
        sixteen_bits_are_finer_than_eight,
        density_and_record_come_back,
        long_records_do_no_harm,
    ]
}

fn the_profile_of_srgb_is_there_and_moves_no_color() {
    let (folder, picture) = (tempdir().unwrap(), gradient(30, 41));
    for name in ["picture.png", "picture.tiff", "picture.webp", "picture.jpg"] {
        let path = folder.path().join(name);
        save_image(&path, picture.view()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        // TIFF's decoder does not tell and JPEG's is not there, but both hold it as it is.
        let profile = match name {
            "picture.tiff" | "picture.jpg" => {
                let signature = bytes.windows(4).position(|bytes| bytes == b"acsp").expect("a profile");
                bytes[signature - 36..].to_vec()
            }
            _ => {
                let reader = ImageReader::new(Cursor::new(&bytes)).with_guessed_format().unwrap();
                reader.into_decoder().unwrap().icc_profile().unwrap().expect(name)
            }
        };
        assert_eq!(&profile[36..40], b"acsp", "{name}: not a color profile");
        assert_eq!(&profile[16..20], b"RGB ", "{name}");
        // For us it is sRGB, so that a picture that is saved and loaded stays as it is.
        let [converted, ignored] = [ColorProfiles::Convert, ColorProfiles::Ignore].map(|profiles| {
            let loaded =
                load_image_with_warnings(&path, &LoadOptions::default().with_color_profiles(profiles))
                    .unwrap();
            assert!(loaded.warnings.is_empty(), "{name}: {:?}", loaded.warnings);
            loaded.picture
        });
        assert_eq!(converted, ignored, "{name}");
        assert!(name.ends_with("jpg") || converted == picture, "{name}");
    }
}

fn the_same_picture_is_the_same_file() {
    let (folder, picture) = (tempdir().unwrap(), gradient(9, 14));
    for name in ["picture.png", "picture.tiff", "picture.webp", "picture.jpg", "picture.bmp"] {
        let bytes = ["once", "twice"].map(|time| {
            let path = folder.path().join(format!("{time}-{name}"));
            save_image(&path, picture.view()).unwrap();
            std::fs::read(path).unwrap()
        });
        assert!(bytes[0] == bytes[1], "{name}");
        // The profile's year, which would be that of the run.
        assert!(!bytes[0].windows(4).any(|bytes| bytes == [0x07, 0xea, 0, 11]), "{name} has a date");
    }
}

fn quality_decides_about_size() {
    let (folder, picture) = (tempdir().unwrap(), gradient(120, 160));
    for name in ["picture.jpg", "picture.webp"] {
        let path = folder.path().join(name);
        let size = |quality: Option<u8>| {
            let options = quality
                .map_or(SaveOptions::default(), |quality| SaveOptions::default().with_quality(quality));
            save_image_with(&path, picture.view(), &options).unwrap();
            std::fs::metadata(&path).unwrap().len()
        };
        assert!(size(Some(10)) < size(Some(60)) && size(Some(60)) < size(Some(100)), "{name}");
        if name.ends_with("jpg") {
            assert_eq!(size(None), size(Some(95)));
        }
        // As close as its quality lets it be.
        save_image_with(&path, picture.view(), &SaveOptions::default().with_quality(90)).unwrap();
        let loaded = load_image(&path, &LoadOptions::default()).unwrap();
        let distance = loaded.iter().zip(&picture).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>();
        assert!(distance / (picture.len() as f64) < 3.0, "{name}: {}", distance / picture.len() as f64);
    }
}

fn alpha_is_kept_where_a_format_has_it() {
    let folder = tempdir().unwrap();
    let picture = Array3::from_shape_fn((20, 31, 4), |(y, x, c)| (9 * y + 5 * x + 60 * c) as u8);
    let (keep, background) = (LoadOptions::default().with_alpha(true), [10, 200, 30]);
    let over = Array3::from_shape_fn((20, 31, 3), |(y, x, c)| {
        let (level, alpha) = (u32::from(picture[[y, x, c]]), u32::from(picture[[y, x, 3]]));
        ((level * alpha + u32::from(background[c]) * (255 - alpha) + 127) / 255) as u8
    });
    for name in ["picture.png", "picture.tiff", "picture.webp", "picture.bmp", "picture.jpg"] {
        let path = folder.path().join(name);
        let options = SaveOptions::default().with_background(background);
        save_image_with(&path, picture.view(), &options).unwrap();
        let loaded = load_image_with_warnings(&path, &keep).unwrap();
        assert!(loaded.warnings.is_empty(), "{name}: {:?}", loaded.warnings);
        match name {
            "picture.bmp" => assert_eq!(loaded.picture, over),
            "picture.jpg" => assert_eq!(loaded.picture.dim(), (20, 31, 3)),
            _ => {
                assert_eq!(loaded.picture, picture, "{name}");
                let laid = LoadOptions::default().with_background(background);
                assert_eq!(load_image(&path, &laid).unwrap(), over, "{name}");
            }
        }
    }
    // Alpha that is 255 all over is none.
    let path = folder.path().join("opaque.png");
    let mut opaque = picture.clone();
    opaque.index_axis_mut(Axis(2), 3).fill(255);
    save_image(&path, opaque.view()).unwrap();
    assert_eq!(load_image(&path, &keep).unwrap().dim(), (20, 31, 3));
    let lossy = folder.path().join("lossy.webp");
    save_image_with(&lossy, picture.view(), &SaveOptions::default().with_quality(80)).unwrap();
    let loaded = load_image(&lossy, &keep).unwrap();
    assert_eq!(loaded.index_axis(Axis(2), 3), picture.index_axis(Axis(2), 3));
}

fn sixteen_bits_are_finer_than_eight() {
    let folder = tempdir().unwrap();
    let deep = Array3::from_shape_fn((40, 50, 3), |(y, x, c)| (1000 + 50 * y + x + 7 * c) as u16);
    let with_alpha = Array3::from_shape_fn((7, 9, 4), |(y, x, c)| (6000 * y + 500 * x + 7 * c) as u16);
    for name in ["deep.png", "deep.tiff"] {
        let path = folder.path().join(name);
        save_image_with(&path, deep.view(), &SaveOptions::default()).unwrap();
        let (read, levels) = (read_16(&path), deep.iter().collect::<std::collections::HashSet<_>>());
        assert_eq!(read, deep.iter().copied().collect::<Vec<_>>(), "{name}");
        assert!(levels.len() > 256);
        // The same picture in 8 bits, rounded.
        let loaded = load_image(&path, &LoadOptions::default()).unwrap();
        assert_eq!(loaded, deep.mapv(|level| ((u32::from(level) + 128) / 257) as u8), "{name}");
        save_image_with(&path, with_alpha.view(), &SaveOptions::default()).unwrap();
        assert_eq!(read_16(&path), with_alpha.iter().copied().collect::<Vec<_>>(), "{name}");
    }
    for name in ["picture.jpg", "picture.webp", "picture.bmp"] {
        let path = folder.path().join(name);
        let refused = save_image_with(&path, deep.view(), &SaveOptions::default());
        assert_error!(refused, ImageError::NoSixteenBits { .. });
        assert!(!path.exists());
    }
}

/// The samples of a picture of 16 bits, by `image`'s decoders.
fn read_16(path: &std::path::Path) -> Vec<u16> {
    match image::open(path).unwrap() {
        image::DynamicImage::ImageRgb16(image) => image.into_raw(),
        image::DynamicImage::ImageRgba16(image) => image.into_raw(),
        other => panic!("{:?}", other.color()),
    }
}

fn density_and_record_come_back() {
    let (folder, picture) = (tempdir().unwrap(), gradient(12, 17));
    let density = Density::per_inch(300.0, 240.0).unwrap();
    let record = "{\"arguments\": [\"transfer\", \"a & b <ü>.jpg\"]}\n";
    for name in ["picture.png", "picture.tiff", "picture.webp", "picture.jpg"] {
        let path = folder.path().join(name);
        save_image(&path, picture.view()).unwrap();
        let plain = load_image_with_warnings(&path, &LoadOptions::default()).unwrap();
        assert_eq!((plain.density, plain.record), (None, None), "{name}");
        let options = SaveOptions::default().with_density(density).with_record(record);
        save_image_with(&path, picture.view(), &options).unwrap();
        let loaded = load_image_with_warnings(&path, &LoadOptions::default()).unwrap();
        assert_eq!(loaded.record.as_deref(), Some(record), "{name}");
        assert_eq!(loaded.picture, plain.picture, "{name}");
        // WebP says it in XMP, which only other programs read.
        if name != "picture.webp" {
            assert_eq!(loaded.density, Some(density), "{name}");
        }
    }
}

fn long_records_do_no_harm() {
    let (folder, picture) = (tempdir().unwrap(), gradient(12, 17));
    let record = "x".repeat(100_000);
    for (name, is_there) in
        [("picture.png", true), ("picture.tif", true), ("picture.webp", true), ("a.jpg", false)]
    {
        let path = folder.path().join(name);
        save_image_with(&path, picture.view(), &SaveOptions::default().with_record(record.as_str())).unwrap();
        let loaded = load_image_with_warnings(&path, &LoadOptions::default()).unwrap();
        assert!(loaded.warnings.is_empty());
        assert_eq!(loaded.record.is_some(), is_there, "{name}");
    }
}

fn quality_is_refused_where_there_is_none() {
    let (folder, picture) = (tempdir().unwrap(), gradient(5, 5));
    for name in ["picture.png", "picture.tif", "picture.bmp"] {
        let path = folder.path().join(name);
        let options = SaveOptions::default().with_quality(80);
        assert_error!(save_image_with(&path, picture.view(), &options), ImageError::NoQuality { .. });
        assert!(!path.exists());
    }
    for (quality, name) in [(0, "picture.jpg"), (101, "picture.jpg"), (255, "picture.webp")] {
        let path = folder.path().join(name);
        let refused = save_image_with(&path, picture.view(), &SaveOptions::default().with_quality(quality));
        assert!(matches!(refused, Err(ImageError::Quality { .. })), "{quality}");
    }
}
