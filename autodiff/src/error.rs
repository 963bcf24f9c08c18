//! What can go wrong when a tape is recorded, replayed or read.

use thiserror::Error;

/// Why the shapes of an operation's inputs do not fit it, in words that follow "conv2d of ...: ".
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Mismatch(pub String);

impl Mismatch {
    /// A mismatch described by `reason`.
    pub fn new(reason: impl Into<String>) -> Self {
        Mismatch(reason.into())
    }
}

impl From<impasto_kernels::ShapeError> for Mismatch {
    fn from(error: impasto_kernels::ShapeError) -> Self {
        Mismatch(error.to_string())
    }
}

/// What can go wrong with a tape.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TapeError {
    /// The inputs of an operation do not fit together.
    #[error("{operation} of {}: {reason}", shapes(.inputs))]
    Shape {
        /// The operation's name.
        operation: &'static str,
        /// The shapes of its inputs.
        inputs: Vec<Vec<usize>>,
        /// What does not fit.
        reason: Mismatch,
    },
    /// A value was set to an array of another shape.
    #[error("an array of shape {} cannot become the value of a leaf of shape {}", shape(.given), shape(.expected))]
    LeafShape {
        /// The array's shape.
        given: Vec<usize>,
        /// The leaf's shape.
        expected: Vec<usize>,
    },
    /// A variable of another tape.
    #[error("this variable was recorded on another tape")]
    ForeignVariable,
    /// Only leaves can be set.
    #[error("the value of {0} is computed: only variables and constants can be set")]
    NotALeaf(&'static str),
    /// Only a single number can be differentiated.
    #[error("backward starts from a single number, not from an array of shape {}", shape(.0))]
    NotAScalar(Vec<usize>),
    /// The value was not computed yet.
    #[error("there is no value yet: call forward first")]
    NoValue,
    /// The values are not those that the gradients would be computed from.
    #[error(
        "the values are out of date (a leaf was set, or their buffers were recycled): call forward before backward"
    )]
    OutOfDate,
    /// The gradient was not computed.
    #[error("there is no gradient: call backward first, on a number that depends on this variable")]
    NoGradient,
    /// The value's buffer has been used for something else.
    #[error("this value was recycled: name it in Tape::recycle to keep it")]
    Recycled,
    /// An operation on an image that cannot be replayed in strips.
    #[error("{operation} {reason}: this tape cannot be replayed in strips")]
    NotByRows {
        /// The operation's name.
        operation: &'static str,
        /// Why not, as the end of a sentence.
        reason: &'static str,
    },
    /// Backward was called from another node than the tape was prepared for.
    #[error("this tape recycles its buffers for another result: backward can only start from that one")]
    OtherResult,
}

/// "(2, 3)"; a single number is "()".
pub(crate) fn shape(shape: &[usize]) -> String {
    let sizes: Vec<_> = shape.iter().map(usize::to_string).collect();
    format!("({})", sizes.join(", "))
}

fn shapes(inputs: &[Vec<usize>]) -> String {
    if inputs.is_empty() {
        return "nothing".into();
    }
    let inputs: Vec<_> = inputs.iter().map(|input| shape(input)).collect();
    inputs.join(" and ")
}
