//! `impasto invert`: a photograph rebuilt from its features alone.

use std::ffi::OsString;

use impasto::PreserveColors;

use crate::arguments::InvertArguments;
use crate::ending::Ending;
use crate::error::UsageError;
use crate::run::request::{Content, DEFAULT_SIZE, Defaults, Request};
use crate::run::source::Source;
use crate::run::synthesis::synthesize;

/// Runs what `line` says, which the result keeps a record of.
pub(crate) fn run(arguments: &InvertArguments, line: &[OsString]) -> anyhow::Result<Ending> {
    synthesize(&request(arguments)?, &arguments.result, &arguments.reports, line)
}

/// What is asked for.
pub(crate) fn request(arguments: &InvertArguments) -> Result<Request<'_>, UsageError> {
    let InvertArguments { content, preset, init, content_options, scales, common, .. } = arguments;
    let preset = *preset;
    let content = Content::new(Source::new(content), content_options, Defaults::of(preset, common))?;
    Ok(Request {
        content: Some(content),
        style: None,
        init,
        previous: None,
        preset,
        scales: Some(scales),
        preserve_colors: PreserveColors::None,
        style_strength: 1.0,
        seamless: false,
        common,
        default_size: DEFAULT_SIZE,
    })
}
