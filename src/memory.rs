//! How much memory a run may use: what the system has, what the process is allowed (`ulimit -v`), and what the control
//! groups that it runs in are (a container's limit, versions 1 and 2). All of it is read from files that Linux keeps;
//! elsewhere nothing is known.

use std::fs;
use std::path::{Path, PathBuf};

/// What glibc's allocator reserves of the address space for each thread that allocates, whether it is used or not.
const RESERVED_PER_THREAD: u64 = 64 << 20;

/// Bytes that could be used without swapping and without meeting a limit once this many more threads run; `None` where
/// the system does not say.
pub(crate) fn available_bytes(threads: usize) -> Option<u64> {
    available_in(Path::new("/"), threads)
}

/// The same, where `root` takes the place of the root of the file system.
fn available_in(root: &Path, threads: usize) -> Option<u64> {
    let control_groups = control_groups(root).into_iter().map(|group| group.left());
    let reserved = threads as u64 * RESERVED_PER_THREAD;
    let address_space = address_space(root).map(|left| left.saturating_sub(reserved));
    [system(root), address_space].into_iter().chain(control_groups).flatten().min()
}

/// What the system could hand out.
fn system(root: &Path) -> Option<u64> {
    kibibytes(&fs::read_to_string(root.join("proc/meminfo")).ok()?, "MemAvailable:")
}

/// What is left of the process's address space, where it is limited.
fn address_space(root: &Path) -> Option<u64> {
    let limits = fs::read_to_string(root.join("proc/self/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: u64 = line.split_whitespace().next()?.parse().ok()?;
    let used = kibibytes(&fs::read_to_string(root.join("proc/self/status")).ok()?, "VmSize:")?;
    Some(limit.saturating_sub(used))
}

/// The number of kibibytes behind a name in one of Linux's files, in bytes.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// A folder of the control groups' file system, and how its version names things.
struct ControlGroup {
    folder: PathBuf,
    limit: &'static str,
    usage: &'static str,
}

impl ControlGroup {
    /// What is left of the group's limit, if it has one. Cached files count as used, but are given up when needed.
    fn left(&self) -> Option<u64> {
        let number = |name| fs::read_to_string(self.folder.join(name)).ok()?.trim().parse::<u64>().ok();
        // Version 2 says `max` where there is no limit, version 1 a number that no machine has.
        let limit = number(self.limit)?;
        let used = number(self.usage).unwrap_or(0);
        let statistics = fs::read_to_string(self.folder.join("memory.stat")).unwrap_or_default();
        let cached = ["total_inactive_file ", "inactive_file "].into_iter().find_map(|name| {
            statistics.lines().find_map(|line| line.strip_prefix(name))?.trim().parse::<u64>().ok()
        });
        Some(limit.saturating_sub(used.saturating_sub(cached.unwrap_or(0))))
    }
}

/// The groups of this process that may limit its memory, and all around them.
fn control_groups(root: &Path) -> Vec<ControlGroup> {
    let mounted = root.join("sys/fs/cgroup");
    let mut groups = Vec::new();
    for line in fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default().lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let (base, limit, usage) = match controllers {
            "" => (mounted.clone(), "memory.max", "memory.current"),
            _ if controllers.split(',').any(|controller| controller == "memory") => {
                (mounted.join("memory"), "memory.limit_in_bytes", "memory.usage_in_bytes")
            }
            _ => continue,
        };
        // Inside a container the path may be the host's, and the container's own group be mounted as the root.
        let path = Path::new(path.trim_start_matches('/'));
        let folders = path.ancestors().map(|ancestor| base.join(ancestor));
        groups.extend(folders.map(|folder| ControlGroup { folder, limit, usage }));
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    const GIB: u64 = 1 << 30;

    fn machine(files: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        let meminfo = ("proc/meminfo", "MemTotal: 16777216 kB\nMemAvailable:    8388608 kB\n");
        for (name, text) in [&[meminfo], files].concat() {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn available(files: &[(&str, &str)]) -> Option<u64> {
        available_in(machine(files).path(), 0)
    }

    #[test]
    fn what_the_system_has() {
        assert_eq!(available(&[]), Some(8 * GIB));
        assert_eq!(available_in(tempfile::tempdir().unwrap().path(), 0), None);
    }

    #[test]
    fn an_address_space_that_is_limited() {
        let status = ("proc/self/status", "Name:\timpasto\nVmSize:\t  1048576 kB\n");
        let limits = |soft: &str| {
            format!("Limit  Soft Limit  Hard Limit  Units\nMax address space  {soft}  unlimited  bytes\n")
        };
        let four = limits("4294967296");
        let limited = [("proc/self/limits", four.as_str()), status];
        assert_eq!(available(&limited), Some(3 * GIB));
        // What 16 threads reserve is not left.
        assert_eq!(available_in(machine(&limited).path(), 16), Some(2 * GIB));
        assert_eq!(available(&[("proc/self/limits", &limits("1000")), status]), Some(0));
        assert_eq!(available(&[("proc/self/limits", &limits("unlimited")), status]), Some(8 * GIB));
    }

    #[test]
    fn a_container_of_version_2() {
        let group = ("proc/self/cgroup", "0::/a/b\n");
        let files = [
            group,
            ("sys/fs/cgroup/a/b/memory.max", "max\n"),
            ("sys/fs/cgroup/a/memory.max", "2147483648\n"),
        ];
        // The limit of the group around it counts, and what is used is taken off, but for cached files.
        assert_eq!(available(&files), Some(2 * GIB));
        let used = [
            ("sys/fs/cgroup/a/memory.current", "1610612736\n"),
            ("sys/fs/cgroup/a/memory.stat", "anon 5\ninactive_file 536870912\n"),
        ];
        assert_eq!(available(&[&files[..], &used].concat()), Some(GIB));
        // Seen from inside, where the host's path does not exist.
        assert_eq!(available(&[group, ("sys/fs/cgroup/memory.max", "1073741824\n")]), Some(GIB));
    }

    #[test]
    fn a_container_of_version_1() {
        let group = ("proc/self/cgroup", "4:memory:/docker/1\n3:cpuset:/x\n0::/\n");
        let limit = ("sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "3221225472\n");
        let used = ("sys/fs/cgroup/memory/docker/1/memory.usage_in_bytes", "1073741824\n");
        assert_eq!(available(&[group, limit, used]), Some(2 * GIB));
        let unlimited = ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(available(&[group, unlimited]), Some(8 * GIB));
    }
}
