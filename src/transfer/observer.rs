//! Progress of a run, for those who watch it.

use super::checkpoint::Progress;
use super::finish::Finish;
use super::outcome::{LayerLoss, Losses};
use super::scale::Scale;
use crate::optimizer::{Optimizer, OptimizerState};
use ndarray::{Array3, ArrayView4};
use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

/// The state of a run after an iteration.
#[non_exhaustive]
pub struct Iteration<'a> {
    /// The iteration, counted from 0 over all sizes.
    pub index: usize,
    /// How many there will be, at all sizes together.
    pub iterations: usize,
    /// The number of the present size in `scales`.
    pub scale: usize,
    /// The sizes of the run, coarse to fine.
    pub scales: &'a [Scale],
    /// How many iterations at this size are done.
    pub done_at_scale: usize,
    /// The share of the run's work that is done, from 0 to 1: iterations count as their pixels.
    pub progress: f64,
    /// The losses of the picture *before* this iteration's step, as the notebook's graph computes them.
    pub losses: Losses,
    /// What each layer adds to them, content first, each from the first layer to the deepest.
    pub layers: &'a [LayerLoss],
    /// Time since the first iteration began.
    pub elapsed: Duration,
    pub(super) image: ArrayView4<'a, f32>,
    pub(super) finish: &'a Finish,
    pub(super) memory: Memory<'a>,
    /// Fewer than the scale's iterations if the loss fell no more.
    pub(super) to_do_at_scale: usize,
    pub(super) recent_losses: &'a [f64],
}

/// What the optimizer remembers, where it can tell.
pub(super) enum Memory<'a> {
    /// To be asked for.
    Of(&'a dyn Optimizer),
    /// Of all members of a team.
    Gathered(Option<OptimizerState<'a>>),
}

impl Iteration<'_> {
    /// The picture after this iteration's step, (H, W, 3), or (H, W, 4) where the content image has alpha; at a smaller size
    /// of the run, enlarged to that of the result. Without any pixels if it is [not there](Self::has_picture).
    pub fn picture(&self) -> Array3<u8> {
        match self.has_picture() {
            true => self.finish.picture(self.finish.image(self.image).view()),
            false => Array3::zeros((0, 0, 3)),
        }
    }

    /// Whether the picture is there: in a team it is at member 0 when it [was wanted](Observer::wants_picture).
    pub fn has_picture(&self) -> bool {
        !self.image.is_empty()
    }

    /// The picture after this iteration's step as it is at the present size, (1, H, W, 3) in preprocessed units.
    pub fn image(&self) -> ArrayView4<'_, f32> {
        self.image
    }

    /// Writes what a later run needs to go on from here, with a note for whoever reads it; see
    /// [`StyleTransfer::resume`](super::StyleTransfer::resume).
    ///
    /// # Errors
    /// Those of writing; [`ErrorKind::Unsupported`](io::ErrorKind::Unsupported) if the run's optimizer cannot tell what it
    /// remembers, or the picture is [not there](Self::has_picture).
    pub fn write_checkpoint(&self, note: &str, to: &mut dyn io::Write) -> io::Result<()> {
        let optimizer = match &self.memory {
            Memory::Of(optimizer) => optimizer.state(),
            Memory::Gathered(state) => state.clone(),
        };
        let optimizer = optimizer.filter(|_| self.has_picture());
        let optimizer = optimizer.ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))?;
        let progress = Progress {
            scale: self.scale,
            iteration: self.done_at_scale,
            iterations: self.to_do_at_scale,
            taken: self.index + 1,
            losses: self.recent_losses,
            image: self.image,
            optimizer,
        };
        progress.write(note, to)
    }

    /// The present size.
    pub fn present_scale(&self) -> Scale {
        self.scales[self.scale]
    }
}

/// Receives progress after each iteration and may end the run.
///
/// ```
/// use impasto::{Iteration, SqueezeNet, StyleTransfer, Weights};
/// use ndarray::Array3;
/// use std::ops::ControlFlow;
///
/// # let picture = |seed: usize| {
/// #     Array3::from_shape_fn((32, 40, 3), |(y, x, c)| ((y * y + seed * x + 40 * c) % 256) as u8)
/// # };
/// # let (photograph, painting) = (picture(3), picture(7));
/// # let network = SqueezeNet::new(Weights::built_in());
///
/// let builder = StyleTransfer::builder(&network).content(&photograph).style(&painting, 1.0);
/// let mut session = builder.iterations(100).build()?;
///
/// // A closure will do: it prints the loss, and has seen enough after the second iteration.
/// let mut observer = |iteration: &Iteration<'_>| {
///     println!("{}: {}", iteration.index, iteration.losses.total);
///     match iteration.index {
///         1 => ControlFlow::Break(()),
///         _ => ControlFlow::Continue(()),
///     }
/// };
/// let outcome = session.run_with(&mut observer)?;
/// assert!(outcome.interrupted);
/// assert_eq!(outcome.iterations, 2);
/// # Ok::<(), impasto::TransferError>(())
/// ```
pub trait Observer: Send {
    /// Called after each iteration. [`ControlFlow::Break`] ends the run with the picture so far.
    fn iteration(&mut self, iteration: &Iteration<'_>) -> ControlFlow<()>;

    /// Whether [`iteration`](Self::iteration) will look at the picture or write a checkpoint: asked at member 0 of a team alone,
    /// which must get it from the others first. Of `iteration`, there is all but that.
    fn wants_picture(&mut self, iteration: &Iteration<'_>) -> bool {
        let _ = iteration;
        true
    }
}

/// Does nothing.
impl Observer for () {
    fn iteration(&mut self, _: &Iteration<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Any closure is an observer.
impl<F: FnMut(&Iteration<'_>) -> ControlFlow<()> + Send> Observer for F {
    fn iteration(&mut self, iteration: &Iteration<'_>) -> ControlFlow<()> {
        self(iteration)
    }
}
