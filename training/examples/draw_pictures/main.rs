//! Draws the pictures in `assets`: a town on a river to repaint, and three paintings to repaint it after.
//!
//! ```text
//! cargo run --release -p impasto-training --example draw_pictures -- assets
//! cargo run --release -p impasto-training --example draw_pictures -- sheet squeezenet1_1.npz assets assets/readme.jpg
//! cargo run --release -p impasto-training --example draw_pictures -- compare built-in assets strokes.jpg
//! ```
//!
//! The first command draws the four from fixed seeds alone, so that the project owns every pixel. The second repaints
//! the town after each painting, with the ImageNet weights in the given file, and lays out the results on one sheet. The
//! third, here with the built-in weights, shows each result without scales and jitter beside the one with them.

mod bands;
mod canvas;
mod geometry;
mod jpeg;
mod noise;
mod palette;
mod sheet;
mod strokes;
mod swirl;
mod town;

use ndarray::Array3;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// A file and the function that draws it with so many pixels to a unit.
type Picture = (&'static str, fn(f32) -> Array3<u8>);

const PICTURES: [Picture; 4] = [
    ("town.jpg", town::draw),
    ("swirl.jpg", swirl::draw),
    ("geometry.jpg", geometry::draw),
    ("bands.jpg", bands::draw),
];

/// No loss that could be seen, in about 230 KB a picture.
const JPEG_QUALITY: f32 = 90.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let paths: Vec<&Path> = arguments.iter().map(Path::new).collect();
    let result = match (arguments.first().map(String::as_str), paths.as_slice()) {
        (Some("sheet"), [_, weights, folder, output]) => sheet::make(weights, folder, output),
        (Some("compare"), [_, weights, folder, output]) => sheet::compare(weights, folder, output),
        (_, [folder]) => draw_into(folder),
        _ => {
            eprintln!(
                "usage: draw_pictures FOLDER\n       draw_pictures sheet|compare WEIGHTS|built-in FOLDER OUTPUT.jpg"
            );
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn draw_into(folder: &Path) -> Result<(), Box<dyn Error>> {
    for (name, draw) in PICTURES {
        jpeg::save(&folder.join(name), &draw(1.0), JPEG_QUALITY)?;
        println!("{name}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small enough for a test, large enough to hold every part of the pictures.
    const SCALE: f32 = 0.15;

    #[test]
    fn drawing_is_deterministic() {
        for (name, draw) in PICTURES {
            assert!(draw(SCALE) == draw(SCALE), "{name} differs from itself");
        }
    }

    #[test]
    fn no_picture_is_flat() {
        for (name, draw) in PICTURES {
            let picture = draw(SCALE).mapv(f32::from);
            // Every ninth of each picture, in every channel.
            for block in picture.exact_chunks((picture.dim().0 / 3, picture.dim().1 / 3, 1)) {
                assert!(block.std(0.0) > 4.0, "{name} is flat somewhere: {}", block.std(0.0));
            }
        }
    }
}
