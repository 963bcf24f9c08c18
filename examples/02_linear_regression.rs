//! Linear regression on the tape: a matrix of points, a vector of weights and an intercept that is
//! broadcast over all points. Recorded once, replayed at every step of gradient descent. The first
//! gradient is compared with the formula that one derives by hand, `2/N * X^T (X w + b - y)`.
//! `cargo run --release --example 02_linear_regression`

use impasto_autodiff::{Tape, TapeError};
use ndarray::{Array2, arr0, array};

const POINTS: usize = 50;
const RATE: f64 = 0.2;

fn main() -> Result<(), TapeError> {
    // Points (N, 3) and what is to be predicted for each, (N, 1): y = 2.5 x0 - 1.5 x1 + 0.5 x2 - 1, nearly.
    let points = Array2::from_shape_fn((POINTS, 3), |(n, feature)| {
        ((n + 1) as f64 * [0.7, 1.9, 3.1][feature]).sin() // spread over -1 to 1
    });
    let slopes = array![[2.5], [-1.5], [0.5]];
    let ripple = Array2::from_shape_fn((POINTS, 1), |(n, _)| 0.05 * (5.3 * n as f64).cos());
    let answers = points.dot(&slopes) - 1.0 + ripple;

    // Recorded once: the mean of (X w + b - y)^2. Recording checks shapes and computes nothing.
    let mut tape = Tape::<f64>::new();
    let (x, y) = (tape.constant(&points), tape.constant(&answers));
    let weights = tape.variable(&Array2::zeros((3, 1)));
    let intercept = tape.variable(&arr0(0.0));
    let products = tape.matmul(x, weights)?;
    let predictions = tape.add(products, intercept)?; // (N, 1) plus a single number
    let errors = tape.sub(predictions, y)?;
    let squares = tape.square(errors)?;
    let loss = tape.mean(squares)?;
    for (name, var) in [("X", x), ("w", weights), ("X w", products), ("loss", loss)] {
        println!("{name:5} has shape {:?}", tape.shape(var)?);
    }

    tape.forward();
    tape.backward(loss)?;
    let by_hand = 2.0 / POINTS as f64 * points.t().dot(&tape.value(errors)?.to_shape((POINTS, 1)).unwrap());
    println!("d_w on the tape: {:7.4}", tape.gradient(weights)?.to_shape(3).unwrap());
    println!("d_w by hand:     {:7.4}", by_hand.to_shape(3).unwrap());

    for step in 0..=40 {
        tape.forward();
        tape.backward(loss)?;
        if step % 10 == 0 {
            println!("step {step:2}: mean squared error {:.4}", tape.number(loss)?);
        }
        for parameter in [weights, intercept] {
            tape.update_leaf(parameter, |mut value, gradient| {
                value.scaled_add(-RATE, &gradient.expect("variables that the loss uses have gradients"));
            })?;
        }
    }
    let w = tape.value(weights)?;
    println!(
        "y = {:.2} x0 {:+.2} x1 {:+.2} x2 {:+.2}",
        w[[0, 0]],
        w[[1, 0]],
        w[[2, 0]],
        tape.number(intercept)?
    );
    println!("made from 2.50 x0 -1.50 x1 +0.50 x2 -1.00, and a ripple of 0.05");
    Ok(())
}
