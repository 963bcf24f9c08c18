//! PyTorch's files: a pickled object whose tensors are views of storages, and the storages' bytes beside it. Only what
//! `torch.save` makes of dictionaries of tensors is read; nothing in a pickle is ever run.
//!
//! | file | what it does |
//! | --- | --- |
//! | `zipped`, `legacy` | the two files: since PyTorch 1.6, and before |
//! | `object` | the tensors in an unpickled object, and their names |
//! | `machine` | the pickle machine: which opcodes are followed, and what they make |
//! | `value` | Python's objects, as far as tensors need them |
//! | `opcodes` | the names of the opcodes that are refused |

mod legacy;
mod machine;
mod object;
mod opcodes;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod value;
mod zipped;

pub(super) use legacy::{TorchLegacy, has_magic};
pub(super) use zipped::{TorchZip, pickle_member};

use super::error::FormatError;
use super::format::Format;

/// Most bytes of a pickle. A tensor takes about a hundred; an object in memory may take fifty times its bytes here.
const LONGEST_PICKLE: usize = 1 << 20;

/// Longest name of a storage, in bytes: PyTorch numbers them.
const LONGEST_KEY: usize = 255;

/// Why an object could not be unpickled.
#[derive(Debug, PartialEq, Eq)]
enum PickleError {
    Malformed(String),
    /// By the name of what was asked for.
    Forbidden(String),
    /// By the name of what makes quantized tensors.
    Quantized(String),
}

impl PickleError {
    fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed(reason.into())
    }

    fn in_format(self, format: Format) -> FormatError {
        match self {
            Self::Malformed(reason) => FormatError::Malformed { format, reason },
            Self::Forbidden(what) => FormatError::Forbidden { what },
            Self::Quantized(what) => FormatError::Quantized { what },
        }
    }
}
