//! Weights in several files and in folders: which of them are read, and which are named where something is missing.

use std::fs;
use std::path::PathBuf;

use ndarray::ArrayD;
use serde_json::{Map, json};
use tempfile::TempDir;

use super::parameters::{features, tensorflow_arrays, torchvision_arrays};
use crate::weights::{Weights, WeightsError, inspect, source_files};
use impasto_arrays::testing::{checkpoint, npy, npz, safetensors, zipped};
use impasto_arrays::{Format, FormatError};

type Arrays = Vec<(String, ArrayD<f32>)>;

/// Arrays as the bytes of a file.
type Encode = fn(&[(String, ArrayD<f32>)]) -> Vec<u8>;

fn arrays() -> Arrays {
    torchvision_arrays(&features())
}

fn expected() -> Weights {
    Weights::from_arrays(arrays()).unwrap()
}

/// Other values, which are read only by mistake.
fn halved(arrays: Arrays) -> Arrays {
    arrays.into_iter().map(|(name, array)| (name, array * 0.5)).collect()
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn checkpoint(&self, prefix: &str, arrays: &Arrays) {
        let (index, data) = checkpoint(arrays);
        self.write(&format!("{prefix}.index"), index);
        self.write(&format!("{prefix}.data-00000-of-00001"), data);
    }

    /// The arrays in `count` shards, with the names that `save_pretrained` gives.
    fn shards(&self, front: &str, extension: &str, count: usize, encode: Encode) {
        let mut index = Map::new();
        for number in 1..=count {
            let file = format!("{front}-{number:05}-of-{count:05}.{extension}");
            let own = arrays().into_iter().enumerate().filter(|(at, _)| at % count == number - 1);
            let own: Arrays = own.map(|(_, array)| array).collect();
            for (name, _) in &own {
                index.insert(name.clone(), json!(file));
            }
            self.write(&file, encode(&own));
        }
        let index = json!({"metadata": {"total_size": 2_889_984}, "weight_map": index});
        self.write(&format!("{front}.{extension}.index.json"), index.to_string());
    }

    #[track_caller]
    fn assert_read(&self, name: &str, format: Format, files: &[&str]) {
        let path = self.path(name);
        assert_eq!(Weights::load(&path).unwrap(), expected(), "{name}");
        let files: Vec<PathBuf> = files.iter().map(|file| self.path(file)).collect();
        assert_eq!(source_files(&path).unwrap(), files, "{name}");
        let inspection = inspect(&path).unwrap();
        assert_eq!((inspection.format, inspection.files), (format, files));
    }

    #[track_caller]
    fn problem(&self, name: &str) -> FormatError {
        match Weights::load(self.path(name)).unwrap_err() {
            WeightsError::Format { problem, .. } => problem,
            error => panic!("{error}"),
        }
    }

    #[track_caller]
    fn assert_missing(&self, name: &str, format: Format, missing: &str) {
        let expected = FormatError::MissingFile { format, path: self.path(missing) };
        assert_eq!(self.problem(name), expected, "{name}");
        let text = Weights::load(self.path(name)).unwrap_err().to_string();
        assert!(text.contains(missing) && text.contains("copy it too"), "{text}");
    }
}

#[test]
fn a_folder_with_a_checkpoint() {
    let folder = Folder::new();
    let files = ["net.ckpt.index", "net.ckpt.data-00000-of-00001"];
    folder.checkpoint("net.ckpt", &tensorflow_arrays(&features()));
    folder.write("net.ckpt.meta", b"a graph");
    folder.write("losses.npy", npy(&ArrayD::zeros(vec![3])));
    folder.write("faiss.index", b"an index of something else");
    folder.assert_read("", Format::Checkpoint, &files);
    folder.assert_read("net.ckpt.index", Format::Checkpoint, &files);
}

#[test]
fn a_folder_with_several_checkpoints() {
    let folder = Folder::new();
    folder.checkpoint("net.ckpt-100", &halved(tensorflow_arrays(&features())));
    folder.checkpoint("net.ckpt-20", &tensorflow_arrays(&features()));
    let found = ["net.ckpt-100.index", "net.ckpt-20.index"].map(str::to_owned).to_vec();
    assert_eq!(folder.problem(""), FormatError::SeveralFiles { found: found.clone() });
    // TensorFlow's text names one, wherever the folder was then.
    let files = ["net.ckpt-20.index", "net.ckpt-20.data-00000-of-00001", "checkpoint"];
    for path in ["net.ckpt-20", "/home/me/runs/net.ckpt-20"] {
        folder.write(
            "checkpoint",
            format!(
                "model_checkpoint_path: \"{path}\"\nall_model_checkpoint_paths: \"net.ckpt-100\"\n\
                 all_model_checkpoint_paths: \"{path}\"\n"
            ),
        );
        folder.assert_read("", Format::Checkpoint, &files);
    }
    for text in ["model_checkpoint_path: \"net.ckpt-7\"", "model_checkpoint_path: \"..\"", "nonsense", ""] {
        folder.write("checkpoint", text);
        assert_eq!(folder.problem(""), FormatError::SeveralFiles { found: found.clone() });
    }
    let text = Weights::load(folder.path("")).unwrap_err().to_string();
    assert!(text.contains("holds 2 files (net.ckpt-100.index, net.ckpt-20.index)"), "{text}");
}

#[test]
fn checkpoints_that_lack_a_file() {
    let (index, data) = ("net.ckpt.index", "net.ckpt.data-00000-of-00001");
    let folder = Folder::new();
    folder.checkpoint("net.ckpt", &tensorflow_arrays(&features()));
    fs::remove_file(folder.path(data)).unwrap();
    for name in ["net.ckpt", index, data, ""] {
        folder.assert_missing(name, Format::Checkpoint, data);
    }
    assert!(inspect(folder.path(index)).is_err() && source_files(folder.path(index)).is_err());
    folder.checkpoint("net.ckpt", &tensorflow_arrays(&features()));
    fs::remove_file(folder.path(index)).unwrap();
    for name in ["net.ckpt", index, data, ""] {
        folder.assert_missing(name, Format::Checkpoint, index);
    }
    let other = Weights::load(folder.path("other.ckpt")).unwrap_err();
    assert!(matches!(other, WeightsError::Open { .. }), "{other}");
}

#[test]
fn shards_by_any_of_their_names() {
    let folder = Folder::new();
    folder.shards("model", "safetensors", 3, safetensors);
    let shards = [
        "model-00001-of-00003.safetensors",
        "model-00002-of-00003.safetensors",
        "model-00003-of-00003.safetensors",
    ];
    let index = "model.safetensors.index.json";
    let files = [index, shards[0], shards[1], shards[2]];
    for name in ["", index] {
        folder.assert_read(name, Format::Shards, &files);
    }
    folder.assert_read(shards[1], Format::Shards, &shards);
    // What no index names does not count.
    folder.write("model-00004.safetensors", safetensors(&halved(arrays())));
    folder.write("config.json", b"{}");
    folder.assert_read("", Format::Shards, &files);
    fs::remove_file(folder.path("model-00004.safetensors")).unwrap();
    fs::remove_file(folder.path(index)).unwrap();
    folder.assert_read("", Format::Shards, &shards);

    let folder = Folder::new();
    folder.shards("pytorch_model", "bin", 2, zipped);
    let files = [
        "pytorch_model.bin.index.json",
        "pytorch_model-00001-of-00002.bin",
        "pytorch_model-00002-of-00002.bin",
    ];
    folder.assert_read("", Format::Shards, &files);
}

#[test]
fn shards_that_are_missing() {
    let folder = Folder::new();
    folder.shards("model", "safetensors", 3, safetensors);
    let (missing, index) = ("model-00002-of-00003.safetensors", "model.safetensors.index.json");
    fs::remove_file(folder.path(missing)).unwrap();
    for name in ["", index, "model-00001-of-00003.safetensors"] {
        folder.assert_missing(name, Format::Shards, missing);
    }
    fs::remove_file(folder.path(index)).unwrap();
    for name in ["", "model-00003-of-00003.safetensors"] {
        folder.assert_missing(name, Format::Shards, missing);
    }
}

#[test]
fn indexes_of_shards_that_lie() {
    let folder = Folder::new();
    let index = "model.safetensors.index.json";
    folder.write("a.safetensors", safetensors(&arrays()));
    let refused = |content: &str, mention: &str| {
        folder.write(index, content);
        match folder.problem(index) {
            FormatError::Malformed { format: Format::Shards, reason } if reason.contains(mention) => {}
            error => panic!("{content:.80}: {error}"),
        }
    };
    for elsewhere in ["../a.safetensors", "/etc/passwd", "x/a.safetensors", "..", ".", "", "./a.safetensors"]
    {
        refused(&json!({"weight_map": {"a": elsewhere}}).to_string(), "not in its own folder");
    }
    refused(&json!({"weight_map": {"none": "a.safetensors"}}).to_string(), "a.safetensors lacks none");
    refused(&json!({"weight_map": {"a": 1}}).to_string(), "invalid type");
    refused("{", "EOF");
    let nested = format!("{{\"a\":{}1", "[".repeat(100_000));
    refused(&nested, "its index");
    refused(&format!("{{{}", " ".repeat(1 << 20)), "longer than 1 MiB");
    let many: Map<_, _> = (0..300).map(|n| (n.to_string(), json!(format!("{n}.safetensors")))).collect();
    refused(&json!({"weight_map": many}).to_string(), "more than 256");
    folder.write("broken.safetensors", b"nothing of the kind");
    refused(
        &json!({"weight_map": {"a": "broken.safetensors"}}).to_string(),
        "broken.safetensors is of no known format",
    );
    fs::create_dir(folder.path("b.safetensors")).unwrap();
    refused(&json!({"weight_map": {"a": "b.safetensors"}}).to_string(), "not a file");
    // Indexes do not lead to indexes.
    refused(&json!({"weight_map": {"a": index}}).to_string(), "no known format");
    folder.write("other.json", b"{\"a\": 1}");
    assert_eq!(folder.problem("other.json"), FormatError::Unknown);
    folder.write("other.json", b"{ no JSON");
    assert_eq!(folder.problem("other.json"), FormatError::Unknown);
}

#[test]
fn folders_with_files_of_other_formats() {
    for (name, format, content) in [
        ("model.safetensors", Format::Safetensors, safetensors(&arrays())),
        ("squeezenet1_1.pth", Format::TorchZip, zipped(&arrays())),
        ("w.npz", Format::Npz, npz(&arrays())),
    ] {
        let folder = Folder::new();
        folder.write(name, content);
        folder.write("README.md", b"What this is.");
        folder.assert_read("", format, &[name]);
        folder.write("another.npz", npz(&halved(arrays())));
        let FormatError::SeveralFiles { found } = folder.problem("") else {
            panic!("one was chosen");
        };
        assert_eq!(found, ["another.npz", name]);
        // `.npy` files go before other files, also those in subfolders.
        for (name, array) in tensorflow_arrays(&features()) {
            let path = folder.path(&format!("{name}.npy"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, npy(&array)).unwrap();
        }
        assert_eq!(Weights::load(folder.path("")).unwrap(), expected());
        assert_eq!(source_files(folder.path("")).unwrap().len(), 50);
    }
}

#[test]
fn strangers_are_called_by_their_names() {
    let folder = Folder::new();
    for (content, what, remedy) in [
        (&b""[..], "is empty (0 bytes)", "download it again"),
        (b"<!DOCTYPE html><html>", "a web page", "download the file itself"),
        (b"\n<html lang=en>", "a web page", "download the file itself"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied", "XML", "download the file again"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS pointer", "git lfs pull"),
        (b"\x1f\x8b\x08\0", "gzip", "unpack it"),
        (b"\x89HDF\r\n\x1a\n\0\0", "HDF5", "numpy.savez"),
        (&npy(&ArrayD::zeros(vec![64])), "a single array", "numpy.savez"),
    ] {
        folder.write("weights.pth", content);
        for error in [Weights::load(folder.path("weights.pth")), Weights::from_bytes(content)] {
            let error = error.unwrap_err();
            assert!(
                matches!(error, WeightsError::Format { problem: FormatError::Other { .. }, .. }),
                "{error}"
            );
            let text = error.to_string();
            assert!(text.contains(what) && text.contains(remedy), "{text}");
        }
    }
}
