//! Property tests that hold every fast kernel to its twin in [`crate::reference`], over odd shapes,
//! single pixels, strides, paddings and channel counts, on every instruction set of this processor
//! and on the tile geometry of AVX-512 in plain Rust.

use crate::matmul::Operand;
use crate::reference;
use crate::shape::{ConvShape, Filter, Padding, PoolRounding, PoolShape};
use crate::simd::ENVIRONMENT_VARIABLE;
use crate::{
    Convolution, Epilogue, Gram, Im2col, Level, Normalisation, Update, elementwise, matmul, normalise, pool,
};
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

fn levels() -> Vec<Level> {
    let mut levels = Level::available();
    levels.push(Level::PortableWide);
    levels
}

/// Whether `actual` equals `expected`, a reference result in f64, up to the rounding of `terms` f32
/// additions of values of about one.
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

fn padding(kernel: [usize; 2]) -> impl Strategy<Value = Padding> {
    let [height, width] = kernel;
    prop_oneof![
        Just(Padding::Valid),
        Just(Padding::Same),
        (0..height, 0..height, 0..width, 0..width).prop_map(|(top, bottom, left, right)| Padding::Explicit {
            top,
            bottom,
            left,
            right
        }),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    (1..=4usize, 1..=4usize, 1..=35usize).prop_flat_map(|(height, width, out_channels)| {
        let kernel = [height, width];
        padding(kernel).prop_map(move |padding| Filter { kernel, out_channels, padding })
    })
}

/// Single convolutions of any kind, and banks of `SAME` filters, which always agree in size.
fn convolution() -> impl Strategy<Value = ConvShape> {
    let input = (1..=2usize, 1..=9usize, 1..=9usize, 1..=20usize);
    let input = input.prop_map(|(n, h, w, c)| [n, h, w, c]);
    let bank = prop_oneof![
        filter().prop_map(|filter| vec![filter]),
        prop::collection::vec(filter(), 2..=3).prop_map(|mut bank| {
            bank.iter_mut().for_each(|filter| filter.padding = Padding::Same);
            bank
        }),
    ];
    (input, bank, 1..=3usize, 1..=3usize)
        .prop_filter_map("windows fit", |(input, bank, y, x)| ConvShape::new(input, &bank, [y, x]).ok())
}

/// Convolutions whose channels come in whole vectors, as SqueezeNet's do: 3x3 windows alone or beside 1x1 ones.
fn whole_vectors() -> impl Strategy<Value = ConvShape> {
    let channels = || prop_oneof![Just(16usize), Just(32), Just(48)];
    let input = (1..=2usize, 1..=14usize, 1..=14usize, channels());
    let filters = prop_oneof![
        (padding([3, 3]), channels()).prop_map(|(padding, out_channels)| vec![Filter {
            kernel: [3, 3],
            out_channels,
            padding
        }]),
        (channels(), channels()).prop_map(|(small, large)| vec![
            Filter { kernel: [1, 1], out_channels: small, padding: Padding::Same },
            Filter { kernel: [3, 3], out_channels: large, padding: Padding::Same },
        ]),
    ];
    (input, filters).prop_filter_map("windows fit", |((n, h, w, c), filters)| {
        ConvShape::new([n, h, w, c], &filters, [1, 1]).ok()
    })
}

fn len(shape: [usize; 4]) -> usize {
    shape.iter().product()
}

/// Checks forward and all gradients of one convolution on every level.
fn check_convolution(
    shape: &ConvShape,
    epilogue: Epilogue,
    update: Update,
    seed: u64,
) -> Result<(), TestCaseError> {
    let filters = shape.filters().len();
    let weights: Vec<_> = (0..filters).map(|f| values(shape.weight_len(f), seed + 1 + f as u64)).collect();
    let biases: Vec<_> =
        (0..filters).map(|f| values(shape.filters()[f].out_channels(), seed + 11 + f as u64)).collect();
    let image = values(len(shape.input()), seed + 21);
    let d_out = values(len(shape.output()), seed + 22);
    let earlier = values(len(shape.input()), seed + 23);

    let wide_weights: Vec<_> = weights.iter().map(|w| wide(w)).collect();
    let wide_biases: Vec<_> = biases.iter().map(|b| wide(b)).collect();
    let weight_slices: Vec<_> = wide_weights.iter().map(Vec::as_slice).collect();
    let bias_slices: Vec<_> = wide_biases.iter().map(Vec::as_slice).collect();
    let mut expected = vec![0.0; d_out.len()];
    reference::convolution(shape, &weight_slices, &bias_slices, epilogue, &wide(&image), &mut expected);
    let terms = (0..filters).map(|f| shape.weight_len(f)).sum::<usize>();

    for level in levels() {
        let mut fast = Convolution::with_level(shape.clone(), level);
        for f in 0..filters {
            fast.set_weights(f, &weights[f], &biases[f]);
        }
        let mut out = vec![f32::NAN; d_out.len()];
        fast.forward(epilogue, &image, &mut out);
        close(&out, &expected, terms)?;

        let gate = (epilogue == Epilogue::Relu).then_some(&out[..]);
        let wide_gate = gate.map(wide);
        let wide_gate = wide_gate.as_deref();
        let mut d_image = earlier.clone();
        let mut wide_d_image = wide(&earlier);
        fast.input_gradient(&d_out, gate, update, &mut d_image);
        reference::convolution_input_gradient(
            shape,
            &weight_slices,
            &wide(&d_out),
            wide_gate,
            update,
            &mut wide_d_image,
        );
        close(&d_image, &wide_d_image, terms)?;

        for f in 0..filters {
            let mut d_weights = values(weights[f].len(), seed + 31);
            let mut wide_d_weights = wide(&d_weights);
            fast.weight_gradient(f, &image, &d_out, gate, update, &mut d_weights);
            reference::convolution_weight_gradient(
                shape,
                f,
                &wide(&image),
                &wide(&d_out),
                wide_gate,
                update,
                &mut wide_d_weights,
            );
            close(&d_weights, &wide_d_weights, len(shape.output()))?;

            let mut d_bias = values(biases[f].len(), seed + 32);
            let mut wide_d_bias = wide(&d_bias);
            fast.bias_gradient(f, &d_out, gate, update, &mut d_bias);
            reference::convolution_bias_gradient(
                shape,
                f,
                &wide(&d_out),
                wide_gate,
                update,
                &mut wide_d_bias,
            );
            close(&d_bias, &wide_d_bias, len(shape.output()))?;
        }
    }
    Ok(())
}

/// Checks forward and the gradients of one convolution through im2col.
fn check_im2col(
    shape: &ConvShape,
    epilogue: Epilogue,
    update: Update,
    seed: u64,
) -> Result<(), TestCaseError> {
    let filters = 0..shape.filters().len();
    let weights: Vec<_> = filters.clone().map(|f| values(shape.weight_len(f), seed + f as u64)).collect();
    let biases: Vec<_> = shape
        .filters()
        .iter()
        .map(|filter| values(filter.out_channels(), seed + filter.first_channel() as u64))
        .collect();
    let (image, d_out) = (values(len(shape.input()), seed + 21), values(len(shape.output()), seed + 22));
    let earlier = values(len(shape.input()), seed + 23);
    let terms = filters.clone().map(|f| shape.weight_len(f)).sum::<usize>();

    let wide_weights: Vec<_> = weights.iter().map(|w| wide(w)).collect();
    let wide_biases: Vec<_> = biases.iter().map(|b| wide(b)).collect();
    let wide_weights: Vec<_> = wide_weights.iter().map(Vec::as_slice).collect();
    let wide_biases: Vec<_> = wide_biases.iter().map(Vec::as_slice).collect();
    let weights: Vec<_> = weights.iter().map(Vec::as_slice).collect();
    let biases: Vec<_> = biases.iter().map(Vec::as_slice).collect();

    let mut im2col = Im2col::new(shape.clone());
    let (mut out, mut expected) = (vec![f32::NAN; d_out.len()], vec![0.0; d_out.len()]);
    im2col.forward(&weights, &biases, epilogue, &image, &mut out);
    reference::convolution(shape, &wide_weights, &wide_biases, epilogue, &wide(&image), &mut expected);
    close(&out, &expected, terms)?;

    let gate = (epilogue == Epilogue::Relu).then_some(&out[..]);
    let (wide_gate, wide_d_out) = (gate.map(wide), wide(&d_out));
    let wide_gate = wide_gate.as_deref();
    let (mut d_image, mut expected) = (earlier.clone(), wide(&earlier));
    im2col.input_gradient(&weights, &d_out, gate, update, &mut d_image);
    reference::convolution_input_gradient(
        shape,
        &wide_weights,
        &wide_d_out,
        wide_gate,
        update,
        &mut expected,
    );
    close(&d_image, &expected, terms)?;

    for f in filters {
        let mut d_weights = values(weights[f].len(), seed + 31);
        let mut expected = wide(&d_weights);
        im2col.weight_gradient(f, &image, &d_out, gate, update, &mut d_weights);
        reference::convolution_weight_gradient(
            shape,
            f,
            &wide(&image),
            &wide_d_out,
            wide_gate,
            update,
            &mut expected,
        );
        close(&d_weights, &expected, len(shape.output()))?;
    }
    Ok(())
}

fn pooling() -> impl Strategy<Value = PoolShape> {
    let input = (1..=2usize, 1..=9usize, 1..=9usize, 1..=40usize);
    let rounding = prop_oneof![Just(PoolRounding::Floor), Just(PoolRounding::Ceil)];
    (input, 1..=4usize, 1..=4usize, 1..=3usize, 1..=3usize, rounding).prop_filter_map(
        "windows fit",
        |((n, h, w, c), height, width, y, x, rounding)| {
            PoolShape::new([n, h, w, c], [height, width], [y, x], rounding).ok()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn convolutions(
        shape in convolution(),
        relu in any::<bool>(),
        update in update(),
        seed in 0..1000u64,
    ) {
        let epilogue = if relu { Epilogue::Relu } else { Epilogue::Bias };
        check_convolution(&shape, epilogue, update, seed)?;
    }

    #[test]
    fn convolutions_of_whole_vectors(
        shape in whole_vectors(),
        relu in any::<bool>(),
        update in update(),
        seed in 0..1000u64,
    ) {
        let epilogue = if relu { Epilogue::Relu } else { Epilogue::Bias };
        check_convolution(&shape, epilogue, update, seed)?;
    }

    #[test]
    fn convolutions_through_im2col(
        shape in convolution(),
        relu in any::<bool>(),
        update in update(),
        seed in 0..1000u64,
    ) {
        let epilogue = if relu { Epilogue::Relu } else { Epilogue::Bias };
        check_im2col(&shape, epilogue, update, seed)?;
    }

    #[test]
    fn gram_matrices(positions in 1..300usize, channels in prop_oneof![1..70usize, 120..140usize], update in update(), seed in 0..1000u64) {
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
        (positions, channels) in prop_oneof![(1..300usize, 1..70usize), (1000..2000usize, 15..35usize)],
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
        (positions, channels) in prop_oneof![(1..300usize, 1..70usize), (1000..2000usize, 15..35usize)],
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
        (n, h, w, c) in (1..=2usize, 1..=40usize, 1..=40usize, 1..=5usize),
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
    fn elementwise_passes(len in prop_oneof![1..200usize, 16_000..40_000usize], update in update(), seed in 0..1000u64) {
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
    fn adam_steps(len in prop_oneof![1..200usize, 16_000..40_000usize], seed in 0..1000u64) {
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
    fn clamps(pixels in prop_oneof![1..70usize, 5_500..12_000usize], seed in 0..1000u64) {
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

/// The shapes of SqueezeNet's first layer and of a fire module, on images larger than one strip.
#[test]
fn squeezenet_convolutions() {
    let shapes = [
        ConvShape::new([1, 37, 53, 3], &[square(3, 64, Padding::Valid)], [2, 2]),
        ConvShape::new([2, 36, 54, 3], &[square(3, 64, Padding::Valid)], [2, 2]),
        ConvShape::new([1, 36, 54, 3], &[square(3, 5, Padding::Same)], [2, 2]),
        ConvShape::new([1, 37, 53, 64], &[square(1, 16, Padding::Valid)], [1, 1]),
        ConvShape::new(
            [1, 37, 53, 16],
            &[square(1, 64, Padding::Valid), square(3, 64, Padding::Same)],
            [1, 1],
        ),
    ];
    for shape in shapes {
        check_convolution(&shape.unwrap(), Epilogue::Relu, Update::Add, 7).unwrap();
    }
}

fn square(size: usize, out_channels: usize, padding: Padding) -> Filter {
    Filter { kernel: [size, size], out_channels, padding }
}

/// Runs the tests of this module again with every other instruction set forced: kernels without a
/// level of their own take the process's.
#[test]
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
