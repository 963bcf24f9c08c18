//! What a single value may be: each parser checks one, and its error says what would do.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, PossibleValue, PossibleValuesParser, TypedValueParser, ValueParser};
use impasto::architecture::{FEATURES, find_layer};
use impasto::transfer::{MAX_JITTER, MAX_THREADS};
use impasto::{Preset, preset::PRESETS};

/// The value of `--scales`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScaleCount {
    /// As many as lead from the smallest picture to the result.
    Auto,
    Exactly(usize),
}

/// The value of `--init`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InitArgument {
    Content,
    Random,
    /// The content image mixed with noise; the number is the share of noise, in percent.
    Blend(u8),
    /// An image, or an array where the extension is `.npy`.
    File(PathBuf),
}

impl TryFrom<PathBuf> for InitArgument {
    type Error = &'static str;

    fn try_from(path: PathBuf) -> Result<InitArgument, &'static str> {
        match path.to_str() {
            Some("content") => Ok(InitArgument::Content),
            Some("random") => Ok(InitArgument::Random),
            Some(text) if ["content:", "noise:"].iter().any(|start| text.starts_with(start)) => {
                blend(text).ok_or("a blend is written as content:0.7,noise:0.3")
            }
            _ => Ok(InitArgument::File(path)),
        }
    }
}

/// Two shares, of any sum above 0.
fn blend(text: &str) -> Option<InitArgument> {
    let (mut content, mut noise) = (None, None);
    for part in text.split(',') {
        let (name, share) = part.trim().split_once(':')?;
        let share = not_negative(share).ok()?;
        let given = match name {
            "content" => &mut content,
            "noise" => &mut noise,
            _ => return None,
        };
        if given.replace(share).is_some() {
            return None;
        }
    }
    let (content, noise) = (content?, noise?);
    let percent = 100.0 * noise / (content + noise);
    percent.is_finite().then(|| InitArgument::Blend(percent.round() as u8))
}

pub(super) fn init_parser() -> ValueParser {
    ValueParser::new(PathBufValueParser::new().try_map(InitArgument::try_from))
}

pub(super) fn init_without_content_parser() -> ValueParser {
    ValueParser::new(PathBufValueParser::new().try_map(|path| match InitArgument::try_from(path)? {
        InitArgument::Content | InitArgument::Blend(_) => {
            Err("a texture has no content image: use `random` or a file")
        }
        init => Ok(init),
    }))
}

#[cfg(feature = "plot")]
pub(super) fn svg_parser() -> ValueParser {
    ValueParser::new(PathBufValueParser::new().try_map(|path| {
        let is_svg = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svg"));
        if is_svg { Ok(path) } else { Err("the plot is written as SVG: name a file that ends in .svg") }
    }))
}

/// The presets that suit a command.
pub(super) fn presets(suits: impl Fn(&Preset) -> bool) -> ValueParser {
    let suitable: Vec<_> = PRESETS.iter().filter(|preset| suits(preset)).collect();
    one_of(suitable.into_iter().map(|preset| (preset.name, problem_of(preset), preset)))
}

/// The notebook's problem that a preset is, in a few words.
fn problem_of(preset: &Preset) -> &'static str {
    match preset.name {
        "composition" => "Tübingen after Kandinsky's Composition VII",
        "scream" => "Tübingen after Munch's The Scream",
        "starry" => "Tübingen after Van Gogh's The Starry Night",
        "inversion" => "the parameters of starry, with style weights of 0, from noise",
        "texture" => "the parameters of starry, with a content weight of 0, from noise",
        _ => "",
    }
}

/// One of several names, each with a line of help and the value that it stands for. The library's own types need no twin
/// here, as they would with `clap::ValueEnum`.
pub(super) fn one_of<T: Clone + Send + Sync + 'static>(
    choices: impl IntoIterator<Item = (&'static str, &'static str, T)>,
) -> ValueParser {
    let choices: Vec<_> = choices.into_iter().collect();
    let names: Vec<_> = choices.iter().map(|&(name, help, _)| PossibleValue::new(name).help(help)).collect();
    ValueParser::new(PossibleValuesParser::new(names).try_map(move |given| {
        let choice = choices.iter().find(|(name, ..)| *name == given);
        choice.map(|(.., value)| value.clone()).ok_or("unknown name")
    }))
}

/// A color, in RGB: `#ffffff`, or a name.
pub(super) fn color(text: &str) -> Result<[u8; 3], &'static str> {
    let digits = match text {
        "white" => "ffffff",
        "gray" | "grey" => "808080",
        "black" => "000000",
        other => other.strip_prefix('#').unwrap_or(other),
    };
    let is_color = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let number = u32::from_str_radix(digits, 16).ok().filter(|_| is_color);
    let [_, r, g, b] =
        number.ok_or("it must be white, gray, black, or a color such as #ffeedd")?.to_be_bytes();
    Ok([r, g, b])
}

/// The value of `--style-mask`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MaskArgument {
    /// Everywhere.
    None,
    File(PathBuf),
}

pub(super) fn mask_parser() -> ValueParser {
    ValueParser::new(PathBufValueParser::new().map(|path| match path.to_str() {
        Some("none") => MaskArgument::None,
        _ => MaskArgument::File(path),
    }))
}

/// The value of `--shard`: part `index`, counted from 1, of `count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) index: usize,
    pub(crate) count: usize,
}

pub(super) fn shard(text: &str) -> Result<Shard, &'static str> {
    let parse = |text: &str| text.trim().parse::<usize>().ok();
    let parts = text.split_once('/').and_then(|(index, count)| Some((parse(index)?, parse(count)?)));
    match parts {
        Some((index, count)) if (1..=count).contains(&index) => Ok(Shard { index, count }),
        _ => Err("it must be a part and how many there are, such as 2/8: the parts are 1 to 8"),
    }
}

/// The value of `--frames`: what each photograph of a sequence has of the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frames {
    /// Its result, moved along with what moved, which it is held to.
    Flow,
    /// Its result, to start from.
    Start,
    /// Nothing; only the flicker is measured.
    Alone,
}

/// Bits of each channel of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    Eight,
    Sixteen,
}

pub(super) fn not_negative(text: &str) -> Result<f64, &'static str> {
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        _ => Err("it must be a finite number that is not negative, such as 0.05"),
    }
}

pub(super) fn positive(text: &str) -> Result<f64, &'static str> {
    match not_negative(text) {
        Ok(value) if value > 0.0 => Ok(value),
        _ => Err("it must be a finite number above 0, such as 0.05"),
    }
}

pub(super) fn positive_integer(text: &str) -> Result<usize, &'static str> {
    match text.trim().parse() {
        Ok(value) if value > 0 => Ok(value),
        _ => Err("it must be a whole number of at least 1"),
    }
}

/// The value of `--size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PictureSize {
    /// The shorter side, in pixels.
    ShorterSide(usize),
    /// That of the photograph.
    Photo,
}

pub(super) fn picture_size(text: &str) -> Result<PictureSize, &'static str> {
    match (text.trim(), positive_integer(text)) {
        ("photo", _) => Ok(PictureSize::Photo),
        (_, Ok(size)) => Ok(PictureSize::ShorterSide(size)),
        _ => Err("it must be `photo` or a whole number of at least 1"),
    }
}

pub(super) fn scale_count(text: &str) -> Result<ScaleCount, &'static str> {
    match (text.trim(), positive_integer(text)) {
        ("auto", _) => Ok(ScaleCount::Auto),
        (_, Ok(count)) => Ok(ScaleCount::Exactly(count)),
        _ => Err("it must be `auto` or a whole number of at least 1"),
    }
}

pub(super) fn jitter(text: &str) -> Result<usize, String> {
    match whole_number(text) {
        Ok(jitter) if jitter <= MAX_JITTER => Ok(jitter),
        _ => Err(format!("it must be a whole number from 0, which does not shift, to {MAX_JITTER}")),
    }
}

pub(super) fn whole_number(text: &str) -> Result<usize, &'static str> {
    text.trim().parse().map_err(|_| "it must be a whole number, such as 0 or 10")
}

/// The shorter side of a made-up picture.
pub(super) fn side(text: &str) -> Result<usize, String> {
    // About where a picture of these proportions has as many pixels as one that is read may have.
    const MOST: usize = 12_000;
    match positive_integer(text) {
        Ok(side) if side <= MOST => Ok(side),
        _ => Err(format!("it must be a whole number from 1 to {MOST}")),
    }
}

pub(super) fn threads(text: &str) -> Result<usize, String> {
    match positive_integer(text) {
        Ok(threads) if threads <= MAX_THREADS => Ok(threads),
        _ => Err(format!("it must be a whole number from 1 to {MAX_THREADS}")),
    }
}

/// One of the numbers of threads that are measured.
pub(super) fn threads_of_a_machine(text: &str) -> Result<usize, String> {
    let known = impasto::bench::scaling::THREADS;
    match positive_integer(text) {
        Ok(threads) if known.contains(&threads) => Ok(threads),
        _ => Err(format!("it must be one of {}", known.map(|threads| threads.to_string()).join(", "))),
    }
}

/// Bytes: a number with a unit, decimal (`2G`) or binary (`2GiB`).
pub(super) fn bytes(text: &str) -> Result<u64, &'static str> {
    const WRONG: &str = "it must be a number of bytes above 0 with a unit, such as 2G, 700M or 1.5GiB";
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let factor = match unit.to_ascii_lowercase().as_str() {
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" => f64::from(1 << 10),
        "mib" => f64::from(1 << 20),
        "gib" => f64::from(1 << 30),
        "tib" => f64::from(1 << 10) * f64::from(1 << 30),
        _ => return Err(WRONG),
    };
    match positive(number) {
        Ok(number) if number * factor >= 1.0 => Ok((number * factor) as u64),
        _ => Err(WRONG),
    }
}

pub(super) fn layer(text: &str) -> Result<usize, String> {
    find_layer(text.trim()).ok_or_else(|| {
        let last = FEATURES.len() - 1;
        format!("the layers are 0 to {last}, or by name such as relu1 or fire3: see `impasto explain layers`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_finite_and_in_range() {
        for text in ["-1", "-0.5", "nan", "NaN", "inf", "1e400", "", "1,5", "0x10", "one"] {
            assert!(not_negative(text).is_err(), "{text}");
            assert!(positive(text).is_err(), "{text}");
        }
        assert_eq!(not_negative("0"), Ok(0.0));
        assert!(positive("0").is_err());
        assert_eq!(positive("3e5"), Ok(3e5));
        for text in ["0", "-3", "1.5", "", "99999999999999999999999"] {
            assert!(positive_integer(text).is_err(), "{text}");
        }
        for (text, expected) in
            [("2G", 2_000_000_000), ("1.5GiB", 3 << 29), ("700 mb", 700_000_000), ("1k", 1000)]
        {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["0G", "-2G", "2", "", "G", "2Q", "nanG", "infG", "2G5", "0.0001k"] {
            assert!(bytes(text).is_err(), "{text}");
        }
        assert_eq!((threads("1024"), threads("1025").is_err()), (Ok(1024), true));
        assert_eq!((layer("12"), layer("13").is_err(), layer("-1").is_err()), (Ok(12), true, true));
    }

    #[test]
    fn files_may_be_called_what_they_like() {
        assert_eq!(InitArgument::try_from(PathBuf::from("content")).unwrap(), InitArgument::Content);
        let file = PathBuf::from("./content");
        assert_eq!(InitArgument::try_from(file.clone()).unwrap(), InitArgument::File(file));
    }
}
