//! Which format a path or some bytes are in, told by content: the one door to all readers.
//!
//! | format | told by |
//! | --- | --- |
//! | folder of `.npy` files | being a folder; another may hold any of the rest, see `folder` |
//! | `.npz`, PyTorch's zip | a zip archive's first bytes; PyTorch's has a member `NAME/data.pkl` |
//! | PyTorch's, before 1.6 | a pickle's first bytes |
//! | safetensors | a brace behind eight bytes of length |
//! | shards | a brace in front of the index; without one by their names, `model-00001-of-00003.safetensors` |
//! | TensorFlow's checkpoint | the last bytes of `PREFIX.index`; its other files only by name, beside that one |

use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::checkpoint::{self, Checkpoint};
use super::container::{OpenError, ReadSeek};
use super::detect::{Detected, MAGIC_BYTES, check_built_in, detect, open_whole};
use super::directory::{Directory, Scopes};
use super::error::FormatError;
use super::folder::{self, Content};
use super::format::Format;
use super::shards::{self, Shards};
use super::source::ArraySource;

/// Arrays ready to be read.
pub struct Opened<'a> {
    /// What it was opened as.
    pub format: Format,
    /// Every file that is read to find or to read them; none for bytes in memory.
    pub files: Vec<PathBuf>,
    /// The arrays.
    pub source: Box<dyn ArraySource + 'a>,
}

/// Opens whatever `path` leads to. Of a checkpoint, `path` may be any file, or what all their names begin with; of shards
/// their index, or any of them; of either the folder. Of a folder of arrays, the subfolders in `scopes` are searched too.
///
/// # Errors
///
/// [`OpenError`] if the arrays cannot even be listed.
pub fn open_path(path: &Path, scopes: Scopes) -> Result<Opened<'static>, OpenError> {
    let metadata = match fs::metadata(path) {
        Err(error) => {
            return checkpoint::prefix(path).map_or(Err(error.into()), |prefix| open_checkpoint(&prefix));
        }
        Ok(metadata) => metadata,
    };
    if metadata.is_dir() {
        return open_folder(path, scopes);
    }
    if !metadata.is_file() {
        // A pipe or a device: opening it could block for ever, and most formats are read from their end.
        return Err(FormatError::Unknown.into());
    }
    let mut file = BufReader::new(File::open(path)?);
    match detect(&mut file)? {
        Some(Detected::Index) => open_checkpoint(&checkpoint::prefix_of_index(path)?),
        Some(Detected::Json) => open_index(path),
        Some(Detected::Whole(kind)) => match shards::siblings(path) {
            Some(siblings) if siblings.len() > 1 => open_shards(siblings),
            _ => {
                let (format, source) = open_whole(kind, file)?;
                Ok(Opened { format, files: vec![path.to_owned()], source })
            }
        },
        None => match checkpoint::prefix(path) {
            Some(prefix) => open_checkpoint(&prefix),
            None => Err(stranger(&mut file)?.into()),
        },
    }
}

fn open_folder(path: &Path, scopes: Scopes) -> Result<Opened<'static>, OpenError> {
    let directory = Directory::open(path, scopes)?;
    match folder::look(path, !directory.paths().is_empty())? {
        Content::Index(index) => open_index(&index),
        Content::Checkpoint(prefix, read) => {
            let mut opened = open_checkpoint(&prefix)?;
            opened.files.extend(read);
            Ok(opened)
        }
        // A file, so that this ends.
        Content::File(file) => open_path(&file, scopes),
        Content::Arrays => {
            let files = directory.paths().to_vec();
            Ok(Opened { format: Format::NpyFolder, files, source: Box::new(directory) })
        }
    }
}

fn open_index(index: &Path) -> Result<Opened<'static>, OpenError> {
    let (shards, paths) = Shards::of_index(index)?;
    let files = [vec![index.to_owned()], paths].concat();
    Ok(Opened { format: Format::Shards, files, source: Box::new(shards) })
}

fn open_shards(paths: Vec<PathBuf>) -> Result<Opened<'static>, OpenError> {
    let shards = Shards::open(&paths)?;
    Ok(Opened { format: Format::Shards, files: paths, source: Box::new(shards) })
}

/// Opens the content of a file. A checkpoint has several, and is not read so.
///
/// # Errors
///
/// Those of [`open_path`].
pub fn open_bytes(bytes: &[u8]) -> Result<Opened<'_>, OpenError> {
    let mut reader = Cursor::new(bytes);
    match detect(&mut reader)? {
        Some(Detected::Whole(kind)) => {
            let (format, source) = open_whole(kind, reader)?;
            Ok(Opened { format, files: Vec::new(), source })
        }
        Some(Detected::Index | Detected::Json) => Err(FormatError::Unknown.into()),
        None => Err(stranger(&mut reader)?.into()),
    }
}

/// What stands where arrays were expected, by its first bytes in lower case, and what to do about it.
const STRANGERS: [(&[u8], &str, &str); 7] = [
    (b"<!doctype", "a web page", "download the file itself, not the page about it"),
    (b"<html", "a web page", "download the file itself, not the page about it"),
    (b"<?xml", "an XML text, as servers answer with", "download the file again, from the right address"),
    (b"version https://", "a Git LFS pointer, not the file itself", "fetch the file with `git lfs pull`"),
    (b"\x1f\x8b", "compressed with gzip", "unpack it first"),
    (b"\x89hdf\r\n\x1a\n", "an HDF5 file, as Keras saves", "save the arrays with numpy.savez"),
    (
        b"\x93numpy",
        "a single array",
        "save all arrays with numpy.savez, or give the folder of the .npy files",
    ),
];

/// What is wrong with a file of no known format.
fn stranger<R: Read + Seek>(reader: &mut R) -> Result<FormatError, OpenError> {
    reader.seek(SeekFrom::Start(0))?;
    let mut start = Vec::new();
    reader.take(MAGIC_BYTES).read_to_end(&mut start)?;
    if start.is_empty() {
        return Ok(FormatError::Other { what: "empty (0 bytes)", remedy: "copy or download it again" });
    }
    let start = start.to_ascii_lowercase();
    let known = STRANGERS.iter().find(|(magic, ..)| start.trim_ascii_start().starts_with(magic));
    Ok(known.map_or(FormatError::Unknown, |&(_, what, remedy)| FormatError::Other { what, remedy }))
}

fn open_checkpoint(prefix: &Path) -> Result<Opened<'static>, OpenError> {
    let index_path = checkpoint::index_path(prefix);
    if !is_regular_part(&index_path)? {
        return Err(FormatError::Unknown.into());
    }
    check_built_in(cfg!(feature = "tensorflow"), "a TensorFlow checkpoint")?;
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
    for file in &files {
        is_regular_part(file)?;
    }
    Ok(Opened { format: Format::Checkpoint, files, source: Box::new(source) })
}

/// Whether a file of a checkpoint is a regular one; an error that names it if it is missing.
fn is_regular_part(path: &Path) -> Result<bool, OpenError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.is_file()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(FormatError::MissingFile { format: Format::Checkpoint, path: path.to_owned() }.into())
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(all(test, not(any(feature = "torch", feature = "tensorflow"))))]
mod tests {
    use super::*;
    use crate::testing::{legacy, zipped};

    #[test]
    fn formats_that_were_left_out_are_refused_by_name() {
        for file in [zipped(&[]), legacy(&[])] {
            let refused = open_bytes(&file).err();
            assert!(matches!(refused, Some(OpenError::Format(FormatError::LeftOut { .. }))), "{refused:?}");
        }
    }
}
