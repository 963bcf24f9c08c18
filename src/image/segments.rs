//! The segments of a JPEG, looked through before libjpeg decodes anything: its kind, its metadata, the number of its
//! scans, and whether it ends as it should.

use super::{density::Density, metadata::Metadata, profile::Described};

pub(super) const XMP_HEADER: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXIF_HEADER: &[u8] = b"Exif\0\0";
const JFIF_HEADER: &[u8] = b"JFIF\0";
pub(super) const ICC_HEADER: &[u8] = b"ICC_PROFILE\0";

/// What the segments say.
#[derive(Default)]
pub(super) struct Segments<'a> {
    pub(super) metadata: Metadata,
    pub(super) frame: Option<Frame>,
    pub(super) scans: usize,
    /// Whether the marker is there that ends the picture.
    pub(super) ends: bool,
    /// Whether bytes stand between segments that belong to none, of which libjpeg warns although they do no harm.
    pub(super) has_stray_bytes: bool,
    /// Components of the first scan.
    first_scan: usize,
    /// For each component and coefficient: how many low bits are still to come; `None` if all are.
    missing_bits: Vec<[Option<u8>; 64]>,
    profile: Vec<(u8, u8, &'a [u8])>,
}

/// A frame header.
pub(super) struct Frame {
    /// The second byte of its marker, which tells the process.
    marker: u8,
    precision: u8,
    width: usize,
    height: usize,
    /// Identifier, horizontal and vertical sampling factor of each component.
    components: Vec<(u8, usize, usize)>,
}

impl Frame {
    fn read(marker: u8, content: &[u8]) -> Option<Frame> {
        let (header, components) = content.split_at_checked(6)?;
        let side = |place: usize| usize::from(u16::from_be_bytes([header[place], header[place + 1]]));
        let components = components.chunks_exact(3).take(usize::from(header[5]));
        let components = components.map(|c| (c[0], usize::from(c[1] >> 4), usize::from(c[1] & 15)));
        Some(Frame {
            marker,
            precision: header[0],
            height: side(1),
            width: side(3),
            components: components.collect(),
        })
    }

    fn is_progressive(&self) -> bool {
        matches!(self.marker, 0xc2 | 0xca)
    }

    pub(super) fn is_arithmetic(&self) -> bool {
        matches!(self.marker, 0xc9 | 0xca)
    }

    /// What the kind is called, if libjpeg does not decode it.
    pub(super) fn unread_kind(&self) -> Option<String> {
        match (self.marker, self.precision) {
            (0xc3 | 0xcb, _) => Some("lossless JPEG".into()),
            (0xc5..=0xc7 | 0xcd..=0xcf, _) => Some("hierarchical JPEG".into()),
            (0xf7, _) => Some("JPEG-LS".into()),
            (_, 8) => None,
            (_, bits) => Some(format!("JPEG with {bits} bits a sample")),
        }
    }

    /// The bytes that libjpeg holds of a picture whose scans must all come before its first row: two of each
    /// coefficient.
    fn coefficient_bytes(&self) -> u64 {
        let most = |factor: fn(&(u8, usize, usize)) -> usize| {
            self.components.iter().map(factor).max().unwrap_or(1).max(1)
        };
        let (most_across, most_down) = (most(|c| c.1), most(|c| c.2));
        let mcus =
            (self.width.div_ceil(8 * most_across) as u64) * (self.height.div_ceil(8 * most_down) as u64);
        self.components.iter().map(|c| mcus * (c.1 * c.2) as u64 * 128).sum()
    }
}

impl<'a> Segments<'a> {
    /// Looks through a JPEG from its start to the marker that ends it, or to the end of the bytes.
    pub(super) fn read(bytes: &'a [u8]) -> Segments<'a> {
        let mut segments = Segments::default();
        let mut rest = bytes.get(2..).unwrap_or_default();
        while let Some(start) = rest.iter().position(|&byte| byte == 0xff) {
            segments.has_stray_bytes |= start > 0;
            rest = &rest[start..];
            let Some(fill) = rest.iter().position(|&byte| byte != 0xff) else { break };
            let marker = rest[fill];
            rest = &rest[fill + 1..];
            match marker {
                0xd9 => {
                    segments.ends = true;
                    break;
                }
                0x00 => segments.has_stray_bytes = true,
                0x01 | 0xd0..=0xd8 => {}
                _ => {
                    let Some(length) =
                        rest.first_chunk().map(|&length| usize::from(u16::from_be_bytes(length)))
                    else {
                        break;
                    };
                    let Some(content) = rest.get(2..length.max(2)) else { break };
                    segments.take_in(marker, content);
                    rest = &rest[length.max(2)..];
                    if marker == 0xda {
                        rest = after_entropy_coded(rest);
                    }
                }
            }
        }
        segments
    }

    fn take_in(&mut self, marker: u8, content: &'a [u8]) {
        match marker {
            0xe0 => {
                // Version, unit, and the density both ways.
                if let Some([_, _, unit, x, x_low, y, y_low, ..]) = content.strip_prefix(JFIF_HEADER) {
                    let [across, down] =
                        [[*x, *x_low], [*y, *y_low]].map(|both| f64::from(u16::from_be_bytes(both)));
                    // JFIF counts its units from 1.
                    self.metadata.add_density(
                        Density::by_unit(u64::from(*unit) + 1, across, down).filter(|_| *unit > 0),
                    );
                }
            }
            0xe1 => {
                if content.starts_with(EXIF_HEADER) {
                    self.metadata.add_exif(content);
                } else if let Some(packet) = content.strip_prefix(XMP_HEADER) {
                    self.metadata.add_xmp(packet);
                }
            }
            0xe2 => {
                if let Some([number, count, part @ ..]) = content.strip_prefix(ICC_HEADER) {
                    self.profile.push((*number, *count, part));
                }
            }
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf | 0xf7 if self.frame.is_none() => {
                self.frame = Frame::read(marker, content);
                let components = self.frame.as_ref().map_or(0, |frame| frame.components.len());
                self.missing_bits = vec![[None; 64]; components];
            }
            0xda => self.take_in_scan(content),
            _ => {}
        }
    }

    fn take_in_scan(&mut self, content: &[u8]) {
        self.scans += 1;
        let (Some(frame), Some(&count)) = (&self.frame, content.first()) else { return };
        let count = usize::from(count);
        let (Some(components), Some(range)) = (content.get(1..1 + 2 * count), content.get(1 + 2 * count..))
        else {
            return;
        };
        if self.scans == 1 {
            self.first_scan = count;
        }
        let (first, last, low_bit) = match *range {
            [first, last, bits, ..] if frame.is_progressive() => (first, last, bits & 15),
            _ => (0, 63, 0),
        };
        for (component, missing) in frame.components.iter().zip(&mut self.missing_bits) {
            if components.chunks_exact(2).any(|selected| selected[0] == component.0) {
                for coefficient in first..=last.min(63) {
                    missing[usize::from(coefficient)] = Some(low_bit);
                }
            }
        }
    }

    /// Whether the scans that began carry all bits of all coefficients.
    pub(super) fn has_all_scans(&self) -> bool {
        !self.missing_bits.is_empty() && self.missing_bits.iter().flatten().all(|&missing| missing == Some(0))
    }

    /// The most bytes that decoding holds at a time, for `pixels` pixels.
    pub(super) fn decode_bytes(&self, pixels: u64) -> u64 {
        let Some(frame) = &self.frame else { return pixels * 3 };
        let held = frame.is_progressive() || self.first_scan < frame.components.len();
        pixels * 3 + if held { frame.coefficient_bytes() } else { 0 }
    }

    /// What the file says about its colors. A profile longer than a segment comes in numbered parts.
    pub(super) fn described(&self) -> Option<Described> {
        let Some(&(_, count, _)) = self.profile.first() else {
            return self.metadata.adobe_rgb.then_some(Described::AdobeRgb);
        };
        let mut profile = Vec::new();
        for number in 1..=count {
            match self.profile.iter().find(|part| part.0 == number) {
                Some((_, _, part)) => profile.extend_from_slice(part),
                None => return Some(Described::Incomplete),
            }
        }
        Some(Described::Icc(profile))
    }
}

/// What follows a scan's data: the next marker that is neither a stuffed byte nor a restart.
fn after_entropy_coded(mut rest: &[u8]) -> &[u8] {
    while let Some(start) = rest.iter().position(|&byte| byte == 0xff) {
        match rest.get(start + 1) {
            Some(0x00 | 0xd0..=0xd7) => rest = &rest[start + 2..],
            Some(0xff) => rest = &rest[start + 1..],
            Some(_) => return &rest[start..],
            None => break,
        }
    }
    &[]
}
