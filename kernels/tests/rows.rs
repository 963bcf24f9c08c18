//! A few rows at a time give what the whole image gives.

use impasto_kernels::{
    Accumulate, Activation, ConvShape, Convolution, ConvolutionKernels, Element, Filter, Level, Padding,
    PoolRounding, PoolShape, Rows,
};
use std::ops::Range;

/// Different values between -0.5 and 0.5.
fn values(len: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u32 << 24) as f32 - 0.5
    };
    (0..len).map(|_| next()).collect()
}

/// The rows of `height`, a few at a time.
fn strips(height: usize, rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..height).step_by(rows).map(move |first| first..height.min(first + rows))
}

fn rows_of<'a, T>(image: &'a [T], rows: Range<usize>, [_, _, width, channels]: [usize; 4]) -> Rows<'a, T> {
    let row_len = width * channels;
    Rows { first: rows.start, values: &image[rows.start * row_len..rows.end * row_len] }
}

fn range<'a, T>(image: &'a mut [T], rows: &Range<usize>, [_, _, width, channels]: [usize; 4]) -> &'a mut [T] {
    &mut image[rows.start * width * channels..rows.end * width * channels]
}

#[track_caller]
fn assert_close(actual: &[f32], expected: &[f32], what: &str) {
    let distance: f64 = actual.iter().zip(expected).map(|(a, b)| f64::from(a - b).powi(2)).sum();
    let norm: f64 = expected.iter().map(|&value| f64::from(value).powi(2)).sum();
    assert!(distance.sqrt() <= 1e-6 * norm.sqrt() + 1e-12, "{what}: off by {:e}", (distance / norm).sqrt());
}

fn conv_shapes() -> Vec<ConvShape> {
    let filter = |side, out_channels, padding| Filter { kernel: [side, side], out_channels, padding };
    let uneven = Padding::Explicit { top: 2, bottom: 0, left: 1, right: 1 };
    [
        // SqueezeNet's first layer, a squeeze, and expansions, one of them by Winograd's products.
        ([1, 31, 17, 3], vec![filter(3, 64, Padding::Valid)], [2, 2]),
        ([1, 13, 9, 24], vec![filter(1, 16, Padding::Valid)], [1, 1]),
        ([1, 21, 10, 16], vec![filter(1, 16, Padding::Same), filter(3, 32, Padding::Same)], [1, 1]),
        ([1, 22, 11, 16], vec![filter(3, 16, Padding::Valid)], [1, 1]),
        ([1, 15, 8, 5], vec![filter(3, 7, uneven)], [1, 1]),
        ([1, 29, 8, 4], vec![filter(2, 6, Padding::Valid)], [3, 2]),
        ([1, 40, 6, 4], vec![filter(5, 6, Padding::Same), filter(3, 3, Padding::Same)], [2, 2]),
    ]
    .into_iter()
    .enumerate()
    .map(|(index, (input, filters, stride))| {
        ConvShape::new(input, &filters, stride).unwrap().with_row_phases(index % 4, (index + 1) % 4)
    })
    .collect()
}

#[test]
fn convolutions() {
    for shape in conv_shapes() {
        let image = values(shape.input_len(), 1);
        let d_out = values(shape.output_len(), 2);
        let before = values(shape.input_len(), 3);
        for level in Level::available() {
            let mut convolution = Convolution::with_level(shape.clone(), level);
            for (index, filter) in shape.filters().iter().enumerate() {
                let weights = values(shape.weight_len(index), 4 + index as u64);
                convolution.set_weights(index, &weights, &values(filter.out_channels(), 9));
            }
            let mut whole = vec![0.0; shape.output_len()];
            convolution.forward(Activation::Relu, &image, &mut whole);
            let mut whole_gradient = before.clone();
            convolution.input_gradient(&d_out, Some(&whole), Accumulate::Add, &mut whole_gradient);
            for rows in [1, 2, 3, 4, 8, 100] {
                let what = format!("{shape:?} in strips of {rows} with {level:?}");
                let mut out = vec![f32::NAN; shape.output_len()];
                for strip in strips(shape.output()[1], rows) {
                    // What is not needed is not there.
                    let image = rows_of(&image, shape.input_rows(strip.clone()), shape.input());
                    let out = range(&mut out, &strip, shape.output());
                    convolution.forward_rows(Activation::Relu, image, strip, out);
                }
                assert_close(&out, &whole, &what);
                let mut d_image = before.clone();
                for strip in strips(shape.input()[1], rows) {
                    let needed = shape.output_rows(strip.clone());
                    let d_out = rows_of(&d_out, needed.clone(), shape.output());
                    let mask = rows_of(&whole, needed, shape.output());
                    let d_image = range(&mut d_image, &strip, shape.input());
                    convolution.input_gradient_rows(d_out, Some(mask), Accumulate::Add, strip, d_image);
                }
                assert_close(&d_image, &whole_gradient, &what);
            }
        }
    }
}

#[test]
fn plain_loops() {
    for shape in conv_shapes() {
        let (image, d_out) = (values(shape.input_len(), 1), values(shape.output_len(), 2));
        let [image, d_out] = [image, d_out].map(|all| all.into_iter().map(f64::from).collect::<Vec<_>>());
        let mut convolution = <f64 as Element>::Convolution::new(shape.clone());
        let (mut whole, mut whole_gradient) = (vec![0.0; shape.output_len()], vec![0.0; shape.input_len()]);
        convolution.set_weights(
            0,
            &vec![0.25; shape.weight_len(0)],
            &vec![0.5; shape.filters()[0].out_channels()],
        );
        convolution.forward(Activation::None, &image, &mut whole);
        convolution.input_gradient(&d_out, None, Accumulate::Replace, &mut whole_gradient);
        for strip in strips(shape.output()[1], 3) {
            let mut out = vec![f64::NAN; range(&mut whole, &strip, shape.output()).len()];
            let image = rows_of(&image, shape.input_rows(strip.clone()), shape.input());
            convolution.forward_rows(Activation::None, image, strip.clone(), &mut out);
            assert_eq!(out, range(&mut whole, &strip, shape.output()));
        }
        for strip in strips(shape.input()[1], 3) {
            let mut d_image = vec![f64::NAN; range(&mut whole_gradient, &strip, shape.input()).len()];
            let d_out = rows_of(&d_out, shape.output_rows(strip.clone()), shape.output());
            convolution.input_gradient_rows(d_out, None, Accumulate::Replace, strip.clone(), &mut d_image);
            assert_eq!(d_image, range(&mut whole_gradient, &strip, shape.input()));
        }
    }
}

fn pools<T: Element>() {
    for (input, rounding) in [
        ([1, 20, 9, 19], PoolRounding::Ceil),
        ([1, 21, 10, 16], PoolRounding::Floor),
        ([1, 24, 12, 3], PoolRounding::Floor),
        ([1, 3, 3, 2], PoolRounding::Ceil),
    ] {
        let shape = PoolShape::new(input, [3, 3], [2, 2], rounding).unwrap();
        let exact = |values: Vec<f32>| -> Vec<T> {
            values.into_iter().map(|value| T::from_f64(f64::from(value))).collect()
        };
        let (image, d_out) = (exact(values(shape.input_len(), 1)), exact(values(shape.output_len(), 2)));
        let zero = T::zero();
        let (mut whole, mut places) = (vec![zero; shape.output_len()], vec![0; shape.output_len()]);
        T::max_pool(&shape, &image, &mut whole, &mut places);
        let mut whole_gradient = vec![zero; shape.input_len()];
        T::max_pool_gradient(&shape, &d_out, &places, Accumulate::Replace, &mut whole_gradient);
        for rows in [1, 2, 5] {
            let (mut out, mut argmax) = (vec![zero; whole.len()], vec![0; whole.len()]);
            for strip in strips(shape.output()[1], rows) {
                let image = rows_of(&image, shape.input_rows(strip.clone()), shape.input());
                let (out, argmax) =
                    (range(&mut out, &strip, shape.output()), range(&mut argmax, &strip, shape.output()));
                T::max_pool_rows(&shape, image, strip, out, argmax);
            }
            assert_eq!((&out, &argmax), (&whole, &places));
            let mut d_image = vec![T::from_f64(f64::NAN); shape.input_len()];
            for strip in strips(shape.input()[1], rows) {
                let needed = shape.output_rows(strip.clone());
                let d_out = rows_of(&d_out, needed.clone(), shape.output());
                let places = rows_of(&places, needed, shape.output());
                let target = (strip.clone(), range(&mut d_image, &strip, shape.input()));
                T::max_pool_gradient_rows(&shape, d_out, places, Accumulate::Replace, target);
            }
            assert_eq!(d_image, whole_gradient);
        }
    }
}

#[test]
fn pools_of_either_type() {
    pools::<f32>();
    pools::<f64>();
}

#[test]
#[should_panic(expected = "in memory")]
fn rows_that_are_missing_are_noticed() {
    let filter = Filter { kernel: [3, 3], out_channels: 4, padding: Padding::Same };
    let shape = ConvShape::new([1, 20, 5, 4], &[filter], [1, 1]).unwrap();
    let image = values(10 * 5 * 4, 1);
    let mut out = [0.0; 5 * 4];
    // Row 9 is needed too.
    let rows = Rows { first: 10, values: &image[..] };
    Convolution::new(shape).forward_rows(Activation::None, rows, 10..11, &mut out);
}
