//! Array files for tests, made byte by byte, so that they can be as wrong as a test wants.

use std::io::{Cursor, Write};

use ndarray::ArrayD;
use serde_json::{Map, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub use super::checkpoint::testing::checkpoint;
pub use super::torch::testing::{legacy, zipped};
use super::{ArrayError, ArraySource, FormatError, OpenError, StoredArray, open_bytes};

/// A `.npy` file of version 1.0 with any header and any data.
pub fn npy_with_header(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// The header that NumPy writes, without the padding.
pub fn header(descr: &str, fortran_order: bool, shape: &[usize]) -> String {
    let fortran_order = if fortran_order { "True" } else { "False" };
    let lengths: String = shape.iter().map(|length| format!("{length},")).collect();
    format!("{{'descr': '{descr}', 'fortran_order': {fortran_order}, 'shape': ({lengths}), }}\n")
}

/// The array as NumPy saves it: float32, little-endian, C order.
pub fn npy(array: &ArrayD<f32>) -> Vec<u8> {
    npy_with_header(&header("<f4", false, array.shape()), &bytes(array))
}

/// A zip archive of the given members.
pub fn archive(members: &[(String, Vec<u8>)], compression: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(compression);
    for (name, bytes) in members {
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// What `numpy.savez` makes of the arrays.
pub fn npz(arrays: &[(String, ArrayD<f32>)]) -> Vec<u8> {
    archive(&members(arrays), CompressionMethod::Stored)
}

/// The arrays as members of an archive.
pub fn members(arrays: &[(String, ArrayD<f32>)]) -> Vec<(String, Vec<u8>)> {
    arrays.iter().map(|(name, array)| (format!("{name}.npy"), npy(array))).collect()
}

/// A safetensors file with any header and any data.
pub fn safetensors_with(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

/// The arrays as safetensors of float32.
pub fn safetensors(arrays: &[(String, ArrayD<f32>)]) -> Vec<u8> {
    let (mut header, mut data) = (Map::new(), Vec::new());
    for (name, array) in arrays {
        let start = data.len();
        data.extend(bytes(array));
        let entry = json!({"dtype": "F32", "shape": array.shape(), "data_offsets": [start, data.len()]});
        header.insert(name.clone(), entry);
    }
    safetensors_with(&serde_json::Value::from(header).to_string(), &data)
}

/// The values in C order, as little-endian float32.
pub fn bytes(array: &ArrayD<f32>) -> Vec<u8> {
    array.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// An array's name, and what became of reading it.
pub type ReadArray = (String, Result<ArrayD<f32>, ArrayError>);

/// Opens a file in memory and reads all its arrays.
pub fn read_all(file: &[u8]) -> Result<Vec<ReadArray>, OpenError> {
    Ok(all_of(open_bytes(file)?.source.as_mut()))
}

/// Reads all arrays of a source.
pub fn all_of(source: &mut dyn ArraySource) -> Vec<ReadArray> {
    let names = source.names().to_vec();
    let read = |(index, name)| (name, source.open(index).and_then(StoredArray::into_array));
    names.into_iter().enumerate().map(read).collect()
}

/// Some arrays of several shapes, with values that tell their index.
pub fn some_arrays() -> Vec<(String, ArrayD<f32>)> {
    let array = |shape: &[usize]| {
        let mut next = 0.0;
        ArrayD::from_shape_simple_fn(shape, || {
            next += 0.25;
            next
        })
    };
    vec![
        ("features.0.bias".to_owned(), array(&[5])),
        ("features.0.weight".to_owned(), array(&[5, 3, 2, 2])),
        ("none".to_owned(), array(&[0, 4])),
        ("scalar".to_owned(), array(&[])),
    ]
}

/// Checks that reading gave the arrays that were written.
pub fn assert_same(read: &[ReadArray], written: &[(String, ArrayD<f32>)]) {
    assert_eq!(read.len(), written.len());
    for ((name, array), (expected_name, expected)) in read.iter().zip(written) {
        assert_eq!(name, expected_name);
        assert_eq!(array.as_ref(), Ok(expected), "{name}");
    }
}

/// What is wrong with a file as a whole.
#[track_caller]
pub fn format_problem(file: &[u8]) -> FormatError {
    match open_bytes(file).map(drop) {
        Err(OpenError::Format(problem)) => problem,
        Err(error) => panic!("{error:?}"),
        Ok(()) => panic!("accepted"),
    }
}

/// Where the headers of a member stand in an archive: the one before its data, the one in the directory.
pub fn zip_headers(archive: &[u8], member: &str) -> (usize, usize) {
    let header = |magic: &[u8], name_at: usize| {
        (0..archive.len())
            .find(|&start| {
                archive[start..].starts_with(magic)
                    && archive[start + name_at..].starts_with(member.as_bytes())
            })
            .unwrap()
    };
    (header(b"PK\x03\x04", 30), header(b"PK\x01\x02", 46))
}
