//! What is read of PyTorch's files, and what is refused.

use ndarray::{ArrayD, IxDyn, array};
use zip::CompressionMethod;

use super::testing::{Pickle, dict_of, legacy, legacy_with, zipped, zipped_with};
use crate::testing::{
    ReadArray, archive, assert_same, bytes, format_problem, read_all, some_arrays, zip_headers,
};
use crate::{ArrayError, Format, FormatError};

/// Six numbers in a storage.
fn six() -> Vec<u8> {
    bytes(&array![0.0f32, 1.0, 2.0, 3.0, 4.0, 5.0].into_dyn())
}

fn six_floats(pickle: Pickle) -> Pickle {
    pickle.storage("FloatStorage", "0", 6)
}

/// The names and values of an archive with one storage of [`six`] numbers.
fn read_six(pickle: Vec<u8>) -> Vec<ReadArray> {
    read_all(&zipped_with(pickle, &[six()])).unwrap()
}

fn names(pickle: Vec<u8>) -> Vec<String> {
    read_six(pickle).into_iter().map(|(name, _)| name).collect()
}

/// What is wrong with an archive that has this pickle.
#[track_caller]
fn problem(pickle: Vec<u8>) -> FormatError {
    format_problem(&zipped_with(pickle, &[six()]))
}

#[track_caller]
fn forbidden(pickle: Vec<u8>) -> String {
    match problem(pickle) {
        FormatError::Forbidden { what } => what,
        error => panic!("{error}"),
    }
}

#[track_caller]
fn malformed(pickle: Vec<u8>, mention: &str) {
    match problem(pickle) {
        FormatError::Malformed { format: Format::TorchZip, reason } if reason.contains(mention) => {}
        error => panic!("{error}"),
    }
}

#[test]
fn what_was_written_is_read() {
    let arrays = some_arrays();
    assert_same(&read_all(&zipped(&arrays)).unwrap(), &arrays);
    assert_same(&read_all(&legacy(&arrays)).unwrap(), &arrays);
    assert_same(&read_all(&zipped(&[])).unwrap(), &[]);
    assert_same(&read_all(&legacy(&[])).unwrap(), &[]);
}

#[test]
fn tensors_are_views_of_storages() {
    for (offset, shape, strides, expected) in [
        (0, &[2, 3][..], &[3, 1][..], array![[0.0f32, 1.0, 2.0], [3.0, 4.0, 5.0]].into_dyn()),
        // Transposed, cut out, spread, and overlapping itself.
        (0, &[3, 2], &[1, 3], array![[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]].into_dyn()),
        (1, &[2, 2], &[3, 1], array![[1.0, 2.0], [4.0, 5.0]].into_dyn()),
        (4, &[2, 3], &[1, 0], array![[4.0, 4.0, 4.0], [5.0, 5.0, 5.0]].into_dyn()),
        (0, &[3, 3], &[1, 1], array![[0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 3.0, 4.0]].into_dyn()),
        (5, &[], &[], ArrayD::from_elem(IxDyn(&[]), 5.0)),
        // Along an axis of one value a stride says nothing, and in an empty tensor none does.
        (3, &[1, 2], &[99, 2], array![[3.0, 5.0]].into_dyn()),
        (6, &[0, 7], &[99, 99], ArrayD::zeros(IxDyn(&[0, 7]))),
    ] {
        let read = read_six(dict_of(|pickle| pickle.tensor(six_floats, offset, shape, strides)));
        assert_same(&read, &[("a".to_owned(), expected)]);
    }
}

#[test]
fn views_that_reach_beyond_their_storage() {
    for (offset, shape, strides) in [
        (0, &[7][..], &[1][..]),
        (6, &[1], &[1]),
        (7, &[0], &[1]),
        (0, &[2, 3], &[4, 1]),
        (i64::MAX, &[2], &[1]),
        (0, &[2, 2], &[i64::MAX, i64::MAX]),
        (i64::MAX, &[3, 2], &[i64::MAX, 1]),
    ] {
        let read = read_six(dict_of(|pickle| pickle.tensor(six_floats, offset, shape, strides)));
        assert_eq!(read[0].1, Err(ArrayError::BeyondStorage { stored: 6 }), "{offset} {shape:?} {strides:?}");
    }
    // More values than are ever read, of which one storage has enough.
    let broadcast = dict_of(|pickle| pickle.tensor(six_floats, 0, &[1 << 20, 1 << 20], &[0, 0]));
    assert_eq!(read_six(broadcast)[0].1, Err(ArrayError::TooLarge { shape: vec![1 << 20; 2] }));
}

#[test]
fn storages_of_other_lengths_than_claimed() {
    let tensor_of = |count| dict_of(|p| p.tensor(|p| p.storage("FloatStorage", "0", count), 0, &[2], &[1]));
    let problem = |count| read_six(tensor_of(count)).remove(0).1.unwrap_err();
    assert_eq!(problem(5), ArrayError::TrailingData { expected: 20 });
    assert_eq!(problem(7), ArrayError::Truncated { expected: 28, found: 24 });
    assert_eq!(problem(1), ArrayError::BeyondStorage { stored: 1 });
    assert_eq!(problem(i64::MAX), ArrayError::TooLarge { shape: vec![i64::MAX as u64] });
    malformed(tensor_of(-1), "negative length");
    let missing = dict_of(|p| p.tensor(|p| p.storage("FloatStorage", "1", 6), 0, &[2], &[1]));
    assert!(matches!(read_six(missing).remove(0).1, Err(ArrayError::Unreadable { reason })
        if reason.contains("net/data/1")));
}

#[test]
fn every_type_of_storage() {
    let read = |class: &str, count, data: &[u8]| {
        let pickle = dict_of(|p| p.tensor(|p| p.storage(class, "0", count), 0, &[count], &[1]));
        read_all(&zipped_with(pickle, &[data.to_vec()])).unwrap().remove(0).1
    };
    let numbers = Ok(array![1.0f32, -2.0].into_dyn());
    assert_eq!(read("HalfStorage", 2, &[0x00, 0x3c, 0x00, 0xc0]), numbers);
    assert_eq!(read("BFloat16Storage", 2, &[0x80, 0x3f, 0x00, 0xc0]), numbers);
    assert_eq!(read("DoubleStorage", 2, &[1.0f64, -2.0].map(f64::to_le_bytes).concat()), numbers);
    for (class, name) in [
        ("ByteStorage", "uint8"),
        ("CharStorage", "int8"),
        ("ShortStorage", "int16"),
        ("IntStorage", "int32"),
        ("LongStorage", "int64"),
        ("BoolStorage", "bool"),
    ] {
        let Err(ArrayError::ElementType { found }) = read(class, 1, &[0; 8]) else {
            panic!("{class} was read");
        };
        assert!(found.contains(name), "{class}: {found}");
    }
}

#[test]
fn byte_order_follows_its_member() {
    let pickle = dict_of(|pickle| pickle.tensor(|p| p.storage("FloatStorage", "0", 1), 0, &[1], &[1]));
    let with = |byte_order: Option<&[u8]>| {
        let member = |name: &str, bytes: &[u8]| (format!("x/{name}"), bytes.to_vec());
        let mut members = vec![member("data.pkl", &pickle), member("data/0", &1.0f32.to_be_bytes())];
        members.extend(byte_order.map(|order| member("byteorder", order)));
        archive(&members, CompressionMethod::Stored)
    };
    let value = |file: &[u8]| read_all(file).unwrap().remove(0).1.unwrap()[0];
    assert_eq!(value(&with(Some(b"big"))), 1.0);
    assert_ne!(value(&with(Some(b"little"))), 1.0);
    assert_ne!(value(&with(None)), 1.0);
    let error = format_problem(&with(Some(b"middle"))).to_string();
    assert!(error.contains("byteorder"), "{error}");
}

#[test]
fn nested_dictionaries_give_names() {
    let tensor = |pickle: Pickle| pickle.tensor(six_floats, 0, &[6], &[1]);
    let pickle =
        tensor(Pickle::new().raw(b"}(").text("epoch").int(7).text("state_dict").raw(b"}(").text("w"));
    let pickle = pickle.raw(b"u").text("optimizer").raw(b"}").text("state").raw(b"}").int(0);
    let pickle = tensor(pickle.raw(b"}").text("exp_avg")).raw(b"sss").text("loss").raw(b"G").raw(&[0; 8]);
    // Tensors in lists have no names.
    let pickle = tensor(pickle.text("history").raw(b"](")).raw(b"e").text("best").raw(b"N").raw(b"u");
    assert_eq!(names(pickle.end()), ["state_dict.w", "optimizer.state.0.exp_avg"]);
}

#[test]
fn parameters_and_the_dictionaries_of_python_2() {
    let pickle = dict_of(|pickle| {
        let pickle = pickle.global("torch._utils", "_rebuild_parameter").raw(b"(");
        let pickle = pickle.tensor(six_floats, 0, &[6], &[1]).raw(b"\x88");
        pickle.global("collections", "OrderedDict").raw(b")RtR")
    });
    assert_eq!(names(pickle), ["a"]);
    // OrderedDict([["a", tensor]]), with a short string of bytes for the name.
    let pickle = Pickle::new().global("collections", "OrderedDict").raw(b"(](](U\x01a");
    let pickle = pickle.tensor(six_floats, 0, &[6], &[1]).raw(b"eetR").end();
    assert_eq!(names(pickle), ["a"]);
}

#[test]
fn newer_protocols() {
    let frame = [0x95, 1, 0, 0, 0, 0, 0, 0, 0];
    let pickle = Pickle::new().raw(&[0x80, 4]).raw(&frame).raw(b"}\x94(\x8c\x01a\x94");
    // STACK_GLOBAL instead of GLOBAL.
    let pickle = pickle.text("torch._utils").text("_rebuild_tensor").raw(b"\x93(");
    let pickle = six_floats(pickle).int(0).int(6).raw(b"\x85").int(1).raw(b"\x85tRu").end();
    assert_eq!(names(pickle), ["a"]);
    malformed(Pickle::new().raw(&[0x80, 6]).raw(b"}").end(), "version 6");
}

#[test]
fn whatever_could_run_something_is_refused_by_its_name() {
    let call = |module, name| Pickle::new().global(module, name).raw(b"(").text("true").raw(b"tR").end();
    for (module, name) in [
        ("os", "system"),
        ("builtins", "eval"),
        ("__builtin__", "exec"),
        ("torch", "load"),
        ("torch", "nn.Module"),
        ("torch.nn.modules.conv", "Conv2d"),
        ("collections", "OrderedDict.__init__"),
        ("numpy.core.multiarray", "_reconstruct"),
    ] {
        assert_eq!(forbidden(call(module, name)), format!("{module}.{name}"));
    }
    let stack_global =
        Pickle::new().text("posix").text("system").raw(b"\x93").text("true").raw(b"\x85R").end();
    assert_eq!(forbidden(stack_global), "posix.system");
    for (opcode, name) in [
        (&b"ios\nsystem\n"[..], "INST"),
        (b"o", "OBJ"),
        (b"\x81", "NEWOBJ"),
        (b"\x92", "NEWOBJ_EX"),
        (b"\x82\x01", "EXT1"),
        (b"\x83\x01\x00", "EXT2"),
        (b"\x84\x01\x00\x00\x00", "EXT4"),
        (b"P0\n", "PERSID"),
        (b"I1\n", "INT"),
        (b"S'a'\n", "STRING"),
        (b"Va\n", "UNICODE"),
        (b"\x8f", "EMPTY_SET"),
        (b"\x96", "BYTEARRAY8"),
        (b"\x97", "NEXT_BUFFER"),
        (b"\xff", "0xff"),
    ] {
        let what = forbidden(Pickle::new().raw(b"((").raw(opcode).end());
        assert!(what.ends_with(name), "{what} is not {name}");
    }
    // A call of what the pickle made itself, attributes for it, and a storage without a persistent id.
    assert!(forbidden(Pickle::new().text("os.system").raw(b")R").end()).contains("REDUCE"));
    assert!(forbidden(Pickle::new().text("a").raw(b"}b").end()).contains("BUILD"));
    assert!(forbidden(Pickle::new().global("torch", "FloatStorage").raw(b")R").end()).contains("storage"));
    // Names that would spoil a terminal, or fill it.
    let name = forbidden(Pickle::new().global("\x1b[2Jos", &"x".repeat(1000)).end());
    assert!(name.starts_with("?[2Jos.xxx") && name.len() == 80, "{name}");
    let error = problem(call("os", "system")).to_string();
    assert!(error.contains("os.system") && error.contains("state_dict"), "{error}");
}

#[test]
fn quantized_tensors_are_called_so() {
    // A quantized tensor as PyTorch pickles it, up to the call.
    let tensor = Pickle::new().ordered_dict().text("0.weight").global("torch._utils", "_rebuild_qtensor");
    let error = problem(tensor.end());
    assert_eq!(error, FormatError::Quantized { what: "torch._utils._rebuild_qtensor".to_owned() });
    let text = error.to_string();
    assert!(text.contains("quantized tensors") && text.contains("before it was quantized"), "{text}");
    for (module, name) in [
        ("torch._utils", "_rebuild_tensor_v3"),
        ("torch", "QInt8Storage"),
        ("torch", "QUInt8Storage"),
        ("torch", "qint8"),
        ("torch", "per_channel_affine"),
        ("torch.ao.nn.quantized.modules.conv", "Conv2d"),
        ("torchao.dtypes.affine_quantized_tensor", "AffineQuantizedTensor"),
    ] {
        let what = format!("{module}.{name}");
        assert_eq!(problem(Pickle::new().global(module, name).end()), FormatError::Quantized { what });
    }
}

#[test]
fn malformed_pickles() {
    for (pickle, mention) in [
        (Vec::new(), "no end"),
        (vec![0x80], "no end"),
        (vec![0x80, 2, b'}'], "no end"),
        (b"\x80\x02cos".to_vec(), "no end"),
        (Pickle::new().end(), "empty stack"),
        (Pickle::new().raw(b"0").end(), "empty stack"),
        (Pickle::new().raw(b"t").end(), "empty stack"),
        (Pickle::new().raw(b"N(\x85").end(), "empty stack"),
        // The MARK stays, and the tuple is the object.
        (Pickle::new().raw(b"}(NNN\x87").end(), "a list instead of a dictionary"),
        (Pickle::new().raw(b"h\x05").end(), "never stored"),
        (Pickle::new().raw(b"}(Nu").end(), "key without a value"),
        (Pickle::new().raw(b"]N)s").end(), "no dictionary"),
        (Pickle::new().raw(b"}Na").end(), "no list"),
        (Pickle::new().raw(b"NQ").end(), "no tuple"),
        (Pickle::new().text("storage").raw(b"\x85Q").end(), "persistent id"),
        (Pickle::new().raw(b"X\xff\xff\xff\xffshort").end(), "no end"),
        (Pickle::new().raw(b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff").end(), "no end"),
        (Pickle::new().raw(b"X\x01\0\0\0\xff").end(), "UTF-8"),
        (Pickle::new().int(5).end(), "an integer instead of a dictionary"),
        (Pickle::new().tensor(six_floats, 0, &[6], &[1]).end(), "a single tensor instead"),
        ([Pickle::new().raw(b"}").end(), vec![b'.']].concat(), "goes on behind"),
        (dict_of(|p| p.tensor(six_floats, -1, &[6], &[1])), "negative"),
        (dict_of(|p| p.tensor(six_floats, 0, &[-6], &[1])), "negative"),
        (dict_of(|p| p.tensor(six_floats, 0, &[6], &[-1])), "negative"),
        (dict_of(|p| p.tensor(six_floats, 0, &[6], &[])), "one stride for each axis"),
        (dict_of(|p| p.tensor(six_floats, 0, &[1; 17], &[1; 17])), "more than 16 axes"),
        (dict_of(|p| p.tensor(|p| p.raw(b"N"), 0, &[6], &[1])), "no storage"),
    ] {
        let text = String::from_utf8_lossy(&pickle).into_owned();
        match problem(pickle) {
            FormatError::Malformed { reason, .. } if reason.contains(mention) => {}
            error => panic!("{text:?} should be refused for {mention:?}: {error}"),
        }
    }
}

/// Shared and circular containers take a few bytes each, and would unfold without bound.
#[test]
fn bombs_stay_small() {
    // A dictionary that contains itself, under a name for each of a thousand entries.
    let entries = (0..1000).fold(Pickle::new().raw(b"}q\0("), |p, key| p.int(key).raw(b"h\0"));
    assert_eq!(names(entries.raw(b"u").end()), [""; 0]);
    // Each dictionary holds the next twice: 2^15 ways to the tensor, and one name.
    let doubled = (0..15).fold(Pickle::new(), |p, _| p.raw(b"}("));
    let doubled = doubled.raw(b"}").text("a").tensor(six_floats, 0, &[6], &[1]).raw(b"s");
    let doubled = (0..15u8).fold(doubled, |p, level| {
        let slot = [b'q', level];
        p.raw(&slot).raw(b"0").text("l").raw(&[b'h', level]).text("r").raw(&[b'h', level]).raw(b"u")
    });
    assert_eq!(names(doubled.end()), [["l"; 15].join(".") + ".a"]);
    // Deeper than any checkpoint.
    let deep = (0..100_000).fold(Pickle::new(), |p, _| p.raw(b"}Kx"));
    let deep = (0..100_000).fold(deep.raw(b"}"), |p, _| p.raw(b"s")).end();
    malformed(deep, "nested more than 16 deep");
    let tuples = Pickle::new().raw(b")").raw(&vec![0x85; 1_000_000]).end();
    malformed(tuples, "a list instead of a dictionary");
    // One long list copied again and again.
    let list = Pickle::new().raw(b"](N\x85N\x86q\0").raw(&b"h\0".repeat(100_000)).raw(b"e\x85q\x01");
    let copies = list.global("collections", "OrderedDict").raw(b"q\x02").raw(&b"h\x02h\x01R0".repeat(10_000));
    malformed(copies.raw(b"}").end(), "more entries than it has bytes");
    // One long name for many tensors.
    let names = Pickle::new().text(&"n".repeat(100_000)).raw(b"q\0");
    let names =
        names.tensor(six_floats, 0, &[6], &[1]).raw(b"q\x010").raw(b"0}(").raw(&b"h\0h\x01".repeat(50_000));
    malformed(names.raw(b"u").end(), "more than 4 MiB");
    // One long key for many storages.
    let key = "k".repeat(100_000);
    malformed(dict_of(|p| p.tensor(|p| p.storage("FloatStorage", &key, 6), 0, &[6], &[1])), "255 bytes");
    let long = Pickle::new().raw(&b"N0".repeat(600_000)).raw(b"}").end();
    malformed(long, "longer than 1 MiB");
}

#[test]
fn one_storage_with_two_lengths() {
    let tensor = |pickle: Pickle, name: &str, count| {
        pickle.text(name).tensor(|p| p.storage("FloatStorage", "0", count), 0, &[1], &[1])
    };
    let pickle = tensor(tensor(Pickle::new().raw(b"}("), "a", 6), "b", 1_000_000);
    malformed(pickle.raw(b"u").end(), "two lengths");
}

#[test]
fn archives_that_pytorch_does_not_write() {
    let pickle = || dict_of(|pickle| pickle.tensor(six_floats, 0, &[6], &[1]));
    let compressed = |members: &[(&str, Vec<u8>)]| {
        let members: Vec<_> =
            members.iter().map(|(name, bytes)| (format!("x/{name}"), bytes.clone())).collect();
        archive(&members, CompressionMethod::Deflated)
    };
    let error = format_problem(&compressed(&[("data.pkl", pickle()), ("data/0", six())])).to_string();
    assert!(error.contains("x/data.pkl is compressed"), "{error}");
    // A storage that would unfold to 64 MB.
    let mut file = zipped_with(pickle(), &[six()]);
    let (local, central) = zip_headers(&file, "net/data/0");
    file[local + 8] = 8;
    file[central + 10] = 8;
    let problem = read_all(&file).unwrap().remove(0).1.unwrap_err();
    assert!(
        matches!(&problem, ArrayError::Unreadable { reason } if reason.contains("compressed")),
        "{problem}"
    );
    // A changed value, which only the checksum tells.
    let mut file = zipped_with(pickle(), &[six()]);
    let (local, _) = zip_headers(&file, "net/data/0");
    file[local + 30 + "net/data/0".len() + 10] ^= 1;
    let problem = read_all(&file).unwrap().remove(0).1.unwrap_err();
    assert!(
        matches!(&problem, ArrayError::Unreadable { reason } if reason.contains("checksum")),
        "{problem}"
    );
}

#[track_caller]
fn legacy_refused(file: &[u8], mention: &str) {
    match format_problem(file) {
        FormatError::Malformed { format: Format::TorchLegacy, reason } if reason.contains(mention) => {}
        error => panic!("{error} does not mention {mention}"),
    }
}

#[test]
fn files_before_version_1_6_that_lie() {
    let object = || dict_of(|pickle| pickle.tensor(six_floats, 0, &[6], &[1]));
    let storage = |count| (count, six());
    assert_eq!(read_all(&legacy_with(&object(), &["0"], &[storage(6)])).unwrap().len(), 1);
    for (keys, storages, mention) in [
        (&["0"][..], vec![storage(5)], "two lengths"),
        (&["0"], vec![storage(u64::MAX)], "two lengths"),
        (&["0"], vec![(6, six()[1..].to_vec())], "ends within its storages"),
        (&["0"], Vec::new(), "ends within its storages"),
        (&["0"], vec![(6, [six(), vec![0]].concat())], "goes on behind"),
        (&["0", "0"], vec![storage(6), storage(6)], "storage twice"),
        (&["1"], vec![storage(6)], "no tensor uses"),
        (&[], Vec::new(), "lacks a storage"),
    ] {
        legacy_refused(&legacy_with(&object(), keys, &storages), mention);
    }
    let huge = dict_of(|p| p.tensor(|p| p.storage("DoubleStorage", "0", i64::MAX), 0, &[6], &[1]));
    legacy_refused(&legacy_with(&huge, &["0"], &[storage(i64::MAX as u64)]), "ends within its storages");
    // Other pickles, and another version.
    legacy_refused(&Pickle::new().raw(b"}").end(), "not one that torch.save wrote");
    let mut file = legacy(&some_arrays());
    let version = file.windows(3).position(|window| window == b"M\xe9\x03").unwrap();
    file[version + 1] = 0xea;
    legacy_refused(&file, "version is not 1001");
    let whole = legacy(&some_arrays());
    for length in 2..whole.len() {
        assert!(read_all(&whole[..length]).is_err(), "{length}");
    }
    let calls = Pickle::new().global("os", "system").raw(b"(").text("true").raw(b"tR").end();
    assert_eq!(
        format_problem(&legacy_with(&calls, &[], &[])),
        FormatError::Forbidden { what: "os.system".to_owned() }
    );
}
