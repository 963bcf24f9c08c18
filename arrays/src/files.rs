//! Files that appear whole or not at all. What stands in them is the caller's affair.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::{NamedTempFile, TempDir};

/// What temporary files and folders are called: these two, around characters that are drawn at random.
const PREFIX: &str = ".impasto-";
const SUFFIX: &str = ".partial";

/// How many characters are drawn.
const DRAWN: usize = 10;

/// How old a temporary file is before it may be taken for left over: far longer than it takes to lock a new one.
const STALE: Duration = Duration::from_secs(60);

/// The most links that are followed, as in Linux.
const MOST_LINKS: usize = 40;

/// Writes a file: whoever looks finds the old one or the new one, never a part of it, even after a loss of power. Of a
/// symbolic link, the target is written. A file that is replaced hands on its permissions.
///
/// ```
/// use impasto_arrays::files::write_whole;
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
/// Those of [`create_beside`]; the disk is full.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_beside(path)?;
    file.write_all(bytes)?;
    replace(file, path)
}

/// Checks that [`write_whole`] can write to `path`, as far as the system tells without writing, and removes what killed
/// processes left in its folder.
///
/// # Errors
///
/// Those of [`create_beside`].
pub fn check_writable(path: &Path) -> io::Result<()> {
    create_beside(path)?;
    remove_left_over(folder_of(&target(path)?));
    Ok(())
}

/// Creates a temporary file in the folder of `path` (of a symbolic link, in that of its target), with the permissions of
/// any other new file. [`replace`] gives it the name `path`; dropped, it leaves nothing.
///
/// # Errors
///
/// The name is too long; `path` is a folder, a device or a pipe, or a file that may not be written to or replaced; its
/// folder does not exist or accepts no new files.
pub fn create_beside(path: &Path) -> io::Result<NamedTempFile> {
    let target = target(path)?;
    let file = new_name(0o666).tempfile_in(folder_of(&target))?;
    hold(file.as_file());
    if let Some(existing) = existing(&target)? {
        check_replaceable(&target, &existing, file.as_file())?;
    }
    Ok(file)
}

/// Gives a temporary file of [`create_beside`] the name `path`, once all that was written is on the disk: it replaces what
/// was there in one step, and takes over its permissions.
///
/// # Errors
///
/// The disk is full, or the name cannot be given.
pub fn replace(file: NamedTempFile, path: &Path) -> io::Result<()> {
    let target = target(path)?;
    if let Some(existing) = existing(&target)? {
        file.as_file().set_permissions(existing.permissions())?;
    }
    // Else the new name may reach the disk before the bytes do.
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

/// A folder for files that are not yet under their names; dropped, it leaves nothing. If the process is killed,
/// a later one removes it.
#[derive(Debug)]
pub struct TemporaryFolder {
    folder: TempDir,
    // A folder can be opened, and held, on Unix alone; elsewhere it is held by nothing.
    _held: Option<File>,
}

impl TemporaryFolder {
    /// Creates one inside `parent`, with the permissions of any other new folder, and removes what killed processes left
    /// there.
    ///
    /// # Errors
    ///
    /// `parent` does not exist or accepts no new folders.
    pub fn new_in(parent: &Path) -> io::Result<TemporaryFolder> {
        remove_left_over(parent);
        let folder = new_name(0o777).tempdir_in(parent)?;
        let held = File::open(folder.path()).ok();
        held.iter().for_each(hold);
        Ok(TemporaryFolder { folder, _held: held })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Gives the folder, with all that is in it, the name `path`, which nothing may have.
    ///
    /// # Errors
    ///
    /// The name cannot be given; the folder is removed then.
    pub fn rename(self, path: &Path) -> io::Result<()> {
        fs::rename(self.path(), path)?;
        // There is nothing left to remove.
        let _ = self.folder.keep();
        Ok(())
    }
}

/// Draws the name of a file or folder with this mode, from which the umask takes its share.
fn new_name(mode: u32) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX).rand_bytes(DRAWN);
    #[cfg(unix)]
    {
        use std::{fs::Permissions, os::unix::fs::PermissionsExt};
        // Temporary files are private unless told otherwise.
        builder.permissions(Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    builder
}

/// Locks a temporary file until the process ends, however that comes about: one without a lock is left over. Some file
/// systems know no locks; on those nothing is ever taken for left over.
fn hold(file: &File) {
    let _ = file.try_lock();
}

/// The folder that a path is in.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Where a path leads: links are followed, also to a file that is not there yet.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        match fs::symlink_metadata(&target) {
            Ok(metadata) if metadata.is_symlink() => {
                let next = fs::read_link(&target)?;
                target = folder_of(&target).join(next);
            }
            Ok(_) => return Ok(target),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(target),
            // Such as a name that is too long.
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "its links lead in a circle"))
}

/// What is there, if anything is.
fn existing(target: &Path) -> io::Result<Option<Metadata>> {
    match fs::metadata(target) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Refuses to replace what is no file, and a file that its owner or the system protects. `created` is a new file in
/// the same folder.
fn check_replaceable(target: &Path, metadata: &Metadata, created: &File) -> io::Result<()> {
    let denied = |reason| Err(io::Error::new(ErrorKind::PermissionDenied, reason));
    if metadata.is_dir() {
        return Err(io::Error::new(ErrorKind::IsADirectory, "it is a folder"));
    }
    if !metadata.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is a device or a pipe, not a file"));
    }
    // Asked of the permissions too: the superuser may open any file.
    if metadata.permissions().readonly() {
        return denied("the file is read-only");
    }
    // Permissions do not tell of files that are immutable. Opening changes nothing.
    OpenOptions::new().write(true).open(target)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        const STICKY: u32 = 0o1000;
        let (folder, user) = (fs::metadata(folder_of(target))?, created.metadata()?.uid());
        let owned = [0, metadata.uid(), folder.uid()].contains(&user);
        if folder.mode() & STICKY != 0 && !owned {
            return denied("the file is another user's, in a folder where only its owner may replace it");
        }
    }
    #[cfg(not(unix))]
    let _ = created;
    Ok(())
}

/// Removes the temporary files and folders of processes that are no more. What cannot be removed stays.
fn remove_left_over(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| is_temporary(entry.file_name().to_str())) {
        // The entry's own metadata: a link of that name is not followed.
        let Ok(metadata) = entry.metadata() else { continue };
        let age = metadata.modified().ok().and_then(|time| time.elapsed().ok());
        let path = entry.path();
        let is_left_over = (metadata.is_file() || metadata.is_dir())
            && age.is_some_and(|age| age > STALE)
            && File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
        if is_left_over {
            let _ = if metadata.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
    }
}

/// Whether a temporary file or folder may have this name.
fn is_temporary(name: Option<&str>) -> bool {
    let drawn = name.and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
    drawn.is_some_and(|drawn| drawn.len() == DRAWN && drawn.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    #[cfg(unix)]
    #[test]
    fn what_killed_processes_left_is_removed_and_nothing_else() {
        let folder = tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let old = std::time::SystemTime::now() - 2 * STALE;
        let make_old = |path: &Path| File::open(path).unwrap().set_modified(old).unwrap();
        let kept = [".impasto-aB3dE6gH9jK.partial", ".impasto-notes.partial", ".impasto-young67890.partial"];
        for name in [".impasto-aB3dE6gH9j.partial", kept[0], kept[1], kept[2]] {
            File::create(path(name)).unwrap();
            if name != kept[2] {
                make_old(&path(name));
            }
        }
        fs::create_dir(path(".impasto-aFolder890.partial")).unwrap();
        fs::write(path(".impasto-aFolder890.partial/picture.png"), b"part").unwrap();
        let file = create_beside(&path("x")).unwrap();
        let temporary = TemporaryFolder::new_in(folder.path()).unwrap();
        for path in [&path(".impasto-aFolder890.partial"), file.path(), temporary.path()] {
            make_old(path);
        }
        check_writable(&path("result.png")).unwrap();
        assert!(file.path().exists() && temporary.path().exists(), "what is in use was removed");
        drop((file, temporary));
        let mut names: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, kept);
    }

    #[test]
    fn temporary_folders_vanish_or_take_their_name() {
        let folder = tempdir().unwrap();
        let temporary = TemporaryFolder::new_in(folder.path()).unwrap();
        fs::write(temporary.path().join("file"), b"whole").unwrap();
        temporary.rename(&folder.path().join("named")).unwrap();
        assert_eq!(fs::read(folder.path().join("named/file")).unwrap(), b"whole");
        drop(TemporaryFolder::new_in(folder.path()).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn names_that_are_too_long_are_found_out_before_writing() {
        let folder = tempdir().unwrap();
        assert!(check_writable(&folder.path().join("a".repeat(300))).is_err());
        check_writable(&folder.path().join("a".repeat(200))).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_written_through_and_permissions_kept() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("far")).unwrap();
        fs::write(path("far/file"), "old").unwrap();
        fs::set_permissions(path("far/file"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink("far/file", path("link")).unwrap();
        symlink("link", path("link of link")).unwrap();
        write_whole(&path("link of link"), b"new").unwrap();
        assert!(path("link").is_symlink() && path("link of link").is_symlink());
        assert_eq!(fs::read(path("far/file")).unwrap(), b"new");
        assert_eq!(fs::metadata(path("far/file")).unwrap().permissions().mode() & 0o7777, 0o640);

        symlink("far/absent", path("dangling")).unwrap();
        write_whole(&path("dangling"), b"made").unwrap();
        assert_eq!(fs::read(path("far/absent")).unwrap(), b"made");

        symlink("circle", path("circle")).unwrap();
        assert!(check_writable(&path("circle")).unwrap_err().to_string().contains("circle"));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_protected_or_no_file_is_refused_and_stays() {
        use std::os::unix::{fs::PermissionsExt, net::UnixListener};
        let folder = tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("kept"), "old").unwrap();
        fs::set_permissions(path("kept"), fs::Permissions::from_mode(0o444)).unwrap();
        let _socket = UnixListener::bind(path("socket")).unwrap();
        for (name, kind, reason) in [
            ("kept", ErrorKind::PermissionDenied, "read-only"),
            ("socket", ErrorKind::InvalidInput, "not a file"),
            (".", ErrorKind::IsADirectory, "folder"),
        ] {
            for error in [check_writable(&path(name)), write_whole(&path(name), b"new")] {
                let error = error.unwrap_err();
                assert_eq!(error.kind(), kind, "{name}: {error}");
                assert!(error.to_string().contains(reason), "{name}: {error}");
            }
        }
        assert_eq!(fs::read(path("kept")).unwrap(), b"old");
    }
}
