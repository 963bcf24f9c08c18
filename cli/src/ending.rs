//! How a command ends that did not fail, as an exit code. Failures are for `error`.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy)]
pub(crate) enum Ending {
    Done,
    /// Ended by a signal, with the picture so far written; the exit code names the signal.
    Interrupted(u8),
    /// The checks ran, and one of them failed.
    ChecksFailed,
}

impl Ending {
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Ending::Done => ExitCode::SUCCESS,
            Ending::ChecksFailed => ExitCode::FAILURE,
            Ending::Interrupted(code) => ExitCode::from(code),
        }
    }
}
