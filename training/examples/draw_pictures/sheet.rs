//! Repaints the town after each of the three paintings, and lays out one picture of all seven: the town, and the three
//! results, each with its painting in a corner. It reads the pictures from files and draws none.

use crate::jpeg;
use impasto::image::{LoadOptions, load_image, resize_image};
use impasto::{PoolRounding, SqueezeNet, StyleTransfer, Weights};
use ndarray::{Array3, ArrayView3, s};
use std::error::Error;
use std::path::Path;

const CONTENT: &str = "town.jpg";
const STYLES: [&str; 3] = ["swirl.jpg", "geometry.jpg", "bands.jpg"];

/// Shorter side of the repainted pictures, in pixels, before they are laid out smaller. Both sides, 480 and 640, are
/// multiples of 8: the network's pools round down, and of other sides some leave the last columns out of their sight.
const SIZE: usize = 480;
const ITERATIONS: usize = 150;

/// Height of each of the four fields of the sheet, and of the paintings in their corners, in pixels.
const FIELD: usize = 446;
const INSET: usize = 118;
/// Width of the white lines between fields and around the paintings.
const GAP: usize = 6;
const WHITE: u8 = 255;
/// Keeps the sheet well under 300 KB; the pictures are downloaded by everyone who opens the project's page.
const JPEG_QUALITY: f32 = 78.0;

/// Makes the sheet from the pictures in `folder`, with the network's weights in the file `weights`.
pub(crate) fn make(weights: &Path, folder: &Path, output: &Path) -> Result<(), Box<dyn Error>> {
    let network = SqueezeNet::new(Weights::load(weights)?, PoolRounding::Floor);
    let content = load_image(&folder.join(CONTENT), &LoadOptions::shorter_side(SIZE))?;
    let mut fields = vec![resize_image(content.view(), FIELD)];
    for name in STYLES {
        let style = load_image(&folder.join(name), &LoadOptions::shorter_side(SIZE))?;
        let builder = StyleTransfer::builder(&network).content(&content).style(&style, 1.0);
        let outcome = builder.iterations(ITERATIONS).build()?.run(&mut ())?;
        println!("{name}: {} iterations in {:.1} s", outcome.iterations, outcome.elapsed.as_secs_f64());
        let mut field = resize_image(outcome.picture.view(), FIELD);
        inset(&mut field, resize_image(style.view(), INSET).view());
        fields.push(field);
    }
    let sheet = lay_out(&fields);
    jpeg::save(output, &sheet, JPEG_QUALITY)?;
    Ok(())
}

/// Puts a small picture with a white border into the lower right corner of a larger one, if there is room.
fn inset(field: &mut Array3<u8>, small: ArrayView3<'_, u8>) {
    let (height, width, _) = field.dim();
    let (small_height, small_width, _) = small.dim();
    if small_height + GAP > height || small_width + GAP > width {
        return;
    }
    let (top, left) = (height - small_height, width - small_width);
    field.slice_mut(s![top - GAP.., left - GAP.., ..]).fill(WHITE);
    field.slice_mut(s![top.., left.., ..]).assign(&small);
}

/// Four pictures of one size in two rows, with white lines between them.
fn lay_out(fields: &[Array3<u8>]) -> Array3<u8> {
    let (height, width, _) = fields[0].dim();
    let mut sheet = Array3::from_elem((2 * height + GAP, 2 * width + GAP, 3), WHITE);
    for (index, field) in fields.iter().enumerate() {
        let (top, left) = (index / 2 * (height + GAP), index % 2 * (width + GAP));
        sheet.slice_mut(s![top..top + height, left..left + width, ..]).assign(field);
    }
    sheet
}
