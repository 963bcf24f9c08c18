//! Color profiles: from the colors that a picture's numbers mean to sRGB, by moxcms. A profile that cannot be used is a
//! reason in words, never a failure.

use std::sync::Arc;

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, DataColorSpace, Layout, MatrixCoefficients,
    TransferCharacteristics, Transform8BitExecutor, TransformOptions,
};

/// A profile that moves no color by more than this many levels is taken for sRGB, and pixels stay as they are: the many
/// descriptions of sRGB that files carry differ by rounding.
const SAME_COLOR: u8 = 2;

/// What a file says about its colors.
pub(super) enum Described {
    /// An ICC profile.
    Icc(Vec<u8>),
    /// An ICC profile that is not all there.
    Incomplete,
    /// The code points of ITU-T H.273, as PNG's cICP chunk has them.
    CodePoints { primaries: u8, transfer: u8, full_range: bool },
    /// Adobe RGB (1998), by name alone.
    AdobeRgb,
}

/// A way from rows of 8-bit samples to rows of sRGB.
pub(super) struct Converter {
    transform: Arc<Transform8BitExecutor>,
}

impl Converter {
    /// Converts a row, of gray or RGB as told to [`converter`], to RGB.
    pub(super) fn convert(&self, row: &[u8], rgb: &mut [u8]) {
        // The lengths fit each other, which is all that can go wrong.
        if self.transform.transform(row, rgb).is_err() {
            debug_assert!(false, "{} samples to {}", row.len(), rgb.len());
        }
    }
}

/// The way from the described colors of gray or RGB samples to sRGB; `None` if that is what they are.
pub(super) fn converter(described: &Described, gray: bool) -> Result<Option<Converter>, String> {
    let profile = match described {
        Described::Icc(bytes) => ColorProfile::new_from_slice(bytes).map_err(|_| damaged())?,
        Described::Incomplete => return Err(damaged()),
        Described::AdobeRgb if gray => return Ok(None),
        Described::AdobeRgb => ColorProfile::new_adobe_rgb(),
        &Described::CodePoints { primaries, transfer, full_range } => {
            by_code_points(primaries, transfer, full_range)?
        }
    };
    let layout = match (profile.color_space, gray) {
        (DataColorSpace::Gray, true) => Layout::Gray,
        (DataColorSpace::Rgb, false) => Layout::Rgb,
        // A profile for RGB leaves gray pixels gray; only its curve would count.
        (DataColorSpace::Rgb, true) => Layout::Gray,
        (space, _) => {
            let picture = if gray { "gray" } else { "RGB" };
            return Err(format!("it is made for {}, the picture is {picture}", name_of(space)));
        }
    };
    let rgb_for_gray = layout == Layout::Gray && profile.color_space == DataColorSpace::Rgb;
    let profile = if rgb_for_gray { gray_of(profile)? } else { profile };
    let options = TransformOptions { prefer_fixed_point: false, ..TransformOptions::default() };
    let transform = profile
        .create_transform_8bit(layout, &ColorProfile::new_srgb(), Layout::Rgb, options)
        .map_err(|_| "it is damaged or of an unknown kind".to_string())?;
    let converter = Converter { transform };
    Ok((!converter.changes_nothing(gray)).then_some(converter))
}

impl Converter {
    /// Whether a sample of all colors stays as it is.
    fn changes_nothing(&self, gray: bool) -> bool {
        let mut samples: Vec<u8> = (0..=255).flat_map(|level| [level; 3]).collect();
        let steps = || (0..=255).step_by(51);
        samples.extend(steps().flat_map(|r| steps().flat_map(move |g| steps().flat_map(move |b| [r, g, b]))));
        let row: Vec<u8> = if gray { samples.iter().copied().step_by(3).collect() } else { samples.clone() };
        let expected = if gray { row.iter().flat_map(|&level| [level; 3]).collect() } else { samples };
        let mut converted = vec![0; expected.len()];
        self.convert(&row, &mut converted);
        converted.iter().zip(&expected).all(|(a, b)| a.abs_diff(*b) <= SAME_COLOR)
    }
}

/// A gray profile with the curve that an RGB profile has for its green.
fn gray_of(profile: ColorProfile) -> Result<ColorProfile, String> {
    let Some(curve) = profile.green_trc else {
        return Err("it is made for RGB, the picture is gray".into());
    };
    let mut gray = ColorProfile::new_gray_with_gamma(1.0);
    gray.gray_trc = Some(curve);
    Ok(gray)
}

fn by_code_points(primaries: u8, transfer: u8, full_range: bool) -> Result<ColorProfile, String> {
    let unknown = || format!("code points {primaries} and {transfer} are not known");
    // 16 and 18 are PQ and HLG, whose brightest light has no place among 255 levels.
    if matches!(transfer, 16 | 18) {
        return Err("high dynamic range has no reading in 8 bits".into());
    }
    if !full_range {
        return Err("a range narrower than 0 to 255 is not known".into());
    }
    let color_primaries = CicpColorPrimaries::try_from(primaries).map_err(|_| unknown())?;
    let transfer_characteristics = TransferCharacteristics::try_from(transfer).map_err(|_| unknown())?;
    let code_points = CicpProfile {
        color_primaries,
        transfer_characteristics,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    };
    // What the update returns says nothing in moxcms 0.8; the curves that it sets tell whether it went well.
    let mut profile = ColorProfile::new_srgb();
    profile.red_trc = None;
    profile.update_rgb_colorimetry_from_cicp(code_points);
    if profile.red_trc.is_some() { Ok(profile) } else { Err(unknown()) }
}

/// The profile of sRGB as files carry it, without a date: the same picture is the same file.
pub(super) fn srgb() -> Result<Vec<u8>, String> {
    /// Where the header has the date: six numbers of two bytes, the year first.
    const DATE: usize = 24;
    let mut profile = ColorProfile::new_srgb().encode().map_err(|error| error.to_string())?;
    for (bytes, number) in profile[DATE..].as_chunks_mut::<2>().0.iter_mut().zip([2000_u16, 1, 1, 0, 0, 0]) {
        *bytes = number.to_be_bytes();
    }
    Ok(profile)
}

fn damaged() -> String {
    "it is damaged".into()
}

fn name_of(space: DataColorSpace) -> &'static str {
    match space {
        DataColorSpace::Rgb => "RGB",
        DataColorSpace::Gray => "gray",
        DataColorSpace::Cmyk => "CMYK",
        DataColorSpace::Lab => "Lab",
        DataColorSpace::Xyz => "XYZ",
        _ => "other colors",
    }
}
