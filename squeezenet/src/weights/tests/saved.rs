//! What is written can be read again, by these readers and by others.

use std::fs;

use super::parameters::{features, features_and_classifier, torchvision_arrays};
use crate::weights::{SaveError, Weights};
use impasto_arrays::testing::npz;
use impasto_arrays::{ArrayArchive, Container, Precision};

const CONTAINERS: [Container; 2] = [Container::Npz, Container::Safetensors];

fn weights() -> Weights {
    Weights::from_arrays(torchvision_arrays(&features_and_classifier())).unwrap()
}

#[test]
fn saved_weights_are_read_as_the_same_weights() {
    let folder = tempfile::tempdir().unwrap();
    for container in CONTAINERS {
        // The test weights are exact in half precision too.
        for precision in [Precision::Single, Precision::Half] {
            let path = folder.path().join("weights");
            weights().save(&path, container, precision).unwrap();
            assert_eq!(Weights::load(&path).unwrap(), weights());
            assert_eq!(fs::read(&path).unwrap(), weights().to_bytes(container, precision).unwrap());
        }
    }
    // Nothing else is left in the folder.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn names_and_axes_are_torchvisions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.npz");
    weights().save(&path, Container::Npz, Precision::Single).unwrap();
    let expected = torchvision_arrays(&features_and_classifier());
    let mut archive = ArrayArchive::open(&path).unwrap();
    assert!(archive.names().iter().eq(expected.iter().map(|(name, _)| name)));
    for (name, array) in expected {
        assert_eq!(archive.read(&name).unwrap(), array, "{name}");
    }
}

#[test]
fn features_in_half_precision_fit_into_a_binary() {
    let features = Weights::from_arrays(torchvision_arrays(&features())).unwrap();
    for container in CONTAINERS {
        let bytes = features.to_bytes(container, Precision::Half).unwrap();
        assert!(bytes.len() < 1_600_000, "{} bytes", bytes.len());
        assert_eq!(Weights::from_bytes(&bytes).unwrap(), features);
    }
}

#[test]
fn values_beyond_half_precision_are_named() {
    let mut arrays = torchvision_arrays(&features());
    arrays[1].1[[3]] = -70_000.0;
    let weights = Weights::from_bytes(&npz(&arrays)).unwrap();
    weights.to_bytes(Container::Npz, Precision::Single).unwrap();
    for container in CONTAINERS {
        let error = weights.to_bytes(container, Precision::Half).unwrap_err();
        let SaveError::BeyondHalf { array, value } = &error else { panic!("{error}") };
        assert_eq!((array.as_str(), *value), ("features.0.bias", -70_000.0));
    }
}

#[test]
fn places_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str| weights().save(folder.path().join(name), Container::Npz, Precision::Single);
    assert!(matches!(save("nowhere/weights.npz"), Err(SaveError::Write { .. })));
    fs::create_dir(folder.path().join("folder.npz")).unwrap();
    assert!(matches!(save("folder.npz"), Err(SaveError::NotAFile { .. })));
    // What was there is replaced.
    fs::write(folder.path().join("weights.npz"), b"old").unwrap();
    save("weights.npz").unwrap();
    assert!(Weights::load(folder.path().join("weights.npz")).is_ok());
}

#[cfg(unix)]
#[test]
fn links_stay_links() {
    let folder = tempfile::tempdir().unwrap();
    let [file, link] = ["file.npz", "link.npz"].map(|name| folder.path().join(name));
    fs::write(&file, b"old").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    weights().save(&link, Container::Npz, Precision::Half).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(Weights::load(&file).is_ok());
}
