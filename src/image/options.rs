//! How pictures are loaded.

use super::size::Size;

/// How [`load_image`](super::load_image) and [`decode_image`](super::decode_image) turn a file into a picture.
///
/// The default keeps the size, honors the orientation that a camera noted, converts colors to sRGB, and lays what is
/// transparent over white.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadOptions {
    /// The size of the result; `None` keeps that of the file.
    pub size: Option<Size>,
    /// Take the pixels as they are stored, even if EXIF or XMP says that the camera was turned.
    pub ignore_orientation: bool,
    /// What to make of a color profile.
    pub color_profiles: ColorProfiles,
    /// Keep the alpha of a picture that is not opaque all over: it is then (H, W, 4).
    pub keep_alpha: bool,
    /// The color, in RGB, that a picture with alpha is laid over where the alpha is not kept.
    pub background: [u8; 3],
}

impl Default for LoadOptions {
    fn default() -> Self {
        LoadOptions {
            size: None,
            ignore_orientation: false,
            color_profiles: ColorProfiles::default(),
            keep_alpha: false,
            background: [u8::MAX; 3],
        }
    }
}

/// What to make of the color profile of a picture, such as that of Display P3 or Adobe RGB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ColorProfiles {
    /// Convert the colors to sRGB, which is what screens show and what the network was trained on. Pictures that are
    /// sRGB already, or have no profile, stay as they are, bit by bit.
    #[default]
    Convert,
    /// Take the numbers as they are stored, as the notebook does.
    Ignore,
}

impl LoadOptions {
    /// Resize to this shorter side in pixels, as the notebook's `load_image(path, size)` does.
    pub fn shorter_side(size: usize) -> Self {
        Self { size: Some(Size::ShorterSide(size)), ..Self::default() }
    }

    /// The same options, with a resize to this size.
    pub fn with_size(self, size: Size) -> Self {
        Self { size: Some(size), ..self }
    }

    /// The same options, with or without regard to the orientation that a camera noted.
    pub fn with_ignore_orientation(self, ignore_orientation: bool) -> Self {
        Self { ignore_orientation, ..self }
    }

    /// The same options, with or without the alpha of pictures that are not opaque.
    pub fn with_alpha(self, keep_alpha: bool) -> Self {
        Self { keep_alpha, ..self }
    }

    /// The same options, with a color, in RGB, below what is transparent.
    pub fn with_background(self, background: [u8; 3]) -> Self {
        Self { background, ..self }
    }

    /// The same options, with color profiles converted or ignored.
    pub fn with_color_profiles(self, color_profiles: ColorProfiles) -> Self {
        Self { color_profiles, ..self }
    }
}
