//! A folder with two small pictures, and the command run inside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ndarray::Array3;
use tempfile::TempDir;

use crate::pictures::draw;
use impasto::image::{LoadOptions, load_image};

/// Options that make a run short.
pub(crate) const SHORT: &str = "--size 32 --iterations 3";

/// A folder that is removed with everything in it. It holds `content.png` (48x64) and `style.png` (40x40).
pub(crate) struct Sandbox {
    folder: TempDir,
    weights: PathBuf,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    pub(crate) fn new(weights: &Path) -> Sandbox {
        let folder = TempDir::new().unwrap();
        draw(&folder.path().join("content.png"), 48, 64, 1);
        draw(&folder.path().join("style.png"), 40, 40, 2);
        Sandbox { folder, weights: weights.to_path_buf() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The random weights.
    pub(crate) fn weights(&self) -> &Path {
        &self.weights
    }

    /// The command with these arguments, separated by spaces, the random weights, and no other variable of impasto's.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_impasto"));
        command
            .args(line.split_whitespace())
            .current_dir(self.folder.path())
            .env("IMPASTO_WEIGHTS", &self.weights)
            .env_remove("IMPASTO_SIMD")
            .env_remove("IMPASTO_DATA")
            .stdin(Stdio::null());
        command
    }

    /// The same without the random weights, and with a data folder that is empty until a test fills it.
    pub(crate) fn command_without_weights(&self, line: &str) -> Command {
        let mut command = self.command(line);
        command.env_remove("IMPASTO_WEIGHTS");
        for home in ["HOME", "XDG_DATA_HOME", "LOCALAPPDATA"] {
            command.env(home, self.path("data"));
        }
        command
    }

    pub(crate) fn run(&self, line: &str) -> Ended {
        end(self.command(line))
    }

    /// Runs what must succeed.
    pub(crate) fn done(&self, line: &str) -> Ended {
        let ended = self.run(line);
        assert_eq!(ended.code, Some(0), "{line}: {ended:?}");
        ended
    }

    /// Runs what must be refused: with this exit code, an error on stderr that holds all `mentions`, nothing on stdout
    /// and every file of the folder as before.
    pub(crate) fn refused(&self, line: &str, code: i32, mentions: &[&str]) {
        self.refused_as(self.command(line), line, code, mentions);
    }

    pub(crate) fn refused_as(&self, command: Command, line: &str, code: i32, mentions: &[&str]) {
        let before = self.files();
        let ended = end(command);
        assert_eq!(ended.code, Some(code), "{line}: {ended:?}");
        assert!(ended.stderr.starts_with("error: "), "{line}: {ended:?}");
        for mention in mentions {
            assert!(ended.stderr.contains(mention), "{line} does not mention {mention:?}: {ended:?}");
        }
        assert_eq!(ended.stdout, "", "{line}");
        assert_eq!(self.files(), before, "{line} left something behind");
    }

    /// The picture in a file as (H, W, 3).
    pub(crate) fn picture(&self, name: &str) -> Array3<u8> {
        load_image(&self.path(name), &LoadOptions::default()).unwrap()
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Every file and its content; folders have none.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    files.insert(path.clone(), Vec::new());
                    collect(&path, files);
                } else {
                    let bytes = fs::read(&path).unwrap();
                    files.insert(path, bytes);
                }
            }
        }
        let mut files = BTreeMap::new();
        collect(self.folder.path(), &mut files);
        files
    }
}

pub(crate) fn end(mut command: Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
