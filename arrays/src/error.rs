//! What can be wrong with stored arrays, and what to do about it. Every message names the file, the array and the
//! remedy.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::format::Format;

/// The most values of one array, 1 GiB of 32-bit floats: what a small archive may unfold to.
pub(crate) const MAX_VALUES: u64 = 1 << 28;

/// How many names a message lists before it only counts them.
const LISTED_NAMES: usize = 4;

/// Why an array could not be read from a file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArraysError {
    /// The file could not be opened.
    #[error("cannot open {}: check that it exists and may be read", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A folder, a pipe or a device.
    #[error("{} is not a file: give a file that numpy.save or numpy.savez wrote", path.display())]
    NotAFile {
        /// What was to be opened.
        path: PathBuf,
    },
    /// The file does not start as a zip archive does.
    #[error("{} is not an .npz file: save the arrays with numpy.savez", path.display())]
    NotAnArchive {
        /// The file.
        path: PathBuf,
    },
    /// A zip archive whose directory cannot be read, or names two members alike.
    #[error("{} is not a sound zip archive: copy it again, or save it again with numpy.savez", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What the zip reader says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The archive holds no array of that name.
    #[error("{} holds no array {array}, it holds {}: ask for one of those", path.display(), counted(found))]
    NoSuchArray {
        /// The archive.
        path: PathBuf,
        /// The name that was asked for.
        array: String,
        /// All names that are there.
        found: Vec<String>,
    },
    /// The array of an `.npy` file cannot be used.
    #[error("{} {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with its array; the message above contains it.
        problem: ArrayError,
    },
    /// One array of an archive cannot be used.
    #[error("array {array} of {} {problem}", path.display())]
    Array {
        /// The archive.
        path: PathBuf,
        /// The array's name.
        array: String,
        /// What is wrong with it; the message above contains it.
        problem: ArrayError,
    },
}

/// What is wrong with a file of arrays as a whole; reads as the end of a sentence that began with the file's name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The content is of no format that is read here.
    #[error(
        "is of no known format: give an .npz or .safetensors file, PyTorch's .pth, a TensorFlow checkpoint, or a \
             folder of .npy files, such as numpy.savez, torch.save or tf.train.Saver write"
    )]
    Unknown,
    /// The content is something else, which is often found in place of arrays.
    #[error("is {what}: {remedy}")]
    Other {
        /// What it is.
        what: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// The reader of this format was left out when the program was built.
    #[error("is {what}, which this program was built without: save the arrays with numpy.savez")]
    LeftOut {
        /// What it is.
        what: &'static str,
    },
    /// One of the files that belong together is not there.
    #[error("needs {}, which is not there: copy it too, a {format} is of use only with all of its files", path.display())]
    MissingFile {
        /// What the files are together.
        format: Format,
        /// The file that is missing.
        path: PathBuf,
    },
    /// A folder with several files or checkpoints of which any may be meant.
    #[error("holds {}: name the one that is meant", listed(found, "files", "no file"))]
    SeveralFiles {
        /// Their names.
        found: Vec<String>,
    },
    /// A pickle of quantized tensors.
    #[error(
        "holds quantized tensors ({what}), which are not read here: save the network as it was before it was quantized"
    )]
    Quantized {
        /// The function or class that makes them, by its name.
        what: String,
    },
    /// The content starts as the format does, and does not go on so.
    #[error("is not a sound {format} ({reason}): copy it again, or save it again with {}", format.writer())]
    Malformed {
        /// What it starts as.
        format: Format,
        /// What is wrong.
        reason: String,
    },
    /// A pickle asks for more than tensors, dictionaries, lists, text and numbers.
    #[error(
        "asks for {what}, which weights do not need and which is never run here: save only the weights, with \
             torch.save(model.state_dict(), FILE)"
    )]
    Forbidden {
        /// The opcode, or the function or class, by its name.
        what: String,
    },
    /// The format has what is asked for, but it is not read here.
    #[error("has {what}, which is not read here: save it again with {}", format.writer())]
    Unsupported {
        /// The file's format.
        format: Format,
        /// What it has.
        what: String,
    },
}

/// What is wrong with one stored array; reads as the end of a sentence that began with the array's name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ArrayError {
    /// The bytes could not be had: an I/O error, damage, encryption, an unknown compression.
    #[error("cannot be read ({reason}): copy the file again, or save it again, without a password")]
    Unreadable {
        /// What the system, the zip reader or a checksum says.
        reason: String,
    },
    /// What stands before the data is not an `.npy` header.
    #[error("is not in NumPy's .npy format ({reason}): save it again with numpy.save or numpy.savez")]
    Header {
        /// What is wrong with the header.
        reason: String,
    },
    /// The elements are not floating-point numbers of 16, 32 or 64 bits.
    #[error(
        "holds {found}; only float16, bfloat16, float32 and float64 are read: convert it with \
             .astype(numpy.float32) or .float()"
    )]
    ElementType {
        /// What the elements are.
        found: String,
    },
    /// The shape asks for more values than are ever read.
    #[error("claims the shape {}, more than {MAX_VALUES} values: save a smaller array", tuple(shape))]
    TooLarge {
        /// The shape that the header claims.
        shape: Vec<u64>,
    },
    /// A view that asks for values which its storage does not have.
    #[error("reaches beyond the {stored} values of its storage: copy the file or save it again")]
    BeyondStorage {
        /// How many values there are.
        stored: u64,
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
    #[error("holds more than the {expected} bytes of its shape: save it again")]
    TrailingData {
        /// Bytes that the shape and the element type ask for.
        expected: usize,
    },
}

/// What a failed read means for an array.
pub(crate) fn unreadable(error: io::Error) -> ArrayError {
    ArrayError::Unreadable { reason: error.to_string() }
}

/// Says how many arrays there are, and the names of the first: `2 arrays (a, b)`, or `no array at all`.
pub fn counted(names: &[String]) -> String {
    match names {
        [name] => format!("1 array ({name})"),
        _ => listed(names, "arrays", "no array at all"),
    }
}

/// The same, for any things.
fn listed(names: &[String], things: &str, none: &str) -> String {
    let shown = names[..names.len().min(LISTED_NAMES)].join(", ");
    match (names.len(), names.len().saturating_sub(LISTED_NAMES)) {
        (0, _) => none.to_owned(),
        (count, 0) => format!("{count} {things} ({shown})"),
        (count, more) => format!("{count} {things} ({shown} and {more} more)"),
    }
}

/// Writes a shape as Python does.
pub fn tuple(shape: &[u64]) -> String {
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

    #[test]
    fn long_lists_of_names_are_cut_and_counted() {
        let names = |count: usize| (0..count).map(|i| format!("a{i}")).collect::<Vec<_>>();
        assert_eq!(counted(&names(0)), "no array at all");
        assert_eq!(counted(&names(1)), "1 array (a0)");
        assert_eq!(counted(&names(4)), "4 arrays (a0, a1, a2, a3)");
        assert_eq!(counted(&names(6)), "6 arrays (a0, a1, a2, a3 and 2 more)");
    }

    #[test]
    fn shapes_read_as_in_python() {
        assert_eq!(tuple(&[]), "()");
        assert_eq!(tuple(&[64]), "(64,)");
        assert_eq!(tuple(&[64, 3]), "(64, 3)");
    }
}
