//! The notebook's own weights, read from its own files. Needs `IMPASTO_DATA`, a folder that holds `notebook/`;
//! without it the tests show up as ignored.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use impasto_squeezenet::architecture::{ConvolutionShape, FEATURES, convolutions};
use impasto_squeezenet::weights::{Convolution, Weights, source_files};
use libtest_mimic::{Arguments, Failed, Trial};
use ndarray::Array4;

fn main() -> ExitCode {
    let data = env::var_os("IMPASTO_DATA").map(PathBuf::from);
    let trial = |name: &str, test: fn(&Path) -> Result<(), Failed>| {
        let is_ignored = data.is_none();
        let notebook = data.clone().unwrap_or_default().join("notebook");
        Trial::test(name, move || test(&notebook)).with_ignored_flag(is_ignored)
    };
    let trials = vec![
        trial("every_array_has_its_shape", every_array_has_its_shape),
        trial("sums_are_numpys", sums_are_numpys),
        trial("values_are_the_files_bytes", values_are_the_files_bytes),
        trial("every_format_holds_the_same_bits", every_format_holds_the_same_bits),
        trial("an_index_without_its_values", an_index_without_its_values),
        trial("first_layers_alone_are_the_same", first_layers_alone_are_the_same),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn npz(notebook: &Path) -> PathBuf {
    notebook.join("squeezenet1_1.npz")
}

fn shapes() -> impl Iterator<Item = ConvolutionShape> {
    (0..FEATURES.len()).flat_map(convolutions)
}

fn every_array_has_its_shape(notebook: &Path) -> Result<(), Failed> {
    let weights = Weights::load(npz(notebook))?;
    let mut values = 0;
    for shape in shapes() {
        let (k, i, o) = (shape.kernel, shape.in_channels, shape.out_channels);
        let convolution = weights.convolution(&shape.name)?;
        assert_eq!(convolution.weight.dim(), (k, k, i, o), "{}", shape.name);
        assert_eq!(convolution.bias.dim(), o, "{}", shape.name);
        values += convolution.weight.len() + convolution.bias.len();
    }
    assert_eq!(weights.convolutions().count(), 25);
    assert_eq!(values, 722_496);
    assert!(!weights.has_classifier());
    Ok(())
}

/// Sums in float64 that NumPy gives for the same file.
fn sums_are_numpys(notebook: &Path) -> Result<(), Failed> {
    let weights = Weights::load(npz(notebook))?;
    let (mut sum, mut squares) = (0.0, 0.0);
    for (_, convolution) in weights.convolutions() {
        for &value in convolution.weight.iter().chain(&convolution.bias) {
            sum += f64::from(value);
            squares += f64::from(value).powi(2);
        }
    }
    assert!((sum - -1_110.784_837_685).abs() < 1e-6, "{sum}");
    assert!((squares - 2_990.765_659_557).abs() < 1e-6, "{squares}");
    Ok(())
}

/// The archive stores its members uncompressed: their values can be found without any reader.
fn values_are_the_files_bytes(notebook: &Path) -> Result<(), Failed> {
    let bytes = fs::read(npz(notebook))?;
    let weights = Weights::load(npz(notebook))?;
    let after = |pattern: &[u8], from: usize| {
        let found = bytes[from..].windows(pattern.len()).position(|w| w == pattern);
        found.map(|at| from + at + pattern.len()).ok_or("pattern not found")
    };
    let values = |name: String, count: usize| -> Result<Vec<f32>, Failed> {
        let header = after(format!("{name}.npy").as_bytes(), 0)?;
        let data = after(b"\n", after(b"NUMPY\x01\x00", header)? + 2)?;
        let (values, _) = bytes[data..data + 4 * count].as_chunks();
        Ok(values.iter().map(|&value| f32::from_le_bytes(value)).collect())
    };
    for shape in shapes() {
        let (k, i, o) = (shape.kernel, shape.in_channels, shape.out_channels);
        let convolution = weights.convolution(&shape.name)?;
        let oihw = values(format!("{}.weight", shape.name), o * i * k * k)?;
        let expected =
            Array4::from_shape_fn((k, k, i, o), |(y, x, ci, co)| oihw[((co * i + ci) * k + y) * k + x]);
        assert_eq!(convolution.weight, expected, "{}", shape.name);
        let bias = values(format!("{}.bias", shape.name), o)?;
        assert_eq!(convolution.bias.to_vec(), bias, "{}", shape.name);
    }
    Ok(())
}

/// PyTorch's two formats and the course's TensorFlow checkpoint, by each name that it goes by.
fn every_format_holds_the_same_bits(notebook: &Path) -> Result<(), Failed> {
    let expected = bits(&Weights::load(npz(notebook))?);
    for file in [
        "squeezenet1_1_features.pth",
        "squeezenet1_1_features_legacy.pth",
        "ckpt",
        "ckpt/squeezenet.ckpt",
        "ckpt/squeezenet.ckpt.index",
        "ckpt/squeezenet.ckpt.data-00000-of-00001",
    ] {
        let weights = Weights::load(notebook.join(file))?;
        assert!(bits(&weights) == expected, "{file}");
    }
    for file in ["squeezenet1_1_features.pth", "squeezenet1_1_features_legacy.pth"] {
        let weights = Weights::from_bytes(&fs::read(notebook.join(file))?)?;
        assert!(bits(&weights) == expected, "{file} in memory");
    }
    Ok(())
}

/// A real index alone, which the tests' inputs hold, is refused by the name of what is missing.
fn an_index_without_its_values(notebook: &Path) -> Result<(), Failed> {
    let index = notebook.with_file_name("inputs").join("only.ckpt.index");
    let text = Weights::load(&index).unwrap_err().to_string();
    assert!(text.contains("only.ckpt.data-00000-of-00001, which is not there"), "{text}");
    let files = source_files(notebook.join("ckpt"))?;
    let names = ["squeezenet.ckpt.index", "squeezenet.ckpt.data-00000-of-00001"];
    assert_eq!(files, names.map(|name| notebook.join("ckpt").join(name)));
    Ok(())
}

/// Every convolution's name and the bits of its values.
fn bits(weights: &Weights) -> Vec<(String, Vec<u32>)> {
    let bits = |(name, convolution): (&str, &Convolution)| {
        let values = convolution.weight.iter().chain(&convolution.bias);
        (name.to_owned(), values.map(|value| value.to_bits()).collect())
    };
    weights.convolutions().map(bits).collect()
}

fn first_layers_alone_are_the_same(notebook: &Path) -> Result<(), Failed> {
    let all = Weights::load(npz(notebook))?;
    let first = Weights::load_features(npz(notebook), 7)?;
    // Layer 0 and four fire modules of three convolutions.
    assert_eq!(first.convolutions().count(), 13);
    for (name, convolution) in first.convolutions() {
        assert_eq!(convolution, all.convolution(name)?);
    }
    Ok(())
}
