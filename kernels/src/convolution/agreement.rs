//! The convolutions.

use crate::reference;
use crate::shape::{ConvShape, Filter, Padding, PlacedFilter};
use crate::testing::{CASES, accumulate, close, len, levels, most, values, wide};
use crate::yardstick::Im2col;
use crate::{Accumulate, Activation, Convolution};
use proptest::prelude::*;

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
    (1..=4usize, 1..=4usize, 1..=most(35, 19)).prop_flat_map(|(height, width, out_channels)| {
        let kernel = [height, width];
        padding(kernel).prop_map(move |padding| Filter { kernel, out_channels, padding })
    })
}

/// Single convolutions of any kind, and banks of `SAME` filters, which always agree in size.
fn convolution() -> impl Strategy<Value = ConvShape> {
    let input = (1..=2usize, 1..=most(9, 4), 1..=most(9, 4), 1..=most(20, 5));
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

/// The relative error of `actual` in the L2 norm.
fn relative_error(actual: &[f32], expected: &[f64]) -> f64 {
    let squares = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
    let differences = actual.iter().zip(expected).map(|(&actual, expected)| f64::from(actual) - expected);
    (squares(&mut differences.into_iter()) / squares(&mut expected.iter().copied())).sqrt()
}

/// Terms of one sum: of an output, of the gradient of a pixel, of the gradient of a weight.
fn terms(shape: &ConvShape) -> [usize; 3] {
    let taps = |filter: &PlacedFilter| filter.kernel()[0] * filter.kernel()[1];
    let largest = shape.filters().iter().map(taps).max().unwrap_or(0);
    let upstream = shape.filters().iter().map(|filter| taps(filter) * filter.out_channels()).sum();
    [largest * shape.input()[3], upstream, shape.output()[..3].iter().product()]
}

/// Checks forward and all gradients of one convolution on every level.
fn check_convolution(
    shape: &ConvShape,
    activation: Activation,
    accumulate: Accumulate,
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
    reference::convolution(shape, &weight_slices, &bias_slices, activation, &wide(&image), &mut expected);
    let [out_terms, image_terms, weight_terms] = terms(shape);

    for level in levels() {
        let mut fast = Convolution::with_level(shape.clone(), level);
        for f in 0..filters {
            fast.set_weights(f, &weights[f], &biases[f]);
        }
        let mut out = vec![f32::NAN; d_out.len()];
        fast.forward(activation, &image, &mut out);
        close(&out, &expected, out_terms)?;

        let relu_output = (activation == Activation::Relu).then_some(&out[..]);
        let wide_mask = relu_output.map(wide);
        let wide_mask = wide_mask.as_deref();
        let mut d_image = earlier.clone();
        let mut wide_d_image = wide(&earlier);
        fast.input_gradient(&d_out, relu_output, accumulate, &mut d_image);
        reference::convolution_input_gradient(
            shape,
            &weight_slices,
            &wide(&d_out),
            wide_mask,
            accumulate,
            &mut wide_d_image,
        );
        close(&d_image, &wide_d_image, image_terms)?;

        for f in 0..filters {
            let mut d_weights = values(weights[f].len(), seed + 31);
            let mut wide_d_weights = wide(&d_weights);
            fast.weight_gradient(f, &image, &d_out, relu_output, accumulate, &mut d_weights);
            reference::convolution_weight_gradient(
                shape,
                f,
                &wide(&image),
                &wide(&d_out),
                wide_mask,
                accumulate,
                &mut wide_d_weights,
            );
            close(&d_weights, &wide_d_weights, weight_terms)?;

            let mut d_bias = values(biases[f].len(), seed + 32);
            let mut wide_d_bias = wide(&d_bias);
            fast.bias_gradient(f, &d_out, relu_output, accumulate, &mut d_bias);
            reference::convolution_bias_gradient(
                shape,
                f,
                &wide(&d_out),
                wide_mask,
                accumulate,
                &mut wide_d_bias,
            );
            close(&d_bias, &wide_d_bias, weight_terms)?;
        }
    }
    Ok(())
}

/// Checks forward and the gradients of one convolution through im2col.
fn check_im2col(
    shape: &ConvShape,
    activation: Activation,
    accumulate: Accumulate,
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
    let [out_terms, image_terms, weight_terms] = terms(shape);

    let wide_weights: Vec<_> = weights.iter().map(|w| wide(w)).collect();
    let wide_biases: Vec<_> = biases.iter().map(|b| wide(b)).collect();
    let wide_weights: Vec<_> = wide_weights.iter().map(Vec::as_slice).collect();
    let wide_biases: Vec<_> = wide_biases.iter().map(Vec::as_slice).collect();
    let weights: Vec<_> = weights.iter().map(Vec::as_slice).collect();
    let biases: Vec<_> = biases.iter().map(Vec::as_slice).collect();

    let mut im2col = Im2col::new(shape.clone());
    let (mut out, mut expected) = (vec![f32::NAN; d_out.len()], vec![0.0; d_out.len()]);
    im2col.forward(&weights, &biases, activation, &image, &mut out);
    reference::convolution(shape, &wide_weights, &wide_biases, activation, &wide(&image), &mut expected);
    close(&out, &expected, out_terms)?;

    let relu_output = (activation == Activation::Relu).then_some(&out[..]);
    let (wide_mask, wide_d_out) = (relu_output.map(wide), wide(&d_out));
    let wide_mask = wide_mask.as_deref();
    let (mut d_image, mut expected) = (earlier.clone(), wide(&earlier));
    im2col.input_gradient(&weights, &d_out, relu_output, accumulate, &mut d_image);
    reference::convolution_input_gradient(
        shape,
        &wide_weights,
        &wide_d_out,
        wide_mask,
        accumulate,
        &mut expected,
    );
    close(&d_image, &expected, image_terms)?;

    for f in filters {
        let mut d_weights = values(weights[f].len(), seed + 31);
        let mut expected = wide(&d_weights);
        im2col.weight_gradient(f, &image, &d_out, relu_output, accumulate, &mut d_weights);
        reference::convolution_weight_gradient(
            shape,
            f,
            &wide(&image),
            &wide_d_out,
            wide_mask,
            accumulate,
            &mut expected,
        );
        close(&d_weights, &expected, weight_terms)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn convolutions(
        shape in convolution(),
        relu in any::<bool>(),
        accumulate in accumulate(),
        seed in 0..1000u64,
    ) {
        let activation = if relu { Activation::Relu } else { Activation::None };
        check_convolution(&shape, activation, accumulate, seed)?;
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes hours; `winograd_is_as_exact_as_it_says` has such a shape")]
    fn convolutions_of_whole_vectors(
        shape in whole_vectors(),
        relu in any::<bool>(),
        accumulate in accumulate(),
        seed in 0..1000u64,
    ) {
        let activation = if relu { Activation::Relu } else { Activation::None };
        check_convolution(&shape, activation, accumulate, seed)?;
    }

    #[test]
    fn convolutions_through_im2col(
        shape in convolution(),
        relu in any::<bool>(),
        accumulate in accumulate(),
        seed in 0..1000u64,
    ) {
        let activation = if relu { Activation::Relu } else { Activation::None };
        check_im2col(&shape, activation, accumulate, seed)?;
    }
}

/// The shapes of SqueezeNet's first layer and of a fire module, on images larger than one strip.
#[test]
#[cfg_attr(miri, ignore = "takes hours")]
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
        check_convolution(&shape.unwrap(), Activation::Relu, Accumulate::Add, 7).unwrap();
    }
}

fn square(size: usize, out_channels: usize, padding: Padding) -> Filter {
    Filter { kernel: [size, size], out_channels, padding }
}

/// Winograd's transforms cost less than a digit: the error at the head of `winograd.rs`, of values after ReLU, and a
/// larger one of values of both signs, which cancel.
#[test]
fn winograd_is_as_exact_as_it_says() {
    let sizes: &[(usize, usize)] =
        if cfg!(miri) { &[(16, 5)] } else { &[(16, 23), (32, 24), (48, 17), (64, 10)] };
    for &(channels, size) in sizes {
        let filter = square(3, channels, Padding::Same);
        let shape = ConvShape::new([1, size, size + 2, channels], &[filter], [1, 1]).unwrap();
        let image: Vec<f32> = values(shape.input_len(), 5).iter().map(|value| value.max(0.0)).collect();
        let weights = values(shape.weight_len(0), 6);
        let (bias, d_out) = (vec![0.0; channels], values(shape.output_len(), 7));
        let (mut expected, mut expected_gradient) = (vec![0.0; d_out.len()], vec![0.0; image.len()]);
        let (wide_weights, wide_bias) = (wide(&weights), wide(&bias));
        let none = Activation::None;
        reference::convolution(&shape, &[&wide_weights], &[&wide_bias], none, &wide(&image), &mut expected);
        reference::convolution_input_gradient(
            &shape,
            &[&wide_weights],
            &wide(&d_out),
            None,
            Accumulate::Replace,
            &mut expected_gradient,
        );
        for level in levels() {
            let mut fast = Convolution::with_level(shape.clone(), level);
            fast.set_weights(0, &weights, &bias);
            let (mut out, mut d_image) = (vec![f32::NAN; d_out.len()], vec![f32::NAN; image.len()]);
            fast.forward(none, &image, &mut out);
            fast.input_gradient(&d_out, None, Accumulate::Replace, &mut d_image);
            let errors = [relative_error(&out, &expected), relative_error(&d_image, &expected_gradient)];
            for (error, bound) in errors.into_iter().zip([4.1e-7, 5.5e-7]) {
                // Errors grow with the number of terms as sums of independent ones do.
                let bound = bound * (channels as f64 / 16.0).sqrt();
                assert!(error <= bound, "{}, {channels} channels: {error:e} > {bound:e}", level.name());
            }
        }
    }
}
