//! Reading arrays from files, end to end.

use std::fs;
use std::path::PathBuf;

use ndarray::{ArrayD, Dimension, IxDyn, array};
use tempfile::TempDir;
use zip::CompressionMethod;

use super::testing::{archive, header, npy, npy_with_header, npz, zip_headers};
use super::{ArrayArchive, ArrayError, ArraysError, read_npy};

/// A file of its own, kept as long as the folder is.
fn file(content: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, content).unwrap();
    (folder, path)
}

fn npy_problem(content: &[u8]) -> ArrayError {
    let (_folder, path) = file(content);
    let error = read_npy(&path).unwrap_err();
    assert!(error.to_string().starts_with(&format!("{} ", path.display())), "{error}");
    match error {
        ArraysError::File { problem, .. } => problem,
        _ => panic!("{error:?}"),
    }
}

/// What is wrong with the array `a` of an archive.
fn npz_problem(content: &[u8]) -> ArrayError {
    let (_folder, path) = file(content);
    let error = ArrayArchive::open(&path).unwrap().read("a").unwrap_err();
    assert!(error.to_string().starts_with(&format!("array a of {} ", path.display())), "{error}");
    match error {
        ArraysError::Array { problem, .. } => problem,
        _ => panic!("{error:?}"),
    }
}

fn one_member(npy: Vec<u8>, compression: CompressionMethod) -> Vec<u8> {
    archive(&[("a.npy".to_owned(), npy)], compression)
}

#[test]
fn the_shape_comes_from_the_file() {
    for shape in [&[][..], &[1], &[0], &[2, 0, 3], &[5], &[2, 3], &[1, 4, 6, 3]] {
        let expected = ArrayD::from_shape_fn(IxDyn(shape), |index| {
            index.slice().iter().fold(0.5, |value, &i| 10.0 * value + i as f32)
        });
        let (_folder, path) = file(&npy(&expected));
        assert_eq!(read_npy(&path).unwrap(), expected);
        let (_folder, path) = file(&npz(&[("a".to_owned(), expected.clone())]));
        assert_eq!(ArrayArchive::open(&path).unwrap().read("a").unwrap(), expected);
    }
}

#[test]
fn either_order_and_every_type_become_the_same_array() {
    let expected = array![[1.0f32, -2.0, 0.25], [4.0, 5.0, f32::INFINITY]].into_dyn();
    let halves = [0x3c00u16, 0xc000, 0x3400, 0x4400, 0x4500, 0x7c00];
    let half = |index: usize| halves[index].to_be_bytes().to_vec();
    let double = |index: usize| f64::from(expected.as_slice().unwrap()[index]).to_le_bytes().to_vec();
    // Rows one after the other, then columns one after the other.
    for (fortran_order, order) in [(false, [0, 1, 2, 3, 4, 5]), (true, [0, 3, 1, 4, 2, 5])] {
        let halves: Vec<u8> = order.into_iter().flat_map(half).collect();
        let doubles: Vec<u8> = order.into_iter().flat_map(double).collect();
        for (descr, data) in [(">f2", halves), ("<f8", doubles)] {
            let (_folder, path) = file(&npy_with_header(&header(descr, fortran_order, &[2, 3]), &data));
            let array = read_npy(&path).unwrap();
            assert_eq!(array, expected, "{descr}, Fortran order {fortran_order}");
            assert!(array.is_standard_layout());
        }
    }
}

#[test]
fn archives_tell_their_names_and_are_read_in_any_order() {
    let arrays = [
        ("scope/b".to_owned(), ArrayD::from_elem(IxDyn(&[]), 2.0)),
        ("a".to_owned(), ArrayD::from_elem(IxDyn(&[3]), 1.0)),
    ];
    let (_folder, path) = file(&npz(&arrays));
    let mut archive = ArrayArchive::open(&path).unwrap();
    assert_eq!(archive.names(), ["scope/b", "a"]);
    for (name, expected) in arrays.iter().rev().chain(&arrays) {
        assert_eq!(archive.read(name).unwrap(), expected);
    }
    let error = archive.read("b").unwrap_err();
    assert!(matches!(&error, ArraysError::NoSuchArray { array, .. } if array == "b"));
    assert!(error.to_string().contains("holds no array b, it holds 2 arrays (scope/b, a)"), "{error}");
}

#[test]
fn paths_that_hold_no_arrays() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    assert!(matches!(read_npy(&missing), Err(ArraysError::Open { .. })));
    assert!(matches!(ArrayArchive::open(&missing), Err(ArraysError::Open { .. })));
    assert!(matches!(read_npy(folder.path()), Err(ArraysError::NotAFile { .. })));
    assert!(matches!(ArrayArchive::open(folder.path()), Err(ArraysError::NotAFile { .. })));
    for content in [&b""[..], b"text", &npy(&ArrayD::zeros(IxDyn(&[1])))] {
        let (_folder, path) = file(content);
        assert!(matches!(ArrayArchive::open(&path), Err(ArraysError::NotAnArchive { .. })));
    }
    let whole = npz(&[("a".to_owned(), ArrayD::zeros(IxDyn(&[8])))]);
    let (_folder, path) = file(&whole[..whole.len() - 1]);
    assert!(matches!(ArrayArchive::open(&path), Err(ArraysError::Archive { .. })));
    assert!(matches!(npy_problem(&whole), ArrayError::Header { .. }));
}

#[cfg(unix)]
#[test]
fn devices_are_not_opened() {
    // Reading this one would never end.
    assert!(matches!(read_npy("/dev/zero".as_ref()), Err(ArraysError::NotAFile { .. })));
}

#[test]
fn shapes_that_the_data_does_not_have() {
    for (shape, bytes, expected) in [
        (&[4][..], 15, ArrayError::Truncated { expected: 16, found: 15 }),
        (&[4], 17, ArrayError::TrailingData { expected: 16 }),
        (&[], 0, ArrayError::Truncated { expected: 4, found: 0 }),
        (&[], 8, ArrayError::TrailingData { expected: 4 }),
        (&[0, 5], 1, ArrayError::TrailingData { expected: 0 }),
        (&[1 << 28], 16, ArrayError::Truncated { expected: 1 << 30, found: 16 }),
        (&[1 << 28, 2], 16, ArrayError::TooLarge { shape: vec![1 << 28, 2] }),
        (&[usize::MAX, usize::MAX], 16, ArrayError::TooLarge { shape: vec![u64::MAX; 2] }),
        // No values, but strides that no machine can count.
        (&[0, usize::MAX, 9], 0, ArrayError::TooLarge { shape: vec![0, u64::MAX, 9] }),
    ] {
        let content = npy_with_header(&header("<f4", false, shape), &vec![0; bytes]);
        assert_eq!(npy_problem(&content), expected, "{shape:?}");
        for compression in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            assert_eq!(npz_problem(&one_member(content.clone(), compression)), expected, "{shape:?}");
        }
    }
}

#[test]
fn values_that_are_not_floating_point() {
    let content = npy_with_header(&header("|u1", false, &[4]), &[0; 4]);
    let error = npy_problem(&content);
    assert!(matches!(&error, ArrayError::ElementType { found } if found == "integers (|u1)"), "{error}");
}

#[test]
fn members_that_claim_another_size_are_refused() {
    let values = ArrayD::from_elem(IxDyn(&[8]), 1.0);
    let whole = npz(&[("a".to_owned(), values)]);
    let (_, central) = zip_headers(&whole, "a.npy");
    for claim in [0u32, 20, 0x7fff_ffff] {
        let mut bytes = whole.clone();
        for at in [central + 20, central + 24] {
            bytes[at..at + 4].copy_from_slice(&claim.to_le_bytes());
        }
        // Too little ends within the header or at a wrong checksum, too much runs into the archive's directory.
        npz_problem(&bytes);
    }
}
