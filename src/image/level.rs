//! The level of a sample, in 8 or in 16 bits.

/// The level of a sample: a `u8`, which screens show, or a `u16`, for what is edited further or printed large.
pub trait Level: sealed::Sealed + Copy + Default + PartialEq + Send + Sync + 'static {
    /// Bits of a level.
    const BITS: usize;

    /// The level of a value in [0, 1], which it is clipped to, rounded to the nearest.
    fn round(value: f32) -> Self;

    /// The same as `deprocess_image` has it: 8 bits are cut off, as in the notebook, 16 rounded.
    fn of(value: f32) -> Self;

    /// The same level in 8 bits, spread over the range.
    fn from_byte(level: u8) -> Self;

    /// The value in [0, 1].
    fn value(self) -> f32;

    /// The number of the level.
    fn number(self) -> usize;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for u16 {}
}

impl Level for u8 {
    const BITS: usize = 8;

    fn round(value: f32) -> u8 {
        // `as` saturates, and sends NaN to 0.
        (255.0 * value).round() as u8
    }

    fn of(value: f32) -> u8 {
        // It also truncates toward zero: clip and astype('uint8') in one.
        (255.0 * value) as u8
    }

    fn from_byte(level: u8) -> u8 {
        level
    }

    fn value(self) -> f32 {
        f32::from(self) / 255.0
    }

    fn number(self) -> usize {
        usize::from(self)
    }
}

impl Level for u16 {
    const BITS: usize = 16;

    fn round(value: f32) -> u16 {
        (65535.0 * value).round() as u16
    }

    fn of(value: f32) -> u16 {
        u16::round(value)
    }

    fn from_byte(level: u8) -> u16 {
        u16::from(level) * 257
    }

    fn value(self) -> f32 {
        f32::from(self) / 65535.0
    }

    fn number(self) -> usize {
        usize::from(self)
    }
}
