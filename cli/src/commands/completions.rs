//! `impasto completions`: a script for a shell, made from the declaration of the arguments.

use anyhow::Context;
use clap::CommandFactory;

use crate::arguments::{Arguments, CompletionsArguments};
use crate::ending::Ending;
use crate::text;

pub(crate) fn run(arguments: &CompletionsArguments) -> anyhow::Result<Ending> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "impasto", &mut script);
    text::print(&String::from_utf8(script)?).context("cannot print the completions")?;
    Ok(Ending::Done)
}
