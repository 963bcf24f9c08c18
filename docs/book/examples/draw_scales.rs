//! Draws the pictures of the chapter on scales: the pixel gradient with the grid of the strides in it and without, and the
//! town painted at one size, at several, and at several with jitter. With the weights that are built in.
//!
//! `cargo run --release -p impasto-book --example draw_scales -- docs/book/src/images`

use impasto::image::{LoadOptions, encode_png, load_image, preprocess_image, save_image};
use impasto::loss::{StyleTerm, gram_matrix, style_loss};
use impasto::{LossWeights, SqueezeNet, StyleTransfer, Weights};
use impasto_autodiff::Tape;
use ndarray::{Array3, Array4, ArrayView1, Axis, Ix4, array, concatenate};
use std::error::Error;
use std::path::{Path, PathBuf};

/// Shorter side of the painted pictures, in pixels.
const SIZE: usize = 384;
/// The part of them that is shown, at its own size: rows, columns.
const PART: [std::ops::Range<usize>; 2] = [40..280, 80..400];
/// The shifts of a run, of which no two share a row or a column.
const SHIFTS: [[f32; 2]; 4] = [[0.0, 0.0], [1.0, 2.0], [2.0, 3.0], [3.0, 1.0]];
/// Side of the network's grid at layers 5 to 7, in pixels, how often it is drawn side by side, and the side of one of its
/// pixels on the page.
const GRID: usize = 8;
const TIMES: usize = 3;
const MAGNIFIED: usize = 13;
/// Between two pictures, in pixels.
const GAP: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name the folder for the pictures")?);
    let assets = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets"));
    let network = SqueezeNet::new(Weights::built_in());
    let load = |name, size| load_image(&assets.join(name), &LoadOptions::shorter_side(size));

    let (town, swirl) = (load("town.jpg", 96)?, load("swirl.jpg", 96)?);
    let [one, many] = [&SHIFTS[..1], &SHIFTS].map(|shifts| mean_gradient(&network, &town, &swirl, shifts));
    let (one, many) = (one?, many?);
    let strengths = [one, many].map(|gradient| strengths(&gradient));
    let strongest = strengths.as_flattened().iter().flatten().fold(0.0f64, |strongest, &s| strongest.max(s));
    let panels = strengths.map(|strengths| magnify(&strengths, strongest));
    std::fs::write(folder.join("grid.png"), encode_png(side_by_side(&panels)?.view())?)?;

    let (town, swirl) = (load("town.jpg", SIZE)?, load("swirl.jpg", SIZE)?);
    let builder = || StyleTransfer::builder(&network).content(&town).style(&swirl, 1.0);
    let mut panels = Vec::new();
    for builder in [builder().scales(1).jitter(0), builder().jitter(0), builder()] {
        panels.push(cut(&builder.build()?.run()?.picture, &PART));
    }
    save_image(&folder.join("scales.jpg"), side_by_side(&panels)?.view())?;
    Ok(())
}

/// The gradient of the style loss with respect to the town's pixels, (1, H, W, 3): its mean over the town shifted by each
/// of `shifts` against the network's grid.
fn mean_gradient(
    network: &SqueezeNet,
    town: &Array3<u8>,
    swirl: &Array3<u8>,
    shifts: &[[f32; 2]],
) -> Result<Array4<f32>, Box<dyn Error>> {
    let layers = LossWeights::for_area(1, 1);
    let mut tape = Tape::<f32>::new();
    let pixels = tape.variable(&preprocess_image(town.view()));
    let shift = tape.constant(&array![0.0, 0.0]);
    let (height, width, _) = town.dim();
    let shifted = tape.reflect_pad(pixels, shift, [height + 7, width + 7])?;
    let painting = tape.constant(&preprocess_image(swirl.view()));
    let of_town = network.record(&mut tape, shifted, &layers.style_layers)?;
    let of_swirl = network.record(&mut tape, painting, &layers.style_layers)?;
    let mut terms = Vec::new();
    for ((layer, features), weight) in of_town.iter().zip(layers.style_weights) {
        let target = gram_matrix(&mut tape, of_swirl.get(layer).ok_or("the same layers")?, true)?;
        terms.push(StyleTerm { features, target, weight });
    }
    let loss = style_loss(&mut tape, &terms)?;
    let mut sum = Array4::zeros((1, height, width, 3));
    for by in shifts {
        tape.set_value(shift, &ArrayView1::from(by))?;
        tape.forward();
        tape.backward(loss)?;
        sum += &tape.gradient(pixels)?.into_dimensionality::<Ix4>()?;
    }
    Ok(sum / shifts.len() as f32)
}

/// The mean square of a gradient at each place of the grid.
fn strengths(gradient: &Array4<f32>) -> [[f64; GRID]; GRID] {
    let mut sums = [[0.0; GRID]; GRID];
    let (_, height, width, _) = gradient.dim();
    for ((_, y, x, _), &value) in gradient.indexed_iter() {
        // Whole grids only, so that each place counts as often.
        if y < height / GRID * GRID && x < width / GRID * GRID {
            sums[y % GRID][x % GRID] += f64::from(value).powi(2);
        }
    }
    sums
}

/// The grid, several times: black where there is no gradient, white where it is strongest.
fn magnify(strengths: &[[f64; GRID]; GRID], strongest: f64) -> Array3<u8> {
    let side = GRID * TIMES * MAGNIFIED;
    Array3::from_shape_fn((side, side, 3), |(y, x, _)| {
        let strength = strengths[y / MAGNIFIED % GRID][x / MAGNIFIED % GRID];
        (255.0 * (strength / strongest).sqrt()) as u8
    })
}

fn cut(picture: &Array3<u8>, [rows, columns]: &[std::ops::Range<usize>; 2]) -> Array3<u8> {
    Array3::from_shape_fn((rows.len(), columns.len(), 3), |(y, x, channel)| {
        picture[[rows.start + y, columns.start + x, channel]]
    })
}

fn side_by_side(panels: &[Array3<u8>]) -> Result<Array3<u8>, Box<dyn Error>> {
    let gap = Array3::from_elem((panels[0].dim().0, GAP, 3), 255);
    let mut views = Vec::new();
    for panel in panels {
        if !views.is_empty() {
            views.push(gap.view());
        }
        views.push(panel.view());
    }
    Ok(concatenate(Axis(1), &views)?)
}
