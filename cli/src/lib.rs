//! The `impasto` command: arguments in, pictures out. It reads files, shows progress and names errors; all
//! mathematics is in the `impasto` library. The binary calls [`main`], and so does Python's `python -m impasto`;
//! [`prepare`] is for Python's functions.
//!
//! | room | what is in it |
//! | --- | --- |
//! | `arguments` | every option, its checks and its help |
//! | `commands` | the subcommands, one file or folder each |
//! | `prepare` | runs for the Python package |
//! | `run` | what the subcommands that make pictures share |
//! | `download` | a file from a URL |
//! | `digest` | what tells files apart |
//! | `ending`, `error` | exit codes; errors and how they are printed |
//! | `html`, `text` | what pages and lines on a terminal are made of |
#![forbid(unsafe_code)]

mod arguments;
mod commands;
mod digest;
#[cfg(feature = "fetch")]
mod download;
mod ending;
mod error;
mod html;
mod prepare;
mod run;
mod text;

use std::ffi::OsString;

use anyhow::Context;
use clap::Parser;
use impasto::simd::Level;
use impasto::transfer::MAX_THREADS;

pub use error::text_of_chain;
pub use prepare::{Failure, Given, Prepared, prepare};

use arguments::{Arguments, Command};
use commands::{
    batch, bench, check, completions, demo, explain, invert, man, rerun, texture, transfer, weights,
};
use ending::Ending;
use run::interrupt;

/// Runs a command line, whose first word is the program's name, and gives the exit code of the process, which is
/// taken to be there for this alone: signals are listened to, and wrong usage ends it at once.
pub fn main(line: Vec<OsString>) -> u8 {
    interrupt::outlive_the_limit_of_files();
    interrupt::fail_when_memory_is_exhausted();
    let arguments = match Arguments::try_parse_from(&line) {
        Ok(arguments) => arguments,
        Err(error) => error::exit_as_usage(&error, &line),
    };
    match run(&arguments, &line) {
        Ok(ending) => ending.exit_code(),
        Err(error) => error::report(&error),
    }
}

fn run(arguments: &Arguments, line: &[OsString]) -> anyhow::Result<Ending> {
    Level::from_environment()?;
    start_threads()?;
    match &arguments.command {
        Command::Demo(arguments) => demo::run(arguments),
        Command::Transfer(arguments) => transfer::run(arguments, line),
        Command::Invert(arguments) => invert::run(arguments, line),
        Command::Texture(arguments) => texture::run(arguments, line),
        Command::Batch(arguments) => batch::run(arguments, line),
        Command::Rerun(arguments) => rerun::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Bench(arguments) => bench::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Weights(arguments) => weights::run(arguments),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Man(arguments) => man::run(arguments),
    }
}

/// Starts the threads that resize pictures: as many as `RAYON_NUM_THREADS` says, within the limit of `--threads`. Rayon
/// would start them when they are needed, without a limit, and panic where it cannot.
fn start_threads() -> anyhow::Result<()> {
    let variable = std::env::var("RAYON_NUM_THREADS").ok().and_then(|value| value.parse::<usize>().ok());
    // 0 is Rayon's own choice.
    let threads = variable.filter(|&threads| threads > MAX_THREADS).map_or(0, |_| MAX_THREADS);
    let started = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    started.context("cannot start threads: end other programs, or set RAYON_NUM_THREADS to a smaller number")
}
