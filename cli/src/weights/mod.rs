//! `impasto weights`, one file a subcommand, and where the weights of a run are. Reading and writing them is the library's.
//!
//! - `located`: named by the user, in the user's data folder, or built in

mod convert;
mod fetch;
mod info;
mod located;

use crate::Ending;
use crate::arguments::{WeightsArguments, WeightsCommand};

pub(crate) use located::Located;

pub(crate) fn run(arguments: &WeightsArguments) -> anyhow::Result<Ending> {
    match &arguments.command {
        WeightsCommand::Info(arguments) => info::run(arguments),
        WeightsCommand::Convert(arguments) => convert::run(arguments),
        WeightsCommand::Fetch(arguments) => fetch::run(arguments),
    }
}
