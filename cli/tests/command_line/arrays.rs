//! Weights for tests: random values in the network's shapes, written as NumPy does, or as wrongly as a test wants.

use std::fs;
use std::path::Path;

use impasto::architecture::{self, FEATURES};
use impasto::arrays::write_npy;
use impasto_arrays::testing::{archive, header, npy_with_header};
use ndarray::{ArrayD, ArrayViewD};
use zip::CompressionMethod;

/// A member of an `.npz` archive: its name and the bytes of an `.npy` file.
pub(crate) type Member = (String, Vec<u8>);

/// The bytes of an `.npy` file, whatever type and data.
pub(crate) fn npy_with(descr: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
    npy_with_header(&header(descr, false, shape), data)
}

/// The bytes of an `.npy` file of float32 values in C order.
pub(crate) fn npy(shape: &[usize], values: &[f32]) -> Vec<u8> {
    let mut file = Vec::new();
    write_npy(&mut file, ArrayViewD::from_shape(shape, values).unwrap()).unwrap();
    file
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
    fs::write(path, archive(members, CompressionMethod::Stored)).unwrap();
}
