//! `impasto invert`: a photograph rebuilt from its features alone.

use crate::Ending;
use crate::arguments::InvertArguments;
use crate::problem::{Content, Problem};
use crate::synthesis::synthesize;

pub(crate) fn run(arguments: &InvertArguments) -> anyhow::Result<Ending> {
    let preset = arguments.preset;
    synthesize(&Problem {
        content: Some(Content::new(&arguments.content, &arguments.content_options, preset)),
        style: None,
        init: &arguments.init,
        preset,
        common: &arguments.common,
    })
}
