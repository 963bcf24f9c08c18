//! The operations that come with the crate, one file each: the formulas, forward and backward side by side. Each is
//! recorded by a method of [`Tape`](crate::Tape); the crate's documentation lists them.
//!
//! `unary` and `binary` hold what functions of one and of two values have in common, so that such a function is a few lines
//! of mathematics; `broadcast` and `strided` walk over arrays, `positions` over those of an image.

mod add;
mod binary;
mod blend;
mod broadcast;
mod channel_means;
mod concat;
mod conv2d;
mod diagonal;
mod div;
mod exp;
mod gram;
mod ln;
mod log_softmax;
mod mask;
mod matmul;
mod max_pool;
mod mean;
mod moments;
mod mul;
mod narrow;
mod normalize;
mod normalize_gradient;
mod pad;
mod positions;
mod relu;
mod reshape;
mod scale;
mod sqrt;
mod square;
mod squared_difference;
mod strided;
mod sub;
mod sum;
mod sum_axes;
mod total_variation;
mod transpose;
mod unary;
mod weighted_sum;

pub use conv2d::{ConvOptions, ConvWeights};
pub use normalize::NormalizeOptions;

use crate::error::shape;
use crate::{Element, Mismatch};

fn check_axis(axis: usize, shape: &[usize]) -> Result<(), Mismatch> {
    match shape.len() {
        count if axis < count => Ok(()),
        0 => Err(Mismatch::new("a single number has no axes")),
        count => Err(Mismatch::new(format!("there is no axis {axis}, the last is {}", count - 1))),
    }
}

fn check_equal(a: &[usize], b: &[usize]) -> Result<(), Mismatch> {
    match a == b {
        true => Ok(()),
        false => Err(Mismatch::new(format!("{} and {} must be equal", shape(a), shape(b)))),
    }
}

/// Positions before an axis, along it, and after it.
fn lengths_around(axis: usize, shape: &[usize]) -> [usize; 3] {
    [shape[..axis].iter().product(), shape[axis], shape[axis + 1..].iter().product()]
}

/// Adds each value to the one at its place.
fn add_to<T: Element>(to: &mut [T], from: &[T]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = *to + from;
    }
}
