//! What the integration tests share: where the notebook's data lies. It reads none of it.

use std::{env, path::PathBuf};

/// The folder that holds the notebook's data (`notebook/` and `oracle/`), named by `IMPASTO_DATA`; `None` when unset,
/// and the trials that need it are then to be shown as ignored.
pub(crate) fn data_dir() -> Option<PathBuf> {
    env::var_os("IMPASTO_DATA").filter(|value| !value.is_empty()).map(PathBuf::from)
}
