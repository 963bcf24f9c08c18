//! What the operations refuse, and shapes that must never panic.

use impasto_autodiff::{ConvOptions, ConvWeights, Padding, PoolRounding, Tape, TapeError, Var};
use ndarray::{Array, ArrayD, array};

fn filled(shape: &[usize]) -> ArrayD<f64> {
    let count: usize = shape.iter().product();
    Array::from_iter((0..count).map(|i| 0.5 + (i * 7 % 11) as f64 / 8.0))
        .into_shape_with_order(shape)
        .unwrap()
}

/// What a computation on inputs of these shapes answers.
fn refusal(
    shapes: &[&[usize]],
    record: impl FnOnce(&mut Tape<f64>, &[Var]) -> Result<Var, TapeError>,
) -> String {
    let mut tape = Tape::new();
    let inputs: Vec<Var> = shapes.iter().map(|shape| tape.variable(&filled(shape))).collect();
    match record(&mut tape, &inputs) {
        Ok(_) => "recorded".into(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn operations_say_what_does_not_fit() {
    let conv = |x: &[Var]| ConvWeights { weight: x[1], bias: x[2], padding: Padding::Valid };
    let options = ConvOptions::default();
    let pool = PoolRounding::Floor;
    let refusals = [
        (
            refusal(&[&[2, 3], &[4, 5]], |t, x| t.matmul(x[0], x[1])),
            "matmul of (2, 3) and (4, 5): the first has 3 columns, the second 4 rows",
        ),
        (
            refusal(&[&[2], &[2, 5]], |t, x| t.matmul(x[0], x[1])),
            "matmul of (2) and (2, 5): both must be matrices",
        ),
        (
            refusal(&[&[2, 3], &[2]], |t, x| t.add(x[0], x[1])),
            "add of (2, 3) and (2): lengths 3 and 2 do not broadcast, they must be equal or one of them 1",
        ),
        (
            refusal(&[&[2, 3], &[0, 3]], |t, x| t.div(x[0], x[1])),
            "div of (2, 3) and (0, 3): lengths 2 and 0 do not broadcast, they must be equal or one of them 1",
        ),
        (
            refusal(&[&[2, 3], &[3]], |t, x| t.squared_difference(x[0], x[1])),
            "squared_difference of (2, 3) and (3): (2, 3) and (3) must be equal",
        ),
        (
            refusal(&[&[], &[2]], |t, x| t.weighted_sum(&[(x[0], 1.0), (x[1], 1.0)])),
            "weighted_sum of () and (2): (2) is not a single number, sum it first",
        ),
        (
            refusal(&[], |t, _| t.weighted_sum(&[])),
            "weighted_sum of nothing: there must be at least one term",
        ),
        (refusal(&[], |t, _| t.concat(&[], 0)), "concat of nothing: there must be at least one input"),
        (
            refusal(&[&[2, 3], &[3, 3]], |t, x| t.concat(x, 1)),
            "concat of (2, 3) and (3, 3): (2, 3) and (3, 3) differ in more than axis 1",
        ),
        (refusal(&[&[2, 3]], |t, x| t.concat(x, 2)), "concat of (2, 3): there is no axis 2, the last is 1"),
        (refusal(&[&[]], |t, x| t.concat(x, 0)), "concat of (): a single number has no axes"),
        (
            refusal(&[&[2, 3]], |t, x| t.narrow(x[0], 1, 2, 2)),
            "narrow of (2, 3): axis 1 has 3 positions, not 2 from 2 on",
        ),
        (
            refusal(&[&[2]], |t, x| t.narrow(x[0], 0, 1, usize::MAX)),
            "narrow of (2): axis 0 has 2 positions, not 18446744073709551615 from 1 on",
        ),
        (
            refusal(&[&[1, 4, 5, 3], &[2]], |t, x| t.reflect_pad(x[0], x[1], [9, 4])),
            "reflect_pad of (1, 4, 5, 3) and (2): a canvas of 9x4 is smaller than the image",
        ),
        (
            refusal(&[&[1, 4, 5, 3], &[1, 2]], |t, x| t.reflect_pad(x[0], x[1], [9, 9])),
            "reflect_pad of (1, 4, 5, 3) and (1, 2): the offset must hold two values, rows and columns",
        ),
        (
            refusal(&[&[4, 5], &[2]], |t, x| t.reflect_pad(x[0], x[1], [9, 9])),
            "reflect_pad of (4, 5) and (2): the image must be (N, H, W, C)",
        ),
        (
            refusal(&[&[1, 0, 5, 3], &[2]], |t, x| t.reflect_pad(x[0], x[1], [9, 9])),
            "reflect_pad of (1, 0, 5, 3) and (2): there must be at least one pixel and one channel",
        ),
        (
            refusal(&[&[1, 4, 5, 3], &[1, 4, 5]], |t, x| t.mask(x[0], x[1])),
            "mask of (1, 4, 5, 3) and (1, 4, 5): factors must be (N, H, W, 1), with one number per position of the image",
        ),
        (
            refusal(&[&[1, 4, 5, 3], &[5, 4, 1]], |t, x| t.mask_gradient(x[0], x[1])),
            "mask_gradient of (1, 4, 5, 3) and (5, 4, 1): factors must be (N, H, W, 1), with one number per position of \
             the image",
        ),
        (
            refusal(&[&[1, 4, 5, 0], &[1, 4, 5, 1]], |t, x| t.mask(x[0], x[1])),
            "mask of (1, 4, 5, 0) and (1, 4, 5, 1): the image must be (N, H, W, C), with at least one channel",
        ),
        (
            refusal(&[&[1, 4, 5, 3], &[1, 4, 5, 3], &[1, 5, 4, 1]], |t, x| t.blend(x[0], x[1], x[2])),
            "blend of (1, 4, 5, 3) and (1, 4, 5, 3) and (1, 5, 4, 1): shares must be (N, H, W, 1), with one number per \
             position of the image",
        ),
        (
            refusal(&[&[1, 4, 5, 3], &[1, 4, 5, 2], &[1, 4, 5, 1]], |t, x| t.blend(x[0], x[1], x[2])),
            "blend of (1, 4, 5, 3) and (1, 4, 5, 2) and (1, 4, 5, 1): (1, 4, 5, 3) and (1, 4, 5, 2) must be equal",
        ),
        (
            refusal(&[&[2, 3, 4, 5]], |t, x| t.channel_means(x[0])),
            "channel_means of (2, 3, 4, 5): the image must be (1, H, W, C), with at least one position and channel",
        ),
        (
            refusal(&[&[2, 3]], |t, x| t.diagonal(x[0])),
            "diagonal of (2, 3): the matrix must be square, (N, N)",
        ),
        (
            refusal(&[&[2, 3, 4, 5]], |t, x| t.gram(x[0], 1.0)),
            "gram of (2, 3, 4, 5): a Gram matrix is of one image, narrow axis 0 to it",
        ),
        (refusal(&[&[3]], |t, x| t.gram(x[0], 1.0)), "gram of (3): features must be (P, C) or (1, H, W, C)"),
        (
            refusal(&[&[0, 3]], |t, x| t.gram(x[0], 1.0)),
            "gram of (0, 3): there must be at least one position and one channel",
        ),
        (
            refusal(&[&[4, 5, 3]], |t, x| t.total_variation(x[0])),
            "total_variation of (4, 5, 3): the image must be (N, H, W, C)",
        ),
        (
            refusal(&[&[1, 0, 5, 3]], |t, x| t.total_variation(x[0])),
            "total_variation of (1, 0, 5, 3): there must be at least one pixel and one channel",
        ),
        (
            refusal(&[&[4, 5]], |t, x| t.max_pool(x[0], [2, 2], [2, 2], pool)),
            "max_pool of (4, 5): the image must be (N, H, W, C)",
        ),
        (
            refusal(&[&[1, 2, 5, 1]], |t, x| t.max_pool(x[0], [3, 3], [2, 2], pool)),
            "max_pool of (1, 2, 5, 1): a [3, 3] window does not fit an image of 2x5 (padded [2, 5]): use a larger image",
        ),
        (
            refusal(&[&[1, 2, 5, 1]], |t, x| t.max_pool(x[0], [2, 2], [0, 1], pool)),
            "max_pool of (1, 2, 5, 1): the stride must be at least 1",
        ),
        (refusal(&[&[0]], |t, x| t.mean(x[0])), "mean of (0): there are no values"),
        (
            refusal(&[&[2, 0]], |t, x| t.mean_axes(x[0], &[1])),
            "mean_axes of (2, 0): there are no values along these axes",
        ),
        (refusal(&[&[2, 3]], |t, x| t.sum_axes(x[0], &[1, 1])), "sum_axes of (2, 3): axis 1 is named twice"),
        (
            refusal(&[&[2, 3]], |t, x| t.sum_axes(x[0], &[2])),
            "sum_axes of (2, 3): there is no axis 2, the last is 1",
        ),
        (
            refusal(&[&[2, 3]], |t, x| t.reshape(x[0], &[4])),
            "reshape of (2, 3): (4) has another number of values",
        ),
        (
            refusal(&[&[2, 3]], |t, x| t.reshape(x[0], &[usize::MAX, 2])),
            "reshape of (2, 3): (18446744073709551615, 2) has another number of values",
        ),
        (
            refusal(&[&[0]], |t, x| t.reshape(x[0], &[usize::MAX, 0])),
            "reshape of (0): the output would be larger than memory can address",
        ),
        (
            refusal(&[&[2, 3]], |t, x| t.transpose(x[0], &[0, 0])),
            "transpose of (2, 3): [0, 0] does not name each of its 2 axes once",
        ),
        (refusal(&[&[]], |t, x| t.log_softmax(x[0])), "log_softmax of (): there must be at least one axis"),
        (
            refusal(&[&[4, 4, 3], &[3, 3, 3, 2], &[2]], |t, x| t.conv2d(x[0], conv(x), options)),
            "conv2d of (4, 4, 3) and (3, 3, 3, 2) and (2): the image must be (N, H, W, C)",
        ),
        (
            refusal(&[&[1, 4, 4, 3], &[3, 3, 2, 2], &[2]], |t, x| t.conv2d(x[0], conv(x), options)),
            "conv2d of (1, 4, 4, 3) and (3, 3, 2, 2) and (2): the image has 3 channels, the weights expect 2",
        ),
        (
            refusal(&[&[1, 4, 4, 3], &[3, 3, 3, 2], &[3]], |t, x| t.conv2d(x[0], conv(x), options)),
            "conv2d of (1, 4, 4, 3) and (3, 3, 3, 2) and (3): 2 output channels need as many biases",
        ),
        (
            refusal(&[&[1, 4, 4, 3]], |t, x| t.conv2d_bank(x[0], &[], options)),
            "conv2d of (1, 4, 4, 3): the number of filters must be at least 1",
        ),
    ];
    for (refusal, expected) in refusals {
        assert_eq!(refusal, expected);
    }
}

#[test]
fn broadcasts_beyond_memory_are_refused() {
    let mut tape = Tape::<f64>::new();
    let long: Vec<Var> = [[0, 1 << 40, 1], [0, 1, 1 << 40]]
        .iter()
        .map(|shape| tape.variable(&ArrayD::<f64>::zeros(&shape[..])))
        .collect();
    let error = tape.mul(long[0], long[1]).unwrap_err().to_string();
    assert!(error.ends_with("the output would be larger than memory can address"), "{error}");
}

/// Whatever the shapes, an operation is refused or can be replayed, with a gradient of its input's shape.
#[test]
fn no_shape_panics() {
    let shapes: [&[usize]; 19] = [
        &[],
        &[0],
        &[1],
        &[3],
        &[0, 3],
        &[3, 0],
        &[1, 3],
        &[3, 1],
        &[2, 3],
        &[3, 3],
        &[2, 0, 3],
        &[1, 1, 1, 1],
        &[1, 0, 2, 2],
        &[1, 2, 2, 0],
        &[0, 2, 2, 3],
        &[2, 2, 2, 3],
        &[1, 1, 3, 2],
        &[2, 1, 2, 1, 3],
        &[2, 0, 2, 1, 3],
    ];
    let mut recorded = 0;
    for a in shapes {
        for b in shapes {
            for operation in 0.. {
                let mut tape = Tape::<f32>::new();
                let x = tape.variable(&filled(a).mapv(|value| value as f32));
                let y = tape.variable(&filled(b).mapv(|value| value as f32));
                let axis = b.len();
                let out = match operation {
                    0 => tape.add(x, y),
                    1 => tape.sub(x, y),
                    2 => tape.mul(x, y),
                    3 => tape.div(x, y),
                    4 => tape.matmul(x, y),
                    5 => tape.concat(&[x, y, x], axis),
                    6 => tape.concat(&[x, y], 0),
                    7 => tape.squared_difference(x, y),
                    8 => tape.weighted_sum(&[(x, 1.0), (y, 2.0)]),
                    9 => tape.reshape(x, b),
                    10 => tape.gram(x, 1.0),
                    11 => tape.total_variation(x),
                    12 => tape.max_pool(x, [2, 1], [1, 2], PoolRounding::Ceil),
                    13 => tape.narrow(x, axis, 0, 1),
                    14 => tape.narrow(x, axis, 1, 0),
                    15 => tape.log_softmax(x),
                    16 => tape.sum_axes(x, &[axis]),
                    17 => tape.mean_axes(x, &[0, axis]),
                    18 => tape.mean(x),
                    19 => tape.sum(x),
                    20 => tape.transpose(x, &(0..axis).rev().collect::<Vec<_>>()),
                    21 => tape.relu(x),
                    22 => {
                        let bias = tape.constant(&array![0.0f32]);
                        let weights = ConvWeights { weight: y, bias, padding: Padding::Same };
                        tape.conv2d(x, weights, ConvOptions::default())
                    }
                    23 => tape.exp(x).and_then(|x| tape.ln(x)).and_then(|x| tape.sqrt(x)),
                    24 => tape.scale(x, 2.0).and_then(|x| tape.square(x)),
                    25 => tape.mask(x, y),
                    26 => tape.blend(x, x, y),
                    27 => tape.mask_gradient(x, y),
                    _ => break,
                };
                let Ok(out) = out else { continue };
                recorded += 1;
                let result = tape.sum(out).unwrap();
                tape.forward();
                tape.backward(result).unwrap();
                assert_eq!(tape.value(out).unwrap().shape(), tape.shape(out).unwrap());
                assert_eq!(tape.gradient(x).unwrap().shape(), a, "operation {operation}");
            }
        }
    }
    assert!(recorded > 1000, "{recorded}");
}

#[test]
fn scores_of_any_size_have_log_probabilities() {
    let mut tape = Tape::<f32>::new();
    let scores = tape.variable(&array![[1e4f32, 1e4], [-3e4, 2e4]]);
    let log = tape.log_softmax(scores).unwrap();
    tape.forward();
    let half = -(2f32.ln());
    assert_eq!(tape.value(log).unwrap(), array![[half, half], [-5e4, 0.0]].into_dyn());
}
