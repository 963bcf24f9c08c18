//! What can be wrong with weights, and what to do about it. Every message names the file, the array and the
//! remedy.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use impasto_arrays::{ArrayError, FormatError, counted, tuple};

/// Where weights came from, as messages name it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A file or a folder.
    Path(PathBuf),
    /// Bytes or arrays that the caller held in memory.
    Memory,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Memory => f.write_str("the weights in memory"),
        }
    }
}

/// Why weights could not be read or found.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file or folder could not be opened.
    #[error("cannot open {origin}: check that it exists and may be read")]
    Open {
        /// The file or folder.
        origin: Origin,
        /// The system's reason.
        source: io::Error,
    },
    /// The file as a whole is of no known format, or not as its format asks.
    #[error("{origin} {problem}")]
    Format {
        /// The file.
        origin: Origin,
        /// What is wrong with it; the message above contains it.
        problem: FormatError,
    },
    /// A zip archive whose directory cannot be read, or names two members alike.
    #[error("{origin} is not a sound zip archive: copy it again, or save it again")]
    Archive {
        /// The file.
        origin: Origin,
        /// What the zip reader says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A feature layer was asked for that the network does not have.
    #[error("SqueezeNet 1.1 has no feature layer {layer}: choose one of 0 to 12")]
    NoSuchLayer {
        /// The number that was asked for.
        layer: usize,
    },
    /// Arrays that the network needs are not there.
    #[error(
        "{origin} lacks {}; it holds {}: save every array of SqueezeNet 1.1 under torchvision's or the CS231n \
             notebook's name",
        counted(missing),
        counted(found)
    )]
    MissingArrays {
        /// Where they were looked for.
        origin: Origin,
        /// torchvision's names of those that are missing.
        missing: Vec<String>,
        /// All names that are there.
        found: Vec<String>,
    },
    /// The arrays are those of SqueezeNet 1.0, which has other layers.
    #[error(
        "{origin} holds SqueezeNet 1.0, whose layers are others: give the weights of SqueezeNet 1.1, such as those of \
             torchvision's squeezenet1_1"
    )]
    Version1_0 {
        /// Where the arrays are.
        origin: Origin,
    },
    /// Several networks are there, with different values, and nothing tells which one is meant.
    #[error(
        "{origin} holds SqueezeNet 1.1 more than once, with different values; its first array is there as {}: save one \
             of them alone",
        counted(networks)
    )]
    SeveralNetworks {
        /// Where the arrays are.
        origin: Origin,
        /// One array of each network.
        networks: Vec<String>,
    },
    /// An array holds integers of 8 bits, as quantized networks do.
    #[error(
        "array {array} of {origin} holds {element}: the network was quantized, and such numbers mean nothing without \
             their scales; save the network as it was before, with floating-point numbers"
    )]
    Quantized {
        /// Where the array is.
        origin: Origin,
        /// Its name there.
        array: String,
        /// What its elements are.
        element: String,
    },
    /// The same parameter is there more than once.
    #[error("{origin} holds the same parameter as {first} and as {second}: remove one of them")]
    DuplicateArray {
        /// Where they are.
        origin: Origin,
        /// The first name.
        first: String,
        /// The second name, which may be the same.
        second: String,
    },
    /// One array cannot be read.
    #[error("array {array} of {origin} {problem}")]
    Array {
        /// Where the array is.
        origin: Origin,
        /// Its name there.
        array: String,
        /// What is wrong with it; the message above contains it.
        problem: ArrayError,
    },
    /// The shape of an array is not the one that the architecture asks for.
    #[error(
        "array {array} of {origin} has shape {}, SqueezeNet 1.1 needs {}: use the weights of version 1.1, in the \
             order of axes that belongs to the array's name",
        tuple(found),
        tuple(expected)
    )]
    Shape {
        /// Where the array is.
        origin: Origin,
        /// Its name there.
        array: String,
        /// The shape that the architecture asks for, in the array's order of axes.
        expected: Vec<u64>,
        /// The shape that the array has.
        found: Vec<u64>,
    },
    /// A value is NaN, infinite, or too large for 32 bits.
    #[error(
        "array {array} of {origin} is {value} at {index:?} as a 32-bit float, weights must be finite: take them \
             from a run that did not diverge"
    )]
    NonFinite {
        /// Where the array is.
        origin: Origin,
        /// Its name there.
        array: String,
        /// Index along each axis of the array as stored.
        index: Vec<usize>,
        /// The value as a 32-bit float.
        value: f32,
    },
    /// A convolution was asked for that is not among the weights that were read.
    #[error(
        "the weights of {name} were not loaded: load them with a deeper layer, or from a file that has them"
    )]
    NotLoaded {
        /// The name that was asked for.
        name: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_listed_beside_what_is_there() {
        let names = |count: usize| (0..count).map(|i| format!("a{i}")).collect::<Vec<_>>();
        let error = WeightsError::MissingArrays {
            origin: Origin::Path("w.npz".into()),
            missing: names(6),
            found: names(1),
        };
        let text = error.to_string();
        assert!(
            text.starts_with(
                "w.npz lacks 6 arrays (a0, a1, a2, a3 and 2 more); it holds 1 array (a0): save "
            ),
            "{text}"
        );
    }
}
