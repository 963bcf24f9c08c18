//! Shows what the network is trained on: a sheet with one picture of each class, or with many of one class.

use clap::Parser;
use impasto::image::save_image;
use impasto_pictures::classes::{CLASSES, FAMILIES, draw};
use ndarray::{Array3, s};
use std::error::Error;
use std::path::PathBuf;

/// Draw a sheet of training pictures: one of each class, the families side by side, or many of one class
#[derive(Parser)]
struct Arguments {
    /// The picture file to write
    #[arg(default_value = "classes.png")]
    output: PathBuf,
    /// Only this class, in many instances
    #[arg(long, value_parser = clap::value_parser!(u64).range(..CLASSES as u64))]
    class: Option<u64>,
    /// How many instances of the class
    #[arg(long, default_value_t = 24, requires = "class", value_parser = clap::value_parser!(u64).range(1..=256))]
    instances: u64,
    /// Where all randomness comes from
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Side of each picture, in pixels
    #[arg(long, default_value_t = 160, value_parser = clap::value_parser!(u64).range(1..=512))]
    size: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let (seed, size) = (arguments.seed, arguments.size as usize);
    let pictures: Vec<_> = match arguments.class {
        Some(class) => {
            (0..arguments.instances).map(|instance| draw(class as usize, instance, seed, size)).collect()
        }
        None => (0..CLASSES).map(|class| draw(class, 0, seed, size)).collect(),
    };
    // A multiple of the families, so that each has columns of its own.
    let sheet = sheet(&pictures, 2 * FAMILIES.len());
    save_image(&arguments.output, sheet.view())?;
    println!("{}", arguments.output.display());
    Ok(())
}

/// Lays out square pictures of the same size in rows of `columns`, with white between.
fn sheet(pictures: &[Array3<u8>], columns: usize) -> Array3<u8> {
    const GAP: usize = 4;
    let side = pictures.first().map_or(0, |picture| picture.dim().0);
    let columns = columns.min(pictures.len());
    let extent = |count: usize| count * (side + GAP) + GAP;
    let mut sheet = Array3::from_elem((extent(pictures.len().div_ceil(columns)), extent(columns), 3), 255);
    for (index, picture) in pictures.iter().enumerate() {
        let (top, left) = (extent(index / columns), extent(index % columns));
        sheet.slice_mut(s![top..top + side, left..left + side, ..]).assign(picture);
    }
    sheet
}
