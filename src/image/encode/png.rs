//! PNG, in 8 and 16 bits.

use std::borrow::Cow;

use png::{BitDepth, ColorType, Compression, Encoder, EncodingError, Filter, Info, PixelDimensions, Unit};

use super::{Page, Samples};

/// The keyword of an XMP packet.
const XMP: &str = "XML:com.adobe.xmp";

pub(super) fn encode(page: &Page<'_>) -> Result<Vec<u8>, String> {
    written(page).map_err(|error| error.to_string())
}

fn written(page: &Page<'_>) -> Result<Vec<u8>, EncodingError> {
    let mut info = Info::with_size(page.width, page.height);
    info.color_type = if page.alpha { ColorType::Rgba } else { ColorType::Rgb };
    info.bit_depth = match page.samples {
        Samples::Eight(_) => BitDepth::Eight,
        Samples::Sixteen(_) => BitDepth::Sixteen,
    };
    info.icc_profile = Some(Cow::Borrowed(&page.profile));
    info.pixel_dims = page.density.map(|density| {
        let [xppu, yppu] = density.to_meters();
        PixelDimensions { xppu, yppu, unit: Unit::Meter }
    });
    let mut encoded = Vec::new();
    let mut encoder = Encoder::with_info(&mut encoded, info)?;
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Adaptive);
    if let Some(xmp) = &page.xmp {
        encoder.add_itxt_chunk(XMP.into(), xmp.clone())?;
    }
    let mut writer = encoder.write_header()?;
    match &page.samples {
        Samples::Eight(samples) => writer.write_image_data(samples)?,
        Samples::Sixteen(samples) => {
            let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
            writer.write_image_data(&bytes)?;
        }
    }
    writer.finish()?;
    Ok(encoded)
}
