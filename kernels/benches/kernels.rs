//! Criterion on every kernel, so that two commits can be compared; `IMPASTO_SIMD` chooses the instruction set. The rates
//! are floating-point operations, or values where memory sets the pace. `impasto bench kernels` says how close they are
//! to the machine's peak.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use impasto_kernels::{
    Accumulate, Activation, ConvShape, Convolution, Filter, Gram, Kernels, Normalization, Padding,
    PoolRounding, PoolShape,
};
use std::hint::black_box;
use std::time::Duration;

/// Values in [-1, 1), the same for the same seed.
fn values(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

fn square(side: usize, out_channels: usize, padding: Padding) -> Filter {
    Filter { kernel: [side, side], out_channels, padding }
}

fn convolutions(criterion: &mut Criterion) {
    let valid = |side, out_channels| square(side, out_channels, Padding::Valid);
    let same = |side, out_channels| square(side, out_channels, Padding::Same);
    let cases = [
        ("rgb 3x3 stride 2", [1, 192, 256, 3], vec![valid(3, 64)], 2),
        ("1x1", [1, 47, 63, 64], vec![valid(1, 16)], 1),
        ("1x1 beside 3x3", [1, 47, 63, 16], vec![valid(1, 64), same(3, 64)], 1),
        ("3x3", [1, 23, 31, 128], vec![same(3, 128)], 1),
        ("5x5 of few channels", [1, 47, 63, 12], vec![same(5, 20)], 1),
    ];
    let (relu, replace) = (Activation::Relu, Accumulate::Replace);
    for (name, input, filters, stride) in cases {
        let shape = ConvShape::new(input, &filters, [stride, stride]).expect("the windows fit");
        let mut convolution = Convolution::new(shape.clone());
        for (index, filter) in filters.iter().enumerate() {
            let weights = values(shape.weight_len(index), 1);
            convolution.set_weights(index, &weights, &values(filter.out_channels, 2));
        }
        let (image, d_out) = (values(shape.input_len(), 3), values(shape.output_len(), 4));
        let (mut out, mut d_image) = (vec![0.0; d_out.len()], vec![0.0; image.len()]);
        let mut d_weights = vec![0.0; shape.weight_len(0)];
        let mut group = criterion.benchmark_group(format!("convolution {name}"));
        group.throughput(Throughput::Elements(shape.flops()));
        group.bench_function("forward", |bencher| {
            bencher.iter(|| convolution.forward(relu, &image, black_box(&mut out)));
        });
        convolution.forward(relu, &image, &mut out);
        group.bench_function("input gradient", |bencher| {
            bencher.iter(|| convolution.input_gradient(&d_out, Some(&out), replace, black_box(&mut d_image)));
        });
        // Of the first filter, whose share of the bank's operations it is.
        let positions: usize = shape.output()[..3].iter().product();
        group.throughput(Throughput::Elements(2 * (positions * shape.weight_len(0)) as u64));
        group.bench_function("weight gradient", |bencher| {
            bencher.iter(|| {
                let d_weights = black_box(&mut d_weights);
                convolution.weight_gradient(0, &image, &d_out, Some(&out), replace, d_weights);
            });
        });
        group.finish();
    }
}

fn gram_matrices(criterion: &mut Criterion) {
    for (positions, channels) in [(95 * 127, 64), (47 * 63, 128), (11 * 15, 512)] {
        let (features, d_gram) = (values(positions * channels, 1), values(channels * channels, 2));
        let (mut gram, mut d_features) = (vec![0.0; d_gram.len()], vec![0.0; features.len()]);
        let mut kernel = Gram::new(channels);
        let mut group = criterion.benchmark_group(format!("gram {positions}x{channels}"));
        // The matrix is symmetric, so half of it counts.
        group.throughput(Throughput::Elements((positions * channels * (channels + 1)) as u64));
        group.bench_function("forward", |bencher| {
            bencher.iter(|| kernel.forward(0.5, &features, black_box(&mut gram)));
        });
        group.throughput(Throughput::Elements((2 * positions * channels * channels) as u64));
        group.bench_function("gradient", |bencher| {
            bencher.iter(|| {
                kernel.gradient(0.5, &features, &d_gram, Accumulate::Replace, black_box(&mut d_features));
            });
        });
        group.finish();
    }
}

fn max_pools(criterion: &mut Criterion) {
    let kernels = Kernels::current();
    let shape = PoolShape::new([1, 95, 127, 64], [3, 3], [2, 2], PoolRounding::Floor).expect("windows fit");
    let (image, d_out) = (values(shape.input_len(), 1), values(shape.output_len(), 2));
    let (mut out, mut argmax) = (vec![0.0; d_out.len()], vec![0; d_out.len()]);
    let mut d_image = vec![0.0; image.len()];
    let mut group = criterion.benchmark_group("max pool 3x3 stride 2");
    group.throughput(Throughput::Elements(image.len() as u64));
    group.bench_function("forward", |bencher| {
        bencher.iter(|| kernels.max_pool(&shape, &image, black_box(&mut out), &mut argmax));
    });
    kernels.max_pool(&shape, &image, &mut out, &mut argmax);
    group.bench_function("gradient", |bencher| {
        bencher.iter(|| {
            kernels.max_pool_gradient(&shape, &d_out, &argmax, Accumulate::Replace, black_box(&mut d_image));
        });
    });
    group.finish();
}

fn elementwise_passes(criterion: &mut Criterion) {
    let kernels = Kernels::current();
    let replace = Accumulate::Replace;
    let shape = [1, 192, 256, 3];
    let len = shape.iter().product();
    let (a, b) = (values(len, 1), values(len, 2));
    let (mut out, mut first, mut second, mut x) = (vec![0.0; len], vec![0.0; len], vec![0.0; len], a.clone());
    let mut group = criterion.benchmark_group("elementwise");
    group.throughput(Throughput::Elements(len as u64));
    group.bench_function("relu", |bencher| bencher.iter(|| kernels.relu(&a, black_box(&mut out))));
    group.bench_function("squared difference", |bencher| {
        bencher.iter(|| kernels.squared_difference(&a, &b));
    });
    group.bench_function("squared difference, gradient", |bencher| {
        bencher.iter(|| kernels.squared_difference_gradient(&a, &b, 0.5, replace, black_box(&mut out)));
    });
    group.bench_function("total variation", |bencher| bencher.iter(|| kernels.total_variation(shape, &a)));
    group.bench_function("total variation, gradient", |bencher| {
        bencher.iter(|| kernels.total_variation_gradient(shape, &a, 0.5, replace, black_box(&mut out)));
    });
    group.bench_function("adam", |bencher| {
        bencher.iter(|| {
            kernels.adam(1e-3, [0.9, 0.999], 1e-8, &b, &mut first, &mut second, black_box(&mut x));
        });
    });
    group.bench_function("clamp", |bencher| {
        bencher.iter(|| kernels.clamp(black_box(&mut x), [[-1.0, 1.0]; 3]));
    });
    group.finish();
}

fn normalizations(criterion: &mut Criterion) {
    let kernels = Kernels::current();
    let (positions, channels) = (95 * 127, 64);
    let x = values(positions * channels, 1);
    let d_out = values(x.len(), 2);
    let (scale, shift) = (values(channels, 3), values(channels, 4));
    let (mut moments, mut sums) = (vec![0.0; 2 * channels], vec![0.0; 2 * channels]);
    let mut out = vec![0.0; x.len()];
    let mut group = criterion.benchmark_group(format!("normalize {positions}x{channels}"));
    group.throughput(Throughput::Elements(x.len() as u64));
    group.bench_function("moments", |bencher| {
        bencher.iter(|| kernels.moments(channels, &x, black_box(&mut moments)));
    });
    kernels.moments(channels, &x, &mut moments);
    let d_moments = values(moments.len(), 5);
    group.bench_function("moments, gradient", |bencher| {
        bencher.iter(|| {
            let out = black_box(&mut out);
            kernels.moments_gradient(channels, &x, &moments, &d_moments, Accumulate::Replace, out);
        });
    });
    let activation = Activation::Relu;
    let with = Normalization { epsilon: 1e-5, moments: &moments, scale: &scale, shift: &shift, activation };
    group.bench_function("forward", |bencher| {
        bencher.iter(|| kernels.normalize(with, &x, black_box(&mut out)));
    });
    group.bench_function("gradient", |bencher| {
        bencher.iter(|| {
            let d_x = Some((Accumulate::Replace, black_box(&mut out[..])));
            kernels.normalize_gradient(with, &x, &d_out, &mut sums, d_x);
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = convolutions, gram_matrices, max_pools, elementwise_passes, normalizations
}
criterion_main!(benches);
