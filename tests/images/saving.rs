//! What is in the files that are saved: the pixels, the profile of sRGB, the quality that was asked for.

use std::io::Cursor;

use image::{ImageDecoder, ImageReader};
use impasto::image::{
    ColorProfiles, ImageError, LoadOptions, SaveOptions, load_image_with_warnings, save_image,
    save_image_with,
};
use libtest_mimic::Trial;
use tempfile::tempdir;

use super::files::gradient;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        the_profile_of_srgb_is_there_and_moves_no_color,
        the_same_picture_is_the_same_file,
        quality_decides_about_size,
        quality_is_refused_where_there_is_none,
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
    let path = folder.path().join("picture.jpg");
    let size = |quality: Option<u8>| {
        let options =
            quality.map_or(SaveOptions::default(), |quality| SaveOptions::default().with_quality(quality));
        save_image_with(&path, picture.view(), &options).unwrap();
        std::fs::metadata(&path).unwrap().len()
    };
    assert!(size(Some(10)) < size(Some(60)) && size(Some(60)) < size(Some(100)));
    assert_eq!(size(None), size(Some(95)));
}

fn quality_is_refused_where_there_is_none() {
    let (folder, picture) = (tempdir().unwrap(), gradient(5, 5));
    for name in ["picture.png", "picture.tif", "picture.webp", "picture.bmp"] {
        let path = folder.path().join(name);
        let options = SaveOptions::default().with_quality(80);
        assert_error!(save_image_with(&path, picture.view(), &options), ImageError::NoQuality { .. });
        assert!(!path.exists());
    }
    for quality in [0, 101, 255] {
        let path = folder.path().join("picture.jpg");
        let refused = save_image_with(&path, picture.view(), &SaveOptions::default().with_quality(quality));
        assert!(matches!(refused, Err(ImageError::Quality { .. })), "{quality}");
    }
}
