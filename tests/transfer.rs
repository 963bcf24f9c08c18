//! Style transfer as a library, on small random pictures and a network with random weights: what the builder refuses,
//! what a run shows and promises. The notebook's own numbers are compared elsewhere.

mod common;

use common::waves;
use common::{random_image, random_network, relative_l2};
use impasto::image::{deprocess_image, pixel_range, preprocess_image};
use impasto::transfer::StyleCache;
use impasto::{
    Init, Iteration, Losses, OptimizerKind, Outcome, PreserveColors, Schedule, SqueezeNet, StyleTransfer,
    StyleTransferBuilder, TransferError,
};
use ndarray::{Array2, Array3, Array4, ArrayView4};
use std::ops::ControlFlow;
use std::sync::LazyLock;

const HEIGHT: usize = 40;
const WIDTH: usize = 52;

static NETWORK: LazyLock<SqueezeNet> = LazyLock::new(random_network);
static CONTENT: LazyLock<Array3<u8>> = LazyLock::new(|| waves(HEIGHT, WIDTH, 2));
/// Of another size than the content image.
static STYLE: LazyLock<Array3<u8>> = LazyLock::new(|| waves(48, 37, 3));
static OTHER_STYLE: LazyLock<Array3<u8>> = LazyLock::new(|| waves(35, 44, 4));

/// Both pictures, two threads, ten iterations.
fn builder() -> StyleTransferBuilder<'static> {
    StyleTransfer::builder(&NETWORK).content(&CONTENT).style(&STYLE, 1.0).threads(2).iterations(10)
}

fn run(builder: StyleTransferBuilder<'_>) -> Outcome {
    builder.build().unwrap().run().unwrap()
}

/// The losses that the observer sees, and the outcome.
fn trace(builder: StyleTransferBuilder<'_>) -> (Vec<Losses>, Outcome) {
    let mut trace = Vec::new();
    let mut observer = |iteration: &Iteration<'_>| {
        trace.push(iteration.losses);
        ControlFlow::Continue(())
    };
    let outcome = builder.build().unwrap().run_with(&mut observer).unwrap();
    (trace, outcome)
}

// What the builder refuses.

macro_rules! assert_refused {
    ($builder:expr, $variant:pat) => {
        match $builder.build().map(|_| ()) {
            Err($variant) => {}
            other => panic!("{other:?} instead of {}", stringify!($variant)),
        }
    };
}

#[test]
fn pictures_that_are_missing() {
    let empty = || StyleTransfer::builder(&NETWORK);
    assert_refused!(
        empty().style(&STYLE, 1.0),
        TransferError::NoContent { purpose: "the result's size", .. }
    );
    let canvas = || empty().style(&STYLE, 1.0).canvas(HEIGHT, WIDTH);
    assert_refused!(
        canvas().content_weight(1.0),
        TransferError::NoContent { purpose: "the content loss", .. }
    );
    assert_refused!(canvas().init(Init::Content), TransferError::NoContent { purpose: "the init", .. });
    let without_style = empty().content(&CONTENT).style_layers(&[(1, 1.0)]);
    assert_refused!(without_style, TransferError::NoStyle);
}

#[test]
fn pictures_without_pixels_or_of_other_colors() {
    for shape in [(0, 5, 3), (5, 0, 3), (40, 40, 5), (40, 40, 1)] {
        let picture = Array3::zeros(shape);
        assert_refused!(builder().content(&picture), TransferError::NotAPicture { .. });
        assert_refused!(builder().style(&picture, 1.0), TransferError::NotAPicture { .. });
    }
    // Only content images have alpha.
    let with_alpha = Array3::zeros((40, 40, 4));
    assert_refused!(builder().style(&with_alpha, 1.0), TransferError::NotAPicture { .. });
    for (height, width) in [(0, 40), (40, 0)] {
        let canvas = StyleTransfer::builder(&NETWORK).style(&STYLE, 1.0).canvas(height, width);
        assert_refused!(canvas, TransferError::NotAPicture { .. });
    }
}

#[test]
fn weights_that_ask_for_nothing_or_make_no_sense() {
    let nothing = builder().content_weight(0.0).style_layers(&[(1, 0.0), (4, 0.0)]).tv_weight(0.0);
    assert_refused!(nothing, TransferError::NoLoss);
    for value in [-1.0, f64::NAN, f64::INFINITY] {
        assert_refused!(builder().content_weight(value), TransferError::InvalidWeight { .. });
        assert_refused!(builder().tv_weight(value), TransferError::InvalidWeight { .. });
        assert_refused!(builder().style_layers(&[(1, 1.0), (4, value)]), TransferError::InvalidWeight { .. });
        assert_refused!(builder().style(&OTHER_STYLE, value), TransferError::InvalidWeight { .. });
    }
    let no_share = StyleTransfer::builder(&NETWORK).content(&CONTENT).style(&STYLE, 0.0);
    assert_refused!(no_share, TransferError::EmptyBlend);
}

#[test]
fn layers_that_repeat_or_do_not_exist() {
    assert_refused!(
        builder().style_layers(&[(1, 1.0), (4, 1.0), (1, 1.0)]),
        TransferError::RepeatedLayer { loss: "style", layer: 1 }
    );
    for layer in [13, usize::MAX] {
        assert_refused!(builder().content_layer(layer), TransferError::Features { .. });
        assert_refused!(builder().style_layers(&[(layer, 1.0)]), TransferError::Features { .. });
    }
}

#[test]
fn pictures_too_small_for_a_layer() {
    let small = waves(6, 40, 5);
    assert_refused!(builder().content(&small), TransferError::Features { name: "the result", .. });
    assert_refused!(builder().style(&small, 1.0), TransferError::Features { name: "a style image", .. });
}

#[test]
fn numbers_of_the_run() {
    assert_refused!(builder().iterations(0), TransferError::NoIterations);
    for rate in [0.0, -0.1, f64::NAN, f64::INFINITY] {
        assert_refused!(builder().learning_rate(rate), TransferError::InvalidLearningRate(_));
    }
    let lbfgs = builder().optimizer(OptimizerKind::Lbfgs);
    assert_refused!(lbfgs.learning_rate(0.1), TransferError::UnusedLearningRate);
    assert_refused!(builder().threads(usize::MAX), TransferError::TooManyThreads { .. });
}

#[test]
fn inits_that_do_not_fit() {
    for shape in
        [(1, HEIGHT, WIDTH + 1, 3), (1, WIDTH, HEIGHT, 3), (2, HEIGHT, WIDTH, 3), (1, HEIGHT, WIDTH, 4)]
    {
        let init = Array4::zeros(shape);
        assert_refused!(builder().init_image(&init), TransferError::InitSize { .. });
    }
    for value in [f32::NAN, f32::INFINITY] {
        let mut init = random_image(HEIGHT, WIDTH, 6);
        init[[0, 7, 7, 1]] = value;
        assert_refused!(builder().init_image(&init), TransferError::NonFiniteInit);
    }
}

/// Where the operating system says how much memory there is.
#[cfg(target_os = "linux")]
#[test]
fn results_larger_than_memory() {
    for (height, width) in [(1 << 20, 1 << 20), (usize::MAX, usize::MAX)] {
        let canvas = StyleTransfer::builder(&NETWORK).style(&STYLE, 1.0).canvas(height, width);
        assert_refused!(canvas, TransferError::TooLarge { .. });
    }
}

#[test]
fn a_loss_that_is_not_finite_ends_the_run() {
    // Finite in 64 bits, not in the 32 of the tape.
    let mut session = builder().tv_weight(1e300).build().unwrap();
    let error = session.run().unwrap_err();
    assert!(matches!(error, TransferError::Diverged { iteration: 0 }), "{error}");
}

// What an observer sees.

#[test]
fn the_observer_sees_every_iteration() {
    let mut seen = Vec::new();
    let mut last_picture = None;
    let mut elapsed = Vec::new();
    let mut session = builder().build().unwrap();
    let outcome = session
        .run_with(&mut |iteration: &Iteration<'_>| {
            seen.push(iteration.index);
            elapsed.push(iteration.elapsed);
            assert_eq!(iteration.iterations, 10);
            last_picture = Some(iteration.picture());
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, (0..10).collect::<Vec<_>>());
    assert!(elapsed.is_sorted() && outcome.elapsed >= elapsed[9]);
    assert_eq!((outcome.iterations, outcome.interrupted), (10, false));
    assert_eq!(last_picture, Some(outcome.picture.clone()));
    assert_eq!(outcome.picture.dim(), (HEIGHT, WIDTH, 3));
    assert_eq!(deprocess_image(outcome.image.view(), false), outcome.picture);
}

#[test]
fn the_observer_can_stop() {
    let stop = |iteration: &Iteration<'_>| match iteration.index {
        3 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let stopped = builder().schedule(Schedule::Notebook).build().unwrap().run_with(&mut { stop }).unwrap();
    assert_eq!((stopped.iterations, stopped.interrupted), (4, true));
    let whole = run(builder().schedule(Schedule::Notebook).iterations(4));
    assert_eq!(stopped.image, whole.image);
    assert_eq!(stopped.losses, whole.losses);
}

#[test]
fn losses_are_those_before_the_step() {
    // The notebook's rate does not depend on the number of iterations.
    let notebook = |iterations| builder().schedule(Schedule::Notebook).iterations(iterations);
    let (trace, _) = trace(notebook(4));
    let mut untouched = notebook(4).build().unwrap();
    assert_eq!(trace[0], untouched.evaluate().unwrap().0);
    for (iterations, losses) in trace.iter().enumerate().skip(1) {
        assert_eq!(*losses, run(notebook(iterations)).losses);
    }
    for losses in trace {
        let sum = losses.content + losses.style + losses.tv;
        assert!((losses.total - sum).abs() <= 1e-6 * sum, "{losses:?}");
    }
}

// What a run promises.

#[test]
fn losses_fall() {
    for init in [Init::Content, Init::Random { seed: 9 }] {
        let (trace, outcome) = trace(builder().init(init).iterations(40));
        assert!(outcome.losses.total < 0.7 * trace[0].total, "{:?} to {:?}", trace[0], outcome.losses);
    }
}

#[test]
fn lbfgs_lowers_the_loss() {
    let lbfgs = || builder().optimizer(OptimizerKind::Lbfgs).iterations(40);
    let (trace, outcome) = trace(lbfgs());
    assert!(outcome.losses.total < 0.7 * trace[0].total, "{:?} to {:?}", trace[0], outcome.losses);
    // It may try worse pictures on the way, but returns the best accepted one.
    let best = trace.iter().map(|losses| losses.total).fold(f64::INFINITY, f64::min);
    assert!(outcome.losses.total <= best, "{} above {best}", outcome.losses.total);
    assert_ne!(outcome.image, run(builder().iterations(40)).image);
}

fn within(image: ArrayView4<'_, f32>, ranges: [[f32; 2]; 3]) -> bool {
    image.indexed_iter().all(|((_, _, _, channel), value)| {
        let [low, high] = ranges[channel];
        (low..=high).contains(value)
    })
}

#[test]
fn fast_runs_keep_to_colors_that_can_be_shown() {
    let lbfgs = run(builder().optimizer(OptimizerKind::Lbfgs));
    assert!(within(lbfgs.image.view(), pixel_range()));
    let outcome = run(builder().learning_rate(2.0));
    assert!(within(outcome.image.view(), pixel_range()));
    // Not because nothing would leave them.
    let [[low, high], _, _] = pixel_range();
    assert!(
        outcome.image.iter().any(|&value| value == low) && outcome.image.iter().any(|&value| value == high)
    );
}

#[test]
fn the_notebooks_clamp_ends_after_iteration_179() {
    let clamp = [[-1.5, 1.5]; 3];
    let notebook = |iterations| run(builder().schedule(Schedule::Notebook).iterations(iterations)).image;
    for iterations in [1, 180] {
        let image = notebook(iterations);
        assert!(within(image.view(), clamp));
        assert!(image.iter().any(|value| value.abs() == 1.5));
    }
    assert!(!within(notebook(181).view(), clamp));
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    // Large enough to be cut into more blocks than one.
    let (content, style) = (waves(150, 131, 7), waves(120, 140, 8));
    let with = |threads| {
        let builder = StyleTransfer::builder(&NETWORK).content(&content).style(&style, 1.0);
        let mut session = builder.threads(threads).iterations(4).build().unwrap();
        assert_eq!(session.threads(), threads);
        let outcome = session.run().unwrap();
        (outcome.image.mapv(f32::to_bits), outcome.losses)
    };
    let alone = with(1);
    for threads in [2, 3, 8] {
        assert_eq!(with(threads), alone, "{threads} threads");
    }
}

#[test]
fn running_twice_gives_the_same_picture() {
    assert_eq!(run(builder()).image, run(builder()).image);
}

// What the picture starts from.

#[test]
fn a_cache_of_styles_changes_no_bit() {
    let cache = StyleCache::default();
    let blend = |builder: StyleTransferBuilder<'static>| builder.style(&OTHER_STYLE, 0.5).iterations(3);
    type Change = fn(StyleTransferBuilder<'static>) -> StyleTransferBuilder<'static>;
    // Each differs from those before in something that Gram matrices depend on, or in nothing.
    let cases: [Change; 5] = [
        |builder| builder,
        |builder| builder,
        |builder| builder.style_moments(0.5),
        |builder| builder.preserve_colors(PreserveColors::Match),
        |builder| builder.style_layers(&[(2, 1e3), (4, 10.0)]).strip_rows(16),
    ];
    for (index, change) in cases.into_iter().enumerate() {
        let without = run(change(blend(builder())));
        let with = run(change(blend(builder())).style_cache(&cache));
        assert!(with.image == without.image, "case {index}");
    }
}

fn start(builder: StyleTransferBuilder<'_>) -> Array4<f32> {
    builder.build().unwrap().image().unwrap().to_owned()
}

#[test]
fn inits() {
    let content = preprocess_image(CONTENT.view());
    assert_eq!(start(builder()), content);
    assert_eq!(start(builder().init(Init::Content)), content);

    let noise = |seed| start(builder().init(Init::Random { seed }));
    assert_eq!(noise(5), noise(5));
    assert_ne!(noise(5), noise(6));
    assert!(noise(5).iter().all(|value| (0.0..1.0).contains(value)));
    assert!((noise(5).mean().unwrap() - 0.5).abs() < 0.02);

    let image = random_image(HEIGHT, WIDTH, 9);
    assert_eq!(start(builder().init_image(&image)), image);
    // An image is the more specific wish.
    assert_eq!(start(builder().init(Init::Random { seed: 5 }).init_image(&image)), image);
}

#[test]
fn textures_need_no_content() {
    let texture =
        || StyleTransfer::builder(&NETWORK).style(&STYLE, 1.0).canvas(33, 57).threads(2).iterations(20);
    let noise = start(texture());
    assert_eq!(noise.dim(), (1, 33, 57, 3));
    assert_eq!(noise, start(texture().init(Init::StylePixels { seed: 0 })));
    let notebook = start(texture().schedule(Schedule::Notebook));
    assert_eq!(notebook, start(texture().init(Init::Random { seed: 0 })));
    let (trace, outcome) = trace(texture());
    assert_eq!(outcome.picture.dim(), (33, 57, 3));
    assert_eq!((trace[0].content, outcome.losses.content), (0.0, 0.0));
    assert!(outcome.losses.style < trace[0].style);
}

#[test]
fn inversions_need_no_style() {
    let inversion =
        StyleTransfer::builder(&NETWORK).content(&CONTENT).init(Init::Random { seed: 1 }).threads(2);
    let (trace, outcome) = trace(inversion.iterations(20));
    assert_eq!((trace[0].style, outcome.losses.style), (0.0, 0.0));
    assert!(outcome.losses.content < trace[0].content);
}

// The losses.

/// The Gram matrix of features (1, H, W, C), summed in 64 bits.
fn gram(features: &Array4<f32>) -> Array2<f64> {
    let (_, height, width, channels) = features.dim();
    let scale = 1.0 / features.len() as f64;
    let flat = features.to_shape((height * width, channels)).unwrap().mapv(f64::from);
    flat.t().dot(&flat) * scale
}

fn features(picture: &Array3<u8>) -> Vec<Array4<f32>> {
    NETWORK.extract_features(preprocess_image(picture.view()).view(), 4).unwrap()
}

#[test]
fn styles_are_blended_by_their_gram_matrices() {
    let session = |blends: [f64; 2]| {
        // Not shifted, and so not padded: the features are those of the picture alone.
        let builder = StyleTransfer::builder(&NETWORK).content(&CONTENT).threads(2).jitter(0);
        let builder = builder.style(&STYLE, blends[0]).style(&OTHER_STYLE, blends[1]);
        builder.content_weight(0.0).style_layers(&[(1, 30.0), (4, 2.0)]).tv_weight(0.0).build().unwrap()
    };
    let (content, style, other) = (features(&CONTENT), features(&STYLE), features(&OTHER_STYLE));
    for blends in [[1.0, 3.0], [2.0, 0.0], [0.0, 0.5]] {
        let share = blends[0] / (blends[0] + blends[1]);
        let expected: f64 = [(1, 30.0), (4, 2.0)]
            .iter()
            .map(|&(layer, weight)| {
                let target = gram(&style[layer]) * share + gram(&other[layer]) * (1.0 - share);
                weight * (gram(&content[layer]) - target).mapv(|value| value * value).sum()
            })
            .sum();
        let style = session(blends).evaluate().unwrap().0.style;
        assert!((style - expected).abs() < 1e-4 * expected, "{blends:?}: {style} instead of {expected}");
    }
    // Only the shares count.
    let mut sessions = [session([1.0, 3.0]), session([0.25, 0.75])];
    let [first, second] = sessions.each_mut().map(|session| session.evaluate().unwrap().1.to_owned());
    assert!(relative_l2(first.view(), second.view()) < 1e-5);
}

#[test]
fn losses_add_up_whatever_else_is_weighted() {
    let image = random_image(HEIGHT, WIDTH, 10);
    let with = |content, style: [f64; 2], tv| {
        let style = [(1, style[0]), (6, style[1])];
        let builder = builder().init_image(&image).content_weight(content).style_layers(&style);
        builder.tv_weight(tv).build().unwrap().evaluate().unwrap().0
    };
    let all = with(0.1, [20.0, 3.0], 0.5);
    assert!(all.content > 0.0 && all.style > 0.0 && all.tv > 0.0);
    for (alone, part) in [
        (with(0.1, [0.0; 2], 0.0), all.content),
        (with(0.0, [20.0, 3.0], 0.0), all.style),
        (with(0.0, [0.0; 2], 0.5), all.tv),
    ] {
        assert_eq!(alone.total, part);
    }
}

#[test]
fn the_size_is_the_contents() {
    let session = builder().build().unwrap();
    assert_eq!(session.size(), (HEIGHT, WIDTH));
    assert_eq!(session.iterations(), 10);
    // A canvas is for results without content.
    assert_eq!(builder().canvas(10, 10).build().unwrap().size(), (HEIGHT, WIDTH));
}
