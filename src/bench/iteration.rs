//! Whole iterations, timed in the production loop itself: forward, backward, Adam, clamp. What comes before and after
//! the loop, such as loading and saving pictures, is not timed.

use super::clock::Summary;
use super::{dimensions, input};
use crate::preset::Preset;
use crate::transfer::{BYTES_PER_PIXEL, Iteration, StyleTransfer, TransferError, check_memory, thread_pool};
use impasto_kernels::Level;
use impasto_kernels::yardstick::peak;
use std::ops::ControlFlow;
use std::time::Duration;

/// Iterations that are not counted: the first ones fill caches and wake threads.
const WARM_UP: usize = 2;

/// Measurements of the peak before the iterations, and as many after them.
const PEAKS: usize = 30;

/// What [`run`] measures.
#[derive(Debug, Clone, Copy)]
pub struct IterationOptions<'a> {
    /// Shorter side of the picture, in pixels; see [`dimensions`].
    pub size: usize,
    /// The losses, and what the picture starts from.
    pub preset: &'a Preset,
    /// Threads; one for each core if `None`.
    pub threads: Option<usize>,
    /// Iterations that are counted.
    pub iterations: usize,
}

/// How long an iteration takes, and what this machine could do in that time.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct IterationReport {
    /// Height of the picture, in pixels.
    pub height: usize,
    /// Width of the picture, in pixels.
    pub width: usize,
    /// Iterations counted.
    pub iterations: usize,
    /// The median of their times, in milliseconds.
    pub ms_median: f64,
    /// The shortest of their times, in milliseconds.
    pub ms_min: f64,
    /// 10^9 floating-point operations of one iteration; see [`StyleTransfer::flops`].
    pub gflop: f64,
    /// 10^9 floating-point operations a second, at the median.
    pub gflops: f64,
    /// The rate of multiply-adds that as many threads reach on registers alone, in the same unit: the largest measured
    /// before and after the iterations.
    pub peak_gflops: f64,
    /// `gflops / peak_gflops`.
    pub fraction_of_peak: f64,
    /// Threads that computed.
    pub threads: usize,
    /// The instruction set of the kernels.
    pub simd: &'static str,
}

/// Measures iterations of a preset's problem on a made-up picture.
///
/// ```no_run
/// use impasto::Preset;
/// use impasto::bench::iteration::{IterationOptions, run};
///
/// let preset = Preset::find("starry").expect("one of the five");
/// let report = run(&IterationOptions { size: 192, preset, threads: None, iterations: 20 })?;
/// println!("{:.1} ms, {:.0} % of the peak", report.ms_median, 100.0 * report.fraction_of_peak);
/// # Ok::<(), impasto::TransferError>(())
/// ```
///
/// # Errors
/// [`TransferError`] if the size is too small for the preset's layers or too large for memory, if there are no
/// iterations, or if the threads cannot start.
pub fn run(options: &IterationOptions<'_>) -> Result<IterationReport, TransferError> {
    let IterationOptions { size, preset, threads, iterations } = *options;
    if iterations == 0 {
        return Err(TransferError::NoIterations);
    }
    let mut session = session(size, preset, threads)?;
    let (height, width) = session.size();
    let threads = session.threads();
    let pool = thread_pool(Some(threads))?;

    let before = pool.install(|| peak::flops(PEAKS));
    let mut times = times(&mut session, iterations.saturating_add(WARM_UP))?;
    let after = pool.install(|| peak::flops(PEAKS));

    let Summary { median, min, count } = Summary::of(times.split_off(WARM_UP.min(times.len())));
    let gflop = session.flops() as f64 / 1e9;
    let gflops = gflop / median.as_secs_f64();
    let peak_gflops = before.max(after) / 1e9;
    Ok(IterationReport {
        height,
        width,
        iterations: count,
        ms_median: median.as_secs_f64() * 1e3,
        ms_min: min.as_secs_f64() * 1e3,
        gflop,
        gflops,
        peak_gflops,
        fraction_of_peak: gflops / peak_gflops,
        threads,
        simd: Level::current().name(),
    })
}

/// A session on a made-up picture, with the preset's losses, init and schedule, that does not end by itself: it is for
/// [`times`].
///
/// # Errors
/// As [`run`].
pub fn session(size: usize, preset: &Preset, threads: Option<usize>) -> Result<StyleTransfer, TransferError> {
    let (height, width) = dimensions(size);
    // Before the pictures are made, which need memory too.
    check_memory((height, width), BYTES_PER_PIXEL, threads)?;
    let network = input::network()?;
    let (content, style) = (input::picture(height, width, 1), input::picture(height, width, 2));
    let mut builder = StyleTransfer::builder(&network)
        .content(&content)
        .style(&style, 1.0)
        .preset(preset)
        .iterations(usize::MAX);
    if let Some(threads) = threads {
        builder = builder.threads(threads);
    }
    builder.build()
}

/// The time of each of the next `count` iterations.
///
/// # Errors
/// As [`StyleTransfer::run`].
pub fn times(session: &mut StyleTransfer, count: usize) -> Result<Vec<Duration>, TransferError> {
    let mut times = Vec::new();
    let mut last = Duration::ZERO;
    session.run_with(&mut |iteration: &Iteration<'_>| {
        times.push(iteration.elapsed - last);
        last = iteration.elapsed;
        if times.len() < count { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(times)
}
