//! Trains the weights that ship with impasto.
//!
//! ```text
//! cargo run --release -p impasto-training --example train -- --output weights.npz
//! ```

use anyhow::Context;
use clap::Parser;
use impasto::arrays::{Container, Precision};
use impasto::image::{LoadOptions, load_image};
use impasto_pictures::classes;
use impasto_training::batches::Batches;
use impasto_training::calibration::{self, calibrate};
use impasto_training::canvases::Canvases;
use impasto_training::log::Log;
use impasto_training::{Phase, Report, Settings, Trainer};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ndarray::Array3;
use std::io::{IsTerminal, stderr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Trains SqueezeNet's features from nothing, on pictures drawn by code, for style transfer.
///
/// The same options give the same weights, bit by bit, on any number of threads. A run that was broken off
/// goes on from its checkpoint with --resume and the same options.
#[derive(Parser)]
#[command(max_term_width = 100)]
struct Arguments {
    /// Where the weights go, an .npz file; those so far are written at each checkpoint
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Seed of pictures, crops, adversaries and first weights
    #[arg(long, value_name = "N", default_value_t = Settings::default().seed)]
    seed: u64,
    /// Steps on crops as they are
    #[arg(long, value_name = "N", default_value_t = Settings::default().plain_steps)]
    steps: usize,
    /// Steps on crops that an adversary changed
    #[arg(long, value_name = "N", default_value_t = Settings::default().adversarial_steps)]
    adversarial_steps: usize,
    /// Crops in a batch
    #[arg(long, value_name = "N", default_value_t = Settings::default().batch)]
    batch: usize,
    /// Side of a crop, in pixels
    #[arg(long, value_name = "N", default_value_t = Settings::default().crop_size)]
    crop_size: usize,
    /// Pictures of each class
    #[arg(long, value_name = "N", default_value_t = Settings::default().pictures_per_class)]
    pictures: usize,
    /// Side of a picture, in pixels
    #[arg(long, value_name = "N", default_value_t = Settings::default().picture_size)]
    picture_size: usize,
    /// The largest learning rate of the plain steps
    #[arg(long, value_name = "X", default_value_t = Settings::default().plain_rate)]
    rate: f64,
    /// The largest learning rate of the adversarial steps
    #[arg(long, value_name = "X", default_value_t = Settings::default().adversarial_rate)]
    adversarial_rate: f64,
    /// The least change that an adversary makes, as root mean square in preprocessed units
    #[arg(long, value_name = "X", default_value_t = Settings::default().adversary[0])]
    least_change: f64,
    /// The most that an adversary changes
    #[arg(long, value_name = "X", default_value_t = Settings::default().adversary[1])]
    most_change: f64,
    /// Resume the run of this checkpoint
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Write checkpoints to this file, to resume from
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Minutes from one checkpoint to the next
    #[arg(long, value_name = "X", default_value_t = 5.0)]
    checkpoint_minutes: f64,
    /// Write a line of JSON here for each step
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Pictures that the layers' responses are calibrated on; the project's own unless given
    #[arg(long, value_name = "FILE", num_args = 1..)]
    calibrate_on: Vec<PathBuf>,
    /// Threads that compute; one for each core unless given
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

impl Arguments {
    fn settings(&self) -> Settings {
        Settings {
            seed: self.seed,
            classes: classes::CLASSES,
            pictures_per_class: self.pictures,
            picture_size: self.picture_size,
            batch: self.batch,
            crop_size: self.crop_size,
            plain_steps: self.steps,
            adversarial_steps: self.adversarial_steps,
            plain_rate: self.rate,
            adversarial_rate: self.adversarial_rate,
            adversary: [self.least_change, self.most_change],
            ..Settings::default()
        }
    }

    fn calibration_pictures(&self) -> anyhow::Result<Vec<Array3<u8>>> {
        let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
        let own = ["town.jpg", "bands.jpg", "geometry.jpg", "swirl.jpg"].map(|name| assets.join(name));
        let paths = if self.calibrate_on.is_empty() { &own[..] } else { &self.calibrate_on };
        let options = LoadOptions::shorter_side(calibration::PICTURE_SIZE);
        Ok(paths.iter().map(|path| load_image(path, &options)).collect::<Result<_, _>>()?)
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let threads = arguments.threads.unwrap_or(0);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("cannot start threads")?;
    let mut run = Run::start(arguments)?;
    run.train()?;
    run.save()
}

/// A run with what it is watched through.
struct Run {
    arguments: Arguments,
    trainer: Trainer,
    canvases: Arc<Canvases>,
    calibration_pictures: Vec<Array3<u8>>,
    log: Option<Log>,
    progress: Progress,
    started: Instant,
}

impl Run {
    /// Reads what a run needs, and draws its pictures.
    fn start(arguments: Arguments) -> anyhow::Result<Run> {
        let started = Instant::now();
        let settings = arguments.settings();
        let calibration_pictures = arguments.calibration_pictures()?;
        let trainer = match &arguments.resume {
            Some(path) => Trainer::resume(path, settings)?,
            None => Trainer::new(settings)?,
        };
        let goes_on = arguments.resume.is_some();
        let log = arguments.log.as_ref().map(|path| Log::open(path, goes_on)).transpose()?;
        let canvases = draw(trainer.settings());
        eprintln!("{} pictures drawn in {:.0} s", canvases.len(), started.elapsed().as_secs_f64());
        let progress = Progress::new(&trainer);
        Ok(Run {
            arguments,
            trainer,
            canvases: Arc::new(canvases),
            calibration_pictures,
            log,
            progress,
            started,
        })
    }

    /// Takes all steps that are left.
    fn train(&mut self) -> anyhow::Result<()> {
        let settings = self.trainer.settings().clone();
        let steps = self.trainer.steps_taken()..settings.steps();
        let mut batches = Batches::start(Arc::clone(&self.canvases), settings, steps);
        let interval = Duration::try_from_secs_f64(60.0 * self.arguments.checkpoint_minutes)
            .context("--checkpoint-minutes must not be negative")?;
        let mut saved = Instant::now();
        while let Some(batch) = batches.next() {
            let report = self.trainer.step(&batch)?;
            batches.give_back(batch);
            if let Some(log) = &mut self.log {
                log.step(&report, self.started.elapsed())?;
            }
            self.progress.show(&report);
            if saved.elapsed() >= interval {
                self.save()?;
                saved = Instant::now();
            }
        }
        self.progress.end();
        Ok(())
    }

    /// Writes the weights so far, and the checkpoint.
    fn save(&mut self) -> anyhow::Result<()> {
        if let Some(log) = &mut self.log {
            log.flush()?;
        }
        if let Some(path) = &self.arguments.checkpoint {
            self.trainer.save(path)?;
        }
        let weights = self.trainer.weights(&self.canvases)?;
        let weights = calibrate(&weights, &self.calibration_pictures)?;
        weights.save(&self.arguments.output, Container::Npz, Precision::Single)?;
        Ok(())
    }
}

fn draw(settings: &Settings) -> Canvases {
    let &Settings { classes, pictures_per_class, picture_size, seed, .. } = settings;
    Canvases::draw([classes, pictures_per_class, picture_size], |class, instance| {
        classes::draw(class, instance as u64, seed, picture_size)
    })
}

/// Steps whose reports are averaged for show.
const SHOWN_TOGETHER: usize = 50;

/// A bar on a terminal, a line now and then elsewhere.
struct Progress {
    bar: ProgressBar,
    reports: Vec<Report>,
    steps: usize,
    since: Instant,
}

impl Progress {
    fn new(trainer: &Trainer) -> Progress {
        let steps = trainer.settings().steps();
        let bar = ProgressBar::new(steps as u64).with_position(trainer.steps_taken() as u64);
        if !stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}  {eta} left");
        let bar = style.map(|style| bar.clone().with_style(style)).unwrap_or(bar);
        Progress { bar, reports: Vec::new(), steps, since: Instant::now() }
    }

    fn show(&mut self, report: &Report) {
        self.bar.set_position(report.step as u64 + 1);
        self.reports.push(*report);
        if self.reports.len() < SHOWN_TOGETHER && report.step + 1 < self.steps {
            return;
        }
        let message = self.message(report.phase);
        if self.bar.is_hidden() {
            eprintln!("step {}/{}: {message}", report.step + 1, self.steps);
        } else {
            self.bar.set_message(message);
        }
        self.reports.clear();
        self.since = Instant::now();
    }

    fn message(&self, phase: Phase) -> String {
        let count = self.reports.len() as f32;
        let mean = |value: fn(&Report) -> f32| self.reports.iter().map(value).sum::<f32>() / count;
        format!(
            "{}, loss {:.3}, accuracy {:.3} and {:.3}, {:.2} steps/s",
            match phase {
                Phase::Plain => "plain",
                Phase::Adversarial => "adversarial",
            },
            mean(|report| report.loss),
            mean(|report| report.accuracies[0]),
            mean(|report| report.accuracies[1]),
            count / self.since.elapsed().as_secs_f32(),
        )
    }

    /// Leaves the bar as it stands, and the cursor below it.
    fn end(&self) {
        self.bar.abandon();
    }
}
