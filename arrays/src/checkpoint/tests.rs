//! What is read of TensorFlow's checkpoints, and what is refused.

use ndarray::{ArrayD, array};
use proptest::prelude::*;

use super::message::take_varint;
use super::testing::{
    Record, Variable, append_block, block, checkpoint, header, nested, number, open, records, table, varint,
};
use crate::testing::{all_of, assert_same, bytes, some_arrays};
use crate::{ArrayError, FormatError, OpenError};

fn three() -> ArrayD<f32> {
    array![1.0f32, -2.0, 0.25].into_dyn()
}

/// An index with these records in one block.
fn index(records: &[Record]) -> Vec<u8> {
    table(&[block(records)], 0)
}

#[track_caller]
fn problem(index: &[u8]) -> FormatError {
    match open(index, &[]).map(drop) {
        Err(OpenError::Format(problem)) => problem,
        Err(error) => panic!("{error:?}"),
        Ok(()) => panic!("accepted"),
    }
}

#[track_caller]
fn refused(index: &[u8], mention: &str) {
    let text = problem(index).to_string();
    assert!(text.contains(mention), "{text}");
}

/// What becomes of the variable `a` of three numbers after `spoil` was given what is said of it.
fn spoilt(spoil: impl Fn(&mut Variable)) -> Result<ArrayD<f32>, ArrayError> {
    let mut variable = Variable::new(&three(), 0);
    spoil(&mut variable);
    let index = index(&[header(), variable.record("a")]);
    all_of(&mut open(&index, &bytes(&three())).unwrap()).remove(0).1
}

#[test]
fn what_was_written_is_read() {
    let arrays = some_arrays();
    let (index, data) = checkpoint(&arrays);
    assert_same(&all_of(&mut open(&index, &data).unwrap()), &arrays);
    // Every block with a single record.
    let (records, data) = records(&arrays);
    let blocks: Vec<Vec<u8>> = records.iter().map(|record| block(std::slice::from_ref(record))).collect();
    assert_same(&all_of(&mut open(&table(&blocks, 0), &data).unwrap()), &arrays);
}

#[test]
fn types_and_byte_order() {
    let read = |byte_order: u64, data_type, data: &[u8]| {
        let checksum = super::checksum::of(&[data]);
        let variable = Variable { data_type, shape: vec![1], offset: 0, size: data.len() as u64, checksum };
        let header = (Vec::new(), [number(1, 1), number(2, byte_order)].concat());
        let index = index(&[header, variable.record("a")]);
        all_of(&mut open(&index, data).unwrap()).remove(0).1.map(|array| array[0])
    };
    assert_eq!(read(0, 1, &0.5f32.to_le_bytes()), Ok(0.5));
    assert_eq!(read(1, 1, &0.5f32.to_be_bytes()), Ok(0.5));
    assert_eq!(read(0, 2, &0.5f64.to_le_bytes()), Ok(0.5));
    assert_eq!(read(0, 19, &[0x00, 0x38]), Ok(0.5));
    assert_eq!(read(0, 14, &[0x00, 0x3f]), Ok(0.5));
    for (data_type, name) in [(3, "integers"), (9, "integers"), (7, "text"), (10, "booleans"), (8, "complex")]
    {
        let Err(ArrayError::ElementType { found }) = read(0, data_type, &[0; 4]) else {
            panic!("type {data_type} was read");
        };
        assert!(found.contains(name), "{found}");
    }
    refused(&index(&[(Vec::new(), [number(1, 1), number(2, 2)].concat())]), "byte order");
}

#[test]
fn values_that_are_not_where_the_index_says() {
    assert_eq!(spoilt(|_| ()), Ok(three()));
    assert_eq!(spoilt(|v| v.shape = vec![4]), Err(ArrayError::Truncated { expected: 16, found: 12 }));
    assert_eq!(spoilt(|v| v.shape = vec![2]), Err(ArrayError::TrailingData { expected: 8 }));
    let unreadable = |spoil: fn(&mut Variable), mention: &str| {
        let Err(ArrayError::Unreadable { reason }) = spoilt(spoil) else { panic!("{mention} is no reason") };
        assert!(reason.contains(mention), "{reason}");
    };
    unreadable(|v| v.checksum ^= 1, "checksum");
    unreadable(|v| v.size = 8, "checksum");
    unreadable(|v| v.offset = 4, "ends 4 bytes before");
    unreadable(|v| v.offset = i64::MAX as u64, "ends 12 bytes before");
    unreadable(|v| v.size = i64::MAX as u64, "bytes before its last one");
    let huge = vec![1 << 40, 1 << 40];
    assert_eq!(spoilt(|v| v.shape = huge.clone()), Err(ArrayError::TooLarge { shape: huge.clone() }));
}

#[test]
fn records_that_are_refused() {
    let variable = || Variable::new(&three(), 0);
    let with = |record: Vec<u8>| index(&[header(), (b"a".to_vec(), record)]);
    let whole = variable().record("a").1;
    refused(&with([&whole[..], &number(3, 1)].concat()), "a shard that does not exist");
    refused(&with([&whole[..], &number(3, u64::MAX)].concat()), "absurd");
    refused(&with([&whole[..], &number(4, u64::MAX)].concat()), "variable a is negative");
    refused(&with([&whole[..], &number(5, 1 << 63)].concat()), "variable a is negative");
    refused(&with(nested(2, &nested(2, &number(1, u64::MAX)))), "variable a is negative");
    refused(&with(nested(2, &number(3, 1))), "is not known");
    refused(&with(nested(2, &nested(2, &[]).repeat(255))), "more than 254 axes");
    // Cut short, a group, a field of 64 bits, and a number without end.
    for record in [&whole[..whole.len() - 1], b"\x0b", b"\x09\0\0\0\0\0\0\0\0", &[0xff; 20], b"\x12\x7f"] {
        refused(&with(record.to_vec()), "no protocol buffer");
    }
    refused(&index(&[(vec![0xff], Vec::new())]), "does not begin with a header");
    refused(&index(&[header(), (vec![0xff], whole.clone())]), "not UTF-8");
    refused(&index(&[]), "is empty");
    refused(&index(&[header(), variable().record("b"), variable().record("a")]), "not in order");
    refused(&index(&[header(), variable().record("a"), variable().record("a")]), "there twice");
    // A variable in slices is there, and is not read.
    let sliced = with([&whole[..], &nested(7, &[])].concat());
    let read = all_of(&mut open(&sliced, &bytes(&three())).unwrap()).remove(0).1;
    assert!(matches!(read, Err(ArrayError::Unreadable { reason }) if reason.contains("slices")));
}

#[test]
fn tables_that_are_refused() {
    let records = [header(), Variable::new(&three(), 0).record("a")];
    let whole = index(&records);
    assert!(matches!(problem(&table(&[block(&records)], 1)), FormatError::Unsupported { what, .. }
        if what.contains("Snappy")));
    assert!(matches!(problem(&table(&[block(&records)], 9)), FormatError::Unsupported { .. }));
    for position in 0..whole.len() - 48 {
        let mut damaged = whole.clone();
        damaged[position] ^= 0x10;
        assert!(open(&damaged, &[]).is_err(), "byte {position}");
    }
    for length in 0..whole.len() {
        assert!(open(&whole[..length], &[]).is_err(), "{length}");
    }
    // More shared with the last key than it has, a length beyond the block, restarts beyond it.
    for content in [
        &b"\x01\x00\x00\0\0\0\0\x00\0\0\0"[..],
        b"\x00\x7f\x00\0\0\0\0",
        b"\x00\0\0\0\x01",
        b"\xff\xff\xff\xff",
    ] {
        refused(&table(&[content.to_vec()], 0), "keys and values");
    }
}

/// Keys that share a beginning, and blocks that are named again and again, take a few bytes each.
#[test]
fn bombs_stay_small() {
    // Each key is the last one and a byte more.
    let record = Variable::new(&three(), 0).record("").1;
    let mut shared = block(&[header(), (vec![b'n'; 100_000], record.clone())]);
    shared.truncate(shared.len() - 8);
    for length in 100_000..110_000 {
        shared.extend([varint(length), varint(1), varint(record.len() as u64)].concat());
        shared.push(b'n');
        shared.extend(&record);
    }
    shared.extend([0; 4]);
    refused(&table(&[shared], 0), "more than 4 MiB");

    // A block of nothing but restarts.
    let mut repeated = Vec::new();
    let content = [vec![0; 400_000], 100_000u32.to_le_bytes().to_vec()].concat();
    let place = append_block(&mut repeated, &content, 0);
    let meta_index = append_block(&mut repeated, &block(&[]), 0);
    let places: Vec<Record> = (0..10_000u32).map(|key| (key.to_be_bytes().to_vec(), place.clone())).collect();
    let index_place = append_block(&mut repeated, &block(&places), 0);
    let mut footer = [meta_index, index_place].concat();
    footer.resize(40, 0);
    repeated.extend(footer);
    repeated.extend(0xdb47_7524_8b80_fb57u64.to_le_bytes());
    refused(&repeated, "blocks overlap");

    refused(&[vec![0; 1 << 20], index(&[header()])].concat(), "longer than 1 MiB");
}

proptest! {
    #[test]
    fn numbers_come_back(value: u64) {
        let encoded = varint(value);
        let mut rest = &encoded[..];
        prop_assert_eq!(take_varint(&mut rest), Some(value));
        prop_assert!(rest.is_empty());
        prop_assert_eq!(take_varint(&mut &encoded[..encoded.len() - 1]), None);
    }
}
