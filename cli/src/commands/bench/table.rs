//! Measurements as aligned text.

use impasto::bench::iteration::IterationReport;
use impasto::bench::kernels::KernelRow;
use impasto::bench::machines::{MACHINES, Machines, MachinesReport};
use impasto::bench::scaling::ScalingReport;

use crate::text::plural;

/// What stands below the rows.
pub(crate) const KERNEL_NOTES: &str = "
peak       of multiply-adds where the speed is in GFLOP/s; Winograd's products may be above 100 %, since a
           convolution counts the operations of its definition; of copies of as many bytes, from the caches
           if they hold them, where it is in GB/s
reference  how many times as long the plain loops take on one thread; with ~, scaled up from fewer rows
matmul     how many times as long the matrixmultiply crate takes on all threads (convolutions: with im2col)
";

/// A few lines that end with a newline.
pub(crate) fn iteration(report: &IterationReport) -> String {
    let IterationReport { height, width, iterations, ms_median, ms_min, gflop, gflops, .. } = *report;
    format!(
        "{height}x{width}, {}, {}, median of {iterations} iteration{}\n\
         {ms_median:10.2} ms an iteration (shortest {ms_min:.2} ms)\n\
         {gflop:10.3} GFLOP an iteration\n\
         {gflops:10.1} GFLOP/s, {:.1} % of the peak of {:.1} GFLOP/s\n",
        threads(report.threads),
        report.simd,
        plural(iterations),
        100.0 * report.fraction_of_peak,
        report.peak_gflops,
    )
}

/// The speeds, and what holds back the most threads.
pub(crate) fn scaling(report: &ScalingReport) -> String {
    let ScalingReport { height, width, iterations, serial_ms, tasks, threads, kernels, .. } = report;
    let mut text = format!(
        "{height}x{width}, {iterations} iteration{}: {tasks:.0} tasks and {serial_ms:.2} ms outside them in each\n\n\
         threads        ms   speedup\n",
        plural(*iterations)
    );
    for threads in threads {
        text += &format!("{:7} {:9.2} {:9.1}\n", threads.threads, threads.ms, threads.speedup);
    }
    let most = threads.last().map_or(1, |last| last.threads);
    text += &format!("\nWhat takes longest on {most} threads    ms on 1   on {most}\n");
    for kernel in kernels.iter().take(6) {
        let name = kernel.kernel.trim_start_matches("kernels/src/");
        text += &format!("{name:34} {:9.2} {:7.2}\n", kernel.one_thread_ms, kernel.most_threads_ms);
    }
    text += "\nComputed from how the work is cut, without the time to wake threads and without the memory\n\
        that they share: no machine is faster than this.\n";
    text + &machines(report)
}

/// How far more machines help with one picture.
fn machines(report: &ScalingReport) -> String {
    let Machines { threads: of_each, latency_us, gbytes_per_second } = report.machine;
    let mut text = format!(
        "\nOne picture on several machines of {}, {latency_us} us and {gbytes_per_second} GB/s apart\n\n\
         picture        s on 1 machine   speedup on ",
        threads(of_each)
    );
    text += &MACHINES[1..].iter().map(|count| format!("{count:<6}")).collect::<String>();
    text += " pays up to\n";
    for MachinesReport { height, width, seconds, pays_up_to } in &report.machines {
        let one = seconds.first().copied().unwrap_or_default();
        let speedups: String =
            seconds.iter().skip(1).map(|seconds| format!("{:<6.1}", one / seconds)).collect();
        text +=
            &format!("{:<14} {one:14.3}   {:11}{speedups} {pays_up_to}\n", format!("{height}x{width}"), "");
    }
    text + "\nComputed from the time of a pixel above, in strips; a machine also computes the rows near its borders that\n\
        its neighbors compute. More machines pay while twice as many are 1.5 times as fast.\n"
}

/// The line of a kernel. Above the first one of a run stand this machine's roofs, and above the first one of each size
/// the headings.
pub(crate) fn kernel(row: &KernelRow, before: Option<&KernelRow>) -> String {
    let mut text = String::new();
    if before.is_none() {
        text += &format!(
            "{}, {}: {:.1} GFLOP/s of multiply-adds, {:.1} GB/s of memory\n",
            threads(row.threads),
            row.simd,
            row.peak_gflops,
            row.peak_gbytes_per_second
        );
    }
    let size = format!("{}x{}", row.height, row.width);
    if before.is_none_or(|before| (before.height, before.width) != (row.height, row.width)) {
        text += "\n";
        text += &line([&size, "pass", "shape", "ms", "speed", "peak", "reference", "matmul"]);
    }
    let speed = match row.bound {
        "compute" => format!("{:.1} GFLOP/s", row.gflops),
        _ => format!("{:.1} GB/s   ", row.gbytes_per_second),
    };
    let scaled = if row.reference_rows < row.rows { "~" } else { "" };
    text += &line([
        row.kernel,
        row.pass,
        &row.shape,
        &format!("{:.3}", row.ms_median),
        &speed,
        &format!("{:.0} %", 100.0 * row.fraction_of_peak),
        &format!("{scaled}{:.1}", row.speedup_over_reference),
        &row.speedup_over_matrixmultiply.map_or("-".to_owned(), |speedup| format!("{speedup:.2}")),
    ]);
    text
}

fn line([kernel, pass, shape, ms, speed, peak, reference, matmul]: [&str; 8]) -> String {
    format!("{kernel:<18} {pass:<15} {shape:<26} {ms:>9} {speed:>14} {peak:>6} {reference:>9} {matmul:>6}\n")
}

fn threads(threads: usize) -> String {
    format!("{threads} thread{}", plural(threads))
}
