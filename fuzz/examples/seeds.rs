//! Writes the pictures that fuzzing starts from, a folder for each format, by the encoders of the tests:
//! `cargo run --example seeds -- FOLDER`.

#[allow(dead_code)]
#[path = "../../tests/images/files.rs"]
mod files;

use std::{env, fs, io, path::Path};

use files::{
    baseline_jpeg, encode, exif, gradient, png, png_with, rgb_image, rgb_jpeg, webp_with, with_app1,
};
use image::{DynamicImage, ImageFormat};

fn main() -> io::Result<()> {
    let folder = env::args().nth(1).unwrap_or_else(|| "corpus".into());
    let write = |format: &str, number: usize, bytes: &[u8]| {
        let folder = Path::new(&folder).join(format);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("seed-{number}")), bytes)
    };
    let picture = gradient(9, 13);
    let exif_segment = [b"Exif\0\0", &exif(6)[..]].concat();
    let jpegs = [rgb_jpeg(&picture), baseline_jpeg(&picture), with_app1(&rgb_jpeg(&picture), &exif_segment)];
    for (number, file) in jpegs.iter().enumerate() {
        write("jpeg", number, file)?;
    }
    let text = b"Raw profile type exif\0\nexif\n      8\n4d4d002a00000008\n";
    let pngs = [
        png((2, 3), 1, 0, &[], &[0, 0b1010_0000, 0, 0b0010_0000]),
        png((2, 2), 8, 3, &[255, 0, 0, 0, 255, 0, 1, 2, 3], &[0, 2, 0, 0, 1, 2]),
        png_with(&picture, b"eXIf", &exif(6), true),
        png_with(&picture, b"tEXt", text, false),
        png_with(&picture, b"cICP", &[12, 13, 0, 1], false),
    ];
    for (number, file) in pngs.iter().enumerate() {
        write("png", number, file)?;
    }
    write(
        "webp",
        0,
        &webp_with(&picture, 0x08, &[(b"EXIF", &exif(6)), (b"XMP ", b"tiff:Orientation=\"6\"")]),
    )?;
    let rgb = DynamicImage::ImageRgb8(rgb_image(&picture));
    let kinds = [rgb.clone(), rgb.to_rgba8().into(), rgb.to_luma8().into(), rgb.to_rgb16().into()];
    for (name, format) in [
        ("png", ImageFormat::Png),
        ("webp", ImageFormat::WebP),
        ("tiff", ImageFormat::Tiff),
        ("bmp", ImageFormat::Bmp),
        ("gif", ImageFormat::Gif),
        ("pnm", ImageFormat::Pnm),
    ] {
        for (number, kind) in kinds.iter().enumerate() {
            // Not every format has every kind of samples.
            let mut file = io::Cursor::new(Vec::new());
            if kind.write_to(&mut file, format).is_ok() {
                write(name, 10 + number, file.get_ref())?;
            }
        }
        write(name, 20, &encode(rgb_image(&gradient(1, 1)), format))?;
    }
    Ok(())
}
