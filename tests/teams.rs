//! A run that several processes share, here threads: the same bits whatever their number.

mod common;

use common::{random_network, waves};
use impasto::transfer::{Team, TeamError};
use impasto::{
    Checkpoint, Iteration, Observer, OptimizerKind, Outcome, PreserveColors, Schedule, SqueezeNet,
    StyleTransfer, StyleTransferBuilder, TransferError,
};
use ndarray::{Array2, Array3};
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

const SIZE: (usize, usize) = (331, 120);

static NETWORK: LazyLock<SqueezeNet> = LazyLock::new(random_network);
static CONTENT: LazyLock<Array3<u8>> = LazyLock::new(|| waves(SIZE.0, SIZE.1, 2));
static STYLE: LazyLock<Array3<u8>> = LazyLock::new(|| waves(140, 120, 3));

/// A thread that is a member of a team.
struct Member {
    rank: usize,
    to: Vec<Mutex<Sender<Vec<u8>>>>,
    from: Vec<Mutex<Receiver<Vec<u8>>>>,
}

impl Team for Member {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.to.len()
    }

    fn send(&self, to: usize, bytes: &[u8]) -> Result<(), TeamError> {
        self.to[to].lock().unwrap().send(bytes.to_vec()).map_err(|_| TeamError(format!("{to} is gone")))
    }

    fn receive(&self, from: usize) -> Result<Vec<u8>, TeamError> {
        let received = self.from[from].lock().unwrap().recv_timeout(Duration::from_secs(60));
        received.map_err(|error| match error {
            RecvTimeoutError::Disconnected => TeamError(format!("{from} is gone")),
            RecvTimeoutError::Timeout => TeamError(format!("{from} says nothing")),
        })
    }
}

fn team(size: usize) -> Vec<Member> {
    let mut senders: Vec<Vec<_>> = (0..size).map(|_| Vec::new()).collect();
    let mut receivers: Vec<Vec<_>> = (0..size).map(|_| Vec::new()).collect();
    for of_sender in &mut senders {
        for to in &mut receivers {
            let (sender, receiver) = channel();
            of_sender.push(Mutex::new(sender));
            to.push(Mutex::new(receiver));
        }
    }
    let ends = senders.into_iter().zip(receivers).enumerate();
    ends.map(|(rank, (to, from))| Member { rank, to, from }).collect()
}

/// What each member of a team of this size comes to.
fn together<T: Send>(size: usize, act: impl Fn(StyleTransferBuilder<'static>, usize) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let act = &act;
        let members: Vec<_> = team(size)
            .into_iter()
            .map(|member| {
                let rank = member.rank;
                scope.spawn(move || act(builder().threads(1).team(member), rank))
            })
            .collect();
        members.into_iter().map(|member| member.join().unwrap()).collect()
    })
}

/// At two sizes.
fn builder() -> StyleTransferBuilder<'static> {
    StyleTransfer::builder(&NETWORK)
        .content(&CONTENT)
        .style(&STYLE, 1.0)
        .scales(2)
        .iterations_per_scale(&[5, 4])
}

fn run(builder: StyleTransferBuilder<'_>) -> Outcome {
    builder.build().unwrap().run().unwrap()
}

fn assert_same(outcome: &Outcome, expected: &Outcome, what: &str) {
    assert!(outcome.image == expected.image, "{what}: other bits");
    assert_eq!((outcome.losses, outcome.iterations), (expected.losses, expected.iterations), "{what}");
    assert!(outcome.picture == expected.picture);
}

#[test]
fn the_bits_are_those_of_one() {
    let lower: &'static Array2<u8> =
        Box::leak(Box::new(Array2::from_shape_fn(SIZE, |(y, _)| if y > 150 { 255 } else { 0 })));
    let upper: &'static Array2<u8> = Box::leak(Box::new(lower.mapv(|level| 255 - level)));
    type Change = fn(StyleTransferBuilder<'static>) -> StyleTransferBuilder<'static>;
    let cases: [(&str, Change); 4] = [
        ("plain", |builder| builder),
        ("other layers and no scales", |builder| {
            let builder = builder.scales(1).iterations(4).content_layers(&[(1, 1.0), (5, 0.5)]);
            builder.style_layers(&[(2, 1e3), (9, 50.0)]).style_moments(0.5).jitter(7).tv_weight(0.0)
        }),
        ("the notebook's schedule", |builder| {
            builder.schedule(Schedule::Notebook).jitter(0).scales(1).iterations(4).learning_rate(0.1)
        }),
        ("luminance", |builder| builder.preserve_colors(PreserveColors::Luminance).strip_rows(16)),
    ];
    for (what, change) in cases {
        let expected = run(change(builder()).strip_rows(if what == "luminance" { 16 } else { 64 }));
        for size in 1..=4 {
            let outcomes = together(size, |builder, _| run(change(builder)));
            assert_same(&outcomes[0], &expected, &format!("{what}, {size} members"));
            for other in &outcomes[1..] {
                assert!(other.picture.is_empty() && other.losses == expected.losses, "{what}");
            }
        }
    }
    let masked = |builder: StyleTransferBuilder<'static>| {
        run(builder.masked_style(&CONTENT, 1.0, lower).content_mask(upper).temporal(&CONTENT, lower, 1e3))
    };
    let expected = masked(builder().strip_rows(64));
    assert_same(&together(3, |builder, _| masked(builder))[0], &expected, "masks");
}

/// Writes a checkpoint after an iteration, and ends the run after another.
struct Keeper {
    at: usize,
    end: usize,
    checkpoint: Vec<u8>,
    pictures: usize,
}

impl Observer for Keeper {
    fn wants_picture(&mut self, iteration: &Iteration<'_>) -> bool {
        iteration.index == self.at
    }

    fn iteration(&mut self, iteration: &Iteration<'_>) -> ControlFlow<()> {
        if iteration.has_picture() {
            assert_eq!(iteration.index, self.at);
            self.pictures += 1;
            assert_eq!(iteration.picture().dim(), (SIZE.0, SIZE.1, 3));
            iteration.write_checkpoint("a note", &mut self.checkpoint).unwrap();
        } else {
            assert!(iteration.picture().is_empty());
            assert!(iteration.write_checkpoint("a note", &mut Vec::new()).is_err());
        }
        if iteration.index == self.end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn checkpoints_of_one_team_for_another() {
    let expected = run(builder().strip_rows(64));
    for (at, of, by) in [(2, 3, 2), (4, 2, 4), (6, 4, 1)] {
        let kept = together(of, |builder, _| {
            let mut keeper = Keeper { at, end: at + 1, checkpoint: Vec::new(), pictures: 0 };
            let outcome = builder.build().unwrap().run_with(&mut keeper).unwrap();
            assert!(outcome.interrupted);
            (keeper.checkpoint, keeper.pictures)
        });
        // Only member 0 sees a picture.
        assert!(kept[0].1 == 1 && kept[1..].iter().all(|(_, pictures)| *pictures == 0));
        let checkpoint = Checkpoint::read(&kept[0].0[..]).unwrap();
        let outcomes = together(by, |builder, _| {
            let mut session = builder.build().unwrap();
            session.resume(checkpoint.clone()).unwrap();
            session.run().unwrap()
        });
        assert!(outcomes[0].image == expected.image, "{at}, {of} members, then {by}");
        // And for a single process, which has none.
        let mut session = builder().strip_rows(64).build().unwrap();
        session.resume(checkpoint).unwrap();
        assert!(session.run().unwrap().image == expected.image);
    }
}

#[test]
fn a_member_that_is_gone_ends_the_run() {
    let results = together(3, |builder, rank| {
        let mut session = builder.build().unwrap();
        if rank == 1 {
            // It is never run, and dropped.
            return None;
        }
        Some(session.run().map(|_| ()).unwrap_err())
    });
    for error in results.into_iter().flatten() {
        assert!(matches!(error, TransferError::Team(_)), "{error}");
    }
}

#[test]
fn memory_of_each_falls_with_their_number() {
    let bytes = |size| {
        together(size, |builder, _| {
            let large: &'static Array3<u8> = Box::leak(Box::new(waves(900, 120, 2)));
            builder.content(large).scales(1).iterations(1).build().unwrap().memory_bytes()
        })[0]
    };
    assert!(bytes(4) < bytes(2) && bytes(2) < bytes(1));
}

#[test]
fn what_needs_the_whole_picture_is_refused() {
    type Change = fn(StyleTransferBuilder<'static>) -> StyleTransferBuilder<'static>;
    let cases: [(&str, Change); 5] = [
        ("L-BFGS", |builder| builder.optimizer(OptimizerKind::Lbfgs)),
        ("normalization", |builder| builder.normalize_gradients(true)),
        ("inspected", |builder| builder.inspectable()),
        ("jitter", |builder| builder.jitter(0)),
        ("content loss", |builder| builder.content_weight(0.0)),
    ];
    for (what, change) in cases {
        for error in together(2, |builder, _| change(builder).build().map(|_| ()).unwrap_err()) {
            assert!(matches!(error, TransferError::NotInTeam(_)), "{error}");
            assert!(error.to_string().contains(what), "{error}");
        }
    }
    for error in together(2, |builder, _| builder.build().unwrap().evaluate().map(|_| ()).unwrap_err()) {
        assert!(matches!(error, TransferError::NotInTeam("the gradient")), "{error}");
    }
}
