//! What is kept of a run for its page, and told to pages that are open.

use std::ffi::OsString;
use std::sync::{Arc, Mutex, PoisonError};

use impasto::{Iteration, Outcome, Scale, StyleTransfer};
use ndarray::Array3;
use serde::Serialize;

use super::live::{Listeners, Live};
use super::{FRAME_SIDE, Frame, PICTURE_SIDE, Run, settings, uri};
use crate::run::inputs::Inputs;
use crate::run::request::Request;
use crate::run::summary::Summary;
use crate::run::weights::Located;

/// Pictures along the way, about; that at the end of each scale always.
const FRAMES: f64 = 24.0;

/// Keeps a run's losses, and some of its pictures.
pub(crate) struct Recorder {
    run: Arc<Mutex<Run>>,
    listeners: Option<Arc<Listeners>>,
    /// The part of the work that is done when the next picture is due.
    next: f64,
}

/// What an open page is told of an iteration.
#[derive(Serialize)]
struct Step<'a> {
    scale: usize,
    total: f64,
    content: f64,
    style: f64,
    tv: f64,
    temporal: f64,
    layers: &'a [f64],
    progress: f64,
    status: String,
}

impl Recorder {
    /// For a session of a request that came with this command line; a live page shows it from now on.
    pub(crate) fn new(
        request: &Request<'_>,
        line: &[OsString],
        inputs: &Inputs,
        session: &StyleTransfer,
        weights: &Located,
        live: Option<&Live>,
    ) -> anyhow::Result<Recorder> {
        let picture = |picture: &Array3<u8>| uri(picture.clone(), PICTURE_SIDE, 88);
        let (height, width) = session.size();
        let run = Run {
            title: settings::title(request),
            photograph: inputs.content.as_ref().map(picture).transpose()?,
            transparent: inputs.content.as_ref().is_some_and(|content| content.dim().2 == 4),
            styles: inputs.styles.iter().map(picture).collect::<Result<_, _>>()?,
            width,
            height,
            scales: session.scales().to_vec(),
            parameters: settings::table(request, line, session, weights),
            live: live.is_some(),
            ..Run::default()
        };
        let run = Arc::new(Mutex::new(run));
        if let Some(live) = live {
            live.show(Arc::clone(&run));
        }
        Ok(Recorder { run, listeners: live.map(Live::listeners), next: 0.0 })
    }

    /// The page, as one file.
    pub(crate) fn html(&self) -> anyhow::Result<String> {
        self.change(|run| run.html())
    }

    fn change<R>(&self, change: impl FnOnce(&mut Run) -> R) -> R {
        change(&mut self.run.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tell(&self, event: &str, value: &impl Serialize) {
        if let (Some(listeners), Ok(json)) = (&self.listeners, serde_json::to_string(value)) {
            listeners.tell(event, &json);
        }
    }

    /// Takes in an iteration.
    pub(crate) fn iteration(&mut self, iteration: &Iteration<'_>) -> anyhow::Result<()> {
        self.change(|run| {
            let known = run.trace.layers.len();
            run.trace.push(iteration.scale, &iteration.losses, iteration.layers);
            run.progress = iteration.progress;
            if self.listeners.is_none() {
                return;
            }
            // Told before anything else changes: a page that is opened in between would hear of it twice.
            let layers = &run.trace.layers;
            if layers.len() != known {
                // Without the values of this iteration, which follow.
                let mut layers = layers.clone();
                for layer in &mut layers {
                    layer.values.pop();
                }
                self.tell("layers", &layers);
            }
            let values: Vec<f64> = layers.iter().filter_map(|layer| layer.values.last().copied()).collect();
            self.tell("step", &Step::new(iteration, &values));
        });
        let is_last = iteration.done_at_scale == iteration.present_scale().iterations;
        if iteration.progress >= self.next || is_last {
            self.next = ((iteration.progress * FRAMES).floor() + 1.0) / FRAMES;
            let Scale { height, width, .. } = iteration.present_scale();
            let frame = Frame {
                caption: format!("after iteration {}, at {width}×{height}", iteration.index + 1),
                picture: uri(iteration.picture(), FRAME_SIDE, 80)?,
            };
            self.change(|run| {
                self.tell("frame", &frame);
                run.frames.push(frame);
            });
        }
        Ok(())
    }

    /// Takes in the end of a run.
    pub(crate) fn end(&self, outcome: &Outcome, summary: &Summary) -> anyhow::Result<()> {
        let result = uri(outcome.picture.clone(), PICTURE_SIDE, 92)?;
        self.change(|run| {
            run.result = Some(result);
            run.lead = settings::lead(summary);
            run.times = settings::times(summary);
            run.ended = Some(summary.line());
            run.progress = 1.0;
            run.live = false;
            let Run { lead, result, times, ended, .. } = run;
            self.tell("end", &End { lead, result, times, ended });
        });
        Ok(())
    }
}

/// What an open page is told of the end: all that it does not have yet.
#[derive(Serialize)]
struct End<'a> {
    lead: &'a str,
    result: &'a Option<String>,
    times: &'a [(String, f64)],
    ended: &'a Option<String>,
}

impl<'a> Step<'a> {
    fn new(iteration: &Iteration<'_>, layers: &'a [f64]) -> Step<'a> {
        let losses = iteration.losses;
        Step {
            scale: iteration.scale,
            total: losses.total,
            content: losses.content,
            style: losses.style,
            tv: losses.tv,
            temporal: losses.temporal,
            layers,
            progress: iteration.progress,
            status: status(iteration),
        }
    }
}

/// How far the run is, in words.
fn status(iteration: &Iteration<'_>) -> String {
    let Scale { height, width, iterations } = iteration.present_scale();
    let elapsed = iteration.elapsed.as_secs_f64();
    let left = elapsed * (1.0 - iteration.progress) / iteration.progress.max(f64::MIN_POSITIVE);
    format!(
        "scale {} of {}, {width}×{height}, iteration {} of {iterations}, {left:.0} s left",
        iteration.scale + 1,
        iteration.scales.len(),
        iteration.done_at_scale
    )
}
