//! The pickle machine, for exactly the opcodes that `torch.save` writes for dictionaries, lists, text, numbers and
//! tensors. An opcode or a global beyond those is refused by its name. The only "calls" are the few of [`Global`], and
//! they are built in: nothing in a pickle is ever run.
//!
//! Time and memory follow the pickle's length: an opcode makes one small value, containers are shared, and where one is
//! copied its length is bounded. A memo can therefore not make much of little.

use std::collections::HashMap;

use super::value::{Global, Heap, Storage, StorageKind, Tensor, Value};
use super::{LONGEST_KEY, PickleError, opcodes};

type Result<T> = std::result::Result<T, PickleError>;

/// Newest version of the pickle protocol that is read.
const NEWEST_PROTOCOL: u8 = 5;

/// Most axes of a tensor.
const MOST_AXES: usize = 16;

/// Longest text of a message about a name in the file.
const SHOWN_CHARS: usize = 80;

/// Unpickles the object at the start of `bytes`; `heap` takes its containers. Returns it and how many bytes it took.
pub(super) fn unpickle<'a>(bytes: &'a [u8], heap: &mut Heap<'a>) -> Result<(Value<'a>, usize)> {
    let mut machine = Machine {
        bytes,
        position: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        copied: 0,
        heap,
    };
    let object = machine.run()?;
    Ok((object, machine.position))
}

struct Machine<'a, 'h> {
    bytes: &'a [u8],
    position: usize,
    stack: Vec<Value<'a>>,
    /// Heights of the stack where a MARK stands.
    marks: Vec<usize>,
    memo: HashMap<u32, Value<'a>>,
    /// How many entries of dictionaries were copied from lists.
    copied: usize,
    heap: &'h mut Heap<'a>,
}

impl<'a> Machine<'a, '_> {
    fn run(&mut self) -> Result<Value<'a>> {
        loop {
            let opcode = self.u8()?;
            if opcode == b'.' {
                return self.pop();
            }
            self.step(opcode)?;
        }
    }

    fn step(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            // PROTO, FRAME
            0x80 => self.protocol(),
            0x95 => self.take(8).map(drop),
            // MARK, POP, POP_MARK, DUP
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.pop().map(drop),
            b'1' => self.pop_to_mark().map(drop),
            b'2' => {
                let top = self.top()?;
                self.push(top)
            }
            // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
            b'q' | b'r' | 0x94 | b'h' | b'j' => self.memory(opcode),
            // BINPERSID, GLOBAL, STACK_GLOBAL, REDUCE, BUILD
            b'Q' => self.persistent(),
            b'c' => self.global(),
            0x93 => self.stack_global(),
            b'R' => self.reduce(),
            b'b' => self.build(),
            _ => match self.literal(opcode)? {
                Some(value) => self.push(value),
                None => self.container(opcode),
            },
        }
    }

    /// What the opcodes make that take nothing from the stack.
    fn literal(&mut self, opcode: u8) -> Result<Option<Value<'a>>> {
        Ok(Some(match opcode {
            // NONE, NEWTRUE, NEWFALSE
            b'N' => Value::None,
            0x88 => Value::Bool(true),
            0x89 => Value::Bool(false),
            // BININT, BININT1, BININT2, LONG1, BINFLOAT
            b'J' => Value::Int(self.u32()?.cast_signed().into()),
            b'K' => Value::Int(self.u8()?.into()),
            b'M' => Value::Int(self.u16()?.into()),
            0x8a => self.long()?,
            b'G' => {
                self.take(8)?;
                Value::Float
            }
            // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8
            0x8c => self.u8().and_then(|length| self.text(length.into()))?,
            b'X' => self.u32().and_then(|length| self.text(length.into()))?,
            0x8d => self.u64().and_then(|length| self.text(length))?,
            // SHORT_BINSTRING, BINSTRING: the texts of Python 2
            b'U' => self.u8().and_then(|length| self.text(length.into()))?,
            b'T' => self.u32().and_then(|length| self.text(length.into()))?,
            // SHORT_BINBYTES, BINBYTES
            b'C' => self.u8().and_then(|length| self.skip(length.into()))?,
            b'B' => self.u32().and_then(|length| self.skip(length.into()))?,
            // EMPTY_LIST, EMPTY_TUPLE, EMPTY_DICT
            b']' | b')' => self.heap.sequence(Vec::new()),
            b'}' => self.heap.dict(Vec::new()),
            _ => return Ok(None),
        }))
    }

    /// The opcodes that make or fill containers.
    fn container(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            // TUPLE, LIST; TUPLE1, TUPLE2, TUPLE3
            b't' | b'l' => {
                let items = self.pop_to_mark()?;
                let sequence = self.heap.sequence(items);
                self.push(sequence)
            }
            0x85..=0x87 => {
                let items = self.pop_many(usize::from(opcode - 0x84))?;
                let sequence = self.heap.sequence(items);
                self.push(sequence)
            }
            // APPEND, APPENDS
            b'a' => {
                let items = self.pop_many(1)?;
                self.append(items)
            }
            b'e' => {
                let items = self.pop_to_mark()?;
                self.append(items)
            }
            // DICT, SETITEM, SETITEMS
            b'd' => {
                let items = self.pop_to_mark()?;
                let entries = pairs(&items)?;
                let dict = self.heap.dict(entries);
                self.push(dict)
            }
            b's' => {
                let items = self.pop_many(2)?;
                self.set_items(&items)
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set_items(&items)
            }
            _ => Err(PickleError::Forbidden(opcodes::name(opcode))),
        }
    }

    fn protocol(&mut self) -> Result<()> {
        match self.u8()? {
            0..=NEWEST_PROTOCOL => Ok(()),
            newer => Err(PickleError::malformed(format!(
                "it is pickled in the unknown version {newer} of the protocol"
            ))),
        }
    }

    fn memory(&mut self, opcode: u8) -> Result<()> {
        let slot = match opcode {
            b'q' | b'h' => self.u8()?.into(),
            b'r' | b'j' => self.u32()?,
            // A pickle is shorter than 2^32 bytes, and so is its memo.
            _ => self.memo.len() as u32,
        };
        if matches!(opcode, b'h' | b'j') {
            let value = self.memo.get(&slot).copied();
            return self.push(value.ok_or_else(|| self.wrong("its pickle recalls what it never stored"))?);
        }
        let top = self.top()?;
        self.memo.insert(slot, top);
        Ok(())
    }

    /// `("storage", class, key, location, count)`, with a sixth item in the old format, which only the very first
    /// versions of PyTorch filled.
    fn persistent(&mut self) -> Result<()> {
        let id = self.pop()?;
        let storage = match *self.items(id)? {
            [
                Value::Text("storage"),
                Value::Global(Global::Storage(kind)),
                Value::Text(key),
                _,
                Value::Int(count),
            ]
            | [
                Value::Text("storage"),
                Value::Global(Global::Storage(kind)),
                Value::Text(key),
                _,
                Value::Int(count),
                Value::None,
            ] => self.storage(key, kind, count)?,
            _ => return Err(self.wrong("a persistent id is not that of a storage")),
        };
        self.push(storage)
    }

    fn storage(&mut self, key: &'a str, kind: StorageKind, count: i64) -> Result<Value<'a>> {
        if key.len() > LONGEST_KEY {
            return Err(self.wrong("a storage has a name of more than 255 bytes"));
        }
        let count = u64::try_from(count).map_err(|_| self.wrong("a storage has a negative length"))?;
        Ok(self.heap.storage(Storage { key, kind, count }))
    }

    fn global(&mut self) -> Result<()> {
        let (module, name) = (self.line()?, self.line()?);
        self.push_global(module, name)
    }

    fn stack_global(&mut self) -> Result<()> {
        let names = self.pop_many(2)?;
        let [Value::Text(module), Value::Text(name)] = names[..] else {
            return Err(self.wrong("a function or class is not named by two texts"));
        };
        self.push_global(module, name)
    }

    fn push_global(&mut self, module: &str, name: &str) -> Result<()> {
        match Global::find(module, name) {
            Some(global) => self.push(Value::Global(global)),
            None => {
                let is_quantized = is_of_quantized_tensors(module, name);
                let name = format!("{module}.{name}").replace(char::is_control, "?");
                let name = name.chars().take(SHOWN_CHARS).collect();
                Err(if is_quantized { PickleError::Quantized(name) } else { PickleError::Forbidden(name) })
            }
        }
    }

    /// The built-in calls.
    fn reduce(&mut self) -> Result<()> {
        let call = self.pop_many(2)?;
        let [Value::Global(function), arguments] = call[..] else {
            return Err(PickleError::Forbidden(
                "a call of what is no function (the opcode REDUCE)".to_owned(),
            ));
        };
        let arguments = self.items(arguments)?;
        let value = match (function, arguments) {
            (Global::OrderedDict, []) => self.heap.dict(Vec::new()),
            (Global::OrderedDict, &[entries]) => self.dict_of_pairs(entries)?,
            (Global::RebuildTensor, &[storage, offset, shape, strides])
            | (
                Global::RebuildTensorV2,
                &[storage, offset, shape, strides, _, _] | &[storage, offset, shape, strides, _, _, _],
            ) => {
                let tensor = self.tensor(storage, offset, shape, strides)?;
                self.heap.tensor(tensor)
            }
            (Global::RebuildParameter, &[tensor @ Value::Tensor(_), _, _]) => tensor,
            (Global::Storage(_), _) => {
                return Err(PickleError::Forbidden("a storage made by the pickle itself".to_owned()));
            }
            _ => return Err(self.wrong("a tensor or dictionary is made from the wrong arguments")),
        };
        self.push(value)
    }

    /// An ordered dictionary as Python 2 pickles it: a list of lists of two.
    fn dict_of_pairs(&mut self, entries: Value<'a>) -> Result<Value<'a>> {
        // An entry takes more than a byte, unless the same list is copied again and again.
        self.copied += self.items(entries)?.len();
        if self.copied > self.bytes.len() {
            return Err(self.wrong("its dictionaries have more entries than it has bytes"));
        }
        let mut pairs = Vec::new();
        for &entry in self.items(entries)? {
            match *self.items(entry)? {
                [key, value] => pairs.push((key, value)),
                _ => return Err(self.wrong("an entry of a dictionary is no pair")),
            }
        }
        Ok(self.heap.dict(pairs))
    }

    fn tensor(
        &self,
        storage: Value<'a>,
        offset: Value<'a>,
        shape: Value<'a>,
        strides: Value<'a>,
    ) -> Result<Tensor> {
        let Value::Storage(storage) = storage else {
            return Err(self.wrong("a tensor is made from what is no storage"));
        };
        let tensor = Tensor {
            storage,
            offset: self.length(offset)?,
            shape: self.lengths(shape)?,
            strides: self.lengths(strides)?,
        };
        if tensor.shape.len() != tensor.strides.len() {
            return Err(self.wrong("a tensor has not one stride for each axis"));
        }
        Ok(tensor)
    }

    fn lengths(&self, value: Value<'a>) -> Result<Vec<u64>> {
        let lengths = self.items(value)?;
        if lengths.len() > MOST_AXES {
            return Err(self.wrong("a tensor has more than 16 axes"));
        }
        lengths.iter().map(|&length| self.length(length)).collect()
    }

    fn length(&self, value: Value<'a>) -> Result<u64> {
        let Value::Int(length) = value else {
            return Err(self.wrong("an offset, length or stride of a tensor is no integer"));
        };
        u64::try_from(length).map_err(|_| self.wrong("an offset, length or stride of a tensor is negative"))
    }

    /// Attributes of an object: those of a dictionary (PyTorch's `_metadata`) say nothing about tensors, and others
    /// have none.
    fn build(&mut self) -> Result<()> {
        let built = self.pop_many(2)?;
        let [object @ Value::Dict(_), Value::Dict(_)] = built[..] else {
            return Err(PickleError::Forbidden("attributes for an object (the opcode BUILD)".to_owned()));
        };
        self.push(object)
    }

    fn append(&mut self, items: Vec<Value<'a>>) -> Result<()> {
        let Value::Sequence(list) = self.top()? else {
            return Err(self.wrong("items are appended to what is no list"));
        };
        self.heap.sequences[list].extend(items);
        Ok(())
    }

    fn set_items(&mut self, items: &[Value<'a>]) -> Result<()> {
        let Value::Dict(dict) = self.top()? else {
            return Err(self.wrong("entries are set in what is no dictionary"));
        };
        self.heap.dicts[dict].extend(pairs(items)?);
        Ok(())
    }

    fn items(&self, value: Value<'a>) -> Result<&[Value<'a>]> {
        match value {
            Value::Sequence(id) => Ok(&self.heap.sequences[id]),
            _ => Err(self.wrong("there is no tuple where one belongs")),
        }
    }

    fn push(&mut self, value: Value<'a>) -> Result<()> {
        self.stack.push(value);
        Ok(())
    }

    fn top(&self) -> Result<Value<'a>> {
        let bottom = self.marks.last().copied().unwrap_or(0);
        self.stack[bottom..].last().copied().ok_or_else(|| self.empty())
    }

    fn pop(&mut self) -> Result<Value<'a>> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// The `count` topmost values, all above the last MARK.
    fn pop_many(&mut self, count: usize) -> Result<Vec<Value<'a>>> {
        let bottom = self.marks.last().copied().unwrap_or(0);
        let start = self.stack.len().checked_sub(count).filter(|&start| start >= bottom);
        let start = start.ok_or_else(|| self.empty())?;
        Ok(self.stack.split_off(start))
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value<'a>>> {
        let mark = self.marks.pop().ok_or_else(|| self.empty())?;
        Ok(self.stack.split_off(mark))
    }

    fn empty(&self) -> PickleError {
        self.wrong("its pickle takes from an empty stack")
    }

    fn wrong(&self, what: &str) -> PickleError {
        PickleError::malformed(format!("{what}, before byte {} of the pickle", self.position))
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8]> {
        let rest = &self.bytes[self.position..];
        let taken = usize::try_from(count).ok().and_then(|count| rest.get(..count));
        let taken = taken.ok_or_else(|| PickleError::malformed("its pickle has no end"))?;
        self.position += taken.len();
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N]> {
        let taken = self.take(N as u64)?;
        Ok(*taken.first_chunk().expect("as many bytes as were taken"))
    }

    fn u8(&mut self) -> Result<u8> {
        self.fixed().map(u8::from_le_bytes)
    }

    fn u16(&mut self) -> Result<u16> {
        self.fixed().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32> {
        self.fixed().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64> {
        self.fixed().map(u64::from_le_bytes)
    }

    fn text(&mut self, length: u64) -> Result<Value<'a>> {
        let text = str::from_utf8(self.take(length)?);
        Ok(Value::Text(text.map_err(|_| self.wrong("a text is not UTF-8"))?))
    }

    fn skip(&mut self, length: u64) -> Result<Value<'a>> {
        self.take(length)?;
        Ok(Value::Bytes)
    }

    /// A line without its newline.
    fn line(&mut self) -> Result<&'a str> {
        let rest = &self.bytes[self.position..];
        let length = rest.iter().position(|&byte| byte == b'\n');
        let length = length.ok_or_else(|| PickleError::malformed("its pickle has no end"))?;
        self.position += length + 1;
        str::from_utf8(&rest[..length]).map_err(|_| self.wrong("a text is not UTF-8"))
    }

    fn long(&mut self) -> Result<Value<'a>> {
        let length = self.u8()?;
        let bytes = self.take(length.into())?;
        if bytes.len() > 8 {
            return Ok(Value::LongInt(bytes));
        }
        // The sign goes on through the bytes that are not written.
        let sign = if bytes.last().is_some_and(|&byte| byte >= 0x80) { 0xff } else { 0 };
        let mut number = [sign; 8];
        number[..bytes.len()].copy_from_slice(bytes);
        Ok(Value::Int(i64::from_le_bytes(number)))
    }
}

/// Whether a function or class makes quantized tensors: PyTorch's own storages, types and modules, and those of torchao.
fn is_of_quantized_tensors(module: &str, name: &str) -> bool {
    match module {
        // The second for numbers of 8 bits with a floating point too.
        "torch._utils" => matches!(name, "_rebuild_qtensor" | "_rebuild_tensor_v3"),
        "torch" => ["QInt", "QUInt", "qint", "quint", "per_tensor_", "per_channel_"]
            .iter()
            .any(|start| name.starts_with(start)),
        _ => [
            "torch.ao.nn.quantized",
            "torch.nn.quantized",
            "torch.ao.quantization",
            "torch.quantization",
            "torchao.",
        ]
        .iter()
        .any(|start| module.starts_with(start)),
    }
}

/// Keys and values by turns, as entries.
fn pairs<'a>(items: &[Value<'a>]) -> Result<Vec<(Value<'a>, Value<'a>)>> {
    match items.as_chunks() {
        (entries, []) => Ok(entries.iter().map(|&[key, value]| (key, value)).collect()),
        _ => Err(PickleError::malformed("a dictionary has a key without a value")),
    }
}
