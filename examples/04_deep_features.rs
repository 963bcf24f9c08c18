//! What SqueezeNet makes of a picture: the shape and statistics of each layer's output, and a sheet of
//! feature maps. From layer to layer they tell less of where something is, and in more channels what it is.
//! `cargo run --release --example 04_deep_features -- [PICTURE] [SHEET.png]`

use impasto::architecture::FEATURES;
use impasto::image::{LoadOptions, load_image, preprocess_image, resize_image_to, save_image};
use impasto::{SqueezeNet, Weights};
use ndarray::{Array3, Array4, ArrayView2, Axis, concatenate, s};
use std::path::PathBuf;

const TOWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/town.jpg");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let picture = arguments.next().unwrap_or(TOWN.into());
    let sheet = arguments.next().unwrap_or("feature_maps.png".into());

    let network = SqueezeNet::new(Weights::built_in());
    let picture = load_image(&picture, &LoadOptions::shorter_side(128))?;
    let features = network.extract_features(preprocess_image(picture.view()).view(), FEATURES.len() - 1)?;

    println!("layer  output (H, W, C)   values   mean  largest  zeros");
    println!("pixels {:16}", format!("{:?}", picture.dim()));
    for (layer, maps) in features.iter().enumerate() {
        let (_, height, width, channels) = maps.dim();
        let shape = format!("({height}, {width}, {channels})");
        let largest = maps.iter().copied().fold(0.0, f32::max);
        let zeros = maps.iter().filter(|&&value| value == 0.0).count() as f32 / maps.len() as f32;
        let mean = maps.mean().unwrap_or(0.0);
        println!("{layer:5}  {shape:16} {:8} {mean:6.2} {largest:8.2} {:5.0}%", maps.len(), 100.0 * zeros);
    }

    // One row a layer: the picture, and the eight maps that vary most.
    let rows: Vec<Array3<u8>> = [1, 4, 7, 12].map(|layer| row(&picture, &features[layer])).into();
    let views: Vec<_> = rows.iter().map(|tile| tile.view()).collect();
    save_image(&sheet, concatenate(Axis(0), &views)?.view())?;
    println!("{}: the picture, and maps of layers 1, 4, 7 and 12, a row each", sheet.display());
    Ok(())
}

/// The picture and eight feature maps of one layer, side by side, all of the picture's size.
fn row(picture: &Array3<u8>, maps: &Array4<f32>) -> Array3<u8> {
    let (height, width, _) = picture.dim();
    let mut channels: Vec<ArrayView2<'_, f32>> =
        (0..maps.dim().3).map(|channel| maps.slice(s![0, .., .., channel])).collect();
    channels.sort_by(|a, b| b.std(0.0).total_cmp(&a.std(0.0)));
    let mut tiles = vec![picture.clone()];
    for map in &channels[..8] {
        tiles.push(resize_image_to(gray(map).view(), height, width));
    }
    let views: Vec<_> = tiles.iter().map(|tile| tile.view()).collect();
    concatenate(Axis(1), &views).expect("tiles are equally high")
}

/// A map as a picture: black where it is smallest, white where it is largest.
fn gray(map: &ArrayView2<'_, f32>) -> Array3<u8> {
    let smallest = map.iter().copied().fold(f32::INFINITY, f32::min);
    let largest = map.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (height, width) = map.dim();
    Array3::from_shape_fn((height, width, 3), |(y, x, _)| {
        (255.0 * (map[[y, x]] - smallest) / (largest - smallest).max(1e-6)) as u8
    })
}
