//! Arrays as NumPy stores them: a single one from a `.npy` file, named ones from an `.npz` archive. What the names
//! mean is not known here, and nothing is written.
//!
//! | file | what it does |
//! | --- | --- |
//! | `source` | what a format must offer: the names of its arrays, and each one's shape, type and bytes |
//! | `npz`, `directory` | the formats with several arrays: archives, folders of `.npy` files |
//! | `npy` | the header of a single array |
//! | `decode` | bytes to 32-bit floats |
//! | `error` | what can be wrong, and what to do about it |
//!
//! Values may be float16, float32 or float64, in either byte order, in C or Fortran order; they become float32. An
//! array must hold exactly the values that its shape asks for: bytes after the last value are an error, since they
//! mean that the header does not tell the truth about the data.
//!
//! What a file claims about itself is never allocated: memory grows as bytes arrive, up to 2^28 values (1 GiB) an
//! array.

mod decode;
mod directory;
mod error;
mod npy;
mod npz;
mod source;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use ndarray::ArrayD;

pub(crate) use decode::Buffers;
pub(crate) use directory::{Directory, Scopes};
pub use error::{ArrayError, ArraysError};
pub(crate) use error::{counted, tuple};
pub(crate) use npz::{Npz, has_magic};
pub(crate) use source::{ArraySource, StoredArray};

/// Reads the array of an `.npy` file (`numpy.save`), in C order, of whatever shape the file gives it; `()` has no
/// axis and one value. Values need not be finite.
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

/// The named arrays of an `.npz` file (`numpy.savez`, `numpy.savez_compressed`). Each is read when it is asked for.
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
        match has_magic(&mut reader) {
            Ok(true) => {}
            Ok(false) => return Err(ArraysError::NotAnArchive { path }),
            Err(source) => return Err(ArraysError::Open { path, source }),
        }
        match Npz::open(reader) {
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
