//! `impasto texture`: a texture from a painting's Gram matrices alone.

use std::ffi::OsString;

use impasto::PreserveColors;

use crate::arguments::TextureArguments;
use crate::ending::Ending;
use crate::error::UsageError;
use crate::run::request::{DEFAULT_SIZE, Defaults, Request, Style};
use crate::run::source::sources;
use crate::run::synthesis::synthesize;

/// Runs what `line` says, which the result keeps a record of.
pub(crate) fn run(arguments: &TextureArguments, line: &[OsString]) -> anyhow::Result<Ending> {
    synthesize(&request(arguments)?, &arguments.result, &arguments.reports, line)
}

/// What is asked for.
pub(crate) fn request(arguments: &TextureArguments) -> Result<Request<'_>, UsageError> {
    let TextureArguments { styles, preset, init, seamless, style_options, scales, common, .. } = arguments;
    let preset = *preset;
    let style = Style::new(sources(styles), style_options, Defaults::of(preset, common))?;
    Ok(Request {
        content: None,
        style: Some(style),
        init,
        previous: None,
        preset,
        scales: Some(scales),
        preserve_colors: PreserveColors::None,
        style_strength: 1.0,
        seamless: *seamless,
        common,
        default_size: DEFAULT_SIZE,
    })
}
