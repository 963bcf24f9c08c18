//! Colours as numbers that can be mixed. Which colours go together is the palette's business.

/// Red, green and blue in [0, 1], gamma-encoded as in a file: mixing them is close to what the eye expects of paint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rgb(pub(crate) [f32; 3]);

impl Rgb {
    /// This colour at `t` = 0, `other` at 1.
    pub(crate) fn mix(self, other: Rgb, t: f32) -> Rgb {
        let t = t.clamp(0.0, 1.0);
        Rgb(std::array::from_fn(|i| self.0[i] + (other.0[i] - self.0[i]) * t))
    }
}
