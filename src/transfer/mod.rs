//! The session: pictures and settings in, a repainted picture out. The notebook's `style_transfer`.
//!
//! [`StyleTransferBuilder`] collects pictures and settings; [`StyleTransfer::run`] goes through the sizes and iterates at
//! each.
//!
//! - `builder`: the settings, one method each
//! - `problem`: the same with all defaults filled in and everything checked
//! - `scale`: the sizes of a run, coarse to fine; `jitter`: the shifts against the network's grid
//! - `colors`: those of a texture
//! - `recording`: one size on a tape, with its targets and losses
//! - `run`: the loop
//! - `observer`: what is seen of it
//! - `error`: what can be wrong

mod builder;
mod colors;
mod error;
mod jitter;
mod observer;
mod problem;
mod recording;
mod run;
mod scale;

pub(crate) use builder::thread_pool;
pub use builder::{Init, MOST_THREADS, OptimizerKind, StyleTransferBuilder};
pub use error::TransferError;
pub use jitter::MAX_JITTER;
pub use observer::{Iteration, Observer};
pub(crate) use problem::{BYTES_PER_PIXEL, check_memory};
pub use problem::{CONTENT_OF_SCALES, DEFAULT_JITTER, JITTER_LEARNING_RATE, NOISE_LEARNING_RATE};
pub(crate) use recording::Terms;
pub use scale::{DEFAULT_SMALLEST, Scale};

use impasto_autodiff::{Tape, Var};
use impasto_squeezenet::SqueezeNet;
use ndarray::{Array3, Array4, ArrayView4, Ix4};
use problem::Problem;
use rayon::ThreadPool;
use recording::Recording;
use serde::Serialize;
use std::time::Duration;

/// A style transfer that is ready to run.
///
/// The loss is the sum of the weighted losses of [`loss`](crate::loss), as in the notebook, and the pixels are its only
/// variables.
///
/// ```
/// use impasto::{PoolRounding, SqueezeNet, StyleTransfer, Weights};
/// use ndarray::Array3;
///
/// # let picture = |seed: usize| {
/// #     Array3::from_shape_fn((32, 40, 3), |(y, x, c)| ((y * y + seed * x + 40 * c) % 256) as u8)
/// # };
/// # let (photograph, painting) = (picture(3), picture(7));
/// let network = SqueezeNet::new(Weights::built_in(), PoolRounding::Floor);
/// // `photograph` and `painting` are pictures of shape (H, W, 3), as `load_image` gives them.
/// let builder = StyleTransfer::builder(&network).content(&photograph).style(&painting, 1.0);
/// let mut session = builder.iterations(3).build()?;
/// let (before, gradient) = session.evaluate()?;
/// assert_eq!(gradient.dim(), (1, 32, 40, 3));
/// assert!(before.content < 1e-3 * before.total); // it starts as the photograph
///
/// let outcome = session.run(&mut ())?;
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
    pool: ThreadPool,
}

/// The losses of one picture, weighted.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Losses {
    /// How far its features are from the content image's.
    pub content: f64,
    /// How far its Gram matrices are from the style image's.
    pub style: f64,
    /// How rough it is.
    pub tv: f64,
    /// The sum of the three.
    pub total: f64,
}

/// What a run leads to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The picture, (H, W, 3), of the size that was asked for.
    pub picture: Array3<u8>,
    /// The same before rounding, (1, H, W, 3) in preprocessed units.
    pub image: Array4<f32>,
    /// Its losses; of a run that was ended at a smaller size, those there.
    pub losses: Losses,
    /// Iterations taken.
    pub iterations: usize,
    /// What was done at each size that the run came to.
    pub scales: Vec<ScaleOutcome>,
    /// Whether the observer ended the run early.
    pub interrupted: bool,
    /// The time of all iterations, and of recording every size but the first.
    pub elapsed: Duration,
}

/// What was done at one size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ScaleOutcome {
    /// Height of the picture, in pixels.
    pub height: usize,
    /// Width of the picture, in pixels.
    pub width: usize,
    /// Iterations taken.
    pub iterations: usize,
    /// Seconds that they took, with recording the size before them unless it is the first.
    pub seconds: f64,
}

impl StyleTransfer {
    /// A builder with default settings for everything but the pictures.
    pub fn builder(network: &SqueezeNet) -> StyleTransferBuilder<'_> {
        StyleTransferBuilder::new(network)
    }

    /// A session that is recorded at its first size.
    fn start(problem: Problem, pool: ThreadPool) -> Result<StyleTransfer, TransferError> {
        let start = problem.start();
        let recording = pool.install(|| Recording::new(&problem, &problem.scales[0], &start))?;
        Ok(StyleTransfer { problem, recording: Some(recording), scale: 0, pool })
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

    /// Threads that compute.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Floating-point operations of one iteration at the present size: the losses and their gradient, convolutions and
    /// Gram matrices counted, of these one half, since they are symmetric. Convolutions count as they are
    /// defined; the kernels may reach the same result with fewer.
    pub fn flops(&self) -> u64 {
        self.recording
            .as_ref()
            .map_or(0, |recording| recording.tape.flops() + recording.tape.backward_flops())
    }

    /// The picture as it is now, at the present size, (1, H, W, 3) in preprocessed units.
    ///
    /// # Errors
    /// [`TransferError::Abandoned`] if an earlier run failed between two sizes.
    pub fn image(&self) -> Result<ArrayView4<'_, f32>, TransferError> {
        let recording = self.recording.as_ref().ok_or(TransferError::Abandoned)?;
        Ok(as_image(recording.picture()?))
    }

    /// Computes the losses of the picture as it is now, at the present size and not shifted, and the gradient of their
    /// sum with respect to its pixels, (1, H, W, 3).
    ///
    /// # Errors
    /// As [`StyleTransfer::image`].
    pub fn evaluate(&mut self) -> Result<(Losses, ArrayView4<'_, f32>), TransferError> {
        let recording = self.recording.as_mut().ok_or(TransferError::Abandoned)?;
        recording.shift(0)?;
        let (tape, total) = (&mut recording.tape, recording.terms.total);
        self.pool.install(|| {
            tape.forward();
            tape.backward(total)
        })?;
        let losses = recording.terms.losses(tape)?;
        Ok((losses, as_image(recording.tape.gradient(recording.image)?)))
    }

    /// The tape, the picture and the losses on it, and the threads that replay it, if every value is kept.
    pub(crate) fn parts(&mut self) -> Result<(&mut Tape<f32>, Var, &Terms, &ThreadPool), TransferError> {
        let recording = self.recording.as_mut().ok_or(TransferError::Abandoned)?;
        if !self.problem.inspectable {
            return Err(TransferError::NotInspectable);
        }
        recording.shift(0)?;
        Ok((&mut recording.tape, recording.image, &recording.terms, &self.pool))
    }

    /// Runs the optimization from the picture as it is now, showing each iteration to `observer`.
    ///
    /// The optimizer starts anew at each size and at each call. The picture stays where the last call left it, at the
    /// size that it came to: another call goes on from there.
    ///
    /// # Errors
    /// [`TransferError::Diverged`] if the loss is no longer a number; as [`StyleTransfer::image`].
    pub fn run(&mut self, observer: &mut dyn Observer) -> Result<Outcome, TransferError> {
        let StyleTransfer { problem, recording, scale, pool } = self;
        // Inside the pool, so that no iteration has to enter it again.
        pool.install(|| run::run(problem, recording, scale, observer))
    }
}

/// The session's own arrays have four axes.
fn as_image(array: ndarray::ArrayViewD<'_, f32>) -> ArrayView4<'_, f32> {
    array.into_dimensionality::<Ix4>().expect("an image is (1, H, W, 3)")
}
