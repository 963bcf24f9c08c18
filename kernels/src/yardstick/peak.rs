//! What this machine can do at best, measured: the roof in a roofline plot.

use crate::simd::{Kernel, Level, Simd};
use rayon::prelude::*;
use std::hint::black_box;
use std::time::Instant;

/// Independent chains of multiply-adds: more than latency times throughput of any core so far
/// (4 cycles, 2 per cycle), and few enough for 16 registers.
const CHAINS: usize = 12;

/// Multiply-adds of each chain in one measurement: about a millisecond.
const STEPS: usize = 300_000;

/// The largest rate of multiply-adds, in FLOP/s (a multiply-add counts two), that all threads of the
/// current rayon pool reach together with the instructions of [`Level::current`]: the best of
/// `repeats` measurements of about a millisecond.
///
/// ```
/// use impasto_kernels::Level;
/// use impasto_kernels::yardstick::peak;
///
/// let gflops = peak::flops(1) / 1e9;
/// assert!(gflops > 0.0);
/// println!("{gflops:.0} GFLOP/s with {}", Level::current().name());
/// ```
pub fn flops(repeats: usize) -> f64 {
    let level = Level::current();
    let threads = rayon::current_num_threads();
    best(repeats, || {
        let lanes = rayon::broadcast(|_| level.run(Chains)).into_iter().next().unwrap_or(1);
        (2 * lanes * CHAINS * STEPS * threads) as f64
    })
}

/// The largest rate, in bytes/s, at which all threads of the current rayon pool together copy memory
/// that fits no cache (bytes read and bytes written both count): the best of `repeats` copies.
pub fn memory_bandwidth(repeats: usize) -> f64 {
    copy_bandwidth(LARGE, repeats)
}

/// The same for copies that move this many bytes, half of them read and half written: from the caches, as far as these
/// hold them. No copy is larger than those of [`memory_bandwidth`].
pub fn copy_bandwidth(bytes: usize, repeats: usize) -> f64 {
    let len = (bytes.min(LARGE) / (2 * size_of::<f32>())).max(64);
    let source = vec![1.0f32; len];
    // Not zeros, whose pages the system hands out during the first copy.
    let mut target = vec![1.0f32; len];
    best(repeats, || {
        let chunk = len / 64;
        let pairs = target.par_chunks_mut(chunk).zip(source.par_chunks(chunk));
        pairs.for_each(|(target, source)| target.copy_from_slice(source));
        black_box(&target);
        (2 * len * size_of::<f32>()) as f64
    })
}

/// Bytes of a copy that fits no cache.
const LARGE: usize = 1 << 27;

/// The largest `work / seconds` of several calls.
fn best(repeats: usize, mut work: impl FnMut() -> f64) -> f64 {
    let rates = (0..repeats.max(1)).map(|_| {
        let start = Instant::now();
        let work = work();
        work / start.elapsed().as_secs_f64()
    });
    rates.fold(0.0, f64::max)
}

/// Multiply-adds on registers alone; returns the lanes of one.
struct Chains;

impl Kernel for Chains {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd, const MR: usize, const NV: usize>(self, simd: S) -> usize {
        // Values that stay finite, and that the compiler does not know.
        let factor = simd.splat(black_box(0.999));
        let summand = simd.splat(black_box(0.001));
        let mut chains = [summand; CHAINS];
        for _ in 0..STEPS {
            for chain in &mut chains {
                *chain = simd.multiply_add(*chain, factor, summand);
            }
        }
        black_box(chains.iter().fold(summand, |sum, &chain| simd.add(sum, chain)));
        S::LANES
    }
}
