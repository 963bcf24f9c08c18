//! Writing of a checkpoint's arrays as an `.npz` file, which appears whole or not at all. Weights are written by
//! [`Weights::save`](impasto::Weights::save).

use crate::TrainingError;
use impasto::files::{create_beside, replace};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// An array to be written.
pub(crate) struct Array<'a> {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    /// Row by row.
    pub(crate) values: &'a [f32],
}

/// Writes arrays, and a member of another kind beside them.
pub(crate) fn write<'a>(
    path: &Path,
    arrays: impl Iterator<Item = Array<'a>>,
    beside: Option<(&str, &[u8])>,
) -> Result<(), TrainingError> {
    let written = || -> io::Result<()> {
        let mut file = create_beside(path)?;
        let mut archive = ZipWriter::new(BufWriter::new(&mut file));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        for array in arrays {
            archive.start_file(format!("{}.npy", array.name), options)?;
            archive.write_all(&header(&array.shape))?;
            let bytes: Vec<u8> = array.values.iter().flat_map(|value| value.to_le_bytes()).collect();
            archive.write_all(&bytes)?;
        }
        if let Some((name, bytes)) = beside {
            archive.start_file(name, options)?;
            archive.write_all(bytes)?;
        }
        archive.finish()?.flush()?;
        replace(file, path)?;
        Ok(())
    };
    written().map_err(|source| TrainingError::Write { path: path.to_owned(), source })
}

/// The header of an `.npy` file of little-endian 32-bit floats in C order, version 1.0.
fn header(shape: &[usize]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let mut text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", sizes.trim_end());
    // The values start at a multiple of 64; a newline ends the header.
    let len = (10 + text.len() + 1).next_multiple_of(64) - 10;
    text.extend(std::iter::repeat_n(' ', len - text.len() - 1));
    text.push('\n');
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((len as u16).to_le_bytes());
    header.extend(text.bytes());
    header
}
