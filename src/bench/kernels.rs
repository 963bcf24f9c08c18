//! Every kernel beside what this machine could do at best, beside its plain reference, and beside the classical way.

use super::cases::{Case, cases};
use super::clock::{Effort, measure};
use super::dimensions;
use super::routines::Implementation;
use crate::transfer::{BYTES_PER_PIXEL, TransferError, check_memory, thread_pool};
use impasto_kernels::Level;
use impasto_kernels::yardstick::peak;
use std::ops::ControlFlow;
use std::time::Duration;

/// What [`run`] measures.
#[derive(Debug, Clone, Default)]
pub struct KernelOptions {
    /// Shorter sides of the network's image, in pixels; see [`SIZES`](super::SIZES) and [`dimensions`].
    pub sizes: Vec<usize>,
    /// Threads; one for each core if `None`.
    pub threads: Option<usize>,
    /// Only cases whose [`Case::name`] contains this, whatever the case of its letters.
    pub filter: Option<String>,
    /// Fewer and shorter measurements: good enough to see that all is well.
    pub quick: bool,
}

/// One kernel at one shape. Speeds are those of the median.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct KernelRow {
    /// The kernel's name.
    pub kernel: &'static str,
    /// The name of its pass.
    pub pass: &'static str,
    /// The shapes that go in and come out, (H, W, C).
    pub shape: String,
    /// Height of the network's image, in pixels.
    pub height: usize,
    /// Width of the network's image, in pixels.
    pub width: usize,
    /// Measurements taken.
    pub iterations: usize,
    /// Their median, in milliseconds.
    pub ms_median: f64,
    /// The shortest, in milliseconds.
    pub ms_min: f64,
    /// 10^9 floating-point operations; see [`Case::flops`].
    pub gflop: f64,
    /// 10^9 floating-point operations a second.
    pub gflops: f64,
    /// The rate of multiply-adds that the threads reach on registers alone, in the same unit.
    pub peak_gflops: f64,
    /// 10^9 bytes per second, of those that must be moved; see [`Case::bytes`].
    pub gbytes_per_second: f64,
    /// The rate at which the threads copy memory that fits no cache, in the same unit.
    pub peak_gbytes_per_second: f64,
    /// The rate at which the threads copy as many bytes as the kernel moves, in the same unit: from the caches, as far as
    /// these hold them.
    pub copy_gbytes_per_second: f64,
    /// Floating-point operations a byte, of those that must be moved.
    pub intensity: f64,
    /// Which of the two peaks it is held against: `compute` or `memory`.
    pub bound: &'static str,
    /// The part of that peak that is reached; where memory is the bound, of
    /// [`copy_gbytes_per_second`](KernelRow::copy_gbytes_per_second).
    pub fraction_of_peak: f64,
    /// How many times as long the reference takes, on one thread.
    pub speedup_over_reference: f64,
    /// Rows of the output that the reference was measured on; its time is scaled to [`rows`](KernelRow::rows).
    pub reference_rows: usize,
    /// Rows of the output.
    pub rows: usize,
    /// How many times as long the products of the `matrixmultiply` crate take on the same threads, for a convolution
    /// with im2col; `None` where the kernel is no matrix product.
    pub speedup_over_matrixmultiply: Option<f64>,
    /// Threads that computed.
    pub threads: usize,
    /// The instruction set of the kernels.
    pub simd: &'static str,
}

/// How much is measured for each row.
struct Plan {
    fast: Effort,
    others: Effort,
    /// The reference is measured on as many rows as keep it below this many operations.
    reference_flops: u64,
    /// Copies as large as what the kernel moves, of which the fastest counts.
    copies: usize,
}

impl Plan {
    fn new(quick: bool) -> Plan {
        let effort =
            |at_least, milliseconds| Effort { at_least, budget: Duration::from_millis(milliseconds) };
        match quick {
            true => Plan { fast: effort(3, 10), others: effort(1, 0), reference_flops: 2_000_000, copies: 3 },
            false => {
                Plan { fast: effort(7, 150), others: effort(3, 50), reference_flops: 40_000_000, copies: 20 }
            }
        }
    }
}

/// Measures every kernel that passes the filter at the shapes of every size, and shows each row to `observe` as soon as
/// it is there; [`ControlFlow::Break`] ends the measurements.
///
/// ```no_run
/// use impasto::bench::kernels::{KernelOptions, run};
/// use std::ops::ControlFlow;
///
/// let options = KernelOptions { sizes: vec![192], filter: Some("gram".into()), ..KernelOptions::default() };
/// run(&options, |row| {
///     println!("{} {}: {:.0} GFLOP/s", row.kernel, row.pass, row.gflops);
///     ControlFlow::Continue(())
/// })?;
/// # Ok::<(), impasto::TransferError>(())
/// ```
///
/// # Errors
/// [`TransferError`] if a size is too large for memory or the threads cannot start.
pub fn run(
    options: &KernelOptions,
    mut observe: impl FnMut(KernelRow) -> ControlFlow<()>,
) -> Result<(), TransferError> {
    let filter = options.filter.as_deref().unwrap_or_default().to_lowercase();
    let mut selected = Vec::new();
    for &size in &options.sizes {
        let (height, width) = dimensions(size);
        check_memory((height, width), BYTES_PER_PIXEL, options.threads)?;
        let cases = cases(height, width).into_iter();
        selected.extend(cases.filter(|case| case.name().to_lowercase().contains(&filter)));
    }
    if selected.is_empty() {
        return Ok(());
    }
    let pool = thread_pool(options.threads)?;
    let plan = Plan::new(options.quick);
    let bandwidth = pool.install(|| peak::memory_bandwidth(if options.quick { 1 } else { 5 }));
    let mut flops = pool.install(|| peak::flops(100));
    for case in &selected {
        // A machine that was busy at the start must not make later rows look better than they are.
        flops = flops.max(pool.install(|| peak::flops(3)));
        let row = pool.install(|| row(case, &plan, flops, bandwidth));
        if row.is_some_and(|row| observe(row).is_break()) {
            break;
        }
    }
    Ok(())
}

/// Measures one case in the current pool; `None` if it has no fast version or no reference, which every case has.
fn row(case: &Case, plan: &Plan, peak_flops: f64, bandwidth: f64) -> Option<KernelRow> {
    let fast = measure(plan.fast, &mut case.prepare(Implementation::Fast)?);
    let seconds = fast.median.as_secs_f64();

    let flops_per_row = (case.flops() / case.rows().max(1) as u64).max(1);
    let low = case.with_rows(usize::try_from(plan.reference_flops / flops_per_row).unwrap_or(usize::MAX));
    let reference = measure(plan.others, &mut low.prepare(Implementation::Reference)?);
    let reference = reference.median.as_secs_f64() * case.rows() as f64 / low.rows() as f64;

    let classical = case.prepare(Implementation::MatrixMultiply);
    let classical = classical.map(|mut routine| measure(plan.others, &mut routine).median.as_secs_f64());

    let (flops, bytes) = (case.flops() as f64, case.bytes() as f64);
    let copies = peak::copy_bandwidth(usize::try_from(case.bytes()).unwrap_or(usize::MAX), plan.copies);
    let (height, width) = case.image;
    let compute = case.is_compute_bound();
    Some(KernelRow {
        kernel: case.kernel,
        pass: case.pass.name(),
        shape: case.shape(),
        height,
        width,
        iterations: fast.count,
        ms_median: seconds * 1e3,
        ms_min: fast.min.as_secs_f64() * 1e3,
        gflop: flops / 1e9,
        gflops: flops / seconds / 1e9,
        peak_gflops: peak_flops / 1e9,
        gbytes_per_second: bytes / seconds / 1e9,
        peak_gbytes_per_second: bandwidth / 1e9,
        copy_gbytes_per_second: copies / 1e9,
        intensity: flops / bytes,
        bound: if compute { "compute" } else { "memory" },
        fraction_of_peak: if compute { flops / seconds / peak_flops } else { bytes / seconds / copies },
        speedup_over_reference: reference / seconds,
        reference_rows: low.rows(),
        rows: case.rows(),
        speedup_over_matrixmultiply: classical.map(|classical| classical / seconds),
        threads: rayon::current_num_threads(),
        simd: Level::current().name(),
    })
}
