//! From the bytes of a file to upright RGB pixels, whatever the format. It does not resize, and leaves the particulars of
//! each format to a file of its own.

use std::path::Path;

use image::{DynamicImage, ImageFormat};
use ndarray::Array3;

use super::{
    Loaded,
    decoded::Decoded,
    error::ImageError,
    options::LoadOptions,
    other, png,
    recognize::{Recognized, recognize},
};

/// Decodes a file's bytes to a picture (H, W, 3), RGB, or (H, W, 4) with an alpha that is kept, turned upright unless the
/// options say otherwise. It is not resized.
pub(super) fn decode(bytes: &[u8], name: &Path, options: &LoadOptions) -> Result<Loaded, ImageError> {
    let path = name.to_path_buf();
    let decoded = match recognize(bytes) {
        #[cfg(feature = "jpeg")]
        Recognized::Image(ImageFormat::Jpeg) => super::jpeg::decode(bytes, name, options),
        Recognized::Image(ImageFormat::Png) => png::decode(bytes, name, options),
        #[cfg(feature = "tiff")]
        Recognized::Image(ImageFormat::Tiff) => super::tiff::decode(bytes, name, options),
        Recognized::Image(format) if !is_built_in(format) => {
            let feature = format!("{format:?}, which this program was built without");
            Err(ImageError::UnsupportedFormat { path, feature })
        }
        Recognized::Image(format) => other::decode(bytes, name, format, options),
        Recognized::Raw(kind) => Err(ImageError::RawPhoto { path, kind: kind.into() }),
        Recognized::Film(kind) => Err(ImageError::Film { path, kind: kind.into() }),
        Recognized::Unread(feature) => Err(ImageError::UnsupportedFormat { path, feature: feature.into() }),
        Recognized::NoImage(kind) => Err(ImageError::OtherFile { path, kind: kind.into() }),
        Recognized::Empty => Err(ImageError::Empty { path }),
        Recognized::Nothing => Err(ImageError::NotAnImage { path }),
    };
    let Decoded { mut image, metadata, warnings } = decoded?;
    if !options.ignore_orientation {
        image.apply_orientation(metadata.orientation());
    }
    let (height, width) = (image.height() as usize, image.width() as usize);
    let (channels, samples) = match image {
        DynamicImage::ImageRgba8(image) => (4, image.into_raw()),
        image => (3, image.into_rgb8().into_raw()),
    };
    let picture = Array3::from_shape_vec((height, width, channels), samples)
        .expect("an image has as many bytes as samples");
    let density = metadata.density();
    Ok(Loaded { picture, own_size: (height, width), density, record: metadata.record, warnings })
}

/// Whether a format that is known was chosen when the crate was built.
pub(super) fn is_built_in(format: ImageFormat) -> bool {
    let optional = [
        (ImageFormat::Jpeg, cfg!(feature = "jpeg")),
        (ImageFormat::Tiff, cfg!(feature = "tiff")),
        (ImageFormat::WebP, cfg!(feature = "webp")),
    ];
    optional.iter().all(|&(other, is_chosen)| is_chosen || other != format)
}

#[cfg(all(test, not(feature = "jpeg")))]
mod tests {
    use super::*;

    #[test]
    fn a_format_that_was_left_out_is_refused_by_name() {
        let refused = decode(b"\xff\xd8\xff\xe0", Path::new("a.jpg"), &LoadOptions::default());
        let error = refused.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("Jpeg, which this program was built without"), "{error}");
    }
}
