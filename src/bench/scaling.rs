//! How far more threads would help: the tasks of whole iterations are timed on one thread, and dealt to more threads
//! on paper. So machines can be judged that are not there.

use super::iteration::{session, times};
use super::machines::{self, Machines, MachinesReport};
use crate::preset::Preset;
use crate::transfer::{Iteration, TransferError};
use impasto_kernels::yardstick::tasks::{self, Region};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

/// The numbers of threads that iterations are dealt to.
pub const THREADS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

/// What [`run`] measures.
#[derive(Debug, Clone, Copy)]
pub struct ScalingOptions<'a> {
    /// Shorter side of the picture, in pixels; see [`dimensions`](super::dimensions).
    pub size: usize,
    /// The losses, and what the picture starts from.
    pub preset: &'a Preset,
    /// Iterations that are recorded.
    pub iterations: usize,
    /// The machines that share a larger picture.
    pub machines: Machines,
}

/// What more threads would bring if nothing but the way in which the work is cut held them back: not the memory that
/// they share, nor the time that it takes to wake them.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ScalingReport {
    /// Height of the picture, in pixels.
    pub height: usize,
    /// Width of the picture, in pixels.
    pub width: usize,
    /// Iterations recorded.
    pub iterations: usize,
    /// Milliseconds per iteration that are in no task.
    pub serial_ms: f64,
    /// Tasks per iteration.
    pub tasks: f64,
    /// One entry for each of [`THREADS`].
    pub threads: Vec<ThreadsReport>,
    /// What takes longest on the most threads, longest first.
    pub kernels: Vec<KernelReport>,
    /// The machines that larger pictures are dealt to.
    pub machine: Machines,
    /// One entry for each of [`SIDES`](super::machines::SIDES).
    pub machines: Vec<MachinesReport>,
}

/// How long an iteration takes on a number of threads.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ThreadsReport {
    /// Threads.
    pub threads: usize,
    /// Milliseconds per iteration.
    pub ms: f64,
    /// How many times as fast as one thread.
    pub speedup: f64,
}

/// A kernel's part of an iteration.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct KernelReport {
    /// The source file that cuts its work.
    pub kernel: String,
    /// Milliseconds per iteration on one thread.
    pub one_thread_ms: f64,
    /// Milliseconds per iteration on the most threads.
    pub most_threads_ms: f64,
}

/// Records iterations of a preset's problem on a made-up picture, on one thread, and deals their tasks.
///
/// ```no_run
/// use impasto::Preset;
/// use impasto::bench::machines::Machines;
/// use impasto::bench::scaling::{ScalingOptions, run};
///
/// let preset = Preset::find("starry").expect("one of the five");
/// let machines = Machines::default();
/// let report = run(&ScalingOptions { size: 512, preset, iterations: 5, machines })?;
/// for threads in report.threads {
///     println!("{} threads: {:.1} times as fast", threads.threads, threads.speedup);
/// }
/// # Ok::<(), impasto::TransferError>(())
/// ```
///
/// # Errors
/// As [`iteration::run`](super::iteration::run).
pub fn run(options: &ScalingOptions<'_>) -> Result<ScalingReport, TransferError> {
    let ScalingOptions { size, preset, iterations, machines } = *options;
    if iterations == 0 {
        return Err(TransferError::NoIterations);
    }
    let mut session = session(size, preset, Some(1))?;
    let (height, width) = session.size();
    times(&mut session, 2)?;
    // Behind the last iteration its losses are computed once more.
    let (mut taken, mut total, mut recorded) = (0, Duration::ZERO, 0);
    let (run, mut regions) = tasks::record(|| {
        session.run_with(&mut |iteration: &Iteration<'_>| {
            taken += 1;
            (total, recorded) = (iteration.elapsed, tasks::recorded());
            if taken < iterations { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
    });
    run?;
    regions.truncate(recorded);
    let per_iteration = |seconds: f64| seconds * 1e3 / iterations as f64;

    let in_tasks: f64 = regions.iter().map(|region| makespan(region, 1)).sum();
    let serial = (total.as_secs_f64() - in_tasks).max(0.0);
    let ms = |threads: usize| {
        let parallel: f64 = regions.iter().map(|region| makespan(region, threads)).sum();
        per_iteration(serial + parallel)
    };
    let one = ms(1);
    let threads = THREADS.map(|threads| {
        let ms = ms(threads);
        ThreadsReport { threads, ms, speedup: one / ms }
    });
    let most = THREADS[THREADS.len() - 1];
    let mut kernels: BTreeMap<&str, [f64; 2]> = BTreeMap::new();
    for region in &regions {
        let times = kernels.entry(region.kernel).or_default();
        times[0] += makespan(region, 1);
        times[1] += makespan(region, most);
    }
    let mut kernels: Vec<KernelReport> = kernels
        .into_iter()
        .map(|(kernel, [one, most])| KernelReport {
            kernel: kernel.to_owned(),
            one_thread_ms: per_iteration(one),
            most_threads_ms: per_iteration(most),
        })
        .collect();
    kernels.sort_by(|a, b| b.most_threads_ms.total_cmp(&a.most_threads_ms));
    let pixel_ns = ms(machines.threads) * 1e6 / (height * width) as f64;
    let tasks: usize = regions.iter().map(|region| region.tasks.len()).sum();
    Ok(ScalingReport {
        height,
        width,
        iterations,
        serial_ms: per_iteration(serial),
        tasks: tasks as f64 / iterations as f64,
        threads: threads.to_vec(),
        kernels,
        machine: machines,
        machines: machines::run(&machines, pixel_ns)?,
    })
}

/// Seconds until the last task ends, if each goes to the thread that is free first.
fn makespan(region: &Region, threads: usize) -> f64 {
    let mut free = vec![0.0f64; threads.min(region.tasks.len()).max(1)];
    for task in &region.tasks {
        let first = (0..free.len()).min_by(|&a, &b| free[a].total_cmp(&free[b])).unwrap_or(0);
        free[first] += task.as_secs_f64();
    }
    free.into_iter().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_goes_to_the_thread_that_is_free_first() {
        let tasks = [3, 1, 1, 2, 4].map(Duration::from_secs).to_vec();
        let region = Region { kernel: "", tasks };
        // On two threads 3 4 | 1 1 2, on three 3 | 1 2 | 1 4.
        assert_eq!([1, 2, 3, 64].map(|threads| makespan(&region, threads)), [11.0, 7.0, 5.0, 4.0]);
        assert_eq!(makespan(&Region { kernel: "", tasks: Vec::new() }, 8), 0.0);
    }
}
