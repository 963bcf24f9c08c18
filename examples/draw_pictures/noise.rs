//! Smooth random functions of the plane, the same on every run: clouds, stains, bristles and ripples are made of them.

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

/// A random number in [0, 1) that belongs to a place on the integer grid.
pub(crate) fn hash(x: i32, y: i32, seed: u32) -> f32 {
    let mut bits = (x as u32).wrapping_mul(0x8da6_b343) ^ (y as u32).wrapping_mul(0xd816_3841);
    bits ^= seed.wrapping_mul(0xcb1a_b31f);
    for factor in [0x7feb_352d, 0x846c_a68b] {
        bits ^= bits >> 16;
        bits = bits.wrapping_mul(factor);
    }
    bits ^= bits >> 15;
    (bits >> 8) as f32 / (1 << 24) as f32
}

/// Gradient noise (Perlin 2002): smooth, about [-1, 1], zero on the integer grid, features one unit wide.
pub(crate) fn noise(x: f32, y: f32, seed: u32) -> f32 {
    let (column, row) = (x.floor(), y.floor());
    let (u, v) = (x - column, y - row);
    let corner = |dx: i32, dy: i32| {
        let chance = hash(column as i32 + dx, row as i32 + dy, seed);
        let [slope_x, slope_y] = GRADIENTS[(chance * GRADIENTS.len() as f32) as usize];
        slope_x * (u - dx as f32) + slope_y * (v - dy as f32)
    };
    let fade = |t: f32| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    let between = |a: f32, b: f32, t: f32| a + (b - a) * t;
    let top = between(corner(0, 0), corner(1, 0), fade(u));
    let bottom = between(corner(0, 1), corner(1, 1), fade(u));
    // Unit gradients reach sqrt(1/2) at most.
    between(top, bottom, fade(v)) * SQRT_2
}

/// A sum of `octaves` noises, each twice as fine and half as strong as the one before; about [-1, 1].
pub(crate) fn fractal(x: f32, y: f32, octaves: u32, seed: u32) -> f32 {
    // Octaves on shifted grids, or the zeros of all would meet at the origin.
    const SHIFT: f32 = 17.31;
    (0..octaves)
        .map(|octave| {
            let frequency = (1 << octave) as f32;
            noise(x * frequency + SHIFT * octave as f32, y * frequency, seed + octave) / frequency
        })
        .sum()
}

/// 0 below `low`, 1 above `high`, smooth between; falls instead of rising if `low` > `high`.
pub(crate) fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
