//! How long each step takes, and what part that is of the machine's best.

use crate::steps::Step;
use crate::workload::Workload;
use impasto_kernels::yardstick::peak;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::time::{Duration, Instant};

/// How long a step is measured, and how often at least.
const BUDGET: Duration = Duration::from_millis(400);
const FEWEST: usize = 5;

/// The largest error that rounding explains.
const TOLERANCE: f32 = 1e-5;

/// The pools that steps run in.
pub(crate) struct Threads {
    one: ThreadPool,
    all: ThreadPool,
}

impl Threads {
    pub(crate) fn new() -> Result<Threads, ThreadPoolBuildError> {
        let pool = |threads| ThreadPoolBuilder::new().num_threads(threads).build();
        // None means one for each core.
        Ok(Threads { one: pool(1)?, all: pool(0)? })
    }
}

/// One step's speed. Operations are those of the definition, whatever the step computes.
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    /// The median.
    pub(crate) seconds: f64,
    pub(crate) gflops: f64,
    /// The rate of multiply-adds that the step's threads reach on registers alone.
    pub(crate) peak_gflops: f64,
}

/// Measures steps in order.
///
/// # Errors
/// A step whose result is not the reference's.
pub(crate) fn all(steps: &[Step], workload: &Workload, threads: &Threads) -> Result<Vec<Measured>, String> {
    let peaks = [&threads.one, &threads.all].map(|pool| pool.install(|| peak::flops(50)) / 1e9);
    let measured = steps.iter().map(|step| {
        let (pool, peak_gflops) = match step.is_parallel {
            false => (&threads.one, peaks[0]),
            true => (&threads.all, peaks[1]),
        };
        let seconds = pool.install(|| median_seconds(workload, step))?;
        let gflops = workload.shape.flops() as f64 / seconds / 1e9;
        Ok(Measured { name: step.name, seconds, gflops, peak_gflops })
    });
    measured.collect()
}

fn median_seconds(workload: &Workload, step: &Step) -> Result<f64, String> {
    let mut run = (step.prepare)(workload);
    let mut out = vec![f32::NAN; workload.answer.len()];
    run(&mut out);
    let error = workload.error(&out);
    if error.is_nan() || error > TOLERANCE {
        return Err(format!("step {:?} differs from the reference by {error}", step.name));
    }
    let start = Instant::now();
    let mut times = Vec::new();
    while times.len() < FEWEST || start.elapsed() < BUDGET {
        let start = Instant::now();
        run(&mut out);
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}
