//! The way of `transfer`, `invert` and `texture`: check the paths, load, build the session, run it, save. Its first steps
//! are also those of `explain`.

use std::ffi::OsString;

use anyhow::Context;
use impasto::{SqueezeNet, StyleTransfer, StyleTransferBuilder, Weights};

use crate::arguments::{ReportOptions, ResultOptions};
use crate::ending::Ending;
use crate::error::{naming_the_option, say};
use crate::run::checkpoints::{self, Checkpoints};
use crate::run::destination::Destination;
use crate::run::frame::Frame;
use crate::run::inputs::Inputs;
use crate::run::interrupt::Interrupt;
use crate::run::outputs::{self, write_text};
use crate::run::record::{Record, weights_record};
use crate::run::report::{Live, Recorder};
use crate::run::request::Request;
use crate::run::summary::{self, Clock, Summary};
use crate::run::team;
use crate::run::watcher::Watcher;
use crate::run::weights::Located;

pub(crate) fn synthesize(
    request: &Request<'_>,
    result: &ResultOptions,
    reports: &ReportOptions,
    line: &[OsString],
) -> anyhow::Result<Ending> {
    let interrupt = Interrupt::listen()?;
    #[cfg(feature = "mpi")]
    if let Some(joined) = team::join(&interrupt, checkpoints::path(reports))? {
        use impasto::transfer::Team;
        return joined.run(|team| match team.rank() {
            0 => paint(request, result, reports, line, &interrupt, |weights, inputs, builder| {
                team::lead(team, weights, inputs, reports.resume.as_deref(), builder)
            }),
            _ => team::assist(request, &interrupt, team),
        });
    }
    #[cfg(not(feature = "mpi"))]
    team::refuse()?;
    paint(request, result, reports, line, &interrupt, |_, _, builder| Ok(builder))
}

/// The same, where `share` lets others take part in what was read.
fn paint(
    request: &Request<'_>,
    result: &ResultOptions,
    reports: &ReportOptions,
    line: &[OsString],
    interrupt: &Interrupt,
    share: impl for<'a> FnOnce(
        &Weights,
        &Inputs,
        StyleTransferBuilder<'a>,
    ) -> anyhow::Result<StyleTransferBuilder<'a>>,
) -> anyhow::Result<Ending> {
    let mut output = Destination::of(result)?;
    let options = &request.common.network;
    let mut clock = Clock::start();

    let weights = Located::find(options.weights.as_deref());
    let weight_files = weights.files();
    let input_files = outputs::inputs(request, &weight_files);
    outputs::check(&output, reports, &input_files)?;
    let live = reports.watch.map(Live::start).transpose()?;
    if let Some(live) = &live {
        say(&format!("watch the run at {}", live.url()));
    }
    let network = SqueezeNet::new(weights.load(request.deepest_layer())?).with_pooling(options.pooling);
    let mut inputs = Inputs::load(request)?;
    inputs.warn(reports.quiet);
    output.check_size(inputs.size)?;
    let record = Record::new(line, &outputs::pictures(request), weights_record(&weights));
    let checkpoint = match &reports.resume {
        Some(path) => Some(checkpoints::read(path, record.as_ref(), reports.quiet)?),
        None => None,
    };
    let checkpoints = Checkpoints::new(reports, record.as_ref());
    let load = clock.phase();

    let builder = share(network.weights(), &inputs, builder(request, &inputs, &network))?;
    let mut session = builder.build().map_err(naming_the_option)?;
    // The session has what it needs of the pictures.
    let mut notes = std::mem::take(&mut inputs.notes);
    notes.extend(unpainted(session.unpainted()));
    let is_transparent = inputs.content.as_ref().is_some_and(|content| content.dim().2 == 4);
    if is_transparent && !output.has_alpha() {
        notes.push(format!(
            "{output} has no transparency, so the picture is laid over --background; PNG, WebP and TIFF keep it"
        ));
    }
    let mut record = record.filter(|_| !result.no_record);
    let density = inputs.density;
    let recorder = match reports.report.is_some() || live.is_some() {
        true => Some(Recorder::new(request, line, &inputs, &session, &weights, live.as_ref())?),
        false => None,
    };
    let frame = inputs.frame.take();
    drop(inputs);
    if let Some(checkpoint) = checkpoint {
        notes.push(format!("going on after {} iterations", checkpoint.iterations_done()));
        session.resume(checkpoint)?;
    }
    let prepare = clock.phase();

    weights.announce(reports.quiet);
    if !reports.quiet {
        notes.iter().for_each(|note| say(&format!("note: {note}")));
    }
    let mut watcher = Watcher::new(reports, interrupt, checkpoints, recorder, live.as_ref())?;
    interrupt.wait_for_iterations();
    let outcome = session.run_with(&mut watcher)?;
    let iterate = clock.phase();

    let recorder = watcher.end(&outcome);
    if let (Some(record), true) = (&mut record, outcome.interrupted) {
        record.ended_after = Some(outcome.iterations);
    }
    output.describe(density, request.background(), record.and_then(|record| record.text()));
    output.save(&session, &outcome)?;
    let save = clock.phase();

    let seconds = clock.seconds([load, prepare, iterate, save]);
    let flicker = frame.and_then(|frame| frame.flicker(&outcome.picture));
    let summary = Summary::new(&session, &outcome, seconds, &weights, &output, flicker);
    if let Some(recorder) = recorder {
        recorder.end(&outcome, &summary)?;
        if let Some(path) = &reports.report {
            write_text("the report", path, &recorder.html()?).context("the picture was written")?;
        }
    }
    if !reports.quiet {
        say(&summary.line());
    }
    if reports.json {
        summary::print(&summary)?;
    }
    Ok(summary.ending(interrupt))
}

/// A note about places that no mask covers.
fn unpainted(share: f64) -> Option<String> {
    (share > 0.0).then(|| {
        let percent = match 100.0 * share {
            ..1.0 => "less than 1".to_owned(),
            percent => format!("{percent:.0}"),
        };
        format!("no style's mask covers {percent} % of the picture, which is painted in no style")
    })
}

/// The request in the library's terms. What is left out has the library's default, which suits any picture.
pub(crate) fn builder<'a>(
    request: &Request<'_>,
    inputs: &'a Inputs,
    network: &'a SqueezeNet,
) -> StyleTransferBuilder<'a> {
    let common = request.common;
    let (height, width) = inputs.size;
    let mut builder = StyleTransfer::builder(network)
        .canvas(height, width)
        .schedule(request.schedule())
        .optimizer(common.optimization.optimizer)
        .init(request.init())
        .preserve_colors(request.preserve_colors)
        .gray(common.picture.gray)
        .seamless(request.seamless)
        .normalize_gradients(common.optimization.normalize_gradients);
    if let Some(image) = &inputs.init {
        builder = builder.init_image(image);
    }
    if let Some(Frame { start, motion: Some((motion, weight)), .. }) = &inputs.frame {
        builder = builder.temporal(start, motion.trust(), *weight);
    }
    if let (Some(content), Some(picture)) = (&request.content, &inputs.content) {
        builder = builder.content(picture).content_layers(&content.layers).background(content.background);
        if let Some(mask) = &inputs.content_mask {
            builder = builder.content_mask(mask);
        }
        if let Some(weight) = content.weight {
            builder = builder.content_weight(weight);
        }
    }
    match &request.style {
        Some(style) => {
            builder = builder.style_layers(&style.layers).style_moments(style.moments);
            let pictures = inputs.styles.iter().zip(&inputs.style_masks);
            for ((picture, mask), &(_, blend)) in pictures.zip(&style.pictures) {
                builder = match mask {
                    Some(mask) => builder.masked_style(picture, blend, mask),
                    None => builder.style(picture, blend),
                };
            }
        }
        None => builder = builder.style_layers(&[]),
    }
    if let Some(weight) = request.tv_weight() {
        builder = builder.tv_weight(weight);
    }
    builder = builder.style_strength(request.style_strength).jitter_seed(common.picture.seed);
    if let Some(count) = request.scale_count() {
        builder = builder.scales(count);
    }
    if let Some(smallest) = request.scales.and_then(|scales| scales.smallest) {
        builder = builder.smallest(smallest);
    }
    builder = with_iterations(builder, common.optimization.iterations.as_deref());
    if let Some(jitter) = request.jitter() {
        builder = builder.jitter(jitter);
    }
    if let Some(learning_rate) = common.optimization.learning_rate {
        builder = builder.learning_rate(learning_rate);
    }
    if let Some(rate) = common.optimization.stop_below {
        builder = builder.stop_below(rate);
    }
    if let Some(threads) = common.network.threads {
        builder = builder.threads(threads);
    }
    if let Some(memory) = common.network.memory {
        builder = builder.memory(memory);
    }
    builder
}

/// The builder with the iterations of an option that holds one number for all scales, or one per scale.
pub(crate) fn with_iterations<'a>(
    builder: StyleTransferBuilder<'a>,
    iterations: Option<&[usize]>,
) -> StyleTransferBuilder<'a> {
    match iterations {
        None => builder,
        Some(&[iterations]) => builder.iterations(iterations),
        Some(list) => builder.iterations_per_scale(list),
    }
}
