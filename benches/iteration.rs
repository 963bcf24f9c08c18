//! Criterion on whole iterations, so that two commits can be compared. `impasto bench iteration` says how close they are
//! to the machine's peak.

use criterion::{Criterion, criterion_group, criterion_main};
use impasto::bench::{SIZES, iteration};
use impasto::preset::Preset;
use std::time::Duration;

fn iterations(criterion: &mut Criterion) {
    let preset = Preset::find("starry").expect("the preset is the notebook's");
    let mut group = criterion.benchmark_group("iteration");
    group.sample_size(20).measurement_time(Duration::from_secs(10));
    for size in SIZES {
        let mut session = iteration::session(size, preset, None).expect("the sizes suit the network");
        group.bench_function(size.to_string(), |bencher| {
            bencher.iter_custom(|count| {
                let count = usize::try_from(count).expect("fewer iterations than there are addresses");
                let times = iteration::times(&mut session, count).expect("the loss stays finite");
                times.iter().sum::<Duration>()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, iterations);
criterion_main!(benches);
