//! safetensors: eight bytes with the length of a JSON object, which names every tensor with its type, its shape and its
//! place in the bytes behind; numbers are little-endian. As its authors ask, the tensors must fill those bytes without
//! gap or overlap. There are no checksums. Source: <https://github.com/huggingface/safetensors>.

use std::collections::HashSet;
use std::fmt;
use std::io::{Read, Seek};

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use super::container::{OpenError, length, piece};
use super::element::{Element, Float};
use super::error::{ArrayError, FormatError};
use super::format::Format;
use super::source::{ArraySource, Layout, StoredArray, Values};

/// Bytes of the number in front.
pub(crate) const LENGTH_BYTES: u64 = 8;

/// Most bytes of the header. A tensor takes about a hundred.
const MAX_HEADER: u64 = 1 << 20;

/// The entry that is no tensor, but text about the file.
pub(crate) const METADATA: &str = "__metadata__";

/// Whether a file with these first bytes has a header that may be one.
pub(super) fn has_magic(start: &[u8]) -> bool {
    match start.split_first_chunk() {
        // No other format starts with this many zeros; headers that are too long are refused by name.
        Some((length, [b'{', ..])) => u64::from_le_bytes(*length) < 1 << 32,
        _ => false,
    }
}

/// An open file: its header is read, its tensors are not.
pub(crate) struct Safetensors<R> {
    reader: R,
    names: Vec<String>,
    tensors: Vec<Tensor>,
    /// Where the tensors' bytes start in the file.
    start: u64,
}

/// What the header says of a tensor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tensor {
    dtype: String,
    shape: Vec<u64>,
    /// First byte and the one behind the last, from the header's end on.
    data_offsets: [u64; 2],
}

/// The header, with names that may occur twice.
struct Header(Vec<(String, Tensor)>);

impl<R: Read + Seek> Safetensors<R> {
    pub(super) fn open(mut reader: R) -> Result<Self, OpenError> {
        let total = length(&mut reader)?;
        let mut header_length = [0; LENGTH_BYTES as usize];
        reader.read_exact(&mut header_length)?;
        let header_length = u64::from_le_bytes(header_length);
        if header_length > MAX_HEADER {
            return Err(malformed(format!("its header takes {header_length} bytes, more than 1 MiB")));
        }
        let start = LENGTH_BYTES + header_length;
        if start > total {
            return Err(malformed("it ends within its header"));
        }
        let mut header = Vec::new();
        reader.by_ref().take(header_length).read_to_end(&mut header)?;
        let Header(tensors) =
            serde_json::from_slice(&header).map_err(|error| malformed(error.to_string()))?;
        check(&tensors, total - start).map_err(malformed)?;
        let (names, tensors) = tensors.into_iter().unzip();
        Ok(Self { reader, names, tensors, start })
    }
}

fn malformed(reason: impl Into<String>) -> OpenError {
    FormatError::Malformed { format: Format::Safetensors, reason: reason.into() }.into()
}

/// Checks that names differ, and that the tensors fill `total` bytes.
fn check(tensors: &[(String, Tensor)], total: u64) -> Result<(), String> {
    let mut names = HashSet::new();
    if let Some((twice, _)) = tensors.iter().find(|(name, _)| !names.insert(name)) {
        return Err(format!("it has two tensors of the name {twice}"));
    }
    let mut pieces: Vec<_> = tensors.iter().map(|(name, tensor)| (tensor.data_offsets, name)).collect();
    pieces.sort();
    let mut filled = 0;
    for ([start, end], name) in pieces {
        if start != filled || end < start {
            return Err(format!("the bytes of tensor {name} do not follow those of the one before it"));
        }
        filled = end;
    }
    match filled == total {
        true => Ok(()),
        false => Err(format!("its tensors take {filled} bytes, {total} are there")),
    }
}

impl<R: Read + Seek> ArraySource for Safetensors<R> {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn open(&mut self, index: usize) -> Result<StoredArray<'_>, ArrayError> {
        let Tensor { dtype, shape, data_offsets: [start, end] } = &self.tensors[index];
        // Within the file, as the header was checked.
        let bytes = piece(&mut self.reader, self.start + start, end - start)?;
        let values = Values::Encoded { element: element(dtype), bytes: Box::new(bytes) };
        Ok(StoredArray { shape: shape.clone(), layout: Layout::C, values })
    }
}

fn element(dtype: &str) -> Element {
    match dtype {
        "F16" => Float::Half.into(),
        "BF16" => Float::Brain.into(),
        "F32" => Float::Single.into(),
        "F64" => Float::Double.into(),
        "BOOL" => Element::Other("booleans (BOOL)".to_owned()),
        "I8" | "U8" => Element::Byte(format!("integers ({dtype})")),
        "I16" | "I32" | "I64" | "U16" | "U32" | "U64" => Element::Other(format!("integers ({dtype})")),
        _ => Element::Other(format!("elements of type {dtype:?}")),
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with an entry for each tensor")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut tensors = Vec::new();
        let mut has_metadata = false;
        while let Some(name) = map.next_key::<String>()? {
            if name != METADATA {
                tensors.push((name, map.next_value()?));
                continue;
            }
            if std::mem::replace(&mut has_metadata, true) {
                return Err(A::Error::custom("it has metadata twice"));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(Header(tensors))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ArrayError;
    use super::super::testing::{
        assert_same, format_problem, read_all, safetensors, safetensors_with, some_arrays,
    };
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let arrays = some_arrays();
        assert_same(&read_all(&safetensors(&arrays)).unwrap(), &arrays);
        assert_same(&read_all(&safetensors(&[])).unwrap(), &[]);
    }

    #[test]
    fn headers_that_begin_as_pickles_do() {
        for length in [0x280, 0x380, 0x480, 0x580] {
            let header = format!("{:length$}", one("F32", "[1]", "[0,4]"));
            let read = read_all(&safetensors_with(&header, &1.5f32.to_le_bytes())).unwrap();
            assert_eq!(read[0].1.as_ref().unwrap()[0], 1.5);
        }
    }

    #[test]
    fn types_metadata_and_padding() {
        let header = r#"{"__metadata__":{"format":"pt"},
            "half":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},
            "brain":{"dtype":"BF16","shape":[1,2],"data_offsets":[4,8]},
            "double":{"dtype":"F64","shape":[],"data_offsets":[8,16]},
            "steps":{"dtype":"I64","shape":[],"data_offsets":[16,24]},
            "small":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[24,25]}}    "#;
        let mut data = vec![0x00, 0x3c, 0x00, 0xc0, 0x80, 0x3f, 0x20, 0xc0];
        data.extend(0.5f64.to_le_bytes());
        data.extend([0; 9]);
        let read = read_all(&safetensors_with(header, &data)).unwrap();
        let values = |index: usize| read[index].1.as_ref().unwrap().iter().copied().collect::<Vec<f32>>();
        assert_eq!([values(0), values(1), values(2)], [vec![1.0, -2.0], vec![1.0, -2.5], vec![0.5]]);
        let found = |found: &str| Err(ArrayError::ElementType { found: found.to_owned() });
        assert_eq!(read[3].1, found("integers (I64)"));
        assert_eq!(read[4].1, found("elements of type \"F8_E4M3\""));
    }

    #[track_caller]
    fn refused(file: &[u8], mention: &str) {
        let FormatError::Malformed { format: Format::Safetensors, reason } = format_problem(file) else {
            panic!("another error");
        };
        assert!(reason.contains(mention), "{reason}");
    }

    fn one(dtype: &str, shape: &str, offsets: &str) -> String {
        format!(r#"{{"a":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#)
    }

    #[test]
    fn tensors_must_fill_the_file() {
        let pair = |first: &str, second: &str| {
            format!(
                r#"{{"a":{{"dtype":"F32","shape":[1],"data_offsets":{first}}},
                    "b":{{"dtype":"F32","shape":[1],"data_offsets":{second}}}}}"#
            )
        };
        for (header, mention) in [
            (pair("[0,4]", "[0,4]"), "tensor b do not follow"),
            (pair("[0,4]", "[2,8]"), "tensor b do not follow"),
            (pair("[0,2]", "[4,8]"), "tensor b do not follow"),
            (pair("[4,8]", "[6,4]"), "tensor a do not follow"),
            (pair("[0,4]", "[4,2]"), "tensor b do not follow"),
            (pair("[0,2]", "[2,4]"), "take 4 bytes, 8 are there"),
            (pair("[0,4]", "[4,18446744073709551615]"), "take 18446744073709551615 bytes"),
            (pair("[0,4]", "[4,-1]"), "invalid value"),
            ("{}".to_owned(), "take 0 bytes"),
        ] {
            refused(&safetensors_with(&header, &[0; 8]), mention);
        }
    }

    #[test]
    fn shapes_must_fit_the_bytes() {
        let problem = |dtype, shape| {
            let file = safetensors_with(&one(dtype, shape, "[0,8]"), &[0; 8]);
            read_all(&file).unwrap().remove(0).1.unwrap_err()
        };
        assert_eq!(problem("F32", "[3]"), ArrayError::Truncated { expected: 12, found: 8 });
        assert_eq!(problem("F32", "[1]"), ArrayError::TrailingData { expected: 4 });
        assert_eq!(problem("F64", "[0,5]"), ArrayError::TrailingData { expected: 0 });
        let shape = vec![u64::MAX, u64::MAX];
        assert_eq!(
            problem("F32", "[18446744073709551615,18446744073709551615]"),
            ArrayError::TooLarge { shape }
        );
    }

    #[test]
    fn headers_must_be_the_plain_object_that_is_written() {
        let nested = format!(r#"{{"a":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        for (header, mention) in [
            ("{", "EOF"),
            ("{}}", "trailing characters"),
            (r#"{"a":1}"#, "invalid type"),
            (r#"{"a":{"dtype":"F32","shape":[2]}}"#, "missing field"),
            (&one("F32", "[2]", "[0,8,9]"), "trailing characters"),
            (&one("F32", "[-2]", "[0,8]"), "invalid value"),
            (&one("F32", "[2.5]", "[0,8]"), "invalid type"),
            (&one("F32\",\"run\":\"", "[2]", "[0,8]"), "unknown field"),
            (r#"{"__metadata__":{},"__metadata__":{}}"#, "metadata twice"),
            (&nested, "invalid type"),
            (&format!(r#"{{"__metadata__":{}1"#, "[".repeat(100_000)), "EOF"),
        ] {
            refused(&safetensors_with(header, &[0; 8]), mention);
        }
        let a = one("F32", "[1]", "[0,4]");
        let b = one("F32", "[1]", "[4,8]");
        let twice = format!("{},{}", &a[..a.len() - 1], &b[1..]);
        refused(&safetensors_with(&twice, &[0; 8]), "two tensors of the name a");
    }

    #[test]
    fn lengths_that_lie() {
        let whole = safetensors(&some_arrays());
        refused(&whole[..whole.len() - 1], "are there");
        refused(&whole[..40], "ends within its header");
        refused(&[&[0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0][..], b"{}"].concat(), "more than 1 MiB");
        // Beyond any length that is taken for one.
        assert_eq!(format_problem(&[&[0xff; 8][..], b"{}"].concat()), FormatError::Unknown);
    }
}
