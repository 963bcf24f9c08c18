//! Files that appear whole or not at all. What stands in them is the caller's affair.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Where a path leads: the target of a symbolic link, also of one whose target does not exist yet.
fn target(path: &Path) -> PathBuf {
    match (path.canonicalize(), path.read_link()) {
        (Ok(target), Ok(_)) => target,
        (Err(_), Ok(link)) => path.parent().unwrap_or(Path::new("")).join(link),
        (_, Err(_)) => path.to_path_buf(),
    }
}

/// Gives a temporary file of [`create_beside`] the name `path`, once all that was written is on the disk: it replaces what
/// was there in one step, and takes over its permissions. Of a symbolic link, the target is replaced.
///
/// # Errors
///
/// The disk is full, or the name cannot be given.
pub fn replace(file: NamedTempFile, path: &Path) -> io::Result<()> {
    let path = target(path);
    if let Ok(metadata) = path.metadata() {
        file.as_file().set_permissions(metadata.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Creates a temporary file in the folder of `path` (of a symbolic link, in that of its target), with the permissions of
/// any other new file. [`replace`] gives it the name `path`; dropped, it leaves nothing.
///
/// # Errors
///
/// The folder does not exist, or accepts no new files; the file is there and read-only.
pub fn create_beside(path: &Path) -> io::Result<NamedTempFile> {
    let path = &target(path);
    if path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().readonly()) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
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
    replace(file, path)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_link_keeps_being_one_and_its_target_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let [link, target] = ["link", "target"].map(|name| folder.path().join(name));
        symlink("target", &link).unwrap();
        for text in ["first", "second"] {
            write_whole(&link, text.as_bytes()).unwrap();
            assert!(link.is_symlink());
            assert_eq!(fs::read_to_string(&target).unwrap(), text);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn permissions_are_kept_and_read_only_files_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_whole(&path, b"first").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        write_whole(&path, b"second").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        fs::set_permissions(&path, Permissions::from_mode(0o440)).unwrap();
        let refused = write_whole(&path, b"third").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(fs::read(&path).unwrap(), b"second");
    }
}
