//! Files damaged at random, always in the same way: none may panic, and none may pass for another set of weights.

use zip::CompressionMethod;

use super::parameters::torchvision_arrays;
use crate::architecture::convolutions;
use crate::weights::assemble::assemble;
use crate::weights::{Layers, Origin, Weights, WeightsError, cannot_open};
use impasto_arrays::open_bytes;
use impasto_arrays::testing::{archive, members};

/// Small enough to be read some thousand times: layer 0 alone.
fn layer_0() -> Vec<(String, Vec<u8>)> {
    members(&torchvision_arrays(&convolutions(0)))
}

fn read(bytes: &[u8]) -> Result<Weights, WeightsError> {
    let origin = Origin::Memory;
    let mut opened = open_bytes(bytes).map_err(|error| cannot_open(error, &origin))?;
    assemble(opened.source.as_mut(), &origin, &Layers::up_to(0)?)
}

/// Marsaglia's xorshift, 64 bits.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    /// Changes one to four bytes, most often those near either end, where headers and directory are.
    fn damage(&mut self, bytes: &mut [u8]) {
        for _ in 0..=self.below(4) {
            let near = bytes.len().min(300);
            let position = match self.below(4) {
                0 => self.below(bytes.len()),
                1 => self.below(near),
                _ => bytes.len() - 1 - self.below(near),
            };
            bytes[position] = match self.below(3) {
                0 => 0xff,
                1 => bytes[position] ^ (1 << self.below(8)),
                _ => self.below(256) as u8,
            };
        }
    }
}

#[test]
fn damaged_archives_are_refused_or_give_the_same_weights() {
    for compression in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let whole = archive(&layer_0(), compression);
        let expected = read(&whole).unwrap();
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut refused = 0;
        for round in 0..3000 {
            let mut bytes = whole.clone();
            random.damage(&mut bytes);
            match read(&bytes) {
                Ok(weights) => assert_eq!(weights, expected, "round {round}"),
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    refused += 1;
                }
            }
        }
        assert!(refused > 1000, "only {refused} of 3000 were refused");
    }
}

#[test]
fn archives_cut_anywhere_are_refused() {
    let whole = archive(&layer_0(), CompressionMethod::Deflated);
    for length in 0..whole.len() {
        assert!(read(&whole[..length]).is_err(), "{length}");
    }
}

#[test]
fn damaged_arrays_never_panic_and_never_give_values_that_are_not_finite() {
    // Damaged first and archived afterwards, so that no checksum stands in the way of the array's own header.
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for _ in 0..3000 {
        let mut members = layer_0();
        let array = random.below(members.len());
        let bytes = &mut members[array].1;
        if random.below(3) == 0 {
            bytes.truncate(random.below(bytes.len()));
        } else {
            let end = random.below(bytes.len()) + 1;
            random.damage(&mut bytes[..end]);
        }
        if let Ok(weights) = read(&archive(&members, CompressionMethod::Stored)) {
            for (_, convolution) in weights.convolutions() {
                assert!(convolution.weight.iter().all(|value| value.is_finite()));
                assert!(convolution.bias.iter().all(|value| value.is_finite()));
            }
        }
    }
}
