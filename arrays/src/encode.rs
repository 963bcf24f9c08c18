//! Named arrays to the bytes of a file. The same arrays give the same bytes, on every machine and at any time.

use std::io::Cursor;

use half::f16;
use ndarray::{ArrayD, ArrayViewD};
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::npz::NpzWriter;
use super::safetensors::{LENGTH_BYTES, METADATA};

/// A format that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Container {
    /// NumPy's archive, uncompressed, as `numpy.savez` writes it.
    Npz,
    /// `safetensors`.
    Safetensors,
}

/// How numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// float32: nothing is lost.
    Single,
    /// float16: half the size, rounded to eleven bits.
    Half,
}

/// A value that float16 cannot hold.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("array {array} has the value {value}, beyond float16's 65504: save it as float32")]
#[non_exhaustive]
pub struct BeyondHalf {
    /// The array's name.
    pub array: String,
    /// The first such value.
    pub value: f32,
}

/// A name and its array; whatever the strides, values are written in C order.
pub type NamedView<'a> = (String, ArrayViewD<'a, f32>);

/// The bytes of a file with these arrays, in their order. The same arrays give the same bytes.
///
/// # Errors
///
/// [`BeyondHalf`], with [`Precision::Half`] only.
pub fn encode(
    arrays: &[NamedView<'_>],
    container: Container,
    precision: Precision,
) -> Result<Vec<u8>, BeyondHalf> {
    match container {
        Container::Npz => npz(arrays, precision),
        Container::Safetensors => safetensors(arrays, precision),
    }
}

fn npz(arrays: &[NamedView<'_>], precision: Precision) -> Result<Vec<u8>, BeyondHalf> {
    const IN_MEMORY: &str = "arrays with names of their own can be written to memory";
    let mut writer = NpzWriter::new(Cursor::new(Vec::new()));
    for (name, array) in arrays {
        match precision {
            Precision::Single => writer.array(name, array.view()).expect(IN_MEMORY),
            Precision::Half => writer.elements(name, halves(name, array)?.view()).expect(IN_MEMORY),
        }
    }
    Ok(writer.finish().expect(IN_MEMORY).into_inner())
}

fn safetensors(arrays: &[NamedView<'_>], precision: Precision) -> Result<Vec<u8>, BeyondHalf> {
    let dtype = match precision {
        Precision::Single => "F32",
        Precision::Half => "F16",
    };
    let (mut header, mut data) = (Map::new(), Vec::new());
    // Some readers insist on being told where the names come from.
    header.insert(METADATA.to_owned(), json!({"format": "pt"}));
    for (name, array) in arrays {
        let start = data.len();
        match precision {
            Precision::Single => data.extend(array.iter().flat_map(|value| value.to_le_bytes())),
            Precision::Half => data.extend(halves(name, array)?.iter().flat_map(|half| half.to_le_bytes())),
        }
        let entry = json!({"dtype": dtype, "shape": array.shape(), "data_offsets": [start, data.len()]});
        header.insert(name.clone(), entry);
    }
    let mut header = Value::from(header).to_string();
    header.extend(std::iter::repeat_n(
        ' ',
        header.len().next_multiple_of(LENGTH_BYTES as usize) - header.len(),
    ));
    Ok([&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat())
}

/// The array in half precision, in C order.
fn halves(name: &str, array: &ArrayViewD<'_, f32>) -> Result<ArrayD<f16>, BeyondHalf> {
    let half =
        |&value: &f32| single_to_half(value).ok_or_else(|| BeyondHalf { array: name.to_owned(), value });
    let halves = array.iter().map(half).collect::<Result<_, _>>()?;
    Ok(ArrayD::from_shape_vec(array.shape(), halves).expect("as many halves as values"))
}

/// binary32 to the nearest binary16, ties to even; `None` for what would become infinite, or is no number.
fn single_to_half(single: f32) -> Option<f16> {
    Some(f16::from_f32(single)).filter(|half| half.is_finite())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_same, read_all, some_arrays};
    use super::*;

    fn half_to_single(half: u16) -> f32 {
        f16::from_bits(half).to_f32()
    }

    fn single_to_half(single: f32) -> Option<u16> {
        super::single_to_half(single).map(f16::to_bits)
    }

    #[test]
    fn every_half_comes_back() {
        for half in (0..0x7c00).chain(0x8000..0xfc00) {
            assert_eq!(single_to_half(half_to_single(half)), Some(half), "{half:#06x}");
        }
    }

    #[test]
    fn what_lies_between_two_halves_becomes_the_nearer_one() {
        for half in 0..0x7bff {
            let (low, high) = (half_to_single(half), half_to_single(half + 1));
            // Exact: two numbers of eleven bits.
            let middle = low + (high - low) / 2.0;
            let even = half + (half & 1);
            assert_eq!(single_to_half(middle), Some(even), "{half:#06x}");
            assert_eq!(single_to_half(-middle), Some(even | 0x8000), "{half:#06x}");
            assert_eq!(single_to_half(middle.next_down()), Some(half), "{half:#06x}");
            assert_eq!(single_to_half(middle.next_up()), Some(half + 1), "{half:#06x}");
        }
    }

    #[test]
    fn what_is_beyond_half_is_refused() {
        assert_eq!(single_to_half(65519.99), Some(0x7bff));
        for value in [65520.0, -65520.0, 1e30, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
            assert_eq!(single_to_half(value), None, "{value}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let arrays = some_arrays();
        let views: Vec<_> = arrays.iter().map(|(name, array)| (name.clone(), array.view())).collect();
        for container in [Container::Npz, Container::Safetensors] {
            // Quarters of small integers are exact in half precision too.
            for precision in [Precision::Single, Precision::Half] {
                let file = encode(&views, container, precision).unwrap();
                assert_same(&read_all(&file).unwrap(), &arrays);
                assert_eq!(encode(&views, container, precision).unwrap(), file);
            }
        }
    }
}
