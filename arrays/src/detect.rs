//! What the content of one file is, told by its first and last bytes, and the reader for it.

use std::io::{Read, Seek, SeekFrom};

use super::archive;
use super::checkpoint;
use super::container::{OpenError, length};
use super::error::FormatError;
use super::format::Format;
use super::npz::Npz;
use super::safetensors::{self, Safetensors};
use super::source::ArraySource;
use super::torch::{self, TorchLegacy, TorchZip};

/// Bytes from either end of a file that tell its format.
pub(super) const MAGIC_BYTES: u64 = 16;

pub(super) enum Detected {
    Whole(Kind),
    /// The index of a checkpoint, whose values are in other files.
    Index,
    /// What may be the index of shards.
    Json,
}

/// What a file can be that has everything in itself.
pub(super) enum Kind {
    Zip,
    Pickle,
    Safetensors,
}

/// Looks at both ends of what `reader` reads; leaves it at the start.
pub(super) fn detect<R: Read + Seek>(reader: &mut R) -> Result<Option<Detected>, OpenError> {
    let total = length(reader)?;
    let mut start = Vec::new();
    reader.by_ref().take(MAGIC_BYTES).read_to_end(&mut start)?;
    let mut end = Vec::new();
    reader.seek(SeekFrom::Start(total.saturating_sub(MAGIC_BYTES)))?;
    reader.by_ref().take(MAGIC_BYTES).read_to_end(&mut end)?;
    reader.seek(SeekFrom::Start(0))?;
    Ok(if archive::has_magic(&start) {
        Some(Detected::Whole(Kind::Zip))
    } else if checkpoint::has_magic(&end) {
        Some(Detected::Index)
    } else if safetensors::has_magic(&start) {
        // Before pickles: a header of 640 bytes begins with the same two bytes, and no pickle goes on so.
        Some(Detected::Whole(Kind::Safetensors))
    } else if torch::has_magic(&start) {
        Some(Detected::Whole(Kind::Pickle))
    } else if start.trim_ascii_start().starts_with(b"{") {
        Some(Detected::Json)
    } else {
        None
    })
}

pub(super) fn open_whole<'a, R: Read + Seek + 'a>(
    kind: Kind,
    reader: R,
) -> Result<(Format, Box<dyn ArraySource + 'a>), OpenError> {
    Ok(match kind {
        Kind::Safetensors => (Format::Safetensors, Box::new(Safetensors::open(reader)?)),
        Kind::Pickle => {
            check_built_in(cfg!(feature = "torch"), "a PyTorch file")?;
            (Format::TorchLegacy, Box::new(TorchLegacy::open(reader)?))
        }
        Kind::Zip => {
            let archive = archive::open(reader)?;
            match torch::pickle_member(&archive) {
                Some(pickle) => {
                    check_built_in(cfg!(feature = "torch"), "a PyTorch file")?;
                    (Format::TorchZip, Box::new(TorchZip::open(archive, &pickle)?))
                }
                None => (Format::Npz, Box::new(Npz::new(archive)?)),
            }
        }
    })
}

/// Refuses a format whose feature was left out when this crate was built.
pub(super) fn check_built_in(is_built_in: bool, what: &'static str) -> Result<(), FormatError> {
    match is_built_in {
        true => Ok(()),
        false => Err(FormatError::LeftOut { what }),
    }
}
