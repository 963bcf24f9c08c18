//! The fast max pools against the plain loops.

use crate::reference;
use crate::shape::{PoolRounding, PoolShape};
use crate::testing::{CASES, accumulate, close, coarse_values, len, most, on_each_level, values, wide};
use proptest::prelude::*;

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
    fn max_pools(shape in pooling(), accumulate in accumulate(), seed in 0..1000u64) {
        on_each_level(|kernels| {
            let image = coarse_values(len(shape.input()), seed);
            let d_out = values(len(shape.output()), seed + 1);
            let (mut out, mut argmax) = (vec![f32::NAN; d_out.len()], vec![99; d_out.len()]);
            let (mut expected, mut expected_argmax) = (vec![f64::NAN; d_out.len()], vec![77; d_out.len()]);
            kernels.max_pool(&shape, &image, &mut out, &mut argmax);
            reference::max_pool(&shape, &wide(&image), &mut expected, &mut expected_argmax);
            prop_assert_eq!(wide(&out), expected);
            prop_assert_eq!(&argmax, &expected_argmax, "of equal values the first wins");
            let mut d_image = image.clone();
            let mut expected = wide(&image);
            kernels.max_pool_gradient(&shape, &d_out, &argmax, accumulate, &mut d_image);
            reference::max_pool_gradient(&shape, &wide(&d_out), &argmax, accumulate, &mut expected);
            close(&d_image, &expected, 8)?;
            Ok(())
        })?;
    }
}
