//! How many threads a session has.

use super::error::TransferError;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// The most threads of a session: far above any machine, far below where starting them exhausts one.
pub const MAX_THREADS: usize = 1024;

/// A pool of [`thread_count`] threads.
pub(crate) fn thread_pool(threads: Option<usize>) -> Result<ThreadPool, TransferError> {
    let threads = thread_count(threads);
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|source| TransferError::Threads { threads, source })
}

/// As many threads as are asked for; where none or 0 are, what `RAYON_NUM_THREADS` says, at most [`MAX_THREADS`], and
/// else one per core.
pub fn thread_count(threads: Option<usize>) -> usize {
    let is_given = |threads: &usize| *threads > 0;
    let variable = || std::env::var("RAYON_NUM_THREADS").ok()?.parse().ok();
    // Rayon would take the number that its variable names, however large.
    let of_variable = || variable().filter(is_given).map(|threads: usize| threads.min(MAX_THREADS));
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    threads.filter(is_given).or_else(of_variable).unwrap_or_else(cores)
}
