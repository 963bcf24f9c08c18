//! Bytes to 32-bit floats: IEEE 754 numbers of 16, 32 and 64 bits in either byte order.

use super::source::{ByteOrder, Encoding, Float};

/// Replaces what is in `values` by the numbers that stand in `bytes`, in their order. A 64-bit number is rounded
/// to the nearest of 32 bits, beyond their range to infinity. An incomplete number at the end is left out.
pub(super) fn decode(encoding: Encoding, bytes: &[u8], values: &mut Vec<f32>) {
    let single = |number: f64| number as f32;
    match (encoding.float, encoding.byte_order) {
        (Float::Half, ByteOrder::Little) => {
            convert(bytes, values, |b| half_to_single(u16::from_le_bytes(b)));
        }
        (Float::Half, ByteOrder::Big) => {
            convert(bytes, values, |b| half_to_single(u16::from_be_bytes(b)));
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
    values.clear();
    values.extend(encoded.iter().map(|&encoded| number(encoded)));
}

/// IEEE 754 binary16 to binary32, which holds every such value exactly.
fn half_to_single(half: u16) -> f32 {
    /// 2^112: what the exponents' biases differ by, 127 - 15.
    const REBIAS: f32 = f32::from_bits((127 + 112) << 23);
    let sign = u32::from(half & 0x8000) << 16;
    let magnitude = u32::from(half & 0x7fff) << 13;
    let magnitude = if half & 0x7c00 == 0x7c00 {
        // Infinity or NaN: the exponent's ones must stay all ones.
        magnitude | 0x7f80_0000
    } else {
        // Exponent and fraction stand in place but for the bias; the multiplication normalises subnormals too.
        (f32::from_bits(magnitude) * REBIAS).to_bits()
    };
    f32::from_bits(sign | magnitude)
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
            let (single, expected) = (half_to_single(half), half_by_definition(half));
            if expected.is_nan() {
                assert!(single.is_nan(), "{half:#06x}");
            } else {
                assert_eq!(f64::from(single), expected, "{half:#06x}");
                assert_eq!(single.is_sign_negative(), expected.is_sign_negative());
            }
        }
    }

    fn decoded(float: Float, byte_order: ByteOrder, bytes: &[u8]) -> Vec<f32> {
        let mut values = vec![f32::NAN];
        decode(Encoding { float, byte_order }, bytes, &mut values);
        values
    }

    #[test]
    fn every_encoding_of_the_same_numbers_gives_the_same_numbers() {
        let numbers = [1.0f32, -2.5, 0.099_975_586, 65504.0];
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
}
