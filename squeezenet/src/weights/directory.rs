//! A folder of `.npy` files: flat, or in subfolders as TensorFlow's variable scopes name them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::error::ArrayError;
use super::npy;
use super::source::{ArraySource, StoredArray};

/// The subfolders of the folder that may hold weights; others are not entered, whatever lies there.
const SCOPES: [&str; 2] = ["features", "classifier"];

/// Subfolders above the deepest array, `features/layer3/fire/squeeze/weights.npy`.
const DEEPEST_SCOPE: usize = 4;

/// The `.npy` files of a folder: found, not yet opened.
pub(super) struct Directory {
    names: Vec<String>,
    /// The file of each name.
    paths: Vec<PathBuf>,
}

impl Directory {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut found = Vec::new();
        find_arrays(path, "", 0, &mut found)?;
        // Folders list their files in any order; messages should not depend on it.
        found.sort();
        let (names, paths) = found.into_iter().unzip();
        Ok(Self { names, paths })
    }
}

impl ArraySource for Directory {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn open(&mut self, index: usize) -> Result<StoredArray<'_>, ArrayError> {
        let file = File::open(&self.paths[index]).map_err(npy::unreadable)?;
        npy::open(file)
    }
}

/// Collects the name (scopes and file name joined by slashes, no extension) and path of every `.npy` file.
fn find_arrays(
    folder: &Path,
    scope: &str,
    depth: usize,
    found: &mut Vec<(String, PathBuf)>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // No array of ours has a name that is not Unicode.
        let Ok(file_name) = entry.file_name().into_string() else {
            continue;
        };
        let path = entry.path();
        // Follows links, and fails on a broken one, which is then no file of ours.
        let Ok(metadata) = fs::metadata(&path) else {
            continue;
        };
        if metadata.is_dir() {
            let may_hold_weights = depth > 0 || SCOPES.contains(&file_name.as_str());
            if may_hold_weights && depth < DEEPEST_SCOPE {
                find_arrays(&path, &format!("{scope}{file_name}/"), depth + 1, found)?;
            }
        } else if metadata.is_file()
            && let Some(name) = file_name.strip_suffix(npy::SUFFIX)
        {
            found.push((format!("{scope}{name}"), path));
        }
    }
    Ok(())
}
