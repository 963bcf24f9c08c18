//! Criterion on every kernel at the network's shapes, so that two commits can be compared. `impasto bench kernels` says
//! how close they are to the machine's peak.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use impasto::bench::{Implementation, SIZES, cases, dimensions};
use std::time::Duration;

fn kernels(criterion: &mut Criterion) {
    for size in SIZES {
        let (height, width) = dimensions(size);
        let mut group = criterion.benchmark_group(format!("{height}x{width}"));
        group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
        for case in cases(height, width) {
            // Criterion calls them elements; here they are floating-point operations.
            group.throughput(Throughput::Elements(case.flops()));
            group.bench_function(case.name(), |bencher| {
                let mut routine = case.prepare(Implementation::Fast).expect("every case has a fast version");
                bencher.iter(&mut routine);
            });
        }
        group.finish();
    }
}

criterion_group!(benches, kernels);
criterion_main!(benches);
