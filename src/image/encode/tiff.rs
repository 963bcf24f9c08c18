//! TIFF, in 8 and 16 bits, not compressed.

use std::io::Cursor;

use tiff::{
    TiffResult,
    encoder::{
        Rational, TiffEncoder, TiffValue,
        colortype::{ColorType, RGB8, RGB16},
    },
    tags::{ExtraSamples, ResolutionUnit, Tag},
};

use super::{Page, Samples};

const XMP: u16 = 700;

pub(super) fn encode(page: &Page<'_>) -> Result<Vec<u8>, String> {
    match &page.samples {
        Samples::Eight(samples) => written::<RGB8>(page, samples),
        Samples::Sixteen(samples) => written::<RGB16>(page, samples),
    }
    .map_err(|error| error.to_string())
}

fn written<C: ColorType>(page: &Page<'_>, samples: &[C::Inner]) -> TiffResult<Vec<u8>>
where
    [C::Inner]: TiffValue,
{
    let mut encoded = Cursor::new(Vec::new());
    let mut tiff = TiffEncoder::new(&mut encoded)?;
    let mut image = tiff.new_image::<C>(page.width, page.height)?;
    if page.alpha {
        image.extra_samples(&[ExtraSamples::UnassociatedAlpha])?;
    }
    if let Some(density) = page.density {
        let rational = |density: f64| Rational { n: (100.0 * density).round() as u32, d: 100 };
        image.resolution_unit(ResolutionUnit::Inch);
        image.x_resolution(rational(density.across));
        image.y_resolution(rational(density.down));
    }
    image.encoder().write_tag(Tag::IccProfile, &page.profile[..])?;
    if let Some(xmp) = &page.xmp {
        image.encoder().write_tag(Tag::Unknown(XMP), xmp.as_bytes())?;
    }
    image.write_data(samples)?;
    Ok(encoded.into_inner())
}
