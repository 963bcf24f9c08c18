//! `impasto transfer`: a photograph in the style of a painting.

use std::ffi::OsString;

use crate::arguments::TransferArguments;
use crate::ending::Ending;
use crate::error::UsageError;
use crate::run::frame::Previous;
use crate::run::request::Request;
use crate::run::source::{Source, sources};
use crate::run::synthesis::synthesize;

/// Runs what `line` says, which the result keeps a record of.
pub(crate) fn run(arguments: &TransferArguments, line: &[OsString]) -> anyhow::Result<Ending> {
    synthesize(&request(arguments)?, &arguments.result, &arguments.reports, line)
}

/// What is asked for.
pub(crate) fn request(arguments: &TransferArguments) -> Result<Request<'_>, UsageError> {
    let TransferArguments { content, styles, options, frame, scales, common, .. } = arguments;
    let mut request =
        Request::transfer(Source::new(content), sources(styles), options, Some(scales), common)?;
    request.previous = Previous::new(frame);
    Ok(request)
}
