//! A picture that grows row by row, as decoders give them: whatever samples come in, 8-bit sRGB goes out, over a color or
//! with its alpha.
//! Only the result is held whole, so that a large picture takes little more than its own bytes.

use std::path::Path;

use image::{DynamicImage, RgbImage, RgbaImage};

use super::{
    check_memory,
    error::ImageError,
    options::{ColorProfiles, LoadOptions},
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
    /// The color below, where alpha is not kept.
    background: [u8; 3],
    /// Samples of a pixel of the result: 4 if it has alpha.
    channels: usize,
    /// The rows so far; for a picture in passes, all of them from the start.
    pixels: Vec<u8>,
    /// One row of colors without alpha.
    colors: Vec<u8>,
    /// One row of the result, and the same without alpha.
    row: Vec<u8>,
    rgb: Vec<u8>,
    /// Whether a pixel is not fully transparent.
    visible: bool,
    /// Whether all pixels are opaque.
    opaque: bool,
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
        options: &LoadOptions,
        warnings: &mut Vec<ImageWarning>,
    ) -> Result<Canvas, ImageError> {
        let described = described.filter(|_| options.color_profiles == ColorProfiles::Convert);
        let converter = described.map(|described| converter(described, layout.is_gray()));
        let converter = converter.transpose().unwrap_or_else(|reason| {
            warnings.push(ImageWarning::ProfileIgnored { path: name.to_path_buf(), reason });
            None
        });
        let channels = if layout.has_alpha() && options.keep_alpha { 4 } else { 3 };
        let mut pixels = Vec::new();
        if pixels.try_reserve_exact(width * height * channels).is_err() {
            check_memory(name, (width, height), u64::MAX)?;
        }
        Ok(Canvas {
            layout,
            width,
            height,
            converter: converter.flatten(),
            background: options.background,
            channels,
            pixels,
            colors: Vec::new(),
            row: vec![0; width * channels],
            rgb: vec![0; width * 3],
            visible: !layout.has_alpha(),
            opaque: true,
            filled: 0,
        })
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Adds the next row, of samples in the canvas's layout.
    pub(super) fn push(&mut self, samples: &[u8]) {
        let pixels = self.convert(samples);
        self.pixels.extend_from_slice(&self.row[..pixels * self.channels]);
    }

    /// Adds a row of one of the seven passes of an interlaced PNG.
    pub(super) fn scatter(&mut self, samples: &[u8], place: &png::Adam7Info) {
        let channels = self.channels;
        self.pixels.resize(self.width * self.height * channels, 0);
        let pixels = self.convert(samples);
        let (row, bits) = (&self.row[..pixels * channels], 8 * channels as u8);
        png::expand_interlaced_row(&mut self.pixels, self.width * channels, row, place, bits);
    }

    /// Turns samples into sRGB, at the start of `row`; gives the number of pixels.
    fn convert(&mut self, samples: &[u8]) -> usize {
        let count = self.layout.samples();
        let pixels = samples.len() / count;
        let rgb = &mut self.rgb[..pixels * 3];
        let colors = match self.layout.has_alpha() {
            true => {
                self.colors.clear();
                self.colors.extend(samples.chunks_exact(count).flat_map(|pixel| &pixel[..count - 1]));
                self.colors.as_slice()
            }
            false => samples,
        };
        match &self.converter {
            Some(converter) => converter.convert(colors, rgb),
            None if self.layout.is_gray() => {
                for (pixel, &level) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(colors) {
                    *pixel = [level; 3];
                }
            }
            None => rgb.copy_from_slice(colors),
        }
        let rgb = rgb.as_chunks::<3>().0;
        let alphas = samples.iter().skip(count - 1).step_by(count);
        if !self.layout.has_alpha() {
            self.row[..pixels * 3].copy_from_slice(rgb.as_flattened());
        } else if self.channels == 4 {
            for ((pixel, &[r, g, b]), &alpha) in
                self.row.as_chunks_mut::<4>().0.iter_mut().zip(rgb).zip(alphas)
            {
                self.visible |= alpha != 0;
                self.opaque &= alpha == u8::MAX;
                *pixel = [r, g, b, alpha];
            }
        } else {
            for ((pixel, color), &alpha) in self.row.as_chunks_mut::<3>().0.iter_mut().zip(rgb).zip(alphas) {
                self.visible |= alpha != 0;
                *pixel = laid_over(*color, alpha, self.background);
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
    ) -> Result<DynamicImage, &'static str> {
        if !self.is_complete() {
            return Err("fewer rows than the header says");
        }
        if !self.visible {
            warnings.push(ImageWarning::Transparent { path: name.to_path_buf() });
        }
        let (width, height) = (self.width as u32, self.height as u32);
        let image = match self.channels {
            4 => RgbaImage::from_raw(width, height, self.pixels).map(DynamicImage::ImageRgba8),
            _ => RgbImage::from_raw(width, height, self.pixels).map(DynamicImage::ImageRgb8),
        };
        let image = image.ok_or("absurd dimensions")?;
        // Alpha that changes nothing is none.
        Ok(if self.opaque { DynamicImage::ImageRgb8(image.into_rgb8()) } else { image })
    }
}

/// A color laid over another as alpha says, rounded.
pub(crate) fn laid_over(color: [u8; 3], alpha: u8, below: [u8; 3]) -> [u8; 3] {
    let alpha = u32::from(alpha);
    std::array::from_fn(|channel| {
        ((u32::from(color[channel]) * alpha + u32::from(below[channel]) * (255 - alpha) + 127) / 255) as u8
    })
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
