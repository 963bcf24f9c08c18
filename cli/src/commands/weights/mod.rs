//! `impasto weights`, one file per subcommand. Reading and writing weights is the library's.

mod convert;
#[cfg(feature = "fetch")]
mod fetch;
mod info;

use crate::arguments::{WeightsArguments, WeightsCommand};
use crate::ending::Ending;

pub(crate) fn run(arguments: &WeightsArguments) -> anyhow::Result<Ending> {
    match &arguments.command {
        WeightsCommand::Info(arguments) => info::run(arguments),
        WeightsCommand::Convert(arguments) => convert::run(arguments),
        #[cfg(feature = "fetch")]
        WeightsCommand::Fetch(arguments) => fetch::run(arguments),
    }
}
