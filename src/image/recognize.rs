//! What a file is, by its content: a picture that is read, or something else that is called by its name, so that the
//! error can say what to do.

use image::ImageFormat;

use super::raw;

#[derive(Clone, Copy)]
pub(super) enum Recognized {
    /// A format that is read.
    Image(ImageFormat),
    /// What a camera's sensor saw, before it is made a picture.
    Raw(&'static str),
    /// Moving pictures.
    Film(&'static str),
    /// A picture in a format that is not read.
    Unread(&'static str),
    /// A known format of another kind.
    NoImage(&'static str),
    Empty,
    Nothing,
}

use Recognized::{Empty, Film, Image, NoImage, Nothing, Raw, Unread};

/// What starts with what. Longer signatures come before shorter ones that they contain.
const SIGNATURES: &[(&[u8], Recognized)] = &[
    (b"\xff\xd8\xff", Image(ImageFormat::Jpeg)),
    (b"\x89PNG\r\n\x1a\n", Image(ImageFormat::Png)),
    (b"GIF87a", Image(ImageFormat::Gif)),
    (b"GIF89a", Image(ImageFormat::Gif)),
    (b"\x89JNG\r\n\x1a\n", Unread("JNG")),
    (b"\x8aMNG\r\n\x1a\n", Film("MNG")),
    (b"\xff\x0a", Unread("JPEG XL")),
    (b"\0\0\0\x0cJXL \r\n\x87\n", Unread("JPEG XL")),
    (b"\0\0\0\x0cjP  \r\n\x87\n", Unread("JPEG 2000")),
    (b"\xff\x4f\xff\x51", Unread("JPEG 2000")),
    (b"\x97JB2\r\n\x1a\n", Unread("JBIG2")),
    (b"II\xbc", Unread("JPEG XR")),
    (b"FUJIFILMCCD-RAW", Raw("Fujifilm RAF")),
    (b"IIRO", Raw("Olympus ORF")),
    (b"IIRS", Raw("Olympus ORF")),
    (b"MMOR", Raw("Olympus ORF")),
    (b"IIU\0", Raw("Panasonic RW2")),
    (b"FOVb", Raw("Sigma X3F")),
    (b"\0MRM", Raw("Minolta MRW")),
    (b"II*\0", Image(ImageFormat::Tiff)),
    (b"MM\0*", Image(ImageFormat::Tiff)),
    (b"II+\0", Image(ImageFormat::Tiff)),
    (b"MM\0+", Image(ImageFormat::Tiff)),
    (b"8BPS\0\x01", Unread("PSD, a Photoshop document")),
    (b"8BPS\0\x02", Unread("PSB, a large Photoshop document")),
    (b"gimp xcf", Unread("XCF, a GIMP document")),
    (b"%PDF-", Unread("PDF")),
    (b"%!PS", Unread("PostScript")),
    (b"\xc5\xd0\xd3\xc6", Unread("EPS")),
    (b"qoif", Unread("QOI")),
    (b"farbfeld", Unread("farbfeld")),
    (b"DDS ", Unread("DDS")),
    (b"\x76\x2f\x31\x01", Unread("OpenEXR")),
    (b"#?RADIANCE", Unread("Radiance HDR")),
    (b"#?RGBE", Unread("Radiance HDR")),
    (b"\0\0\x01\0", Unread("ICO, an icon")),
    (b"\0\0\x02\0", Unread("CUR, a cursor")),
    (b"icns", Unread("ICNS, an icon")),
    (b"BPG\xfb", Unread("BPG")),
    (b"FLIF", Unread("FLIF")),
    (b"AT&TFORM", Unread("DjVu")),
    (b"SIMPLE  =", Unread("FITS")),
    (b"\xd7\xcd\xc6\x9a", Unread("WMF")),
    (b"\x01\0\0\0\x6c\0\0\0", Unread("EMF")),
    (b"\x0a\x05\x01", Unread("PCX")),
    (b"\x59\xa6\x6a\x95", Unread("Sun raster")),
    (b"\x01\xda\x01\x01", Unread("SGI")),
    (b"\x01\xda\0\x01", Unread("SGI")),
    (b"/* XPM */", Unread("XPM")),
    (b"PF\n", Unread("PFM, with floating-point samples")),
    (b"Pf\n", Unread("PFM, with floating-point samples")),
    (b"P1", Image(ImageFormat::Pnm)),
    (b"P2", Image(ImageFormat::Pnm)),
    (b"P3", Image(ImageFormat::Pnm)),
    (b"P4", Image(ImageFormat::Pnm)),
    (b"P5", Image(ImageFormat::Pnm)),
    (b"P6", Image(ImageFormat::Pnm)),
    (b"P7", Image(ImageFormat::Pnm)),
    (b"\x1a\x45\xdf\xa3", Film("WebM or Matroska")),
    (b"FLV\x01", Film("FLV")),
    (b"\0\0\x01\xba", Film("MPEG")),
    (b"\0\0\x01\xb3", Film("MPEG")),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Film("WMV")),
    (b"version https://git-lfs", NoImage("a Git LFS pointer; fetch the file itself with `git lfs pull`")),
    (b"PK\x03\x04", NoImage("a ZIP archive or a document in one; export the picture from it")),
    (b"\x1f\x8b", NoImage("compressed by gzip; decompress it first")),
    (b"\x93NUMPY", NoImage("a NumPy array; save it as a PNG")),
    // Last, since two letters may be anything's beginning.
    (b"BM", Image(ImageFormat::Bmp)),
];

/// Tells what a file is from its first bytes, and of TIFF files from their directories.
pub(super) fn recognize(bytes: &[u8]) -> Recognized {
    if bytes.is_empty() {
        return Empty;
    }
    if let Some(kind) = raw::by_directories(bytes) {
        return Raw(kind);
    }
    if bytes.get(6..14) == Some(b"HEAPCCDR") {
        return Raw("Canon CRW");
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return by_brands(bytes);
    }
    if matches!(bytes.get(4..8), Some(b"moov" | b"mdat" | b"wide" | b"free" | b"skip")) {
        return Film("QuickTime");
    }
    match (bytes.get(..4), bytes.get(8..12)) {
        (Some(b"RIFF"), Some(b"WEBP")) => return Image(ImageFormat::WebP),
        (Some(b"RIFF"), Some(b"AVI ")) => return Film("AVI"),
        (Some(b"FORM"), Some(b"ILBM" | b"PBM ")) => return Unread("ILBM"),
        _ => {}
    }
    if bytes.get(128..132) == Some(b"DICM") {
        return Unread("DICOM");
    }
    match SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature)) {
        Some((_, Image(format))) => Image(*format),
        // TGA has a signature at its end alone; its beginning may be that of a cursor.
        _ if bytes.ends_with(b"TRUEVISION-XFILE.\0") => Unread("TGA"),
        Some((_, known)) => *known,
        None => by_text(bytes),
    }
}

/// The formats of ISO base media files: a box "ftyp" that lists brands, the main one first.
fn by_brands(bytes: &[u8]) -> Recognized {
    let length = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
    let brands = bytes.get(8..length.clamp(12, 256).min(bytes.len())).unwrap_or_default();
    let known = |brand: &[u8; 4]| match brand {
        b"avif" | b"avis" => Some(Unread("AVIF")),
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs" => Some(Unread("HEIC")),
        b"crx " => Some(Raw("Canon CR3")),
        b"jxl " => Some(Unread("JPEG XL")),
        b"jp2 " | b"jpx " | b"jpm " => Some(Unread("JPEG 2000")),
        _ => None,
    };
    if let Some(known) = brands.as_chunks::<4>().0.iter().find_map(known) {
        return known;
    }
    match brands.get(..4) {
        Some(b"mif1" | b"mif2" | b"msf1" | b"miaf" | b"1pic") => Unread("HEIF"),
        Some(b"qt  ") => Film("QuickTime"),
        _ => Film("MP4"),
    }
}

/// The formats that are text.
fn by_text(bytes: &[u8]) -> Recognized {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if !text.starts_with(b"<") {
        return Nothing;
    }
    let head = text[..text.len().min(4096)].to_ascii_lowercase();
    let has = |word: &[u8]| head.windows(word.len()).any(|window| window == word);
    if has(b"<html") || has(b"<!doctype html") {
        NoImage("a web page; download the picture itself")
    } else if has(b"<svg") {
        Unread("SVG")
    } else {
        Nothing
    }
}
