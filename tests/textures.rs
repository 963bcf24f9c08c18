//! Textures that are laid beside themselves, and gradients of a given strength.

mod common;

use common::{random_network, waves};
use impasto::{LossWeights, OptimizerKind, SqueezeNet, StyleTransfer, StyleTransferBuilder, TransferError};
use ndarray::{Array2, Array3, ArrayView3, Axis, Slice};
use std::sync::LazyLock;

static NETWORK: LazyLock<SqueezeNet> = LazyLock::new(random_network);
static STYLE: LazyLock<Array3<u8>> = LazyLock::new(|| waves(110, 120, 3));

fn texture() -> StyleTransferBuilder<'static> {
    StyleTransfer::builder(&NETWORK).style(&STYLE, 1.0).canvas(96, 120).threads(2)
}

/// The mean distance of neighboring lines along an axis, and that of the last from the first.
fn jumps(picture: ArrayView3<'_, u8>, axis: Axis) -> (f64, f64) {
    let lines = picture.len_of(axis);
    let distance = |a: usize, b: usize| {
        let pairs =
            picture.index_axis(axis, a).to_owned().into_iter().zip(picture.index_axis(axis, b).to_owned());
        pairs.map(|(a, b)| f64::from(a.abs_diff(b))).sum::<f64>() / (picture.len() / lines) as f64
    };
    let inside = (1..lines).map(|line| distance(line - 1, line)).sum::<f64>() / (lines - 1) as f64;
    (inside, distance(lines - 1, 0))
}

#[test]
fn a_seamless_texture_has_no_edge() {
    // Total variation too looks across it.
    let run = |seamless: bool| {
        let builder = texture().seamless(seamless).smallest(64).iterations_per_scale(&[40, 40]);
        builder.build().unwrap().run().unwrap().picture
    };
    let (seamless, plain) = (run(true), run(false));
    for axis in [Axis(0), Axis(1)] {
        let (inside, seam) = jumps(seamless.view(), axis);
        assert!(seam < 1.2 * inside, "the seam jumps by {seam}, neighbors by {inside}");
        let (inside, seam) = jumps(plain.view(), axis);
        assert!(seam > 1.5 * inside, "without, it would jump by {inside} only: {seam}");
    }
}

#[test]
fn a_seamless_picture_has_no_place_of_its_own() {
    // Rolled by a few pixels, a picture is the same texture: the loss at each shift hardly knows.
    let picture = waves(96, 120, 5);
    let (top, bottom) = picture.view().split_at(Axis(0), 40);
    let rolled = ndarray::concatenate(Axis(0), &[bottom, top]).unwrap();
    let style_loss = |picture: &Array3<u8>, seamless: bool| {
        let start = impasto::image::preprocess_image(picture.view());
        let builder = texture().seamless(seamless).init_image(&start).scales(1).tv_weight(0.0);
        builder.build().unwrap().evaluate().unwrap().0.style
    };
    let (own, other) = (style_loss(&picture, true), style_loss(&rolled, true));
    assert!((own / other - 1.0).abs() < 0.1, "{own} {other}");
}

#[test]
fn seamless_textures_of_masks_and_without_jitter() {
    let left = Array2::from_shape_fn((96, 120), |(_, x)| if x < 60 { 255 } else { 0 });
    let other = waves(100, 100, 9);
    for jitter in [0, 4] {
        let builder = StyleTransfer::builder(&NETWORK).canvas(96, 120).seamless(true).jitter(jitter);
        let builder = builder.masked_style(&STYLE, 1.0, &left).style(&other, 1.0).scales(1).iterations(3);
        let outcome = builder.build().unwrap().run().unwrap();
        assert!(outcome.losses.total.is_finite());
        assert_eq!(outcome.picture.slice_axis(Axis(2), Slice::from(..3)).dim(), (96, 120, 3));
    }
}

#[test]
fn normalized_gradients_have_the_strength_of_their_weights() {
    let content = waves(96, 120, 2);
    let builder = || {
        StyleTransfer::builder(&NETWORK)
            .content(&content)
            .style(&STYLE, 1.0)
            .normalize_gradients(true)
            .init(impasto::Init::Random { seed: 1 })
            .scales(1)
            .jitter(0)
    };
    // The loss of a single layer, so that what arrives at the pixels is known up to the way there.
    let gradient = |weight: f64| {
        let builder = builder().content_weight(0.0).tv_weight(0.0).style_layers(&[(4, weight)]);
        let mut session = builder.build().unwrap();
        session.evaluate().unwrap().1.to_owned()
    };
    let (one, double) = (gradient(1.0), gradient(2.0));
    let close =
        one.iter().zip(&double).all(|(one, double)| (2.0 * one - double).abs() <= 1e-5 * double.abs() + 1e-9);
    assert!(close, "twice the weight is not twice the gradient");
    let tv = |weight: f64| {
        let builder = builder().content_weight(0.0).tv_weight(weight).style_layers(&[]);
        builder.build().unwrap().evaluate().unwrap().1.iter().map(|value| f64::from(value.abs())).sum::<f64>()
    };
    assert!((tv(0.25) - 0.25).abs() < 1e-5, "{}", tv(0.25));
    // Weights that are not set are strengths too, at every size.
    assert_eq!(LossWeights::normalized().style_weights, [1.0; 4]);
    let outcome = builder().scales(2).iterations(3).build().unwrap().run().unwrap();
    assert!(outcome.losses.total.is_finite());
}

#[test]
fn moments_lead_closer_to_the_style() {
    use impasto::LayerLossKind::Style;
    let run = |moments: f64| {
        let builder = texture().style_moments(moments).scales(1).iterations(60).tv_weight(0.0);
        let mut session = builder.build().unwrap();
        let picture = session.run().unwrap().picture;
        // How far means and deviations are from the style's, as a loss of their own.
        let start = impasto::image::preprocess_image(picture.view());
        let style_loss = |moments: f64| {
            let builder = texture().style_moments(moments).init_image(&start).scales(1).tv_weight(0.0);
            builder.build().unwrap().evaluate().unwrap().0.style
        };
        style_loss(1.0) - style_loss(0.0)
    };
    let (without, with) = (run(0.0), run(10.0));
    assert!(with < 0.5 * without, "{with} is not much less than {without}");
    // They are part of what a layer adds.
    let mut session = texture().style_moments(1.0).scales(1).iterations(1).build().unwrap();
    let mut observer = |iteration: &impasto::Iteration<'_>| {
        let layers = iteration.layers.iter().filter(|layer| layer.kind == Style);
        let sum: f64 = layers.map(|layer| layer.value).sum();
        assert!((sum / iteration.losses.style - 1.0).abs() < 1e-5);
        std::ops::ControlFlow::Continue(())
    };
    session.run_with(&mut observer).unwrap();
}

#[test]
fn what_does_not_go_together() {
    let content = waves(96, 120, 2);
    let refused = |builder: StyleTransferBuilder<'_>| builder.build().err().expect("it is refused");
    assert!(matches!(refused(texture().content(&content).seamless(true)), TransferError::SeamlessContent));
    let lbfgs = texture().optimizer(OptimizerKind::Lbfgs).normalize_gradients(true);
    assert!(matches!(refused(lbfgs), TransferError::NormalizedLbfgs));
    // Neither can be done in strips.
    for builder in [texture().seamless(true), texture().normalize_gradients(true)] {
        assert!(matches!(refused(builder.clone().memory(1_000_000)), TransferError::TooLarge { .. }));
        assert_eq!(builder.strip_rows(16).build().unwrap().strip_rows(), None);
    }
}
