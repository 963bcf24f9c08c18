//! Named arrays to the bytes of a file. The same arrays give the same bytes, on every machine and at any time.

use std::io::{Cursor, Write};

use half::f16;
use ndarray::ArrayViewD;
use serde_json::{Map, Value, json};
use thiserror::Error;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::safetensors::{LENGTH_BYTES, METADATA};
use super::{npy, tuple};

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

impl Precision {
    /// NumPy's type string and safetensors' name.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Single => ("<f4", "F32"),
            Self::Half => ("<f2", "F16"),
        }
    }
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
    const IN_MEMORY: &str = "small members in memory can be written";
    // Without the time of day, which would make each file another one.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default());
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, array) in arrays {
        let mut member = npy_header(precision, array.shape());
        append_values(&mut member, name, array, precision)?;
        writer.start_file(format!("{name}{}", npy::SUFFIX), options).expect(IN_MEMORY);
        writer.write_all(&member).expect(IN_MEMORY);
    }
    Ok(writer.finish().expect(IN_MEMORY).into_inner())
}

/// What stands in front of the values, padded as NumPy does, so that these can be mapped into memory.
fn npy_header(precision: Precision, shape: &[usize]) -> Vec<u8> {
    /// NumPy's `ARRAY_ALIGN`, in bytes.
    const ALIGNMENT: usize = 64;
    let shape: Vec<u64> = shape.iter().map(|&length| length as u64).collect();
    let (descr, _) = precision.names();
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {}, }}", tuple(&shape));
    let preamble = npy::MAGIC.len() + 4;
    // A newline is the last byte.
    let padded = (preamble + text.len() + 1).next_multiple_of(ALIGNMENT) - preamble;
    text.extend(std::iter::repeat_n(' ', padded - 1 - text.len()));
    text.push('\n');
    let length = (text.len() as u16).to_le_bytes();
    [npy::MAGIC, &[1, 0], &length, text.as_bytes()].concat()
}

fn safetensors(arrays: &[NamedView<'_>], precision: Precision) -> Result<Vec<u8>, BeyondHalf> {
    let (_, dtype) = precision.names();
    let (mut header, mut data) = (Map::new(), Vec::new());
    // Some readers insist on being told where the names come from.
    header.insert(METADATA.to_owned(), json!({"format": "pt"}));
    for (name, array) in arrays {
        let start = data.len();
        append_values(&mut data, name, array, precision)?;
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

fn append_values(
    bytes: &mut Vec<u8>,
    name: &str,
    array: &ArrayViewD<'_, f32>,
    precision: Precision,
) -> Result<(), BeyondHalf> {
    for &value in array {
        match precision {
            Precision::Single => bytes.extend(value.to_le_bytes()),
            Precision::Half => {
                let half = single_to_half(value);
                let half = half.ok_or_else(|| BeyondHalf { array: name.to_owned(), value })?;
                bytes.extend(half.to_le_bytes());
            }
        }
    }
    Ok(())
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

    #[test]
    fn headers_are_numpys() {
        let header = npy_header(Precision::Single, &[64, 3, 3, 3]);
        // As numpy.save writes it.
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (64, 3, 3, 3), }";
        assert_eq!(header[..10], *b"\x93NUMPY\x01\0\x76\0");
        assert_eq!(header[10..76], *text.as_bytes());
        assert_eq!((header.len(), header[127], &header[76..127]), (128, b'\n', &[b' '; 51][..]));
        for shape in [&[][..], &[64], &[1; 9]] {
            assert_eq!(npy_header(Precision::Half, shape).len() % 64, 0);
        }
    }
}
