//! The network's arrays for tests, under every name, with values that tell their index.

use ndarray::{Array4, ArrayD, IxDyn};
use zip::CompressionMethod;

use crate::architecture::{self, ConvolutionShape, FEATURES};
use impasto_arrays::testing::{archive, members};

/// The archive of the feature layers with the `.npy` file of one array replaced.
pub(super) fn npz_with(name: &str, npy: Vec<u8>) -> Vec<u8> {
    let mut members = members(&torchvision_arrays(&features()));
    let member = format!("{name}.npy");
    let replaced = members.iter_mut().find(|(name, _)| *name == member);
    replaced.unwrap().1 = npy;
    archive(&members, CompressionMethod::Stored)
}

pub(super) fn features() -> Vec<ConvolutionShape> {
    (0..FEATURES.len()).flat_map(architecture::convolutions).collect()
}

pub(super) fn features_and_classifier() -> Vec<ConvolutionShape> {
    let mut shapes = features();
    shapes.push(architecture::classifier());
    shapes
}

/// A filter bank (KH, KW, Cin, Cout) whose values tell their index, and are exact even in 16 bits.
pub(super) fn filters(shape: &ConvolutionShape) -> Array4<f32> {
    let (k, i, o) = (shape.kernel, shape.in_channels, shape.out_channels);
    Array4::from_shape_fn((k, k, i, o), |(y, x, i, o)| {
        ((y * 1021 + x * 337 + i * 31 + o * 7) % 2039) as f32 - 1019.0
    })
}

fn bias(shape: &ConvolutionShape) -> ArrayD<f32> {
    ArrayD::from_shape_fn(IxDyn(&[shape.out_channels]), |o| o[0] as f32 * 0.25 - 3.0)
}

/// Arrays with torchvision's names and order.
pub(super) fn torchvision_arrays(shapes: &[ConvolutionShape]) -> Vec<(String, ArrayD<f32>)> {
    let arrays = |shape: &ConvolutionShape| {
        let oihw = filters(shape).permuted_axes([3, 2, 0, 1]).into_dyn();
        [(format!("{}.weight", shape.name), oihw), (format!("{}.bias", shape.name), bias(shape))]
    };
    shapes.iter().flat_map(arrays).collect()
}

/// The same arrays with the names and the order of the CS231n checkpoint.
pub(super) fn tensorflow_arrays(shapes: &[ConvolutionShape]) -> Vec<(String, ArrayD<f32>)> {
    let arrays = |shape: &ConvolutionShape| {
        let scope = shape
            .name
            .replace("features.", "features/layer")
            .replace("classifier.", "classifier/layer")
            .replace(".squeeze", "/fire/squeeze")
            .replace(".expand1x1", "/fire/e11")
            .replace(".expand3x3", "/fire/e33");
        [(format!("{scope}/weights"), filters(shape).into_dyn()), (format!("{scope}/bias"), bias(shape))]
    };
    shapes.iter().flat_map(arrays).collect()
}
