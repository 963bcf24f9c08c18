//! `impasto bench`: measurements as text for people, as JSON for programs, and as a picture. It measures nothing itself.
//!
//! - `table`: aligned text
//! - `roofline`: the picture of `--plot`

#[cfg(feature = "plot")]
mod roofline;
mod table;

use std::io::{Write, stdout};
use std::ops::ControlFlow;

use anyhow::Context;
use impasto::bench::iteration::{self, IterationOptions};
use impasto::bench::kernels::{self, KernelOptions};
use impasto::bench::machines::Machines;
use impasto::bench::scaling::{self, ScalingOptions};
use serde::Serialize;

use crate::arguments::{
    BenchArguments, BenchIterationArguments, BenchKernelsArguments, BenchScalingArguments, BenchSubject,
};
use crate::ending::Ending;
use crate::error::UsageError;
#[cfg(feature = "plot")]
use crate::run::outputs;

/// What `--plot` writes.
#[cfg(feature = "plot")]
const PLOT: &str = "the plot";

pub(crate) fn run(arguments: &BenchArguments) -> anyhow::Result<Ending> {
    match &arguments.subject {
        BenchSubject::Iteration(arguments) => run_iteration(arguments),
        BenchSubject::Kernels(arguments) => run_kernels(arguments),
        BenchSubject::Scaling(arguments) => run_scaling(arguments),
    }
}

fn run_iteration(arguments: &BenchIterationArguments) -> anyhow::Result<Ending> {
    let &BenchIterationArguments { size, preset, iterations, threads, json } = arguments;
    let report = iteration::run(&IterationOptions { size, preset, threads, iterations })?;
    print_report(&report, json, table::iteration)
}

fn run_kernels(arguments: &BenchKernelsArguments) -> anyhow::Result<Ending> {
    #[cfg(feature = "plot")]
    if let Some(path) = &arguments.plot {
        outputs::check_text(PLOT, path)?;
    }
    let options = KernelOptions {
        sizes: arguments.size.clone(),
        threads: arguments.threads,
        filter: arguments.filter.clone(),
        quick: arguments.quick,
    };
    let mut rows = Vec::new();
    let mut printed = Ok(());
    kernels::run(&options, |row| {
        if !arguments.json {
            printed = print(&table::kernel(&row, rows.last()));
        }
        rows.push(row);
        if printed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    printed?;
    if rows.is_empty() {
        return Err(UsageError::NoSuchKernel(arguments.filter.clone().unwrap_or_default()).into());
    }
    #[cfg(feature = "plot")]
    if let Some(path) = &arguments.plot {
        outputs::write_text(PLOT, path, &roofline::draw(&rows)?)?;
    }
    if arguments.json {
        print_json(&rows)?;
    } else {
        print(table::KERNEL_NOTES)?;
    }
    Ok(Ending::Done)
}

fn run_scaling(arguments: &BenchScalingArguments) -> anyhow::Result<Ending> {
    let &BenchScalingArguments { size, preset, iterations, machine_threads, latency, bandwidth, json } =
        arguments;
    let machines = Machines { threads: machine_threads, latency_us: latency, gbytes_per_second: bandwidth };
    let report = scaling::run(&ScalingOptions { size, preset, iterations, machines })?;
    print_report(&report, json, table::scaling)
}

fn print_report<R: Serialize>(report: &R, json: bool, text: fn(&R) -> String) -> anyhow::Result<Ending> {
    match json {
        true => print_json(report)?,
        false => print(&text(report))?,
    }
    Ok(Ending::Done)
}

fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&(serde_json::to_string_pretty(value)? + "\n"))
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = stdout();
    // A row is to be seen while the next is measured, even through a pipe.
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).context("cannot print the measurements")
}
