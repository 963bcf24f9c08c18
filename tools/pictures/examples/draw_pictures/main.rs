//! Draws the pictures in `assets`: a town on a river to repaint, and three paintings to repaint it after.
//!
//! ```text
//! cargo run --release -p impasto-pictures --example draw_pictures -- assets
//! cargo run --release -p impasto-pictures --example draw_pictures -- sheet squeezenet1_1.npz assets assets/readme.jpg
//! cargo run --release -p impasto-pictures --example draw_pictures -- compare built-in assets strokes.jpg
//! ```
//!
//! The first command draws the four from fixed seeds alone, so that the project owns every pixel. The second repaints
//! the town after each painting, with the ImageNet weights in the given file, and lays out the results on one sheet. The
//! third, here with the built-in weights, shows each result without scales and jitter beside the one with them.

mod jpeg;
mod sheet;

use impasto_pictures::paintings::{PAINTINGS, Painting};
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// No loss that could be seen, in about 230 KB per picture.
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
    for Painting { file_name, draw } in PAINTINGS {
        jpeg::save(&folder.join(file_name), &draw(1.0), JPEG_QUALITY)?;
        println!("{file_name}");
    }
    Ok(())
}
