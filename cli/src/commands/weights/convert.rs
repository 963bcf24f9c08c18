//! `impasto weights convert`: from any format that is read to one that is written.

use anyhow::Context;
use impasto::Weights;
use impasto::arrays::Precision;
use impasto::weights::source_files;

use crate::arguments::{WeightsConvertArguments, WeightsOutput};
use crate::ending::Ending;
use crate::run::outputs;
use crate::text::{self, printable};

pub(crate) fn run(arguments: &WeightsConvertArguments) -> anyhow::Result<Ending> {
    let WeightsConvertArguments { input, output: WeightsOutput { path, container }, half } = arguments;
    outputs::refuse_shared("OUT", path, &[("IN", input)])?;
    for file in source_files(input)? {
        outputs::refuse_shared("OUT", path, &[("a file of IN", &file)])?;
    }
    let weights = Weights::load(input)?;
    let precision = if *half { Precision::Half } else { Precision::Single };
    weights.save(path, *container, precision)?;

    let parameters: usize = weights.convolutions().map(|(_, part)| part.weight.len() + part.bias.len()).sum();
    let element = if *half { "float16" } else { "float32" };
    let line = format!("{}: {parameters} parameters, {element}", path.display());
    text::print(&(printable(&line) + "\n")).context("cannot print what was written")?;
    Ok(Ending::Done)
}
