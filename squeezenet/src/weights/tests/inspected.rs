//! What is told about files of weights, good and bad.

use std::fs;

use ndarray::{ArrayD, IxDyn};
use tempfile::TempDir;

use super::parameters::{features, features_and_classifier, npz_with, tensorflow_arrays, torchvision_arrays};
use crate::weights::{Inspection, Network, WeightsError, inspect};
use impasto_arrays::Format;
use impasto_arrays::testing::{checkpoint, header, npy, npy_with_header, npz, zipped};

fn inspected(file: &[u8]) -> Inspection {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("weights");
    fs::write(&path, file).unwrap();
    let inspection = inspect(&path).unwrap();
    assert_eq!(inspection.files, [path]);
    inspection
}

const CONVOLUTIONAL: [usize; 9] = [0, 3, 4, 6, 7, 9, 10, 11, 12];

#[test]
fn whole_files() {
    let inspection = inspected(&zipped(&torchvision_arrays(&features_and_classifier())));
    assert_eq!(inspection.format, Format::TorchZip);
    assert_eq!((inspection.network(), inspection.parameter_count()), (Network::Whole, 1_235_496));
    assert!(inspection.problem.is_none());
    let inspection = inspected(&npz(&tensorflow_arrays(&features())));
    assert_eq!((inspection.format, inspection.network()), (Format::Npz, Network::Features));
    assert_eq!((inspection.parameter_count(), inspection.arrays.len()), (722_496, 50));
    assert_eq!((&inspection.layers[..], inspection.has_classifier), (&CONVOLUTIONAL[..], false));
    let first = &inspection.arrays[0];
    assert_eq!(first.name, "features/layer0/weights");
    assert_eq!(first.parameter.as_deref(), Some("features.0.weight"));
    let content = first.content.as_ref().unwrap();
    assert_eq!((&content.shape[..], &content.element[..]), (&[3, 3, 3, 64][..], "float32"));
}

#[test]
fn a_checkpoint_has_two_files() {
    let folder = TempDir::new().unwrap();
    let (index, data) = checkpoint(&tensorflow_arrays(&features()));
    let [index_path, data_path] =
        ["net.index", "net.data-00000-of-00001"].map(|name| folder.path().join(name));
    fs::write(&index_path, index).unwrap();
    fs::write(&data_path, data).unwrap();
    let inspection = inspect(folder.path().join("net")).unwrap();
    assert_eq!((inspection.format, inspection.files), (Format::Checkpoint, vec![index_path, data_path]));
}

#[test]
fn gaps_damage_and_strangers_are_told() {
    let mut arrays = torchvision_arrays(&features());
    arrays.retain(|(name, _)| name != "features.6.squeeze.bias");
    arrays.push(("steps".to_owned(), ArrayD::zeros(IxDyn(&[2]))));
    let inspection = inspected(&npz(&arrays));
    assert_eq!(inspection.network(), Network::FirstLayers { deepest: 5 });
    assert_eq!(inspection.layers, [0, 3, 4, 7, 9, 10, 11, 12]);
    assert!(matches!(inspection.problem, Some(WeightsError::MissingArrays { .. })));
    assert_eq!(inspection.arrays.last().unwrap().parameter, None);

    let broken = inspected(&npz_with("features.0.bias", b"nonsense".to_vec()));
    assert_eq!(broken.network(), Network::Unknown);
    assert!(broken.arrays[1].content.is_err());
    let integers =
        inspected(&npz_with("features.0.bias", npy_with_header(&header("<i8", false, &[64]), &[])));
    let content = integers.arrays[1].content.as_ref().unwrap();
    assert_eq!((&content.element[..], content.count()), ("integers (<i8)", 64));
    assert!(matches!(integers.problem, Some(WeightsError::Array { .. })));
    let version_1_0 = npz_with("features.0.weight", npy(&ArrayD::zeros(IxDyn(&[96, 3, 7, 7]))));
    assert_eq!(inspected(&version_1_0).network(), Network::Version1_0);
    // The arrays of the network that is meant have parameters, those of others do not.
    let mut averaged = torchvision_arrays(&features());
    averaged.extend(
        torchvision_arrays(&features()).into_iter().map(|(name, array)| (format!("ema.{name}"), array * 0.5)),
    );
    let inspection = inspected(&zipped(&averaged));
    assert_eq!((inspection.network(), inspection.parameter_count()), (Network::Features, 722_496));
    let last = inspection.arrays.last().unwrap();
    assert_eq!((&last.name[..], &last.parameter), ("ema.features.12.expand3x3.bias", &None));
    let nothing = inspected(&npz(&[]));
    assert_eq!((nothing.network(), nothing.parameter_count()), (Network::Unknown, 0));
}

#[test]
fn claims_are_counted_without_overflow() {
    // All others come on top.
    let shape = [usize::MAX];
    let claim = npz_with("features.0.weight", npy_with_header(&header("<f4", false, &shape), &[]));
    assert_eq!(inspected(&claim).parameter_count(), u64::MAX);
}
