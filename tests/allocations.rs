//! After the first iteration, iterations allocate nothing: all buffers are there, and used again. A file of its own,
//! since every allocation of the process counts.

mod common;

use common::pictures::waves;
use common::random_network;
use impasto::{Iteration, StyleTransfer};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::ops::ControlFlow;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Enough for every thread to have had work of every kind.
const ITERATIONS: usize = 12;

#[test]
fn iterations_allocate_nothing_after_the_first() {
    let network = random_network();
    let (content, style) = (waves(60, 80, 2), waves(48, 37, 3));
    for threads in [1, 2, 3] {
        let session = StyleTransfer::builder(&network)
            .content(&content)
            .style(&style, 1.0)
            .threads(threads)
            .iterations(ITERATIONS);
        let mut session = session.build().unwrap();
        // Room for all of them, so that the count itself allocates nothing.
        let mut allocations = Vec::with_capacity(ITERATIONS);
        let region = Region::new(ALLOCATOR);
        let mut observer = |_: &Iteration<'_>| {
            let so_far = region.change();
            allocations.push((so_far.allocations, so_far.reallocations, so_far.deallocations));
            ControlFlow::Continue(())
        };
        session.run(&mut observer).unwrap();
        assert!(allocations[0].0 > 0, "the optimizer's buffers are made in the first iteration");
        for (iteration, counts) in allocations.iter().enumerate().skip(1) {
            assert_eq!(*counts, allocations[0], "iteration {iteration} with {threads} threads");
        }
    }
}
