//! `--snapshots`: pictures along the way, `iter_000100.png` after 100 iterations.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use impasto::Iteration;
use impasto::image::save_image;

/// Where and how often pictures are saved.
pub(crate) struct Snapshots {
    folder: PathBuf,
    every: usize,
}

impl Snapshots {
    pub(crate) fn new(folder: &Path, every: usize) -> Snapshots {
        Snapshots { folder: folder.to_path_buf(), every }
    }

    /// Whether as many iterations are completed as a snapshot asks for.
    pub(crate) fn is_due(&self, iteration: &Iteration<'_>) -> bool {
        (iteration.index + 1).is_multiple_of(self.every)
    }

    /// Saves the picture if it is time for it.
    pub(crate) fn save(&self, iteration: &Iteration<'_>) -> anyhow::Result<()> {
        if !self.is_due(iteration) {
            return Ok(());
        }
        let completed = iteration.index + 1;
        // Only here, so that a run that fails before it leaves no empty folder.
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot create the folder {} for snapshots", self.folder.display()))?;
        save_image(&self.folder.join(file_name(completed)), iteration.picture().view())?;
        Ok(())
    }
}

fn file_name(completed: usize) -> String {
    format!("iter_{completed:06}.png")
}

/// Whether a snapshot may have this name.
pub(crate) fn is_file_name(name: &str) -> bool {
    let number = name.strip_prefix("iter_").and_then(|rest| rest.strip_suffix(".png"));
    number.and_then(|number| number.parse().ok()).is_some_and(|completed| file_name(completed) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_snapshots_are_recognized() {
        for name in ["iter_000001.png", "iter_000100.png", "iter_1234567.png"] {
            assert!(is_file_name(name), "{name}");
        }
        for name in ["iter_100.png", "iter_0000100.png", "iter_000100.jpg", "iter_.png", "result.png"] {
            assert!(!is_file_name(name), "{name}");
        }
    }
}
