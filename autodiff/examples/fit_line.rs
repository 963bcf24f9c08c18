//! Fits a line to points by gradient descent: the smallest complete use of the tape.
//!
//! ```text
//! cargo run -p impasto-autodiff --example fit_line
//! ```

use impasto_autodiff::{Tape, TapeError};
use ndarray::{Array1, arr0};

const RATE: f64 = 0.3;

fn main() -> Result<(), TapeError> {
    let [slope, intercept] = fit(100)?;
    println!("y = {slope:.3} x {intercept:+.3}, made from y = 2.5 x - 1");
    Ok(())
}

/// The slope and intercept after so many steps.
fn fit(steps: usize) -> Result<[f64; 2], TapeError> {
    // Points near the line y = 2.5 x - 1, x from -1 to 1.
    let xs = Array1::linspace(-1.0, 1.0, 50);
    let ys = xs.mapv(|x: f64| 2.5 * x - 1.0 + 0.1 * (40.0 * x).sin());

    // Recorded once: the mean of (slope * x + intercept - y)^2.
    let mut tape = Tape::<f64>::new();
    let (x, y) = (tape.constant(&xs), tape.constant(&ys));
    let slope = tape.variable(&arr0(0.0));
    let intercept = tape.variable(&arr0(0.0));
    let rising = tape.mul(slope, x)?;
    let line = tape.add(rising, intercept)?;
    let error = tape.sub(line, y)?;
    let squares = tape.square(error)?;
    let loss = tape.mean(squares)?;

    // Replayed at every step.
    for step in 0..steps {
        tape.forward();
        tape.backward(loss)?;
        if step % 20 == 0 {
            println!("step {step:3}: mean squared error {:.5}", tape.number(loss)?);
        }
        for parameter in [slope, intercept] {
            tape.update_leaf(parameter, |mut value, gradient| {
                if let Some(gradient) = gradient {
                    value.scaled_add(-RATE, &gradient);
                }
            })?;
        }
    }
    Ok([tape.number(slope)?, tape.number(intercept)?])
}

#[test]
fn finds_the_line() {
    let [slope, intercept] = fit(100).unwrap();
    assert!((slope - 2.5).abs() < 0.03, "{slope}");
    assert!((intercept + 1.0).abs() < 0.03, "{intercept}");
}
