//! A folder of `.npy` files, flat or in subfolders. Nothing is opened before it is asked for.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::error::{ArrayError, unreadable};
use super::npy;
use super::source::{ArraySource, StoredArray};

/// Which subfolders are searched.
#[derive(Debug, Clone, Copy)]
pub struct Scopes {
    /// The subfolders of the folder itself; others are not entered, whatever lies there.
    pub names: &'static [&'static str],
    /// Subfolders above the deepest array.
    pub depth: usize,
}

/// The `.npy` files of a folder: found, not yet opened.
pub(crate) struct Directory {
    names: Vec<String>,
    /// The file of each name.
    paths: Vec<PathBuf>,
}

impl Directory {
    /// Finds the `.npy` files of `path` and of the subfolders in `scopes`.
    pub(crate) fn open(path: &Path, scopes: Scopes) -> io::Result<Self> {
        let mut found = Vec::new();
        find_arrays(path, scopes, "", 0, &mut found)?;
        // Folders list their files in any order; messages should not depend on it.
        found.sort();
        let (names, paths) = found.into_iter().unzip();
        Ok(Self { names, paths })
    }

    /// The files, in the order of their names.
    pub(super) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }
}

impl ArraySource for Directory {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn open(&mut self, index: usize) -> Result<StoredArray<'_>, ArrayError> {
        let file = File::open(&self.paths[index]).map_err(unreadable)?;
        npy::open(file)
    }
}

/// Collects the name (scopes and file name joined by slashes, no extension) and path of every `.npy` file.
fn find_arrays(
    folder: &Path,
    scopes: Scopes,
    scope: &str,
    depth: usize,
    found: &mut Vec<(String, PathBuf)>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // An array whose name is not Unicode cannot be asked for.
        let Ok(file_name) = entry.file_name().into_string() else {
            continue;
        };
        let path = entry.path();
        // Follows links, and fails on a broken one, which then holds no array.
        let Ok(metadata) = fs::metadata(&path) else {
            continue;
        };
        if metadata.is_dir() {
            let is_scope = depth > 0 || scopes.names.contains(&file_name.as_str());
            if is_scope && depth < scopes.depth {
                find_arrays(&path, scopes, &format!("{scope}{file_name}/"), depth + 1, found)?;
            }
        } else if metadata.is_file()
            && let Some(name) = file_name.strip_suffix(npy::SUFFIX)
        {
            found.push((format!("{scope}{name}"), path));
        }
    }
    Ok(())
}
