//! PyTorch's files for tests: pickles made opcode by opcode, so that they can be as wrong as a test wants.

use ndarray::ArrayD;
use zip::CompressionMethod;

use super::legacy::MAGIC_NUMBER;
use crate::testing::{archive, bytes};

/// A pickle that grows by opcodes.
#[derive(Clone)]
pub(crate) struct Pickle(Vec<u8>);

impl Pickle {
    /// Of protocol 2, as PyTorch writes.
    pub(crate) fn new() -> Self {
        Self(vec![0x80, 2])
    }

    pub(crate) fn raw(mut self, opcodes: &[u8]) -> Self {
        self.0.extend(opcodes);
        self
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.raw(b"X").raw(&(text.len() as u32).to_le_bytes()).raw(text.as_bytes())
    }

    /// By the shortest opcode, as Python does.
    pub(crate) fn int(self, value: i64) -> Self {
        match value {
            0..=0xff => self.raw(&[b'K', value as u8]),
            0x100..=0xffff => self.raw(b"M").raw(&(value as u16).to_le_bytes()),
            _ if i32::try_from(value).is_ok() => self.raw(b"J").raw(&(value as i32).to_le_bytes()),
            _ => self.raw(&[0x8a, 8]).raw(&value.to_le_bytes()),
        }
    }

    pub(crate) fn global(self, module: &str, name: &str) -> Self {
        self.raw(format!("c{module}\n{name}\n").as_bytes())
    }

    pub(crate) fn ints(self, values: &[i64]) -> Self {
        values.iter().fold(self.raw(b"("), |pickle, &value| pickle.int(value)).raw(b"t")
    }

    pub(crate) fn storage(self, class: &str, key: &str, count: i64) -> Self {
        let pickle = self.raw(b"(").text("storage").global("torch", class).text(key).text("cpu");
        pickle.int(count).raw(b"tQ")
    }

    /// A storage as the format before version 1.6 has it.
    fn legacy_storage(self, class: &str, key: &str, count: i64) -> Self {
        let pickle = self.raw(b"(").text("storage").global("torch", class).text(key).text("cpu");
        pickle.int(count).raw(b"NtQ")
    }

    /// A tensor that views the storage which `storage` puts on the stack.
    pub(crate) fn tensor(
        self,
        storage: impl FnOnce(Self) -> Self,
        offset: i64,
        shape: &[i64],
        strides: &[i64],
    ) -> Self {
        let pickle = self.global("torch._utils", "_rebuild_tensor_v2").raw(b"(");
        let pickle = storage(pickle).int(offset).ints(shape).ints(strides).raw(b"\x89");
        pickle.global("collections", "OrderedDict").raw(b")RtR")
    }

    pub(crate) fn ordered_dict(self) -> Self {
        self.global("collections", "OrderedDict").raw(b")R(")
    }

    /// The whole pickle.
    pub(crate) fn end(self) -> Vec<u8> {
        self.raw(b".").0
    }
}

/// A dictionary with one tensor, `a`, made by `tensor`.
#[cfg(test)]
pub(crate) fn dict_of(tensor: impl FnOnce(Pickle) -> Pickle) -> Vec<u8> {
    tensor(Pickle::new().ordered_dict().text("a")).raw(b"u").end()
}

/// The archive that `torch.save` makes, with this pickle and these storages, numbered from 0 on.
pub(crate) fn zipped_with(pickle: Vec<u8>, storages: &[Vec<u8>]) -> Vec<u8> {
    let member = |name: &str, bytes: &[u8]| (format!("net/{name}"), bytes.to_vec());
    let mut members = vec![member("data.pkl", &pickle), member("byteorder", b"little")];
    members.extend(storages.iter().enumerate().map(|(key, bytes)| member(&format!("data/{key}"), bytes)));
    members.push(member("version", b"3\n"));
    archive(&members, CompressionMethod::Stored)
}

/// The arrays as `torch.save` saves a state dict of float32 tensors.
pub fn zipped(arrays: &[(String, ArrayD<f32>)]) -> Vec<u8> {
    let storages: Vec<Vec<u8>> = arrays.iter().map(|(_, array)| bytes(array)).collect();
    zipped_with(state_dict(arrays, Pickle::storage), &storages)
}

/// The five pickles of a file before version 1.6, and these storages: each a number of elements and its bytes.
pub(crate) fn legacy_with(object: &[u8], keys: &[&str], storages: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut file = Pickle::new().raw(&[0x8a, 10]).raw(MAGIC_NUMBER).end();
    file.extend(Pickle::new().int(1001).end());
    file.extend(Pickle::new().raw(b"}(").text("little_endian").raw(b"\x88u").end());
    file.extend(object);
    let keys = keys.iter().fold(Pickle::new().raw(b"]("), |pickle, key| pickle.text(key));
    file.extend(keys.raw(b"e").end());
    for (count, bytes) in storages {
        file.extend(count.to_le_bytes());
        file.extend(bytes);
    }
    file
}

/// The same arrays as PyTorch saved them before version 1.6.
pub fn legacy(arrays: &[(String, ArrayD<f32>)]) -> Vec<u8> {
    let keys: Vec<String> = (0..arrays.len()).map(|key| key.to_string()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let storages: Vec<_> = arrays.iter().map(|(_, array)| (array.len() as u64, bytes(array))).collect();
    legacy_with(&state_dict(arrays, Pickle::legacy_storage), &keys, &storages)
}

/// The pickle of a state dict, one storage a tensor.
fn state_dict(arrays: &[(String, ArrayD<f32>)], storage: fn(Pickle, &str, &str, i64) -> Pickle) -> Vec<u8> {
    let mut pickle = Pickle::new().ordered_dict();
    for (key, (name, array)) in arrays.iter().enumerate() {
        let shape: Vec<i64> = array.shape().iter().map(|&length| length as i64).collect();
        let mut strides: Vec<i64> = Vec::new();
        for axis in 0..shape.len() {
            strides.push(shape[axis + 1..].iter().product());
        }
        let storage = |pickle| storage(pickle, "FloatStorage", &key.to_string(), array.len() as i64);
        pickle = pickle.text(name).tensor(storage, 0, &shape, &strides);
    }
    // PyTorch adds the versions of a network's modules as an attribute.
    pickle.raw(b"u}").text("_metadata").raw(b"}sb").end()
}
