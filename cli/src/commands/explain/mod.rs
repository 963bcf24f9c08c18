//! `impasto explain`: what the library computes, as text for people, as JSON for programs, and as a page. It computes
//! nothing itself.
//!
//! - `tape`: the recorded tape of a request, shown by `table` as aligned text, by `dot` as a graph for Graphviz, and by
//!   `page` as one HTML file
//! - `report`: what these three show
//! - `step`: one function, worked out by hand
//! - `layers`: those of the network

mod dot;
mod layers;
mod page;
mod report;
mod step;
mod table;
mod tape;

use anyhow::Context;

use crate::arguments::{ExplainArguments, ExplainSubject};
use crate::ending::Ending;
use crate::text;

pub(crate) fn run(arguments: &ExplainArguments) -> anyhow::Result<Ending> {
    match (&arguments.subject, arguments.step) {
        (Some(ExplainSubject::Step(step)), _) => step::run(step.function, step.json),
        (Some(ExplainSubject::Layers(layers)), _) => layers::run(layers.json),
        (None, _) if arguments.layers => layers::run(false),
        (None, Some(function)) => step::run(function, arguments.json),
        (None, None) => tape::run(arguments),
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    text::print(text).context("cannot print the explanation")
}
