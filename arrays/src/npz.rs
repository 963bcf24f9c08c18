//! NumPy's `.npz`: a zip archive with one `.npy` file per array. Stored and deflated members are read, the two
//! kinds that NumPy writes; stored ones are written.

use std::io::{self, BufWriter, Read, Seek, Write};

use ndarray::ArrayViewD;
use npyz::AutoSerialize;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::error::ArrayError;
use super::npy;
use super::source::{ArraySource, StoredArray};

/// An open archive: its directory is read, its members are not.
pub(crate) struct Npz<R> {
    archive: ZipArchive<R>,
    names: Vec<String>,
    /// The number in the archive of each name's member.
    members: Vec<usize>,
}

impl<R: Read + Seek> Npz<R> {
    pub(super) fn new(archive: ZipArchive<R>) -> Result<Self, ZipError> {
        let (mut names, mut members) = (Vec::new(), Vec::new());
        for (member, name) in archive.file_names().enumerate() {
            if let Some(name) = name?.strip_suffix(npy::SUFFIX) {
                names.push(name.to_owned());
                members.push(member);
            }
        }
        Ok(Self { archive, names, members })
    }
}

impl<R: Read + Seek> ArraySource for Npz<R> {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn open(&mut self, index: usize) -> Result<StoredArray<'_>, ArrayError> {
        let member = self
            .archive
            .by_index(self.members[index])
            .map_err(|error| ArrayError::Unreadable { reason: error.to_string() })?;
        npy::open(member)
    }
}

/// Writes an `.npz` file, array by array, as `numpy.savez` does. The same arrays give the same bytes, at any time.
///
/// ```
/// use impasto_arrays::{ArrayArchive, NpzWriter};
/// use ndarray::array;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("run.npz");
/// let mut file = NpzWriter::new(std::fs::File::create(&path)?);
/// file.array("losses", array![3.0, 2.0, 1.5].into_dyn().view())?;
/// // Whatever else a reader of the file may want; NumPy passes over it.
/// file.member("settings.json", b"{}")?;
/// file.finish()?;
/// assert_eq!(ArrayArchive::open(&path)?.read("losses")?, array![3.0, 2.0, 1.5].into_dyn());
/// # Ok(())
/// # }
/// ```
pub struct NpzWriter<W: Write + Seek> {
    archive: ZipWriter<W>,
}

impl<W: Write + Seek> NpzWriter<W> {
    /// An archive without arrays yet.
    pub fn new(writer: W) -> Self {
        Self { archive: ZipWriter::new(writer) }
    }

    /// Adds an array of float32, in C order whatever its strides.
    ///
    /// # Errors
    ///
    /// An [`io::Error`] if it cannot be written, or if there is an array of this name.
    pub fn array(&mut self, name: &str, array: ArrayViewD<'_, f32>) -> io::Result<()> {
        self.elements(name, array)
    }

    pub(super) fn elements<T: AutoSerialize + Copy>(
        &mut self,
        name: &str,
        array: ArrayViewD<'_, T>,
    ) -> io::Result<()> {
        self.start(&format!("{name}{}", npy::SUFFIX))?;
        let mut member = BufWriter::new(&mut self.archive);
        npy::write(&mut member, array)?;
        member.flush()
    }

    /// Adds a member that is no array.
    ///
    /// # Errors
    ///
    /// Those of [`array`](Self::array).
    pub fn member(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.start(name)?;
        self.archive.write_all(bytes)
    }

    fn start(&mut self, name: &str) -> io::Result<()> {
        // Without the time of day, which would make each file another one.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default());
        Ok(self.archive.start_file(name, options)?)
    }

    /// Writes the archive's directory, without which it is not one, and gives back what it was written to.
    ///
    /// # Errors
    ///
    /// An [`io::Error`] if it cannot be written.
    pub fn finish(self) -> io::Result<W> {
        Ok(self.archive.finish()?)
    }
}
