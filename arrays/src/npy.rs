//! The header of one `.npy` file: NumPy Enhancement Proposal 1, versions 1 to 3. The values are left to
//! whoever wants them.
//!
//! The header is a Python dictionary, but NumPy writes it in one plain form only, and only that is read: three
//! known keys, a string, a boolean and a tuple of integers. A reader of any Python literal would be a door for
//! hostile files: brackets nested a few dozen deep cost such parsers exponential time.

use std::io::{self, Read};

use super::element::{ByteOrder, Element, Encoding, Float};
use super::error::{ArrayError, unreadable};
use super::source::{Layout, StoredArray, Values};

/// Extension of the files, and of the members of an archive.
pub(super) const SUFFIX: &str = ".npy";

pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// NumPy's own limit (`max_header_size`), in bytes; an array of four axes needs about a hundred.
const MAX_HEADER: usize = 10_000;

/// Reads the header and leaves `reader` at the first value.
pub(super) fn open<'a>(mut reader: impl Read + 'a) -> Result<StoredArray<'a>, ArrayError> {
    let text = read_header_text(&mut reader)?;
    let Header { element, layout, shape } = parse(&text)?;
    Ok(StoredArray { shape, layout, values: Values::Encoded { element, bytes: Box::new(reader) } })
}

fn malformed(reason: &'static str) -> ArrayError {
    ArrayError::Header { reason }
}

fn read_header_text(reader: &mut impl Read) -> Result<String, ArrayError> {
    let [m0, m1, m2, m3, m4, m5, major, _minor] = read_bytes(reader)?;
    if [m0, m1, m2, m3, m4, m5] != MAGIC {
        return Err(malformed("it does not start with NumPy's signature"));
    }
    let length = match major {
        1 => usize::from(u16::from_le_bytes(read_bytes(reader)?)),
        2 | 3 => usize::try_from(u32::from_le_bytes(read_bytes(reader)?)).unwrap_or(usize::MAX),
        _ => return Err(malformed("its version is none of 1, 2 and 3")),
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

#[derive(Debug, PartialEq)]
struct Header {
    element: Element,
    layout: Layout,
    shape: Vec<u64>,
}

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (64, 3, 3, 3), }`, keys in any order.
fn parse(text: &str) -> Result<Header, ArrayError> {
    let mut rest = Scanner { rest: text };
    let (mut element, mut layout, mut shape) = (None, None, None);
    rest.expect('{')?;
    while !rest.take('}') {
        let key = rest.string()?;
        rest.expect(':')?;
        let first_time = match key {
            "descr" => element.replace(rest.element()?).is_none(),
            "fortran_order" => layout.replace(rest.layout()?).is_none(),
            "shape" => shape.replace(rest.shape()?).is_none(),
            _ => return Err(malformed("its header has an unknown key")),
        };
        if !first_time {
            return Err(malformed("its header has a key twice"));
        }
        if !rest.take(',') {
            rest.expect('}')?;
            break;
        }
    }
    if !rest.rest.trim_ascii().is_empty() {
        return Err(malformed("its header goes on after the closing brace"));
    }
    match (element, layout, shape) {
        (Some(element), Some(layout), Some(shape)) => Ok(Header { element, layout, shape }),
        _ => Err(malformed("its header lacks descr, fortran_order or shape")),
    }
}

/// What is left of the header's text.
struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn take(&mut self, token: char) -> bool {
        let text = self.rest.trim_ascii_start();
        match text.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: char) -> Result<(), ArrayError> {
        match self.take(token) {
            true => Ok(()),
            false => Err(malformed("its header is not the dictionary that NumPy writes")),
        }
    }

    /// Takes everything up to a character for which `ends` holds.
    fn until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let text = self.rest.trim_ascii_start();
        let (taken, rest) = text.split_at(text.find(ends).unwrap_or(text.len()));
        self.rest = rest;
        taken
    }

    /// A string in single or double quotes. Backslashes stand for themselves: no key or type has one.
    fn string(&mut self) -> Result<&'a str, ArrayError> {
        for quote in ['\'', '"'] {
            if self.take(quote) {
                let Some((string, rest)) = self.rest.split_once(quote) else {
                    break;
                };
                self.rest = rest;
                return Ok(string);
            }
        }
        Err(malformed("its header lacks a string in quotes"))
    }

    fn element(&mut self) -> Result<Element, ArrayError> {
        // A list or tuple instead of a string: fields with names, or arrays of arrays.
        if self.take('[') || self.take('(') {
            return Err(ArrayError::ElementType { found: "structured records".to_owned() });
        }
        Ok(element_type(self.string()?))
    }

    fn layout(&mut self) -> Result<Layout, ArrayError> {
        match self.until(|c| !c.is_ascii_alphabetic()) {
            "False" => Ok(Layout::C),
            "True" => Ok(Layout::Fortran),
            _ => Err(malformed("its fortran_order is neither True nor False")),
        }
    }

    fn shape(&mut self) -> Result<Vec<u64>, ArrayError> {
        let mut shape = Vec::new();
        self.expect('(')?;
        while !self.take(')') {
            let length = self.until(|c| !c.is_ascii_digit());
            let length = length.parse().map_err(|_| malformed("its shape is not a tuple of lengths"))?;
            // Python 2 wrote long integers so.
            self.take('L');
            shape.push(length);
            if !self.take(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(shape)
    }
}

/// Reads NumPy's type string: byte order, kind, bytes of one element.
fn element_type(descr: &str) -> Element {
    let byte_order = match descr.as_bytes().first() {
        Some(b'<') => Some(ByteOrder::Little),
        Some(b'>') => Some(ByteOrder::Big),
        _ => None,
    };
    let kind = descr.trim_start_matches(['<', '>', '|', '=']);
    let float = match kind {
        "f2" => Some(Float::Half),
        "f4" => Some(Float::Single),
        "f8" => Some(Float::Double),
        _ => None,
    };
    if let (Some(float), Some(byte_order)) = (float, byte_order) {
        return Element::Float(Encoding { float, byte_order });
    }
    if matches!(kind, "i1" | "u1") {
        return Element::Byte(format!("integers ({descr})"));
    }
    Element::Other(match kind.as_bytes().first() {
        Some(b'O') => "Python objects, which are never unpickled here".to_owned(),
        Some(b'i' | b'u') => format!("integers ({descr})"),
        Some(b'b') => format!("booleans ({descr})"),
        Some(b'c') => format!("complex numbers ({descr})"),
        Some(b'S' | b'a' | b'U') => format!("text ({descr})"),
        _ => format!("elements of type {descr:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::npy_with_header;
    use super::*;

    fn header(float: Float, byte_order: ByteOrder, layout: Layout, shape: &[u64]) -> Header {
        let element = Element::Float(Encoding { float, byte_order });
        Header { element, layout, shape: shape.to_vec() }
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
                "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551615, 9), }\n",
                header(Float::Single, little, C, &[u64::MAX, 9]),
            ),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
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
            assert!(matches!(parse(text), Err(ArrayError::Header { .. })), "{text}");
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
            ("'<f16'", "elements of type \"<f16\""),
            ("'f4'", "elements of type \"f4\""),
            ("'é'", "elements of type \"é\""),
            ("''", "elements of type \"\""),
        ] {
            let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (64,), }}\n");
            let (Element::Byte(found) | Element::Other(found)) = parse(&text).unwrap().element else {
                panic!("{descr} was accepted");
            };
            assert!(found.contains(name), "{descr}: {found}");
        }
        for descr in ["[('w', '<f4'), ('b', '<f4')]", "('<f4', (2,))"] {
            let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (64,), }}\n");
            let expected = ArrayError::ElementType { found: "structured records".to_owned() };
            assert_eq!(parse(&text), Err(expected), "{descr}");
        }
    }

    fn refusal(bytes: &[u8]) -> &'static str {
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
}
