//! Named arrays in files: NumPy's `.npy` and `.npz`, PyTorch's `.pth`, safetensors and TensorFlow's checkpoints are read,
//! NumPy's two and safetensors written. What the names mean is not known here.
//!
//! | file | what it does |
//! | --- | --- |
//! | `source` | what a format must offer: the names of its arrays, and each one's shape, type and bytes |
//! | `element` | numbers as bytes |
//! | `format`, `detect`, `open` | the formats' names; which one a file is in, told by its content; the one door to all readers |
//! | `folder` | what of a folder is to be opened |
//! | `npz`, `directory` | NumPy's formats with several arrays: archives, folders of `.npy` files |
//! | `npy` | a single array: the header, by the npyz crate behind a guard |
//! | `torch` | PyTorch's two formats, and the part of pickle that they need |
//! | `safetensors` | the format of that name |
//! | `checkpoint` | TensorFlow's second format |
//! | `shards` | arrays spread over several files, with an index |
//! | `archive`, `container` | what several formats share |
//! | `decode` | bytes to 32-bit floats |
//! | `encode` | named arrays to the bytes of a file |
//! | `error` | what can be wrong, and what to do about it |
//! | [`files`] | files that appear whole or not at all |
//!
//! Values may be float16, bfloat16, float32 or float64, in either byte order, in any order of axes; they become float32.
//! An array must hold exactly the values that its shape asks for: bytes after the last value are an error, since they
//! mean that the header does not tell the truth about the data. Checksums are compared where the format has them.
//!
//! What a file claims about itself is never allocated: memory grows as bytes arrive, up to 2^28 values (1 GiB) an
//! array, and headers are read up to 1 MiB. Nothing in a file is ever run.

#![forbid(unsafe_code)]

pub mod files;

mod archive;
mod checkpoint;
mod container;
mod decode;
mod detect;
mod directory;
mod element;
mod encode;
mod error;
mod folder;
mod format;
#[cfg(test)]
mod hostile;
mod npy;
mod npz;
mod open;
mod safetensors;
mod shards;
mod source;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod testing;
#[cfg(test)]
mod tests;
mod torch;

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ndarray::{ArrayD, ArrayViewD};

pub use container::OpenError;
pub use decode::Buffers;
pub use directory::Scopes;
pub use element::{ByteOrder, Element, Encoding, Float};
pub use encode::{BeyondHalf, Container, NamedView, Precision, encode};
pub use error::{ArrayError, ArraysError, FormatError, counted, tuple};
pub use format::Format;
use npz::Npz;
pub use npz::NpzWriter;
pub use open::{Opened, open_bytes, open_path};
pub use source::{ArraySource, StoredArray};

/// Reads the array of an `.npy` file (`numpy.save`), in C order, of whatever shape the file gives it; `()` has no
/// axis and one value. Values need not be finite.
///
/// ```
/// use impasto_arrays::{read_npy, write_npy};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("pair.npy");
/// let pair = ndarray::array![1.5, -2.0].into_dyn();
/// write_npy(&mut std::fs::File::create(&path)?, pair.view())?;
/// assert_eq!(read_npy(&path)?, pair);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`ArraysError`] if the file cannot be opened, is not in the format, or holds no floating-point numbers, fewer or
/// more than its shape asks for, or more than 2^28.
pub fn read_npy(path: &Path) -> Result<ArrayD<f32>, ArraysError> {
    let file = open_file(path)?;
    npy::open(BufReader::new(file))
        .and_then(StoredArray::into_array)
        .map_err(|problem| ArraysError::File { path: path.to_owned(), problem })
}

/// Writes an array as `numpy.save` does, in C order whatever its strides. [`NpzWriter`] writes several into one file.
///
/// # Errors
///
/// An [`io::Error`] if it cannot be written.
pub fn write_npy(writer: &mut impl Write, array: ArrayViewD<'_, f32>) -> io::Result<()> {
    let mut writer = BufWriter::new(writer);
    npy::write(&mut writer, array)?;
    writer.flush()
}

/// The named arrays of an `.npz` file (`numpy.savez`, `numpy.savez_compressed`). Each is read when it is asked for.
///
/// ```
/// use impasto_arrays::{ArrayArchive, Container, Precision, encode};
/// use ndarray::Array4;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("weights.npz");
/// let filters = Array4::from_elem((64, 3, 3, 3), 0.5).into_dyn();
/// std::fs::write(&path, encode(&[("filters".to_owned(), filters.view())], Container::Npz, Precision::Half)?)?;
/// let mut archive = ArrayArchive::open(&path)?;
/// assert_eq!(archive.names(), ["filters"]);
/// assert_eq!(archive.read("filters")?, filters); // 0.5 is exact in half precision too
/// # Ok(())
/// # }
/// ```
pub struct ArrayArchive {
    path: PathBuf,
    npz: Npz<BufReader<File>>,
}

impl ArrayArchive {
    /// Opens an archive and reads its directory.
    ///
    /// # Errors
    ///
    /// [`ArraysError`] if the file cannot be opened or is not a sound archive.
    pub fn open(path: &Path) -> Result<Self, ArraysError> {
        let mut reader = BufReader::new(open_file(path)?);
        let path = path.to_owned();
        let mut start = Vec::new();
        let read =
            reader.by_ref().take(4).read_to_end(&mut start).and_then(|_| reader.seek(SeekFrom::Start(0)));
        match read {
            Ok(_) if archive::has_magic(&start) => {}
            Ok(_) => return Err(ArraysError::NotAnArchive { path }),
            Err(source) => return Err(ArraysError::Open { path, source }),
        }
        match archive::open(reader).and_then(Npz::new) {
            Ok(npz) => Ok(Self { path, npz }),
            Err(source) => Err(ArraysError::Archive { path, source: source.into() }),
        }
    }

    /// The names of all arrays, without the extension `.npy`, in the archive's order.
    pub fn names(&self) -> &[String] {
        self.npz.names()
    }

    /// Reads the array with this name, in C order, of whatever shape the archive gives it.
    ///
    /// # Errors
    ///
    /// [`ArraysError::NoSuchArray`], or [`ArraysError::Array`] with what [`read_npy`] would find wrong.
    pub fn read(&mut self, name: &str) -> Result<ArrayD<f32>, ArraysError> {
        let Some(index) = self.names().iter().position(|found| found == name) else {
            let (path, array, found) = (self.path.clone(), name.to_owned(), self.names().to_vec());
            return Err(ArraysError::NoSuchArray { path, array, found });
        };
        self.npz.open(index).and_then(StoredArray::into_array).map_err(|problem| ArraysError::Array {
            path: self.path.clone(),
            array: name.to_owned(),
            problem,
        })
    }
}

/// Opens a regular file; opening a pipe could block for ever, and a device may never end.
fn open_file(path: &Path) -> Result<File, ArraysError> {
    let open_error = |source| ArraysError::Open { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(open_error)?.is_file() {
        return Err(ArraysError::NotAFile { path: path.to_owned() });
    }
    File::open(path).map_err(open_error)
}
