//! Sequences of pictures: what holds a frame to the one before it.

mod common;

use common::{random_network, waves};
use impasto::image::preprocess_image;
use impasto::motion::Motion;
use impasto::transfer::TEMPORAL_WEIGHT;
use impasto::{Outcome, PreserveColors, SqueezeNet, StyleTransfer, StyleTransferBuilder, TransferError};
use ndarray::{Array2, Array3, Axis, Slice};
use std::sync::LazyLock;

const SIZE: (usize, usize) = (109, 131);

static NETWORK: LazyLock<SqueezeNet> = LazyLock::new(random_network);
static WIDE: LazyLock<Array3<u8>> = LazyLock::new(|| waves(SIZE.0, SIZE.1 + 40, 2));
static STYLE: LazyLock<Array3<u8>> = LazyLock::new(|| waves(100, 120, 3));
/// White in the upper half.
static UPPER: LazyLock<Array2<u8>> =
    LazyLock::new(|| Array2::from_shape_fn(SIZE, |(y, _)| if y < SIZE.0 / 2 { 255 } else { 0 }));

/// A frame of a pan.
fn frame(left: usize) -> Array3<u8> {
    WIDE.slice_axis(Axis(1), Slice::from(left..left + SIZE.1)).to_owned()
}

fn builder(content: &Array3<u8>) -> StyleTransferBuilder<'_> {
    StyleTransfer::builder(&NETWORK).content(content).style(&STYLE, 1.0).threads(2)
}

fn run(builder: StyleTransferBuilder<'_>) -> Outcome {
    builder.smallest(90).iterations_per_scale(&[8, 6]).build().unwrap().run().unwrap()
}

#[test]
fn without_weight_or_trust_nothing_changes() {
    let (content, other) = (frame(0), frame(9));
    let plain = run(builder(&content));
    let nowhere = Array2::zeros(SIZE);
    for (trust, weight) in [(&*UPPER, 0.0), (&nowhere, 1e5)] {
        let held = run(builder(&content).temporal(&other, trust, weight));
        assert_eq!((held.image, held.losses.temporal), (plain.image.clone(), 0.0));
    }
}

#[test]
fn it_is_the_mean_of_squares_where_it_holds() {
    let (content, other) = (frame(0), frame(9));
    let evaluate = |builder: StyleTransferBuilder<'_>| {
        let mut session = builder.scales(1).jitter(0).build().unwrap();
        let (losses, gradient) = session.evaluate().unwrap();
        (losses, gradient.to_owned())
    };
    let (plain, without) = evaluate(builder(&content));
    let (losses, with) = evaluate(builder(&content).temporal(&other, &UPPER, 300.0));
    assert_eq!((losses.content, losses.style, losses.tv), (plain.content, plain.style, plain.tv));
    let (start, before) = (preprocess_image(content.view()), preprocess_image(other.view()));
    let values = start.len() as f64;
    let mut sum = 0.0;
    for ((index, &value), &expected) in start.indexed_iter().zip(&before) {
        let trust = f64::from(UPPER[[index.1, index.2]]) / 255.0;
        let difference = trust * f64::from(value - expected);
        sum += difference * difference;
        let expected = 2.0 * 300.0 / values * trust * difference;
        let gradient = f64::from(with[index] - without[index]);
        assert!((gradient - expected).abs() < 1e-5, "{index:?}: {gradient} {expected}");
    }
    assert!((losses.temporal - 300.0 * sum / values).abs() < 1e-5 * losses.temporal, "{losses:?}");
    assert!((losses.total - plain.total - losses.temporal).abs() < 1e-5 * losses.total);
}

#[test]
fn in_strips_and_with_everything_else() {
    let (content, other) = (frame(0), frame(9));
    let trust = Array2::from_shape_fn(SIZE, |(y, x)| if (y / 9 + x / 13) % 3 > 0 { 255 } else { 0 });
    let lower = UPPER.mapv(|level| 255 - level);
    let builder = || {
        builder(&content)
            .masked_style(&WIDE, 1.0, &lower)
            .content_mask(&UPPER)
            .preserve_colors(PreserveColors::Luminance)
            .temporal(&other, &trust, 2e4)
    };
    let whole = run(builder());
    assert!(whole.losses.temporal > 0.0);
    for rows in [8, 40] {
        let strips = run(builder().strip_rows(rows));
        let furthest = whole.picture.iter().zip(&strips.picture).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(furthest <= Some(1), "{furthest:?}");
        let ratio = strips.losses.temporal / whole.losses.temporal;
        assert!((ratio - 1.0).abs() < 1e-3, "{ratio}");
    }
}

#[test]
fn a_pan_flickers_less() {
    let (first, second) = (frame(0), frame(4));
    let before = run(builder(&first));
    let motion = Motion::between(&first, &second).unwrap();
    let moved = motion.carry(&before.picture, &second).unwrap();
    let start = preprocess_image(moved.view());
    let held =
        run(builder(&second).init_image(&start).temporal(&moved, motion.trust(), 20.0 * TEMPORAL_WEIGHT));
    let alone = run(builder(&second));
    let [held, alone] =
        [held, alone].map(|outcome| motion.flicker(&before.picture, &outcome.picture).unwrap());
    assert!(held < 0.6 * alone, "{held} {alone}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let content = frame(0);
    let small = waves(50, 60, 2);
    let refused = |builder: StyleTransferBuilder<'_>| builder.build().map(drop).unwrap_err();
    let error = refused(builder(&content).temporal(&small, &UPPER, 1.0));
    assert!(matches!(error, TransferError::ImageSize { given_height: 50, height: 109, .. }), "{error}");
    let trust = Array2::zeros((50, 60));
    let error = refused(builder(&content).temporal(&content, &trust, 1.0));
    assert!(matches!(error, TransferError::MaskSize { given_height: 50, .. }), "{error}");
    for weight in [-1.0, f64::NAN, f64::INFINITY] {
        let error = refused(builder(&content).temporal(&content, &UPPER, weight));
        assert!(matches!(error, TransferError::InvalidWeight { name: "the temporal weight", .. }), "{error}");
    }
}
