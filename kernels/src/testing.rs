//! What the agreement tests share: made-up values, a tolerance, and the instruction sets to try. Each room's `agreement`
//! compares its fast kernels with its `reference`, over odd shapes, single pixels, strides, paddings and channel counts, on
//! every instruction set of this processor and on the tile geometry of AVX-512 in plain Rust.

use crate::kernels::Kernels;
use crate::options::Accumulate;
use crate::simd::Level;
use proptest::prelude::*;

/// Values in [-1, 1) that depend on `seed`: the same for both twins, and different in each operand.
pub(crate) fn values(len: usize, seed: u64) -> Vec<f32> {
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
pub(crate) fn coarse_values(len: usize, seed: u64) -> Vec<f32> {
    values(len, seed).into_iter().map(|value| (value * 2.0).round()).collect()
}

pub(crate) fn levels() -> Vec<Level> {
    // Miri knows the instructions of no vector unit.
    let mut levels = if cfg!(miri) { vec![Level::Portable] } else { Level::available() };
    levels.push(Level::PortableWide);
    levels
}

/// Runs a check with the kernels of every level.
pub(crate) fn on_each_level(
    check: impl Fn(Kernels) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    levels().into_iter().try_for_each(|level| {
        check(Kernels::with_level(level))
            .map_err(|error| TestCaseError::fail(format!("{}: {error}", level.name())))
    })
}

/// Random cases of each property.
pub(crate) const CASES: u32 = if cfg!(miri) { 3 } else { 96 };

/// The end of a range of sizes: `usual`, or `few` under Miri, which takes a thousand times as long.
pub(crate) fn most(usual: usize, few: usize) -> usize {
    if cfg!(miri) { few } else { usual }
}

/// Whether `actual` equals `expected`, a reference result in f64, up to the rounding of the `terms` f32
/// additions of values of about one that each value is the sum of.
pub(crate) fn close(actual: &[f32], expected: &[f64], terms: usize) -> Result<(), TestCaseError> {
    prop_assert_eq!(actual.len(), expected.len());
    let tolerance = 2e-6 * (terms as f64).max(1.0);
    for (index, (&actual, &expected)) in actual.iter().zip(expected).enumerate() {
        let error = (f64::from(actual) - expected).abs();
        prop_assert!(error <= tolerance, "value {index}: {actual} instead of {expected}");
    }
    Ok(())
}

pub(crate) fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

pub(crate) fn accumulate() -> impl Strategy<Value = Accumulate> {
    prop_oneof![Just(Accumulate::Replace), Just(Accumulate::Add)]
}

pub(crate) fn len(shape: [usize; 4]) -> usize {
    shape.iter().product()
}
