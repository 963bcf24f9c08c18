//! Repaints the town after each of the three paintings, and lays out one picture: the town and the three results, each
//! with its painting in a corner, or each result as it is without scales and jitter and as it is with them. It reads the
//! pictures from files and draws none.

use crate::jpeg;
use impasto::image::{LoadOptions, load_image, resize_image};
use impasto::{SqueezeNet, StyleTransfer, StyleTransferBuilder, Weights};
use ndarray::{Array3, ArrayView3, s};
use std::error::Error;
use std::path::Path;

const CONTENT: &str = "town.jpg";
const STYLES: [&str; 3] = ["swirl.jpg", "geometry.jpg", "bands.jpg"];

/// Shorter side of the repainted pictures, in pixels, before they are laid out smaller.
const SIZE: usize = 512;

/// Height of each field of a sheet, and of the paintings in their corners, in pixels.
const FIELD: usize = 446;
const INSET: usize = 118;
/// Width of the white lines between fields and around the paintings.
const GAP: usize = 6;
const WHITE: u8 = 255;
/// Keeps the sheet well under 300 KB; the pictures are downloaded by everyone who opens the project's page.
const JPEG_QUALITY: f32 = 78.0;

/// Makes the sheet from the pictures in `folder`, with the network's weights in the file `weights`, or the built-in ones
/// where it is `built-in`.
pub(crate) fn make(weights: &Path, folder: &Path, output: &Path) -> Result<(), Box<dyn Error>> {
    let painter = Painter::new(weights, folder)?;
    let mut fields = vec![resize_image(painter.content.view(), FIELD)];
    for name in STYLES {
        fields.push(painter.paint(name, |builder| builder)?);
    }
    Ok(jpeg::save(output, &lay_out(&fields), JPEG_QUALITY)?)
}

/// Makes a sheet of each painting's result at a single size without jitter, and beside it with both.
pub(crate) fn compare(weights: &Path, folder: &Path, output: &Path) -> Result<(), Box<dyn Error>> {
    let painter = Painter::new(weights, folder)?;
    let mut fields = Vec::new();
    for name in STYLES {
        fields.push(painter.paint(name, |builder| builder.scales(1).jitter(0))?);
        fields.push(painter.paint(name, |builder| builder)?);
    }
    Ok(jpeg::save(output, &lay_out(&fields), JPEG_QUALITY)?)
}

/// The town, and what paints it.
struct Painter<'a> {
    network: SqueezeNet,
    content: Array3<u8>,
    folder: &'a Path,
}

impl Painter<'_> {
    fn new<'a>(weights: &Path, folder: &'a Path) -> Result<Painter<'a>, Box<dyn Error>> {
        let weights = match weights.to_str() {
            Some("built-in") => Weights::built_in(),
            _ => Weights::load(weights)?,
        };
        let content = load_image(&folder.join(CONTENT), &LoadOptions::shorter_side(SIZE))?;
        Ok(Painter { network: SqueezeNet::new(weights), content, folder })
    }

    /// The town after a painting, which is laid into a corner.
    fn paint(
        &self,
        name: &str,
        settings: impl FnOnce(StyleTransferBuilder<'_>) -> StyleTransferBuilder<'_>,
    ) -> Result<Array3<u8>, Box<dyn Error>> {
        let style = load_image(&self.folder.join(name), &LoadOptions::shorter_side(SIZE))?;
        let builder = StyleTransfer::builder(&self.network).content(&self.content).style(&style, 1.0);
        let outcome = settings(builder).build()?.run()?;
        println!("{name}: {} iterations in {:.1} s", outcome.iterations, outcome.elapsed.as_secs_f64());
        let mut field = resize_image(outcome.picture.view(), FIELD);
        inset(&mut field, resize_image(style.view(), INSET).view());
        Ok(field)
    }
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

/// Pictures of one size in rows of two, with white lines between them.
fn lay_out(fields: &[Array3<u8>]) -> Array3<u8> {
    let (height, width, _) = fields[0].dim();
    let rows = fields.len().div_ceil(2);
    let mut sheet = Array3::from_elem((rows * (height + GAP) - GAP, 2 * width + GAP, 3), WHITE);
    for (index, field) in fields.iter().enumerate() {
        let (top, left) = (index / 2 * (height + GAP), index % 2 * (width + GAP));
        sheet.slice_mut(s![top..top + height, left..left + width, ..]).assign(field);
    }
    sheet
}
