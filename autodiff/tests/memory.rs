//! Shapes that no memory holds are refused when they are recorded, in words, and nothing is allocated for them; the
//! tape goes on. Steps and windows of any length are computed.

use impasto_autodiff::{ConvOptions, ConvWeights, NormalizeOptions};
use impasto_autodiff::{Element, Padding, PoolRounding, Tape, TapeError, Var};
use ndarray::{ArrayD, IxDyn};

fn zeros<T: Element>(tape: &mut Tape<T>, shape: &[usize]) -> Var {
    tape.variable(&ArrayD::<T>::zeros(IxDyn(shape)))
}

fn filled(tape: &mut Tape<f32>, shape: &[usize], value: f32) -> Var {
    tape.variable(&ArrayD::from_elem(IxDyn(shape), value))
}

/// The reason why the memory is too small; panics for any other result.
fn refused(result: Result<Var, TapeError>) -> String {
    match result {
        Err(TapeError::Shape { reason, .. }) => {
            let reason = reason.0;
            assert!(reason.contains("memory") || reason.contains("1 TiB"), "{reason}");
            reason
        }
        other => panic!("{other:?}"),
    }
}

fn shapes_that_no_memory_holds<T: Element>() {
    let mut tape = Tape::<T>::new();
    let empty = [&[0, 1 << 30, 1 << 30][..], &[0, 1 << 21, 1 << 20], &[1 << 21, 0, 1 << 20]];
    for shape in empty {
        let x = zeros(&mut tape, shape);
        let axis = shape.iter().position(|&len| len == 0).unwrap();
        refused(tape.sum_axes(x, &[axis]));
    }
    // Of an axis with values, the mean is refused as the sum is.
    let x = zeros(&mut tape, &[1, 1 << 10, 1]);
    let wide = zeros(&mut tape, &[1, 1, 1 << 10]);
    let product = tape.mul(x, wide).unwrap();
    assert_eq!(tape.shape(product).unwrap(), [1, 1 << 10, 1 << 10]);

    let features = zeros(&mut tape, &[1, 1_000_000]);
    assert_eq!(refused(tape.gram(features, T::one())), "the output would take more than 1 TiB");
    let features = zeros(&mut tape, &[1, 1, 1, 1_500_000]);
    refused(tape.gram(features, T::one()));

    let (column, row) = (zeros(&mut tape, &[1 << 21, 1]), zeros(&mut tape, &[1, 1 << 20]));
    refused(tape.add(column, row));
    refused(tape.sub(row, column));
    refused(tape.mul(column, row));
    refused(tape.div(row, column));
    refused(tape.matmul(column, row));

    // An output of 16 TiB from an image and a filter of 2^21 values each.
    let n = 1 << 21;
    let (image, weight) = (zeros(&mut tape, &[1, n, 1, 1]), zeros(&mut tape, &[1, n, 1, 1]));
    let bias = zeros(&mut tape, &[1]);
    let padding = Padding::Explicit { top: 0, bottom: 0, left: n - 1, right: n - 1 };
    let filter = ConvWeights { weight, bias, padding };
    refused(tape.conv2d(image, filter, ConvOptions::default()));

    // What was refused left nothing behind.
    let scaled = tape.scale(row, T::one() + T::one()).unwrap();
    let loss = tape.sum(scaled).unwrap();
    tape.forward();
    tape.backward(loss).unwrap();
    assert_eq!(tape.number(loss), Ok(T::zero()));
}

#[test]
fn shapes_that_no_memory_holds_in_f32() {
    shapes_that_no_memory_holds::<f32>();
}

#[test]
fn shapes_that_no_memory_holds_in_f64() {
    shapes_that_no_memory_holds::<f64>();
}

/// The output is small, but the frame that the kernels would copy the image into is not: 2^21 rows of 2^21 pixels.
#[test]
fn kernels_without_memory_to_work_in() {
    let mut tape = Tape::<f32>::new();
    let n = 1 << 21;
    let (image, weight) = (zeros(&mut tape, &[1, 1, n, 1]), zeros(&mut tape, &[n, 1, 1, 1]));
    let bias = zeros(&mut tape, &[1]);
    let padding = Padding::Explicit { top: n - 1, bottom: 0, left: 0, right: 0 };
    let reason = refused(tape.conv2d(image, ConvWeights { weight, bias, padding }, ConvOptions::default()));
    assert_eq!(reason, "packed weights and padded images would take more than 1 TiB");
}

/// The gradients of 2^13 windows of 2^15 values each would be 1 GiB if they were kept together: they are not.
#[test]
fn long_windows_take_turns() {
    let (windows, width) = (1 << 13, 1 << 15);
    let mut tape = Tape::<f32>::new();
    let image = filled(&mut tape, &[1, 1, width + 2 * (windows - 1), 1], 1.0);
    let weight = filled(&mut tape, &[1, width, 1, 1], 1.0);
    let bias = zeros(&mut tape, &[1]);
    let filter = ConvWeights { weight, bias, padding: Padding::Valid };
    let sums = tape.conv2d(image, filter, ConvOptions { stride: [1, 2], ..Default::default() }).unwrap();
    let loss = tape.sum(sums).unwrap();
    assert_eq!(tape.shape(sums).unwrap(), [1, 1, windows, 1]);
    tape.forward();
    tape.backward(loss).unwrap();
    let d_image = tape.gradient(image).unwrap();
    // Pixel x lies in the windows that start at the even places from x - width + 1 to x.
    for (x, &d) in d_image.iter().enumerate() {
        let first = (x + 1).saturating_sub(width).div_ceil(2);
        let last = (x / 2).min(windows - 1);
        assert_eq!(d, (last + 1 - first) as f32, "pixel {x}");
    }
    assert!(tape.gradient(weight).unwrap().iter().all(|&d| d == windows as f32));
}

#[test]
fn strides_and_windows_of_any_length() {
    let longest = [usize::MAX, usize::MAX - 1];
    let mut tape = Tape::<f32>::new();
    let image = filled(&mut tape, &[1, 4, 4, 3], 1.0);
    for rounding in [PoolRounding::Floor, PoolRounding::Ceil] {
        for stride in [[usize::MAX, 1], [1, usize::MAX], longest] {
            let pooled = tape.max_pool(image, [2, 2], stride, rounding).unwrap();
            let loss = tape.sum(pooled).unwrap();
            tape.forward();
            tape.backward(loss).unwrap();
            let count = tape.shape(pooled).unwrap().iter().product::<usize>() as f32;
            assert_eq!(tape.number(loss), Ok(count));
            assert_eq!(tape.gradient(image).unwrap().sum(), count);
        }
        let windows = [[usize::MAX, 1], [1, usize::MAX], [1 << 32, 1 << 32], [5, 1]];
        assert!(windows.iter().all(|&window| tape.max_pool(image, window, [1, 1], rounding).is_err()));
    }

    let (weight, bias) = (filled(&mut tape, &[3, 3, 3, 2], 1.0), zeros(&mut tape, &[2]));
    let same = ConvWeights { weight, bias, padding: Padding::Same };
    for stride in [[usize::MAX, 1], [1, usize::MAX], longest, [usize::MAX / 2 + 1, 2]] {
        let options = ConvOptions { stride, ..Default::default() };
        let maps = tape.conv2d(image, same, options).unwrap();
        let loss = tape.sum(maps).unwrap();
        tape.forward();
        tape.backward(loss).unwrap();
        // Each output is the number of values that its window sees, for each of two filters of ones.
        let value = tape.value(maps).unwrap();
        assert!(value.iter().all(|&value| value > 0.0 && value <= 27.0), "{stride:?}: {value}");
        assert_eq!(tape.gradient(image).unwrap().sum(), value.sum(), "{stride:?}");
        assert_eq!(tape.gradient(weight).unwrap().sum(), value.sum(), "{stride:?}");
    }
    let all = usize::MAX - 1;
    let frame = Padding::Explicit { top: all, bottom: all, left: all, right: all };
    let padded = ConvWeights { padding: frame, ..same };
    assert!(matches!(tape.conv2d(image, padded, ConvOptions::default()), Err(TapeError::Shape { .. })));
}

/// Empty arrays keep their sums: of no values, zero.
#[test]
fn sums_of_nothing() {
    let mut tape = Tape::<f64>::new();
    let x = zeros(&mut tape, &[0, 3]);
    let sums = tape.sum_axes(x, &[0]).unwrap();
    let total = tape.sum(sums).unwrap();
    tape.forward();
    assert_eq!(tape.value(sums).unwrap(), ArrayD::<f64>::zeros(IxDyn(&[3])));
    assert_eq!(tape.number(total), Ok(0.0));
    assert!(tape.mean_axes(x, &[0]).is_err());
    let moments = tape.moments(x);
    assert!(matches!(moments, Err(TapeError::Shape { .. })));
    let (two, one) = (zeros(&mut tape, &[2, 3]), zeros(&mut tape, &[3]));
    assert!(tape.normalize(x, two, [one, one], NormalizeOptions::default()).is_err());
}
