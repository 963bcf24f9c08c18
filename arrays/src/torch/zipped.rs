//! PyTorch's files since version 1.6: a zip archive with the pickled object in `NAME/data.pkl`, and each storage in
//! `NAME/data/KEY`, uncompressed.

use std::io::{Read, Seek};

use zip::read::ZipFile;
use zip::{CompressionMethod, ZipArchive};

use super::machine::unpickle;
use super::object::Tensors;
use super::value::Heap;
use super::{LONGEST_PICKLE, PickleError};
use crate::container::OpenError;
use crate::element::ByteOrder;
use crate::error::unreadable;
use crate::error::{ArrayError, FormatError};
use crate::format::Format;
use crate::source::{ArraySource, StoredArray, Values};

/// The member with the pickled object, if `archive` has one.
pub(crate) fn pickle_member<R: Read + Seek>(archive: &ZipArchive<R>) -> Option<String> {
    let is_pickle = |name: &str| name.strip_suffix("/data.pkl").is_some_and(|folder| !folder.contains('/'));
    archive.file_names().filter_map(Result::ok).find(|name| is_pickle(name)).map(Into::into)
}

/// An open archive: the object is unpickled, the storages are not read.
pub(crate) struct TorchZip<R> {
    archive: ZipArchive<R>,
    /// What the members' names begin with.
    folder: String,
    byte_order: ByteOrder,
    tensors: Tensors,
}

impl<R: Read + Seek> TorchZip<R> {
    /// Opens an archive whose [`pickle_member`] is `pickle`.
    pub(crate) fn open(mut archive: ZipArchive<R>, pickle: &str) -> Result<Self, OpenError> {
        let folder = pickle.strip_suffix("data.pkl").unwrap_or_default().to_owned();
        let pickle = read_member(&mut archive, pickle)?;
        let tensors = tensors(&pickle).map_err(|error| error.in_format(Format::TorchZip))?;
        let byte_order_member = format!("{folder}byteorder");
        // Since PyTorch 2.1; before, every machine that ran it was little-endian.
        let byte_order = if archive.index_for_name(&byte_order_member).is_none() {
            ByteOrder::Little
        } else {
            match &read_member(&mut archive, &byte_order_member)?[..] {
                b"little" => ByteOrder::Little,
                b"big" => ByteOrder::Big,
                _ => return Err(malformed("its member byteorder says neither little nor big").into()),
            }
        };
        Ok(Self { archive, folder, byte_order, tensors })
    }
}

fn tensors(pickle: &[u8]) -> Result<Tensors, PickleError> {
    let mut heap = Heap::default();
    let (object, length) = unpickle(pickle, &mut heap)?;
    if length < pickle.len() {
        return Err(PickleError::malformed("its member data.pkl goes on behind the pickle"));
    }
    Tensors::of(object, &heap)
}

fn malformed(reason: impl Into<String>) -> FormatError {
    FormatError::Malformed { format: Format::TorchZip, reason: reason.into() }
}

/// Reads one of the small members; at its end, the checksum is compared too.
fn read_member<R: Read + Seek>(archive: &mut ZipArchive<R>, name: &str) -> Result<Vec<u8>, OpenError> {
    let member = open_member(archive, name).map_err(malformed)?;
    let mut bytes = Vec::new();
    let mut bounded = member.take(LONGEST_PICKLE as u64 + 1);
    bounded.read_to_end(&mut bytes).map_err(|error| malformed(format!("its member {name}: {error}")))?;
    if bytes.len() > LONGEST_PICKLE {
        return Err(malformed(format!("its member {name} is longer than 1 MiB")).into());
    }
    Ok(bytes)
}

/// Opens a member that must be uncompressed, as PyTorch writes all: what is read can then not be more than the file.
fn open_member<'a, R: Read + Seek>(
    archive: &'a mut ZipArchive<R>,
    name: &str,
) -> Result<ZipFile<'a, R>, String> {
    let member = archive.by_name(name).map_err(|error| format!("its member {name}: {error}"))?;
    match member.compression() {
        CompressionMethod::Stored => Ok(member),
        method => Err(format!("its member {name} is compressed ({method}), which PyTorch never does")),
    }
}

impl<R: Read + Seek> ArraySource for TorchZip<R> {
    fn names(&self) -> &[String] {
        &self.tensors.names
    }

    fn open(&mut self, index: usize) -> Result<StoredArray<'_>, ArrayError> {
        let view = &self.tensors.views[index];
        let storage = &self.tensors.storages[view.storage];
        let member = open_member(&mut self.archive, &format!("{}data/{}", self.folder, storage.key));
        let bytes = Box::new(member.map_err(|reason| unreadable(std::io::Error::other(reason)))?);
        let element = storage.kind.element().in_order(self.byte_order);
        let (shape, layout) = (view.shape.clone(), view.layout.clone());
        Ok(StoredArray { shape, layout, values: Values::Encoded { element, bytes } })
    }
}
