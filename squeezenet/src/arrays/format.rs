//! Which format a path or some bytes are in, told by content: the one door to all readers.
//!
//! | format | told by |
//! | --- | --- |
//! | folder of `.npy` files | being a folder |
//! | `.npz`, PyTorch's zip | a zip archive's first bytes; PyTorch's has a member `NAME/data.pkl` |
//! | PyTorch's, before 1.6 | a pickle's first bytes |
//! | safetensors | a brace behind eight bytes of length |
//! | TensorFlow's checkpoint | the last bytes of `PREFIX.index`; its other files only by name, beside that one |

use std::fmt;
use std::fs::{self, File};
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::archive;
use super::checkpoint::{self, Checkpoint};
use super::container::{OpenError, ReadSeek, length};
use super::directory::{Directory, Scopes};
use super::error::FormatError;
use super::npz::Npz;
use super::safetensors::{self, Safetensors};
use super::source::ArraySource;
use super::torch::{self, TorchLegacy, TorchZip};

/// Bytes from either end of a file that tell its format.
const MAGIC_BYTES: u64 = 16;

/// A way to store named arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// NumPy's archive: `numpy.savez`.
    Npz,
    /// A folder of NumPy's single arrays: `numpy.save`.
    NpyFolder,
    /// `torch.save` since PyTorch 1.6.
    TorchZip,
    /// `torch.save` before PyTorch 1.6.
    TorchLegacy,
    /// `safetensors.torch.save_file` and its like.
    Safetensors,
    /// TensorFlow's second format: `tf.train.Saver`.
    Checkpoint,
}

impl Format {
    /// A short name for programs: `npz`, `npy-folder`, `pth`, `pth-legacy`, `safetensors` or `checkpoint`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Npz => "npz",
            Self::NpyFolder => "npy-folder",
            Self::TorchZip => "pth",
            Self::TorchLegacy => "pth-legacy",
            Self::Safetensors => "safetensors",
            Self::Checkpoint => "checkpoint",
        }
    }

    /// What writes it, for messages.
    pub(super) fn writer(self) -> &'static str {
        match self {
            Self::Npz => "numpy.savez",
            Self::NpyFolder => "numpy.save",
            Self::TorchZip | Self::TorchLegacy => "torch.save",
            Self::Safetensors => "safetensors' save_file",
            Self::Checkpoint => "tf.train.Saver, without compression",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Npz => "NumPy archive (.npz)",
            Self::NpyFolder => "folder of NumPy arrays (.npy)",
            Self::TorchZip => "PyTorch file (.pth)",
            Self::TorchLegacy => "PyTorch file of before version 1.6 (.pth)",
            Self::Safetensors => "safetensors file",
            Self::Checkpoint => "TensorFlow checkpoint",
        })
    }
}

/// Arrays ready to be read.
pub(crate) struct Opened<'a> {
    pub(crate) format: Format,
    /// Every file that belongs to them; none for bytes in memory.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) source: Box<dyn ArraySource + 'a>,
}

/// Opens whatever `path` leads to. Of a checkpoint, `path` may be any file, or what all their names begin with. Of a
/// folder, the subfolders in `scopes` are searched too.
pub(crate) fn open_path(path: &Path, scopes: Scopes) -> Result<Opened<'static>, OpenError> {
    let prefix = checkpoint::prefix(path);
    let metadata = match fs::metadata(path) {
        Err(error) => return prefix.map_or(Err(error.into()), |prefix| open_checkpoint(&prefix)),
        Ok(metadata) => metadata,
    };
    if metadata.is_dir() {
        let directory = Directory::open(path, scopes)?;
        let files = directory.paths().to_vec();
        return Ok(Opened { format: Format::NpyFolder, files, source: Box::new(directory) });
    }
    if !metadata.is_file() {
        // A pipe or a device: opening it could block for ever, and most formats are read from their end.
        return Err(FormatError::Unknown.into());
    }
    let mut file = BufReader::new(File::open(path)?);
    match detect(&mut file)? {
        Some(Detected::Index) => open_checkpoint(&checkpoint::prefix_of_index(path)?),
        Some(Detected::Whole(kind)) => {
            let (format, source) = open_whole(kind, file)?;
            Ok(Opened { format, files: vec![path.to_owned()], source })
        }
        None => prefix.map_or(Err(FormatError::Unknown.into()), |prefix| open_checkpoint(&prefix)),
    }
}

/// Opens the content of a file. A checkpoint has several, and is not read so.
pub(crate) fn open_bytes(bytes: &[u8]) -> Result<Opened<'_>, OpenError> {
    let mut reader = Cursor::new(bytes);
    match detect(&mut reader)? {
        Some(Detected::Whole(kind)) => {
            let (format, source) = open_whole(kind, reader)?;
            Ok(Opened { format, files: Vec::new(), source })
        }
        Some(Detected::Index) | None => Err(FormatError::Unknown.into()),
    }
}

enum Detected {
    Whole(Kind),
    /// The index of a checkpoint, whose values are in other files.
    Index,
}

/// What a file can be that has everything in itself.
enum Kind {
    Zip,
    Pickle,
    Safetensors,
}

/// Looks at both ends of what `reader` reads; leaves it at the start.
fn detect<R: Read + Seek>(reader: &mut R) -> Result<Option<Detected>, OpenError> {
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
    } else {
        None
    })
}

fn open_whole<'a, R: Read + Seek + 'a>(
    kind: Kind,
    reader: R,
) -> Result<(Format, Box<dyn ArraySource + 'a>), OpenError> {
    Ok(match kind {
        Kind::Safetensors => (Format::Safetensors, Box::new(Safetensors::open(reader)?)),
        Kind::Pickle => (Format::TorchLegacy, Box::new(TorchLegacy::open(reader)?)),
        Kind::Zip => {
            let archive = archive::open(reader)?;
            match torch::pickle_member(&archive) {
                Some(pickle) => (Format::TorchZip, Box::new(TorchZip::open(archive, &pickle)?)),
                None => (Format::Npz, Box::new(Npz::new(archive)?)),
            }
        }
    })
}

fn open_checkpoint(prefix: &Path) -> Result<Opened<'static>, OpenError> {
    let index_path = checkpoint::index_path(prefix);
    if !fs::metadata(&index_path)?.is_file() {
        return Err(FormatError::Unknown.into());
    }
    let index = File::open(&index_path)?;
    let shard_prefix = prefix.to_owned();
    let open_shard = move |shard, shards| {
        let path = checkpoint::shard_path(&shard_prefix, shard, shards);
        // As everywhere: no pipes and no devices.
        if !fs::metadata(&path)?.is_file() {
            return Err(std::io::Error::other(format!("{} is not a file", path.display())));
        }
        Ok(Box::new(BufReader::new(File::open(path)?)) as Box<dyn ReadSeek>)
    };
    let source = Checkpoint::open(index, Box::new(open_shard))?;
    let mut files = vec![index_path];
    files.extend(source.shards().map(|(shard, shards)| checkpoint::shard_path(prefix, shard, shards)));
    Ok(Opened { format: Format::Checkpoint, files, source: Box::new(source) })
}
