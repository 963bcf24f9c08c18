//! Scaling of the layers, so that the loss weights that suit the network trained on ImageNet suit this one.
//!
//! A style transfer's loss weights are made for responses of a certain size. Convolution, ReLU and max pooling
//! scale with their input, so a layer may be given any size: its convolutions are multiplied by a factor,
//! and the filters that read it divided by the same.

use crate::TrainingError;
use crate::folding::named;
use crate::network::groups;
use impasto::image::preprocess_image;
use impasto::{SqueezeNet, Weights};
use impasto_squeezenet::architecture;
use ndarray::Array3;
use std::collections::HashMap;

/// Each layer that a loss may read, and the root mean square of its response to ordinary pictures, shorter
/// side 192 pixels, in SqueezeNet 1.1 trained on ImageNet.
pub const RESPONSES: [(usize, f64); 9] = [
    (1, 0.7455),
    (3, 1.7561),
    (4, 3.9815),
    (6, 8.3376),
    (7, 15.1667),
    (9, 26.4173),
    (10, 31.3637),
    (11, 22.8284),
    (12, 9.0375),
];

/// The shorter side, in pixels, of the pictures that [`RESPONSES`] holds for.
pub const PICTURE_SIZE: usize = 192;

/// What a convolution's filters and bias are multiplied by.
#[derive(Clone, Copy)]
struct Factors {
    filters: f64,
    bias: f64,
}

/// Weights whose layers respond to `pictures` as [`RESPONSES`] says, and that differ in nothing else.
///
/// # Errors
/// [`TrainingError::NoPictures`], [`TrainingError::Silent`] if a layer does not respond at all, or a picture
/// too small for the network.
pub fn calibrate(weights: &Weights, pictures: &[Array3<u8>]) -> Result<Weights, TrainingError> {
    let mut factors: HashMap<String, Factors> = weights
        .convolutions()
        .map(|(name, _)| (name.to_owned(), Factors { filters: 1.0, bias: 1.0 }))
        .collect();
    for (index, response) in responses(weights, pictures)?.into_iter().enumerate() {
        let (layer, wanted) = RESPONSES[index];
        if response == 0.0 || !response.is_finite() {
            return Err(TrainingError::Silent { layer });
        }
        let factor = wanted / response;
        let mut multiply = |name: &str, filters: f64, bias: f64| {
            if let Some(factors) = factors.get_mut(name) {
                factors.filters *= filters;
                factors.bias *= bias;
            }
        };
        // Layer 1 is the ReLU of layer 0's convolution.
        let source = if layer == 1 { 0 } else { layer };
        for convolution in groups(source).last().iter().flat_map(|group| &group.convolutions) {
            multiply(&convolution.name, factor, factor);
        }
        if let Some(&(next, _)) = RESPONSES.get(index + 1) {
            multiply(&architecture::convolutions(next)[0].name, 1.0 / factor, 1.0);
        }
    }
    let arrays = weights.convolutions().flat_map(|(name, convolution)| {
        let factors = factors[name];
        let by = |factor: f64| move |value: f32| (f64::from(value) * factor) as f32;
        named(name, convolution.weight.mapv(by(factors.filters)), convolution.bias.mapv(by(factors.bias)))
    });
    Ok(Weights::from_arrays(arrays)?)
}

/// The root mean square of the response of each layer of [`RESPONSES`] over all `pictures`.
///
/// # Errors
/// As [`calibrate`], but for layers that do not respond.
pub fn responses(weights: &Weights, pictures: &[Array3<u8>]) -> Result<Vec<f64>, TrainingError> {
    if pictures.is_empty() {
        return Err(TrainingError::NoPictures);
    }
    let network = SqueezeNet::new(weights.clone());
    let deepest = RESPONSES[RESPONSES.len() - 1].0;
    let mut sums = [(0.0, 0); RESPONSES.len()];
    for picture in pictures {
        let features = network.extract_features(preprocess_image(picture.view()).view(), deepest)?;
        for ((sum, count), (layer, _)) in sums.iter_mut().zip(RESPONSES) {
            *sum += features[layer].iter().map(|&value| f64::from(value).powi(2)).sum::<f64>();
            *count += features[layer].len();
        }
    }
    Ok(sums.iter().map(|&(sum, count)| (sum / count as f64).sqrt()).collect())
}
