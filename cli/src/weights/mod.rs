//! Where the network's weights are: named by the user, or in the user's data folder. And `impasto weights`, one file a
//! subcommand. Reading and writing them is the library's.

mod convert;
mod fetch;
mod info;

use std::env;
use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::Ending;
use crate::arguments::{WeightsArguments, WeightsCommand};

/// The environment variable that names the weights.
const VARIABLE: &str = "IMPASTO_WEIGHTS";

const FILE_NAME: &str = "squeezenet1_1.npz";

pub(crate) fn run(arguments: &WeightsArguments) -> anyhow::Result<Ending> {
    match &arguments.command {
        WeightsCommand::Info(arguments) => info::run(arguments),
        WeightsCommand::Convert(arguments) => convert::run(arguments),
        WeightsCommand::Fetch(arguments) => fetch::run(arguments),
    }
}

/// The file to read: `option`, else what [`VARIABLE`] names, else the one in the user's data folder.
///
/// # Errors
/// None is named, and there is none in the data folder; the message says how to get one.
pub(crate) fn locate(option: Option<&Path>) -> anyhow::Result<PathBuf> {
    let named = option
        .map(Path::to_path_buf)
        .or_else(|| env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from));
    if let Some(named) = named {
        return Ok(named);
    }
    match usual_path() {
        Some(path) if path.exists() => Ok(path),
        usual => bail!(how_to_get(usual.as_deref())),
    }
}

/// The file in the user's data folder; `None` if the user has none.
fn usual_path() -> Option<PathBuf> {
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

fn how_to_get(usual: Option<&Path>) -> String {
    let missing = match usual {
        Some(path) => format!("there are no weights for the network at {}", path.display()),
        None => "no weights for the network are named".to_owned(),
    };
    format!(
        "{missing}. `impasto weights fetch` downloads them, once (5 MB). Or save them with Python and torchvision:

    import numpy, torchvision
    model = torchvision.models.squeezenet1_1(weights=\"DEFAULT\")
    numpy.savez(\"{FILE_NAME}\", **{{k: v.numpy() for k, v in model.state_dict().items()}})

and name the file with --weights FILE or {VARIABLE}"
    )
}
