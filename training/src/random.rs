//! Random numbers that follow from a seed and from what they are for, not from what was drawn before.

use fastrand::Rng;

/// A generator for one purpose: `parts` tell what for, such as a seed, a step and the place in a batch.
pub(crate) fn generator(parts: &[u64]) -> Rng {
    // The finaliser of SplitMix64 (Steele, Lea and Flood 2014) after each part.
    let seed = parts.iter().fold(0u64, |state, &part| {
        let mixed = (state ^ part).wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    });
    Rng::with_seed(seed)
}

/// A number of mean 0 and deviation 1, bell-shaped: the sum of four uniform ones, which costs a tenth of a
/// true normal number and never leaves +-3.5.
pub(crate) fn normal(random: &mut Rng) -> f32 {
    let bits = random.u64(..);
    let sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48);
    // Four uniform integers below 2^16 have mean 2 * (2^16 - 1) and variance (2^32 - 1) / 3.
    (sum as f32 - 131_070.0) * (1.732_050_8 / 65_536.0)
}

/// A number from `low` to `high`.
pub(crate) fn uniform(random: &mut Rng, low: f32, high: f32) -> f32 {
    low + (high - low) * random.f32()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_numbers_have_mean_zero_and_deviation_one() {
        let mut random = generator(&[1, 2]);
        let numbers: Vec<f64> = (0..100_000).map(|_| f64::from(normal(&mut random))).collect();
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let variance = numbers.iter().map(|number| number * number).sum::<f64>() / numbers.len() as f64;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "mean {mean}, variance {variance}");
    }

    #[test]
    fn each_purpose_has_numbers_of_its_own() {
        let first = |parts: &[u64]| generator(parts).u64(..);
        let purposes = [&[1, 2][..], &[2, 1], &[1], &[1, 2, 0], &[0, 1, 2]];
        for (index, a) in purposes.iter().enumerate() {
            assert_eq!(first(a), first(a));
            assert!(purposes[..index].iter().all(|b| first(a) != first(b)), "{a:?}");
        }
    }
}
