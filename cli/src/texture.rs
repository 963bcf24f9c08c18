//! `impasto texture`: a texture from a painting's Gram matrices alone.

use crate::Ending;
use crate::arguments::TextureArguments;
use crate::problem::{Problem, Style};
use crate::synthesis::synthesize;

pub(crate) fn run(arguments: &TextureArguments) -> anyhow::Result<Ending> {
    let preset = arguments.preset;
    synthesize(&Problem {
        content: None,
        style: Some(Style::new(&arguments.styles, &arguments.style_options, preset)?),
        init: &arguments.init,
        preset,
        common: &arguments.common,
    })
}
