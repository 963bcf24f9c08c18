//! Python's objects, as far as dictionaries of tensors need them. Containers lie in a [`Heap`] and are named by number,
//! so that objects may refer to each other in any way, in circles too, and none is ever dropped recursively.

use std::fmt;

use crate::element::{Element, Float};

/// A number into one of the heap's rows.
pub(super) type Id = usize;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    /// An integer beyond 64 bits, in two's complement, little-endian.
    LongInt(&'a [u8]),
    /// Of no use to tensors, and therefore not kept.
    Float,
    Text(&'a str),
    Bytes,
    /// A list or a tuple.
    Sequence(Id),
    /// A dictionary, ordered or not.
    Dict(Id),
    Global(Global),
    Storage(Id),
    Tensor(Id),
}

/// All containers of an unpickled object.
#[derive(Debug, Default)]
pub(super) struct Heap<'a> {
    pub(super) sequences: Vec<Vec<Value<'a>>>,
    /// Entries in the order in which they were made; the same key may be there twice.
    pub(super) dicts: Vec<Vec<(Value<'a>, Value<'a>)>>,
    pub(super) storages: Vec<Storage<'a>>,
    pub(super) tensors: Vec<Tensor>,
}

impl<'a> Heap<'a> {
    pub(super) fn sequence(&mut self, items: Vec<Value<'a>>) -> Value<'a> {
        self.sequences.push(items);
        Value::Sequence(self.sequences.len() - 1)
    }

    pub(super) fn dict(&mut self, entries: Vec<(Value<'a>, Value<'a>)>) -> Value<'a> {
        self.dicts.push(entries);
        Value::Dict(self.dicts.len() - 1)
    }

    pub(super) fn storage(&mut self, storage: Storage<'a>) -> Value<'a> {
        self.storages.push(storage);
        Value::Storage(self.storages.len() - 1)
    }

    pub(super) fn tensor(&mut self, tensor: Tensor) -> Value<'a> {
        self.tensors.push(tensor);
        Value::Tensor(self.tensors.len() - 1)
    }
}

/// A row of elements that tensors are views of; its bytes are elsewhere in the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Storage<'a> {
    pub(super) key: &'a str,
    pub(super) kind: StorageKind,
    /// How many elements it has.
    pub(super) count: u64,
}

/// A view of a storage, not yet checked against it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    pub(super) storage: Id,
    /// In elements.
    pub(super) offset: u64,
    pub(super) shape: Vec<u64>,
    /// In elements, one for each axis.
    pub(super) strides: Vec<u64>,
}

/// The functions and classes that tensors need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildTensorV2,
    RebuildParameter,
    Storage(StorageKind),
}

impl Global {
    pub(super) fn find(module: &str, name: &str) -> Option<Self> {
        match (module, name) {
            ("collections", "OrderedDict") => Some(Self::OrderedDict),
            ("torch._utils", "_rebuild_tensor") => Some(Self::RebuildTensor),
            ("torch._utils", "_rebuild_tensor_v2") => Some(Self::RebuildTensorV2),
            ("torch._utils", "_rebuild_parameter") => Some(Self::RebuildParameter),
            ("torch", class) => {
                let kind = StorageKind::ALL.into_iter().find(|kind| kind.class() == class)?;
                Some(Self::Storage(kind))
            }
            _ => None,
        }
    }
}

/// What a storage's elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StorageKind {
    Half,
    BFloat16,
    Float,
    Double,
    Byte,
    Char,
    Short,
    Int,
    Long,
    Bool,
}

impl StorageKind {
    const ALL: [Self; 10] = [
        Self::Half,
        Self::BFloat16,
        Self::Float,
        Self::Double,
        Self::Byte,
        Self::Char,
        Self::Short,
        Self::Int,
        Self::Long,
        Self::Bool,
    ];

    /// The name of its class in the module `torch`.
    fn class(self) -> &'static str {
        match self {
            Self::Half => "HalfStorage",
            Self::BFloat16 => "BFloat16Storage",
            Self::Float => "FloatStorage",
            Self::Double => "DoubleStorage",
            Self::Byte => "ByteStorage",
            Self::Char => "CharStorage",
            Self::Short => "ShortStorage",
            Self::Int => "IntStorage",
            Self::Long => "LongStorage",
            Self::Bool => "BoolStorage",
        }
    }

    /// Bytes of one element.
    pub(super) fn bytes(self) -> u64 {
        match self {
            Self::Byte | Self::Char | Self::Bool => 1,
            Self::Half | Self::BFloat16 | Self::Short => 2,
            Self::Float | Self::Int => 4,
            Self::Double | Self::Long => 8,
        }
    }

    /// As little-endian numbers.
    pub(super) fn element(self) -> Element {
        match self {
            Self::Half => Float::Half.into(),
            Self::BFloat16 => Float::Brain.into(),
            Self::Float => Float::Single.into(),
            Self::Double => Float::Double.into(),
            Self::Bool => Element::Other("booleans (torch.bool)".to_owned()),
            Self::Byte => Element::Byte("integers (torch.uint8)".to_owned()),
            Self::Char => Element::Byte("integers (torch.int8)".to_owned()),
            Self::Short => Element::Other("integers (torch.int16)".to_owned()),
            Self::Int => Element::Other("integers (torch.int32)".to_owned()),
            Self::Long => Element::Other("integers (torch.int64)".to_owned()),
        }
    }
}

impl fmt::Display for Value<'_> {
    /// What kind of object it is, for messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::LongInt(_) => "an integer",
            Self::Float => "a floating-point number",
            Self::Text(_) => "a text",
            Self::Bytes => "bytes",
            Self::Sequence(_) => "a list",
            Self::Dict(_) => "a dictionary",
            Self::Global(_) => "a function or class",
            Self::Storage(_) => "a storage",
            Self::Tensor(_) => "a single tensor",
        })
    }
}
