//! Safe code that asks for the impossible: sizes whose products wrap, and slices that are shorter than these products
//! would be. Each must be refused in words, on every instruction set.
//!
//! What is wrong here reads or writes wild memory, which may end the process or pass unseen. So each probe runs in a
//! process of its own, this test's program once more, and must say there what it is meant to say. The same variable
//! that names the instruction set to a program names it to kernels that take no level.
//!
//! Products wrap only where overflow checks are off, as in a release build: `.ci/run` runs these with `--release` too.
//! With overflow checks on, arithmetic that would wrap panics with other words than those expected here.

use impasto_kernels::*;
use impasto_kernels::{Operand, matmul};
use libtest_mimic::{Arguments, Failed, Trial};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

/// Names the probe that this process is to run.
const PROBE: &str = "IMPASTO_SOUNDNESS_PROBE";

/// What a probe does at one level, and what the panic or the error that it ends with must say; nothing if it must end
/// well.
struct Probe {
    name: &'static str,
    run: fn(Level) -> Result<(), ShapeError>,
    says: &'static str,
}

const LARGE: &str = "would be larger than memory can address";
const IMAGE: &str = "the image is (N, H, W, C";

const PROBES: &[Probe] = &[
    Probe {
        name: "matmul writes",
        run: |_| product::<f32>([1 << 32, 0, 1 << 32], [0, 0, 0]),
        says: "c is (m, n)",
    },
    Probe { name: "matmul reads", run: |_| product::<f32>([1 << 32; 3], [0, 0, 0]), says: "a is (m, k)" },
    Probe {
        name: "matmul behind a",
        run: |_| product::<f32>([(1 << 62) + 1, 4, 4], [4, 16, 4]),
        says: "a is (m, k)",
    },
    Probe {
        name: "matmul behind b",
        run: |_| product::<f64>([4, 4, (1 << 62) + 1], [16, 4, 4]),
        says: "b is (k, n)",
    },
    Probe {
        name: "matmul behind c",
        run: |_| product::<f32>([3, 0, inverse(3).wrapping_mul(8)], [0, 0, 8]),
        says: "c is (m, n)",
    },
    Probe { name: "matmul of nothing", run: |_| product::<f32>([0, 0, usize::MAX], [0, 0, 0]), says: "" },
    Probe { name: "matmul of little", run: |_| product::<f64>([2, 0, 3], [0, 0, 6]), says: "" },
    Probe {
        name: "winograd",
        run: |_| shape([1, 6, (1 << 60) + 6, 16], [3, 3], 16, [1, 1]).map(drop),
        says: LARGE,
    },
    Probe {
        name: "depth",
        run: |_| shape([1, 1, 32, (1 << 59) + 1], [1, 1], 32, [1, 1]).map(drop),
        says: LARGE,
    },
    Probe {
        name: "stride",
        run: |_| shape([1, 1, (1 << 61) + 9, 8], [1, 1], 16, [1, (1 << 58) + 1]).map(drop),
        says: LARGE,
    },
    Probe {
        name: "channels",
        run: |_| shape([1, 1, 2, 3], [1, 1], inverse(6), [1, 1]).map(drop),
        says: LARGE,
    },
    Probe { name: "batch", run: |_| shape([1 << 62, 2, 2, 1], [1, 1], 1, [1, 1]).map(drop), says: LARGE },
    Probe { name: "forward", run: |level| huge(level, Pass::Forward), says: IMAGE },
    Probe { name: "input gradient", run: |level| huge(level, Pass::InputGradient), says: IMAGE },
    Probe { name: "weight gradient", run: |level| huge(level, Pass::WeightGradient), says: IMAGE },
    Probe { name: "longest stride", run: longest_stride, says: "" },
    Probe {
        name: "pool",
        run: |_| {
            PoolShape::new([1, 1, 1, 16], [1, (1 << 60) + 1], [1, 1 << 60], PoolRounding::Floor).map(drop)
        },
        says: "more than 256 positions",
    },
    Probe {
        name: "pool of a large image",
        run: |_| PoolShape::new([1, 4, 1 << 60, 16], [4, 1], [4, 1], PoolRounding::Ceil).map(drop),
        says: LARGE,
    },
    Probe { name: "pool of little", run: pool_of_little, says: IMAGE },
    Probe { name: "pool with the longest stride", run: pool_with_the_longest_stride, says: "" },
    Probe { name: "gram", run: |level| gram(1 << 32, level), says: "must fit the memory" },
    Probe { name: "gram of no channels", run: |level| gram(0, level), says: "at least one channel" },
    Probe { name: "total variation", run: |_| variation([1 << 32, 1 << 32, 1, 1]), says: IMAGE },
    Probe { name: "total variation of rows", run: |_| variation([1, 2, inverse(3), 3]), says: IMAGE },
    Probe { name: "scratch of others", run: scratch_of_others, says: "" },
    Probe { name: "random shapes", run: random_shapes, says: "" },
    Probe { name: "random products", run: random_products, says: "" },
];

fn main() {
    if let Ok(name) = std::env::var(PROBE) {
        let probe = PROBES.iter().find(|probe| probe.name == name).expect("a probe of this name");
        return say(probe);
    }
    let mut trials = Vec::new();
    for level in Level::available() {
        for probe in PROBES {
            let name = format!("{} ({})", probe.name, level.name());
            trials.push(Trial::test(name, move || in_a_process_of_its_own(probe, level)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Runs a probe in this process and prints what it ends with.
fn say(probe: &Probe) {
    let level = Level::from_environment().expect("a level that was found available");
    match catch_unwind(AssertUnwindSafe(|| (probe.run)(level))) {
        Ok(Ok(())) => println!("ended well"),
        Ok(Err(error)) => println!("refused: {error}"),
        Err(panic) => {
            let message = panic.downcast_ref::<String>().map(String::as_str);
            println!("refused: {}", message.or(panic.downcast_ref().copied()).unwrap_or("without words"));
        }
    }
}

fn in_a_process_of_its_own(probe: &Probe, level: Level) -> Result<(), Failed> {
    let output = Command::new(std::env::current_exe()?)
        .env(PROBE, probe.name)
        .env(Level::ENVIRONMENT_VARIABLE, level.name())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let expected = if probe.says.is_empty() { "ended well" } else { probe.says };
    if output.status.success() && said.contains(expected) {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}: said {said:?} instead of {expected:?}; {stderr}", output.status).into())
}

/// The number whose product with an odd `factor` wraps to 1; for an even one, with its odd part.
fn inverse(factor: usize) -> usize {
    let odd = factor >> factor.trailing_zeros();
    // Newton's iteration: each step doubles the bits that are right, of which an odd number has three.
    (0..5).fold(odd, |inverse, _| inverse.wrapping_mul(2usize.wrapping_sub(odd.wrapping_mul(inverse))))
}

/// `matmul` of these sizes with slices of these lengths.
fn product<T: Element + Default + PartialEq>(sizes: [usize; 3], lens: [usize; 3]) -> Result<(), ShapeError> {
    let [a, b, mut c] = lens.map(|len| vec![T::default(); len]);
    let operand = |values| Operand { values, transposed: false };
    matmul(sizes, operand(&a), operand(&b), Accumulate::Replace, &mut c);
    assert!(c.iter().all(|value| *value == T::default()), "no terms have a sum of zero");
    Ok(())
}

fn shape(
    input: [usize; 4],
    kernel: [usize; 2],
    out_channels: usize,
    stride: [usize; 2],
) -> Result<ConvShape, ShapeError> {
    ConvShape::new(input, &[Filter { kernel, out_channels, padding: Padding::Valid }], stride)
}

enum Pass {
    Forward,
    InputGradient,
    WeightGradient,
}

/// A convolution that memory can address but not hold, and images of a few values.
fn huge(level: Level, pass: Pass) -> Result<(), ShapeError> {
    let shape = shape([1, 1 << 19, 1 << 36, 16], [3, 3], 16, [1, 1])?;
    let mut convolution = Convolution::with_level(shape, level);
    convolution.set_weights(0, &[1.0; 9 * 16 * 16], &[1.0; 16]);
    let (image, out) = ([1.0; 576], [0.0; 256]);
    match pass {
        Pass::Forward => convolution.forward(Activation::None, &image, &mut out.clone()),
        Pass::InputGradient => {
            // The output's length is looked at first.
            let refused = catch_unwind(AssertUnwindSafe(|| {
                convolution.input_gradient(&out, None, Accumulate::Replace, &mut image.clone());
            }));
            let message = refused.expect_err("the output is too short");
            let message = message.downcast_ref::<String>().expect("words");
            assert!(message.contains("the output is (N, H, W, Cout)"), "{message}");
            panic!("{IMAGE} too");
        }
        Pass::WeightGradient => {
            convolution.weight_gradient(0, &image, &out, None, Accumulate::Replace, &mut [0.0; 9 * 16 * 16]);
        }
    }
    Ok(())
}

/// One window, since the second would lie beyond all memory: in this pass and in each gradient.
fn longest_stride(level: Level) -> Result<(), ShapeError> {
    for channels in [1, 16] {
        let shape = shape([1, 4, 5, channels], [3, 3], channels, [usize::MAX, usize::MAX - 1])?;
        assert_eq!(shape.output(), [1, 1, 1, channels]);
        let mut convolution = Convolution::with_level(shape, level);
        let weights = vec![1.0; 9 * channels * channels];
        convolution.set_weights(0, &weights, &vec![0.5; channels]);
        let image = vec![1.0; 20 * channels];
        let mut out = vec![f32::NAN; channels];
        convolution.forward(Activation::None, &image, &mut out);
        assert_eq!(out, vec![9.0 * channels as f32 + 0.5; channels]);
        let mut d_image = vec![f32::NAN; image.len()];
        convolution.input_gradient(&vec![2.0; channels], Some(&out), Accumulate::Replace, &mut d_image);
        let inside = |pixel: usize| pixel / 5 < 3 && pixel % 5 < 3;
        for (index, &value) in d_image.iter().enumerate() {
            let expected = if inside(index / channels) { 2.0 * channels as f32 } else { 0.0 };
            assert_eq!(value, expected, "value {index}");
        }
        let mut d_weights = vec![f32::NAN; weights.len()];
        convolution.weight_gradient(
            0,
            &image,
            &vec![2.0; channels],
            None,
            Accumulate::Replace,
            &mut d_weights,
        );
        assert!(d_weights.iter().all(|&value| value == 2.0));
    }
    Ok(())
}

fn pool_of_little(_: Level) -> Result<(), ShapeError> {
    let shape = PoolShape::new([1, 1 << 19, 1 << 36, 16], [3, 3], [2, 2], PoolRounding::Ceil)?;
    max_pool(&shape, &[1.0; 64], &mut [0.0; 48], &mut [0; 48]);
    Ok(())
}

fn pool_with_the_longest_stride(_: Level) -> Result<(), ShapeError> {
    let shape = PoolShape::new([1, 4, 5, 17], [2, 3], [usize::MAX, usize::MAX], PoolRounding::Ceil)?;
    assert_eq!(shape.output(), [1, 1, 1, 17]);
    let mut image = vec![0.0; 4 * 5 * 17];
    image[(5 + 2) * 17..][..17].fill(3.0);
    let (mut out, mut argmax) = ([f32::NAN; 17], [99; 17]);
    max_pool(&shape, &image, &mut out, &mut argmax);
    assert_eq!((out, argmax), ([3.0; 17], [5; 17]));
    let mut d_image = vec![f32::NAN; image.len()];
    max_pool_gradient(&shape, &[3.0; 17], &argmax, Accumulate::Replace, &mut d_image);
    assert_eq!(d_image, image);
    Ok(())
}

fn gram(channels: usize, level: Level) -> Result<(), ShapeError> {
    Gram::with_level(channels, level).gradient(1.0, &[], &[], Accumulate::Replace, &mut []);
    Ok(())
}

fn variation(shape: [usize; 4]) -> Result<(), ShapeError> {
    let len = shape.iter().fold(1, |len: usize, &size| len.wrapping_mul(size));
    elementwise::total_variation(shape, &vec![0.0; len]);
    Ok(())
}

/// A convolution with an enormous scratch buffer, which is never used, costs those that are nothing.
fn scratch_of_others(level: Level) -> Result<(), ShapeError> {
    let filter = Filter { kernel: [3, 3], out_channels: 1, padding: Padding::Same };
    let unused = ConvShape::new([1, 1 << 19, 1 << 38, 1], &[filter], [1, 1])?;
    let unused = Convolution::with_level(unused, level);
    assert!(unused.scratch_len() > 1 << 39);
    let corner = std::thread::spawn(move || {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
        pool.install(|| {
            let shape = ConvShape::new([1, 8, 8, 1], &[filter], [1, 1])?;
            let mut convolution = Convolution::with_level(shape, level);
            convolution.set_weights(0, &[1.0; 9], &[0.0]);
            reserve_scratch(convolution.scratch_len());
            let mut out = [0.0; 64];
            convolution.forward(Activation::None, &[1.0; 64], &mut out);
            Ok::<_, ShapeError>(out[0])
        })
    });
    assert_eq!(corner.join().expect("no panic")?, 4.0);
    Ok(())
}

/// Sizes of all magnitudes, among them such that a product of some wraps to a small number.
struct Sizes(u64);

impl Sizes {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 as usize
    }

    fn small(&mut self) -> usize {
        self.next() % 20 + 1
    }

    fn any(&mut self) -> usize {
        let near = |center: usize, by: usize| center.wrapping_add(by).wrapping_sub(10);
        match self.next() % 8 {
            0..=3 => self.small(),
            4 => near(1 << (self.next() % 64), self.small()),
            5 => near(usize::MAX / self.small(), self.small()),
            6 => self.next() >> (self.next() % 64),
            _ => self.next() | 1,
        }
    }

    /// As many sizes, the last of which often makes their product small.
    fn of_a_shape<const N: usize>(&mut self) -> [usize; N] {
        let mut sizes = [0; N].map(|_| self.any());
        if self.next().is_multiple_of(2) {
            let others = sizes[1..].iter().fold(1, |product: usize, &size| product.wrapping_mul(size));
            sizes[0] = inverse(others | 1).wrapping_mul(self.small());
        }
        let turn = self.next() % N;
        sizes.rotate_left(turn);
        sizes
    }
}

/// Shapes of any sizes: refused, or such that slices of another length are.
fn random_shapes(level: Level) -> Result<(), ShapeError> {
    std::panic::set_hook(Box::new(|_| ()));
    let mut sizes = Sizes(level.name().len() as u64 + 7);
    let mut accepted = 0;
    for _ in 0..200_000 {
        let (input, kernel, out_channels) = (sizes.of_a_shape(), [sizes.any(), sizes.any()], sizes.any());
        let [top, bottom, left, right] = [0; 4].map(|_| sizes.any());
        let padding = match sizes.next() % 3 {
            0 => Padding::Valid,
            1 => Padding::Same,
            _ => Padding::Explicit { top, bottom, left, right },
        };
        let filters = [
            Filter { kernel, out_channels, padding },
            Filter { padding: Padding::Same, ..filter_of(&mut sizes) },
        ];
        let filters = &filters[..sizes.next() % 4 / 3 + 1];
        let Ok(shape) = ConvShape::new(input, filters, [sizes.any(), sizes.any()]) else { continue };
        accepted += 1;
        // Nothing wrapped.
        let exact =
            |sizes: [usize; 4]| sizes.iter().try_fold(1u128, |len, &size| len.checked_mul(size as u128));
        assert_eq!(exact(shape.input()), Some(shape.input_len() as u128));
        assert_eq!(exact(shape.output()), Some(shape.output_len() as u128));
        let buffers = Convolution::buffers_len(&shape);
        if filters.iter().enumerate().any(|(index, _)| shape.weight_len(index) > 1 << 10)
            || shape.output()[3] > 1 << 10
        {
            continue;
        }
        // Short slices of the lengths that would be right if lengths wrapped are tried by `huge`; here of one value.
        let mut convolution = Convolution::with_level(shape.clone(), level);
        assert!(convolution.scratch_len() <= buffers);
        let is_refused = |run: &mut dyn FnMut()| catch_unwind(AssertUnwindSafe(run)).is_err();
        if shape.input_len() > 1 && shape.output_len() > 1 {
            assert!(is_refused(&mut || convolution.forward(Activation::Relu, &[1.0], &mut [0.0])));
            assert!(is_refused(&mut || convolution.input_gradient(
                &[1.0],
                None,
                Accumulate::Add,
                &mut [0.0]
            )));
            let mut d_weights = vec![0.0; shape.weight_len(0)];
            assert!(is_refused(&mut || {
                convolution.weight_gradient(0, &[1.0], &[1.0], None, Accumulate::Add, &mut d_weights);
            }));
        }
        if shape.input_len() > 1 << 12 || shape.output_len() > 1 << 12 || buffers > 1 << 20 {
            continue;
        }
        // What fits the memory is computed: no value is left as it was.
        let (image, mut out) = (vec![1.0; shape.input_len()], vec![f32::NAN; shape.output_len()]);
        convolution.forward(Activation::Relu, &image, &mut out);
        assert!(out.iter().all(|value| *value == 0.0), "weights of zero");
        let mut d_image = vec![f32::NAN; image.len()];
        convolution.input_gradient(&vec![1.0; out.len()], Some(&out), Accumulate::Replace, &mut d_image);
        assert!(d_image.iter().all(|value| *value == 0.0), "what ReLU masks");
    }
    assert!(accepted > 1000, "{accepted} shapes were not refused");
    Ok(())
}

fn filter_of(sizes: &mut Sizes) -> Filter {
    Filter { kernel: [sizes.small(), sizes.small()], out_channels: sizes.small(), padding: Padding::Same }
}

/// Products of any sizes: refused, or right.
fn random_products(_: Level) -> Result<(), ShapeError> {
    std::panic::set_hook(Box::new(|_| ()));
    let mut sizes = Sizes(11);
    for _ in 0..200_000 {
        let [m, k, n] = sizes.of_a_shape().map(|size| if sizes.next().is_multiple_of(8) { 0 } else { size });
        let lens = [m.wrapping_mul(k), k.wrapping_mul(n), m.wrapping_mul(n)];
        if lens.iter().any(|&len| len > 1 << 12) {
            continue;
        }
        let fits =
            [(m, k), (k, n), (m, n)].iter().all(|(rows, columns)| rows.checked_mul(*columns).is_some());
        let is_computed = catch_unwind(|| product::<f32>([m, k, n], lens)).is_ok();
        assert_eq!(is_computed, fits, "{m} x {k} x {n}");
    }
    Ok(())
}
