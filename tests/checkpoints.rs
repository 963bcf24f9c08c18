//! A run that is taken up from a checkpoint ends as the one that was never interrupted, bit for bit.

mod common;

use common::{random_network, waves};
use impasto::{
    Checkpoint, Init, Iteration, OptimizerKind, Outcome, SqueezeNet, StyleTransfer, StyleTransferBuilder,
    TransferError,
};
use ndarray::{Array2, Array3};
use std::ops::ControlFlow;
use std::sync::LazyLock;

static NETWORK: LazyLock<SqueezeNet> = LazyLock::new(random_network);
static CONTENT: LazyLock<Array3<u8>> = LazyLock::new(|| waves(90, 120, 2));
static STYLE: LazyLock<Array3<u8>> = LazyLock::new(|| waves(100, 80, 3));
static MASK: LazyLock<Array2<u8>> =
    LazyLock::new(|| Array2::from_shape_fn((90, 120), |(_, x)| (2 * x) as u8));

/// Two sizes of five and four iterations.
fn builder() -> StyleTransferBuilder<'static> {
    let builder = StyleTransfer::builder(&NETWORK).content(&CONTENT).style(&STYLE, 1.0);
    builder.smallest(70).iterations_per_scale(&[5, 4]).threads(2)
}

/// What a run comes to, and a checkpoint after each of its iterations.
fn watched(builder: StyleTransferBuilder<'_>) -> (Outcome, Vec<Vec<u8>>) {
    let mut checkpoints = Vec::new();
    let outcome = builder
        .build()
        .unwrap()
        .run_with(&mut |iteration: &Iteration<'_>| {
            let mut bytes = Vec::new();
            iteration.write_checkpoint("a note", &mut bytes).unwrap();
            checkpoints.push(bytes);
            ControlFlow::Continue(())
        })
        .unwrap();
    (outcome, checkpoints)
}

fn resumed(builder: StyleTransferBuilder<'_>, bytes: &[u8]) -> Result<Outcome, TransferError> {
    let mut session = builder.build()?;
    session.resume(Checkpoint::read(bytes).unwrap())?;
    session.run()
}

#[test]
fn every_iteration_of_every_kind_of_run() {
    type Run = (&'static str, fn() -> StyleTransferBuilder<'static>);
    let runs: [Run; 7] = [
        ("defaults", builder),
        ("no jitter", || builder().jitter(0)),
        ("lbfgs", || builder().optimizer(OptimizerKind::Lbfgs)),
        ("strips", || builder().strip_rows(32)),
        ("masks", || builder().masked_style(&STYLE, 1.0, &MASK).content_mask(&MASK)),
        ("noise", || builder().init(Init::Random { seed: 3 }).style_moments(0.5)),
        ("texture", || {
            let builder = StyleTransfer::builder(&NETWORK).style(&STYLE, 1.0).canvas(80, 90).seamless(true);
            builder.smallest(64).iterations_per_scale(&[3, 3]).threads(2)
        }),
    ];
    for (name, builder) in runs {
        let (expected, checkpoints) = watched(builder());
        for (index, bytes) in checkpoints.iter().enumerate() {
            // Another number of threads changes nothing.
            let outcome = resumed(builder().threads(1 + index % 3), bytes).unwrap();
            assert_eq!(outcome.image, expected.image, "{name} after {}", index + 1);
            assert_eq!(
                (outcome.losses, outcome.iterations),
                (expected.losses, expected.iterations),
                "{name}"
            );
        }
    }
}

#[test]
fn checkpoints_of_a_resumed_run_are_the_same() {
    let (_, expected) = watched(builder());
    let mut session = builder().build().unwrap();
    session.resume(Checkpoint::read(&expected[2][..]).unwrap()).unwrap();
    let mut again = Vec::new();
    session
        .run_with(&mut |iteration: &Iteration<'_>| {
            let mut bytes = Vec::new();
            iteration.write_checkpoint("a note", &mut bytes).unwrap();
            again.push(bytes);
            assert!(iteration.progress > 0.2 && iteration.progress <= 1.0);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(again, expected[3..]);
}

#[test]
fn runs_that_end_early_end_at_the_same_place() {
    let builder = || {
        let builder = StyleTransfer::builder(&NETWORK).content(&CONTENT).style(&STYLE, 1.0).jitter(0);
        builder.scales(1).iterations(80).stop_below(0.01)
    };
    let (expected, checkpoints) = watched(builder());
    assert!(expected.iterations < 80);
    for (index, bytes) in checkpoints.iter().enumerate().step_by(5) {
        let outcome = resumed(builder(), bytes).unwrap();
        assert_eq!(
            (outcome.iterations, &outcome.image),
            (expected.iterations, &expected.image),
            "after {}",
            index + 1
        );
    }
}

#[test]
fn other_runs_are_refused() {
    let (_, checkpoints) = watched(builder());
    let last = checkpoints.last().unwrap();
    let refused = |builder: StyleTransferBuilder<'_>, what: &str| match resumed(builder, last) {
        Err(TransferError::OtherCheckpoint(differs)) => assert!(differs.contains(what), "{differs}"),
        other => panic!("{what}: {:?}", other.map(|outcome| outcome.iterations)),
    };
    refused(StyleTransfer::builder(&NETWORK).content(&CONTENT).style(&STYLE, 1.0).scales(1), "more sizes");
    let smaller = waves(88, 120, 2);
    let builder_of_smaller = StyleTransfer::builder(&NETWORK).content(&smaller).style(&STYLE, 1.0);
    refused(builder_of_smaller.smallest(70).iterations_per_scale(&[5, 4]), "another size");
    refused(builder().iterations_per_scale(&[5, 3]), "more iterations");
    refused(builder().optimizer(OptimizerKind::Lbfgs), "optimizer");
    let own = builder().optimizer_with(|_, _| {
        struct Still;
        impl impasto::optimizer::Optimizer for Still {
            fn step(&mut self, _: f64, _: &[f32], _: &mut [f32]) {}
        }
        Box::new(Still)
    });
    // One that cannot tell what it remembers can neither be kept nor taken up.
    refused(own.clone(), "optimizer");
    let mut observer = |iteration: &Iteration<'_>| {
        let error = iteration.write_checkpoint("", &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
        ControlFlow::Break(())
    };
    own.build().unwrap().run_with(&mut observer).unwrap();
}
