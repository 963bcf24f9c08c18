//! Random numbers from a seed, in the shapes that drawing asks for.

/// A sequence of random numbers.
pub struct Random(fastrand::Rng);

impl Random {
    /// The sequence that belongs to these numbers together.
    pub fn from_parts(parts: &[u64]) -> Random {
        let seed = parts.iter().fold(0, |state, &part| scramble(state ^ part));
        Random(fastrand::Rng::with_seed(seed))
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f32 {
        self.0.f32()
    }

    /// Uniform between `low` and `high`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// About normal, with mean 0 and deviation 1, never beyond 3.5.
    pub fn bell(&mut self) -> f32 {
        // The sum of four uniform numbers has variance 1/3.
        (self.unit() + self.unit() + self.unit() + self.unit() - 2.0) * 1.732
    }

    /// True as often as `probability` says.
    pub fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// A whole number below `end`, or 0.
    pub fn below(&mut self, end: usize) -> usize {
        // Not the generator's own `usize`, which differs between 32 and 64 bits.
        if end == 0 { 0 } else { (self.0.u64(..) % end as u64) as usize }
    }

    /// One of `things`, which must not be empty.
    pub fn pick<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.below(things.len())]
    }

    /// A seed for something that draws its own numbers.
    pub fn seed(&mut self) -> u32 {
        self.0.u32(..)
    }
}

/// Spreads every bit over all bits (SplitMix64's finaliser).
fn scramble(bits: u64) -> u64 {
    let mut bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
