//! The fast passes of batch normalization against the plain loops.

use crate::Normalization;
use crate::options::Activation;
use crate::reference;
use crate::testing::{CASES, accumulate, close, coarse_values, most, on_each_level, values, wide};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn moments_of_channels(
        (positions, channels) in prop_oneof![(1..most(300, 20), 1..70usize), (most(1000, 20)..most(2000, 40), 15..35usize)],
        offset in prop_oneof![Just(0.0f32), Just(30.0)],
        accumulate in accumulate(),
        seed in 0..1000u64,
    ) {
        on_each_level(|kernels| {
            let x: Vec<f32> = values(positions * channels, seed).iter().map(|value| value + offset).collect();
            let (mut found, mut expected) = (vec![f32::NAN; 2 * channels], vec![f64::NAN; 2 * channels]);
            kernels.moments(channels, &x, &mut found);
            reference::moments(channels, &wide(&x), &mut expected);
            close(&found, &expected, 2)?;
            let d_moments = values(2 * channels, seed + 1);
            let mut d_x = values(x.len(), seed + 2);
            let mut expected_d_x = wide(&d_x);
            kernels.moments_gradient(channels, &x, &found, &d_moments, accumulate, &mut d_x);
            let d_moments = wide(&d_moments);
            reference::moments_gradient(channels, &wide(&x), &expected, &d_moments, accumulate, &mut expected_d_x);
            close(&d_x, &expected_d_x, 4)?;
            Ok(())
        })?;
    }

    #[test]
    fn normalizations(
        (positions, channels) in prop_oneof![(1..most(300, 20), 1..70usize), (most(1000, 20)..most(2000, 40), 15..35usize)],
        relu in any::<bool>(),
        accumulate in accumulate(),
        seed in 0..1000u64,
    ) {
        on_each_level(|kernels| {
            // Coarse values and numbers of few bits: both twins see the same side of ReLU's kink.
            let x = coarse_values(positions * channels, seed);
            let d_out = values(x.len(), seed + 1);
            let moments: Vec<f32> = (0..2 * channels).map(|c| if c < channels { 0.25 } else { 0.75 }).collect();
            let (scale, shift) = (coarse_values(channels, seed + 2), vec![0.125; channels]);
            let activation = if relu { Activation::Relu } else { Activation::None };
            let with = Normalization { epsilon: 0.25, moments: &moments, scale: &scale, shift: &shift, activation };
            let (wide_moments, wide_scale, wide_shift) = (wide(&moments), wide(&scale), wide(&shift));
            let wide_with = Normalization {
                epsilon: 0.25, moments: &wide_moments, scale: &wide_scale, shift: &wide_shift, activation,
            };
            let (mut out, mut expected) = (vec![f32::NAN; x.len()], vec![f64::NAN; x.len()]);
            kernels.normalize(with, &x, &mut out);
            reference::normalize(wide_with, &wide(&x), &mut expected);
            close(&out, &expected, 2)?;

            let mut d_x = values(x.len(), seed + 3);
            let mut expected_d_x = wide(&d_x);
            let (mut sums, mut expected) = (vec![f32::NAN; 2 * channels], vec![f64::NAN; 2 * channels]);
            kernels.normalize_gradient(with, &x, &d_out, &mut sums, Some((accumulate, &mut d_x)));
            let expected_gradient = Some((accumulate, &mut expected_d_x[..]));
            reference::normalize_gradient(wide_with, &wide(&x), &wide(&d_out), &mut expected, expected_gradient);
            close(&d_x, &expected_d_x, 4)?;
            close(&sums, &expected, positions)?;
            let mut alone = vec![f32::NAN; 2 * channels];
            kernels.normalize_gradient(with, &x, &d_out, &mut alone, None);
            prop_assert_eq!(alone, sums);
            Ok(())
        })?;
    }
}
