//! What can be wrong with weights, and what to do about it. Every message names the file, the array and the
//! remedy.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// How many names a message lists before it only counts them.
const LISTED_NAMES: usize = 4;

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
    /// The content is of no format that is read here.
    #[error("{origin} is neither an .npz file nor a folder of .npy files: save the weights with numpy.savez")]
    UnknownFormat {
        /// The file.
        origin: Origin,
    },
    /// A zip archive whose directory cannot be read, or names two members alike.
    #[error("{origin} is not a sound zip archive: copy it again, or save it again with numpy.savez")]
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
    #[error("{origin} lacks {} ({}){}: save every array of SqueezeNet 1.1 under torchvision's or the CS231n \
             notebook's name", arrays(missing.len()), listed(missing), found_instead(found))]
    MissingArrays {
        /// Where they were looked for.
        origin: Origin,
        /// torchvision's names of those that are missing.
        missing: Vec<String>,
        /// All names that are there.
        found: Vec<String>,
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
    /// One array cannot be used.
    #[error("array {array} of {origin} {problem}")]
    Array {
        /// Where the array is.
        origin: Origin,
        /// Its name there.
        array: String,
        /// What is wrong with it; the message above contains it.
        problem: ArrayError,
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

/// What is wrong with one array; reads as the end of a sentence that began with the array's name.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ArrayError {
    /// The bytes could not be had: an I/O error, damage, encryption, an unknown compression.
    #[error("cannot be read ({reason}): save it again with numpy.savez, without a password")]
    Unreadable {
        /// What the system or the zip reader says.
        reason: String,
    },
    /// What stands before the data is not an `.npy` header.
    #[error("is not in NumPy's .npy format ({reason}): save it again with numpy.save or numpy.savez")]
    Header {
        /// What is wrong with the header.
        reason: &'static str,
    },
    /// The elements are not floating-point numbers of 16, 32 or 64 bits.
    #[error("holds {found}; weights are float16, float32 or float64: convert it with .astype(numpy.float32)")]
    ElementType {
        /// What the elements are.
        found: String,
    },
    /// The shape is not the one that the architecture asks for.
    #[error(
        "has shape {}, SqueezeNet 1.1 needs {}: use the weights of version 1.1, in the order \
             of axes that belongs to the array's name",
        tuple(found),
        tuple(expected)
    )]
    Shape {
        /// The shape that the architecture asks for, in the array's order of axes.
        expected: Vec<u64>,
        /// The shape that the array has.
        found: Vec<u64>,
    },
    /// The data ends before the last value.
    #[error("ends after {found} of {expected} bytes: copy the file or save it again")]
    Truncated {
        /// Bytes that the shape and the element type ask for.
        expected: usize,
        /// Bytes that are there.
        found: usize,
    },
    /// The data goes on after the last value.
    #[error("holds more than the {expected} bytes of its shape: save it again with numpy.savez")]
    TrailingData {
        /// Bytes that the shape and the element type ask for.
        expected: usize,
    },
    /// A value is NaN, infinite, or too large for 32 bits.
    #[error(
        "is {value} at {index:?} as a 32-bit float, weights must be finite: take them from a run that did not \
             diverge"
    )]
    NonFinite {
        /// Index along each axis of the array as stored.
        index: Vec<usize>,
        /// The value as a 32-bit float.
        value: f32,
    },
}

/// Says `1 array` or `2 arrays`.
fn arrays(count: usize) -> String {
    match count {
        1 => "1 array".to_owned(),
        _ => format!("{count} arrays"),
    }
}

fn listed(names: &[String]) -> String {
    let shown = names[..names.len().min(LISTED_NAMES)].join(", ");
    match names.len().saturating_sub(LISTED_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn found_instead(found: &[String]) -> String {
    match found {
        [] => "; it holds no .npy array at all".to_owned(),
        _ => format!("; it holds {} ({})", arrays(found.len()), listed(found)),
    }
}

/// Writes a shape as Python does.
fn tuple(shape: &[u64]) -> String {
    match shape {
        [length] => format!("({length},)"),
        _ => {
            let lengths: Vec<String> = shape.iter().map(u64::to_string).collect();
            format!("({})", lengths.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|i| format!("a{i}")).collect()
    }

    #[test]
    fn long_lists_of_names_are_cut_and_counted() {
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

    #[test]
    fn shapes_read_as_in_python() {
        assert_eq!(tuple(&[]), "()");
        assert_eq!(tuple(&[64]), "(64,)");
        assert_eq!(tuple(&[64, 3]), "(64, 3)");
    }
}
