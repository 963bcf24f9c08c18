//! Bytes to 32-bit floats: IEEE 754 numbers of 16, 32 and 64 bits and bfloat16, in either byte order, read piece by
//! piece so that memory follows what arrives. What shape the values have is not known here.

use std::io::{self, Read};

use half::{bf16, f16};

use super::element::{ByteOrder, Encoding, Float};
use super::error::ArrayError;
use super::error::unreadable;

/// Bytes read at a time, a multiple of every number's: few enough for a core's first caches.
const PIECE: usize = 1 << 15;

/// Values on their way, kept from one array to the next.
#[derive(Debug, Default)]
pub struct Buffers {
    /// One piece as encoded.
    piece: Vec<u8>,
    /// All values, in the file's order.
    values: Vec<f32>,
}

/// Which of the numbers of a source are wanted: all that stand between two others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) before: usize,
    pub(super) count: usize,
    pub(super) after: usize,
}

impl Window {
    pub(super) fn whole(count: usize) -> Self {
        Self { before: 0, count, after: 0 }
    }
}

/// Reads the numbers of a window, and makes sure that the source ends behind it: bytes there mean that the
/// description is not true, and only at its end does an archive's member tell whether its checksum holds.
pub(super) fn read_values<'a>(
    encoding: Encoding,
    window: Window,
    source: &mut dyn Read,
    buffers: &'a mut Buffers,
) -> Result<&'a [f32], ArrayError> {
    let size = encoding.float.bytes();
    let expected = (window.before + window.count + window.after) * size;
    let Buffers { piece, values } = buffers;
    values.clear();
    let mut found = 0;
    for (count, is_wanted) in [(window.before, false), (window.count, true), (window.after, false)] {
        let end = found + count * size;
        while found < end {
            piece.resize(PIECE.min(end - found), 0);
            let filled = fill(source, piece)?;
            found += filled;
            if filled < piece.len() {
                return Err(ArrayError::Truncated { expected, found });
            }
            if is_wanted {
                decode(encoding, piece, values);
            }
        }
    }
    match fill(source, &mut [0])? {
        0 => Ok(values),
        _ => Err(ArrayError::TrailingData { expected }),
    }
}

/// Reads until `buffer` is full or the source ends; returns how many bytes came.
fn fill(source: &mut dyn Read, buffer: &mut [u8]) -> Result<usize, ArrayError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    Ok(filled)
}

/// Appends the numbers that stand in `bytes` to `values`, in their order. A 64-bit number is rounded to the nearest
/// of 32 bits, beyond their range to infinity. An incomplete number at the end is left out.
fn decode(encoding: Encoding, bytes: &[u8], values: &mut Vec<f32>) {
    let single = |number: f64| number as f32;
    match (encoding.float, encoding.byte_order) {
        (Float::Half, ByteOrder::Little) => {
            convert(bytes, values, |b| f16::from_le_bytes(b).to_f32());
        }
        (Float::Half, ByteOrder::Big) => {
            convert(bytes, values, |b| f16::from_be_bytes(b).to_f32());
        }
        (Float::Brain, ByteOrder::Little) => {
            convert(bytes, values, |b| bf16::from_le_bytes(b).to_f32());
        }
        (Float::Brain, ByteOrder::Big) => {
            convert(bytes, values, |b| bf16::from_be_bytes(b).to_f32());
        }
        (Float::Single, ByteOrder::Little) => convert(bytes, values, f32::from_le_bytes),
        (Float::Single, ByteOrder::Big) => convert(bytes, values, f32::from_be_bytes),
        (Float::Double, ByteOrder::Little) => {
            convert(bytes, values, |b| single(f64::from_le_bytes(b)));
        }
        (Float::Double, ByteOrder::Big) => {
            convert(bytes, values, |b| single(f64::from_be_bytes(b)));
        }
    }
}

fn convert<const N: usize>(bytes: &[u8], values: &mut Vec<f32>, number: impl Fn([u8; N]) -> f32) {
    let (encoded, _) = bytes.as_chunks::<N>();
    values.extend(encoded.iter().map(|&encoded| number(encoded)));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// binary16 by its definition: (-1)^s * 2^(e - 15) * 1.f, subnormals 2^-14 * 0.f.
    fn half_by_definition(half: u16) -> f64 {
        let exponent = i32::from(half >> 10 & 0x1f);
        let fraction = f64::from(half & 0x3ff) / 1024.0;
        let magnitude = match exponent {
            0 => 2f64.powi(-14) * fraction,
            31 if fraction == 0.0 => f64::INFINITY,
            31 => f64::NAN,
            _ => 2f64.powi(exponent - 15) * (1.0 + fraction),
        };
        if half & 0x8000 == 0 { magnitude } else { -magnitude }
    }

    #[test]
    fn every_half_is_converted_exactly() {
        for half in 0..=u16::MAX {
            let (single, expected) = (f16::from_bits(half).to_f32(), half_by_definition(half));
            if expected.is_nan() {
                assert!(single.is_nan(), "{half:#06x}");
            } else {
                assert_eq!(f64::from(single), expected, "{half:#06x}");
                assert_eq!(single.is_sign_negative(), expected.is_sign_negative());
            }
        }
    }

    fn decoded(float: Float, byte_order: ByteOrder, bytes: &[u8]) -> Vec<f32> {
        let mut values = Vec::new();
        decode(Encoding { float, byte_order }, bytes, &mut values);
        values
    }

    #[test]
    fn every_encoding_of_the_same_numbers_gives_the_same_numbers() {
        let numbers = [1.0f32, -2.5, 0.099_975_586, 65504.0];
        // The upper halves of 32 bits.
        assert_eq!(decoded(Float::Brain, ByteOrder::Little, &[0x80, 0x3f, 0x20, 0xc0]), [1.0, -2.5]);
        assert_eq!(decoded(Float::Brain, ByteOrder::Big, &[0x3f, 0x80, 0xc0, 0x20]), [1.0, -2.5]);
        let halves: [u16; 4] = [0x3c00, 0xc100, 0x2e66, 0x7bff];
        let half = |bytes: fn(u16) -> [u8; 2]| halves.map(bytes).concat();
        let single = |bytes: fn(f32) -> [u8; 4]| numbers.map(bytes).concat();
        let double = |bytes: fn(f64) -> [u8; 8]| numbers.map(|n| bytes(n.into())).concat();
        let (little, big) = (ByteOrder::Little, ByteOrder::Big);
        for (float, byte_order, bytes) in [
            (Float::Half, little, half(u16::to_le_bytes)),
            (Float::Half, big, half(u16::to_be_bytes)),
            (Float::Single, little, single(f32::to_le_bytes)),
            (Float::Single, big, single(f32::to_be_bytes)),
            (Float::Double, little, double(f64::to_le_bytes)),
            (Float::Double, big, double(f64::to_be_bytes)),
        ] {
            let values = decoded(float, byte_order, &bytes);
            assert_eq!(values, numbers, "{float:?} {byte_order:?}");
        }
    }

    #[test]
    fn doubles_beyond_single_range_become_infinite_and_tiny_ones_zero() {
        let bytes = [1e39f64, -1e39, 1e-50].map(f64::to_le_bytes).concat();
        let values = decoded(Float::Double, ByteOrder::Little, &bytes);
        assert_eq!(values, [f32::INFINITY, f32::NEG_INFINITY, 0.0]);
    }

    /// Hands out a few bytes at a time, and is interrupted in between, as pipes are.
    struct Dripping<'a> {
        rest: &'a [u8],
        interrupted: bool,
    }

    impl Read for Dripping<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.interrupted = !self.interrupted;
            if self.interrupted {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let count = buffer.len().min(1001).min(self.rest.len());
            self.rest.read(&mut buffer[..count])
        }
    }

    const SINGLE: Encoding = Encoding { float: Float::Single, byte_order: ByteOrder::Little };

    #[test]
    fn values_come_whole_however_their_bytes_come() {
        let numbers: Vec<f32> = (0..20_000u16).map(f32::from).collect();
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let mut buffers = Buffers::default();
        // Twice: what an earlier array left behind must not show.
        for _ in 0..2 {
            let mut source = Dripping { rest: &bytes, interrupted: false };
            let values =
                read_values(SINGLE, Window::whole(numbers.len()), &mut source, &mut buffers).unwrap();
            assert_eq!(values, numbers);
        }
    }

    #[test]
    fn only_a_windows_values_are_kept() {
        let numbers: Vec<f32> = (0..30_000u16).map(f32::from).collect();
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        for (before, after) in [(0, 0), (1, 0), (0, 29_999), (9_000, 12_000), (15_000, 15_000)] {
            let count = 30_000 - before - after;
            let mut buffers = Buffers::default();
            let window = Window { before, count, after };
            let values = read_values(SINGLE, window, &mut &bytes[..], &mut buffers).unwrap();
            assert_eq!(values, &numbers[before..before + count]);
            let window = Window { before, count, after: after + 1 };
            let error = read_values(SINGLE, window, &mut &bytes[..], &mut buffers).unwrap_err();
            assert_eq!(error, ArrayError::Truncated { expected: 120_004, found: 120_000 });
        }
    }

    #[test]
    fn memory_follows_the_bytes_that_arrive_not_the_claim() {
        let mut buffers = Buffers::default();
        let claim = usize::MAX / 8;
        let window = Window::whole(claim);
        let error = read_values(SINGLE, window, &mut &[0; 3 * PIECE + 1][..], &mut buffers).unwrap_err();
        assert_eq!(error, ArrayError::Truncated { expected: 4 * claim, found: 3 * PIECE + 1 });
        assert!(buffers.piece.capacity() + 4 * buffers.values.capacity() < 16 * PIECE);
    }
}
