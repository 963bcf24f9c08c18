//! The `impasto` command from outside: what it writes and prints, how it ends, and what it refuses. It looks at no
//! picture's beauty, and needs nothing but random weights; the one trial with the notebook's data is ignored without it.

#[path = "common/arrays.rs"]
mod arrays;
#[path = "command_line/demo.rs"]
mod demo;
#[path = "command_line/encrypted.rs"]
mod encrypted;
#[path = "command_line/explain.rs"]
mod explain;
#[path = "command_line/explain_step.rs"]
mod explain_step;
#[cfg(unix)]
#[path = "command_line/faults.rs"]
mod faults;
#[path = "command_line/fetches.rs"]
mod fetches;
#[path = "command_line/measurements.rs"]
mod measurements;
#[path = "common/pictures.rs"]
mod pictures;
#[path = "command_line/refusals.rs"]
mod refusals;
#[path = "command_line/runs.rs"]
mod runs;
#[path = "command_line/sandbox.rs"]
mod sandbox;
#[path = "command_line/server.rs"]
mod server;
#[cfg(unix)]
#[path = "command_line/terminal.rs"]
mod terminal;
#[path = "command_line/unreadable.rs"]
mod unreadable;
#[path = "command_line/weights.rs"]
mod weights;

use std::sync::Arc;

use libtest_mimic::Arguments;
use tempfile::TempDir;

/// Trials by their functions' names, each with a sandbox of its own and the weights that all share.
macro_rules! trials {
    ($weights:expr; $($module:ident::$name:ident),* $(,)?) => {
        vec![$({
            let weights = std::sync::Arc::clone($weights);
            libtest_mimic::Trial::test(concat!(stringify!($module), "::", stringify!($name)), move || {
                $crate::$module::$name(&$crate::sandbox::Sandbox::new(&weights));
                Ok(())
            })
        }),*]
    };
}
pub(crate) use trials;

fn main() {
    let folder = TempDir::new().unwrap();
    let weights = Arc::new(folder.path().join("random.npz"));
    arrays::write_npz(&weights, &arrays::random_weights());
    let trials = [
        runs::trials(&weights),
        refusals::trials(&weights),
        unreadable::trials(&weights),
        measurements::trials(&weights),
        weights::trials(&weights),
        demo::trials(&weights),
        explain_step::trials(&weights),
        fetches::trials(&weights),
        encrypted::trials(&weights),
        explain::trials(&weights),
        #[cfg(unix)]
        faults::trials(&weights),
        #[cfg(unix)]
        terminal::trials(&weights),
    ];
    let trials = trials.into_iter().flatten().collect();
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    // Exiting would leave it behind.
    drop(folder);
    conclusion.exit();
}
