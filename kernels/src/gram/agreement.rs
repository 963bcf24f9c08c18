//! The fast Gram matrices against the plain loops.

use super::Gram;
use crate::reference;
use crate::testing::{CASES, accumulate, close, levels, most, values, wide};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn gram_matrices(positions in 1..most(300, 30), channels in prop_oneof![1..most(70, 20), most(120, 30)..most(140, 36)], accumulate in accumulate(), seed in 0..1000u64) {
        let features = values(positions * channels, seed);
        let d_gram = values(channels * channels, seed + 1);
        let scale = 1.0 / positions as f64;
        let mut expected = vec![0.0; channels * channels];
        reference::gram(channels, scale, &wide(&features), &mut expected);
        let mut expected_gradient = wide(&features);
        reference::gram_gradient(
            channels, scale, &wide(&features), &wide(&d_gram), accumulate, &mut expected_gradient,
        );
        for level in levels() {
            let mut fast = Gram::with_level(channels, level);
            let mut gram = vec![f32::NAN; channels * channels];
            fast.forward(scale as f32, &features, &mut gram);
            close(&gram, &expected, 8)?;
            let mut d_features = features.clone();
            fast.gradient(scale as f32, &features, &d_gram, accumulate, &mut d_features);
            close(&d_features, &expected_gradient, channels)?;
        }
    }
}
