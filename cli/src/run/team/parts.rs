//! What the first process of a run gives to the others, and what these do with it.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use impasto::transfer::Team;
use impasto::{Checkpoint, SqueezeNet, StyleTransferBuilder, Weights};

use super::Mpi;
use super::pack::{pack_inputs, pack_weights, unpack_inputs, unpack_weights};
use crate::ending::Ending;
use crate::error::naming_the_option;
use crate::run::inputs::Inputs;
use crate::run::interrupt::Interrupt;
use crate::run::request::Request;
use crate::run::synthesis::builder;

/// Gives the others what the first read, and makes its session one of theirs.
pub(crate) fn lead<'a>(
    team: Mpi,
    weights: &Weights,
    inputs: &Inputs,
    checkpoint: Option<&Path>,
    builder: StyleTransferBuilder<'a>,
) -> anyhow::Result<StyleTransferBuilder<'a>> {
    if inputs.frame.is_some() {
        bail!("the frames of a sequence are painted by single processes: leave --previous out, or mpirun");
    }
    let checkpoint = match checkpoint {
        Some(path) => fs::read(path).with_context(|| format!("cannot read {}", path.display()))?,
        None => Vec::new(),
    };
    for bytes in [pack_weights(weights)?, pack_inputs(inputs), checkpoint] {
        (1..team.size()).try_for_each(|member| team.send(member, &bytes))?;
    }
    Ok(builder.team(team))
}

/// Computes with the first process, which writes and says everything.
pub(crate) fn assist(request: &Request<'_>, interrupt: &Interrupt, team: Mpi) -> anyhow::Result<Ending> {
    let weights = unpack_weights(&team.receive(0)?, request.deepest_layer())?;
    let network = SqueezeNet::new(weights).with_pooling(request.common.network.pooling);
    let inputs =
        unpack_inputs(&team.receive(0)?).context("the first process sent something else than pictures")?;
    let checkpoint = team.receive(0)?;
    let mut session = builder(request, &inputs, &network).team(team).build().map_err(naming_the_option)?;
    drop(inputs);
    if !checkpoint.is_empty() {
        session.resume(Checkpoint::read(&checkpoint[..])?)?;
    }
    // The first decides when the run ends.
    interrupt.wait_for_iterations();
    session.run()?;
    Ok(Ending::Done)
}
