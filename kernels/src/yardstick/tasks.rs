//! A record of the tasks that kernels cut their work into, to say how far more threads would help.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Tasks that run side by side where there are threads for them; the next ones begin when all of these are done.
#[derive(Debug, Clone)]
pub struct Region {
    /// The source file of the kernel that cut them.
    pub kernel: &'static str,
    /// The time of each task, in the order in which they ended.
    pub tasks: Vec<Duration>,
}

static IS_RECORDING: AtomicBool = AtomicBool::new(false);
static REGIONS: Mutex<Vec<Region>> = Mutex::new(Vec::new());
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Calls `body`, and returns what all kernels of this process cut their work into meanwhile. On one thread the times are
/// those of the tasks alone. Another call waits for this one.
///
/// ```
/// use impasto_kernels::yardstick::tasks;
/// use impasto_kernels::Element;
///
/// let (input, mut out) = (vec![1.0; 1 << 20], vec![0.0; 1 << 20]);
/// let ((), regions) = tasks::record(|| f32::relu(&input, &mut out));
/// assert!(regions.iter().map(|region| region.tasks.len()).sum::<usize>() > 16);
/// ```
pub fn record<R>(body: impl FnOnce() -> R) -> (R, Vec<Region>) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    regions().clear();
    IS_RECORDING.store(true, Ordering::Relaxed);
    let recording = Recording;
    let result = body();
    drop(recording);
    (result, std::mem::take(&mut *regions()))
}

/// How many regions there are so far, while [`record`] calls its body.
pub fn recorded() -> usize {
    regions().len()
}

/// Ends with the body, also where that panics.
struct Recording;

impl Drop for Recording {
    fn drop(&mut self) {
        IS_RECORDING.store(false, Ordering::Relaxed);
    }
}

fn regions() -> MutexGuard<'static, Vec<Region>> {
    REGIONS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A region while its tasks run; nothing where nobody records.
#[derive(Clone, Copy)]
pub(crate) struct Open(Option<usize>);

impl Open {
    #[track_caller]
    pub(crate) fn begin() -> Open {
        if !IS_RECORDING.load(Ordering::Relaxed) {
            return Open(None);
        }
        let mut regions = regions();
        regions.push(Region { kernel: Location::caller().file(), tasks: Vec::new() });
        Open(Some(regions.len() - 1))
    }

    /// One of its tasks.
    pub(crate) fn task<R>(self, body: impl FnOnce() -> R) -> R {
        let Open(Some(index)) = self else { return body() };
        let start = Instant::now();
        let result = body();
        let time = start.elapsed();
        if let Some(region) = regions().get_mut(index) {
            region.tasks.push(time);
        }
        result
    }
}
