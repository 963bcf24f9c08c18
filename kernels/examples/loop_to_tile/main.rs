//! From the loop to the tile: one convolution made fast step by step, each step checked and timed.
//!
//! ```text
//! cargo run --release -p impasto-kernels --example loop_to_tile
//! cargo run --release -p impasto-kernels --example loop_to_tile -- --heights
//! cargo run --release -p impasto-kernels --example loop_to_tile -- --svg > steps.svg
//! ```
//!
//! The convolution is one of SqueezeNet's: a fire module's 3x3 windows over 47x63 pixels of 16 channels, 64 channels
//! out. The book's chapter `docs/book/src/kernels.md` explains the steps and quotes their code.

// Loops over a tile count, as in the library: what they index stays in registers.
#![allow(clippy::needless_range_loop)]

mod blocked;
mod chart;
mod definition;
mod dispatch;
mod measure;
mod packed;
mod register_tile;
mod reordered;
mod slices;
mod steps;
mod workload;

use impasto_kernels::{ConvShape, Level};
use measure::{Measured, Threads};
use std::error::Error;
use std::process::ExitCode;
use steps::{HEIGHTS, STEPS, Step};
use workload::Workload;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (steps, draws): (&[Step], bool) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => (&STEPS, false),
        ["--heights"] => (&HEIGHTS, false),
        ["--svg"] => (&STEPS, true),
        _ => {
            eprintln!("usage: loop_to_tile [--heights | --svg]");
            return ExitCode::from(2);
        }
    };
    match run(steps, draws) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(steps: &[Step], draws: bool) -> Result<(), Box<dyn Error>> {
    let workload = Workload::new([47, 63, 16])?;
    let measured = measure::all(steps, &workload, &Threads::new()?)?;
    if draws {
        print!("{}", chart::draw(&measured));
    } else {
        print_table(&workload.shape, &measured);
    }
    Ok(())
}

fn print_table(shape: &ConvShape, measured: &[Measured]) {
    let [_, height, width, channels] = shape.input();
    println!(
        "3x3 windows, {height}x{width}x{channels} -> {height}x{width}x{}: {:.1} MFLOP, {}",
        shape.output()[3],
        shape.flops() as f64 / 1e6,
        Level::current().name()
    );
    println!("{:<30}{:>8}{:>10}{:>8}{:>10}", "step", "ms", "GFLOP/s", "peak", "speed-up");
    let mut before = None;
    for Measured { name, seconds, gflops, peak_gflops } in measured {
        let speed_up = before.map_or(String::new(), |before: f64| format!("{:.2}", before / seconds));
        let (ms, percent) = (seconds * 1e3, 100.0 * gflops / peak_gflops);
        println!("{name:<30}{ms:>8.3}{gflops:>10.1}{percent:>6.0} %{speed_up:>10}");
        before = Some(*seconds);
    }
}
