//! Files changed at random, for every reader: none may panic, take long, or fill the memory. A few hundred cases run
//! with the other tests; CONTRIBUTING.md tells how to run more. What is wrong with which file is for the readers' own
//! tests.
//!
//! Changes to a file with checksums rarely get past them. Each such file is therefore also changed inside, and sealed
//! again.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use zip::CompressionMethod;

use super::checkpoint::testing::{self as tables, Record};
use super::testing::{
    all_of, archive, legacy, members, npz, read_all, safetensors, safetensors_with, some_arrays, zipped,
};
use super::torch::testing::{Pickle, dict_of, legacy_with, zipped_with};
use super::{StoredArray, npy};

/// The longest that a small file may take to be read or refused.
const LONGEST: Duration = Duration::from_secs(1);

/// A change to some bytes; positions are taken modulo their number.
#[derive(Debug, Clone)]
enum Edit {
    Set(Index, u8),
    Flip(Index, u8),
    /// A number of this many bytes, little-endian.
    Number(Index, u64, usize),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize, usize),
    Truncate(Index),
}

impl Edit {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len();
        match self {
            Self::Set(at, byte) => bytes[at.index(length)] = *byte,
            Self::Flip(at, bit) => bytes[at.index(length)] ^= 1 << (bit % 8),
            Self::Number(at, number, width) => {
                let start = at.index(length);
                let end = length.min(start + width);
                bytes[start..end].copy_from_slice(&number.to_le_bytes()[..end - start]);
            }
            Self::Insert(at, new) => {
                drop(bytes.splice(at.index(length)..at.index(length), new.iter().copied()))
            }
            Self::Remove(at, count) => {
                drop(bytes.drain(at.index(length)..length.min(at.index(length) + count)))
            }
            Self::Repeat(at, count, times) => {
                let start = at.index(length);
                let piece = bytes[start..length.min(start + count)].repeat(*times);
                bytes.splice(start..start, piece);
            }
            Self::Truncate(at) => bytes.truncate(at.index(length)),
        }
    }
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let at = any::<Index>;
    let number = prop_oneof![
        any::<u64>(),
        0..300u64,
        (0..64u32).prop_map(|bit| 1 << bit),
        (0..64u32).prop_map(|bit| u64::MAX >> bit)
    ];
    let edit = prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        4 => (at(), any::<u8>()).prop_map(|(at, bit)| Edit::Flip(at, bit)),
        3 => (at(), number, prop_oneof![Just(1usize), Just(2), Just(4), Just(8)])
            .prop_map(|(at, number, width)| Edit::Number(at, number, width)),
        2 => (at(), vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        2 => (at(), 1..40usize).prop_map(|(at, count)| Edit::Remove(at, count)),
        1 => (at(), 1..60usize, 1..400usize).prop_map(|(at, count, times)| Edit::Repeat(at, count, times)),
        1 => at().prop_map(Edit::Truncate),
    ];
    vec(edit, 1..6)
}

/// The bytes with some edits.
fn edited(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    edits().prop_map(move |edits| {
        let mut bytes = bytes.clone();
        edits.iter().for_each(|edit| edit.apply(&mut bytes));
        bytes
    })
}

/// Any bytes behind these.
fn anything(start: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..400).prop_map(move |rest| [start, &rest].concat())
}

/// Members of an archive, with one of them edited, sealed.
fn resealed(
    members: Vec<(String, Vec<u8>)>,
    compression: CompressionMethod,
) -> impl Strategy<Value = Vec<u8>> {
    (any::<Index>(), edits()).prop_map(move |(index, edits)| {
        let mut members = members.clone();
        let member = index.index(members.len());
        edits.iter().for_each(|edit| edit.apply(&mut members[member].1));
        archive(&members, compression)
    })
}

/// Opcodes that name what tensors need.
const GLOBALS: [&str; 4] = [
    "ccollections\nOrderedDict\n",
    "ctorch\nFloatStorage\n",
    "ctorch._utils\n_rebuild_tensor_v2\n",
    "ctorch._utils\n_rebuild_parameter\n",
];

/// Pickles of opcodes in any order, most of them meaningful.
fn pickles() -> impl Strategy<Value = Vec<u8>> {
    let opcode = prop_oneof![
        8 => prop::sample::select(&b"(012NRQbate]ldsu})"[..]).prop_map(|opcode| vec![opcode]),
        2 => prop::sample::select(&[0x85u8, 0x86, 0x87, 0x88, 0x89, 0x93, 0x94][..]).prop_map(|opcode| vec![opcode]),
        3 => (prop::sample::select(&b"qhK"[..]), 0..8u8).prop_map(|(opcode, slot)| vec![opcode, slot]),
        1 => any::<i32>().prop_map(|number| [&b"J"[..], &number.to_le_bytes()].concat()),
        1 => vec(any::<u8>(), 0..12).prop_map(|bytes| [&[0x8a, bytes.len() as u8], &bytes[..]].concat()),
        2 => prop::sample::select(&["storage", "0", "cpu", "collections", "OrderedDict", "torch._utils"][..])
            .prop_map(|text| [&[0x8c, text.len() as u8], text.as_bytes()].concat()),
        2 => prop::sample::select(&GLOBALS[..]).prop_map(|global| global.as_bytes().to_vec()),
        2 => Just(dict_of(|pickle| pickle.tensor(|p| p.storage("FloatStorage", "0", 6), 0, &[2, 3], &[3, 1])))
            .prop_map(|pickle| pickle[2..pickle.len() - 1].to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    vec(opcode, 0..60).prop_map(|opcodes| Pickle::new().raw(&opcodes.concat()).end())
}

/// A member of what `torch.save` made of the arrays.
static TORCH_PICKLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let file = zipped(&some_arrays());
    let mut archive = super::archive::open(std::io::Cursor::new(file)).unwrap();
    let mut pickle = Vec::new();
    std::io::copy(&mut archive.by_name("net/data.pkl").unwrap(), &mut pickle).unwrap();
    pickle
});

fn storages() -> Vec<Vec<u8>> {
    some_arrays().iter().map(|(_, array)| super::testing::bytes(array)).collect()
}

fn npy_files() -> impl Strategy<Value = Vec<u8>> {
    let (_, file) = members(&some_arrays()).swap_remove(1);
    prop_oneof![4 => edited(file), 1 => anything(b"\x93NUMPY\x01\0\x10\0{'descr': '<f4'")]
}

fn npz_files() -> impl Strategy<Value = Vec<u8>> {
    let members = members(&some_arrays());
    prop_oneof![
        2 => edited(npz(&some_arrays())),
        2 => edited(archive(&members, CompressionMethod::Deflated)),
        2 => resealed(members.clone(), CompressionMethod::Stored),
        1 => resealed(members, CompressionMethod::Deflated),
        1 => anything(b"PK\x03\x04"),
    ]
}

fn torch_zip_files() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        2 => edited(zipped(&some_arrays())),
        4 => edited(TORCH_PICKLE.clone()).prop_map(|pickle| zipped_with(pickle, &storages())),
        4 => pickles().prop_map(|pickle| zipped_with(pickle, &storages())),
        1 => anything(b"\x80\x02}(").prop_map(|pickle| zipped_with(pickle, &storages())),
    ]
}

fn torch_legacy_files() -> impl Strategy<Value = Vec<u8>> {
    let with = |pickle: Vec<u8>| legacy_with(&pickle, &["0"], &[(6, vec![0; 24])]);
    prop_oneof![
        4 => edited(legacy(&some_arrays())),
        3 => pickles().prop_map(with),
        1 => anything(b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."),
    ]
}

fn safetensors_files() -> impl Strategy<Value = Vec<u8>> {
    let file = safetensors(&some_arrays());
    let length = file.len() - some_arrays().iter().map(|(_, array)| 4 * array.len()).sum::<usize>();
    let (header, data) = (file[8..length].to_vec(), file[length..].to_vec());
    let sealed =
        edited(header).prop_map(move |header| safetensors_with(&String::from_utf8_lossy(&header), &data));
    prop_oneof![3 => edited(file), 4 => sealed, 1 => anything(b"\x20\0\0\0\0\0\0\0{\"a\":{")]
}

/// An index and the values of its shard.
fn checkpoints() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let (index, data) = tables::checkpoint(&some_arrays());
    let (records, _) = tables::records(&some_arrays());
    let block = tables::block(&records);
    let spoil = |records: &[Record], at: &Index, edits: &[Edit]| {
        let mut records = records.to_vec();
        let spoilt = at.index(records.len());
        let (key, value) = &mut records[spoilt];
        edits.iter().for_each(|edit| edit.apply(value));
        if let Some(edit) = edits.get(4) {
            edit.apply(key);
        }
        tables::table(&[tables::block(&records)], 0)
    };
    let whole = data.clone();
    prop_oneof![
        2 => (edited(index.clone()), Just(data.clone())),
        1 => (Just(index), edited(data.clone())),
        3 => (edited(block).prop_map(|block| tables::table(&[block], 0)), Just(data)),
        4 => (any::<Index>(), edits())
            .prop_map(move |(at, edits)| (spoil(&records, &at, &edits), whole.clone())),
        1 => (anything(b"").prop_map(|block| tables::table(&[block], 0)), Just(Vec::new())),
    ]
}

/// Runs a reader, and checks that it does not take long. It has three tries, since the machine may have other things to
/// do.
fn timed(read: impl Fn()) -> Result<(), TestCaseError> {
    let is_quick = |_| {
        let start = Instant::now();
        read();
        start.elapsed() < LONGEST
    };
    prop_assert!((0..3).any(is_quick), "takes more than {LONGEST:?}");
    Ok(())
}

fn read(file: &[u8]) -> Result<(), TestCaseError> {
    timed(|| {
        if let Ok(arrays) = read_all(file) {
            arrays
                .iter()
                .filter_map(|(_, array)| array.as_ref().err())
                .for_each(|error| drop(error.to_string()));
        }
    })
}

proptest! {
    #[test]
    fn npy_never_panics(file in npy_files()) {
        timed(|| drop(npy::open(&file[..]).and_then(StoredArray::into_array)))?;
    }

    #[test]
    fn npz_never_panics(file in npz_files()) {
        read(&file)?;
    }

    #[test]
    fn torch_zip_never_panics(file in torch_zip_files()) {
        read(&file)?;
    }

    #[test]
    fn torch_legacy_never_panics(file in torch_legacy_files()) {
        read(&file)?;
    }

    #[test]
    fn safetensors_never_panics(file in safetensors_files()) {
        read(&file)?;
    }

    #[test]
    fn checkpoint_never_panics((index, data) in checkpoints()) {
        timed(|| {
            if let Ok(mut checkpoint) = tables::open(&index, &data) {
                all_of(&mut checkpoint);
            }
        })?;
    }
}
