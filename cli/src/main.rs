//! The `impasto` command: arguments in, pictures out. It reads files, shows progress and names errors; all
//! mathematics is in the `impasto` library.
//!
//! | file | what it does |
//! | --- | --- |
//! | `arguments` | every option, its checks and its help |
//! | `transfer`, `invert`, `texture`, `check` | the subcommands |
//! | `demo` | the subcommand of that name: a first picture, and a page that shows it |
//! | `explain` | the subcommand of that name: the recorded tape as a table, a graph and a page; functions worked out by hand |
//! | `bench` | the subcommand of that name: tables, JSON and a picture of measurements |
//! | `problem` | arguments and preset joined to one complete problem |
//! | `synthesis` | the way of `transfer`, `invert` and `texture` from files to a file |
//! | `source`, `inputs` | the pictures and files that are read |
//! | `destination`, `outputs` | the result, and all paths that are written |
//! | `weights` | where the network's weights are, and the subcommand of that name |
//! | `download` | a file from a URL |
//! | `watcher`, `progress`, `trace`, `snapshots`, `interrupt` | what happens between two iterations |
//! | `summary` | what `--json` prints |
//! | `html` | what pages are made of |
//! | `error` | wrong usage or failure, and how either is told |
//! | `terminal` | what may be printed |
#![forbid(unsafe_code)]

mod arguments;
mod bench;
mod check;
mod demo;
mod destination;
mod download;
mod error;
mod explain;
mod html;
mod inputs;
mod interrupt;
mod invert;
mod outputs;
mod problem;
mod progress;
mod snapshots;
mod source;
mod summary;
mod synthesis;
mod terminal;
mod texture;
mod trace;
mod transfer;
mod watcher;
mod weights;

use std::process::ExitCode;

use anyhow::Context;
use arguments::{Arguments, Command};
use clap::Parser;
use impasto::simd::Level;
use impasto::transfer::MOST_THREADS;

fn main() -> ExitCode {
    interrupt::outlive_the_limit_of_files();
    interrupt::fail_when_memory_is_exhausted();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => error::exit_as_usage(&error),
    };
    match run(&arguments) {
        Ok(ending) => ending.exit_code(),
        Err(error) => error::report(&error),
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<Ending> {
    Level::from_environment()?;
    start_threads()?;
    match &arguments.command {
        Command::Demo(arguments) => demo::run(arguments),
        Command::Transfer(arguments) => transfer::run(arguments),
        Command::Invert(arguments) => invert::run(arguments),
        Command::Texture(arguments) => texture::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Bench(arguments) => bench::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Weights(arguments) => weights::run(arguments),
    }
}

/// Starts the threads that resize pictures: as many as `RAYON_NUM_THREADS` says, within the limit of `--threads`. Rayon
/// would start them when they are needed, without a limit, and panic where it cannot.
fn start_threads() -> anyhow::Result<()> {
    let variable = std::env::var("RAYON_NUM_THREADS").ok().and_then(|value| value.parse::<usize>().ok());
    // 0 is Rayon's own choice.
    let threads = variable.filter(|&threads| threads > MOST_THREADS).map_or(0, |_| MOST_THREADS);
    let started = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    started.context("cannot start threads: end other programs, or set RAYON_NUM_THREADS to a smaller number")
}

/// How a command ended that did not fail.
#[derive(Clone, Copy)]
enum Ending {
    Done,
    /// By the user, with the picture so far written; the exit code names the signal.
    Interrupted(u8),
    /// The command ran, and found what it looks for wrong.
    ChecksFailed,
}

impl Ending {
    fn exit_code(self) -> ExitCode {
        match self {
            Ending::Done => ExitCode::SUCCESS,
            Ending::ChecksFailed => ExitCode::FAILURE,
            Ending::Interrupted(code) => ExitCode::from(code),
        }
    }
}
