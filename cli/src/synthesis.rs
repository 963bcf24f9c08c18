//! The way of `transfer`, `invert` and `texture`: check the paths, load, build the session, run it, save.

use anyhow::Context;
use impasto::image::save_image;
use impasto::simd::Level;
use impasto::{Init, SqueezeNet, StyleTransfer, StyleTransferBuilder, Weights};

use crate::Ending;
use crate::arguments::InitArgument;
use crate::error::say;
use crate::inputs::Inputs;
use crate::interrupt::Interrupt;
use crate::problem::Problem;
use crate::summary::{Clock, Summary, peak_memory_bytes};
use crate::watcher::Watcher;
use crate::{outputs, weights};

pub(crate) fn synthesize(problem: &Problem<'_>) -> anyhow::Result<Ending> {
    let (common, reports) = (problem.common, &problem.common.reports);
    let output = common.picture.output.as_path();
    let interrupt = Interrupt::listen()?;
    let mut clock = Clock::start();

    let weights_path = weights::locate(common.network.weights.as_deref())?;
    outputs::check(problem, &weights_path)?;
    let weights = Weights::load_features(&weights_path, problem.deepest_layer())?;
    let network = SqueezeNet::new(weights, common.network.pooling);
    let inputs = Inputs::load(problem)?;
    let load = clock.phase();

    let mut session = builder(problem, &inputs, &network).build()?;
    let prepare = clock.phase();

    let mut watcher = Watcher::new(reports, session.iterations(), &interrupt)?;
    let outcome = session.run(&mut watcher)?;
    let iterate = clock.phase();

    save_image(output, outcome.picture.view())?;
    let save = clock.phase();
    watcher.finish()?;

    let (height, width, _) = outcome.picture.dim();
    let seconds = clock.seconds([load, prepare, iterate, save]);
    if !reports.quiet {
        let ended = if outcome.interrupted { "interrupted" } else { "done" };
        let plural = if outcome.iterations == 1 { "" } else { "s" };
        say(&format!(
            "{ended} after {} iteration{plural}: {} ({height}x{width}, {:.1} s)",
            outcome.iterations,
            output.display(),
            seconds.total
        ));
    }
    if reports.json {
        let summary = Summary {
            height,
            width,
            iterations: outcome.iterations,
            interrupted: outcome.interrupted,
            losses: outcome.losses.into(),
            seconds,
            peak_memory_bytes: peak_memory_bytes(),
            threads: session.threads(),
            simd: Level::current().name(),
            weights: weights_path.display().to_string(),
            output: output.display().to_string(),
        };
        summary.print().context("the picture was written")?;
    }
    Ok(if outcome.interrupted { Ending::Interrupted } else { Ending::Done })
}

/// The problem in the library's terms. What is left out has the library's default, which suits any picture.
fn builder<'a>(
    problem: &Problem<'_>,
    inputs: &'a Inputs,
    network: &'a SqueezeNet,
) -> StyleTransferBuilder<'a> {
    let common = problem.common;
    let (height, width) = inputs.size;
    let mut builder = StyleTransfer::builder(network)
        .canvas(height, width)
        .schedule(problem.schedule())
        .optimizer(common.optimization.optimizer)
        .init(match problem.init {
            InitArgument::Random => Init::Random { seed: common.picture.seed },
            // Of these, a file comes before the content image.
            InitArgument::Content | InitArgument::File(_) => Init::Content,
        });
    if let Some(image) = &inputs.init {
        builder = builder.init_image(image);
    }
    if let (Some(content), Some(picture)) = (&problem.content, &inputs.content) {
        builder = builder.content(picture).content_layer(content.layer);
        if let Some(weight) = content.weight {
            builder = builder.content_weight(weight);
        }
    }
    match &problem.style {
        Some(style) => {
            builder = builder.style_layers(&style.layers, &style.weights);
            for (picture, &(_, blend)) in inputs.styles.iter().zip(&style.pictures) {
                builder = builder.style(picture, blend);
            }
        }
        None => builder = builder.style_layers(&[], &[]),
    }
    if let Some(weight) = problem.tv_weight() {
        builder = builder.tv_weight(weight);
    }
    if let Some(iterations) = common.optimization.iterations {
        builder = builder.iterations(iterations);
    }
    if let Some(learning_rate) = common.optimization.learning_rate {
        builder = builder.learning_rate(learning_rate);
    }
    if let Some(threads) = common.network.threads {
        builder = builder.threads(threads);
    }
    builder
}
