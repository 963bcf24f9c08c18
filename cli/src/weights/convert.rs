//! `impasto weights convert`: from any format that is read to one that is written.

use std::io::{Write, stdout};

use anyhow::Context;
use impasto::Weights;
use impasto::arrays::Precision;

use crate::Ending;
use crate::arguments::{WeightsConvertArguments, WeightsOutput};
use crate::outputs;

pub(crate) fn run(arguments: &WeightsConvertArguments) -> anyhow::Result<Ending> {
    let WeightsConvertArguments { input, output: WeightsOutput { path, container }, half } = arguments;
    outputs::refuse_shared("OUT", path, &[("IN", input)])?;
    let weights = Weights::load(input)?;
    let precision = if *half { Precision::Half } else { Precision::Single };
    weights.save(path, *container, precision)?;

    let parameters: usize = weights.convolutions().map(|(_, part)| part.weight.len() + part.bias.len()).sum();
    let element = if *half { "float16" } else { "float32" };
    writeln!(stdout(), "{}: {parameters} parameters, {element}", path.display())
        .context("cannot print what was written")?;
    Ok(Ending::Done)
}
