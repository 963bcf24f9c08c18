//! The folder of a demo: its files are made elsewhere on the same disk, and moved to their names when all are whole.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use impasto::files::TemporaryFolder;

use super::FILES;
use crate::run::outputs::{check_folder, folder_of};

/// Checks that a demo can be written to `folder`, and, unless `force`, that it replaces nothing.
pub(super) fn check(folder: &Path, force: bool) -> anyhow::Result<()> {
    check_folder(folder, "write the demo")?;
    let there: Vec<PathBuf> =
        FILES.map(|name| folder.join(name)).into_iter().filter(|path| is_there(path)).collect();
    match (there.first(), there.iter().find(|path| path.is_dir())) {
        (Some(path), _) if !force => bail!(
            "{} is there already: --force replaces the demo's files, --output-dir DIR names another folder",
            path.display()
        ),
        (_, Some(path)) => bail!("cannot replace {}: it is a folder", path.display()),
        _ => Ok(()),
    }
}

/// Also if it is a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Files that are not yet under their names. Dropped, they leave nothing.
pub(super) struct Staging {
    files: TemporaryFolder,
}

impl Staging {
    /// Nothing yet, on the disk of `folder`.
    pub(super) fn new(folder: &Path) -> anyhow::Result<Staging> {
        let beside = if folder.is_dir() { folder } else { folder_of(folder) };
        fs::create_dir_all(beside).with_context(|| cannot_write(folder))?;
        let files = TemporaryFolder::new_in(beside).with_context(|| cannot_write(folder))?;
        Ok(Staging { files })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    pub(super) fn read(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        let path = self.path(name);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.path(name);
        fs::write(&path, bytes).with_context(|| cannot_write(&path))
    }

    /// Moves the files to `folder`: as a whole where there is none, else one by one, the page last.
    pub(super) fn publish(self, folder: &Path) -> anyhow::Result<()> {
        if folder.is_dir() {
            for name in FILES {
                let path = folder.join(name);
                fs::rename(self.path(name), &path).with_context(|| cannot_write(&path))?;
            }
        } else {
            self.files.rename(folder).with_context(|| cannot_write(folder))?;
        }
        Ok(())
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}: check its folder, its permissions and the free space", path.display())
}
