//! Colors as numbers that can be mixed, shared by both painters.

use crate::random::Random;

/// Red, green and blue in [0, 1], gamma-encoded as in a file: mixing them is close to what the eye expects of paint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rgb(pub(crate) [f32; 3]);

impl Rgb {
    /// This color at `t` = 0, `other` at 1.
    pub(crate) fn mix(self, other: Rgb, t: f32) -> Rgb {
        let t = t.clamp(0.0, 1.0);
        Rgb(std::array::from_fn(|i| self.0[i] + (other.0[i] - self.0[i]) * t))
    }

    /// All channels times `factor`.
    pub(crate) fn lit(self, factor: f32) -> Rgb {
        Rgb(self.0.map(|level| level * factor))
    }

    /// The color of a web page's `#rrggbb`.
    pub(crate) const fn hex(code: u32) -> Rgb {
        Rgb([
            ((code >> 16) & 255) as f32 / 255.0,
            ((code >> 8) & 255) as f32 / 255.0,
            (code & 255) as f32 / 255.0,
        ])
    }

    /// Lighter and warmer for positive `amount`, darker and cooler for negative: how sunlight and shade differ.
    pub(crate) fn warmed(self, amount: f32) -> Rgb {
        const SUN: [f32; 3] = [1.0, 0.9, 0.7];
        Rgb(std::array::from_fn(|i| self.0[i] * (1.0 + amount * SUN[i])))
    }

    /// A little off: `amount` is the deviation of each channel, and of all three together.
    pub(crate) fn jittered(self, amount: f32, random: &mut Random) -> Rgb {
        let shared = amount * random.bell();
        Rgb(self.0.map(|level| (level + shared + amount * random.bell()).clamp(0.0, 1.0)))
    }
}
