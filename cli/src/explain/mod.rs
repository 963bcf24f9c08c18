//! `impasto explain`: what the library computes, as text for people, as JSON for programs, and as a page. It computes
//! nothing itself.
//!
//! - `tape`: the recorded tape of a problem, shown by `table` as aligned text, by `dot` as a graph for Graphviz, and by
//!   `page` as one HTML file
//! - `step`: one function, worked out by hand

mod dot;
mod page;
mod step;
mod table;
mod tape;

use anyhow::Context;

use crate::Ending;
use crate::arguments::ExplainArguments;
use crate::terminal;

pub(crate) fn run(arguments: &ExplainArguments) -> anyhow::Result<Ending> {
    match arguments.step {
        Some(step) => step::run(step, arguments.json),
        None => tape::run(arguments),
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    terminal::print(text).context("cannot print the explanation")
}
