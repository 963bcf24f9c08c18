//! Array files for tests, made byte by byte, so that they can be as wrong as a test wants.

use std::io::{Cursor, Write};

use ndarray::ArrayD;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A `.npy` file of version 1.0 with any header and any data.
pub(crate) fn npy_with_header(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// The header that NumPy writes, without the padding.
pub(crate) fn header(descr: &str, fortran_order: bool, shape: &[usize]) -> String {
    let fortran_order = if fortran_order { "True" } else { "False" };
    let lengths: String = shape.iter().map(|length| format!("{length},")).collect();
    format!("{{'descr': '{descr}', 'fortran_order': {fortran_order}, 'shape': ({lengths}), }}\n")
}

/// The array as NumPy saves it: float32, little-endian, C order.
pub(crate) fn npy(array: &ArrayD<f32>) -> Vec<u8> {
    let data: Vec<u8> = array.iter().flat_map(|value| value.to_le_bytes()).collect();
    npy_with_header(&header("<f4", false, array.shape()), &data)
}

/// A zip archive of the given members.
pub(crate) fn archive(members: &[(String, Vec<u8>)], compression: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(compression);
    for (name, bytes) in members {
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// What `numpy.savez` makes of the arrays.
pub(crate) fn npz(arrays: &[(String, ArrayD<f32>)]) -> Vec<u8> {
    archive(&members(arrays), CompressionMethod::Stored)
}

/// The arrays as members of an archive.
pub(crate) fn members(arrays: &[(String, ArrayD<f32>)]) -> Vec<(String, Vec<u8>)> {
    arrays.iter().map(|(name, array)| (format!("{name}.npy"), npy(array))).collect()
}

/// Where the headers of a member stand in an archive: the one before its data, the one in the directory.
pub(crate) fn zip_headers(archive: &[u8], member: &str) -> (usize, usize) {
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
