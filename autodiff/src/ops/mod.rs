//! The operations that come with the crate, one file each: the formula, forward and backward side
//! by side. Each is recorded by a method of [`Tape`](crate::Tape).
//!
//! | method | value |
//! | --- | --- |
//! | [`add`](crate::Tape::add), [`sub`](crate::Tape::sub), [`mul`](crate::Tape::mul), [`div`](crate::Tape::div) | `a + b`, `a - b`, `a * b`, `a / b`, with NumPy's broadcasting |
//! | [`scale`](crate::Tape::scale) | `factor * x`, the factor constant |
//! | [`square`](crate::Tape::square), [`sqrt`](crate::Tape::sqrt), [`exp`](crate::Tape::exp), [`ln`](crate::Tape::ln), [`relu`](crate::Tape::relu) | the function of each value |
//! | [`sum`](crate::Tape::sum), [`mean`](crate::Tape::mean) | over all values |
//! | [`sum_axes`](crate::Tape::sum_axes), [`mean_axes`](crate::Tape::mean_axes) | over some axes |
//! | [`weighted_sum`](crate::Tape::weighted_sum) | `sum of weight[i] * x[i]`, of single numbers |
//! | [`squared_difference`](crate::Tape::squared_difference) | `sum of (a - b)^2` |
//! | [`total_variation`](crate::Tape::total_variation) | sum of squared differences of neighbouring pixels |
//! | [`matmul`](crate::Tape::matmul) | the product of two matrices |
//! | [`gram`](crate::Tape::gram) | `scale * features^T features` |
//! | [`conv2d`](crate::Tape::conv2d), [`conv2d_bank`](crate::Tape::conv2d_bank) | convolution, with ReLU if wanted; several side by side |
//! | [`max_pool`](crate::Tape::max_pool) | the maximum of each window |
//! | [`moments`](crate::Tape::moments), [`normalise`](crate::Tape::normalise) | mean and variance of each channel; batch normalisation with them, with ReLU if wanted |
//! | [`log_softmax`](crate::Tape::log_softmax) | log-probabilities from scores |
//! | [`reshape`](crate::Tape::reshape), [`transpose`](crate::Tape::transpose), [`narrow`](crate::Tape::narrow), [`concat`](crate::Tape::concat) | the same values in another arrangement |
//! | [`reflect_pad`](crate::Tape::reflect_pad) | an image on a larger canvas, mirrored at its edges |

mod add;
mod binary;
mod broadcast;
mod concat;
mod conv2d;
mod div;
mod exp;
mod gram;
mod ln;
mod log_softmax;
mod matmul;
mod max_pool;
mod mean;
mod moments;
mod mul;
mod narrow;
mod normalise;
mod reflect_pad;
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
pub use normalise::NormaliseOptions;

use crate::Mismatch;

fn check_axis(axis: usize, shape: &[usize]) -> Result<(), Mismatch> {
    match shape.len() {
        count if axis < count => Ok(()),
        0 => Err(Mismatch::new("a single number has no axes")),
        count => Err(Mismatch::new(format!("there is no axis {axis}, the last is {}", count - 1))),
    }
}

/// Positions before an axis, along it, and behind it.
fn lengths_around(axis: usize, shape: &[usize]) -> [usize; 3] {
    [shape[..axis].iter().product(), shape[axis], shape[axis + 1..].iter().product()]
}
