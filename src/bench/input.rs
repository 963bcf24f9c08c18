//! Pictures and weights from a fixed seed: the same at every run, and like real ones in what time could depend on.

use crate::transfer::TransferError;
use impasto_squeezenet::architecture::{self, FEATURES};
use impasto_squeezenet::{FeatureError, SqueezeNet, Weights, WeightsError};
use ndarray::{Array3, ArrayD};

/// A picture (H, W, 3): a gradient of colors under noise.
pub(super) fn picture(height: usize, width: usize, seed: u64) -> Array3<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    Array3::from_shape_fn((height, width, 3), |(y, x, channel)| {
        let along = [y as f32 / height as f32, x as f32 / width as f32, 0.5][channel];
        (191.0 * along + 64.0 * random.f32()) as u8
    })
}

/// A network with made-up weights.
pub(super) fn network() -> Result<SqueezeNet, TransferError> {
    let failed = |source| TransferError::Features { name: "the weights", source: FeatureError::from(source) };
    Ok(SqueezeNet::new(weights().map_err(failed)?))
}

/// Weights for all feature layers. The filters are scaled as He et al. (2015) do, so that features neither vanish
/// nor explode on their way through the layers.
fn weights() -> Result<Weights, WeightsError> {
    let mut random = fastrand::Rng::with_seed(0);
    let mut arrays = Vec::new();
    for convolution in (0..FEATURES.len()).flat_map(architecture::convolutions) {
        let (outputs, inputs, side) = (convolution.out_channels, convolution.in_channels, convolution.kernel);
        let limit = (6.0 / (inputs * side * side) as f32).sqrt();
        let weight = ArrayD::from_shape_simple_fn(vec![outputs, inputs, side, side], || {
            limit * (2.0 * random.f32() - 1.0)
        });
        arrays.push((format!("{}.weight", convolution.name), weight));
        arrays.push((format!("{}.bias", convolution.name), ArrayD::zeros(vec![outputs])));
    }
    Weights::from_arrays(arrays)
}
