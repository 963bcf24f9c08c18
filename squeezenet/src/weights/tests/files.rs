//! Weight files for tests, made byte by byte, so that they can be as wrong as a test wants.

use std::io::{Cursor, Write};

use ndarray::{Array4, ArrayD, IxDyn};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::architecture::{self, ConvolutionShape, FEATURES};

/// A `.npy` file of version 1.0 with any header and any data.
pub(in crate::weights) fn npy_with_header(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// The header that NumPy writes, without the padding.
pub(in crate::weights) fn header(descr: &str, fortran_order: bool, shape: &[usize]) -> String {
    let fortran_order = if fortran_order { "True" } else { "False" };
    let lengths: String = shape.iter().map(|length| format!("{length},")).collect();
    format!("{{'descr': '{descr}', 'fortran_order': {fortran_order}, 'shape': ({lengths}), }}\n")
}

/// The array as NumPy saves it: float32, little-endian, C order.
pub(in crate::weights) fn npy(array: &ArrayD<f32>) -> Vec<u8> {
    let data: Vec<u8> = array.iter().flat_map(|value| value.to_le_bytes()).collect();
    npy_with_header(&header("<f4", false, array.shape()), &data)
}

/// A zip archive of the given members.
pub(in crate::weights) fn archive(members: &[(String, Vec<u8>)], compression: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(compression);
    for (name, bytes) in members {
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// What `numpy.savez` makes of the arrays.
pub(in crate::weights) fn npz(arrays: &[(String, ArrayD<f32>)]) -> Vec<u8> {
    archive(&members(arrays), CompressionMethod::Stored)
}

/// The arrays as members of an archive.
pub(in crate::weights) fn members(arrays: &[(String, ArrayD<f32>)]) -> Vec<(String, Vec<u8>)> {
    arrays.iter().map(|(name, array)| (format!("{name}.npy"), npy(array))).collect()
}

/// The archive of the feature layers with the `.npy` file of one array replaced.
pub(in crate::weights) fn npz_with(name: &str, npy: Vec<u8>) -> Vec<u8> {
    let mut members = members(&torchvision_arrays(&features()));
    let member = format!("{name}.npy");
    let replaced = members.iter_mut().find(|(name, _)| *name == member);
    replaced.unwrap().1 = npy;
    archive(&members, CompressionMethod::Stored)
}

/// Where the headers of a member stand in an archive: the one before its data, the one in the directory.
pub(in crate::weights) fn zip_headers(archive: &[u8], member: &str) -> (usize, usize) {
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

pub(in crate::weights) fn features() -> Vec<ConvolutionShape> {
    (0..FEATURES.len()).flat_map(architecture::convolutions).collect()
}

pub(in crate::weights) fn features_and_classifier() -> Vec<ConvolutionShape> {
    let mut shapes = features();
    shapes.push(architecture::classifier());
    shapes
}

/// A filter bank (KH, KW, Cin, Cout) whose values tell their index, and are exact even in 16 bits.
pub(in crate::weights) fn filters(shape: &ConvolutionShape) -> Array4<f32> {
    let (k, i, o) = (shape.kernel, shape.in_channels, shape.out_channels);
    Array4::from_shape_fn((k, k, i, o), |(y, x, i, o)| {
        ((y * 1021 + x * 337 + i * 31 + o * 7) % 2039) as f32 - 1019.0
    })
}

fn bias(shape: &ConvolutionShape) -> ArrayD<f32> {
    ArrayD::from_shape_fn(IxDyn(&[shape.out_channels]), |o| o[0] as f32 * 0.25 - 3.0)
}

/// Arrays with torchvision's names and order.
pub(in crate::weights) fn torchvision_arrays(shapes: &[ConvolutionShape]) -> Vec<(String, ArrayD<f32>)> {
    let arrays = |shape: &ConvolutionShape| {
        let oihw = filters(shape).permuted_axes([3, 2, 0, 1]).into_dyn();
        [(format!("{}.weight", shape.name), oihw), (format!("{}.bias", shape.name), bias(shape))]
    };
    shapes.iter().flat_map(arrays).collect()
}

/// The same arrays with the names and the order of the CS231n checkpoint.
pub(in crate::weights) fn tensorflow_arrays(shapes: &[ConvolutionShape]) -> Vec<(String, ArrayD<f32>)> {
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
