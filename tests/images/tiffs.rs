//! TIFF in its many kinds: palettes, shallow and deep gray, CCITT Group 4, YCbCr, premultiplied alpha, planes, BigTIFF;
//! and what is refused by its name.

use std::collections::BTreeMap;

use impasto::image::ImageError;
use libtest_mimic::Trial;
use ndarray::{Array3, array};

use crate::decoding::{assert_close, decode, decode_unwarned};
use crate::files::{baseline_jpeg, gradient};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        strips_and_byte_orders,
        palettes,
        shallow_gray,
        deep_samples,
        group_4,
        ycbcr,
        alpha,
        inks,
        planes,
        what_is_refused_by_name,
        reduced_first_pages,
        raw_photos,
    ]
}

/// A TIFF file of one strip, as its tags say.
#[derive(Clone)]
pub(crate) struct TiffFile {
    little: bool,
    big: bool,
    /// Type and values by tag.
    tags: BTreeMap<u16, (u16, Vec<u64>)>,
    data: Vec<u8>,
}

impl TiffFile {
    /// Width, height, bits and number of samples, photometric interpretation, and the strip.
    fn new(size: (u64, u64), bits: u64, samples: u64, photometric: u64, data: &[u8]) -> TiffFile {
        let mut file = TiffFile { little: true, big: false, tags: BTreeMap::new(), data: data.to_vec() };
        for (tag, value) in [(256, size.0), (257, size.1), (259, 1), (262, photometric), (277, samples)] {
            file.set(tag, 3, vec![value]);
        }
        file.set(258, 3, vec![bits; samples as usize]);
        file.set(279, 4, vec![data.len() as u64]);
        file
    }

    pub(crate) fn rgb(picture: &Array3<u8>) -> TiffFile {
        let (height, width, _) = picture.dim();
        let data: Vec<u8> = picture.iter().copied().collect();
        TiffFile::new((width as u64, height as u64), 8, 3, 2, &data)
    }

    pub(crate) fn set(&mut self, tag: u16, kind: u16, values: Vec<u64>) {
        self.tags.insert(tag, (kind, values));
    }

    fn with(&self, tag: u16, kind: u16, values: &[u64]) -> TiffFile {
        let mut file = self.clone();
        file.set(tag, kind, values.to_vec());
        file
    }

    fn number(&self, value: u64, bytes: usize) -> Vec<u8> {
        if self.little {
            value.to_le_bytes()[..bytes].to_vec()
        } else {
            value.to_be_bytes()[8 - bytes..].to_vec()
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.pages(&[])
    }

    /// This page and, after it, further directories of these tags.
    fn pages(&self, further: &[&[(u16, u16, u64)]]) -> Vec<u8> {
        let word = if self.big { 8 } else { 4 };
        let start = if self.big { 16 } else { 8 };
        let mut file = if self.little { b"II".to_vec() } else { b"MM".to_vec() };
        file.extend(self.number(if self.big { 43 } else { 42 }, 2));
        if self.big {
            file.extend([self.number(8, 2), self.number(0, 2)].concat());
        }
        let strip = start as u64;
        let mut tags = self.tags.clone();
        tags.insert(273, (4, vec![strip]));
        // The values that do not fit their entry, after the strip.
        let mut outside = self.data.clone();
        let mut entries = Vec::new();
        for (tag, (kind, values)) in &tags {
            let size = match kind {
                1 | 7 => 1,
                3 => 2,
                16 => 8,
                _ => 4,
            };
            let mut content: Vec<u8> = values.iter().flat_map(|&value| self.number(value, size)).collect();
            entries.extend([self.number((*tag).into(), 2), self.number((*kind).into(), 2)].concat());
            entries.extend(self.number(values.len() as u64, word));
            if content.len() <= word {
                content.resize(word, 0);
                entries.extend(content);
            } else {
                outside.resize(outside.len().next_multiple_of(2), 0);
                entries.extend(self.number((start + outside.len()) as u64, word));
                outside.extend(content);
            }
        }
        outside.resize(outside.len().next_multiple_of(2), 0);
        let count_size = if self.big { 8 } else { 2 };
        let mut place = start + outside.len();
        file.extend(self.number(place as u64, word));
        file.extend(outside);
        file.extend(self.number(tags.len() as u64, count_size));
        file.extend(&entries);
        place += count_size + entries.len() + word;
        for directory in further {
            file.extend(self.number(place as u64, word));
            file.extend(self.number(directory.len() as u64, count_size));
            for &(tag, kind, value) in *directory {
                file.extend([self.number(tag.into(), 2), self.number(kind.into(), 2)].concat());
                file.extend(self.number(1, word));
                let mut content = self.number(value, if kind == 3 { 2 } else { 4 });
                content.resize(word, 0);
                file.extend(content);
            }
            place += count_size + directory.len() * (4 + 2 * word) + word;
        }
        file.extend(self.number(0, word));
        file
    }
}

fn strips_and_byte_orders() {
    let picture = gradient(5, 7);
    for little in [true, false] {
        for big in [true, false] {
            let file = TiffFile { little, big, ..TiffFile::rgb(&picture) };
            assert_eq!(decode_unwarned(&file.bytes()), picture, "{little} {big}");
        }
    }
}

/// A color map in 16 bits.
fn color_map(colors: &[[u64; 3]]) -> Vec<u64> {
    (0..3).flat_map(|channel| colors.iter().map(move |color| color[channel])).collect()
}

fn palettes() {
    for little in [true, false] {
        for big in [true, false] {
            let kinds: [(u64, &[u8]); 4] =
                [(1, &[0b0110_0000]), (2, &[0b00_11_10_01]), (4, &[0x0f, 0xa5]), (8, &[0, 200, 255, 7])];
            for (bits, data) in kinds {
                let count = 1_u64 << bits;
                let color = |index: u64| [index * 999 % 65536, (index * 257 + 128) % 65536, 65535 - index];
                let colors: Vec<[u64; 3]> = (0..count).map(color).collect();
                let file = TiffFile { little, big, ..TiffFile::new((4, 1), bits, 1, 3, data) };
                let file = file.with(320, 3, &color_map(&colors));
                let indices: [u64; 4] = match bits {
                    1 => [0, 1, 1, 0],
                    2 => [0, 3, 2, 1],
                    4 => [0, 15, 10, 5],
                    _ => [0, 200, 255, 7],
                };
                // The upper bytes, as in Pillow and libtiff.
                let expected =
                    Array3::from_shape_fn((1, 4, 3), |(_, x, c)| (color(indices[x])[c] >> 8) as u8);
                assert_eq!(decode_unwarned(&file.bytes()), expected, "{bits} bits {little} {big}");
            }
        }
    }
    // Old programs wrote 8-bit levels into the map.
    let colors: Vec<[u64; 3]> = (0..256).map(|index| [index, 255 - index, 7]).collect();
    let file = TiffFile::new((2, 1), 8, 1, 3, &[3, 250]).with(320, 3, &color_map(&colors));
    assert_eq!(decode_unwarned(&file.bytes()), array![[[3, 252, 7], [250, 5, 7]]]);
    let short = TiffFile::new((2, 1), 8, 1, 3, &[3, 250]).with(320, 3, &[1, 2, 3]);
    assert_error!(decode(&short.bytes()), ImageError::Corrupt { .. });
    let none = TiffFile::new((2, 1), 8, 1, 3, &[3, 250]);
    assert_error!(decode(&none.bytes()), ImageError::Corrupt { .. });
}

fn gray(levels: &[u8]) -> Array3<u8> {
    Array3::from_shape_fn((1, levels.len(), 3), |(_, x, _)| levels[x])
}

fn shallow_gray() {
    for (photometric, turn) in [(1, 0), (0, 255)] {
        let expected = |levels: [u8; 4]| gray(&levels.map(|level| level ^ turn));
        let file = |bits, data: &[u8]| TiffFile::new((4, 1), bits, 1, photometric, data).bytes();
        assert_eq!(decode_unwarned(&file(1, &[0b0110_0000])), expected([0, 255, 255, 0]));
        assert_eq!(decode_unwarned(&file(2, &[0b00_01_10_11])), expected([0, 85, 170, 255]));
        assert_eq!(decode_unwarned(&file(4, &[0x01, 0xaf])), expected([0, 17, 170, 255]));
        assert_eq!(decode_unwarned(&file(8, &[0, 1, 128, 255])), expected([0, 1, 128, 255]));
    }
}

fn deep_samples() {
    let samples = [0_u16, 128, 129, 65407];
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    assert_eq!(decode_unwarned(&TiffFile::new((4, 1), 16, 1, 1, &data).bytes()), gray(&[0, 0, 1, 255]));
    let samples = [0_u32, 0x0101_0101, 0x8080_8080, u32::MAX];
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    assert_eq!(decode_unwarned(&TiffFile::new((4, 1), 32, 1, 1, &data).bytes()), gray(&[0, 1, 128, 255]));
}

fn group_4() {
    // Two rows of three white and five black pixels: horizontal mode with the codes of both runs, then twice "as above",
    // and the end of the block.
    let data = [0b0011_0000, 0b0111_1000, 0b0000_0000, 0b1000_0000, 0b0000_1000];
    let mut file = TiffFile::new((8, 2), 1, 1, 0, &data);
    file.set(259, 3, vec![4]);
    let expected = Array3::from_shape_fn((2, 8, 3), |(_, x, _)| if x < 3 { 255 } else { 0 });
    assert_eq!(decode_unwarned(&file.bytes()), expected);
}

fn ycbcr() {
    // JFIF's conversion of (100, 90, 200): 100 + 1.402 * 72 = 200.9, 100 + 13.1 - 51.4 = 61.7, 100 - 67.3 = 32.7.
    let plain = TiffFile::new((1, 1), 8, 3, 6, &[100, 90, 200]).with(530, 3, &[1, 1]);
    assert_eq!(decode_unwarned(&plain.bytes()), array![[[201, 62, 33]]]);
    // JPEG within TIFF, colors subsampled.
    let picture = Array3::from_shape_fn((16, 16, 3), |(_, _, c)| [200, 90, 40][c]);
    let mut file = TiffFile::new((16, 16), 8, 3, 6, &baseline_jpeg(&picture));
    file.set(259, 3, vec![7]);
    assert_close(&decode_unwarned(&file.bytes()), &picture, 3);
    let subsampled = TiffFile::new((2, 2), 8, 3, 6, &[100, 100, 100, 100, 90, 200]);
    assert_error!(decode(&subsampled.bytes()), ImageError::UnsupportedFormat { .. });
}

fn alpha() {
    let data = [10, 20, 30, 255, 100, 50, 0, 128];
    let file = TiffFile::new((2, 1), 8, 4, 2, &data);
    // Straight: (level * 128 + 255 * 127) / 255.
    let straight = array![[[10, 20, 30], [177, 152, 127]]];
    assert_eq!(decode_unwarned(&file.with(338, 3, &[2]).bytes()), straight);
    assert_eq!(decode_unwarned(&file.bytes()), straight);
    // Premultiplied: level + 255 - 128.
    let premultiplied = array![[[10, 20, 30], [227, 177, 127]]];
    assert_close(&decode_unwarned(&file.with(338, 3, &[1]).bytes()), &premultiplied, 1);
    let gray_alpha = TiffFile::new((2, 1), 8, 2, 1, &[9, 255, 100, 128]);
    assert_eq!(decode_unwarned(&gray_alpha.with(338, 3, &[2]).bytes()), gray(&[9, 177]));
    // An extra sample that is no alpha.
    assert_eq!(decode_unwarned(&gray_alpha.with(338, 3, &[0]).bytes()), gray(&[9, 100]));
}

fn inks() {
    // Pillow's conversion, of inks that are not inverted as in JPEG.
    let file = TiffFile::new((1, 1), 8, 4, 5, &[200, 100, 50, 30]);
    assert_eq!(decode_unwarned(&file.bytes()), array![[[49, 137, 181]]]);
}

fn planes() {
    let picture = gradient(3, 4);
    let data: Vec<u8> = picture.clone().permuted_axes([2, 0, 1]).iter().copied().collect();
    let mut file = TiffFile::new((4, 3), 8, 3, 2, &data).with(284, 3, &[2]);
    file.set(279, 4, vec![12; 3]);
    // The offsets of three strips; `bytes` would name one.
    let single = file.bytes();
    assert_error!(decode(&single), ImageError::Corrupt { .. } | ImageError::Truncated { .. });
    let planar = image_planes(&picture);
    assert_eq!(decode_unwarned(&planar), picture);
}

/// A TIFF whose three planes are a strip each.
fn image_planes(picture: &Array3<u8>) -> Vec<u8> {
    let (height, width, _) = picture.dim();
    let plane = (height * width) as u32;
    let mut file = b"II*\0".to_vec();
    file.extend((8 + 3 * plane + 30).to_le_bytes());
    file.extend(picture.clone().permuted_axes([2, 0, 1]).iter());
    let lists = 8 + 3 * plane;
    for index in 0..3 {
        file.extend((8 + index * plane).to_le_bytes());
    }
    (0..3).for_each(|_| file.extend(plane.to_le_bytes()));
    (0..3).for_each(|_| file.extend(8_u16.to_le_bytes()));
    let entries: [(u16, u16, u32, u32); 9] = [
        (256, 3, 1, width as u32),
        (257, 3, 1, height as u32),
        (258, 3, 3, lists + 24),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 3, lists),
        (277, 3, 1, 3),
        (279, 4, 3, lists + 12),
        (284, 3, 1, 2),
    ];
    file.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(count.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file
}

/// Asserts a refusal whose text has this word and no Rust in it.
#[track_caller]
fn refused(file: &[u8], word: &str) {
    let text = decode(file).unwrap_err().to_string();
    assert!(text.contains(word), "no {word:?} in {text:?}");
    for debug in ["Unknown", "Some(", "(\"", "{", "::"] {
        assert!(!text.contains(debug), "{debug:?} in {text:?}");
    }
    assert!(text.contains("convert") || text.contains("develop"), "no remedy in {text:?}");
}

fn what_is_refused_by_name() {
    let rgb = TiffFile::rgb(&gradient(2, 2));
    for (compression, word) in [
        (2, "modified Huffman"),
        (3, "Group 3"),
        (6, "old-style JPEG"),
        (34887, "LERC"),
        (34925, "LZMA"),
        (50000, "Zstandard"),
        (50001, "WebP"),
        (50002, "JPEG XL"),
        (34712, "JPEG 2000"),
        (12345, "12345"),
    ] {
        refused(&rgb.with(259, 3, &[compression]).bytes(), word);
    }
    for (photometric, word) in [(4, "mask"), (8, "L*a*b*"), (9, "L*a*b*"), (32845, "LogLuv"), (777, "777")] {
        refused(&rgb.with(262, 3, &[photometric]).bytes(), word);
    }
    let float_gray = TiffFile::new((1, 1), 32, 1, 1, &0.5_f32.to_le_bytes()).with(339, 3, &[3]);
    refused(&float_gray.bytes(), "floating-point");
    refused(&TiffFile::new((1, 1), 16, 1, 1, &[0, 0]).with(339, 3, &[2]).bytes(), "sign");
    refused(&TiffFile::new((2, 1), 12, 1, 1, &[1, 2, 3]).bytes(), "12 bits");
    refused(&TiffFile::new((1, 1), 64, 3, 2, &[0; 24]).bytes(), "64 bits");
    refused(&TiffFile::new((1, 1), 16, 1, 3, &[0, 0]).bytes(), "16 bits");
}

fn reduced_first_pages() {
    let rgb = TiffFile::rgb(&gradient(2, 2));
    for page in [rgb.with(254, 4, &[1]), rgb.with(254, 4, &[4]), rgb.with(255, 3, &[2])] {
        let file = page.pages(&[&[(256, 3, 64), (257, 3, 64)]]);
        assert_error!(decode(&file), ImageError::ReducedImage { .. });
    }
    // One page of several is a picture like others.
    let page = rgb.with(254, 4, &[2]);
    assert_eq!(decode_unwarned(&page.bytes()), gradient(2, 2));
}

fn raw_photos() {
    let thumbnail = TiffFile::rgb(&gradient(2, 2));
    let made_by = |make: &str| {
        let mut file = thumbnail.with(254, 4, &[1]);
        file.set(271, 2, make.bytes().map(u64::from).collect());
        file
    };
    // Strings are bytes; the writer takes their type for four.
    let make = |name: &str| {
        let mut file = made_by(name);
        let values = file.tags[&271].1.clone();
        file.set(271, 7, values);
        file
    };
    let sensor: &[(u16, u16, u64)] = &[(256, 3, 64), (257, 3, 64), (259, 3, 1), (262, 3, 32803)];
    let raw = |file: Vec<u8>, kind: &str| {
        assert_error!(decode(&file), ImageError::RawPhoto { .. });
        refused(&file, kind);
        refused(&file, "develop it first");
    };
    raw(make("NIKON CORPORATION").pages(&[sensor]), "Nikon NEF");
    raw(make("SONY").pages(&[sensor]), "Sony ARW");
    raw(make("PENTAX Corporation").pages(&[sensor]), "Pentax PEF");
    raw(make("Somebody").pages(&[sensor]), "raw photo");
    raw(make("NIKON").pages(&[&[(256, 3, 9), (259, 3, 34713)]]), "Nikon NEF");
    raw(thumbnail.with(50706, 1, &[1, 4, 0, 0]).bytes(), "DNG");
    raw(TiffFile { little: false, ..thumbnail.with(50706, 1, &[1, 4, 0, 0]) }.bytes(), "DNG");
    // The sensor's directory below the thumbnail's.
    let plain = thumbnail.pages(&[sensor]);
    let place = plain.len() - (2 + 12 * sensor.len() + 4);
    let mut below = make("NIKON").with(330, 4, &[0]);
    let own = below.pages(&[sensor]).len() - (2 + 12 * sensor.len() + 4);
    below.set(330, 4, vec![own as u64]);
    assert_ne!(place, own);
    let mut file = below.pages(&[sensor]);
    // The chain of pages ends after the first.
    file[own - 4..own].fill(0);
    raw(file, "Nikon NEF");
    let mut canon = b"II*\0\x10\0\0\0CR\x02\0\0\0\0\0".to_vec();
    canon.extend([0; 32]);
    raw(canon, "Canon CR2");
}
