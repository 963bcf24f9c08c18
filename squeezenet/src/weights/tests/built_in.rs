//! The weights that are part of the crate are whole, sound and small.

use crate::architecture::{self, FEATURES};
use crate::weights::{BUILT_IN, Network, Weights, inspect_bytes};
use impasto_arrays::Format;

#[test]
fn they_have_every_feature_layer_and_no_classifier() {
    let weights = Weights::built_in();
    let expected: Vec<String> = (0..FEATURES.len())
        .flat_map(architecture::convolutions)
        .map(|convolution| convolution.name)
        .collect();
    assert!(weights.convolutions().map(|(name, _)| name).eq(expected.iter()));
    assert!(!weights.has_classifier());
}

#[test]
fn they_are_finite_and_not_all_zero() {
    for (name, convolution) in Weights::built_in().convolutions() {
        let mut values = convolution.weight.iter().chain(&convolution.bias);
        assert!(values.all(|value| value.is_finite()), "{name}");
        assert!(convolution.weight.iter().any(|&value| value != 0.0), "{name}");
    }
}

#[test]
fn they_are_described_as_a_file_is() {
    let inspection = inspect_bytes(BUILT_IN).unwrap();
    assert_eq!((inspection.format, inspection.network()), (Format::Npz, Network::Features));
    assert!(inspection.files.is_empty() && inspection.problem.is_none());
    assert_eq!(inspection.parameter_count(), 722_496);
    let elements = inspection.arrays.iter().map(|array| &array.content.as_ref().unwrap().element);
    assert!(elements.into_iter().all(|element| element == "float16"));
}

#[test]
fn they_are_small_enough_to_be_part_of_every_binary() {
    assert!(BUILT_IN.len() <= 1_600_000, "{} bytes", BUILT_IN.len());
}
