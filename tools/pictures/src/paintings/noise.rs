//! Smooth random functions of the plane, the same on every run: clouds, stains, bristles and ripples are made of them.
//! The noise is the shared one, with random bits of its own.

pub(crate) use crate::noise::smoothstep;
use crate::noise::{gradient_noise, mixed};

/// A random number in [0, 1) that belongs to a place on the integer grid.
pub(crate) fn hash(x: i32, y: i32, seed: u32) -> f32 {
    let bits = mixed(x, y, seed);
    ((bits ^ (bits >> 15)) >> 8) as f32 / (1 << 24) as f32
}

/// Gradient noise: smooth, about [-1, 1], zero on the integer grid, features one unit wide.
pub(crate) fn noise(x: f32, y: f32, seed: u32) -> f32 {
    gradient_noise([x, y], |column, row| (hash(column, row, seed) * 8.0) as usize)
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
