//! One picture of a batch.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Context;
use impasto::image::{LoadOptions, load_image_with_warnings};
use impasto::transfer::StyleCache;
use impasto::{Iteration, Outcome, SqueezeNet};
use ndarray::Array3;
use serde::Serialize;

use super::list::Item;
use crate::error::naming_the_option;
use crate::run::destination::Destination;
use crate::run::frame::{Frame, Previous};
use crate::run::inputs::Inputs;
use crate::run::interrupt::Interrupt;
use crate::run::outputs;
use crate::run::record::{InputRecord, Record};
use crate::run::request::Request;
use crate::run::source::{Source, sources};
use crate::run::synthesis::builder;

/// The deepest layer that any line may name: the network is read once, for all.
pub(super) const DEEPEST_LAYER: usize = impasto::architecture::FEATURES.len() - 1;

/// What became of a picture.
#[derive(Serialize)]
#[serde(tag = "became", rename_all = "lowercase")]
pub(super) enum Became {
    Painted {
        height: usize,
        width: usize,
    },
    /// It was there, made of the same.
    Skipped,
    /// Nothing of it was written.
    Interrupted,
    Failed {
        reason: String,
    },
}

/// What the pictures of a batch have in common.
pub(super) struct Workshop<'a> {
    pub(super) network: &'a SqueezeNet,
    /// The files of its weights, and what a record says of them.
    pub(super) weight_files: Vec<PathBuf>,
    pub(super) weights: Option<Vec<InputRecord>>,
    /// Those of one picture.
    pub(super) threads: usize,
    pub(super) interrupt: &'a Interrupt,
    /// What one picture found of its style, for the next in the same one.
    pub(super) styles: StyleCache,
}

impl Workshop<'_> {
    /// Paints an item to `output`, unless it is there already; of a frame, tells how much it flickers too. `show` is told how
    /// much is done, from 0 to 1.
    pub(super) fn paint(
        &self,
        item: &Item,
        output: &Path,
        show: &(dyn Fn(f64) + Sync),
    ) -> (Became, Option<f64>) {
        self.attempt(item, output, show).unwrap_or_else(|error| {
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            (Became::Failed { reason: causes.join(": ") }, None)
        })
    }

    fn attempt(
        &self,
        item: &Item,
        output: &Path,
        show: &(dyn Fn(f64) + Sync),
    ) -> anyhow::Result<(Became, Option<f64>)> {
        let arguments = &item.arguments;
        let content = Source::new(&arguments.content);
        let styles = sources(&arguments.styles);
        let mut request = Request::transfer(
            content,
            styles,
            &arguments.options,
            Some(&arguments.scales),
            &arguments.common,
        )?;
        request.previous = Previous::new(&arguments.frame);
        let mut destination = Destination::of(&arguments.result)?;
        let files = outputs::inputs(&request, &self.weight_files);
        if let Some(folder) = output.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot create the folder {}", folder.display()))?;
        }
        outputs::check(&destination, &arguments.reports, &files)?;
        let record = Record::new(&item.line, &outputs::pictures(&request), self.weights.clone());
        if let (Some(record), true) = (&record, output.is_file()) {
            let there = load_image_with_warnings(output, &LoadOptions::default()).ok();
            if let Some(there) = there
                && there.record.and_then(|text| Record::read(&text)).as_ref() == Some(record)
            {
                let flicker = match &item.before {
                    Some(_) => {
                        let Inputs { frame, content, .. } = Inputs::load(&request)?;
                        flicker(item, &request, frame.as_ref(), content.as_ref(), &there.picture)
                    }
                    None => None,
                };
                return Ok((Became::Skipped, flicker));
            }
        }
        let network = self.network.clone().with_pooling(arguments.common.network.pooling);
        let inputs = Inputs::load(&request)?;
        destination.check_size(inputs.size)?;
        let builder = builder(&request, &inputs, &network).threads(self.threads).style_cache(&self.styles);
        let mut session = builder.build().map_err(naming_the_option)?;
        let record = record.filter(|_| !arguments.result.no_record).and_then(|record| record.text());
        destination.describe(inputs.density, request.background(), record);
        // The session has what it needs of them; a frame is looked at once more.
        let (frame, content) = match &item.before {
            Some(_) => (inputs.frame, inputs.content),
            None => (None, None),
        };
        let outcome: Outcome = session.run_with(&mut |iteration: &Iteration<'_>| {
            show(iteration.progress);
            match self.interrupt.is_requested() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        // Half a picture would count as done.
        if outcome.interrupted {
            return Ok((Became::Interrupted, None));
        }
        destination.save(&session, &outcome)?;
        let (height, width) = session.size();
        let flicker = flicker(item, &request, frame.as_ref(), content.as_ref(), &outcome.picture);
        Ok((Became::Painted { height, width }, flicker))
    }
}

/// How much a frame flickers. Where its result has nothing of the frame before, that is read for it; what cannot be read
/// tells nothing.
fn flicker(
    item: &Item,
    request: &Request<'_>,
    frame: Option<&Frame>,
    content: Option<&Array3<u8>>,
    picture: &Array3<u8>,
) -> Option<f64> {
    if let Some(flicker) = frame.and_then(|frame| frame.flicker(picture)) {
        return Some(flicker);
    }
    let previous = Previous::new(item.before.as_ref()?)?;
    Frame::load(&previous, content?, request).ok()?.flicker(picture)
}
