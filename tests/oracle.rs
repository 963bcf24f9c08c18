//! What an independent float64 implementation of the notebook computed: feature maps, gradients with respect to the
//! pixels, and whole runs. Ignored without its data.

mod common;

use common::{
    data_trial, notebook_network, notebook_picture, oracle, oracle_bytes, oracle_picture, relative_l2,
};
use impasto::arrays::ArrayArchive;
use impasto::image::preprocess_image;
use impasto::{
    Init, Iteration, LossWeights, Losses, Outcome, PoolRounding, Preset, Schedule, SqueezeNet, StyleTransfer,
};
use libtest_mimic::{Arguments, Failed};
use ndarray::{Array3, Array4, Ix4, s};
use std::ops::ControlFlow;
use std::path::Path;

/// The notebook's problems, each with the name of its style image.
const PROBLEMS: [(&str, &str); 5] = [
    ("composition", "composition_vii"),
    ("scream", "the_scream"),
    ("starry", "starry_night"),
    ("inversion", "starry_night"),
    ("texture", "starry_night"),
];

fn main() {
    let mut trials = vec![data_trial("feature_maps", feature_maps)];
    for loss in ["content", "style", "tv"] {
        trials.push(data_trial(format!("gradient_of_{loss}"), move |data| gradient(data, loss)));
    }
    for (name, style) in PROBLEMS {
        let problem = move |data: &Path| Problem::load(data, name, style);
        trials.push(data_trial(format!("notebook_run_{name}"), move |data| {
            notebook_run(data, &problem(data)?)
        }));
        if problem_starts_from_content(name) {
            trials.push(data_trial(format!("fast_run_{name}"), move |data| fast_run(data, &problem(data)?)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn number(archive: &mut ArrayArchive, name: &str) -> Result<f64, Failed> {
    let array = archive.read(name)?;
    assert_eq!(array.len(), 1, "{name} is one number");
    Ok(f64::from(array.sum()))
}

fn image(archive: &mut ArrayArchive, name: &str) -> Result<Array4<f32>, Failed> {
    Ok(archive.read(name)?.into_dimensionality::<Ix4>()?)
}

#[track_caller]
fn assert_near(actual: f64, expected: f64, tolerance: f64, what: &str) {
    let error = (actual - expected).abs() / expected.abs();
    assert!(error < tolerance, "the {what} is {actual} instead of {expected}");
}

// Features.

fn feature_maps(data: &Path) -> Result<(), Failed> {
    const FILE: &str = "features_tubingen_192.npz";
    let mut expected = oracle(data, FILE)?;
    let network = notebook_network(data, PoolRounding::Floor)?;
    let picture = preprocess_image(notebook_picture(data, "tubingen", 192)?.view());
    let features = network.extract_features(picture.view(), 12)?;
    assert_eq!(features.len(), 13);
    let mut worst = 0.0f64;
    for (layer, map) in features.iter().enumerate() {
        let shape = oracle_bytes(data, FILE, &format!("layer{layer}_shape"))?;
        let (shape, _) = shape.as_chunks();
        assert!(
            shape.iter().map(|&length| u64::from_le_bytes(length) as usize).eq(map.shape().iter().copied())
        );

        let sum: f64 = map.iter().map(|&value| f64::from(value)).sum();
        let squares: f64 = map.iter().map(|&value| f64::from(value).powi(2)).sum();
        let name = |part: &str| format!("layer{layer}_{part}");
        assert_near(sum, number(&mut expected, &name("sum"))?, 1e-5, &name("sum"));
        assert_near(squares, number(&mut expected, &name("sumsq"))?, 1e-5, &name("sumsq"));

        let mut parts = vec![
            (name("corner"), map.slice(s![.., ..3, ..5, ..])),
            (name("end"), map.slice(s![.., -2.., -3.., ..])),
        ];
        if [3, 5, 12].contains(&layer) {
            parts.push((format!("layer{layer}"), map.view()));
        }
        for (name, part) in parts {
            let error = relative_l2(part, image(&mut expected, &name)?.view());
            assert!(error < 1e-5, "{name} is off by {error}");
            worst = worst.max(error);
        }
    }
    println!("feature maps: off by {worst:.1e} at most");
    Ok(())
}

// Gradients.

/// The starry preset's weights with all but one loss switched off.
fn only(loss: &str) -> Result<LossWeights, Failed> {
    let mut weights = Preset::find("starry").ok_or("no preset starry")?.weights;
    if loss != "content" {
        weights.content_weight = 0.0;
    }
    if loss != "style" {
        weights.style_weights = [0.0; 4];
    }
    if loss != "tv" {
        weights.tv_weight = 0.0;
    }
    Ok(weights)
}

fn gradient(data: &Path, loss: &str) -> Result<(), Failed> {
    let mut expected = oracle(data, "gradients_starry.npz")?;
    let network = notebook_network(data, PoolRounding::Floor)?;
    let content = notebook_picture(data, "tubingen", 192)?;
    let style = notebook_picture(data, "starry_night", 192)?;
    let x = image(&mut expected, "x")?;
    let mut session = StyleTransfer::builder(&network)
        .content(&content)
        .style(&style, 1.0)
        .loss_weights(&only(loss)?)
        .init_image(&x)
        .scales(1)
        .jitter(0)
        .build()?;
    let (losses, gradient) = session.evaluate()?;
    assert_near(losses.total, number(&mut expected, &format!("{loss}_loss"))?, 1e-5, "loss");
    let error = relative_l2(gradient, image(&mut expected, &format!("{loss}_grad"))?.view());
    println!("gradient of the {loss} loss: off by {error:.1e}");
    assert!(error < 1e-5, "the gradient of the {loss} loss is off by {error}");
    Ok(())
}

// Runs.

/// One of the notebook's problems with its images.
struct Problem {
    preset: &'static Preset,
    content: Array3<u8>,
    style: Array3<u8>,
    /// The noise that the oracle's runs without content started from, (1, H, W, 3).
    noise: Array4<f32>,
    /// Content, style and total variation loss before each of the oracle's steps with the notebook's schedule.
    trace: Vec<[f64; 3]>,
}

impl Problem {
    fn load(data: &Path, name: &str, style: &str) -> Result<Self, Failed> {
        let preset = Preset::find(name).ok_or(format!("no preset {name}"))?;
        let mut traces = oracle(data, "traces.npz")?;
        let trace = traces.read(name)?;
        assert_eq!(trace.shape(), [200, 3]);
        let (rows, _) = trace.as_slice().ok_or("traces are read in C order")?.as_chunks::<3>();
        Ok(Problem {
            preset,
            content: notebook_picture(data, "tubingen", preset.image_size)?,
            style: notebook_picture(data, style, preset.style_size)?,
            noise: image(&mut traces, "uniform_init")?,
            trace: rows.iter().map(|row| row.map(f64::from)).collect(),
        })
    }

    /// The oracle's loss before its last step.
    fn last_total(&self) -> f64 {
        self.trace[self.trace.len() - 1].iter().sum()
    }
}

fn problem_starts_from_content(name: &str) -> bool {
    Preset::find(name).is_some_and(|preset| preset.init == Init::Content)
}

/// The losses of every iteration of the notebook's run from `init`, the first picture, and the outcome.
fn notebook_losses(
    network: &SqueezeNet,
    problem: &Problem,
    init: Option<&Array4<f32>>,
) -> Result<(Vec<Losses>, Array3<u8>, Outcome), Failed> {
    let Problem { preset, content, style, .. } = problem;
    let builder = StyleTransfer::builder(network).content(content).style(style, 1.0).preset(preset);
    let builder = match init {
        None => builder.init(Init::Content),
        Some(init) => builder.init_image(init),
    };
    let mut losses: Vec<Losses> = Vec::new();
    let mut first_picture = None;
    let outcome = builder.build()?.run_with(&mut |iteration: &Iteration<'_>| {
        first_picture.get_or_insert_with(|| iteration.picture());
        losses.push(iteration.losses);
        ControlFlow::Continue(())
    })?;
    Ok((losses, first_picture.ok_or("a run shows its first step")?, outcome))
}

/// The notebook's schedule throws every pixel to the clamp, and from there rounding alone leads another way. Over eight
/// inits that differed by 1e-6, the total stayed within 1.4% of the oracle's up to step 20; before step 100 it was 0.83
/// to 1.14 of it, before the last 0.95 to 1.06. Texture, which nothing holds, is within 1% before step 100 and ends at
/// 0.96 to 1.65: there, one of a few runs that differ by rounding must end as low as the others do.
fn notebook_run(data: &Path, problem: &Problem) -> Result<(), Failed> {
    let Problem { preset, noise, trace, .. } = problem;
    let network = notebook_network(data, PoolRounding::Floor)?;
    let init = (preset.init != Init::Content).then_some(noise);
    let (losses, first_picture, outcome) = notebook_losses(&network, problem, init)?;
    assert_eq!(losses.len(), trace.len());
    for (iteration, (losses, expected)) in losses.iter().zip(trace).take(2).enumerate() {
        let actual = [losses.content, losses.style, losses.tv];
        for (name, (actual, expected)) in
            ["content", "style", "tv"].into_iter().zip(actual.into_iter().zip(*expected))
        {
            let what = format!("{name} loss before step {iteration}");
            match expected {
                // A loss without weight, or the distance of the content image from itself.
                0.0 => assert_eq!(actual, 0.0, "{what}"),
                _ => assert_near(actual, expected, 1e-3, &what),
            }
        }
    }
    for (iteration, (losses, expected)) in losses.iter().zip(trace).take(21).enumerate() {
        assert_near(losses.total, expected.iter().sum(), 0.05, &format!("total before step {iteration}"));
    }
    let ratio =
        |losses: &[Losses], iteration: usize| losses[iteration].total / trace[iteration].iter().sum::<f64>();
    assert!(
        ratio(&losses, 100) < 1.25,
        "the total before step 100 is {} of the oracle's",
        ratio(&losses, 100)
    );
    let mut ends = vec![ratio(&losses, 199)];
    while preset.name == "texture" && ends.len() < 6 && ends.iter().all(|&end| end >= 1.25) {
        let moved = noise * (1.0 + ends.len() as f32 * 1e-6);
        ends.push(ratio(&notebook_losses(&network, problem, Some(&moved))?.0, 199));
    }
    assert!(ends.iter().any(|&end| end < 1.25), "the total before step 199 is {ends:?} of the oracle's");
    println!(
        "{}, notebook's schedule: {:.3} of the oracle's loss, {}",
        preset.name,
        ends[0],
        speed(&outcome)
    );

    if ["starry", "texture"].contains(&preset.name) {
        let name = format!("{}_iter0_u8", preset.name);
        let expected = oracle_picture(data, "traces.npz", &name, &first_picture)?;
        let different = first_picture.iter().zip(&expected).filter(|(a, b)| a != b).count();
        // Adam's first step moves every value by the learning rate, only its sign is the gradient's: rounding shows
        // where the gradient is all but zero, and where a level lies on the edge of truncation.
        assert!(1000 * different < expected.len(), "{different} levels differ after the first step");
    }
    Ok(())
}

/// At a single size and not shifted, as the notebook, the default schedule ends far below what the notebook's reaches in twice as many steps.
fn fast_run(data: &Path, problem: &Problem) -> Result<(), Failed> {
    let network = notebook_network(data, PoolRounding::Floor)?;
    let outcome = StyleTransfer::builder(&network)
        .content(&problem.content)
        .style(&problem.style, 1.0)
        .loss_weights(&problem.preset.weights)
        .schedule(Schedule::Fast)
        .scales(1)
        .jitter(0)
        .build()?
        .run()?;
    let ratio = outcome.losses.total / problem.last_total();
    println!(
        "{}, default schedule: {ratio:.3} of the notebook's loss after {} iterations, {}",
        problem.preset.name,
        outcome.iterations,
        speed(&outcome)
    );
    assert!(ratio < 0.65, "{} ends at {ratio} of the notebook's total", problem.preset.name);
    Ok(())
}

fn speed(outcome: &Outcome) -> String {
    format!("{:.1} ms an iteration", 1e3 * outcome.elapsed.as_secs_f64() / outcome.iterations as f64)
}
