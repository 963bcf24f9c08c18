//! Runs in strips are those in memory, to rounding.

mod common;

use common::waves;
use impasto::{
    Init, LossWeights, OptimizerKind, PoolRounding, SqueezeNet, StyleTransfer, TransferError, Weights,
};
use ndarray::Array3;

fn network(rounding: PoolRounding) -> SqueezeNet {
    SqueezeNet::new(Weights::built_in()).with_pooling(rounding)
}

#[track_caller]
fn assert_near(actual: f64, expected: f64, what: &str) {
    assert!((actual - expected).abs() <= 1e-5 * expected.abs().max(1e-12), "{what}: {actual} {expected}");
}

#[test]
fn losses_and_gradients() {
    let sizes = [
        (97, 131),
        (120, 81),
        (143, 150),
        (101, 101),
        (160, 97),
        (211, 85),
        (87, 203),
        (135, 99),
        (118, 142),
        (178, 121),
        // Tall enough for tiles that begin a row later from layer to layer.
        (530, 80),
        (611, 97),
    ];
    for (index, (height, width)) in sizes.into_iter().enumerate() {
        let rounding = [PoolRounding::Floor, PoolRounding::Ceil][index % 2];
        let network = network(rounding);
        let (content, style, other) = (waves(height, width, 1), waves(113, 125, 2), waves(96, 140, 3));
        let layers: &[(usize, f64)] =
            [&[(1, 20_000.0), (4, 500.0), (6, 12.0), (7, 1.0)][..], &[(2, 5e3), (9, 1e2), (12, 10.0)]]
                [index % 2];
        let content_layer = [3, 5, 8, 1, 12][index % 5];
        let builder = || {
            StyleTransfer::builder(&network)
                .content(&content)
                .style(&style, 2.0)
                .style(&other, 1.0)
                .content_layer(content_layer)
                .content_weight(0.05)
                .style_layers(layers)
                .tv_weight(0.02)
                .style_moments([0.0, 0.5][index % 3 / 2])
                .init(Init::Random { seed: 5 })
                .scales(1)
                .jitter([0, 4][index / 2 % 2])
        };
        let mut whole = builder().build().unwrap();
        assert_eq!(whole.strip_rows(), None);
        let (expected, gradient) = whole.evaluate().unwrap();
        let norm = gradient.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        for rows in [8, 33, 64] {
            let what = format!("{height}x{width}, {rounding:?}, content {content_layer}, strips of {rows}");
            let mut strips = builder().strip_rows(rows).build().unwrap();
            assert_eq!(strips.strip_rows(), Some(rows));
            let (losses, in_strips) = strips.evaluate().unwrap();
            let pairs = gradient.iter().zip(in_strips.iter());
            let distance = pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
            assert!(distance < 1e-5 * norm, "{what}: gradients differ by {:e}", distance / norm);
            assert_near(losses.content, expected.content, &what);
            assert_near(losses.style, expected.style, &what);
            assert_near(losses.tv, expected.tv, &what);
            assert_near(losses.total, expected.total, &what);
        }
    }
}

#[test]
fn whole_runs_through_scales_with_jitter() {
    let network = network(PoolRounding::Floor);
    let (content, style) = (waves(160, 123, 1), waves(120, 130, 2));
    let run = |strips: Option<usize>, optimizer: OptimizerKind, jitter: usize| {
        let builder = StyleTransfer::builder(&network).content(&content).style(&style, 1.0).smallest(80);
        let builder = builder.iterations(4).optimizer(optimizer).jitter(jitter);
        let builder = match strips {
            Some(rows) => builder.strip_rows(rows),
            None => builder,
        };
        builder.build().unwrap().run().unwrap()
    };
    for (optimizer, jitter) in [(OptimizerKind::Adam, 4), (OptimizerKind::Adam, 0), (OptimizerKind::Lbfgs, 0)]
    {
        let whole = run(None, optimizer, jitter);
        let strips = run(Some(48), optimizer, jitter);
        assert_eq!((whole.iterations, strips.iterations), (8, 8));
        let relative = (strips.losses.total / whole.losses.total - 1.0).abs();
        assert!(relative < 1e-3, "{optimizer:?}: {} {}", strips.losses.total, whole.losses.total);
        let differing =
            |a: &Array3<u8>, b: &Array3<u8>| a.iter().zip(b).filter(|&(&a, &b)| a.abs_diff(b) > 2).count();
        let count = differing(&strips.picture, &whole.picture);
        assert!(count < whole.picture.len() / 100, "{optimizer:?}: {count} of {}", whole.picture.len());
    }
}

#[test]
fn the_bits_do_not_depend_on_the_threads() {
    let network = network(PoolRounding::Floor);
    let (content, style) = (waves(150, 110, 1), waves(120, 130, 2));
    let run = |threads| {
        let builder = StyleTransfer::builder(&network).content(&content).style(&style, 1.0).scales(1);
        builder.iterations(3).strip_rows(64).threads(threads).build().unwrap().run().unwrap().image
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn textures_and_inversions() {
    let network = network(PoolRounding::Ceil);
    let (content, style) = (waves(96, 110, 1), waves(99, 130, 2));
    let texture = |rows| {
        let builder = StyleTransfer::builder(&network).style(&style, 1.0).canvas(120, 90).scales(1);
        builder.iterations(3).strip_rows(rows).build().unwrap().run().unwrap().losses.total
    };
    assert_near(texture(16), texture(1000), "a texture");
    let inversion = |rows| {
        let builder =
            StyleTransfer::builder(&network).content(&content).init(Init::Random { seed: 1 }).scales(1);
        let builder = builder.loss_weights(&LossWeights::for_area(96, 110)).style_layers(&[]);
        builder.iterations(3).strip_rows(rows).build().unwrap().run().unwrap().losses.total
    };
    assert_near(inversion(16), inversion(1000), "an inversion");
}

#[test]
fn memory_decides() {
    let network = network(PoolRounding::Floor);
    let (content, style) = (waves(700, 900, 1), waves(300, 400, 2));
    let builder =
        |bytes| StyleTransfer::builder(&network).content(&content).style(&style, 1.0).scales(1).memory(bytes);
    let whole = builder(1 << 30).build().unwrap();
    assert_eq!(whole.strip_rows(), None);
    let refused = builder(10_000_000).build().err();
    let Some(TransferError::TooLarge { needed, available: 10_000_000, .. }) = refused else {
        panic!("{refused:?}");
    };
    let strips = builder(needed).build().unwrap();
    assert!(strips.strip_rows().is_some());
    assert!(strips.memory_bytes() <= needed && strips.memory_bytes() < whole.memory_bytes());
}
