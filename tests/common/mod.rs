//! What the integration tests share: where the notebook's data lies and how it is read, a small random network, and
//! how far two arrays are apart.
#![allow(dead_code, reason = "each test file uses its own part")]

use impasto::architecture::{self, FEATURES};
use impasto::arrays::ArrayArchive;
use impasto::image::{LoadOptions, load_image};
use impasto::{PoolRounding, SqueezeNet, Weights};
use libtest_mimic::{Failed, Trial};
use ndarray::{Array3, Array4, ArrayD, ArrayView, Dimension};
use std::env;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// The folder that holds the notebook's data (`notebook/` and `oracle/`), named by `IMPASTO_DATA`; `None` when unset,
/// and the trials that need it are then to be shown as ignored.
pub(crate) fn data_dir() -> Option<PathBuf> {
    env::var_os("IMPASTO_DATA").filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// A trial on the notebook's data, ignored without it.
pub(crate) fn data_trial(
    name: impl Into<String>,
    test: impl FnOnce(&Path) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    let data = data_dir();
    let ignored = data.is_none();
    Trial::test(name, move || test(&data.unwrap_or_default())).with_ignored_flag(ignored)
}

/// The notebook's network.
pub(crate) fn notebook_network(data: &Path, rounding: PoolRounding) -> Result<SqueezeNet, Failed> {
    Ok(SqueezeNet::new(Weights::load(data.join("notebook/squeezenet1_1.npz"))?).with_pooling(rounding))
}

/// One of the notebook's images, (H, W, 3), by name and shorter side.
pub(crate) fn notebook_picture(data: &Path, name: &str, size: usize) -> Result<Array3<u8>, Failed> {
    Ok(load_image(&data.join(format!("notebook/{name}.jpg")), &LoadOptions::shorter_side(size))?)
}

/// One file of the oracle.
pub(crate) fn oracle(data: &Path, file: &str) -> Result<ArrayArchive, Failed> {
    Ok(ArrayArchive::open(&data.join("oracle").join(file))?)
}

/// The data of an array of integers, which [`ArrayArchive`] does not read: the bytes behind the header.
pub(crate) fn oracle_bytes(data: &Path, file: &str, name: &str) -> Result<Vec<u8>, Failed> {
    let mut archive = ZipArchive::new(File::open(data.join("oracle").join(file))?)?;
    let mut bytes = Vec::new();
    archive.by_name(&format!("{name}.npy"))?.read_to_end(&mut bytes)?;
    // Signature and version take eight bytes, the header's length two.
    let header = u16::from_le_bytes([bytes[8], bytes[9]]);
    Ok(bytes.split_off(10 + usize::from(header)))
}

/// A picture of the oracle, (H, W, 3), as large as `like`.
pub(crate) fn oracle_picture(
    data: &Path,
    file: &str,
    name: &str,
    like: &Array3<u8>,
) -> Result<Array3<u8>, Failed> {
    Ok(Array3::from_shape_vec(like.dim(), oracle_bytes(data, file, name)?)?)
}

/// `|actual - expected| / |expected|` in the L2 norm; the shapes must agree.
#[track_caller]
pub(crate) fn relative_l2<D: Dimension>(
    actual: ArrayView<'_, f32, D>,
    expected: ArrayView<'_, f32, D>,
) -> f64 {
    assert_eq!(actual.shape(), expected.shape());
    let (mut distance, mut length) = (0.0, 0.0);
    for (&actual, &expected) in actual.iter().zip(&expected) {
        let (actual, expected) = (f64::from(actual), f64::from(expected));
        distance += (actual - expected).powi(2);
        length += expected.powi(2);
    }
    (distance / length).sqrt()
}

/// A network with random filters.
pub(crate) fn random_network() -> SqueezeNet {
    let weights = Weights::from_arrays(random_arrays()).expect("every array of the network");
    SqueezeNet::new(weights)
}

/// A random preprocessed picture (1, H, W, 3) in [-1, 1).
pub(crate) fn random_image(height: usize, width: usize, seed: u64) -> Array4<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    Array4::from_shape_simple_fn((1, height, width, 3), || 2.0 * random.f32() - 1.0)
}

/// Every array of the feature layers under torchvision's names. The filters are scaled as He et al. (2015) do, so that
/// features keep their size from layer to layer.
fn random_arrays() -> Vec<(String, ArrayD<f32>)> {
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

/// A picture (H, W, 3) of soft waves with a hard edge, different for every `seed`.
pub(crate) fn waves(height: usize, width: usize, seed: u64) -> Array3<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let frequencies: Vec<f32> = (0..6).map(|_| 0.1 + 0.5 * random.f32()).collect();
    Array3::from_shape_fn((height, width, 3), |(y, x, channel)| {
        let along = frequencies[channel] * y as f32 + frequencies[channel + 3] * x as f32;
        let level = 127.5 + 100.0 * along.sin() + if 2 * x > width { 27.0 } else { -27.0 };
        level as u8
    })
}
