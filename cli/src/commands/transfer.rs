//! `impasto transfer`: a photograph in the style of a painting.

use std::ffi::OsString;

use crate::arguments::TransferArguments;
use crate::ending::Ending;
use crate::run::frame::Previous;
use crate::run::request::Request;
use crate::run::source::{Source, sources};
use crate::run::synthesis::synthesize;

/// Runs what `line` says, which the result keeps a record of.
pub(crate) fn run(arguments: &TransferArguments, line: &[OsString]) -> anyhow::Result<Ending> {
    let TransferArguments { content, styles, result, options, frame, scales, common, reports } = arguments;
    let mut request =
        Request::transfer(Source::new(content), sources(styles), options, Some(scales), common)?;
    request.previous = Previous::new(frame);
    synthesize(&request, result, reports, line)
}
