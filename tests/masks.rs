//! Masks and transparency: where each style is painted, and what of the photograph stays as it is.

mod common;

use common::{random_network, waves};
use impasto::{
    Init, OptimizerKind, Outcome, PreserveColors, SqueezeNet, StyleTransfer, StyleTransferBuilder,
    TransferError,
};
use ndarray::{Array2, Array3, Axis, Slice, concatenate};
use std::sync::LazyLock;

/// The content layer sees all of it, so that no border is repeated.
const SIZE: (usize, usize) = (131, 151);

static NETWORK: LazyLock<SqueezeNet> = LazyLock::new(random_network);
static CONTENT: LazyLock<Array3<u8>> = LazyLock::new(|| waves(SIZE.0, SIZE.1, 2));
static STYLE: LazyLock<Array3<u8>> = LazyLock::new(|| waves(100, 120, 3));
static OTHER: LazyLock<Array3<u8>> = LazyLock::new(|| waves(120, 90, 5));

/// White in the left columns, black from the middle on.
static LEFT: LazyLock<Array2<u8>> = LazyLock::new(|| mask(|_, x| if x < 80 { 255 } else { 0 }));
static RIGHT: LazyLock<Array2<u8>> = LazyLock::new(|| LEFT.mapv(|level| 255 - level));
/// A disc with soft edges.
static DISC: LazyLock<Array2<u8>> = LazyLock::new(|| {
    mask(|y, x| {
        let distance = ((y as f64 - 60.0).powi(2) + (x as f64 - 70.0).powi(2)).sqrt();
        (255.0 * (1.0 - (distance - 20.0) / 15.0).clamp(0.0, 1.0)) as u8
    })
});

fn mask(level: impl Fn(usize, usize) -> u8) -> Array2<u8> {
    Array2::from_shape_fn(SIZE, |(y, x)| level(y, x))
}

/// The photograph at its own size, without a style yet.
fn content() -> StyleTransferBuilder<'static> {
    StyleTransfer::builder(&NETWORK).content(&CONTENT).threads(2)
}

/// Two sizes.
fn short(builder: StyleTransferBuilder<'static>) -> StyleTransferBuilder<'static> {
    builder.smallest(90).iterations_per_scale(&[6, 5])
}

fn run(builder: StyleTransferBuilder<'_>) -> Outcome {
    builder.build().unwrap().run().unwrap()
}

/// The photograph with this alpha.
fn with_alpha(alpha: &Array2<u8>) -> Array3<u8> {
    concatenate(Axis(2), &[CONTENT.view(), alpha.view().insert_axis(Axis(2))]).unwrap()
}

#[test]
fn white_is_no_mask_and_black_keeps_nothing() {
    let white = Box::leak(Box::new(mask(|_, _| 255)));
    let black = Box::leak(Box::new(mask(|_, _| 0)));
    let plain = run(short(content().style(&STYLE, 1.0)));
    let masked = run(short(content().masked_style(&STYLE, 1.0, white).content_mask(black)));
    assert_eq!((&plain.image, plain.losses), (&masked.image, masked.losses));
    // Two styles of one mask are one place, with their blend.
    let both = run(short(content().style(&STYLE, 2.0).style(&OTHER, 1.0)));
    let masked = run(short(content().masked_style(&STYLE, 2.0, white).style(&OTHER, 1.0)));
    assert_eq!((&both.image, both.losses), (&masked.image, masked.losses));
}

#[test]
fn a_blend_of_one_and_zero_is_the_single_style() {
    let single = run(short(content().style(&STYLE, 1.0)));
    let blended = run(short(content().style(&STYLE, 1.0).style(&OTHER, 0.0)));
    assert_eq!(single.image, blended.image);
    let single = run(short(content().masked_style(&STYLE, 1.0, &LEFT)));
    let blended = run(short(content().masked_style(&STYLE, 1.0, &LEFT).masked_style(&OTHER, 0.0, &RIGHT)));
    assert_eq!(single.image, blended.image);
}

#[test]
fn no_style_reaches_outside_of_its_mask() {
    for (jitter, strips) in [(0, None), (4, None), (4, Some(32))] {
        for mask in [&LEFT, &DISC] {
            let builder = content().masked_style(&STYLE, 1.0, mask).content_weight(0.0).tv_weight(0.0);
            let builder = builder.scales(1).jitter(jitter).iterations(9);
            let builder = match strips {
                Some(rows) => builder.strip_rows(rows),
                None => builder,
            };
            let mut session = builder.build().unwrap();
            let (_, gradient) = session.evaluate().unwrap();
            let inside = |y: usize, x: usize| mask[[y, x]] > 0;
            let mut reached = 0;
            for ((_, y, x, _), &gradient) in gradient.indexed_iter() {
                assert!(inside(y, x) || gradient == 0.0, "{gradient} at {y}, {x}");
                reached += usize::from(gradient != 0.0);
            }
            assert!(reached > 1000, "{reached}");
            // At none of the shifts: pixels that have no gradient stay.
            let before = session.image().unwrap().to_owned();
            session.run().unwrap();
            for (((_, y, x, _), &now), &before) in session.image().unwrap().indexed_iter().zip(&before) {
                assert!(inside(y, x) || now == before);
            }
        }
    }
}

#[test]
fn what_is_kept_stays_as_it_is() {
    let painted = run(short(content().style(&STYLE, 1.0))).picture;
    let colors = [PreserveColors::None, PreserveColors::Luminance, PreserveColors::Match];
    for (index, init) in [Init::Content, Init::Random { seed: 3 }, Init::Content].into_iter().enumerate() {
        let builder = short(content().style(&STYLE, 1.0).content_mask(&DISC).init(init));
        let outcome = run(builder.preserve_colors(colors[index]));
        let mut distance = [0; 2];
        for ((y, x, channel), &level) in outcome.picture.indexed_iter() {
            let from_photo = level.abs_diff(CONTENT[[y, x, channel]]);
            match DISC[[y, x]] {
                255 => assert_eq!(from_photo, 0, "{y}, {x}"),
                0 => distance[0] += usize::from(from_photo),
                _ => distance[1] += usize::from(from_photo),
            }
        }
        assert!(distance[0] > 0 && distance[1] > 0);
        let outside = |picture: &Array3<u8>| picture.slice_axis(Axis(0), Slice::from(110..)).to_owned();
        assert_ne!(outside(&outcome.picture), outside(&CONTENT));
    }
    assert_ne!(painted, *CONTENT);
}

#[test]
fn opaque_pictures_have_no_alpha() {
    let opaque: &'static Array3<u8> = Box::leak(Box::new(with_alpha(&mask(|_, _| 255))));
    let plain = run(short(content().style(&STYLE, 1.0)));
    let with_alpha = run(short(content().style(&STYLE, 1.0)).content(opaque));
    assert_eq!((plain.picture, plain.image), (with_alpha.picture, with_alpha.image));
}

#[test]
fn what_is_transparent_is_neither_painted_nor_counted() {
    let alpha = DISC.mapv(|level| 255 - level);
    let photograph = with_alpha(&alpha);
    let mut other = photograph.clone();
    for (mut pixel, &alpha) in other.rows_mut().into_iter().zip(&alpha) {
        if alpha == 0 {
            (0..3).for_each(|channel| pixel[channel] = 91);
        }
    }
    let run = |photograph: &Array3<u8>| {
        let builder = StyleTransfer::builder(&NETWORK).content(photograph).style(&STYLE, 1.0);
        run(builder.smallest(90).iterations_per_scale(&[6, 5]).background([30, 60, 90]))
    };
    let outcome = run(&photograph);
    // What nobody sees has no say.
    assert_eq!(outcome.picture, run(&other).picture);
    assert_eq!(outcome.picture.dim(), (SIZE.0, SIZE.1, 4));
    assert_eq!(outcome.picture.index_axis(Axis(2), 3), alpha);
    let mut painted = 0;
    for ((y, x, channel), &level) in
        outcome.picture.indexed_iter().filter(|((_, _, channel), _)| *channel < 3)
    {
        match alpha[[y, x]] {
            0 => assert_eq!(level, [30, 60, 90][channel]),
            _ => painted += usize::from(level.abs_diff(CONTENT[[y, x, channel]]) > 8),
        }
    }
    assert!(painted > 1000, "{painted}");
}

/// Masks, several styles, kept places, two content layers, moments, colors, jitter: everything at once.
fn everything() -> StyleTransferBuilder<'static> {
    content()
        .masked_style(&STYLE, 2.0, &LEFT)
        .masked_style(&OTHER, 1.0, &RIGHT)
        .style(&OTHER, 0.5)
        .content_mask(&DISC)
        .content_layers(&[(3, 1.0), (6, 0.5)])
        .style_moments(0.7)
        .preserve_colors(PreserveColors::Match)
        .jitter(4)
}

#[test]
fn strips_see_the_same_masks() {
    let mut whole = everything().scales(1).build().unwrap();
    let (expected, gradient) = whole.evaluate().unwrap();
    let norm = gradient.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    for rows in [8, 33, 64] {
        let mut strips = everything().scales(1).strip_rows(rows).build().unwrap();
        let (losses, in_strips) = strips.evaluate().unwrap();
        let pairs = gradient.iter().zip(in_strips.iter());
        let distance = pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
        assert!(distance < 1e-5 * norm, "gradients differ by {:e}", distance / norm);
        for (a, b) in
            [(losses.content, expected.content), (losses.style, expected.style), (losses.tv, expected.tv)]
        {
            assert!((a - b).abs() < 1e-5 * b, "{a} {b}");
        }
    }
}

#[test]
fn everything_works_together() {
    let whole = run(short(everything()));
    let strips = run(short(everything()).strip_rows(40));
    let differing = whole.picture.iter().zip(&strips.picture).filter(|&(&a, &b)| a.abs_diff(b) > 2).count();
    assert!(differing < whole.picture.len() / 100, "{differing}");
    assert!((strips.losses.total / whole.losses.total - 1.0).abs() < 1e-3);
    // The disc's middle, which is kept.
    assert_eq!(
        whole.picture.slice_axis(Axis(0), Slice::from(55..65)).index_axis(Axis(1), 70),
        CONTENT.slice_axis(Axis(0), Slice::from(55..65)).index_axis(Axis(1), 70)
    );
    // Any number of threads gives the same bits.
    assert_eq!(run(short(everything()).threads(1)).image, whole.image);
    // Each part has a say.
    let without = run(short(everything()).content_layers(&[(3, 1.0)]));
    assert_ne!(without.image, whole.image);
}

#[test]
fn two_masks_paint_two_styles() {
    // What each half is like is decided by its own style: exchange the styles, and the halves exchange.
    let paint = |left: &'static Array3<u8>, right: &'static Array3<u8>| {
        let builder = content().masked_style(left, 1.0, &LEFT).masked_style(right, 1.0, &RIGHT);
        run(builder.content_weight(0.0).scales(1).jitter(0).iterations(12)).image
    };
    let (one, two) = (paint(&STYLE, &OTHER), paint(&STYLE, &STYLE));
    let columns = |image: &ndarray::Array4<f32>, range: std::ops::Range<isize>| {
        image.slice_axis(Axis(2), Slice::from(range)).to_owned()
    };
    // Far from the border only the style of one's own counts: total variation reaches a pixel per iteration, and what
    // rounding leaves of the other style's gradient is too little to be seen.
    let differs = |range: std::ops::Range<isize>| {
        let difference = columns(&one, range.clone()) - columns(&two, range);
        difference.iter().fold(0.0, |most: f32, value| most.max(value.abs()))
    };
    assert!(differs(0..60) < 1e-3, "{}", differs(0..60));
    assert!(differs(100..150) > 0.1, "{}", differs(100..150));
}

#[test]
fn unpainted_places_are_counted() {
    let session = content().masked_style(&STYLE, 1.0, &LEFT).build().unwrap();
    let expected = 71.0 / 151.0;
    assert!((session.unpainted() - expected).abs() < 1e-9, "{}", session.unpainted());
    let unpainted = |builder: StyleTransferBuilder<'_>| builder.build().unwrap().unpainted();
    assert_eq!(unpainted(content().masked_style(&STYLE, 1.0, &LEFT).content_mask(&RIGHT)), 0.0);
    assert_eq!(unpainted(content().masked_style(&STYLE, 1.0, &LEFT).masked_style(&OTHER, 1.0, &RIGHT)), 0.0);
    assert_eq!(unpainted(content().masked_style(&STYLE, 1.0, &LEFT).style(&OTHER, 1.0)), 0.0);
    assert!(unpainted(content().masked_style(&STYLE, 1.0, &LEFT).style(&OTHER, 0.0)) > 0.4);
}

#[test]
fn a_texture_of_two_paintings() {
    let builder = StyleTransfer::builder(&NETWORK).canvas(SIZE.0, SIZE.1);
    let builder = builder.masked_style(&STYLE, 1.0, &LEFT).masked_style(&OTHER, 1.0, &RIGHT);
    let outcome = run(builder.smallest(90).iterations_per_scale(&[3, 3]));
    assert!(outcome.losses.total.is_finite());
    let lbfgs = content().masked_style(&STYLE, 1.0, &LEFT).optimizer(OptimizerKind::Lbfgs);
    assert!(run(lbfgs.scales(1).iterations(3)).losses.total.is_finite());
}

#[test]
fn wrong_masks_are_refused() {
    let (small, black, white) = (Array2::zeros((10, 10)), mask(|_, _| 0), mask(|_, _| 255));
    let dot = mask(|y, x| if (y, x) == (40, 40) { 255 } else { 0 });
    let refusal = |builder: StyleTransferBuilder<'_>| builder.build().err().expect("it is refused");
    let with = |builder: StyleTransferBuilder<'_>, text: &str| {
        let refusal = refusal(builder).to_string();
        assert!(refusal.contains(text), "{refusal}");
    };
    with(content().masked_style(&STYLE, 1.0, &small), "a style's mask is 10x10, the result 131x151");
    with(content().style(&STYLE, 1.0).content_mask(&small), "the content mask is 10x10");
    assert!(matches!(refusal(content().masked_style(&STYLE, 1.0, &black)), TransferError::EmptyMask));
    assert!(matches!(refusal(content().masked_style(&STYLE, 1.0, &dot)), TransferError::MaskTooFine));
    assert!(matches!(
        refusal(content().style(&STYLE, 1.0).content_mask(&white)),
        TransferError::NothingToPaint
    ));
    let transparent = with_alpha(&black);
    assert!(matches!(
        refusal(StyleTransfer::builder(&NETWORK).content(&transparent).style(&STYLE, 1.0)),
        TransferError::NothingToPaint
    ));
    let texture = StyleTransfer::builder(&NETWORK).canvas(SIZE.0, SIZE.1).style(&STYLE, 1.0);
    with(texture.content_mask(&LEFT), "a content image is needed for the content mask");
    with(
        content().style(&STYLE, 1.0).content_layers(&[(3, 1.0), (3, 2.0)]),
        "content layer 3 is listed twice",
    );
    with(content().style(&STYLE, 1.0).content_layers(&[(3, -1.0)]), "a content layer's weight is -1");
    let two_channels = Array3::zeros((40, 40, 2));
    with(StyleTransfer::builder(&NETWORK).content(&two_channels).style(&STYLE, 1.0), "[40, 40, 2]");
}
