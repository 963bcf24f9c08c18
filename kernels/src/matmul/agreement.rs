//! The matrix product against the sum that it is.

use super::{Operand, matmul};
use crate::options::Accumulate;
use crate::testing::{CASES, accumulate, close, values};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn matrix_products(
        (m, k, n) in (1..20usize, 1..20usize, 1..20usize),
        (a_transposed, b_transposed) in any::<(bool, bool)>(),
        accumulate in accumulate(),
        seed in 0..1000u64,
    ) {
        let (a, b, earlier) = (values(m * k, seed), values(k * n, seed + 1), values(m * n, seed + 2));
        let mut c = earlier.clone();
        let operand = |values, transposed| Operand { values, transposed };
        matmul([m, k, n], operand(&a, a_transposed), operand(&b, b_transposed), accumulate, &mut c);
        let expected: Vec<f64> = (0..m * n).map(|index| {
            let (i, j) = (index / n, index % n);
            let start = if accumulate == Accumulate::Add { f64::from(earlier[index]) } else { 0.0 };
            (0..k).fold(start, |sum, p| {
                let a = a[if a_transposed { p * m + i } else { i * k + p }];
                let b = b[if b_transposed { j * k + p } else { p * n + j }];
                sum + f64::from(a) * f64::from(b)
            })
        }).collect();
        close(&c, &expected, k)?;
    }
}
