//! Weights for tests: random values in the network's shapes, written as NumPy does, or as wrongly as a test wants.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use impasto::architecture::{self, FEATURES};
use ndarray::ArrayD;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// A member of an `.npz` archive: its name and the bytes of an `.npy` file.
pub(crate) type Member = (String, Vec<u8>);

/// The bytes of an `.npy` file, whatever header and data.
pub(crate) fn npy_with(descr: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let lengths: String = shape.iter().map(|length| format!("{length}, ")).collect();
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({lengths}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// The bytes of an `.npy` file of float32 values in C order.
pub(crate) fn npy(shape: &[usize], values: &[f32]) -> Vec<u8> {
    let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    npy_with("<f4", shape, &data)
}

/// Every array of the feature layers under torchvision's names. The filters are scaled as He et al. (2015) do, so that
/// features keep their size from layer to layer.
pub(crate) fn random_arrays() -> Vec<(String, ArrayD<f32>)> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut arrays = Vec::new();
    for convolution in (0..FEATURES.len()).flat_map(architecture::convolutions) {
        let (cout, cin, k) = (convolution.out_channels, convolution.in_channels, convolution.kernel);
        let limit = (6.0 / (cin * k * k) as f32).sqrt();
        let weight = || limit * (2.0 * random.f32() - 1.0);
        let weight = ArrayD::from_shape_simple_fn(vec![cout, cin, k, k], weight);
        let bias = ArrayD::from_shape_simple_fn(vec![cout], || 0.1 * random.f32());
        arrays.push((format!("{}.weight", convolution.name), weight));
        arrays.push((format!("{}.bias", convolution.name), bias));
    }
    arrays
}

/// [`random_arrays`] as members of an archive.
pub(crate) fn random_weights() -> Vec<Member> {
    let member = |(name, array): (String, ArrayD<f32>)| {
        let values: Vec<f32> = array.iter().copied().collect();
        (format!("{name}.npy"), npy(array.shape(), &values))
    };
    random_arrays().into_iter().map(member).collect()
}

/// The same, with another `.npy` file for one array, or without that array.
pub(crate) fn random_weights_with(array: &str, npy: Option<Vec<u8>>) -> Vec<Member> {
    let mut members = random_weights();
    let member = format!("{array}.npy");
    let index = members.iter().position(|(name, _)| *name == member).unwrap();
    match npy {
        Some(npy) => members[index].1 = npy,
        None => drop(members.remove(index)),
    }
    members
}

/// Writes an archive as `numpy.savez` does.
pub(crate) fn write_npz(path: &Path, members: &[Member]) {
    let mut writer = ZipWriter::new(File::create(path).unwrap());
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in members {
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
}
