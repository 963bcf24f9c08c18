//! The options of `impasto explain`.

use std::path::PathBuf;

use clap::builder::ValueParser;
use clap::{Args, Subcommand};
use impasto::explain::by_hand::Function;

use super::shared::{CommonOptions, TransferOptions};
use super::values::{one_of, whole_number};

/// Show how the gradient travels: the recorded tape, node by node, with its numbers
///
/// Records what `impasto transfer CONTENT STYLE` would run, goes a few iterations, and shows every node of the tape:
/// its operation, inputs and shape, its parameters, floating-point operations and bytes, how long it takes forward and
/// backward, and the norms of its value and of its gradient. Without pictures it takes a small problem that is part of
/// this program.
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  impasto explain
  impasto explain --html explain.html
  impasto explain photo.jpg painting.jpg --size 192 --html explain.html
  impasto explain --preset starry --at 0 --json
  impasto explain --dot | dot -Tsvg -o tape.svg
  impasto explain step gram_matrix
  impasto explain layers"
)]
pub(crate) struct ExplainArguments {
    #[command(subcommand)]
    pub(crate) subject: Option<ExplainSubject>,
    /// The photograph [default: one that is built in]
    #[arg(value_name = "CONTENT", requires = "styles")]
    pub(crate) content: Option<PathBuf>,
    /// The painting, or several whose styles are blended [default: one that is built in]
    #[arg(value_name = "STYLE")]
    pub(crate) styles: Vec<PathBuf>,
    /// Write a page for any browser: the graph, every node's formulas and maps, the walks played, the run iteration by
    /// iteration under several weights, and the losses on a few numbers that can be changed
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Print the graph for Graphviz instead of the table
    #[arg(long, conflicts_with = "json")]
    pub(crate) dot: bool,
    /// Print one JSON object instead of the table
    #[arg(long)]
    pub(crate) json: bool,
    /// `impasto explain step NAME` under its older name.
    #[arg(
        long, value_name = "NAME", hide = true, value_parser = functions(),
        conflicts_with_all = [
            "content", "html", "dot", "at", "preset", "init", "ContentOptions", "StyleOptions", "PictureOptions",
            "OptimizationOptions", "NetworkOptions",
        ]
    )]
    pub(crate) step: Option<Function>,
    /// `impasto explain layers`, as a flag.
    #[arg(long, hide = true, exclusive = true)]
    pub(crate) layers: bool,
    /// How many iterations come before what is shown; 0 shows the picture that the run starts from
    #[arg(
        long, value_name = "N", default_value = "10", value_parser = whole_number, allow_negative_numbers = true
    )]
    pub(crate) at: usize,
    /// Print nothing on stderr but what went wrong
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) options: TransferOptions,
    #[command(flatten)]
    pub(crate) common: CommonOptions,
}

#[derive(Subcommand)]
pub(crate) enum ExplainSubject {
    Step(ExplainStepArguments),
    Layers(ExplainLayersArguments),
}

/// List the layers of the network: what each is called, how large its features are, what it sees of a picture
#[derive(Args)]
pub(crate) struct ExplainLayersArguments {
    /// Print one JSON array instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

/// Work out one of the notebook's functions by hand: every number, forward and backward
///
/// Takes an input of a few numbers through the function, one operation at a time, and back again, and prints the gradient
/// beside those of the tape and of central differences.
#[derive(Args)]
pub(crate) struct ExplainStepArguments {
    /// The function
    #[arg(value_name = "NAME", value_parser = functions())]
    pub(crate) function: Function,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

fn functions() -> ValueParser {
    let help = |function| match function {
        Function::ContentLoss => "the weighted sum of squared differences between two feature maps",
        Function::GramMatrix => "the products of every pair of channels, summed over positions",
        Function::StyleLoss => "the weighted sum of squared differences between Gram matrices",
        Function::TvLoss => "the weighted sum of squared differences between neighboring pixels",
    };
    one_of(Function::ALL.map(|function| (function.name(), help(function), function)))
}
