//! Raw photos in TIFF's clothes: NEF, DNG, CR2, ARW and their like begin as a TIFF file whose first page is a thumbnail,
//! and keep the sensor's values in a directory below it.

use super::ifd::{Directory, Tiff};

const NEW_SUBFILE_TYPE: u16 = 254;
const SUBFILE_TYPE: u16 = 255;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const MAKE: u16 = 271;
const SUB_DIRECTORIES: u16 = 330;
const CFA_REPEAT: u16 = 33421;
const CFA_PATTERN: u16 = 33422;
const DNG_VERSION: u16 = 50706;

/// The most directories that are looked at: those of a file's pages may be a ring.
const MAX_DIRECTORIES: usize = 64;

/// The name of the raw format, if these are the bytes of such a file.
pub(super) fn by_directories(bytes: &[u8]) -> Option<&'static str> {
    let tiff = Tiff::parse(bytes)?;
    if bytes.get(8..10) == Some(b"CR") && bytes.starts_with(b"II") {
        return Some("Canon CR2");
    }
    let phase_one = |mark: &[u8; 4], raw: std::ops::Range<usize>, word: &[u8; 3]| {
        bytes.get(8..12) == Some(mark) && bytes.get(raw) == Some(word)
    };
    if phase_one(b"IIII", 13..16, b"waR") || phase_one(b"MMMM", 12..15, b"Raw") {
        return Some("Phase One IIQ");
    }
    let first = tiff.directory(tiff.first)?;
    if first.entry(DNG_VERSION).is_some() {
        return Some("DNG");
    }
    directories(&tiff).any(|directory| holds_sensor_values(&directory)).then(|| by_make(&first))
}

/// Whether the first page is a smaller picture of another page, or a mask for it.
pub(super) fn first_page_is_reduced(tiff: &Tiff<'_>) -> bool {
    let Some(first) = tiff.directory(tiff.first) else { return false };
    first.integer(NEW_SUBFILE_TYPE).is_some_and(|bits| bits & 0b101 != 0)
        || first.integer(SUBFILE_TYPE) == Some(2)
}

/// The directories of the pages and those below them, each once.
fn directories<'a>(tiff: &Tiff<'a>) -> impl Iterator<Item = Directory<'a>> {
    let tiff = *tiff;
    let mut waiting = vec![tiff.first];
    let mut seen = Vec::new();
    std::iter::from_fn(move || {
        while let Some(offset) = waiting.pop() {
            if seen.contains(&offset) || seen.len() == MAX_DIRECTORIES {
                continue;
            }
            seen.push(offset);
            let Some(directory) = tiff.directory(offset) else { continue };
            if let Some(below) = directory.entry(SUB_DIRECTORIES) {
                waiting.extend(below.integers().take(MAX_DIRECTORIES));
            }
            waiting.push(directory.next);
            return Some(directory);
        }
        None
    })
}

fn holds_sensor_values(directory: &Directory<'_>) -> bool {
    // Color filter array and linear raw; then the compressions of Nikon, Sony, Samsung, Pentax and Kodak.
    matches!(directory.integer(PHOTOMETRIC), Some(32803 | 34892))
        || matches!(
            directory.integer(COMPRESSION),
            Some(34713 | 32767 | 32769 | 32770 | 32867 | 65000 | 65535)
        )
        || directory.entry(CFA_REPEAT).is_some()
        || directory.entry(CFA_PATTERN).is_some()
}

fn by_make(first: &Directory<'_>) -> &'static str {
    let make = first.data(MAKE).unwrap_or_default().to_ascii_lowercase();
    let known = [
        (&b"nikon"[..], "Nikon NEF"),
        (b"sony", "Sony ARW"),
        (b"pentax", "Pentax PEF"),
        (b"ricoh", "Pentax PEF"),
        (b"samsung", "Samsung SRW"),
        (b"hasselblad", "Hasselblad 3FR"),
        (b"kodak", "Kodak DCR"),
        (b"eastman kodak", "Kodak DCR"),
        (b"epson", "Epson ERF"),
        (b"seiko epson", "Epson ERF"),
        (b"mamiya", "Mamiya MEF"),
        (b"leaf", "Leaf MOS"),
        (b"canon", "Canon"),
    ];
    known
        .into_iter()
        .find(|(name, _)| make.starts_with(name))
        .map_or("of an unknown camera", |(_, kind)| kind)
}
