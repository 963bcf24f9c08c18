//! What each layer remembers: the same picture rebuilt from noise, from the features of one layer alone,
//! once for each of five layers. Deep layers agree with the picture in their features and less and less
//! in the pixels: what is lost there is what style transfer is free to repaint.
//! `cargo run --release --example 05_inversion -- [PICTURE] [SHEET.png]`

use impasto::image::{LoadOptions, load_image, preprocess_image, save_image};
use impasto::{Init, SqueezeNet, StyleTransfer, Weights};
use ndarray::{Array3, Axis, concatenate};
use std::path::PathBuf;

const TOWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/town.jpg");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let picture = arguments.next().unwrap_or(TOWN.into());
    let sheet = arguments.next().unwrap_or("inversions.png".into());

    let network = SqueezeNet::new(Weights::built_in());
    let picture = load_image(&picture, &LoadOptions::shorter_side(96))?;
    let features = network.extract_features(preprocess_image(picture.view()).view(), 12)?;

    let mut tiles = vec![picture.clone()];
    println!("layer  features differ by  pixels differ by");
    for layer in [1, 3, 6, 9, 12] {
        // So that the loss is the squared distance in units of the target's own length, on any layer.
        let length = features[layer].iter().map(|&value| f64::from(value).powi(2)).sum::<f64>();
        let outcome = StyleTransfer::builder(&network)
            .content(&picture)
            .content_layer(layer)
            .content_weight(1.0 / length)
            .tv_weight(0.0)
            .init(Init::Random { seed: 0 })
            .iterations(200)
            .build()?
            .run()?;
        let features_differ = about(100.0 * outcome.losses.content.sqrt());
        let pixels_differ = about(difference(&outcome.picture, &picture));
        println!("{layer:5} {features_differ:18}% {pixels_differ:13} levels");
        tiles.push(outcome.picture);
    }
    let views: Vec<_> = tiles.iter().map(|tile| tile.view()).collect();
    save_image(&sheet, concatenate(Axis(1), &views)?.view())?;
    println!("{}: the picture, and what each layer remembers of it", sheet.display());
    Ok(())
}

/// The mean difference of two pictures, in levels of 0 to 255.
fn difference(one: &Array3<u8>, other: &Array3<u8>) -> f64 {
    let sum: u64 = one.iter().zip(other).map(|(&a, &b)| u64::from(a.abs_diff(b))).sum();
    sum as f64 / one.len() as f64
}

/// To the nearest multiple of five: more digits depend on how a processor rounds in two hundred steps.
fn about(value: f64) -> f64 {
    5.0 * (value / 5.0).round()
}
