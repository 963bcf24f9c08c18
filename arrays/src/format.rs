//! The formats' names.

use std::fmt;

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
    /// Several files with an index in JSON: `save_pretrained`.
    Shards,
}

impl Format {
    /// A short name for programs: `npz`, `npy-folder`, `pth`, `pth-legacy`, `safetensors`, `checkpoint` or
    /// `shards`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Npz => "npz",
            Self::NpyFolder => "npy-folder",
            Self::TorchZip => "pth",
            Self::TorchLegacy => "pth-legacy",
            Self::Safetensors => "safetensors",
            Self::Checkpoint => "checkpoint",
            Self::Shards => "shards",
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
            Self::Shards => "save_pretrained",
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
            Self::Shards => "set of shards",
        })
    }
}
