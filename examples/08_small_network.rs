//! Trains a small convolutional network from nothing on drawings of bars (lying, standing, slanting), then
//! replays the same recording on drawings that it has not seen. Filters are variables here, pixels are
//! constants: style transfer turns this round.
//! `cargo run --release --example 08_small_network`

use impasto_autodiff::{Activation, Padding, Tape, TapeError, Var};
use impasto_autodiff::{ConvOptions, ConvWeights};
use ndarray::{Array1, Array2, Array4, ArrayViewD};

const IMAGES: usize = 120;
const SIZE: usize = 10;
const CLASSES: usize = 3;

fn main() -> Result<(), TapeError> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut tape = Tape::<f32>::new();
    let images = tape.constant(&draw(&mut random));
    let one_hot = |(image, class)| f32::from(image % CLASSES == class);
    let targets = tape.constant(&Array2::from_shape_fn((IMAGES, CLASSES), one_hot));
    let weight = tape.variable(&Array4::from_shape_simple_fn((3, 3, 1, 8), || random.f32() - 0.5));
    let bias = tape.variable(&Array1::zeros(8));
    let mixing = tape.variable(&Array2::from_shape_simple_fn((8, CLASSES), || random.f32() - 0.5));

    // Eight filters, how strongly each responds on average, and a score for each class from that.
    let options = ConvOptions { activation: Activation::Relu, ..ConvOptions::default() };
    let features = tape.conv2d(images, ConvWeights { weight, bias, padding: Padding::Same }, options)?;
    let responses = tape.mean_axes(features, &[1, 2])?; // (N, 8)
    let scores = tape.matmul(responses, mixing)?; // (N, CLASSES)
    let log_probabilities = tape.log_softmax(scores)?;
    let chosen = tape.mul(log_probabilities, targets)?;
    let sum = tape.sum(chosen)?;
    let cross_entropy = tape.scale(sum, -1.0 / IMAGES as f32)?;

    println!("guessing has a cross-entropy of ln 3 = {:.2}", (CLASSES as f32).ln());
    for step in 0..=300 {
        tape.forward();
        tape.backward(cross_entropy)?;
        if step % 60 == 0 {
            let right = recognized(&tape, log_probabilities)?;
            println!(
                "step {step:3}: cross-entropy {:.2}, {right} of {IMAGES} right",
                tape.number(cross_entropy)?
            );
        }
        for parameter in [weight, bias, mixing] {
            tape.update_leaf(parameter, |mut value, gradient| {
                value.scaled_add(-0.5, &gradient.expect("variables that the loss uses have gradients"));
            })?;
        }
    }
    tape.set_value(images, &draw(&mut random))?;
    tape.forward();
    println!("of unseen drawings, {} of {IMAGES} right", recognized(&tape, log_probabilities)?);
    Ok(())
}

/// The number of drawings whose own class has the highest score.
fn recognized(tape: &Tape<f32>, log_probabilities: Var) -> Result<usize, TapeError> {
    let rows = tape.value(log_probabilities)?;
    let is_right =
        |(image, row): &(usize, ArrayViewD<'_, f32>)| row.iter().all(|&p| p <= row[image % CLASSES]);
    Ok(rows.outer_iter().enumerate().filter(is_right).count())
}

/// Noisy drawings (N, H, W, 1) of one bar each: lying, standing and slanting ones in turn.
fn draw(random: &mut fastrand::Rng) -> Array4<f32> {
    let places = Array1::from_shape_simple_fn(IMAGES, || random.usize(..SIZE));
    Array4::from_shape_fn((IMAGES, SIZE, SIZE, 1), |(image, y, x, _)| {
        let bars = [y == places[image], x == places[image], x == (y + places[image]) % SIZE];
        f32::from(bars[image % CLASSES]) + 0.3 * random.f32()
    })
}
