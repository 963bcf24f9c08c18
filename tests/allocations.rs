//! After the first iteration at each scale, iterations allocate nothing: all buffers are there, and used again. A file of
//! its own, since every allocation of the process counts.

mod common;

use common::random_network;
use common::waves;
use impasto::{Iteration, StyleTransfer};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::ops::ControlFlow;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Enough for every thread to have had work of every kind.
const ITERATIONS: usize = 12;

/// From 42 to 60 pixels.
const SCALES: usize = 2;

#[test]
fn iterations_allocate_nothing_after_the_first() {
    let network = random_network();
    let (content, style) = (waves(60, 80, 2), waves(48, 37, 3));
    for threads in [1, 2, 3] {
        let session = StyleTransfer::builder(&network)
            .content(&content)
            .style(&style, 1.0)
            .threads(threads)
            .smallest(42)
            .iterations(ITERATIONS);
        let mut session = session.build().unwrap();
        assert_eq!(session.scales().len(), SCALES);
        // Room for all of them, so that the count itself allocates nothing.
        let mut allocations = Vec::with_capacity(SCALES * ITERATIONS);
        let region = Region::new(ALLOCATOR);
        let mut observer = |_: &Iteration<'_>| {
            let so_far = region.change();
            // What is given back is not counted: the thread pool's queues give back late what they let go long before.
            allocations.push((so_far.allocations, so_far.reallocations));
            ControlFlow::Continue(())
        };
        session.run_with(&mut observer).unwrap();
        for (scale, counts) in allocations.chunks(ITERATIONS).enumerate() {
            assert!(counts[0].0 > 0, "the optimizer's buffers are made in the first iteration");
            for (iteration, so_far) in counts.iter().enumerate().skip(1) {
                assert_eq!(
                    *so_far, counts[0],
                    "iteration {iteration} of scale {scale} with {threads} threads"
                );
            }
        }
    }
}
