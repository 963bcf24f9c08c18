//! Whole runs of the smallest size: learning, going on from a checkpoint, folding and calibration.

use impasto::image::preprocess_image;
use impasto::{SqueezeNet, Weights};
use impasto_training::batches::{Batch, Batches};
use impasto_training::calibration::{RESPONSES, calibrate, responses};
use impasto_training::canvases::Canvases;
use impasto_training::network::{Graph, Wanted, initial_parameters};
use impasto_training::trainer::MOMENT_STEPS;
use impasto_training::{Phase, Report, Settings, Trainer, TrainingError};
use ndarray::{Array3, Array4, Axis};
use rayon::ThreadPoolBuilder;
use std::path::Path;
use std::sync::Arc;

/// Two classes, lying and standing bars, that a few steps tell apart.
fn settings() -> Settings {
    Settings {
        seed: 3,
        classes: 2,
        pictures_per_class: 4,
        picture_size: 80,
        batch: 16,
        crop_size: 39,
        plain_steps: 80,
        adversarial_steps: 40,
        warm_up: 5,
        adversary_warm_up: 20,
        adversary: [0.02, 0.1],
        moment_batches: 3,
        average_decay: 0.8,
        ..Settings::default()
    }
}

fn canvases(settings: &Settings) -> Arc<Canvases> {
    let size = [settings.classes, settings.pictures_per_class, settings.picture_size];
    Arc::new(Canvases::draw(size, |class, instance| picture(class == 0, settings.picture_size, instance)))
}

fn picture(lying: bool, size: usize, instance: usize) -> Array3<u8> {
    Array3::from_shape_fn((size, size, 3), |(y, x, c)| {
        let along = if lying { y } else { x };
        if ((along + instance) / 5).is_multiple_of(2) { 40 + 50 * c as u8 } else { 220 - 40 * c as u8 }
    })
}

/// Takes the next `count` steps.
fn steps(trainer: &mut Trainer, canvases: &Arc<Canvases>, count: usize) -> Vec<Report> {
    let range = trainer.steps_taken()..trainer.steps_taken() + count;
    let batches = Batches::start(Arc::clone(canvases), trainer.settings().clone(), range);
    batches.map(|batch| trainer.step(&batch).unwrap()).collect()
}

fn trained(settings: Settings, count: usize) -> (Trainer, Arc<Canvases>, Vec<Report>) {
    let canvases = canvases(&settings);
    let mut trainer = Trainer::new(settings).unwrap();
    let reports = steps(&mut trainer, &canvases, count);
    (trainer, canvases, reports)
}

#[test]
fn the_loss_falls_with_and_without_an_adversary() {
    let (_, _, reports) = trained(settings(), 120);
    let mean = |reports: &[Report]| reports.iter().map(|r| r.loss).sum::<f32>() / reports.len() as f32;
    let (first, plain) = (mean(&reports[..10]), mean(&reports[70..80]));
    assert!(plain < 0.7 * first, "{first} fell to {plain}");
    // Adversaries make it worse, but no worse than guessing, which costs ln 2 at each head.
    let adversarial = mean(&reports[110..]);
    assert!(adversarial < 0.9 * 1.5 * std::f32::consts::LN_2, "{adversarial}");
}

#[test]
fn a_run_that_goes_on_has_the_bits_of_one_without_a_break_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.npz");
    // The break lies in the plain steps, the end in the adversarial ones.
    let settings = || Settings { plain_steps: 5, ..settings() };
    let (whole, canvases, _) = trained(settings(), 9);
    let pool = ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    pool.install(|| trained(settings(), 3).0.save(&path)).unwrap();
    let mut resumed = Trainer::resume(&path, settings()).unwrap();
    assert_eq!(resumed.steps_taken(), 3);
    steps(&mut resumed, &canvases, 6);
    assert!(whole.parameters() == resumed.parameters(), "the parameters differ");
    let weights = |trainer: &Trainer| trainer.weights(&canvases).unwrap();
    assert!(weights(&whole) == weights(&resumed), "the weights differ");
}

#[test]
fn checkpoints_of_other_runs_and_damaged_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.npz");
    Trainer::new(settings()).unwrap().save(&path).unwrap();
    let other = Settings { weight_decay: 0.5, ..settings() };
    let error = Trainer::resume(&path, other).err().unwrap();
    assert!(
        matches!(&error, TrainingError::OtherSettings { name, .. } if name.contains("weight decay")),
        "{error}"
    );
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = Trainer::resume(&path, settings()).err().unwrap();
    assert!(matches!(error, TrainingError::Checkpoint { .. }), "{error}");
    let missing = Trainer::resume(Path::new("no such file"), settings()).err().unwrap();
    assert!(missing.to_string().contains("no such file"), "{missing}");
}

/// With the moments of one batch folded in, the network computes of this batch what it computed with its
/// normalizations.
#[test]
fn folding_changes_nothing() {
    let settings = Settings { moment_batches: 1, ..settings() };
    let canvases = canvases(&settings);
    let mut trainer = Trainer::new(settings.clone()).unwrap();
    steps(&mut trainer, &canvases, 3);
    let network = SqueezeNet::new(trainer.weights(&canvases).unwrap());

    let mut batch = Batch::default();
    batch.fill(&canvases, &settings, MOMENT_STEPS, Phase::Plain);
    let size = [settings.batch, settings.crop_size];
    let parameters = trainer.average_parameters();
    let mut graph = Graph::record(&parameters, size, settings.classes, Wanted::Images).unwrap();
    graph.tape.recycle(graph.loss, &graph.layers).unwrap();
    graph.set(graph.images, &batch.images).unwrap();
    graph.tape.forward();

    let shape = (settings.batch, settings.crop_size, settings.crop_size, 3);
    let images = Array4::from_shape_vec(shape, batch.images).unwrap();
    let features: Vec<_> = images
        .axis_iter(Axis(0))
        .map(|image| network.extract_features(image.insert_axis(Axis(0)), 12).unwrap())
        .collect();
    for layer in [1, 3, 7, 12] {
        let expected = graph.tape.value(graph.layers[layer]).unwrap();
        let largest = expected.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        for (image, features) in features.iter().enumerate() {
            let found = features[layer].index_axis(Axis(0), 0);
            let expected = expected.index_axis(Axis(0), image);
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-3 * largest, "layer {layer}: {found} and {expected}");
            }
        }
    }
}

#[test]
fn calibration_reaches_its_figures_and_changes_nothing_else() {
    let (trainer, canvases, _) = trained(settings(), 3);
    let weights = trainer.weights(&canvases).unwrap();
    let pictures = [picture(true, 64, 1), picture(false, 70, 2)];
    let calibrated = calibrate(&weights, &pictures).unwrap();
    let before = responses(&weights, &pictures).unwrap();
    for ((layer, wanted), found) in RESPONSES.into_iter().zip(responses(&calibrated, &pictures).unwrap()) {
        assert!((found - wanted).abs() < 1e-3 * wanted, "layer {layer}: {found} instead of {wanted}");
    }
    // Each layer is its former self times one factor.
    let features = |weights: &Weights| {
        let network = SqueezeNet::new(weights.clone());
        network.extract_features(preprocess_image(picture(true, 50, 3).view()).view(), 12).unwrap()
    };
    let (old, new) = (features(&weights), features(&calibrated));
    for ((layer, wanted), before) in RESPONSES.into_iter().zip(before) {
        let factor = (wanted / before) as f32;
        let largest = new[layer].iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        for (old, new) in old[layer].iter().zip(&new[layer]) {
            assert!((old * factor - new).abs() < 1e-4 * largest, "layer {layer}: {old} became {new}");
        }
    }
}

#[test]
fn calibration_needs_pictures_and_layers_that_respond() {
    let (trainer, canvases, _) = trained(settings(), 0);
    let weights = trainer.weights(&canvases).unwrap();
    assert!(matches!(calibrate(&weights, &[]), Err(TrainingError::NoPictures)));
    let silent = weights.convolutions().flat_map(|(name, convolution)| {
        let dead = if name.starts_with("features.4.expand") { 0.0 } else { 1.0 };
        [
            (
                format!("{name}.weight"),
                convolution.weight.clone().permuted_axes([3, 2, 0, 1]).into_dyn() * dead,
            ),
            (format!("{name}.bias"), convolution.bias.clone().into_dyn() * dead),
        ]
    });
    let silent = Weights::from_arrays(silent).unwrap();
    let error = calibrate(&silent, &[picture(true, 64, 1)]).unwrap_err();
    assert!(matches!(error, TrainingError::Silent { layer: 4 }), "{error}");
}

#[test]
fn crops_that_do_not_reach_the_last_layer_are_refused() {
    let parameters = initial_parameters(2, 0);
    let error = Graph::record(&parameters, [2, 30], 2, Wanted::Images).err().unwrap();
    assert!(error.to_string().contains("too small for layer 12"), "{error}");
    assert!(Trainer::new(Settings { crop_size: 0, ..settings() }).is_err());
}
