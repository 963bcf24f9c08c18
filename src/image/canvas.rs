//! A picture that grows row by row, as decoders give them: whatever samples come in, 8-bit sRGB over white goes out.
//! Only the result is held whole, so that a large picture takes little more than its own bytes.

use std::path::Path;

use image::RgbImage;

use super::{
    check_memory,
    error::ImageError,
    profile::{Converter, Described, converter},
    warning::ImageWarning,
};

/// The samples of one pixel, in order, 8 bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
}

impl Layout {
    pub(super) fn samples(self) -> usize {
        match self {
            Layout::Gray => 1,
            Layout::GrayAlpha => 2,
            Layout::Rgb => 3,
            Layout::Rgba => 4,
        }
    }

    fn is_gray(self) -> bool {
        matches!(self, Layout::Gray | Layout::GrayAlpha)
    }

    fn has_alpha(self) -> bool {
        matches!(self, Layout::GrayAlpha | Layout::Rgba)
    }
}

pub(super) struct Canvas {
    layout: Layout,
    width: usize,
    height: usize,
    converter: Option<Converter>,
    /// The rows so far; for a picture in passes, all of them from the start.
    rgb: Vec<u8>,
    /// One row of colors without alpha.
    colors: Vec<u8>,
    /// One row of the result.
    row: Vec<u8>,
    /// Whether a pixel is not fully transparent.
    visible: bool,
    /// How many pixels have come.
    filled: usize,
}

impl Canvas {
    /// An empty picture of checked dimensions. What cannot be used of the colors' description becomes a warning.
    pub(super) fn new(
        name: &Path,
        (width, height): (usize, usize),
        layout: Layout,
        described: Option<&Described>,
        warnings: &mut Vec<ImageWarning>,
    ) -> Result<Canvas, ImageError> {
        let converter = described.map(|described| converter(described, layout.is_gray()));
        let converter = converter.transpose().unwrap_or_else(|reason| {
            warnings.push(ImageWarning::ProfileIgnored { path: name.to_path_buf(), reason });
            None
        });
        let mut rgb = Vec::new();
        let bytes = width * height * 3;
        if rgb.try_reserve_exact(bytes).is_err() {
            check_memory(name, (width, height), u64::MAX)?;
        }
        Ok(Canvas {
            layout,
            width,
            height,
            converter: converter.flatten(),
            rgb,
            colors: Vec::new(),
            row: vec![0; width * 3],
            visible: !layout.has_alpha(),
            filled: 0,
        })
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Adds the next row, of samples in the canvas's layout.
    pub(super) fn push(&mut self, samples: &[u8]) {
        let pixels = self.convert(samples);
        self.rgb.extend_from_slice(&self.row[..pixels * 3]);
    }

    /// Adds a row of one of the seven passes of an interlaced PNG.
    pub(super) fn scatter(&mut self, samples: &[u8], place: &png::Adam7Info) {
        self.rgb.resize(self.width * self.height * 3, 0);
        let pixels = self.convert(samples);
        png::expand_interlaced_row(&mut self.rgb, self.width * 3, &self.row[..pixels * 3], place, 24);
    }

    /// Turns samples into sRGB over white, at the start of `row`; gives the number of pixels.
    fn convert(&mut self, samples: &[u8]) -> usize {
        let count = self.layout.samples();
        let pixels = samples.len() / count;
        let row = &mut self.row[..pixels * 3];
        let colors = match self.layout.has_alpha() {
            true => {
                self.colors.clear();
                self.colors.extend(samples.chunks_exact(count).flat_map(|pixel| &pixel[..count - 1]));
                self.colors.as_slice()
            }
            false => samples,
        };
        match &self.converter {
            Some(converter) => converter.convert(colors, row),
            None if self.layout.is_gray() => {
                for (pixel, &level) in row.as_chunks_mut::<3>().0.iter_mut().zip(colors) {
                    *pixel = [level; 3];
                }
            }
            None => row.copy_from_slice(colors),
        }
        if self.layout.has_alpha() {
            for (pixel, samples) in row.as_chunks_mut::<3>().0.iter_mut().zip(samples.chunks_exact(count)) {
                let alpha = samples[count - 1];
                self.visible |= alpha != 0;
                *pixel = pixel.map(|level| over_white(level, alpha));
            }
        }
        self.filled += pixels;
        pixels
    }

    /// Whether every row has come.
    pub(super) fn is_complete(&self) -> bool {
        self.filled == self.width * self.height
    }

    /// The whole picture. Rows that did not come are an error in words.
    pub(super) fn finish(
        self,
        name: &Path,
        warnings: &mut Vec<ImageWarning>,
    ) -> Result<RgbImage, &'static str> {
        if !self.is_complete() {
            return Err("fewer rows than the header says");
        }
        if !self.visible {
            warnings.push(ImageWarning::Transparent { path: name.to_path_buf() });
        }
        RgbImage::from_raw(self.width as u32, self.height as u32, self.rgb).ok_or("absurd dimensions")
    }
}

/// Lays a level over a white sheet, rounded.
fn over_white(level: u8, alpha: u8) -> u8 {
    let alpha = u32::from(alpha);
    ((u32::from(level) * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

/// A 16-bit sample in 8 bits, rounded.
pub(super) fn level_of_16(sample: u16) -> u8 {
    ((u32::from(sample) + 128) / 257) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_samples_are_rounded() {
        for (sample, level) in
            [(0, 0), (128, 0), (129, 1), (32767, 127), (32768, 128), (65406, 254), (65407, 255)]
        {
            assert_eq!(level_of_16(sample), level, "{sample}");
        }
        for level in 0..=255 {
            assert_eq!(level_of_16(u16::from(level) * 257), level);
        }
    }
}
