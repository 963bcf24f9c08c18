//! The chunks of WebP that are not pixels. They are looked up within the bytes that are there, whatever length a chunk
//! claims; the pixels are for `image`.

use super::{metadata::Metadata, profile::Described};

/// What the chunks beside the pixels say: how to turn the picture, and what its colors mean.
pub(super) fn metadata(bytes: &[u8]) -> (Metadata, Option<Described>) {
    let mut metadata = Metadata::default();
    let mut described = None;
    for (kind, content) in chunks(bytes) {
        match &kind {
            b"EXIF" => metadata.add_exif(content),
            b"XMP " => metadata.add_xmp(content),
            b"ICCP" if described.is_none() => described = Some(Described::Icc(content.to_vec())),
            _ => {}
        }
    }
    (metadata, described)
}

/// Whether the header says that the picture moves.
pub(super) fn is_animated(bytes: &[u8]) -> bool {
    bytes.get(12..16) == Some(b"VP8X") && bytes.get(20).is_some_and(|flags| flags & 0b10 != 0)
}

/// The chunks that are complete.
pub(super) fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes.get(12..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (header, body) = rest.split_at_checked(8)?;
        let (kind, length) = header.split_at(4);
        let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
        let content = body.get(..length)?;
        // Chunks start at even places.
        rest = body.get(length.checked_next_multiple_of(2)?..).unwrap_or_default();
        Some((kind.try_into().ok()?, content))
    })
}
