//! How a command ends that did not fail, as an exit code. Failures are for `error`.

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
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Ending::Done => 0,
            Ending::ChecksFailed => 1,
            Ending::Interrupted(code) => code,
        }
    }
}
