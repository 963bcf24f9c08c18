//! `impasto man`: manual pages, made from the declaration of the arguments.

use std::fs;

use anyhow::Context;
use clap::CommandFactory;

use crate::arguments::{Arguments, ManArguments};
use crate::ending::Ending;

pub(crate) fn run(arguments: &ManArguments) -> anyhow::Result<Ending> {
    let folder = &arguments.folder;
    let written =
        fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Arguments::command(), folder));
    written.with_context(|| {
        format!("cannot write manual pages in {}: check its permissions", folder.display())
    })?;
    Ok(Ending::Done)
}
