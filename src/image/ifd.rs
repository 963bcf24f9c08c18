//! The structure that TIFF files and EXIF data share: directories of tagged values. It reads what is within the bytes,
//! allocates no more than they hold, and knows no pixels.

/// A TIFF file or EXIF data, as far as its header.
#[derive(Clone, Copy)]
pub(super) struct Tiff<'a> {
    bytes: &'a [u8],
    order: Order,
    /// BigTIFF: offsets and counts have eight bytes.
    big: bool,
    /// Where the first directory is.
    pub(super) first: u64,
}

/// One directory: of a page, of a thumbnail, of EXIF data.
pub(super) struct Directory<'a> {
    entries: Vec<Entry<'a>>,
    /// Where the next page's directory is; 0 after the last.
    pub(super) next: u64,
}

/// One tagged value of a directory, or several of one type.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    tag: u16,
    kind: u16,
    order: Order,
    /// The values, as far as they are within the bytes.
    pub(super) data: &'a [u8],
    /// Where `data` starts.
    pub(super) position: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    fn integer(self, bytes: &[u8]) -> u64 {
        let add = |sum: u64, &byte: &u8| sum << 8 | u64::from(byte);
        match self {
            Order::Little => bytes.iter().rev().fold(0, add),
            Order::Big => bytes.iter().fold(0, add),
        }
    }
}

impl<'a> Tiff<'a> {
    /// Reads the header; `None` if it is none.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Tiff<'a>> {
        let order = match bytes.get(..2)? {
            b"II" => Order::Little,
            b"MM" => Order::Big,
            _ => return None,
        };
        let (big, first) = match order.integer(bytes.get(2..4)?) {
            42 => (false, bytes.get(4..8)?),
            43 => (true, bytes.get(8..16)?),
            _ => return None,
        };
        Some(Tiff { bytes, order, big, first: order.integer(first) })
    }

    /// The directory at an offset; `None` if there is none. Entries after the end of the bytes are left out.
    pub(super) fn directory(&self, offset: u64) -> Option<Directory<'a>> {
        // 0 ends a chain of directories; the header is there.
        let start = usize::try_from(offset).ok().filter(|&start| start > 0)?;
        let (count_size, entry_size, word) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let count = self.order.integer(self.slice(start, count_size)?);
        let body = self.bytes.get(start + count_size..)?;
        let count = usize::try_from(count).unwrap_or(usize::MAX).min(body.len() / entry_size);
        let mut entries = Vec::with_capacity(count);
        for index in 0..count {
            let position = start + count_size + index * entry_size;
            entries.extend(self.entry(position, word));
        }
        let next = self.slice(start + count_size + count * entry_size, word);
        Some(Directory { entries, next: next.map_or(0, |next| self.order.integer(next)) })
    }

    fn entry(&self, position: usize, word: usize) -> Option<Entry<'a>> {
        let tag = self.order.integer(self.slice(position, 2)?) as u16;
        let kind = self.order.integer(self.slice(position + 2, 2)?) as u16;
        let count = self.order.integer(self.slice(position + 4, word)?);
        let length = usize::try_from(count).ok()?.checked_mul(size_of_kind(kind)?)?;
        let inside = position + 4 + word;
        let position = match length <= word {
            true => inside,
            false => usize::try_from(self.order.integer(self.slice(inside, word)?)).ok()?,
        };
        let rest = self.bytes.get(position..)?;
        Some(Entry { tag, kind, order: self.order, data: &rest[..length.min(rest.len())], position })
    }

    fn slice(&self, start: usize, length: usize) -> Option<&'a [u8]> {
        self.bytes.get(start..start.checked_add(length)?)
    }
}

/// The bytes of one value of a type of TIFF 6.0, EXIF or BigTIFF.
fn size_of_kind(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16..=18 => Some(8),
        _ => None,
    }
}

impl<'a> Directory<'a> {
    pub(super) fn entry(&self, tag: u16) -> Option<Entry<'a>> {
        self.entries.iter().find(|entry| entry.tag == tag).copied()
    }

    /// The first whole number of a tag, whatever its type.
    pub(super) fn integer(&self, tag: u16) -> Option<u64> {
        self.entry(tag)?.integers().next()
    }

    /// The bytes of a tag.
    pub(super) fn data(&self, tag: u16) -> Option<&'a [u8]> {
        Some(self.entry(tag)?.data)
    }
}

impl<'a> Entry<'a> {
    /// The values that are whole numbers: of BYTE, SHORT, LONG, LONG8, their signed kin, and of RATIONAL.
    pub(super) fn integers(self) -> impl Iterator<Item = u64> + 'a {
        let size = if matches!(self.kind, 2 | 11 | 12) { None } else { size_of_kind(self.kind) };
        self.data.chunks_exact(size.unwrap_or(usize::MAX)).filter_map(move |value| match self.kind {
            5 | 10 => {
                let (numerator, denominator) =
                    (self.order.integer(&value[..4]), self.order.integer(&value[4..]));
                (denominator != 0 && numerator % denominator == 0).then(|| numerator / denominator)
            }
            _ => Some(self.order.integer(value)),
        })
    }

    /// The first value of RATIONAL, or of a kind of whole numbers.
    pub(super) fn number(self) -> Option<f64> {
        match (self.kind, self.data.get(..8)) {
            (5, Some(value)) => {
                let [numerator, denominator] =
                    [&value[..4], &value[4..]].map(|part| self.order.integer(part) as f64);
                Some(numerator / denominator)
            }
            _ => self.integers().next().map(|value| value as f64),
        }
    }

    /// The bytes that say 1 where this entry's first value is.
    pub(super) fn one(self) -> Vec<u8> {
        let mut one = vec![0; size_of_kind(self.kind).unwrap_or(1).min(self.data.len())];
        let place = if self.order == Order::Little { 0 } else { one.len().saturating_sub(1) };
        if let Some(byte) = one.get_mut(place) {
            *byte = 1;
        }
        one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_chain_is_no_directory() {
        // Read as a directory, the header would have 0x4949 entries, of whatever follows.
        let file = [b"II*\0\x0a\0\0\0\0\0\x01\0".as_slice(), &[7; 16]].concat();
        let tiff = Tiff::parse(&file).unwrap();
        assert!(tiff.directory(0).is_none());
        assert_eq!(tiff.directory(tiff.first).unwrap().next, 0x0707_0707);
    }
}
