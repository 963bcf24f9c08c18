//! Arrays written by another implementation of NumPy's format, the `npyz` crate, are read alike: both
//! byte orders, both memory orders.

use impasto_arrays::read_npy;
use ndarray::{ArrayD, IxDyn};
use npyz::{DType, Order, WriterBuilder};

/// Writes 0, 1, 2, ... as an array of this type and order, and reads it back.
fn round_trip(type_string: &str, order: Order) -> ArrayD<f32> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("array.npy");
    let mut file = std::fs::File::create(&path).unwrap();
    let mut writer = npyz::WriteOptions::new()
        .dtype(DType::Plain(type_string.parse().unwrap()))
        .shape(&[2, 3, 4])
        .order(order)
        .writer(&mut file)
        .begin_nd()
        .unwrap();
    writer.extend((0..24).map(f64::from)).unwrap();
    writer.finish().unwrap();
    read_npy(&path).unwrap()
}

#[test]
fn doubles_of_either_byte_order_and_memory_order() {
    let counted: Vec<f32> = (0..24u8).map(f32::from).collect();
    let c = ArrayD::from_shape_vec(IxDyn(&[2, 3, 4]), counted.clone()).unwrap();
    // In Fortran order the first index runs fastest: the same numbers with the axes reversed.
    let fortran = ArrayD::from_shape_vec(IxDyn(&[4, 3, 2]), counted).unwrap().reversed_axes();
    for type_string in ["<f8", ">f8"] {
        assert_eq!(round_trip(type_string, Order::C), c, "{type_string}");
        assert_eq!(round_trip(type_string, Order::Fortran), fortran, "{type_string}");
    }
}
