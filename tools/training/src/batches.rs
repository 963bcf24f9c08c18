//! Batches of crops, cut on a thread of their own while the step before computes. A batch follows from the
//! settings and its step alone, so a run may begin anywhere.

use crate::canvases::Canvases;
use crate::crops;
use crate::settings::{Phase, Settings};
use impasto_pictures::random::Random;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

/// Tells the random numbers of crops from those of pictures and parameters.
const CROPS: u64 = u64::MAX - 1;

/// Batches that wait for the step that takes them.
const AHEAD: usize = 2;

/// What one step trains on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// Crops (N, S, S, 3), preprocessed.
    pub images: Vec<f32>,
    /// The class of each.
    pub classes: Vec<usize>,
    /// Where the adversary starts, beside each crop, (N, S, S, 3); empty without one.
    pub starts: Vec<f32>,
    /// How far the adversary moves each crop, as root mean square; empty without one.
    pub radii: Vec<f32>,
}

impl Batch {
    /// Cuts the crops of step `step` into the batch's own buffers.
    pub fn fill(&mut self, canvases: &Canvases, settings: &Settings, step: usize, phase: Phase) {
        let len = settings.crop_size * settings.crop_size * 3;
        let has_adversary = phase == Phase::Adversarial;
        self.images.resize(settings.batch * len, 0.0);
        self.starts.resize(if has_adversary { self.images.len() } else { 0 }, 0.0);
        self.classes.clear();
        self.radii.clear();
        let [least, most] = settings.adversary(step).map(|radius| radius as f32);
        for (place, image) in self.images.chunks_exact_mut(len).enumerate() {
            let mut random = Random::from_parts(&[settings.seed, CROPS, step as u64, place as u64]);
            let index = random.below(canvases.len());
            crops::cut(canvases, index, &mut random, settings.crop_size, image);
            self.classes.push(canvases.class(index));
            if has_adversary {
                let radius = random.between(least, most);
                let start = &mut self.starts[place * len..][..len];
                for (start, &value) in start.iter_mut().zip(&*image) {
                    *start = value + 0.5 * radius * random.bell();
                }
                self.radii.push(radius);
            }
        }
    }
}

/// The batches of the steps to come.
pub struct Batches {
    ready: Receiver<Batch>,
    used: Sender<Batch>,
    worker: Option<JoinHandle<()>>,
}

impl Batches {
    /// Starts cutting the batches of `steps`.
    pub fn start(canvases: Arc<Canvases>, settings: Settings, steps: Range<usize>) -> Batches {
        let (to_ready, ready) = sync_channel(AHEAD);
        let (used, from_used) = channel();
        let worker = thread::spawn(move || cut_all(&canvases, &settings, steps, &to_ready, &from_used));
        Batches { ready, used, worker: Some(worker) }
    }

    /// Takes back a batch that was trained on; its buffers serve a later one.
    pub fn give_back(&self, batch: Batch) {
        // Once all are cut, nobody needs it any more.
        let _ = self.used.send(batch);
    }
}

impl Iterator for Batches {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let batch = self.ready.recv().ok();
        if batch.is_none()
            && let Some(worker) = self.worker.take()
            && let Err(panic) = worker.join()
        {
            std::panic::resume_unwind(panic);
        }
        batch
    }
}

fn cut_all(
    canvases: &Canvases,
    settings: &Settings,
    steps: Range<usize>,
    ready: &SyncSender<Batch>,
    used: &Receiver<Batch>,
) {
    for step in steps {
        let mut batch = used.try_recv().unwrap_or_default();
        batch.fill(canvases, settings, step, settings.phase(step));
        if ready.send(batch).is_err() {
            // The run ended early.
            return;
        }
    }
}
