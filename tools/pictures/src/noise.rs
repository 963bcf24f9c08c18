//! Smooth random functions of the plane, the same for the same seed, shared by both painters; each takes its own bits.

use std::f32::consts::{FRAC_1_SQRT_2 as DIAGONAL, SQRT_2};

/// The slopes that noise may have where it is zero.
const GRADIENTS: [[f32; 2]; 8] = [
    [1.0, 0.0],
    [DIAGONAL, DIAGONAL],
    [0.0, 1.0],
    [-DIAGONAL, DIAGONAL],
    [-1.0, 0.0],
    [-DIAGONAL, -DIAGONAL],
    [0.0, -1.0],
    [DIAGONAL, -DIAGONAL],
];

/// Random bits that belong to a place on the integer grid, before the last shift: the low ones are not yet as good as
/// the high ones.
pub(crate) fn mixed(x: i32, y: i32, seed: u32) -> u32 {
    let mut bits = (x as u32).wrapping_mul(0x8da6_b343) ^ (y as u32).wrapping_mul(0xd816_3841);
    bits ^= seed.wrapping_mul(0xcb1a_b31f);
    for factor in [0x7feb_352d, 0x846c_a68b] {
        bits ^= bits >> 16;
        bits = bits.wrapping_mul(factor);
    }
    bits
}

/// Random bits that belong to a place on the integer grid.
pub(crate) fn hash(x: i32, y: i32, seed: u32) -> u32 {
    let bits = mixed(x, y, seed);
    bits ^ (bits >> 16)
}

/// Gradient noise (Perlin 2002): smooth, about [-1, 1], zero on the integer grid, features one unit wide. `chance` gives
/// each place of the grid a random number from 0 to 7, which chooses its slope.
pub(crate) fn gradient_noise([x, y]: [f32; 2], chance: impl Fn(i32, i32) -> usize) -> f32 {
    let (column, row) = (x.floor(), y.floor());
    let (u, v) = (x - column, y - row);
    let corner = |dx: i32, dy: i32| {
        let [slope_x, slope_y] = GRADIENTS[chance(column as i32 + dx, row as i32 + dy) % GRADIENTS.len()];
        slope_x * (u - dx as f32) + slope_y * (v - dy as f32)
    };
    let fade = |t: f32| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    let between = |a: f32, b: f32, t: f32| a + (b - a) * t;
    let top = between(corner(0, 0), corner(1, 0), fade(u));
    let bottom = between(corner(0, 1), corner(1, 1), fade(u));
    // Unit gradients reach sqrt(1/2) at most.
    between(top, bottom, fade(v)) * SQRT_2
}

/// [`gradient_noise`] of a seed.
pub(crate) fn noise(place: [f32; 2], seed: u32) -> f32 {
    gradient_noise(place, |column, row| hash(column, row, seed) as usize)
}

/// A sum of `octaves` noises, each twice as fine as the one before and `gain` times as strong: its power falls with
/// frequency f as 1/f^beta, beta = 2 + 2 log2(1/gain). Deviation about 0.4 whatever the gain.
pub(crate) fn fractal([x, y]: [f32; 2], octaves: u32, gain: f32, seed: u32) -> f32 {
    // Octaves on shifted grids, or the zeros of all would meet at the origin.
    const SHIFT: f32 = 17.31;
    let (mut sum, mut power) = (0.0, 0.0_f32);
    let (mut frequency, mut strength) = (1.0, 1.0);
    for octave in 0..octaves {
        let shift = SHIFT * octave as f32;
        sum += strength * noise([x * frequency + shift, y * frequency - shift], seed.wrapping_add(octave));
        power += strength * strength;
        frequency *= 2.0;
        strength *= gain;
    }
    sum / power.sqrt().max(f32::MIN_POSITIVE)
}

/// 0 below `low`, 1 above `high`, smooth between; falls instead of rising if `low` > `high`.
pub(crate) fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractal_noise_deviates_alike_whatever_its_gain() {
        for gain in [0.0, 0.3, 0.6, 0.9] {
            let values: Vec<f32> = (0..20_000)
                .map(|index| fractal([(index % 141) as f32 * 0.37, (index / 141) as f32 * 0.41], 5, gain, 9))
                .collect();
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            let variance =
                values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / values.len() as f32;
            assert!(mean.abs() < 0.05, "mean {mean} at gain {gain}");
            assert!((0.3..0.5).contains(&variance.sqrt()), "deviation {} at gain {gain}", variance.sqrt());
        }
    }

    #[test]
    fn noise_is_zero_on_the_grid_and_continuous() {
        for index in 0..200 {
            let x = index as f32 * 0.173 - 17.0;
            assert_eq!(noise([x.floor(), (2.0 * x).floor()], 3), 0.0);
            let step = noise([x, 0.4], 3) - noise([x + 1e-3, 0.4], 3);
            assert!(step.abs() < 0.01, "a step of {step} at {x}");
        }
    }
}
