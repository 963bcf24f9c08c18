//! The photograph's colors in the result: kept, matched, or gone.

mod common;

use common::{random_network, waves};
use impasto::image::{to_gray, with_lightness};
use impasto::{
    Iteration, Outcome, PreserveColors, SqueezeNet, StyleTransfer, StyleTransferBuilder, TransferError,
};
use ndarray::{Array3, Axis};
use std::ops::ControlFlow;
use std::sync::LazyLock;

static NETWORK: LazyLock<SqueezeNet> = LazyLock::new(random_network);
static CONTENT: LazyLock<Array3<u8>> = LazyLock::new(|| waves(90, 120, 2));
static STYLE: LazyLock<Array3<u8>> = LazyLock::new(|| waves(100, 80, 3));

/// Two sizes, and every setting that touches colors at its default.
fn builder() -> StyleTransferBuilder<'static> {
    let builder = StyleTransfer::builder(&NETWORK).content(&CONTENT).style(&STYLE, 1.0).threads(2);
    builder.smallest(64).iterations_per_scale(&[6, 4])
}

fn run(builder: StyleTransferBuilder<'_>) -> Outcome {
    builder.build().unwrap().run().unwrap()
}

/// The largest difference of two pictures, in levels.
fn distance(a: &Array3<u8>, b: &Array3<u8>) -> u8 {
    a.iter().zip(b).map(|(&a, &b)| a.abs_diff(b)).max().unwrap()
}

#[test]
fn nothing_is_the_default() {
    let plain = run(builder()).picture;
    assert_eq!(run(builder().preserve_colors(PreserveColors::None).gray(false)).picture, plain);
    assert_ne!(run(builder().preserve_colors(PreserveColors::Match)).picture, plain);
}

#[test]
fn luminance_leaves_the_chroma_of_the_photograph() {
    let mut seen = Vec::new();
    let mut session = builder().preserve_colors(PreserveColors::Luminance).build().unwrap();
    let outcome = session
        .run_with(&mut |iteration: &Iteration<'_>| {
            seen.push(iteration.picture());
            ControlFlow::Continue(())
        })
        .unwrap();
    // Pictures along the way too, at smaller sizes as well.
    for picture in seen.iter().chain([&outcome.picture]) {
        let again = with_lightness(CONTENT.view(), picture.view());
        assert!(distance(&again, picture) <= 3, "chroma changed by {}", distance(&again, picture));
    }
    assert!(distance(&outcome.picture, &CONTENT) > 20, "nothing was painted");
}

#[test]
fn matched_styles_paint_in_the_photographs_range() {
    // A style of two shades of blue, beside a photograph of all colors.
    let mut blue = STYLE.clone();
    blue.index_axis_mut(Axis(2), 0).fill(20);
    blue.index_axis_mut(Axis(2), 1).mapv_inplace(|level| level / 8);
    let mean =
        |picture: &Array3<u8>, channel| picture.index_axis(Axis(2), channel).mapv(f64::from).mean().unwrap();
    let away = |kept| {
        let builder = StyleTransfer::builder(&NETWORK).content(&CONTENT).style(&blue, 1.0);
        let outcome = run(builder.style_strength(20.0).scales(1).iterations(30).preserve_colors(kept));
        (0..3).map(|channel| (mean(&outcome.picture, channel) - mean(&CONTENT, channel)).abs()).sum::<f64>()
    };
    assert!(away(PreserveColors::Match) < 0.7 * away(PreserveColors::None));
}

#[test]
fn colors_and_strips_go_together() {
    for kept in [PreserveColors::Match, PreserveColors::Luminance] {
        let losses = |builder: StyleTransferBuilder<'_>| {
            builder.preserve_colors(kept).build().unwrap().evaluate().unwrap().0
        };
        let (whole, strips) = (losses(builder()), losses(builder().strip_rows(16)));
        assert!((whole.total - strips.total).abs() <= 1e-5 * whole.total, "{whole:?} {strips:?}");
    }
}

#[test]
fn a_gray_result_has_the_lightness_of_the_colored_one() {
    let gray = run(builder().gray(true)).picture;
    assert_eq!(gray, to_gray(run(builder()).picture.view()));
    assert!(gray.rows().into_iter().all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]));
}

#[test]
fn there_must_be_a_photograph_to_take_colors_from() {
    let texture = StyleTransfer::builder(&NETWORK).style(&STYLE, 1.0).canvas(64, 64);
    for kept in [PreserveColors::Match, PreserveColors::Luminance] {
        let refused = texture.clone().preserve_colors(kept).build().err().unwrap();
        assert!(matches!(refused, TransferError::NoContent { .. }), "{refused}");
        assert!(refused.to_string().contains("colors to preserve"), "{refused}");
    }
}
