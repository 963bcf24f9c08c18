//! Weights to files: under torchvision's names, in its order of axes (Cout, Cin, KH, KW), whatever they were read from.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::Weights;
use super::names::{Part, torchvision};
use impasto_arrays::files::write_whole;
use impasto_arrays::{BeyondHalf, Container, NamedView, Precision, encode};

/// Why weights could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SaveError {
    /// A value that float16 cannot hold.
    #[error("array {array} has the value {value}, beyond float16's 65504: save it as float32")]
    BeyondHalf {
        /// torchvision's name of the array.
        array: String,
        /// The first such value.
        value: f32,
    },
    /// There is something at the path that is no file.
    #[error("cannot replace {}, which is a folder or a device: name a file", path.display())]
    NotAFile {
        /// Where the weights were to be written.
        path: PathBuf,
    },
    /// The file could not be written.
    #[error("cannot write {}: check its folder, its permissions and the free space", path.display())]
    Write {
        /// Where the weights were to be written.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl Weights {
    /// The bytes of a file with these weights. The same weights give the same bytes.
    ///
    /// ```
    /// use impasto_squeezenet::Weights;
    /// use impasto_squeezenet::arrays::{Container, Precision};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let weights = Weights::built_in();
    /// let bytes = weights.to_bytes(Container::Safetensors, Precision::Single)?;
    /// assert_eq!(Weights::from_bytes(&bytes)?, weights);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SaveError::BeyondHalf`], with [`Precision::Half`] only.
    pub fn to_bytes(&self, container: Container, precision: Precision) -> Result<Vec<u8>, SaveError> {
        encode(&self.arrays(), container, precision)
            .map_err(|BeyondHalf { array, value, .. }| SaveError::BeyondHalf { array, value })
    }

    /// Writes these weights to a file that appears whole or not at all; one that is there is replaced.
    ///
    /// # Errors
    ///
    /// Those of [`Weights::to_bytes`]; there is a folder or a device at `path`; its folder does not exist or accepts no
    /// new files; the disk is full.
    pub fn save(
        &self,
        path: impl AsRef<Path>,
        container: Container,
        precision: Precision,
    ) -> Result<(), SaveError> {
        let path = path.as_ref();
        let bytes = self.to_bytes(container, precision)?;
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(SaveError::NotAFile { path: path.to_owned() });
        }
        write_whole(path, &bytes).map_err(|source| SaveError::Write { path: path.to_owned(), source })
    }

    fn arrays(&self) -> Vec<NamedView<'_>> {
        let arrays = self.convolutions().flat_map(|(name, convolution)| {
            let weight = convolution.weight.view().permuted_axes([3, 2, 0, 1]).into_dyn();
            let bias = convolution.bias.view().into_dyn();
            [(torchvision(name, Part::Weight), weight), (torchvision(name, Part::Bias), bias)]
        });
        arrays.collect()
    }
}
