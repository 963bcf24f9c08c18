//! A loss of your own beside the library's: a picture keeps its content and takes another's colors, value by
//! value in rising order (the squared Wasserstein distance of the histograms, an operation of our own).
//! `cargo run --release --example 07_custom_loss -- [PICTURE] [COLORS]`

use impasto::image::*;
use impasto::loss::{content_loss, tv_loss};
use impasto::optimizer::{Adam, Optimizer};
use impasto::{SqueezeNet, Weights};
use impasto_autodiff::{Gradients, Mismatch, Operation, Tape, Values};
use std::path::PathBuf;

const ASSETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");

/// `out = sum of (x_n - y_n)^2`, n in the order of values; `d_x_n = 2 (x_n - y_n) * d_out`, `d_y_n = -d_x_n`.
struct ColorDistance;

/// The places in x and y of the values that are paired, in rising order in each channel, and `x_n - y_n`.
fn pairs(values: &Values<'_, f32>) -> Vec<(usize, usize, f32)> {
    let [xs, ys] = [0, 1].map(|input| {
        let values = values.input(input);
        let mut places = Vec::from_iter(0..values.len());
        places.sort_by(|&a, &b| (a % 3).cmp(&(b % 3)).then(values[a].total_cmp(&values[b])));
        places
    });
    xs.into_iter().zip(ys).map(|(n, m)| (n, m, values.input(0)[n] - values.input(1)[m])).collect()
}

impl Operation<f32> for ColorDistance {
    fn name(&self) -> &'static str {
        "color distance"
    }
    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        let fits = inputs[0] == inputs[1] && inputs[0].last() == Some(&3);
        if fits { Ok(vec![]) } else { Err(Mismatch::new("both must have one shape (N, H, W, 3)")) }
    }
    fn forward(&mut self, values: &Values<'_, f32>, out: &mut [f32]) {
        out[0] = pairs(values).iter().map(|(_, _, apart)| apart * apart).sum();
    }
    fn backward(&mut self, values: &Values<'_, f32>, d_out: &[f32], gradients: &mut Gradients<'_, f32>) {
        let pairs = pairs(values);
        gradients.add(0, |d_x| pairs.iter().for_each(|(n, _, apart)| d_x[*n] += 2.0 * apart * d_out[0]));
        gradients.add(1, |d_y| pairs.iter().for_each(|(_, m, apart)| d_y[*m] -= 2.0 * apart * d_out[0]));
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let mut path = |name: &str| arguments.next().unwrap_or(format!("{ASSETS}/{name}").into());
    let picture = load_image(&path("town.jpg"), &LoadOptions::shorter_side(128))?;
    let colors = load_image(&path("geometry.jpg"), &LoadOptions::default())?;
    let colors = resize_image_to(colors.view(), picture.dim().0, picture.dim().1);
    let [picture, colors] = [picture, colors].map(|picture| preprocess_image(picture.view()));
    let mut tape = Tape::<f32>::new();
    let image = tape.variable(&picture);
    let network = SqueezeNet::new(Weights::built_in());
    let features = network.record(&mut tape, image, &[3])?.get(3).expect("layer 3 was asked for");
    let target = tape.constant(&network.extract_features(picture.view(), 3)?[3]);
    let content = content_loss(&mut tape, 0.02, features, target)?;
    let roughness = tv_loss(&mut tape, 0.1, image)?;
    let colors = tape.constant(&colors);
    let distance = tape.record(ColorDistance, &[image, colors])?;
    let total = tape.weighted_sum(&[(content, 1.0), (roughness, 1.0), (distance, 1.0)])?;
    let mut adam = Adam::new(picture.len(), 0.02);
    for step in 0..=100 {
        tape.forward();
        tape.backward(total)?;
        if step % 25 == 0 {
            let losses = [distance, content, roughness].map(|loss| tape.number(loss).unwrap() / 1000.0);
            println!("step {step:3}: colors, content, roughness (thousands) {losses:4.1?}");
        }
        tape.update_leaf(image, |mut values, gradient| {
            adam.step(0.0, gradient.unwrap().as_slice().unwrap(), values.as_slice_mut().unwrap());
        })?;
    }
    let picture = deprocess_image(tape.value(image)?.into_dimensionality()?, false);
    save_image("recolored.png".as_ref(), picture.view())?;
    println!("recolored.png: the picture in the other one's colors");
    Ok(())
}
