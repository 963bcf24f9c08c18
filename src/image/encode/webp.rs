//! WebP: without loss by `image`, with loss by libwebp; and the container around either, which has places for a profile
//! and for XMP.

use std::io::Cursor;

use image::{ImageEncoder, codecs::webp::WebPEncoder};

use super::Page;
use crate::image::webp::chunks;

/// Flags of the extended header.
const HAS_PROFILE: u8 = 1 << 5;
const HAS_ALPHA: u8 = 1 << 4;
const HAS_XMP: u8 = 1 << 2;

pub(super) fn encode(page: &Page<'_>) -> Result<Vec<u8>, String> {
    let pixels = match page.options.quality {
        Some(quality) => with_loss(page, quality)?,
        None => without_loss(page)?,
    };
    let mut flags = HAS_PROFILE;
    let mut wrapped = Vec::new();
    chunk(&mut wrapped, b"ICCP", &page.profile);
    for (kind, content) in chunks(&pixels).filter(|(kind, _)| matches!(kind, b"ALPH" | b"VP8 " | b"VP8L")) {
        chunk(&mut wrapped, &kind, content);
    }
    if page.alpha {
        flags |= HAS_ALPHA;
    }
    if let Some(xmp) = &page.xmp {
        flags |= HAS_XMP;
        chunk(&mut wrapped, b"XMP ", xmp.as_bytes());
    }
    let [width, height] = [page.width, page.height].map(|side| (side - 1).to_le_bytes());
    let mut header = Vec::new();
    chunk(&mut header, b"VP8X", &[&[flags, 0, 0, 0], &width[..3], &height[..3]].concat());
    let length = (4 + header.len() + wrapped.len()) as u32;
    Ok([b"RIFF", &length.to_le_bytes()[..], b"WEBP", &header, &wrapped].concat())
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], content: &[u8]) {
    out.extend_from_slice(kind);
    out.extend_from_slice(&(content.len() as u32).to_le_bytes());
    out.extend_from_slice(content);
    // Chunks start at even places.
    out.resize(out.len().next_multiple_of(2), 0);
}

fn without_loss(page: &Page<'_>) -> Result<Vec<u8>, String> {
    let mut encoded = Cursor::new(Vec::new());
    WebPEncoder::new_lossless(&mut encoded)
        .write_image(page.bytes()?, page.width, page.height, page.color())
        .map_err(|error| error.to_string())?;
    Ok(encoded.into_inner())
}

fn with_loss(page: &Page<'_>, quality: u8) -> Result<Vec<u8>, String> {
    let layout = if page.alpha { webp::PixelLayout::Rgba } else { webp::PixelLayout::Rgb };
    let encoder = webp::Encoder::new(page.bytes()?, layout, page.width, page.height);
    let encoded = encoder.encode_simple(false, f32::from(quality));
    encoded.map(|memory| memory.to_vec()).map_err(|error| format!("libwebp failed: {error:?}"))
}
