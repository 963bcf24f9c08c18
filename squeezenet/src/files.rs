//! Files that appear whole or not at all. What stands in them is the caller's affair.

use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// Creates a temporary file in the folder of `path`, with the permissions of any other new file. Persisted under the
/// name `path`, it replaces what was there in one step; dropped, it leaves nothing.
///
/// # Errors
///
/// The folder does not exist, or accepts no new files.
pub fn create_beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".impasto-");
    #[cfg(unix)]
    {
        use std::{fs::Permissions, os::unix::fs::PermissionsExt};
        // Temporary files are private unless told otherwise; the umask still applies.
        builder.permissions(Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Writes a file: whoever looks finds the old one or the new one, never a part of it.
///
/// ```
/// use impasto_squeezenet::files::write_whole;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("note.txt");
/// write_whole(&path, b"first")?;
/// write_whole(&path, b"second")?; // replaces it in one step
/// assert_eq!(std::fs::read(&path)?, b"second");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`create_beside`]; the disk is full; `path` is a folder.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_beside(path)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
