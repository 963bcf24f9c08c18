//! From an unpickled object to its tensors: every one that nested dictionaries lead to, named by their keys.

use std::borrow::Cow;
use std::collections::HashMap;

use super::PickleError;
use super::value::{Heap, Id, StorageKind, Value};
use crate::container::{NAMES_TOO_LONG, Names};
use crate::source::{Layout, Strides};

/// How deep dictionaries may be nested: a training state has three levels.
const DEEPEST: usize = 16;

/// The tensors of a file, and the storages that they are views of. Owns all that it names.
#[derive(Debug)]
pub(super) struct Tensors {
    pub(super) names: Vec<String>,
    /// One for each name.
    pub(super) views: Vec<View>,
    pub(super) storages: Vec<StorageRow>,
}

#[derive(Debug)]
pub(super) struct View {
    pub(super) shape: Vec<u64>,
    pub(super) layout: Layout,
    /// Into [`Tensors::storages`].
    pub(super) storage: usize,
}

#[derive(Debug)]
pub(super) struct StorageRow {
    pub(super) key: String,
    pub(super) kind: StorageKind,
    /// How many elements it has.
    pub(super) count: u64,
}

impl Tensors {
    /// Finds the tensors that `object` leads to. Tensors in lists have no name, and are left out.
    pub(super) fn of(object: Value<'_>, heap: &Heap<'_>) -> Result<Self, PickleError> {
        let Value::Dict(root) = object else {
            return Err(PickleError::malformed(format!(
                "it holds {object} instead of a dictionary of tensors"
            )));
        };
        let (storages, rows) = storages(heap)?;
        let mut walk = Walk {
            heap,
            rows: &rows,
            visited: vec![false; heap.dicts.len()],
            path: Vec::new(),
            names: Names::default(),
            views: Vec::new(),
        };
        walk.dict(root)?;
        let (names, views) = (walk.names.into_vec(), walk.views);
        Ok(Self { names, views, storages })
    }
}

/// Every storage once, and for each of the heap's which one it is.
fn storages(heap: &Heap<'_>) -> Result<(Vec<StorageRow>, Vec<usize>), PickleError> {
    let (mut storages, mut rows) = (Vec::<StorageRow>::new(), Vec::new());
    let mut known = HashMap::new();
    for storage in &heap.storages {
        let row = *known.entry(storage.key).or_insert(storages.len());
        match storages.get(row) {
            Some(first) if (first.kind, first.count) != (storage.kind, storage.count) => {
                return Err(PickleError::malformed("a storage has two lengths or types"));
            }
            Some(_) => {}
            None => storages.push(StorageRow {
                key: storage.key.to_owned(),
                kind: storage.kind,
                count: storage.count,
            }),
        }
        rows.push(row);
    }
    Ok((storages, rows))
}

struct Walk<'h, 'a> {
    heap: &'h Heap<'a>,
    /// For each storage of the heap, its number among the [`Tensors`].
    rows: &'h [usize],
    /// Dictionaries are followed once: those that contain each other would otherwise never end, or unfold without
    /// bound.
    visited: Vec<bool>,
    path: Vec<Cow<'a, str>>,
    names: Names,
    views: Vec<View>,
}

impl Walk<'_, '_> {
    fn dict(&mut self, dict: Id) -> Result<(), PickleError> {
        if std::mem::replace(&mut self.visited[dict], true) {
            return Ok(());
        }
        if self.path.len() >= DEEPEST {
            return Err(PickleError::malformed("its dictionaries are nested more than 16 deep"));
        }
        let heap = self.heap;
        for &(key, value) in &heap.dicts[dict] {
            let key = match key {
                Value::Text(key) => Cow::Borrowed(key),
                // An optimizer's state is numbered.
                Value::Int(key) => Cow::Owned(key.to_string()),
                _ => continue,
            };
            self.path.push(key);
            match value {
                Value::Dict(inner) => self.dict(inner)?,
                Value::Tensor(tensor) => self.tensor(tensor)?,
                _ => {}
            }
            self.path.pop();
        }
        Ok(())
    }

    fn tensor(&mut self, tensor: Id) -> Result<(), PickleError> {
        self.names.push(&self.path).ok_or_else(|| PickleError::malformed(NAMES_TOO_LONG))?;
        let tensor = &self.heap.tensors[tensor];
        let strides = Strides {
            offset: tensor.offset,
            strides: tensor.strides.clone(),
            stored: self.heap.storages[tensor.storage].count,
        };
        self.views.push(View {
            shape: tensor.shape.clone(),
            layout: Layout::Strided(strides),
            storage: self.rows[tensor.storage],
        });
        Ok(())
    }
}
