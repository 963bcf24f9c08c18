//! A session's tape, node by node, with its numbers: what each operation computes, how long each direction takes, how
//! large values and gradients are, and what each loss asks of the pixels.
//!
//! - `node`: one node, in numbers and words
//! - `roles`: what each node is to style transfer
//! - `clock`: the time of each step of both walks
//! - `maps`: values and gradients as pictures

mod clock;
mod maps;
mod node;
mod roles;

pub use maps::gradient_picture;
pub use node::{NodeReport, Summand};
pub use roles::Role;

use crate::transfer::{Inspection, Losses, StyleTransfer, TransferError};
use clock::StepTimes;
use impasto_autodiff::{Tape, TapeError, Var};
use impasto_kernels::Level;
use ndarray::{Array3, Array4, ArrayView4, Ix4};
use roles::Roles;

/// Pixels from one position of layer 2, the first pool, to the next.
pub const GRID: usize = 4;

/// Replays whose times are taken.
const REPLAYS: usize = 7;

/// What [`StyleTransfer::explain`] finds.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Explanation {
    /// Height of the picture, in pixels.
    pub height: usize,
    /// Width of the picture, in pixels.
    pub width: usize,
    /// Threads that computed.
    pub threads: usize,
    /// The instruction set of the kernels.
    pub simd: &'static str,
    /// Replays that the times are the medians of.
    pub replays: usize,
    /// The losses of the picture.
    pub losses: Losses,
    /// Sums over all nodes.
    pub totals: Totals,
    /// What each loss asks of the pixels, the total last.
    pub pixel_gradients: Vec<PixelGradient>,
    /// Every node of the tape, in the order of recording.
    pub nodes: Vec<NodeReport>,
}

/// Sums over all nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Totals {
    /// Values in the weights and biases of the network.
    pub parameters: usize,
    /// Floating-point operations forward.
    pub flops: u64,
    /// Floating-point operations backward.
    pub backward_flops: u64,
    /// Bytes of all values.
    pub value_bytes: usize,
    /// Milliseconds forward.
    pub forward_ms: f64,
    /// Milliseconds backward.
    pub backward_ms: f64,
}

/// The gradient of one loss with respect to the pixels.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PixelGradient {
    /// `content_loss`, `style_loss`, `tv_loss` or `total_loss`.
    pub loss: &'static str,
    /// The loss itself, weighted.
    pub value: f64,
    /// The Euclidean length of the gradient.
    pub norm: f64,
    /// The gradient of largest magnitude.
    pub largest: f64,
    /// How strong the gradient is at each place of the grid that the first two strides make: entry `[y][x]` is its root
    /// mean square at the pixels whose row is `y` and whose column is `x` modulo 4, over that of all pixels.
    ///
    /// Three windows of the first pool's input lead to a row of the first kind, two to the next, three, and one to the
    /// last, and so for columns; without a grid all sixteen would be about 1.
    pub grid: [[f64; GRID]; GRID],
    /// The gradient, (1, H, W, 3).
    #[cfg_attr(feature = "serde", serde(skip))]
    pub gradient: Array4<f32>,
}

/// A node's value and gradient as pictures, (H, W, 3), where they have a form that can be looked at: maps of features
/// as a sheet of at most 16 of them, a matrix as a map of its own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodePictures {
    /// The channels on the sheets, by rows; empty where there is no sheet.
    pub channels: Vec<usize>,
    /// The value: black is 0, white the largest, blue negative; brightness grows as the square
    /// root, that of a matrix as the fourth.
    pub value: Option<Array3<u8>>,
    /// The gradient of the total loss: white is 0, red positive, blue negative, likewise.
    pub gradient: Option<Array3<u8>>,
    /// Where a gradient of maps is a sum, what each node that reads this one added to it, with that node's place on the
    /// tape: the same channels, on the gradient's scale.
    pub summands: Vec<(usize, Array3<u8>)>,
}

impl StyleTransfer {
    /// Replays the tape on the picture as it is now, and tells what happens at each node. The session must have been
    /// built as [`inspectable`](crate::StyleTransferBuilder::inspectable). Times are medians of several replays; with
    /// buffers of their own for all values they are somewhat longer than a run's.
    ///
    /// ```
    /// use impasto::{SqueezeNet, StyleTransfer, Weights};
    /// use ndarray::Array3;
    ///
    /// # let picture = |seed: usize| {
    /// #     Array3::from_shape_fn((32, 40, 3), |(y, x, c)| ((y * y + seed * x + 40 * c) % 256) as u8)
    /// # };
    /// # let (photograph, painting) = (picture(3), picture(7));
    /// # let network = SqueezeNet::new(Weights::built_in());
    ///
    /// let builder = StyleTransfer::builder(&network).content(&photograph).style(&painting, 1.0);
    /// // Not shifted, so that the network reads the picture itself.
    /// let mut session = builder.jitter(0).inspectable().build()?;
    /// let explanation = session.explain()?;
    ///
    /// let first = explanation.nodes.iter().find(|node| node.name == "features.0+1").expect("the first layer");
    /// assert_eq!((first.operation, &first.shape[..]), ("conv2d+relu", &[1, 15, 19, 64][..]));
    /// let losses: Vec<_> = explanation.pixel_gradients.iter().map(|gradient| gradient.loss).collect();
    /// assert_eq!(losses, ["content_loss", "style_loss", "tv_loss", "total_loss"]);
    ///
    /// let pictures = session.node_pictures(first)?;
    /// assert_eq!(pictures.channels.len(), 16); // a sheet of 16 of its 64 maps
    /// # Ok::<(), impasto::TransferError>(())
    /// ```
    ///
    /// # Errors
    /// [`TransferError::NotInspectable`] if the session was built otherwise.
    pub fn explain(&mut self) -> Result<Explanation, TransferError> {
        let (height, width) = self.size();
        let threads = self.threads();
        let Inspection { tape, image, terms, network, targets, pool } = self.inspect()?;
        let roles = Roles::new(image, network, targets);
        pool.install(|| {
            tape.forward();
            let losses = terms.losses(|var| tape.number(var))?;
            let mut pixel_gradients = Vec::new();
            for (loss, var) in terms.named() {
                tape.backward(var)?;
                pixel_gradients.push(PixelGradient::read(tape, loss, var, image)?);
            }
            let times = StepTimes::measure(tape, terms.total(), REPLAYS)?;
            let nodes = node::report(tape, &times, &roles)?;
            Ok(Explanation {
                height,
                width,
                threads,
                simd: Level::current().name(),
                replays: REPLAYS,
                losses,
                totals: Totals::of(&nodes),
                pixel_gradients,
                nodes,
            })
        })
    }

    /// A node's value and gradient as pictures, after [`StyleTransfer::explain`].
    ///
    /// # Errors
    /// As [`StyleTransfer::explain`].
    pub fn node_pictures(&mut self, node: &NodeReport) -> Result<NodePictures, TransferError> {
        Ok(maps::node_pictures(self.inspect()?.tape, node)?)
    }
}

impl Totals {
    fn of(nodes: &[NodeReport]) -> Totals {
        Totals {
            parameters: nodes.iter().map(|node| node.parameters).sum(),
            flops: nodes.iter().map(|node| node.flops).sum(),
            backward_flops: nodes.iter().map(|node| node.backward_flops).sum(),
            value_bytes: nodes.iter().map(|node| node.value_bytes).sum(),
            forward_ms: nodes.iter().filter_map(|node| node.forward_ms).sum(),
            backward_ms: nodes.iter().filter_map(|node| node.backward_ms).sum(),
        }
    }
}

impl PixelGradient {
    /// What the last backward walk, from the loss `var`, left at the pixels.
    fn read(tape: &Tape<f32>, loss: &'static str, var: Var, image: Var) -> Result<PixelGradient, TapeError> {
        let gradient = tape.gradient(image)?;
        let value = f64::from(tape.number(var)?);
        let largest = gradient.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        let norm = norm(gradient.iter());
        let gradient = gradient.into_dimensionality::<Ix4>().expect("an image is (1, H, W, 3)").to_owned();
        let grid = grid(gradient.view());
        Ok(PixelGradient { loss, value, norm, largest: f64::from(largest), grid, gradient })
    }
}

/// See [`PixelGradient::grid`].
fn grid(gradient: ArrayView4<'_, f32>) -> [[f64; GRID]; GRID] {
    let mut squares = [[[0.0; 2]; GRID]; GRID];
    let mut all = [0.0; 2];
    for ((_, y, x, _), &value) in gradient.indexed_iter() {
        let square = f64::from(value).powi(2);
        for [sum, count] in [&mut all, &mut squares[y % GRID][x % GRID]] {
            *sum += square;
            *count += 1.0;
        }
    }
    let mean = |[sum, count]: [f64; 2]| if count > 0.0 { sum / count } else { 0.0 };
    squares.map(|row| row.map(|place| if all[0] > 0.0 { (mean(place) / mean(all)).sqrt() } else { 1.0 }))
}

/// The Euclidean length.
fn norm<'a>(values: impl Iterator<Item = &'a f32>) -> f64 {
    values.map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_of_a_gradient() {
        let strength = |index: usize| if index % GRID == 3 { 1.0 } else { 2.0 };
        let gradient = Array4::from_shape_fn((1, 8, 12, 3), |(_, y, x, _)| strength(y) * strength(x));
        // Of sixteen places nine have a square of 16, six one of 4, and one has 1: on average 169 / 16.
        let unit = (169.0f64 / 16.0).sqrt();
        let grid_of = grid(gradient.view());
        for y in 0..GRID {
            for x in 0..GRID {
                let expected = f64::from(strength(y) * strength(x)) / unit;
                assert!((grid_of[y][x] - expected).abs() < 1e-12, "{grid_of:?}");
            }
        }
        assert_eq!(grid(Array4::from_elem((1, 5, 7, 3), -0.5).view()), [[1.0; GRID]; GRID]);
        assert_eq!(grid(Array4::zeros((1, 5, 7, 3)).view()), [[1.0; GRID]; GRID]);
    }
}
