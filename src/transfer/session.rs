//! The session: one recorded size of a problem, and the runs that go on from there.

use super::builder::StyleTransferBuilder;
use super::checkpoint::Checkpoint;
use super::error::TransferError;
use super::footprint::Manner;
use super::observer::Observer;
use super::outcome::{Losses, Outcome};
use super::problem::Problem;
use super::recording::{Recording, Terms, as_image};
use super::run;
use super::scale::Scale;
use super::team::Pixels;
use super::walk::Walk;
use crate::image::Level;
use impasto_autodiff::{Tape, Var};
use impasto_squeezenet::{NetworkNode, SqueezeNet};
use ndarray::{Array3, Array4, ArrayView4};
use rayon::ThreadPool;

/// A style transfer that is ready to run.
///
/// The loss is the sum of the weighted losses of [`loss`](crate::loss), as in the notebook, and the pixels are its only
/// variables.
///
/// ```
/// use impasto::{SqueezeNet, StyleTransfer, Weights};
/// use ndarray::Array3;
///
/// # let picture = |seed: usize| {
/// #     Array3::from_shape_fn((32, 40, 3), |(y, x, c)| ((y * y + seed * x + 40 * c) % 256) as u8)
/// # };
/// # let (photograph, painting) = (picture(3), picture(7));
/// let network = SqueezeNet::new(Weights::built_in());
/// // `photograph` and `painting` are pictures of shape (H, W, 3), as `load_image` gives them.
/// let builder = StyleTransfer::builder(&network).content(&photograph).style(&painting, 1.0);
/// let mut session = builder.iterations(3).build()?;
/// let (before, gradient) = session.evaluate()?;
/// assert_eq!(gradient.dim(), (1, 32, 40, 3));
/// assert!(before.content < 1e-3 * before.total); // it starts as the photograph
///
/// let outcome = session.run()?;
/// assert_eq!(outcome.picture.dim(), photograph.dim());
/// assert!(outcome.losses.total < before.total);
/// # Ok::<(), impasto::TransferError>(())
/// ```
pub struct StyleTransfer {
    problem: Problem,
    /// The present size's; none only while one is exchanged for the next, or after an exchange that failed.
    recording: Option<Recording>,
    /// The number of the present size.
    scale: usize,
    /// Where the next run is to go on.
    resumed: Option<Checkpoint>,
    pool: ThreadPool,
}

/// A recorded tape, and what is on it.
pub(crate) struct Inspection<'a> {
    pub(crate) tape: &'a mut Tape<f32>,
    /// The picture.
    pub(crate) image: Var,
    pub(crate) terms: &'a Terms,
    /// What the network put on the tape.
    pub(crate) network: &'a [NetworkNode],
    /// The leaves that features are compared with, each with its layer.
    pub(crate) targets: &'a [(Var, usize)],
    /// The threads that replay the tape.
    pub(crate) pool: &'a ThreadPool,
}

impl StyleTransfer {
    /// A builder with default settings for everything but the pictures.
    pub fn builder(network: &SqueezeNet) -> StyleTransferBuilder<'_> {
        StyleTransferBuilder::new(network)
    }

    /// A session that is recorded at its first size.
    pub(super) fn start(problem: Problem, pool: ThreadPool) -> Result<StyleTransfer, TransferError> {
        let start = problem.start();
        let recording =
            pool.install(|| Recording::new(&problem, &problem.scales[0], Pixels::Whole(start)))?;
        Ok(StyleTransfer { problem, recording: Some(recording), scale: 0, resumed: None, pool })
    }

    /// Height and width of the result, in pixels.
    pub fn size(&self) -> (usize, usize) {
        self.problem.size()
    }

    /// The sizes that a run goes through, coarse to fine; the last is the result's.
    pub fn scales(&self) -> &[Scale] {
        &self.problem.scales
    }

    /// Iterations that a run takes, at all sizes together.
    pub fn iterations(&self) -> usize {
        self.problem.scales.iter().fold(0, |sum, scale| sum.saturating_add(scale.iterations))
    }

    /// Rows of the picture in a strip at the result's size, if memory does not suffice for all of it at once.
    pub fn strip_rows(&self) -> Option<usize> {
        let last = self.problem.scales.last()?;
        match self.problem.manner(last) {
            Ok(Manner::Strips { rows }) => Some(rows),
            _ => None,
        }
    }

    /// Bytes of memory that the run needs at its peak, about.
    pub fn memory_bytes(&self) -> u64 {
        let bytes = |scale| self.problem.bytes(scale).unwrap_or(0);
        self.problem.scales.iter().map(bytes).max().unwrap_or(0)
    }

    /// The share of the pixels, from 0 to 1, that no style's mask covers and no content mask keeps: the content loss alone
    /// is at work there.
    pub fn unpainted(&self) -> f64 {
        self.problem.unpainted()
    }

    /// The weight of the content loss at the result's size, 0 where there is none: the one that was given, or the one that
    /// suits the area.
    pub fn content_weight(&self) -> f64 {
        self.problem.content_weight
    }

    /// The weight of the total variation at the result's size.
    pub fn tv_weight(&self) -> f64 {
        self.problem.tv_weight
    }

    /// Threads that compute.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Floating-point operations of one iteration at the present size: the losses and their gradient, convolutions and
    /// Gram matrices counted, of these one half, since they are symmetric. Convolutions count as they are
    /// defined; the kernels may reach the same result with fewer.
    pub fn flops(&self) -> u64 {
        self.recording.as_ref().map_or(0, |recording| recording.walk.flops())
    }

    /// In a team: the rows of this member, those of others that it reads, and how many times its own rows it computes.
    pub(crate) fn band(&self) -> Option<([usize; 2], f64)> {
        let recording = self.recording.as_ref()?;
        let (band, Walk::Strips(strips)) = (recording.band.as_ref()?, &recording.walk) else { return None };
        Some(([band.own().len(), band.border_rows()], band.overhead(strips)))
    }

    /// The picture as it is now, at the present size, (1, H, W, 3) in preprocessed units; in a team, the rows of this member.
    ///
    /// # Errors
    /// [`TransferError::Abandoned`] if an earlier run failed between two sizes.
    pub fn image(&self) -> Result<ArrayView4<'_, f32>, TransferError> {
        let recording = self.recording.as_ref().ok_or(TransferError::Abandoned)?;
        Ok(as_image(recording.picture()?))
    }

    /// An image of the result's size, (1, H, W, 3) in preprocessed units, as a picture of 8 or 16 bits, with all that this
    /// session makes of colors, alpha and what is kept: of [`Outcome::image`], [`Outcome::picture`].
    ///
    /// ```
    /// use impasto::{SqueezeNet, StyleTransfer, Weights};
    /// # use ndarray::Array3;
    /// # let picture = |seed: usize| {
    /// #     Array3::from_shape_fn((32, 40, 3), |(y, x, c)| ((y * y + seed * x + 40 * c) % 256) as u8)
    /// # };
    /// # let (photograph, painting) = (picture(3), picture(7));
    /// # let network = SqueezeNet::new(Weights::built_in());
    ///
    /// let builder = StyleTransfer::builder(&network).content(&photograph).style(&painting, 1.0).iterations(3);
    /// let mut session = builder.build()?;
    /// let outcome = session.run()?;
    /// assert_eq!(session.picture_of::<u8>(&outcome.image)?, outcome.picture);
    /// let deep = session.picture_of::<u16>(&outcome.image)?; // for PNG and TIFF of 16 bits
    /// assert!(deep[[5, 5, 1]].abs_diff(257 * u16::from(outcome.picture[[5, 5, 1]])) <= 257);
    /// # Ok::<(), impasto::TransferError>(())
    /// ```
    ///
    /// # Errors
    /// [`TransferError::ImageSize`] if the image is of another size.
    pub fn picture_of<L: Level>(&self, image: &Array4<f32>) -> Result<Array3<L>, TransferError> {
        let (height, width) = self.size();
        if image.dim() != (1, height, width, 3) {
            let (_, given_height, given_width, _) = image.dim();
            return Err(TransferError::ImageSize { given_height, given_width, height, width });
        }
        let finish = &self.problem.finish;
        Ok(self.pool.install(|| finish.picture(image.view())))
    }

    /// Computes the losses of the picture as it is now, at the present size and not shifted, and the gradient of their
    /// sum with respect to its pixels, (1, H, W, 3).
    ///
    /// # Errors
    /// As [`StyleTransfer::image`]; [`TransferError::NotInTeam`].
    pub fn evaluate(&mut self) -> Result<(Losses, ArrayView4<'_, f32>), TransferError> {
        let recording = self.recording.as_mut().ok_or(TransferError::Abandoned)?;
        if recording.band.is_some() {
            return Err(TransferError::NotInTeam("the gradient"));
        }
        recording.shift(0)?;
        self.pool.install(|| recording.evaluate())
    }

    /// The recorded tape and what is on it, if every value is kept.
    pub(crate) fn inspect(&mut self) -> Result<Inspection<'_>, TransferError> {
        let recording = self.recording.as_mut().ok_or(TransferError::Abandoned)?;
        if !self.problem.inspectable {
            return Err(TransferError::NotInspectable);
        }
        recording.shift(0)?;
        let Recording { walk, image, terms, network, targets, .. } = recording;
        let Walk::Whole(tape) = walk else { return Err(TransferError::NotInspectable) };
        Ok(Inspection { tape, image: *image, terms, network, targets, pool: &self.pool })
    }

    /// Takes up a run where it was interrupted: the next call of [`run`](Self::run) ends with the very bits that the run
    /// would have had. The session must be of the same pictures and settings; how many threads it has does not matter.
    ///
    /// ```
    /// use impasto::{Checkpoint, Iteration, SqueezeNet, StyleTransfer, Weights};
    /// # use ndarray::Array3;
    /// use std::ops::ControlFlow;
    /// # let picture = |seed: usize| {
    /// #     Array3::from_shape_fn((32, 40, 3), |(y, x, c)| ((y * y + seed * x + 40 * c) % 256) as u8)
    /// # };
    /// # let (photograph, painting) = (picture(3), picture(7));
    /// # let network = SqueezeNet::new(Weights::built_in());
    ///
    /// let session = || StyleTransfer::builder(&network).content(&photograph).style(&painting, 1.0).iterations(6).build();
    /// let mut bytes = Vec::new(); // or a file
    /// let mut interrupt = |iteration: &Iteration<'_>| match iteration.index {
    ///     3 => {
    ///         iteration.write_checkpoint("after four", &mut bytes).expect("there is memory");
    ///         ControlFlow::Break(())
    ///     }
    ///     _ => ControlFlow::Continue(()),
    /// };
    /// session()?.run_with(&mut interrupt)?;
    ///
    /// let mut resumed = session()?;
    /// resumed.resume(Checkpoint::read(&bytes[..]).expect("it was just written"))?;
    /// assert_eq!(resumed.run()?.image, session()?.run()?.image);
    /// # Ok::<(), impasto::TransferError>(())
    /// ```
    ///
    /// # Errors
    /// [`TransferError::OtherCheckpoint`] if the sizes are others; of another optimizer, the run tells.
    pub fn resume(&mut self, mut checkpoint: Checkpoint) -> Result<(), TransferError> {
        let StyleTransfer { problem, recording, scale, pool, .. } = self;
        let Some(size) = problem.scales.get(checkpoint.scale) else {
            return Err(TransferError::OtherCheckpoint("it has more sizes"));
        };
        if checkpoint.image.dim() != (1, size.height, size.width, 3) {
            return Err(TransferError::OtherCheckpoint("its picture has another size"));
        }
        if checkpoint.iterations > size.iterations || checkpoint.iteration > checkpoint.iterations {
            return Err(TransferError::OtherCheckpoint("it has more iterations"));
        }
        let image = std::mem::take(&mut checkpoint.image);
        // Before the next is made, so that no two tapes are in memory at once.
        *recording = None;
        *recording = Some(pool.install(|| Recording::new(problem, size, Pixels::Whole(image)))?);
        *scale = checkpoint.scale;
        self.resumed = Some(checkpoint);
        Ok(())
    }

    /// Runs the optimization from the picture as it is now.
    ///
    /// The optimizer starts anew at each size and at each call. The picture stays where the last call left it, at the
    /// size that it came to: another call goes on from there.
    ///
    /// # Errors
    /// [`TransferError::Diverged`] if the loss is no longer a number; as [`StyleTransfer::image`].
    pub fn run(&mut self) -> Result<Outcome, TransferError> {
        self.run_with(&mut ())
    }

    /// [`StyleTransfer::run`], with an observer that sees each iteration and may end the run.
    ///
    /// # Errors
    /// Those of [`StyleTransfer::run`].
    pub fn run_with(&mut self, observer: &mut dyn Observer) -> Result<Outcome, TransferError> {
        let StyleTransfer { problem, recording, scale, resumed, pool } = self;
        let resumed = resumed.take();
        // Inside the pool, so that no iteration has to enter it again.
        pool.install(|| run::run(problem, recording, scale, resumed, observer))
    }
}
