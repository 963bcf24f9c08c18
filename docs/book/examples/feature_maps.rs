//! Draws the sheet of feature maps in the chapter on SqueezeNet: for each of a few layers, the channels that vary most
//! over the repository's town, black where a channel is at its least and white where it is at its most.
//!
//! `cargo run --release -p impasto-book --example feature_maps -- OUT.jpg`

use std::error::Error;
use std::path::Path;

use impasto::image::{LoadOptions, load_image, preprocess_image, save_image};
use impasto::{SqueezeNet, Weights};
use ndarray::{Array3, ArrayView2, ArrayView3, Axis, s};

const LAYERS: [usize; 4] = [1, 4, 7, 12];
/// Channels shown of each layer.
const COLUMNS: usize = 6;
/// Height and width of one map on the sheet, and the white gap around it, in pixels.
const CELL: [usize; 2] = [90, 120];
const GAP: usize = 6;

fn main() -> Result<(), Box<dyn Error>> {
    let out = std::env::args_os().nth(1).ok_or("name the picture to write, such as features.jpg")?;
    let town = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/town.jpg");
    let town = preprocess_image(load_image(&town, &LoadOptions::shorter_side(192))?.view());
    let network = SqueezeNet::new(Weights::built_in());
    let features = network.extract_features(town.view(), LAYERS[LAYERS.len() - 1])?;

    let [height, width] = [(CELL[0] + GAP) * LAYERS.len() + GAP, (CELL[1] + GAP) * COLUMNS + GAP];
    let mut sheet = Array3::from_elem((height, width, 3), 255);
    for (row, &layer) in LAYERS.iter().enumerate() {
        let maps = features[layer].index_axis(Axis(0), 0);
        for (column, channel) in most_varied(maps).into_iter().enumerate() {
            let [top, left] = [GAP + row * (CELL[0] + GAP), GAP + column * (CELL[1] + GAP)];
            let mut cell = sheet.slice_mut(s![top..top + CELL[0], left..left + CELL[1], ..]);
            let gray = enlarged(maps.index_axis(Axis(2), channel));
            cell.indexed_iter_mut().for_each(|((y, x, _), level)| *level = gray(y, x));
        }
    }
    save_image(Path::new(&out), sheet.view())?;
    Ok(())
}

/// The channels of a feature map (H, W, C) whose values vary most, the first most of all.
fn most_varied(maps: ArrayView3<'_, f32>) -> Vec<usize> {
    let mut channels: Vec<(usize, f32)> =
        maps.axis_iter(Axis(2)).map(|map| map.var(0.0)).enumerate().collect();
    channels.sort_by(|a, b| b.1.total_cmp(&a.1));
    channels.into_iter().take(COLUMNS).map(|(channel, _)| channel).collect()
}

/// The gray level of each pixel of a cell that shows one channel, without interpolation: a feature is a square.
fn enlarged(map: ArrayView2<'_, f32>) -> impl Fn(usize, usize) -> u8 {
    let least = map.iter().copied().fold(f32::INFINITY, f32::min);
    let most = map.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (height, width) = map.dim();
    move |y, x| {
        let value = map[[y * height / CELL[0], x * width / CELL[1]]];
        (255.0 * (value - least) / (most - least).max(f32::MIN_POSITIVE)) as u8
    }
}
