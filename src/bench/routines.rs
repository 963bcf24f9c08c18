//! A case as a closure that owns its operands, so that calling it computes and does nothing else.

use super::cases::{Case, Operation, Pass};
use impasto_kernels::Operand;
use impasto_kernels::yardstick::Im2col;
use impasto_kernels::{
    Accumulate, Activation, ConvShape, Convolution, Gram, PoolShape, elementwise, matmul, max_pool,
    max_pool_gradient, reference,
};
use rayon::prelude::*;
use std::hint::black_box;

/// Computes a case once, on the threads of the current rayon pool.
pub type Routine = Box<dyn FnMut() + Send>;

/// Who computes a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Implementation {
    /// The kernel that impasto uses.
    Fast,
    /// The plain loops of [`impasto_kernels::reference`], on one thread.
    Reference,
    /// The products of the `matrixmultiply` crate, shared out to all threads: after im2col for a convolution, directly
    /// for a Gram matrix.
    MatrixMultiply,
}

impl Case {
    /// The case on made-up operands; `None` where this implementation does not exist.
    ///
    /// ```
    /// use impasto::bench::{Implementation, cases};
    ///
    /// let case = cases(16, 16).into_iter().find(|case| case.name().starts_with("Adam")).expect("Adam is there");
    /// let mut step = case.prepare(Implementation::Fast).expect("every case has a fast version");
    /// step();
    /// assert!(case.prepare(Implementation::MatrixMultiply).is_none()); // no matrix product
    /// ```
    pub fn prepare(&self, implementation: Implementation) -> Option<Routine> {
        match &self.operation {
            Operation::Convolution { shape, .. } => convolution(shape, self.pass, implementation),
            Operation::MaxPool(shape) => pool(shape, self.pass, implementation),
            Operation::Gram(features) => gram(*features, self.pass, implementation),
            Operation::Relu(shape) => relu(len(shape), self.pass, implementation),
            Operation::SquaredDifference(shape) => squared_difference(len(shape), self.pass, implementation),
            Operation::TotalVariation(shape) => total_variation(*shape, self.pass, implementation),
            Operation::Adam(shape) => adam(len(shape), self.pass, implementation),
        }
    }
}

fn len(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// Values in [-1, 1), the same for the same seed; about half of them are masked by a ReLU.
fn values(len: usize, seed: u64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..len).map(|_| 2.0 * random.f32() - 1.0).collect()
}

fn slices(lists: &[Vec<f32>]) -> Vec<&[f32]> {
    lists.iter().map(Vec::as_slice).collect()
}

fn convolution(shape: &ConvShape, pass: Pass, implementation: Implementation) -> Option<Routine> {
    let shape = shape.clone();
    let filters = 0..shape.filters().len();
    let weights: Vec<_> = filters.clone().map(|f| values(shape.weight_len(f), f as u64)).collect();
    let biases: Vec<_> = shape.filters().iter().map(|filter| vec![0.1; filter.out_channels()]).collect();
    let image = values(len(&shape.input()), 10);
    let relu_output = values(len(&shape.output()), 11);
    let d_out = values(len(&shape.output()), 12);
    let (mut out, mut d_image) = (vec![0.0; relu_output.len()], vec![0.0; image.len()]);
    let mut d_weights: Vec<_> = weights.iter().map(|weights| vec![0.0; weights.len()]).collect();
    let (relu, replace) = (Activation::Relu, Accumulate::Replace);

    let mut fast = Convolution::new(shape.clone());
    for (index, (weights, bias)) in weights.iter().zip(&biases).enumerate() {
        fast.set_weights(index, weights, bias);
    }
    Some(match (implementation, pass) {
        (Implementation::Fast, Pass::Forward) => {
            Box::new(move || fast.forward(relu, &image, black_box(&mut out)))
        }
        (Implementation::Fast, Pass::InputGradient) => Box::new(move || {
            fast.input_gradient(&d_out, Some(&relu_output), replace, black_box(&mut d_image))
        }),
        (Implementation::Fast, Pass::WeightGradient) => Box::new(move || {
            for (index, d_weights) in d_weights.iter_mut().enumerate() {
                fast.weight_gradient(
                    index,
                    &image,
                    &d_out,
                    Some(&relu_output),
                    replace,
                    black_box(d_weights),
                );
            }
        }),
        (Implementation::Reference, Pass::Forward) => Box::new(move || {
            let (weights, biases) = (slices(&weights), slices(&biases));
            reference::convolution(&shape, &weights, &biases, relu, &image, black_box(&mut out));
        }),
        (Implementation::Reference, Pass::InputGradient) => Box::new(move || {
            let (weights, relu_output, d_image) =
                (slices(&weights), Some(&relu_output[..]), black_box(&mut d_image));
            reference::convolution_input_gradient(&shape, &weights, &d_out, relu_output, replace, d_image);
        }),
        (Implementation::Reference, Pass::WeightGradient) => Box::new(move || {
            for (index, d_weights) in d_weights.iter_mut().enumerate() {
                let (relu_output, d_weights) = (Some(&relu_output[..]), black_box(d_weights));
                reference::convolution_weight_gradient(
                    &shape,
                    index,
                    &image,
                    &d_out,
                    relu_output,
                    replace,
                    d_weights,
                );
            }
        }),
        (Implementation::MatrixMultiply, Pass::Forward) => {
            let mut im2col = Im2col::new(shape);
            Box::new(move || {
                im2col.forward(&slices(&weights), &slices(&biases), relu, &image, black_box(&mut out));
            })
        }
        (Implementation::MatrixMultiply, Pass::InputGradient) => {
            let mut im2col = Im2col::new(shape);
            Box::new(move || {
                let (weights, d_image) = (slices(&weights), black_box(&mut d_image));
                im2col.input_gradient(&weights, &d_out, Some(&relu_output), replace, d_image);
            })
        }
        (Implementation::MatrixMultiply, Pass::WeightGradient) => {
            let mut im2col = Im2col::new(shape);
            Box::new(move || {
                for (index, d_weights) in d_weights.iter_mut().enumerate() {
                    let (relu_output, d_weights) = (Some(&relu_output[..]), black_box(d_weights));
                    im2col.weight_gradient(index, &image, &d_out, relu_output, replace, d_weights);
                }
            })
        }
        (_, Pass::Step) => return None,
    })
}

fn gram(
    [height, width, channels]: [usize; 3],
    pass: Pass,
    implementation: Implementation,
) -> Option<Routine> {
    let features = values(height * width * channels, 0);
    let d_gram = values(channels * channels, 1);
    let mut out = vec![0.0; d_gram.len()];
    let mut d_features = vec![0.0; features.len()];
    let scale = 1.0 / features.len() as f32;
    let replace = Accumulate::Replace;
    let mut fast = Gram::new(channels);
    Some(match (implementation, pass) {
        (Implementation::Fast, Pass::Forward) => {
            Box::new(move || fast.forward(scale, &features, black_box(&mut out)))
        }
        (Implementation::Fast, Pass::InputGradient) => {
            Box::new(move || fast.gradient(scale, &features, &d_gram, replace, black_box(&mut d_features)))
        }
        (Implementation::Reference, Pass::Forward) => {
            Box::new(move || reference::gram(channels, scale, &features, black_box(&mut out)))
        }
        (Implementation::Reference, Pass::InputGradient) => Box::new(move || {
            let d_features = black_box(&mut d_features);
            reference::gram_gradient(channels, scale, &features, &d_gram, replace, d_features);
        }),
        (Implementation::MatrixMultiply, Pass::Forward) => {
            Box::new(move || gram_by_matmul(channels, scale, &features, black_box(&mut out)))
        }
        (Implementation::MatrixMultiply, Pass::InputGradient) => Box::new(move || {
            gram_gradient_by_matmul(channels, scale, &features, &d_gram, black_box(&mut d_features));
        }),
        (_, Pass::WeightGradient | Pass::Step) => return None,
    })
}

/// A share of (positions, channels) for each thread, in values.
fn share(values: usize, channels: usize) -> usize {
    (values / channels).div_ceil(rayon::current_num_threads()) * channels
}

/// The Gram matrix as the whole product of transposed features with features, each thread summing over some positions.
fn gram_by_matmul(channels: usize, scale: f32, features: &[f32], gram: &mut [f32]) {
    let parts = features.par_chunks(share(features.len(), channels)).map(|features| {
        let mut part = vec![0.0; channels * channels];
        let lengths = [channels, features.len() / channels, channels];
        let transposed = Operand { values: features, transposed: true };
        matmul(
            lengths,
            transposed,
            Operand { values: features, transposed: false },
            Accumulate::Replace,
            &mut part,
        );
        part
    });
    let parts: Vec<Vec<f32>> = parts.collect();
    gram.fill(0.0);
    for part in &parts {
        gram.iter_mut().zip(part).for_each(|(value, part)| *value += scale * part);
    }
}

/// The Gram matrix's gradient as the product of features with the gradient and its transpose.
fn gram_gradient_by_matmul(
    channels: usize,
    scale: f32,
    features: &[f32],
    d_gram: &[f32],
    d_features: &mut [f32],
) {
    let at = |i: usize, j: usize| d_gram[i * channels + j];
    let both = (0..channels * channels).map(|index| (index / channels, index % channels));
    let both: Vec<f32> = both.map(|(i, j)| scale * (at(i, j) + at(j, i))).collect();
    let share = share(features.len(), channels);
    features.par_chunks(share).zip(d_features.par_chunks_mut(share)).for_each(|(features, d_features)| {
        let lengths = [features.len() / channels, channels, channels];
        let [features, both] = [features, &both[..]].map(|values| Operand { values, transposed: false });
        matmul(lengths, features, both, Accumulate::Replace, d_features);
    });
}

fn pool(shape: &PoolShape, pass: Pass, implementation: Implementation) -> Option<Routine> {
    let shape = *shape;
    let image = values(len(&shape.input()), 0);
    let d_out = values(len(&shape.output()), 1);
    let (mut out, mut argmax) = (vec![0.0; d_out.len()], vec![0; d_out.len()]);
    let mut d_image = vec![0.0; image.len()];
    max_pool(&shape, &image, &mut out, &mut argmax);
    Some(match (implementation, pass) {
        (Implementation::Fast, Pass::Forward) => {
            Box::new(move || max_pool(&shape, &image, black_box(&mut out), &mut argmax))
        }
        (Implementation::Fast, Pass::InputGradient) => Box::new(move || {
            max_pool_gradient(&shape, &d_out, &argmax, Accumulate::Replace, black_box(&mut d_image));
        }),
        (Implementation::Reference, Pass::Forward) => {
            Box::new(move || reference::max_pool(&shape, &image, black_box(&mut out), &mut argmax))
        }
        (Implementation::Reference, Pass::InputGradient) => Box::new(move || {
            let d_image = black_box(&mut d_image);
            reference::max_pool_gradient(&shape, &d_out, &argmax, Accumulate::Replace, d_image);
        }),
        (Implementation::MatrixMultiply, _) | (_, Pass::WeightGradient | Pass::Step) => return None,
    })
}

fn relu(len: usize, pass: Pass, implementation: Implementation) -> Option<Routine> {
    let (input, d_out) = (values(len, 0), values(len, 1));
    let (mut out, mut d_input) = (vec![0.0; len], vec![0.0; len]);
    elementwise::relu(&input, &mut out);
    let replace = Accumulate::Replace;
    Some(match (implementation, pass) {
        (Implementation::Fast, Pass::Forward) => {
            Box::new(move || elementwise::relu(&input, black_box(&mut out)))
        }
        (Implementation::Fast, Pass::InputGradient) => {
            Box::new(move || elementwise::relu_gradient(&out, &d_out, replace, black_box(&mut d_input)))
        }
        (Implementation::Reference, Pass::Forward) => {
            Box::new(move || reference::relu(&input, black_box(&mut out)))
        }
        (Implementation::Reference, Pass::InputGradient) => {
            Box::new(move || reference::relu_gradient(&out, &d_out, replace, black_box(&mut d_input)))
        }
        (Implementation::MatrixMultiply, _) | (_, Pass::WeightGradient | Pass::Step) => return None,
    })
}

fn squared_difference(len: usize, pass: Pass, implementation: Implementation) -> Option<Routine> {
    let (a, b) = (values(len, 0), values(len, 1));
    let mut d_a = vec![0.0; len];
    let (scale, replace) = (0.5, Accumulate::Replace);
    Some(match (implementation, pass) {
        (Implementation::Fast, Pass::Forward) => Box::new(move || {
            black_box(elementwise::squared_difference(&a, &b));
        }),
        (Implementation::Fast, Pass::InputGradient) => Box::new(move || {
            elementwise::squared_difference_gradient(&a, &b, scale, replace, black_box(&mut d_a));
        }),
        (Implementation::Reference, Pass::Forward) => Box::new(move || {
            black_box(reference::squared_difference(&a, &b));
        }),
        (Implementation::Reference, Pass::InputGradient) => Box::new(move || {
            reference::squared_difference_gradient(&a, &b, scale, replace, black_box(&mut d_a));
        }),
        (Implementation::MatrixMultiply, _) | (_, Pass::WeightGradient | Pass::Step) => return None,
    })
}

fn total_variation(
    [height, width, channels]: [usize; 3],
    pass: Pass,
    implementation: Implementation,
) -> Option<Routine> {
    let shape = [1, height, width, channels];
    let image = values(len(&shape), 0);
    let mut d_image = vec![0.0; image.len()];
    let (scale, replace) = (0.5, Accumulate::Replace);
    Some(match (implementation, pass) {
        (Implementation::Fast, Pass::Forward) => Box::new(move || {
            black_box(elementwise::total_variation(shape, &image));
        }),
        (Implementation::Fast, Pass::InputGradient) => Box::new(move || {
            elementwise::total_variation_gradient(shape, &image, scale, replace, black_box(&mut d_image));
        }),
        (Implementation::Reference, Pass::Forward) => Box::new(move || {
            black_box(reference::total_variation(shape, &image));
        }),
        (Implementation::Reference, Pass::InputGradient) => Box::new(move || {
            reference::total_variation_gradient(shape, &image, scale, replace, black_box(&mut d_image));
        }),
        (Implementation::MatrixMultiply, _) | (_, Pass::WeightGradient | Pass::Step) => return None,
    })
}

fn adam(len: usize, pass: Pass, implementation: Implementation) -> Option<Routine> {
    let gradient = values(len, 0);
    let (mut first, mut second, mut x) = (vec![0.0; len], vec![0.0; len], values(len, 1));
    let (step, betas, epsilon) = (1e-3, [0.9, 0.999], 1e-8);
    Some(match (implementation, pass) {
        (Implementation::Fast, Pass::Step) => Box::new(move || {
            elementwise::adam(step, betas, epsilon, &gradient, &mut first, &mut second, black_box(&mut x));
        }),
        (Implementation::Reference, Pass::Step) => Box::new(move || {
            reference::adam(step, betas, epsilon, &gradient, &mut first, &mut second, black_box(&mut x));
        }),
        (Implementation::MatrixMultiply, _)
        | (_, Pass::Forward | Pass::InputGradient | Pass::WeightGradient) => {
            return None;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::cases;

    #[test]
    fn every_case_has_a_fast_version_and_a_reference() {
        for case in cases(31, 31) {
            let runs = |implementation| case.prepare(implementation).map(|mut routine| routine()).is_some();
            assert!(runs(Implementation::Fast) && runs(Implementation::Reference), "{}", case.name());
            assert_eq!(runs(Implementation::MatrixMultiply), case.is_compute_bound(), "{}", case.name());
        }
    }

    #[test]
    fn gram_matrices_by_matmul_are_the_references() {
        let (channels, positions, scale) = (5, 23, 0.25);
        let (features, d_gram) = (values(positions * channels, 0), values(channels * channels, 1));
        let (mut actual, mut expected) = (vec![9.0; d_gram.len()], vec![0.0; d_gram.len()]);
        gram_by_matmul(channels, scale, &features, &mut actual);
        reference::gram(channels, scale, &features, &mut expected);
        let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(close(&actual, &expected), "{actual:?} instead of {expected:?}");
        let (mut actual, mut expected) = (vec![9.0; features.len()], vec![0.0; features.len()]);
        gram_gradient_by_matmul(channels, scale, &features, &d_gram, &mut actual);
        reference::gram_gradient(channels, scale, &features, &d_gram, Accumulate::Replace, &mut expected);
        assert!(close(&actual, &expected), "{actual:?} instead of {expected:?}");
    }
}
