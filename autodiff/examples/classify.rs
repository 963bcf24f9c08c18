//! Trains a small convolutional classifier on drawings of bars (lying, standing, slanting), then
//! replays the same recording on drawings it has not seen.
//!
//! ```text
//! cargo run -p impasto-autodiff --example classify
//! ```

use impasto_autodiff::ops::{ConvOptions, ConvWeights};
use impasto_autodiff::{Epilogue, Padding, Tape, TapeError};
use ndarray::{Array1, Array2, Array4, ArrayViewD};

const IMAGES: usize = 120;
const SIZE: usize = 10;
const CLASSES: usize = 3;

fn main() -> Result<(), TapeError> {
    train(300).map(|accuracy| println!("{:.1}% of unseen drawings are recognised", 100.0 * accuracy))
}

/// The part of unseen drawings that is recognised after so many steps of gradient descent.
fn train(steps: usize) -> Result<f32, TapeError> {
    let mut random = random(1);
    let mut tape = Tape::<f32>::new();
    let images = tape.constant(&draw(&mut random));
    let one_hot = |(image, class)| f32::from(image % CLASSES == class);
    let targets = tape.constant(&Array2::from_shape_fn((IMAGES, CLASSES), one_hot));
    let weight = tape.variable(&Array4::from_shape_simple_fn((3, 3, 1, 8), || random() - 0.5));
    let bias = tape.variable(&Array1::zeros(8));
    let mixing = tape.variable(&Array2::from_shape_simple_fn((8, CLASSES), || random() - 0.5));
    let options = ConvOptions { epilogue: Epilogue::Relu, ..ConvOptions::default() };
    let features = tape.conv2d(images, ConvWeights { weight, bias, padding: Padding::Same }, options)?;
    let features = tape.mean_axes(features, &[1, 2])?; // (N, 8)
    let scores = tape.matmul(features, mixing)?;
    let log_probabilities = tape.log_softmax(scores)?;
    let chosen = tape.mul(log_probabilities, targets)?;
    let sum = tape.sum(chosen)?;
    let cross_entropy = tape.scale(sum, -1.0 / IMAGES as f32)?;
    for step in 0..steps {
        tape.forward();
        tape.backward(cross_entropy)?;
        if step % 50 == 0 {
            println!("step {step:3}: cross-entropy {:.4}", tape.number(cross_entropy)?);
        }
        for parameter in [weight, bias, mixing] {
            tape.update_leaf(parameter, |mut value, gradient| {
                value.scaled_add(-0.5, &gradient.expect("variables have gradients"));
            })?;
        }
    }
    tape.set_value(images, &draw(&mut random))?;
    tape.forward();
    let rows = tape.value(log_probabilities)?;
    let is_right =
        |(image, row): &(usize, ArrayViewD<'_, f32>)| row.iter().all(|&p| p <= row[image % CLASSES]);
    let right = rows.outer_iter().enumerate().filter(is_right).count();
    Ok(right as f32 / IMAGES as f32)
}

/// Noisy drawings (N, H, W, 1) of one bar each: lying, standing and slanting ones in turn.
fn draw(random: &mut impl FnMut() -> f32) -> Array4<f32> {
    let places = Array1::from_shape_simple_fn(IMAGES, || (random() * SIZE as f32) as usize);
    Array4::from_shape_fn((IMAGES, SIZE, SIZE, 1), |(image, y, x, _)| {
        let bars = [y == places[image], x == places[image], x == (y + places[image]) % SIZE];
        f32::from(bars[image % CLASSES]) + 0.3 * random()
    })
}

/// Numbers in [0, 1) from a linear congruential generator.
fn random(mut state: u64) -> impl FnMut() -> f32 {
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 24) as f32
    }
}

#[test]
fn recognises_unseen_drawings() {
    assert!(train(300).unwrap() > 0.95);
}
