//! What a picture's metadata say about its pixels: EXIF, XMP, and the texts in which PNG files carry either. Only the
//! orientation, the density and the color space that cameras note are of interest; what is broken says nothing.

use image::metadata::Orientation;

use super::density::Density;
use super::encode::record_of_xmp;
use super::ifd::{Directory, Tiff};

const ORIENTATION: u16 = 0x0112;
const X_RESOLUTION: u16 = 0x011a;
const Y_RESOLUTION: u16 = 0x011b;
const RESOLUTION_UNIT: u16 = 0x0128;
const EXIF_DIRECTORY: u16 = 0x8769;
const INTEROPERABILITY_DIRECTORY: u16 = 0xa005;
const INTEROPERABILITY_INDEX: u16 = 1;

/// What EXIF data may start with, outside of its own standard.
const EXIF_HEADER: &[u8] = b"Exif\0\0";

/// What the metadata of one picture say. EXIF counts before XMP, and what is found first before what is found later.
#[derive(Clone, Default)]
pub(super) struct Metadata {
    by_exif: Option<Orientation>,
    by_xmp: Option<Orientation>,
    density: Option<Density>,
    /// What made the picture, as a file that we wrote says.
    pub(super) record: Option<String>,
    /// The camera was set to Adobe RGB, which EXIF notes without a profile (DCF's optional color space).
    pub(super) adobe_rgb: bool,
}

impl Metadata {
    /// How to turn the picture upright.
    pub(super) fn orientation(&self) -> Orientation {
        self.by_exif.or(self.by_xmp).unwrap_or(Orientation::NoTransforms)
    }

    /// How closely the pixels of the upright picture lie.
    pub(super) fn density(&self) -> Option<Density> {
        use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
        let density = self.density?;
        let is_turned = matches!(self.orientation(), Rotate90 | Rotate90FlipH | Rotate270 | Rotate270FlipH);
        Some(if is_turned { density.turned() } else { density })
    }

    /// Takes in the density that a format notes by itself, or that of EXIF data where there is none yet.
    pub(super) fn add_density(&mut self, density: Option<Density>) {
        self.density = self.density.or(density);
    }

    /// Takes in the density of a directory of EXIF data or of a TIFF file.
    pub(super) fn add_directory_density(&mut self, directory: &Directory<'_>) {
        let number = |tag| directory.entry(tag)?.number();
        if let (Some(across), Some(down)) = (number(X_RESOLUTION), number(Y_RESOLUTION)) {
            self.add_density(Density::by_unit(directory.integer(RESOLUTION_UNIT).unwrap_or(2), across, down));
        }
    }

    /// Takes in EXIF data, with or without the header of JPEG segments.
    pub(super) fn add_exif(&mut self, exif: &[u8]) {
        let exif = exif.strip_prefix(EXIF_HEADER).unwrap_or(exif);
        let Some(tiff) = Tiff::parse(exif) else { return };
        let Some(directory) = tiff.directory(tiff.first) else { return };
        self.add_exif_orientation(directory.integer(ORIENTATION));
        self.add_directory_density(&directory);
        let deeper = |offset: Option<u64>| tiff.directory(offset?);
        let index = deeper(directory.integer(EXIF_DIRECTORY))
            .and_then(|exif| deeper(exif.integer(INTEROPERABILITY_DIRECTORY)))
            .and_then(|directory| directory.data(INTEROPERABILITY_INDEX));
        self.adobe_rgb |= index.is_some_and(|index| index.starts_with(b"R03"));
    }

    /// Takes in the value of EXIF's orientation, which is also a tag of TIFF files.
    pub(super) fn add_exif_orientation(&mut self, value: Option<u64>) {
        self.by_exif = self.by_exif.or(value.and_then(orientation));
    }

    /// Takes in an XMP packet.
    pub(super) fn add_xmp(&mut self, packet: &[u8]) {
        self.by_xmp = self.by_xmp.or_else(|| orientation_of_xmp(packet));
        self.record = self.record.take().or_else(|| record_of_xmp(packet));
    }

    /// Takes in a text of a PNG file: XMP, or a profile as ImageMagick and GIMP write it.
    pub(super) fn add_png_text(&mut self, keyword: &str, text: &str) {
        match keyword {
            "XML:com.adobe.xmp" => self.add_xmp(text.as_bytes()),
            "Raw profile type exif" | "Raw profile type APP1" | "Raw profile type xmp" => {
                let profile = bytes_of_raw_profile(text);
                if Tiff::parse(profile.strip_prefix(EXIF_HEADER).unwrap_or(&profile)).is_some() {
                    self.add_exif(&profile);
                } else {
                    self.add_xmp(&profile);
                }
            }
            _ => {}
        }
    }

    /// Whether `add_png_text` makes anything of a text with this keyword.
    pub(super) fn wants_png_text(keyword: &str) -> bool {
        keyword == "XML:com.adobe.xmp" || keyword.starts_with("Raw profile type ")
    }
}

fn orientation(value: u64) -> Option<Orientation> {
    Orientation::from_exif(u8::try_from(value).ok()?)
}

/// The value of `tiff:Orientation`, as an attribute or an element.
fn orientation_of_xmp(packet: &[u8]) -> Option<Orientation> {
    // UTF-16 packets exist: of the characters that count here, it differs from ASCII by zeros.
    let packet: Vec<u8> = packet.iter().copied().filter(|&byte| byte != 0).collect();
    let name = b"tiff:Orientation";
    packet.windows(name.len()).enumerate().filter(|(_, window)| window == name).find_map(|(start, _)| {
        let mut rest = packet[start + name.len()..].trim_ascii_start();
        rest = match rest.split_first()? {
            (b'=', rest) => {
                let rest = rest.trim_ascii_start();
                rest.strip_prefix(b"\"").or(rest.strip_prefix(b"'"))?
            }
            (b'>', rest) => rest,
            _ => return None,
        };
        let digit = rest.trim_ascii_start().first()?;
        orientation(u64::from(digit.wrapping_sub(b'0')))
    })
}

/// The bytes of a text such as "\nexif\n      38\n4578696600004d4d...": a name, a length, then hexadecimal digits.
fn bytes_of_raw_profile(text: &str) -> Vec<u8> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).skip(2);
    let digits: Vec<u8> =
        lines.flat_map(str::chars).filter_map(|digit| Some(digit.to_digit(16)? as u8)).collect();
    digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect()
}
