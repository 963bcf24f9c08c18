//! A solution of each exercise. Look here last. 参考答案，请最后再看。

use crate::exercise_6::Memory;
use crate::exercise_7::{Gradient, Step};
use crate::work::Work;
use impasto::autodiff::{Tape, TapeError, Var};
use ndarray::{Array2, ArrayView2};

/// That of an exercise.
pub fn solution(exercise: usize) -> Option<Work> {
    Some(match exercise {
        1 => Work::Content(content_loss),
        2 => Work::Gram(gram_matrix),
        3 => Work::Style(style_loss),
        4 => Work::Tv(tv_loss),
        5 => Work::Operation(forward, backward),
        6 => Work::Adam(adam_step),
        7 => Work::Loop(optimize),
        _ => return None,
    })
}

fn content_loss(tape: &mut Tape<f64>, weight: f64, features: Var, target: Var) -> Result<Var, TapeError> {
    let difference = tape.sub(features, target)?;
    let squares = tape.square(difference)?;
    let sum = tape.sum(squares)?;
    tape.scale(sum, weight)
}

/// Also for what is wrong in something else.
pub(crate) fn gram_matrix(tape: &mut Tape<f64>, features: Var, normalize: bool) -> Result<Var, TapeError> {
    let shape = tape.shape(features)?.to_vec();
    let (positions, channels) = (shape[1] * shape[2], shape[3]);
    let rows = tape.reshape(features, &[positions, channels])?;
    let columns = tape.transpose(rows, &[1, 0])?;
    let gram = tape.matmul(columns, rows)?;
    match normalize {
        true => tape.scale(gram, 1.0 / (positions * channels) as f64),
        false => Ok(gram),
    }
}

fn style_loss(
    tape: &mut Tape<f64>,
    features: &[Var],
    layers: &[usize],
    targets: &[Var],
    weights: &[f64],
) -> Result<Var, TapeError> {
    let mut terms = Vec::new();
    for ((&layer, &target), &weight) in layers.iter().zip(targets).zip(weights) {
        let gram = gram_matrix(tape, features[layer], true)?;
        let difference = tape.sub(gram, target)?;
        let squares = tape.square(difference)?;
        terms.push((tape.sum(squares)?, weight));
    }
    tape.weighted_sum(&terms)
}

fn tv_loss(tape: &mut Tape<f64>, image: Var, weight: f64) -> Result<Var, TapeError> {
    let shape = tape.shape(image)?.to_vec();
    let mut sums = Vec::new();
    for axis in [1, 2] {
        let pairs = shape[axis] - 1;
        let first = tape.narrow(image, axis, 0, pairs)?;
        let second = tape.narrow(image, axis, 1, pairs)?;
        let difference = tape.sub(second, first)?;
        let squares = tape.square(difference)?;
        sums.push((tape.sum(squares)?, weight));
    }
    tape.weighted_sum(&sums)
}

/// Also for what is wrong only on the way back.
pub(crate) fn forward(x: ArrayView2<'_, f64>) -> Array2<f64> {
    x.t().dot(&x)
}

fn backward(x: ArrayView2<'_, f64>, d_out: ArrayView2<'_, f64>, d_x: &mut Array2<f64>) {
    *d_x += &x.dot(&(&d_out + &d_out.t()));
}

fn adam_step(memory: &mut Memory, learning_rate: f64, gradient: &[f64], x: &mut [f64]) {
    memory.t += 1;
    let step = learning_rate * (1.0 - 0.999f64.powi(memory.t)).sqrt() / (1.0 - 0.9f64.powi(memory.t));
    for (index, &g) in gradient.iter().enumerate() {
        memory.m[index] = 0.9 * memory.m[index] + 0.1 * g;
        memory.v[index] = 0.999 * memory.v[index] + 0.001 * g * g;
        x[index] -= step * memory.m[index] / (memory.v[index].sqrt() + 1e-8);
    }
}

fn optimize(
    x: &mut [f64],
    iterations: usize,
    decay_at: usize,
    gradient: &mut Gradient<'_>,
    step: &mut Step<'_>,
) {
    for iteration in 0..iterations {
        let gradient = gradient(x);
        let learning_rate = if iteration < decay_at { 3.0 } else { 0.1 };
        step(learning_rate, &gradient, x);
        if iteration < decay_at {
            x.iter_mut().for_each(|value| *value = value.clamp(-1.5, 1.5));
        }
    }
}
