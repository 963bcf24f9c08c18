//! The fast passes against the plain loops.

use crate::reference;
use crate::testing::{CASES, accumulate, close, len, most, on_each_level, values, wide};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn total_variations(
        (n, h, w, c) in (1..=2usize, 1..=most(40, 9), 1..=most(40, 9), 1..=5usize),
        accumulate in accumulate(),
        seed in 0..1000u64,
    ) {
        on_each_level(|kernels| {
            let shape = [n, h, w, c];
            let image = values(len(shape), seed);
            let expected = reference::total_variation(shape, &wide(&image));
            let sum = kernels.total_variation(shape, &image);
            prop_assert!((sum - expected).abs() <= 1e-5 * expected + 1e-9);
            let mut d_image = values(image.len(), seed + 1);
            let mut expected = wide(&d_image);
            kernels.total_variation_gradient(shape, &image, 0.3, accumulate, &mut d_image);
            reference::total_variation_gradient(shape, &wide(&image), f64::from(0.3f32), accumulate, &mut expected);
            close(&d_image, &expected, 4)?;
            Ok(())
        })?;
    }

    #[test]
    fn elementwise_passes(len in prop_oneof![1..200usize, most(16_000, 200)..most(40_000, 300)], accumulate in accumulate(), seed in 0..1000u64) {
        on_each_level(|kernels| {
            let (a, b, earlier) = (values(len, seed), values(len, seed + 1), values(len, seed + 2));

            let expected = reference::squared_difference(&wide(&a), &wide(&b));
            let sum = kernels.squared_difference(&a, &b);
            prop_assert!((sum - expected).abs() <= 1e-5 * expected);
            let (mut d_a, mut expected) = (earlier.clone(), wide(&earlier));
            kernels.squared_difference_gradient(&a, &b, 0.7, accumulate, &mut d_a);
            reference::squared_difference_gradient(&wide(&a), &wide(&b), f64::from(0.7f32), accumulate, &mut expected);
            close(&d_a, &expected, 2)?;

            let (mut out, mut expected) = (vec![f32::NAN; len], vec![f64::NAN; len]);
            kernels.relu(&a, &mut out);
            reference::relu(&wide(&a), &mut expected);
            close(&out, &expected, 1)?;
            let (mut d_in, mut expected) = (earlier.clone(), wide(&earlier));
            kernels.relu_gradient(&out, &b, accumulate, &mut d_in);
            reference::relu_gradient(&wide(&out), &wide(&b), accumulate, &mut expected);
            close(&d_in, &expected, 1)?;
            Ok(())
        })?;
    }

    #[test]
    fn adam_steps(len in prop_oneof![1..200usize, most(16_000, 200)..most(40_000, 300)], seed in 0..1000u64) {
        on_each_level(|kernels| {
            let gradient = values(len, seed);
            let mut state = [values(len, seed + 1), vec![0.25; len], values(len, seed + 2)];
            let mut expected = state.clone().map(|values| wide(&values));
            for step in [0.1, 0.01] {
                let [m, v, x] = &mut state;
                kernels.adam(step, [0.9, 0.999], 1e-8, &gradient, m, v, x);
                let [m, v, x] = &mut expected;
                let betas = [f64::from(0.9f32), f64::from(0.999f32)];
                reference::adam(f64::from(step), betas, 1e-8, &wide(&gradient), m, v, x);
            }
            for (actual, expected) in state.iter().zip(&expected) {
                close(actual, expected, 4)?;
            }
            Ok(())
        })?;
    }

    #[test]
    fn clamps(pixels in prop_oneof![1..70usize, most(5_500, 70)..most(12_000, 100)], seed in 0..1000u64) {
        on_each_level(|kernels| {
            let ranges = [[-0.5, 0.25], [-0.125, 0.75], [0.0, 0.0]];
            let mut actual = values(3 * pixels, seed);
            let mut expected = actual.clone();
            kernels.clamp(&mut actual, ranges);
            reference::clamp(&mut expected, ranges);
            prop_assert_eq!(actual, expected);
            Ok(())
        })?;
    }
}
