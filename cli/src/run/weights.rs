//! Where the network's weights are: named by the user, in the user's data folder, or in the program itself.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

use impasto::Weights;
use impasto::weights::source_files;

use crate::error::say;

/// The environment variable that names the weights.
const VARIABLE: &str = "IMPASTO_WEIGHTS";

const FILE_NAME: &str = "squeezenet1_1.npz";

/// The weights that a run uses.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Located {
    /// By --weights.
    Named(PathBuf),
    /// By [`VARIABLE`].
    InVariable(PathBuf),
    InDataFolder(PathBuf),
    BuiltIn,
}

impl Located {
    /// What `option` names, else what [`VARIABLE`] names, else the file in the user's data folder if it is there, else
    /// the built-in weights. Whether a file that is named exists is not asked.
    pub(crate) fn find(option: Option<&Path>) -> Located {
        let variable = || env::var_os(VARIABLE).filter(|value| !value.is_empty());
        if let Some(path) = option {
            Located::Named(path.to_path_buf())
        } else if let Some(path) = variable() {
            Located::InVariable(path.into())
        } else {
            default_path().filter(|path| path.exists()).map_or(Located::BuiltIn, Located::InDataFolder)
        }
    }

    /// The file or folder; `None` for the built-in weights.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Located::Named(path) | Located::InVariable(path) | Located::InDataFolder(path) => Some(path),
            Located::BuiltIn => None,
        }
    }

    /// The path itself and every file behind it that is read, such as the members of a folder. Weights that cannot be
    /// read are reported when they are loaded.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let Some(path) = self.path() else { return Vec::new() };
        let mut files = source_files(path).unwrap_or_default();
        files.push(path.to_path_buf());
        files
    }

    /// How they were found, for programs.
    pub(crate) fn source(&self) -> &'static str {
        match self {
            Located::Named(_) => "named",
            Located::InVariable(_) => "variable",
            Located::InDataFolder(_) => "data-folder",
            Located::BuiltIn => "built-in",
        }
    }

    /// How they were found, in words.
    pub(crate) fn reason(&self) -> String {
        match self {
            Located::Named(_) => "named by --weights".to_owned(),
            Located::InVariable(_) => format!("named by {VARIABLE}"),
            Located::InDataFolder(_) => "in the user's data folder".to_owned(),
            Located::BuiltIn => "no others found".to_owned(),
        }
    }

    /// Reads what the layers 0 to `deepest_layer` need.
    pub(crate) fn load(&self, deepest_layer: usize) -> anyhow::Result<Weights> {
        match self.path() {
            Some(path) => {
                Weights::load_features(path, deepest_layer).map_err(|error| self.explain(error.into()))
            }
            None => Ok(Weights::built_in()),
        }
    }

    /// Adds to an error over the weights why they were to be used, where no option says so, and the remedy.
    pub(crate) fn explain(&self, error: anyhow::Error) -> anyhow::Error {
        match self {
            Located::InVariable(path) => error.context(format!(
                "cannot use {}, which the variable {VARIABLE} names: correct the variable or unset it, or name other \
                 weights with --weights",
                path.display()
            )),
            Located::InDataFolder(path) => error.context(format!(
                "cannot use {}, the weights in your data folder: get them again with `impasto weights fetch --force`, \
                 or remove the file",
                path.display()
            )),
            Located::Named(_) | Located::BuiltIn => error,
        }
    }

    /// Tells users of the built-in weights, who may not know it, that better ones are to be had.
    pub(crate) fn announce(&self, quiet: bool) {
        if *self == Located::BuiltIn && !quiet {
            say(
                "using the built-in weights, trained on drawings; `impasto weights fetch` gets ImageNet's, which paint better",
            );
        }
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path() {
            Some(path) => path.display().fmt(f),
            None => f.write_str("built-in"),
        }
    }
}

/// The file in the user's data folder; `None` if the user has none.
pub(crate) fn default_path() -> Option<PathBuf> {
    Some(data_folder()?.join("impasto").join(FILE_NAME))
}

/// Where this platform keeps what programs hold for one user on one machine.
fn data_folder() -> Option<PathBuf> {
    let absolute = |variable| env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        Some(env::home_dir()?.join("Library/Application Support"))
    } else {
        // The XDG base directory specification, which has relative paths ignored.
        absolute("XDG_DATA_HOME").or_else(|| Some(env::home_dir()?.join(".local/share")))
    }
}
