//! Property tests that hold every fast kernel to its twin in [`crate::reference`], over odd shapes,
//! single pixels, strides, paddings and channel counts, on every instruction set of this processor
//! and on the tile geometry of AVX-512 in plain Rust.

mod convolution;

use crate::matmul::Operand;
use crate::reference;
use crate::shape::{PoolRounding, PoolShape};
use crate::simd::ENVIRONMENT_VARIABLE;
use crate::{Epilogue, Gram, Level, Normalisation, Update, elementwise, matmul, normalise, pool};
use proptest::prelude::*;

/// Values in [-1, 1) that depend on `seed`: the same for both twins, and different in each operand.
fn values(len: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

/// Values of few levels, so that maxima tie.
fn coarse_values(len: usize, seed: u64) -> Vec<f32> {
    values(len, seed).into_iter().map(|value| (value * 2.0).round()).collect()
}

pub(crate) fn levels() -> Vec<Level> {
    // Miri knows the instructions of no vector unit.
    let mut levels = if cfg!(miri) { vec![Level::Portable] } else { Level::available() };
    levels.push(Level::PortableWide);
    levels
}

/// Random cases of each property.
const CASES: u32 = if cfg!(miri) { 3 } else { 96 };

/// The end of a range of sizes: `usual`, or `few` under Miri, which takes a thousand times as long.
fn most(usual: usize, few: usize) -> usize {
    if cfg!(miri) { few } else { usual }
}

/// Whether `actual` equals `expected`, a reference result in f64, up to the rounding of the `terms` f32
/// additions of values of about one that each value is the sum of.
fn close(actual: &[f32], expected: &[f64], terms: usize) -> Result<(), TestCaseError> {
    prop_assert_eq!(actual.len(), expected.len());
    let tolerance = 2e-6 * (terms as f64).max(1.0);
    for (index, (&actual, &expected)) in actual.iter().zip(expected).enumerate() {
        let error = (f64::from(actual) - expected).abs();
        prop_assert!(error <= tolerance, "value {index}: {actual} instead of {expected}");
    }
    Ok(())
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

fn update() -> impl Strategy<Value = Update> {
    prop_oneof![Just(Update::Replace), Just(Update::Add)]
}

fn len(shape: [usize; 4]) -> usize {
    shape.iter().product()
}

fn pooling() -> impl Strategy<Value = PoolShape> {
    let input = (1..=2usize, 1..=most(9, 5), 1..=most(9, 5), 1..=40usize);
    let rounding = prop_oneof![Just(PoolRounding::Floor), Just(PoolRounding::Ceil)];
    (input, 1..=4usize, 1..=4usize, 1..=3usize, 1..=3usize, rounding).prop_filter_map(
        "windows fit",
        |((n, h, w, c), height, width, y, x, rounding)| {
            PoolShape::new([n, h, w, c], [height, width], [y, x], rounding).ok()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn gram_matrices(positions in 1..most(300, 30), channels in prop_oneof![1..most(70, 20), most(120, 30)..most(140, 36)], update in update(), seed in 0..1000u64) {
        let features = values(positions * channels, seed);
        let d_gram = values(channels * channels, seed + 1);
        let scale = 1.0 / positions as f64;
        let mut expected = vec![0.0; channels * channels];
        reference::gram(channels, scale, &wide(&features), &mut expected);
        let mut expected_gradient = wide(&features);
        reference::gram_gradient(
            channels, scale, &wide(&features), &wide(&d_gram), update, &mut expected_gradient,
        );
        for level in levels() {
            let mut fast = Gram::with_level(channels, level);
            let mut gram = vec![f32::NAN; channels * channels];
            fast.forward(scale as f32, &features, &mut gram);
            close(&gram, &expected, 8)?;
            let mut d_features = features.clone();
            fast.gradient(scale as f32, &features, &d_gram, update, &mut d_features);
            close(&d_features, &expected_gradient, channels)?;
        }
    }

    #[test]
    fn max_pools(shape in pooling(), update in update(), seed in 0..1000u64) {
        let image = coarse_values(len(shape.input()), seed);
        let d_out = values(len(shape.output()), seed + 1);
        let (mut out, mut argmax) = (vec![f32::NAN; d_out.len()], vec![99; d_out.len()]);
        let (mut expected, mut expected_argmax) = (vec![f64::NAN; d_out.len()], vec![77; d_out.len()]);
        pool::max_pool(&shape, &image, &mut out, &mut argmax);
        reference::max_pool(&shape, &wide(&image), &mut expected, &mut expected_argmax);
        prop_assert_eq!(wide(&out), expected);
        prop_assert_eq!(&argmax, &expected_argmax, "of equal values the first wins");
        let mut d_image = image.clone();
        let mut expected = wide(&image);
        pool::max_pool_gradient(&shape, &d_out, &argmax, update, &mut d_image);
        reference::max_pool_gradient(&shape, &wide(&d_out), &argmax, update, &mut expected);
        close(&d_image, &expected, 8)?;
    }

    #[test]
    fn moments_of_channels(
        (positions, channels) in prop_oneof![(1..most(300, 20), 1..70usize), (most(1000, 20)..most(2000, 40), 15..35usize)],
        offset in prop_oneof![Just(0.0f32), Just(30.0)],
        update in update(),
        seed in 0..1000u64,
    ) {
        let x: Vec<f32> = values(positions * channels, seed).iter().map(|value| value + offset).collect();
        let (mut found, mut expected) = (vec![f32::NAN; 2 * channels], vec![f64::NAN; 2 * channels]);
        normalise::moments(channels, &x, &mut found);
        reference::moments(channels, &wide(&x), &mut expected);
        close(&found, &expected, 2)?;
        let d_moments = values(2 * channels, seed + 1);
        let mut d_x = values(x.len(), seed + 2);
        let mut expected_d_x = wide(&d_x);
        normalise::moments_gradient(channels, &x, &found, &d_moments, update, &mut d_x);
        let d_moments = wide(&d_moments);
        reference::moments_gradient(channels, &wide(&x), &expected, &d_moments, update, &mut expected_d_x);
        close(&d_x, &expected_d_x, 4)?;
    }

    #[test]
    fn normalisations(
        (positions, channels) in prop_oneof![(1..most(300, 20), 1..70usize), (most(1000, 20)..most(2000, 40), 15..35usize)],
        relu in any::<bool>(),
        update in update(),
        seed in 0..1000u64,
    ) {
        // Coarse values and numbers of few bits: both twins see the same side of ReLU's kink.
        let x = coarse_values(positions * channels, seed);
        let d_out = values(x.len(), seed + 1);
        let moments: Vec<f32> = (0..2 * channels).map(|c| if c < channels { 0.25 } else { 0.75 }).collect();
        let (scale, shift) = (coarse_values(channels, seed + 2), vec![0.125; channels]);
        let epilogue = if relu { Epilogue::Relu } else { Epilogue::Bias };
        let with = Normalisation { epsilon: 0.25, moments: &moments, scale: &scale, shift: &shift, epilogue };
        let (wide_moments, wide_scale, wide_shift) = (wide(&moments), wide(&scale), wide(&shift));
        let wide_with = Normalisation {
            epsilon: 0.25, moments: &wide_moments, scale: &wide_scale, shift: &wide_shift, epilogue,
        };
        let (mut out, mut expected) = (vec![f32::NAN; x.len()], vec![f64::NAN; x.len()]);
        normalise::normalise(with, &x, &mut out);
        reference::normalise(wide_with, &wide(&x), &mut expected);
        close(&out, &expected, 2)?;

        let mut d_x = values(x.len(), seed + 3);
        let mut expected_d_x = wide(&d_x);
        let (mut sums, mut expected) = (vec![f32::NAN; 2 * channels], vec![f64::NAN; 2 * channels]);
        normalise::normalise_gradient(with, &x, &d_out, &mut sums, Some((update, &mut d_x)));
        let expected_gradient = Some((update, &mut expected_d_x[..]));
        reference::normalise_gradient(wide_with, &wide(&x), &wide(&d_out), &mut expected, expected_gradient);
        close(&d_x, &expected_d_x, 4)?;
        close(&sums, &expected, positions)?;
        let mut alone = vec![f32::NAN; 2 * channels];
        normalise::normalise_gradient(with, &x, &d_out, &mut alone, None);
        prop_assert_eq!(alone, sums);
    }

    #[test]
    fn total_variations(
        (n, h, w, c) in (1..=2usize, 1..=most(40, 9), 1..=most(40, 9), 1..=5usize),
        update in update(),
        seed in 0..1000u64,
    ) {
        let shape = [n, h, w, c];
        let image = values(len(shape), seed);
        let expected = reference::total_variation(shape, &wide(&image));
        let sum = elementwise::total_variation(shape, &image);
        prop_assert!((sum - expected).abs() <= 1e-5 * expected + 1e-9);
        let mut d_image = values(image.len(), seed + 1);
        let mut expected = wide(&d_image);
        elementwise::total_variation_gradient(shape, &image, 0.3, update, &mut d_image);
        reference::total_variation_gradient(shape, &wide(&image), f64::from(0.3f32), update, &mut expected);
        close(&d_image, &expected, 4)?;
    }

    #[test]
    fn elementwise_passes(len in prop_oneof![1..200usize, most(16_000, 200)..most(40_000, 300)], update in update(), seed in 0..1000u64) {
        let (a, b, earlier) = (values(len, seed), values(len, seed + 1), values(len, seed + 2));

        let expected = reference::squared_difference(&wide(&a), &wide(&b));
        let sum = elementwise::squared_difference(&a, &b);
        prop_assert!((sum - expected).abs() <= 1e-5 * expected);
        let (mut d_a, mut expected) = (earlier.clone(), wide(&earlier));
        elementwise::squared_difference_gradient(&a, &b, 0.7, update, &mut d_a);
        reference::squared_difference_gradient(&wide(&a), &wide(&b), f64::from(0.7f32), update, &mut expected);
        close(&d_a, &expected, 2)?;

        let (mut out, mut expected) = (vec![f32::NAN; len], vec![f64::NAN; len]);
        elementwise::relu(&a, &mut out);
        reference::relu(&wide(&a), &mut expected);
        close(&out, &expected, 1)?;
        let (mut d_in, mut expected) = (earlier.clone(), wide(&earlier));
        elementwise::relu_gradient(&out, &b, update, &mut d_in);
        reference::relu_gradient(&wide(&out), &wide(&b), update, &mut expected);
        close(&d_in, &expected, 1)?;
    }

    #[test]
    fn adam_steps(len in prop_oneof![1..200usize, most(16_000, 200)..most(40_000, 300)], seed in 0..1000u64) {
        let gradient = values(len, seed);
        let mut state = [values(len, seed + 1), vec![0.25; len], values(len, seed + 2)];
        let mut expected = state.clone().map(|values| wide(&values));
        for step in [0.1, 0.01] {
            let [m, v, x] = &mut state;
            elementwise::adam(step, [0.9, 0.999], 1e-8, &gradient, m, v, x);
            let [m, v, x] = &mut expected;
            let betas = [f64::from(0.9f32), f64::from(0.999f32)];
            reference::adam(f64::from(step), betas, 1e-8, &wide(&gradient), m, v, x);
        }
        for (actual, expected) in state.iter().zip(&expected) {
            close(actual, expected, 4)?;
        }
    }

    #[test]
    fn clamps(pixels in prop_oneof![1..70usize, most(5_500, 70)..most(12_000, 100)], seed in 0..1000u64) {
        let ranges = [[-0.5, 0.25], [-0.125, 0.75], [0.0, 0.0]];
        let mut actual = values(3 * pixels, seed);
        let mut expected = actual.clone();
        elementwise::clamp(&mut actual, ranges);
        reference::clamp(&mut expected, ranges);
        prop_assert_eq!(actual, expected);
    }

    #[test]
    fn matrix_products(
        (m, k, n) in (1..20usize, 1..20usize, 1..20usize),
        (a_transposed, b_transposed) in any::<(bool, bool)>(),
        update in update(),
        seed in 0..1000u64,
    ) {
        let (a, b, earlier) = (values(m * k, seed), values(k * n, seed + 1), values(m * n, seed + 2));
        let mut c = earlier.clone();
        let operand = |values, transposed| Operand { values, transposed };
        matmul([m, k, n], operand(&a, a_transposed), operand(&b, b_transposed), update, &mut c);
        let expected: Vec<f64> = (0..m * n).map(|index| {
            let (i, j) = (index / n, index % n);
            let start = if update == Update::Add { f64::from(earlier[index]) } else { 0.0 };
            (0..k).fold(start, |sum, p| {
                let a = a[if a_transposed { p * m + i } else { i * k + p }];
                let b = b[if b_transposed { j * k + p } else { p * n + j }];
                sum + f64::from(a) * f64::from(b)
            })
        }).collect();
        close(&c, &expected, k)?;
    }
}

/// Runs the tests of this module again with every other instruction set forced: kernels without a
/// level of their own take the process's.
#[test]
#[cfg_attr(miri, ignore = "starts processes")]
fn on_every_instruction_set() {
    const INNER: &str = "IMPASTO_AGREEMENT_INNER";
    if std::env::var_os(INNER).is_some() {
        return;
    }
    for level in Level::available() {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["agreement::", "--quiet"])
            .env(ENVIRONMENT_VARIABLE, level.name())
            .env(INNER, "1")
            .status()
            .unwrap();
        assert!(status.success(), "with {ENVIRONMENT_VARIABLE}={}", level.name());
    }
}
