//! Ctrl-C, and the other ways to ask a process to end: before the iterations they end it at once, during them the first
//! asks for an end after the current one, and the second ends the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Context;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Whether the user asked for an end.
pub(crate) struct Interrupt {
    /// The signal that asked; 0 if none did.
    signal: Arc<AtomicUsize>,
    /// Whether there is nothing to be kept yet, so that any signal ends the process.
    early: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on; until [`Interrupt::wait_for_iterations`], a signal ends the process.
    pub(crate) fn listen() -> anyhow::Result<Interrupt> {
        let signal = Arc::new(AtomicUsize::new(0));
        let (early, armed) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        for number in signals() {
            let ends_if = |flag| flag::register_conditional_shutdown(number, exit_code(number), flag);
            let register = || {
                ends_if(Arc::clone(&early))?;
                // A closed terminal often hangs up twice, itself and by its shell: the second says no more.
                if [SIGINT, SIGTERM].contains(&number) {
                    // In this order: the flag that the first signal sets arms the shutdown for the second.
                    ends_if(Arc::clone(&armed))?;
                    flag::register(number, Arc::clone(&armed))?;
                }
                flag::register_usize(number, Arc::clone(&signal), number as usize)
            };
            register().context("cannot listen for Ctrl-C")?;
        }
        Ok(Interrupt { signal, early })
    }

    /// From now on, there is a picture to be kept: the first signal only asks for an end.
    pub(crate) fn wait_for_iterations(&self) {
        self.early.store(false, Ordering::Relaxed);
    }

    pub(crate) fn is_requested(&self) -> bool {
        self.signal.load(Ordering::Relaxed) != 0
    }

    /// The signal that asks for an end, 0 until one does.
    #[cfg(feature = "mpi")]
    pub(crate) fn signal(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.signal)
    }

    /// What a shell reports of a process that the signal ended.
    pub(crate) fn exit_code(&self) -> u8 {
        exit_code(self.signal.load(Ordering::Relaxed) as i32) as u8
    }
}

/// 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP.
fn exit_code(signal: i32) -> i32 {
    128 + signal
}

/// The signals that ask for an end.
fn signals() -> Vec<i32> {
    #[cfg(not(unix))]
    return vec![SIGINT, SIGTERM];
    #[cfg(unix)]
    {
        let hangs_up = !ignores(signal_hook::consts::SIGHUP);
        [SIGINT, SIGTERM].into_iter().chain(hangs_up.then_some(signal_hook::consts::SIGHUP)).collect()
    }
}

/// Whether this process was started with a signal ignored, as nohup ignores SIGHUP; such a signal is not for us. Where
/// the system does not say, it counts as ignored.
#[cfg(unix)]
fn ignores(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Lets the process end as a failure, without a core dump, where memory runs out in spite of all checks: the standard
/// library has printed the size that it did not get, and aborts.
pub(crate) fn fail_when_memory_is_exhausted() {
    #[cfg(unix)]
    {
        const FAILURE: i32 = 1;
        let always = Arc::new(AtomicBool::new(true));
        let _ = flag::register_conditional_shutdown(signal_hook::consts::SIGABRT, FAILURE, always);
    }
}

/// Lets writing beyond a limit on the length of files (`ulimit -f`) fail like any other, where the signal that tells of
/// it would end the process.
pub(crate) fn outlive_the_limit_of_files() {
    #[cfg(unix)]
    {
        // A handler that does nothing but note it; where it cannot be installed, the signal ends the process as before.
        let _ = flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false)));
    }
}
