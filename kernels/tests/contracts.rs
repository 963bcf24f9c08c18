//! What every kernel promises at the edges: of nothing, of NaN and of slices that do not fit, where the fast kernels
//! and their twins in `reference` must do the same.

use impasto_kernels::{
    Accumulate, Activation, ConvShape, Element, Filter, Gram, Level, Normalization, Padding, PoolRounding,
    PoolShape, elementwise, normalize, reference,
};
use impasto_kernels::{ConvolutionKernels, GramKernels};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Panics unless `run` does, with a message that contains `words`.
fn refuses(words: &str, run: impl FnOnce()) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(run)) else { panic!("not refused: {words}") };
    let message = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref().copied());
    let message = message.expect("a panic with a message");
    assert!(message.contains(words), "{message:?} instead of {words:?}");
}

/// Whether two lists are equal, NaN being equal to NaN.
fn same<T: Element>(actual: &[T], expected: &[T]) -> bool {
    actual.len() == expected.len()
        && actual.iter().zip(expected).all(|(a, b)| a == b || a.is_nan() && b.is_nan())
}

fn numbers<T: Element>(len: usize) -> Vec<T> {
    vec![T::one(); len]
}

#[test]
fn gram_matrices_of_no_positions_are_zero() {
    for level in Level::available() {
        let mut gram = [7.0f32; 9];
        Gram::with_level(3, level).forward(f32::INFINITY, &[], &mut gram);
        assert_eq!(gram, [0.0; 9]);
        for accumulate in [Accumulate::Replace, Accumulate::Add] {
            Gram::with_level(3, level).gradient(1.0, &[], &[1.0; 9], accumulate, &mut []);
        }
    }
    let mut gram = [7.0f64; 9];
    reference::gram(3, f64::INFINITY, &[], &mut gram);
    assert_eq!(gram, [0.0; 9]);
    reference::gram_gradient(3, 1.0, &[], &[1.0; 9], Accumulate::Replace, &mut []);
}

fn gram_lengths<T: Element>() {
    let one = T::one();
    let mut gram = <T::Gram as GramKernels<T>>::new(2);
    refuses("features are (positions, channels)", || gram.forward(one, &numbers(5), &mut numbers(4)));
    refuses("the Gram matrix is (channels, channels)", || gram.forward(one, &numbers(4), &mut numbers(5)));
    refuses("features are (positions, channels)", || {
        gram.gradient(one, &numbers(5), &numbers(4), Accumulate::Replace, &mut numbers(5));
    });
    refuses("one shape", || gram.gradient(one, &numbers(4), &numbers(4), Accumulate::Add, &mut numbers(6)));
    refuses("the Gram matrix is", || {
        gram.gradient(one, &numbers(4), &numbers(3), Accumulate::Add, &mut numbers(4));
    });
    refuses("at least one channel", || drop(<T::Gram as GramKernels<T>>::new(0)));
}

fn elementwise_lengths<T: Element>() {
    let (two, three) = (numbers::<T>(2), numbers::<T>(3));
    let mut out = numbers::<T>(2);
    refuses("", || T::relu(&three, &mut out));
    refuses("", || T::relu_gradient(&two, &three, Accumulate::Replace, &mut out));
    refuses("", || T::relu_gradient(&three, &three, Accumulate::Replace, &mut out));
    refuses("", || {
        T::squared_difference(&two, &three);
    });
    refuses("", || T::squared_difference_gradient(&two, &two, T::one(), Accumulate::Add, &mut numbers(3)));
    refuses("the image is (N, H, W, C)", || {
        T::total_variation([1, 1, 2, 2], &three);
    });
    refuses("the image is (N, H, W, C)", || {
        T::total_variation_gradient([1, 1, 2, 2], &three, T::one(), Accumulate::Add, &mut numbers(3));
    });
    refuses("the gradient has the image's shape", || {
        T::total_variation_gradient([1, 1, 3, 1], &three, T::one(), Accumulate::Add, &mut numbers(4));
    });
    T::relu(&[], &mut []);
    assert_eq!(T::squared_difference(&[], &[]), T::zero());
}

fn normalization_lengths<T: Element>() {
    let mut moments = numbers::<T>(4);
    refuses("values are (positions, channels)", || T::moments(2, &numbers(5), &mut moments));
    refuses("values are (positions, channels)", || T::moments(2, &[], &mut moments));
    refuses("values are (positions, channels)", || T::moments(0, &numbers(4), &mut []));
    refuses("a mean and a variance", || T::moments(3, &numbers(6), &mut moments));
    refuses("a gradient for each moment", || {
        T::moments_gradient(2, &numbers(4), &numbers(4), &numbers(3), Accumulate::Add, &mut numbers(4));
    });
    refuses("the gradient has the values' shape", || {
        T::moments_gradient(2, &numbers(4), &numbers(4), &numbers(4), Accumulate::Add, &mut numbers(6));
    });
    let (moments, two, three) = (numbers::<T>(4), numbers::<T>(2), numbers::<T>(3));
    let with = |shift| Normalization {
        epsilon: T::one(),
        moments: &moments[..],
        scale: &two[..],
        shift,
        activation: Activation::Relu,
    };
    refuses("one shift per channel", || T::normalize(with(&three), &numbers(4), &mut numbers(4)));
    refuses("the output has the values' shape", || T::normalize(with(&two), &numbers(4), &mut numbers(6)));
    refuses("the output's gradient", || {
        T::normalize_gradient(with(&two), &numbers(4), &numbers(6), &mut numbers(4), None);
    });
    refuses("two sums per channel", || {
        T::normalize_gradient(with(&two), &numbers(4), &numbers(4), &mut numbers(2), None);
    });
    refuses("the gradient has the values' shape", || {
        let d_x = &mut numbers(6)[..];
        T::normalize_gradient(
            with(&two),
            &numbers(4),
            &numbers(4),
            &mut numbers(4),
            Some((Accumulate::Add, d_x)),
        );
    });
}

fn pool_lengths<T: Element>() {
    let shape = PoolShape::new([1, 3, 3, 2], [2, 2], [1, 1], PoolRounding::Floor).unwrap();
    let (image, out) = (numbers::<T>(18), numbers::<T>(8));
    refuses("the image is", || T::max_pool(&shape, &numbers(17), &mut out.clone(), &mut [0; 8]));
    refuses("the output is", || T::max_pool(&shape, &image, &mut numbers(9), &mut [0; 9]));
    refuses("one place for each maximum", || T::max_pool(&shape, &image, &mut out.clone(), &mut [0; 9]));
    refuses("the image is", || {
        T::max_pool_gradient(&shape, &out, &[0; 8], Accumulate::Add, &mut numbers(20))
    });
    refuses("the output is", || T::max_pool_gradient(&shape, &[], &[], Accumulate::Add, &mut image.clone()));
    refuses("one place", || T::max_pool_gradient(&shape, &out, &[0; 7], Accumulate::Add, &mut image.clone()));
}

fn small_bank() -> ConvShape {
    let filter = |side, out_channels| Filter { kernel: [side, side], out_channels, padding: Padding::Same };
    ConvShape::new([1, 3, 4, 2], &[filter(1, 3), filter(3, 2)], [1, 1]).unwrap()
}

fn convolution_lengths<T: Element>() {
    let mut kernels = <T::Convolution as ConvolutionKernels<T>>::new(small_bank());
    let (image, out) = (numbers::<T>(24), numbers::<T>(60));
    // The words are those of the fast kernels or of the slices of the plain ones.
    refuses("", || kernels.set_weights(0, &numbers(5), &numbers(3)));
    refuses("", || kernels.set_weights(1, &numbers(36), &numbers(3)));
    refuses("", || kernels.set_weights(2, &numbers(36), &numbers(2)));
    refuses("the image is", || kernels.forward(Activation::None, &numbers(25), &mut out.clone()));
    refuses("the output is", || kernels.forward(Activation::None, &image, &mut numbers(59)));
    refuses("the output is", || {
        kernels.input_gradient(&numbers(61), None, Accumulate::Add, &mut image.clone())
    });
    refuses("the output of ReLU is", || {
        kernels.input_gradient(&out, Some(&[]), Accumulate::Add, &mut image.clone())
    });
    refuses("the image is", || kernels.input_gradient(&out, None, Accumulate::Add, &mut numbers(23)));
    let mut weights = numbers(6);
    refuses("the image is", || kernels.weight_gradient(0, &[], &out, None, Accumulate::Add, &mut weights));
    refuses("the output is", || kernels.weight_gradient(0, &image, &[], None, Accumulate::Add, &mut weights));
    refuses("weights are", || kernels.weight_gradient(1, &image, &out, None, Accumulate::Add, &mut weights));
    refuses("", || kernels.weight_gradient(2, &image, &out, None, Accumulate::Add, &mut weights));
    refuses("one bias", || kernels.bias_gradient(0, &out, None, Accumulate::Add, &mut numbers(2)));
    refuses("the output of ReLU is", || {
        kernels.bias_gradient(0, &out, Some(&image), Accumulate::Add, &mut numbers(3))
    });
}

#[test]
#[cfg_attr(miri, ignore = "each panic takes it long")]
fn lengths_that_do_not_fit_are_refused_in_f32() {
    lengths_that_do_not_fit::<f32>();
}

#[test]
#[cfg_attr(miri, ignore = "each panic takes it long")]
fn lengths_that_do_not_fit_are_refused_in_f64() {
    lengths_that_do_not_fit::<f64>();
}

fn lengths_that_do_not_fit<T: Element>() {
    gram_lengths::<T>();
    elementwise_lengths::<T>();
    normalization_lengths::<T>();
    pool_lengths::<T>();
    convolution_lengths::<T>();
}

#[test]
#[cfg_attr(miri, ignore = "each panic takes it long")]
fn lengths_of_kernels_without_a_type() {
    let (mut m, mut v, mut x) = ([0.0f32; 3], [0.0f32; 3], [0.0f32; 2]);
    refuses("", || elementwise::adam(0.1, [0.9, 0.9], 1e-8, &[1.0; 3], &mut m, &mut v, &mut x));
    refuses("", || reference::adam(0.1, [0.9, 0.9], 1e-8, &[1.0; 3], &mut m, &mut v, &mut x));
    refuses("three channels", || elementwise::clamp(&mut x, [[0.0, 1.0]; 3]));
    refuses("three channels", || reference::clamp(&mut x, [[0.0, 1.0]; 3]));
}

#[test]
#[cfg_attr(miri, ignore = "each panic takes it long")]
fn im2col_looks_at_all_lengths() {
    let mut im2col = impasto_kernels::yardstick::Im2col::new(small_bank());
    let (image, mut out) = (vec![1.0; 24], vec![0.0; 60]);
    let (weights, biases): ([&[f32]; 2], [&[f32]; 2]) = ([&[1.0; 6], &[1.0; 36]], [&[0.0; 3], &[0.0; 2]]);
    refuses("one slice of weights", || im2col.forward(&[], &[], Activation::None, &[], &mut []));
    refuses("one slice of biases", || im2col.forward(&weights, &[], Activation::None, &image, &mut out));
    refuses("the image is", || im2col.forward(&weights, &biases, Activation::None, &[], &mut out));
    refuses("the output is", || im2col.forward(&weights, &biases, Activation::None, &image, &mut []));
    refuses("weights are", || {
        im2col.forward(&[weights[0]; 2], &biases, Activation::None, &image, &mut out);
    });
    refuses("one bias", || im2col.forward(&weights, &[biases[0]; 2], Activation::None, &image, &mut out));
    refuses("one slice of weights", || im2col.input_gradient(&[], &[], None, Accumulate::Add, &mut []));
    refuses("the output of ReLU is", || {
        im2col.input_gradient(&weights, &[0.0; 60], Some(&[]), Accumulate::Add, &mut [0.0; 24]);
    });
    refuses("weights are", || im2col.weight_gradient(0, &image, &[0.0; 60], None, Accumulate::Add, &mut []));
    im2col.forward(&weights, &biases, Activation::None, &image, &mut out);
    assert_eq!(out[..5], [2.0, 2.0, 2.0, 8.0, 8.0]);

    let (all, none): (&[&[f64]], &[&[f64]]) = (&[&[1.0; 6], &[1.0; 36]], &[]);
    refuses("one slice of weights", || {
        reference::convolution(&small_bank(), none, none, Activation::None, &[0.0; 24], &mut [0.0; 60]);
    });
    refuses("one slice of biases", || {
        reference::convolution(&small_bank(), all, none, Activation::None, &[0.0; 24], &mut [0.0; 60]);
    });
}

fn nothing_varies_in_nothing<T: Element>() {
    for shape in [[0, 2, 2, 3], [1, 0, 2, 3], [1, 2, 0, 3], [1, 2, 2, 0], [1 << 40, 1 << 40, 0, 1]] {
        assert_eq!(T::total_variation(shape, &[]), T::zero());
        for accumulate in [Accumulate::Replace, Accumulate::Add] {
            T::total_variation_gradient(shape, &[], T::one(), accumulate, &mut []);
        }
    }
}

#[test]
fn an_empty_image_does_not_vary() {
    nothing_varies_in_nothing::<f32>();
    nothing_varies_in_nothing::<f64>();
}

#[test]
fn nan_is_treated_alike() {
    // More than a vector of each, so that whole vectors and what is left are both seen.
    let odd: Vec<f32> = (0..150).map(|i| [f32::NAN, -1.0, 2.0, 0.0, f32::INFINITY, -0.0][i % 6]).collect();
    let d_out: Vec<f32> = (0..150).map(|i| [3.0, f32::NAN, 5.0, f32::NEG_INFINITY][i % 4]).collect();

    let (mut fast, mut plain) = (vec![9.0; 150], vec![9.0; 150]);
    elementwise::relu(&odd, &mut fast);
    reference::relu(&odd, &mut plain);
    assert!(same(&fast, &plain) && fast.iter().all(|value| !value.is_nan()));

    for accumulate in [Accumulate::Replace, Accumulate::Add] {
        let (mut fast, mut plain) = (vec![9.0; 150], vec![9.0; 150]);
        elementwise::relu_gradient(&odd, &d_out, accumulate, &mut fast);
        reference::relu_gradient(&odd, &d_out, accumulate, &mut plain);
        assert!(same(&fast, &plain));
        let earlier = if accumulate == Accumulate::Add { 9.0 } else { 0.0 };
        assert_eq!(fast[0], earlier, "NaN masks");
    }

    let ranges = [[-0.5, 1.0], [0.25, 0.75], [2.0, 1.0]];
    let (mut fast, mut plain) = (odd.clone(), odd.clone());
    elementwise::clamp(&mut fast, ranges);
    reference::clamp(&mut plain, ranges);
    assert!(same(&fast, &plain));
    assert!(odd.iter().zip(&fast).all(|(before, after)| before.is_nan() == after.is_nan()));

    let (moments, scale, shift) = ([f32::NAN, 0.5, 0.0, 1.0, 1.0, f32::NAN], [1.0; 3], [0.5, 0.0, f32::NAN]);
    for activation in [Activation::None, Activation::Relu] {
        let with =
            Normalization { epsilon: 0.0, moments: &moments, scale: &scale, shift: &shift, activation };
        let (mut fast, mut plain) = (vec![9.0; 150], vec![9.0; 150]);
        normalize::normalize(with, &odd, &mut fast);
        reference::normalize(with, &odd, &mut plain);
        assert!(same(&fast, &plain));
        let (mut fast, mut plain) = (vec![9.0; 150], vec![9.0; 150]);
        let (mut sums, mut plain_sums) = ([9.0; 6], [9.0; 6]);
        normalize::normalize_gradient(with, &odd, &d_out, &mut sums, Some((Accumulate::Replace, &mut fast)));
        reference::normalize_gradient(
            with,
            &odd,
            &d_out,
            &mut plain_sums,
            Some((Accumulate::Replace, &mut plain)),
        );
        assert!(same(&fast, &plain), "{activation:?}: {fast:?} {plain:?}");
    }

    let pool = PoolShape::new([1, 5, 5, 6], [2, 2], [1, 2], PoolRounding::Ceil).unwrap();
    let (mut fast, mut plain) = (vec![9.0; pool.output_len()], vec![9.0; pool.output_len()]);
    let (mut places, mut plain_places) = (vec![9; fast.len()], vec![9; fast.len()]);
    <f32 as Element>::max_pool(&pool, &odd, &mut fast, &mut places);
    reference::max_pool(&pool, &odd, &mut plain, &mut plain_places);
    assert!(same(&fast, &plain) && places == plain_places);
}
