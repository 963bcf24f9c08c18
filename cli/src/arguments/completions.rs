//! The options of `impasto completions` and `impasto man`.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use clap_complete::Shell;

/// Print a script that completes commands and options in a shell
#[derive(Args)]
#[command(after_help = "\
Examples:
  impasto completions bash > ~/.local/share/bash-completion/completions/impasto
  impasto completions zsh > ~/.zfunc/_impasto
  impasto completions fish > ~/.config/fish/completions/impasto.fish")]
pub(crate) struct CompletionsArguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

/// Write manual pages, one per command
#[derive(Args)]
#[command(after_help = "\
Examples:
  impasto man ~/.local/share/man/man1")]
pub(crate) struct ManArguments {
    /// The folder to write them in; it is created
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) folder: PathBuf,
}
