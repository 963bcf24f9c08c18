//! `impasto demo`: a first picture with nothing but the binary, and a page that shows it. The pictures it starts from
//! are the project's own, drawn by `tools/pictures`.
//!
//! - `folder`: the files that are written, all of them or none
//! - `page`: what happened, as one HTML file
//! - `curve`: how the losses fell, as SVG

mod curve;
mod folder;
mod page;

use std::ops::ControlFlow;
use std::path::Path;

use impasto::image::{LoadOptions, SaveOptions, deprocess_image, save_image, shrink_image};
use impasto::samples::{SWIRL, Sample, TOWN};
use impasto::{Iteration, LossWeights, Losses, Observer, SqueezeNet, StyleTransfer};
use ndarray::Array3;
use serde::Serialize;

use crate::arguments::DemoArguments;
use crate::ending::Ending;
use crate::error::{naming_the_option, say};
use crate::run::destination::rescue;
use crate::run::interrupt::Interrupt;
use crate::run::progress::Progress;
use crate::run::summary::{self, Clock, Summary};
use crate::run::synthesis::with_iterations;
use crate::run::weights::Located;
use folder::Staging;
use page::Page;

const CONTENT: Sample = TOWN;
const STYLE: Sample = SWIRL;

/// The longer side of a picture in the strip of scales, at most, in pixels.
const STRIP_SIDE: usize = 360;

const RESULT: &str = "town-swirl.png";
const PAGE: &str = "index.html";

/// Every file that a demo writes.
const FILES: [&str; 4] = [CONTENT.file_name, STYLE.file_name, RESULT, PAGE];

pub(crate) fn run(arguments: &DemoArguments) -> anyhow::Result<Ending> {
    let DemoArguments { output_dir, network: options, quiet, .. } = arguments;
    let interrupt = Interrupt::listen()?;
    let mut clock = Clock::start();

    folder::check(output_dir, arguments.force)?;
    let weights = Located::find(options.weights.as_deref());
    let deepest_layer = LossWeights::STYLE_LAYERS.into_iter().fold(LossWeights::CONTENT_LAYER, usize::max);
    let network = SqueezeNet::new(weights.load(deepest_layer)?).with_pooling(options.pooling);
    let of_size = LoadOptions::shorter_side(arguments.size);
    let [content, style] = [CONTENT.decode(&of_size)?, STYLE.decode(&of_size)?];
    let load = clock.phase();

    let mut builder = StyleTransfer::builder(&network).content(&content).style(&style, 1.0);
    if let Some(threads) = options.threads {
        builder = builder.threads(threads);
    }
    if let Some(memory) = options.memory {
        builder = builder.memory(memory);
    }
    builder = with_iterations(builder, arguments.iterations.as_deref());
    let mut session = builder.build().map_err(naming_the_option)?;
    let prepare = clock.phase();

    weights.announce(*quiet);
    let progress = Progress::new(*quiet);
    let mut recorder = Recorder { interrupt: &interrupt, progress, losses: Vec::new(), strip: Vec::new() };
    interrupt.wait_for_iterations();
    let outcome = session.run_with(&mut recorder)?;
    let Recorder { progress, mut losses, mut strip, .. } = recorder;
    progress.end();
    losses.push(outcome.losses);
    if outcome.interrupted {
        // The scale that it was ended at is the last that the strip shows.
        strip.push(shrink_image(outcome.picture.clone(), STRIP_SIDE));
    }
    let iterate = clock.phase();

    let mut publish = || -> anyhow::Result<Summary> {
        let staging = Staging::new(output_dir)?;
        save_image(&staging.path(RESULT), outcome.picture.view())?;
        let save = clock.phase();

        let seconds = clock.seconds([load, prepare, iterate, save]);
        let summary =
            Summary::new(&session, &outcome, seconds, &weights, output_dir.join(RESULT).display(), None);
        let result = staging.read(RESULT)?;
        let page = Page {
            summary: &summary,
            weights: &weights,
            scales: session.scales(),
            strip: &strip,
            losses: &losses,
            result: &result,
        };
        staging.write(CONTENT.file_name, CONTENT.jpeg)?;
        staging.write(STYLE.file_name, STYLE.jpeg)?;
        staging.write(PAGE, page.html()?.as_bytes())?;
        staging.publish(output_dir)?;
        Ok(summary)
    };
    let summary = publish()
        .map_err(|error| rescue(Path::new(RESULT), outcome.picture.view(), SaveOptions::default(), error))?;

    let page = output_dir.join(PAGE);
    if !quiet {
        say(&summary.line());
        say(&format!("open {} in a browser", page.display()));
    }
    if arguments.json {
        summary::print(&DemoSummary { summary: &summary, page: &page })?;
    }
    Ok(summary.ending(&interrupt))
}

/// What `--json` prints.
#[derive(Serialize)]
struct DemoSummary<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    page: &'a Path,
}

/// Shows progress, keeps the losses of every iteration and a picture of every scale, and ends the run when the user asks for it.
struct Recorder<'a> {
    interrupt: &'a Interrupt,
    progress: Progress,
    losses: Vec<Losses>,
    /// The picture at the end of each scale, at most [`STRIP_SIDE`] long.
    strip: Vec<Array3<u8>>,
}

impl Observer for Recorder<'_> {
    fn iteration(&mut self, iteration: &Iteration<'_>) -> ControlFlow<()> {
        self.losses.push(iteration.losses);
        self.progress.show(iteration);
        if iteration.done_at_scale == iteration.present_scale().iterations {
            let picture = deprocess_image(iteration.image(), false);
            self.strip.push(shrink_image(picture, STRIP_SIDE));
        }
        if self.interrupt.is_requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
