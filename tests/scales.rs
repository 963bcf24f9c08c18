//! Scales and jitter: which sizes a run goes through, that each goes on from the one before it, what is shifted, and what
//! that does to the picture.

mod common;

use common::random_network;
use common::waves;
use impasto::image::{preprocess_image, resize_preprocessed};
use impasto::transfer::{DEFAULT_JITTER, MAX_JITTER};
use impasto::{
    Init, Iteration, LayerLossKind, OptimizerKind, Outcome, Schedule, SqueezeNet, StyleTransfer,
    StyleTransferBuilder, TransferError, Weights,
};
use ndarray::{Array3, Array4, Axis};
use std::ops::ControlFlow;
use std::sync::LazyLock;

static NETWORK: LazyLock<SqueezeNet> = LazyLock::new(random_network);
static CONTENT: LazyLock<Array3<u8>> = LazyLock::new(|| waves(90, 120, 2));
static STYLE: LazyLock<Array3<u8>> = LazyLock::new(|| waves(100, 80, 3));

fn builder() -> StyleTransferBuilder<'static> {
    StyleTransfer::builder(&NETWORK).content(&CONTENT).style(&STYLE, 1.0).threads(2)
}

/// Three sizes, a few iterations at each.
fn three() -> StyleTransferBuilder<'static> {
    builder().smallest(45).iterations_per_scale(&[4, 3, 2])
}

fn run(builder: StyleTransferBuilder<'_>) -> Outcome {
    builder.build().unwrap().run().unwrap()
}

fn sizes(builder: StyleTransferBuilder<'_>) -> Vec<(usize, usize, usize)> {
    let session = builder.build().unwrap();
    session.scales().iter().map(|scale| (scale.height, scale.width, scale.iterations)).collect()
}

// Which sizes.

#[test]
fn sizes_grow_by_the_square_root_of_two_to_the_result() {
    assert_eq!(sizes(three()), [(45, 60, 4), (64, 85, 3), (90, 120, 2)]);
    assert_eq!(sizes(builder().scales(2).iterations(7)), [(64, 85, 7), (90, 120, 7)]);
    assert_eq!(sizes(builder().scales(1).iterations(7)), [(90, 120, 7)]);
    // A small picture has one size; so has any with the notebook's schedule.
    assert_eq!(sizes(builder()).len(), 1);
    let large = waves(512, 683, 1);
    let large = || StyleTransfer::builder(&NETWORK).content(&large).style(&STYLE, 1.0);
    let sides: Vec<usize> = sizes(large()).iter().map(|scale| scale.0).collect();
    assert_eq!(sides, [128, 181, 256, 362, 512]);
    assert_eq!(sizes(large().schedule(Schedule::Notebook)), [(512, 683, 200)]);
    // More iterations where they cost least.
    let iterations: Vec<usize> = sizes(large()).iter().map(|scale| scale.2).collect();
    assert!(iterations.is_sorted_by(|small, large| small > large), "{iterations:?}");
}

#[test]
fn as_many_sizes_as_pixels_fit() {
    let sides: Vec<usize> =
        sizes(builder().smallest(80).scales(11).iterations(1)).iter().map(|scale| scale.0).collect();
    assert_eq!(sides, (80..=90).collect::<Vec<_>>());
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    let refused = |builder: StyleTransferBuilder<'_>| builder.build().map(|_| ()).unwrap_err();
    let error = refused(builder().smallest(91));
    assert!(matches!(error, TransferError::SmallestTooLarge { smallest: 91, side: 90 }), "{error}");
    // 80 pixels of the style beside 90 of the picture: layer 7 needs more of the style than of the picture.
    let error = refused(builder().smallest(10));
    let TransferError::SmallestTooSmall { smallest: 10, least } = error else { panic!("{error}") };
    assert!(builder().smallest(least).build().is_ok());
    assert!(refused(builder().smallest(least - 1)).to_string().contains(&least.to_string()));
    let error = refused(builder().smallest(80).scales(12));
    assert!(matches!(error, TransferError::TooManyScales { scales: 12, most: 11, side: 90 }), "{error}");
    let error = refused(builder().scales(1000));
    let TransferError::TooManyScales { most, .. } = error else { panic!("{error}") };
    assert!(builder().scales(most).build().is_ok());
    assert!(matches!(refused(builder().scales(most + 1)), TransferError::TooManyScales { .. }));
    assert!(matches!(refused(builder().scales(0)), TransferError::NoScales));
    assert!(matches!(refused(builder().scales(1).smallest(50)), TransferError::UnusedSmallest));
    let error = refused(three().iterations_per_scale(&[4, 3]));
    assert!(
        error.to_string().contains(
            "2 numbers of iterations were given, but the shorter sides of the scales are 45, 64, 90"
        ),
        "{error}"
    );
    assert!(matches!(refused(three().iterations_per_scale(&[4, 0, 2])), TransferError::NoIterations));
    assert!(matches!(refused(three().iterations_per_scale(&[])), TransferError::UnequalIterations { .. }));
}

// What a run does with them.

#[test]
fn each_size_goes_on_from_the_one_before_it() {
    let mut pictures: Vec<(usize, Array4<f32>)> = Vec::new();
    let mut progress = Vec::new();
    let mut session = three().build().unwrap();
    let outcome = session
        .run_with(&mut |iteration: &Iteration<'_>| {
            assert_eq!(iteration.index, pictures.len());
            assert_eq!((iteration.iterations, iteration.scales.len()), (9, 3));
            let scale = iteration.present_scale();
            assert_eq!(iteration.image().dim(), (1, scale.height, scale.width, 3));
            // Shown, and kept if the run ends here, at the size that was asked for.
            assert_eq!(iteration.picture().dim(), (90, 120, 3));
            progress.push(iteration.progress);
            pictures.push((iteration.scale, iteration.image().to_owned()));
            ControlFlow::Continue(())
        })
        .unwrap();
    let scales: Vec<usize> = pictures.iter().map(|(scale, _)| *scale).collect();
    assert_eq!(scales, [0, 0, 0, 0, 1, 1, 1, 2, 2]);
    assert!(progress.is_sorted() && (progress[8] - 1.0).abs() < 1e-12, "{progress:?}");
    // Iterations count as their pixels.
    let pixels = [45.0 * 60.0, 64.0 * 85.0, 90.0 * 120.0];
    let work = 4.0 * pixels[0] + 3.0 * pixels[1] + 2.0 * pixels[2];
    assert!((progress[3] - 4.0 * pixels[0] / work).abs() < 1e-12);
    for (last, first) in [(3, 4), (6, 7)] {
        let (small, large) = (&pictures[last].1, &pictures[first].1);
        let (_, height, width, _) = large.dim();
        let enlarged = resize_preprocessed(small.view(), height, width);
        // One step of Adam is at most its learning rate, and a little.
        let furthest = (&enlarged - large).fold(0.0f32, |furthest, value| furthest.max(value.abs()));
        assert!(furthest > 0.0 && furthest < 0.05, "{furthest}");
    }
    assert_eq!(outcome.image, pictures[8].1);
    assert_eq!((outcome.iterations, outcome.interrupted), (9, false));
    let taken: Vec<usize> = outcome.scales.iter().map(|scale| scale.iterations).collect();
    assert_eq!(taken, [4, 3, 2]);
}

#[test]
fn a_run_that_is_ended_at_a_small_size_leaves_a_picture_of_the_result() {
    for end in [1, 5] {
        let mut session = three().build().unwrap();
        let outcome = session
            .run_with(&mut |iteration: &Iteration<'_>| match iteration.index {
                index if index == end => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            })
            .unwrap();
        assert_eq!((outcome.iterations, outcome.interrupted), (end + 1, true));
        assert_eq!(outcome.picture.dim(), (90, 120, 3));
        assert_eq!(outcome.image.dim(), (1, 90, 120, 3));
        assert!(outcome.losses.total.is_finite());
        // Another call goes on at the size where the last ended.
        let rest = session.run().unwrap();
        assert_eq!(rest.scales.last().map(|scale| (scale.height, scale.iterations)), Some((90, 2)));
        assert_eq!(rest.scales.len(), if end < 4 { 3 } else { 2 });
    }
}

#[test]
fn a_single_size_without_jitter_is_not_touched() {
    // What scales and jitter add must not be there: the picture that starts is the content's own, its loss is zero.
    let mut session = builder().scales(1).jitter(0).iterations(1).build().unwrap();
    assert_eq!(session.image().unwrap(), preprocess_image(CONTENT.view()));
    assert_eq!(session.evaluate().unwrap().0.content, 0.0);
    let plain = run(builder().scales(1).jitter(0).iterations(5));
    assert_eq!(plain.image, run(builder().scales(1).jitter(1).iterations(5)).image);
    assert_ne!(plain.image, run(builder().scales(1).iterations(5)).image);
}

#[test]
fn threads_change_no_bit() {
    let with = |threads| {
        let outcome = run(three().threads(threads));
        (outcome.image.mapv(f32::to_bits), outcome.losses)
    };
    let alone = with(1);
    for threads in [2, 3, 8] {
        assert_eq!(with(threads), alone, "{threads} threads");
    }
}

#[test]
fn lbfgs_goes_through_scales() {
    let outcome = run(three().optimizer(OptimizerKind::Lbfgs));
    assert_eq!((outcome.iterations, outcome.picture.dim()), (9, (90, 120, 3)));
}

// Jitter.

#[test]
fn jitter_follows_its_seed() {
    let with = |seed| run(three().jitter_seed(seed)).image;
    assert_eq!(with(5), with(5));
    assert_ne!(with(5), with(6));
}

#[test]
fn jitter_out_of_range_is_refused() {
    assert!(builder().jitter(MAX_JITTER).build().is_ok());
    let refused = |builder: StyleTransferBuilder<'_>| builder.build().map(|_| ()).unwrap_err();
    let error = refused(builder().jitter(MAX_JITTER + 1));
    assert!(matches!(error, TransferError::TooMuchJitter { jitter: 17, most: 16 }), "{error}");
    let error = refused(builder().jitter(4).optimizer(OptimizerKind::Lbfgs));
    assert!(matches!(error, TransferError::JitterWithLbfgs), "{error}");
}

#[test]
fn what_is_evaluated_is_not_shifted() {
    let mut session = builder().iterations(3).build().unwrap();
    let before = session.evaluate().unwrap().0;
    // The features of the content are kept in 16 bits.
    assert!(before.content < 1e-4 * before.total, "{before:?}");
    let outcome = session.run().unwrap();
    assert_eq!(session.evaluate().unwrap().0, outcome.losses);
}

/// The variance of the mean gray at the sixteen places of a grid of 4x4 pixels: dots at the period of the strides raise it,
/// whatever else is in the picture.
fn grain(image: &Array4<f32>) -> f64 {
    let mut sums = [[0.0f64; 2]; 16];
    for ((_, y, x, _), &value) in image.indexed_iter() {
        let [sum, count] = &mut sums[4 * (y % 4) + x % 4];
        *sum += f64::from(value);
        *count += 1.0;
    }
    let means = sums.map(|[sum, count]| sum / count);
    let mean = means.iter().sum::<f64>() / 16.0;
    means.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 16.0
}

/// With weights whose gradients show the grid of the strides: the dots of a whole picture, which a shift of the grid
/// before each iteration takes away.
#[test]
fn jitter_takes_the_grid_away() {
    let network = SqueezeNet::new(Weights::built_in());
    let (content, style) = (waves(96, 128, 4), waves(96, 96, 9));
    let with_jitter = |jitter| {
        let builder = StyleTransfer::builder(&network).content(&content).style(&style, 1.0).threads(2);
        grain(&run(builder.jitter(jitter).iterations(60)).image)
    };
    let (with, without) = (with_jitter(DEFAULT_JITTER), with_jitter(0));
    assert!(with < 0.5 * without, "{with:e} with jitter, {without:e} without");
}

// Textures.

#[test]
fn textures_start_in_the_painting_s_pixels_and_keep_its_colors() {
    let texture = |styles: &[(&Array3<u8>, f64)]| {
        let mut builder = StyleTransfer::builder(&NETWORK).canvas(40, 56).threads(2);
        for &(style, blend) in styles {
            builder = builder.style(style, blend);
        }
        builder.iterations(10).build().unwrap()
    };
    let other = waves(70, 90, 8);
    let mut session = texture(&[(&STYLE, 1.0), (&other, 0.0)]);
    let painting = preprocess_image(STYLE.view());
    let colors: std::collections::HashSet<[u32; 3]> =
        painting.lanes(Axis(3)).into_iter().map(|pixel| [0, 1, 2].map(|c| pixel[c].to_bits())).collect();
    let start = session.image().unwrap();
    assert!(
        start.lanes(Axis(3)).into_iter().all(|pixel| colors.contains(&[0, 1, 2].map(|c| pixel[c].to_bits())))
    );

    let image = session.run().unwrap().image;
    for channel in 0..3 {
        let (own, painted) = (image.index_axis(Axis(3), channel), painting.index_axis(Axis(3), channel));
        let mean = (own.mean().unwrap() - painted.mean().unwrap()).abs();
        assert!(mean < 0.1 && (own.std(0.0) / painted.std(0.0) - 1.0).abs() < 0.1, "channel {channel}");
    }
    let without_style =
        StyleTransfer::builder(&NETWORK).content(&CONTENT).init(Init::StylePixels { seed: 0 });
    assert!(matches!(without_style.build().map(|_| ()), Err(TransferError::NoStyle)));
}

// Where it starts.

#[test]
fn a_blend_lies_between_the_photograph_and_noise() {
    let start = |init| builder().scales(1).init(init).build().unwrap().image().unwrap().to_owned();
    let content = start(Init::Content);
    let noise = start(Init::Random { seed: 5 });
    let blend = start(Init::Blend { noise: 30, seed: 5 });
    for ((&blend, &content), &noise) in blend.iter().zip(&content).zip(&noise) {
        assert!((blend - (0.7 * content + 0.3 * noise)).abs() < 1e-5);
    }
    assert_eq!(start(Init::Blend { noise: 0, seed: 5 }), content);
    let refused = |builder: StyleTransferBuilder<'_>| builder.build().err().unwrap();
    let too_much = refused(builder().init(Init::Blend { noise: 101, seed: 0 }));
    assert!(matches!(too_much, TransferError::InvalidBlend(101)), "{too_much}");
    let texture = StyleTransfer::builder(&NETWORK).style(&STYLE, 1.0).canvas(64, 64);
    let without = refused(texture.init(Init::Blend { noise: 50, seed: 0 }));
    assert!(matches!(without, TransferError::NoContent { .. }), "{without}");
}

// When it ends.

#[test]
fn a_loss_that_falls_no_more_ends_a_size_early() {
    let taken = |builder: StyleTransferBuilder<'_>| {
        let outcome = run(builder.scales(2).iterations(80));
        assert!(!outcome.interrupted);
        outcome.scales.iter().map(|scale| scale.iterations).collect::<Vec<_>>()
    };
    assert_eq!(taken(builder()), [80, 80]);
    // No loss falls by all of itself: after two dozen iterations the learning rate begins to fall, for as many.
    assert_eq!(taken(builder().stop_below(1.0)), [48, 48]);
    assert_eq!(taken(builder().stop_below(1.0).schedule(Schedule::Notebook).jitter(0)), [24, 24]);
    // At the picture that it is to be, the loss does not fall at all: it ends early for any rate.
    let still = StyleTransfer::builder(&NETWORK).content(&CONTENT).style_layers(&[]).tv_weight(0.0);
    let outcome = run(still.content_weight(1.0).jitter(0).scales(1).iterations(90).stop_below(1e-9));
    assert!(outcome.iterations < 90, "{}", outcome.iterations);
    // How far it has come stays a share of the run.
    let mut last = 0.0;
    let mut session = builder().scales(2).iterations(80).stop_below(1.0).build().unwrap();
    let mut observer = |iteration: &Iteration<'_>| {
        assert!(iteration.progress > last && iteration.progress <= 1.0 + 1e-9);
        last = iteration.progress;
        ControlFlow::Continue(())
    };
    session.run_with(&mut observer).unwrap();
    assert!(last > 0.6, "{last}");
    for rate in [-0.1, 1.1, f64::NAN] {
        assert!(matches!(builder().stop_below(rate).build(), Err(TransferError::InvalidStop(_))), "{rate}");
    }
}

#[test]
fn layers_add_up_to_the_losses() {
    let network = random_network();
    let (content, style) = (waves(90, 120, 2), waves(100, 80, 3));
    for strips in [None, Some(32)] {
        let builder = StyleTransfer::builder(&network).content(&content).style(&style, 1.0);
        let builder = builder.content_layers(&[(6, 1.0), (3, 0.5)]).smallest(70).iterations(3);
        let builder = match strips {
            Some(rows) => builder.strip_rows(rows),
            None => builder,
        };
        let mut session = builder.build().unwrap();
        let mut seen = 0;
        let mut observer = |iteration: &Iteration<'_>| {
            let of = |kind| iteration.layers.iter().filter(move |layer| layer.kind == kind);
            let layers = |kind| of(kind).map(|layer| layer.layer).collect::<Vec<_>>();
            assert_eq!(layers(LayerLossKind::Content), [3, 6]);
            assert_eq!(layers(LayerLossKind::Style), [1, 4, 6, 7]);
            let sum = |kind| of(kind).map(|layer| layer.value).sum::<f64>();
            let close = |sum: f64, loss: f64| (sum - loss).abs() <= 1e-5 * loss.max(1e-9);
            assert!(close(sum(LayerLossKind::Content), iteration.losses.content));
            assert!(close(sum(LayerLossKind::Style), iteration.losses.style));
            seen += 1;
            ControlFlow::Continue(())
        };
        session.run_with(&mut observer).unwrap();
        assert_eq!(seen, 6);
    }
}
