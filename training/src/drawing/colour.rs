//! Colours as numbers that can be mixed. Which colours go together is the palette's business.

use super::random::Random;

/// Red, green and blue in [0, 1], gamma-encoded as in a file: mixing them is close to what the eye expects of paint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rgb(pub(crate) [f32; 3]);

impl Rgb {
    /// This colour at `t` = 0, `other` at 1.
    pub(crate) fn mix(self, other: Rgb, t: f32) -> Rgb {
        let t = t.clamp(0.0, 1.0);
        Rgb(std::array::from_fn(|i| self.0[i] + (other.0[i] - self.0[i]) * t))
    }

    /// All channels times `factor`.
    pub(crate) fn lit(self, factor: f32) -> Rgb {
        Rgb(self.0.map(|level| level * factor))
    }

    /// A little off: `amount` is the deviation of each channel, and of all three together.
    pub(crate) fn jittered(self, amount: f32, random: &mut Random) -> Rgb {
        let shared = amount * random.bell();
        Rgb(self.0.map(|level| (level + shared + amount * random.bell()).clamp(0.0, 1.0)))
    }
}
