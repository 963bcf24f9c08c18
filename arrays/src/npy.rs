//! One `.npy` file: NumPy Enhancement Proposal 1, versions 1 to 3. Of a file that is read, this is the header; the
//! values are left to whoever wants them, since those of every format are read alike.
//!
//! The header is a Python dictionary, which the npyz crate parses. Its parser takes any Python literal, and a hostile
//! one can keep it busy for ever (brackets nested a few dozen deep cost it exponential time) or overflow what it
//! computes from the shape. So it sees only text that [`guard`] has let through.

use std::io::{self, Read, Write};

use ndarray::ArrayViewD;
use npyz::{
    AutoSerialize, DType, Endianness, NpyHeader, Order, TypeChar, TypeStr, WriteOptions, WriterBuilder,
};

use super::element::{ByteOrder, Element, Encoding, Float};
use super::error::{ArrayError, unreadable};
use super::source::{Layout, StoredArray, Values};

/// Extension of the files, and of the members of an archive.
pub(super) const SUFFIX: &str = ".npy";

const MAGIC: &[u8] = b"\x93NUMPY";

/// NumPy's own limit (`max_header_size`), in bytes; an array of four axes needs about a hundred.
const MAX_HEADER: usize = 10_000;

/// The deepest that NumPy nests brackets: the shape of a field in the tuple of a field in the list of fields in the
/// dictionary.
const MAX_DEPTH: usize = 4;

/// descr, fortran_order and shape.
const KEYS: usize = 3;

/// Reads the header and leaves `reader` at the first value.
pub(super) fn open<'a>(mut reader: impl Read + 'a) -> Result<StoredArray<'a>, ArrayError> {
    let header = parse(&read_header_text(&mut reader)?)?;
    let element = match header.dtype() {
        DType::Plain(descr) => element(&descr),
        DType::Array(..) | DType::Record(_) => Element::Other("structured records".to_owned()),
    };
    let layout = match header.order() {
        Order::C => Layout::C,
        Order::Fortran => Layout::Fortran,
    };
    let shape = header.shape().to_vec();
    Ok(StoredArray { shape, layout, values: Values::Encoded { element, bytes: Box::new(reader) } })
}

fn malformed(reason: impl Into<String>) -> ArrayError {
    ArrayError::Header { reason: reason.into() }
}

fn read_header_text(reader: &mut impl Read) -> Result<String, ArrayError> {
    let [m0, m1, m2, m3, m4, m5, major, minor] = read_bytes(reader)?;
    if [m0, m1, m2, m3, m4, m5] != MAGIC {
        return Err(malformed("it does not start with NumPy's signature"));
    }
    let length = match (major, minor) {
        (1, 0) => usize::from(u16::from_le_bytes(read_bytes(reader)?)),
        (2 | 3, 0) => usize::try_from(u32::from_le_bytes(read_bytes(reader)?)).unwrap_or(usize::MAX),
        _ => return Err(malformed("its version is none of 1.0, 2.0 and 3.0")),
    };
    if length > MAX_HEADER {
        return Err(malformed("its header is longer than 10000 bytes"));
    }
    let mut text = vec![0; length];
    read_exact(reader, &mut text)?;
    String::from_utf8(text).map_err(|_| malformed("its header is not text"))
}

fn read_bytes<const N: usize>(reader: &mut impl Read) -> Result<[u8; N], ArrayError> {
    let mut bytes = [0; N];
    read_exact(reader, &mut bytes)?;
    Ok(bytes)
}

fn read_exact(reader: &mut impl Read, bytes: &mut [u8]) -> Result<(), ArrayError> {
    reader.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => malformed("it ends within its header"),
        _ => unreadable(error),
    })
}

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (64, 3, 3, 3), }`, keys in any order.
fn parse(text: &str) -> Result<NpyHeader, ArrayError> {
    let text = guard(text)?;
    // Version 3, whose text is UTF-8 and whose length has four bytes.
    let length = (text.len() as u32).to_le_bytes();
    let file = [MAGIC, &[3, 0], &length, text.as_bytes()].concat();
    NpyHeader::from_reader(&file[..]).map_err(|error| malformed(format!("its header: {error}")))
}

/// Lets through the text of a dictionary with three keys and nothing that costs a parser much: nested no deeper than
/// NumPy does, of the characters that it uses, and without lengths whose product overflows. What Python 2 wrote after
/// a long integer, the letter L, is left out, as NumPy's own reader does.
fn guard(text: &str) -> Result<String, ArrayError> {
    let strange = || malformed("its header is not the dictionary that NumPy writes");
    let (mut kept, mut chars) = (String::with_capacity(text.len()), text.trim_ascii().chars().peekable());
    let (mut depth, mut keys, mut lengths) = (0, 0, Vec::new());
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                kept.push(c);
                loop {
                    match chars.next() {
                        Some(end) if end == c => break kept.push(end),
                        // No key and no type has an escape.
                        Some('\\') | None => return Err(malformed("its header lacks a string in quotes")),
                        Some(other) => kept.push(other),
                    }
                }
                continue;
            }
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth = usize::checked_sub(depth, 1).ok_or_else(strange)?,
            ':' => keys += 1,
            '0'..='9' => {
                let mut digits = String::from(c);
                digits.extend(std::iter::from_fn(|| chars.next_if(char::is_ascii_digit)));
                chars.next_if_eq(&'L');
                lengths.push(digits.parse().map_err(|_| malformed("its shape is not a tuple of lengths"))?);
                kept += &digits;
                continue;
            }
            ',' | 'A'..='Z' | 'a'..='z' => {}
            _ if c.is_ascii_whitespace() => {}
            _ => return Err(strange()),
        }
        if depth > MAX_DEPTH {
            return Err(malformed("its header nests brackets deeper than NumPy does"));
        }
        kept.push(c);
    }
    if depth != 0 || keys != KEYS {
        return Err(strange());
    }
    // An axis of length 0 excuses no other: strides are products too.
    let product = lengths.iter().try_fold(1u64, |product, &length| product.checked_mul(u64::max(length, 1)));
    match product {
        Some(_) => Ok(kept),
        None => Err(ArrayError::TooLarge { shape: lengths }),
    }
}

/// Writes an array, in C order whatever its strides.
pub(super) fn write<T: AutoSerialize + Copy>(
    writer: &mut impl Write,
    array: ArrayViewD<'_, T>,
) -> io::Result<()> {
    let shape: Vec<u64> = array.shape().iter().map(|&length| length as u64).collect();
    let mut file = WriteOptions::new().default_dtype().shape(&shape).writer(writer).begin_nd()?;
    file.extend(array.iter().copied())?;
    file.finish()
}

/// What the elements of a type are.
fn element(descr: &TypeStr) -> Element {
    let byte_order = match descr.endianness() {
        Endianness::Little => Some(ByteOrder::Little),
        Endianness::Big => Some(ByteOrder::Big),
        Endianness::Irrelevant => None,
    };
    let float = match (descr.type_char(), descr.size_field()) {
        (TypeChar::Float, 2) => Some(Float::Half),
        (TypeChar::Float, 4) => Some(Float::Single),
        (TypeChar::Float, 8) => Some(Float::Double),
        _ => None,
    };
    if let (Some(float), Some(byte_order)) = (float, byte_order) {
        return Element::Float(Encoding { float, byte_order });
    }
    Element::Other(match (descr.type_char(), descr.size_field()) {
        (TypeChar::Int | TypeChar::Uint, 1) => return Element::Byte(format!("integers ({descr})")),
        (TypeChar::Int | TypeChar::Uint, _) => format!("integers ({descr})"),
        (TypeChar::Object, _) => "Python objects, which are never unpickled here".to_owned(),
        (TypeChar::Bool, _) => format!("booleans ({descr})"),
        (TypeChar::Complex, _) => format!("complex numbers ({descr})"),
        (TypeChar::ByteStr | TypeChar::UnicodeStr, _) => format!("text ({descr})"),
        _ => format!("elements of type {descr}"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::npy_with_header;
    use super::*;

    /// What a header describes: the elements, their order, the shape.
    fn described(text: &str) -> Result<(Element, Layout, Vec<u64>), ArrayError> {
        let file = npy_with_header(text, &[]);
        open(&file[..]).map(|array| (array.element(), array.layout.clone(), array.shape.clone()))
    }

    fn header(
        float: Float,
        byte_order: ByteOrder,
        layout: Layout,
        shape: &[u64],
    ) -> (Element, Layout, Vec<u64>) {
        (Element::Float(Encoding { float, byte_order }), layout, shape.to_vec())
    }

    #[test]
    fn headers_as_numpy_writes_them() {
        let (little, big) = (ByteOrder::Little, ByteOrder::Big);
        use Layout::{C, Fortran};
        for (text, expected) in [
            // NumPy 2 for (64, 3, 3, 3), padded as in the file.
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (64, 3, 3, 3), }                    \n",
                header(Float::Single, little, C, &[64, 3, 3, 3]),
            ),
            (
                "{'descr': '>f8', 'fortran_order': True, 'shape': (3, 5), }\n",
                header(Float::Double, big, Fortran, &[3, 5]),
            ),
            // One axis, and none.
            (
                "{'descr': '<f2', 'fortran_order': False, 'shape': (64,), }\n",
                header(Float::Half, little, C, &[64]),
            ),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n",
                header(Float::Single, little, C, &[]),
            ),
            // Python 2's long integers.
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (64L, 3L), }\n",
                header(Float::Single, little, C, &[64, 3]),
            ),
            // Other writers: another order of keys, double quotes, no last comma, no newline.
            (
                r#"{"shape":(2,3),"fortran_order":False,"descr":"<f4"}"#,
                header(Float::Single, little, C, &[2, 3]),
            ),
            // A length that fits no memory is still a shape; it is refused before its values are read.
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551615,), }\n",
                header(Float::Single, little, C, &[u64::MAX]),
            ),
        ] {
            assert_eq!(described(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn malformed_headers_are_refused() {
        for text in [
            "",
            "{",
            "{}",
            "[]",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)",
            "{'descr': '<f4', 'fortran_order': False, }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
            "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
            "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}",
            "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551616,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': ((((((((1,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} more",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'descr",
            "{'descr': <f4, 'fortran_order': False, 'shape': (1,)}",
        ] {
            assert!(matches!(described(text), Err(ArrayError::Header { .. })), "{text}");
        }
    }

    #[test]
    fn what_would_keep_a_parser_busy_is_refused_at_once() {
        let with_shape =
            |shape: &str| format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        let start = std::time::Instant::now();
        for bracket in ["(", "[", "{"] {
            let text = with_shape(&bracket.repeat(60));
            assert!(matches!(described(&text), Err(ArrayError::Header { .. })), "{text}");
        }
        // As long and as deep as the guard lets through.
        for piece in ["((1,),),", "[[],],", "1,", "True,", "'',"] {
            let text = with_shape(&format!("({})", piece.repeat(9_900 / piece.len())));
            drop(described(&text));
        }
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
        // Their product overflows.
        for shape in [[u64::MAX, 2, 1], [1 << 32, 1 << 32, 0], [0, u64::MAX, u64::MAX]] {
            let text = with_shape(&format!("{shape:?}").replace('[', "(").replace(']', ")"));
            assert_eq!(described(&text), Err(ArrayError::TooLarge { shape: shape.to_vec() }));
        }
    }

    #[test]
    fn element_types_that_are_not_floating_point_are_named() {
        for (descr, name) in [
            ("'|O'", "Python objects"),
            ("'<i8'", "integers (<i8)"),
            ("'|u1'", "integers (|u1)"),
            ("'|b1'", "booleans"),
            ("'<c8'", "complex numbers (<c8)"),
            ("'<U7'", "text"),
            ("'<f16'", "elements of type <f16"),
            ("'<M8[us]'", "elements of type <M8[us]"),
            ("'|V3'", "elements of type |V3"),
            ("[('w', '<f4'), ('b', '<f4', (2,))]", "structured records"),
        ] {
            let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (64,), }}\n");
            let Ok((Element::Byte(found) | Element::Other(found), _, _)) = described(&text) else {
                panic!("{descr} was accepted");
            };
            assert!(found.contains(name), "{descr}: {found}");
        }
        for descr in ["'f4'", "'é'", "''", "('<f4', (2,))", "'<f3'"] {
            let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (64,), }}\n");
            assert!(matches!(described(&text), Err(ArrayError::Header { .. })), "{descr}");
        }
    }

    fn refusal(bytes: &[u8]) -> String {
        match open(bytes) {
            Err(ArrayError::Header { reason }) => reason,
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("accepted"),
        }
    }

    #[test]
    fn preambles_that_lie_are_refused_before_anything_is_allocated() {
        assert!(refusal(b"").contains("ends within"));
        assert!(refusal(b"\x93NUMP").contains("ends within"));
        assert!(refusal(b"PK\x03\x04 and so on").contains("signature"));
        assert!(refusal(b"\x93NUMPY\x04\x00\x00\x00\x00\x00").contains("version"));
        // Four gigabytes of header, as version 2 can claim them.
        assert!(refusal(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}").contains("longer"));
        assert!(refusal(b"\x93NUMPY\x01\x00\x10\x27{}").contains("ends within"));
        assert!(refusal(b"\x93NUMPY\x01\x00\x02\x00\xff\xfe").contains("text"));
    }

    #[test]
    fn all_versions_of_the_preamble_are_read() {
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n";
        let version_1 = npy_with_header(text, &[1, 2, 3, 4]);
        for version in [2, 3] {
            let mut bytes = b"\x93NUMPY".to_vec();
            bytes.extend([version, 0]);
            bytes.extend((text.len() as u32).to_le_bytes());
            bytes.extend(&version_1[10..]);
            let array = open(&bytes[..]).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(array.shape, [1]);
            let Values::Encoded { mut bytes, .. } = array.values else {
                panic!("a file's values are encoded");
            };
            let mut rest = Vec::new();
            bytes.read_to_end(&mut rest).unwrap();
            assert_eq!(rest, [1, 2, 3, 4]);
        }
    }

    #[test]
    fn what_is_written_is_as_numpy_writes_it() {
        let mut file = Vec::new();
        write(&mut file, ndarray::array![[1.5f32], [-2.0]].into_dyn().view()).unwrap();
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, ), }";
        assert_eq!(file[..10], *b"\x93NUMPY\x01\0\x76\0");
        assert_eq!(file[10..10 + text.len()], *text.as_bytes());
        // Padded, so that the values can be mapped into memory.
        assert_eq!((file.len(), file[127]), (128 + 8, b'\n'));
        assert!(file[10 + text.len()..127].iter().all(|&byte| byte == b' '));
        assert_eq!(file[128..], [1.5f32.to_le_bytes(), (-2.0f32).to_le_bytes()].concat());
    }
}
