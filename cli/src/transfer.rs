//! `impasto transfer`: a photograph in the style of a painting.

use impasto::Init;

use crate::Ending;
use crate::arguments::{InitArgument, TransferArguments};
use crate::problem::{Content, Problem, Style};
use crate::synthesis::synthesize;

pub(crate) fn run(arguments: &TransferArguments) -> anyhow::Result<Ending> {
    let preset = arguments.preset;
    let default_init = match preset.map(|preset| preset.init) {
        Some(Init::Random { .. }) => InitArgument::Random,
        Some(Init::Content) | None => InitArgument::Content,
    };
    synthesize(&Problem {
        content: Some(Content::new(&arguments.content, &arguments.content_options, preset)),
        style: Some(Style::new(&arguments.styles, &arguments.style_options, preset)?),
        init: arguments.init.as_ref().unwrap_or(&default_init),
        preset,
        common: &arguments.common,
    })
}
