//! The session: pictures and settings in, a repainted picture out. The notebook's `style_transfer`.
//!
//! [`StyleTransferBuilder`] checks everything and records the tape; [`StyleTransfer::run`] iterates.

mod builder;
mod error;

pub(crate) use builder::{BYTES_PER_PIXEL, check_memory};
pub use builder::{Init, MOST_THREADS, OptimizerKind, StyleTransferBuilder};
pub use error::TransferError;

use crate::image::deprocess_image;
use crate::optimizer::{Adam, Lbfgs, Optimizer};
use crate::schedule::Schedule;
use impasto_autodiff::{Tape, TapeError, Var};
use impasto_kernels::elementwise;
use impasto_squeezenet::SqueezeNet;
use ndarray::{Array3, Array4, ArrayView4, ArrayViewMutD, Axis, Ix4};
use rayon::ThreadPool;
use serde::Serialize;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

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
/// assert_eq!(before.content, 0.0); // it starts as the photograph
///
/// let outcome = session.run(&mut ())?;
/// assert_eq!(outcome.picture.dim(), photograph.dim());
/// assert!(outcome.losses.total < before.total);
/// # Ok::<(), impasto::TransferError>(())
/// ```
pub struct StyleTransfer {
    tape: Tape<f32>,
    image: Var,
    terms: Terms,
    settings: Settings,
    pool: ThreadPool,
}

/// The losses on the tape; a loss of weight zero is not recorded.
pub(crate) struct Terms {
    content: Option<Var>,
    style: Option<Var>,
    tv: Option<Var>,
    total: Var,
}

/// What the loop needs to know.
struct Settings {
    iterations: usize,
    optimizer: OptimizerKind,
    learning_rate: f64,
    schedule: Schedule,
    /// Rows and columns that the content layer sees.
    seen: [usize; 2],
    /// Whether every value and gradient is kept.
    inspectable: bool,
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

/// What an [`Observer`] sees after each iteration.
pub struct Iteration<'a> {
    /// The iteration, counted from 0.
    pub index: usize,
    /// How many there will be.
    pub iterations: usize,
    /// The losses of the picture *before* this iteration's step, as the notebook's graph computes them.
    pub losses: Losses,
    /// Time since the first iteration began.
    pub elapsed: Duration,
    image: ArrayView4<'a, f32>,
    rescale: bool,
}

impl Iteration<'_> {
    /// The picture after this iteration's step, (H, W, 3).
    pub fn picture(&self) -> Array3<u8> {
        deprocess_image(self.image, self.rescale)
    }
}

/// Someone who watches a run and may end it.
///
/// ```
/// use impasto::{Iteration, PoolRounding, SqueezeNet, StyleTransfer, Weights};
/// use ndarray::Array3;
/// use std::ops::ControlFlow;
///
/// # let picture = |seed: usize| {
/// #     Array3::from_shape_fn((32, 40, 3), |(y, x, c)| ((y * y + seed * x + 40 * c) % 256) as u8)
/// # };
/// # let (photograph, painting) = (picture(3), picture(7));
/// # let network = SqueezeNet::new(Weights::built_in(), PoolRounding::Floor);
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
/// let outcome = session.run(&mut observer)?;
/// assert!(outcome.interrupted);
/// assert_eq!(outcome.iterations, 2);
/// # Ok::<(), impasto::TransferError>(())
/// ```
pub trait Observer: Send {
    /// Called after each iteration. [`ControlFlow::Break`] ends the run with the picture so far.
    fn iteration(&mut self, iteration: &Iteration<'_>) -> ControlFlow<()>;
}

/// Nobody watches.
impl Observer for () {
    fn iteration(&mut self, _: &Iteration<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// A closure watches.
impl<F: FnMut(&Iteration<'_>) -> ControlFlow<()> + Send> Observer for F {
    fn iteration(&mut self, iteration: &Iteration<'_>) -> ControlFlow<()> {
        self(iteration)
    }
}

/// What a run leads to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The picture, (H, W, 3).
    pub picture: Array3<u8>,
    /// The same before rounding, (1, H, W, 3) in preprocessed units.
    pub image: Array4<f32>,
    /// Its losses.
    pub losses: Losses,
    /// Iterations taken.
    pub iterations: usize,
    /// Whether the observer ended the run early.
    pub interrupted: bool,
    /// The time of all iterations.
    pub elapsed: Duration,
}

impl StyleTransfer {
    /// A builder with default settings for everything but the pictures.
    pub fn builder(network: &SqueezeNet) -> StyleTransferBuilder<'_> {
        StyleTransferBuilder::new(network)
    }

    /// Height and width of the picture, in pixels.
    pub fn size(&self) -> (usize, usize) {
        match self.tape.shape(self.image) {
            Ok(&[_, height, width, _]) => (height, width),
            _ => (0, 0),
        }
    }

    /// Iterations that a run takes.
    pub fn iterations(&self) -> usize {
        self.settings.iterations
    }

    /// Threads that compute.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Floating-point operations of one iteration: the losses and their gradient, convolutions and
    /// Gram matrices counted, of these one half, since they are symmetric. Convolutions count as they are
    /// defined; the kernels may reach the same result with fewer.
    pub fn flops(&self) -> u64 {
        self.tape.flops() + self.tape.backward_flops()
    }

    /// The picture as it is now, (1, H, W, 3) in preprocessed units.
    ///
    /// # Errors
    /// None in practice: the picture is a leaf of this session's tape.
    pub fn image(&self) -> Result<ArrayView4<'_, f32>, TransferError> {
        Ok(as_image(self.tape.value(self.image)?))
    }

    /// Computes the losses of the picture as it is now, and the gradient of their sum with respect to
    /// its pixels, (1, H, W, 3).
    ///
    /// # Errors
    /// None in practice: what could fail failed in the builder.
    pub fn evaluate(&mut self) -> Result<(Losses, ArrayView4<'_, f32>), TransferError> {
        let (tape, total) = (&mut self.tape, self.terms.total);
        self.pool.install(|| {
            tape.forward();
            tape.backward(total)
        })?;
        let losses = self.terms.losses(&self.tape)?;
        Ok((losses, as_image(self.tape.gradient(self.image)?)))
    }

    /// The tape, the picture and the losses on it, and the threads that replay it, if every value is kept.
    pub(crate) fn parts(&mut self) -> Result<(&mut Tape<f32>, Var, &Terms, &ThreadPool), TransferError> {
        match self.settings.inspectable {
            true => Ok((&mut self.tape, self.image, &self.terms, &self.pool)),
            false => Err(TransferError::NotInspectable),
        }
    }

    /// Runs the optimization from the picture as it is now, showing each iteration to `observer`.
    ///
    /// The optimizer starts anew at each call; the picture stays where the last one left it.
    ///
    /// # Errors
    /// [`TransferError::Diverged`] if the loss is no longer a number.
    pub fn run(&mut self, observer: &mut dyn Observer) -> Result<Outcome, TransferError> {
        let StyleTransfer { tape, image, terms, settings, pool } = self;
        // Inside the pool, so that no iteration has to enter it again.
        pool.install(|| run(tape, *image, terms, settings, observer))
    }
}

fn run(
    tape: &mut Tape<f32>,
    image: Var,
    terms: &Terms,
    settings: &Settings,
    observer: &mut dyn Observer,
) -> Result<Outcome, TransferError> {
    let schedule = settings.schedule;
    let len = tape.value(image)?.len();
    let mut optimizer: Box<dyn Optimizer> = match settings.optimizer {
        OptimizerKind::Adam => Box::new(Adam::new(len, settings.learning_rate)),
        OptimizerKind::Lbfgs => Box::new(Lbfgs::new()),
    };
    impasto_kernels::reserve_scratch();
    let start = Instant::now();
    let mut taken = 0;
    let mut interrupted = false;
    for index in 0..settings.iterations {
        tape.forward();
        tape.backward(terms.total)?;
        let losses = terms.losses(tape)?;
        if !losses.total.is_finite() {
            return Err(TransferError::Diverged { iteration: index });
        }
        let learning_rate = schedule.learning_rate(index, settings.iterations, settings.learning_rate);
        optimizer.set_learning_rate(learning_rate);
        tape.update_leaf(image, |mut values, gradient| {
            let gradient = gradient.as_ref().and_then(|gradient| gradient.as_slice());
            if let (Some(values), Some(gradient)) = (values.as_slice_mut(), gradient) {
                optimizer.step(losses.total, gradient, values);
                if let Some(ranges) = schedule.clamp(index) {
                    elementwise::clamp(values, ranges);
                }
            }
            if schedule.repeats_border() {
                repeat_border(&mut values, settings.seen);
            }
        })?;
        taken = index + 1;
        let flow = observer.iteration(&Iteration {
            index,
            iterations: settings.iterations,
            losses,
            elapsed: start.elapsed(),
            image: as_image(tape.value(image)?),
            rescale: schedule.rescales(),
        });
        if flow.is_break() {
            interrupted = true;
            break;
        }
    }
    tape.forward();
    let mut losses = terms.losses(tape)?;
    let returned = tape.update_leaf(image, |mut values, _| {
        values.as_slice_mut().is_some_and(|values| optimizer.finish(losses.total, values))
    })?;
    if returned {
        tape.forward();
        losses = terms.losses(tape)?;
    }
    if !losses.total.is_finite() {
        return Err(TransferError::Diverged { iteration: taken });
    }
    let image = as_image(tape.value(image)?).to_owned();
    Ok(Outcome {
        picture: deprocess_image(image.view(), schedule.rescales()),
        image,
        losses,
        iterations: taken,
        interrupted,
        elapsed: start.elapsed(),
    })
}

impl Terms {
    /// The recorded losses with their names, the total last.
    pub(crate) fn named(&self) -> Vec<(&'static str, Var)> {
        let terms = [("content_loss", self.content), ("style_loss", self.style), ("tv_loss", self.tv)];
        let terms = terms.into_iter().filter_map(|(name, var)| Some((name, var?)));
        terms.chain([("total_loss", self.total)]).collect()
    }

    pub(crate) fn total(&self) -> Var {
        self.total
    }

    pub(crate) fn losses(&self, tape: &Tape<f32>) -> Result<Losses, TapeError> {
        let loss = |var: Option<Var>| var.map_or(Ok(0.0), |var| tape.number(var).map(f64::from));
        Ok(Losses {
            content: loss(self.content)?,
            style: loss(self.style)?,
            tv: loss(self.tv)?,
            total: loss(Some(self.total))?,
        })
    }
}

/// Gives the rows and columns that the network does not see the colours of the last ones that it sees:
/// no content holds them, and left to themselves they end in glaring colours.
fn repeat_border(values: &mut ArrayViewMutD<'_, f32>, [rows, columns]: [usize; 2]) {
    for (axis, seen) in [(Axis(1), rows), (Axis(2), columns)] {
        let seen = seen.min(values.len_of(axis));
        let (inside, mut outside) = values.view_mut().split_at(axis, seen);
        if let (Some(last), false) = (seen.checked_sub(1), outside.is_empty()) {
            let last = inside.index_axis(axis, last).insert_axis(axis);
            if let Some(last) = last.broadcast(outside.raw_dim()) {
                outside.assign(&last);
            }
        }
    }
}

/// The session's own arrays have four axes.
fn as_image(array: ndarray::ArrayViewD<'_, f32>) -> ArrayView4<'_, f32> {
    array.into_dimensionality::<Ix4>().expect("an image is (1, H, W, 3)")
}
