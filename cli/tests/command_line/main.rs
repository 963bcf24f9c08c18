//! The `impasto` command from outside: what it writes and prints, how it ends, and what it refuses. It looks at no
//! picture's beauty, and needs nothing but random weights; the one trial with the notebook's data is ignored without it.

mod arrays;
mod batches;
mod browser;
mod checkpoints;
mod controls;
mod demo;
mod encrypted;
mod explain;
mod explain_laboratory;
mod explain_step;
#[cfg(unix)]
mod faults;
mod fetches;
mod frames;
mod masks;
mod measurements;
mod memory;
mod pages;
mod pictures;
mod refusals;
mod reruns;
mod runs;
mod sandbox;
mod server;
#[cfg(unix)]
mod terminal;
mod unreadable;
mod weights;

use std::sync::Arc;

use libtest_mimic::Arguments;
use tempfile::TempDir;

/// Trials by their functions' names, each with a sandbox of its own and the weights that all share.
macro_rules! trials {
    ($weights:expr; $($(#[$when:meta])? $module:ident::$name:ident),* $(,)?) => {
        vec![$($(#[$when])? {
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
        memory::trials(&weights),
        controls::trials(&weights),
        masks::trials(&weights),
        checkpoints::trials(&weights),
        batches::trials(&weights),
        frames::trials(&weights),
        reruns::trials(&weights),
        pages::trials(&weights),
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
