//! Every operation, three times over: its f64 gradients against central differences, its f32 values
//! and gradients against f64's, and its gradients with recycled buffers against those without.
//! The last test fails if an operation is missing here.

use impasto_autodiff::{
    Activation, Element, Formulas, Gradients, Mismatch, Operation, Padding, PoolRounding, Tape, TapeError,
    Values, Var, gradcheck,
};
use impasto_autodiff::{ConvOptions, ConvWeights, NormalizeOptions};
use ndarray::ArrayD;

/// The shapes of the inputs of several cases.
type Cases = &'static [&'static [&'static [usize]]];

/// For each check its name, the method of `Tape` it is about, the values and shapes of the inputs,
/// and the computation.
macro_rules! checks {
    ($($name:ident of $method:ident: $values:expr, $cases:expr, |$tape:ident, $x:ident| $body:expr;)*) => {
        const CHECKED: &[&str] = &[$(stringify!($method)),*];
        $(
            #[test]
            fn $name() {
                fn record<T: Element>($tape: &mut Tape<T>, $x: &[Var]) -> Result<Var, TapeError> {
                    $body
                }
                const CASES: Cases = $cases;
                for &shapes in CASES {
                    let inputs: Vec<_> =
                        shapes.iter().enumerate().map(|(index, shape)| $values(shape, index)).collect();
                    check(&inputs, record::<f64>, record::<f32>);
                }
            }
        )*
    };
}

const BROADCASTS: Cases = &[
    &[&[2, 3], &[2, 3]],
    &[&[2, 3, 4, 5], &[5]],
    &[&[5], &[3, 2, 5]],
    &[&[4, 1], &[1, 3]],
    &[&[2, 3, 4], &[2, 1, 4]],
    &[&[2, 3, 1], &[2, 3, 4]],
    &[&[], &[2, 2]],
    &[&[3, 2], &[1, 1]],
    &[&[], &[]],
    &[&[1], &[1, 1, 1]],
];

const ANY: Cases = &[&[&[]], &[&[7]], &[&[3, 4]], &[&[2, 3, 2, 3]]];

checks! {
    add of add: apart, BROADCASTS, |tape, x| tape.add(x[0], x[1]);
    sub of sub: apart, BROADCASTS, |tape, x| tape.sub(x[0], x[1]);
    mul of mul: apart, BROADCASTS, |tape, x| tape.mul(x[0], x[1]);
    div of div: positive, BROADCASTS, |tape, x| tape.div(x[0], x[1]);
    mul_by_itself of mul: apart, ANY, |tape, x| tape.mul(x[0], x[0]);
    div_by_itself of div: positive, ANY, |tape, x| tape.div(x[0], x[0]);
    sub_from_itself of sub: apart, ANY, |tape, x| tape.sub(x[0], x[0]);
    add_to_its_row of add: apart, &[&[&[3, 4]]], |tape, x| {
        let row = tape.narrow(x[0], 0, 1, 1)?;
        tape.add(x[0], row)
    };
    mul_by_constant of mul: apart, &[&[&[3, 4]]], |tape, x| {
        let row = tape.constant(&apart(&[4], 5).mapv(T::from_f64));
        tape.mul(row, x[0])
    };
    div_constant of div: positive, &[&[&[3, 4]]], |tape, x| {
        let one = tape.constant(&ndarray::arr0(T::one()));
        tape.div(one, x[0])
    };
    scale of scale: apart, ANY, |tape, x| tape.scale(x[0], T::from_f64(-1.5));
    square of square: apart, ANY, |tape, x| tape.square(x[0]);
    exp of exp: apart, ANY, |tape, x| tape.exp(x[0]);
    ln of ln: positive, ANY, |tape, x| tape.ln(x[0]);
    sqrt of sqrt: positive, ANY, |tape, x| tape.sqrt(x[0]);
    relu of relu: apart, ANY, |tape, x| tape.relu(x[0]);
    sum of sum: apart, ANY, |tape, x| tape.sum(x[0]);
    mean of mean: apart, ANY, |tape, x| tape.mean(x[0]);
    sum_axes of sum_axes: apart, &[&[&[2, 3, 4]], &[&[5, 1, 2]]], |tape, x| tape.sum_axes(x[0], &[2, 0]);
    sum_last_axis of sum_axes: apart, &[&[&[2, 3, 4]], &[&[5, 1, 1]]], |tape, x| tape.sum_axes(x[0], &[2]);
    sum_no_axes of sum_axes: apart, ANY, |tape, x| tape.sum_axes(x[0], &[]);
    mean_axes of mean_axes: apart, &[&[&[2, 3, 4, 2]], &[&[1, 4, 5, 3]]], |tape, x| {
        tape.mean_axes(x[0], &[1, 2])
    };
    mean_first_axis of mean_axes: apart, &[&[&[6]], &[&[3, 4]]], |tape, x| tape.mean_axes(x[0], &[0]);
    weighted_sum of weighted_sum: apart, &[&[&[], &[1], &[1, 1]]], |tape, x| {
        let weights = [0.5, -2.0, 3.0].map(T::from_f64);
        tape.weighted_sum(&[(x[0], weights[0]), (x[1], weights[1]), (x[2], weights[2]), (x[0], T::one())])
    };
    squared_difference of squared_difference: apart,
        &[&[&[], &[]], &[&[3, 5], &[3, 5]], &[&[2, 3, 4, 5], &[2, 3, 4, 5]]],
        |tape, x| tape.squared_difference(x[0], x[1]);
    total_variation of total_variation: apart,
        &[&[&[1, 1, 1, 1]], &[&[1, 4, 5, 3]], &[&[2, 3, 1, 2]], &[&[1, 1, 6, 17]]],
        |tape, x| tape.total_variation(x[0]);
    gram of gram: apart, &[&[&[6, 4]], &[&[1, 1]], &[&[1, 3, 4, 5]], &[&[37, 20]]], |tape, x| {
        tape.gram(x[0], T::from_f64(0.25))
    };
    matmul of matmul: apart, &[&[&[3, 4], &[4, 2]], &[&[1, 1], &[1, 1]], &[&[9, 17], &[17, 18]]],
        |tape, x| tape.matmul(x[0], x[1]);
    matmul_with_itself of matmul: apart, &[&[&[3, 3]]], |tape, x| tape.matmul(x[0], x[0]);
    reshape of reshape: apart, &[&[&[2, 6]], &[&[12]], &[&[3, 1, 4]]], |tape, x| tape.reshape(x[0], &[4, 3]);
    transpose of transpose: apart, &[&[&[2, 3, 4, 5]], &[&[1, 3, 1, 2]]], |tape, x| {
        tape.transpose(x[0], &[0, 3, 1, 2])
    };
    transpose_matrix of transpose: apart, &[&[&[3, 4]], &[&[1, 5]]], |tape, x| tape.transpose(x[0], &[1, 0]);
    narrow of narrow: apart, &[&[&[2, 5]], &[&[3, 4, 2]]], |tape, x| tape.narrow(x[0], 1, 1, 3);
    narrow_first_axis of narrow: apart, &[&[&[5]], &[&[3, 2, 2]]], |tape, x| tape.narrow(x[0], 0, 2, 1);
    concat of concat: apart, &[&[&[2, 3], &[2, 1]], &[&[2, 2, 2], &[2, 3, 2], &[2, 1, 2]]], |tape, x| {
        tape.concat(x, 1)
    };
    concat_first_axis of concat: apart, &[&[&[3]], &[&[2, 3], &[1, 3]]], |tape, x| tape.concat(x, 0);
    concat_with_itself of concat: apart, &[&[&[2, 3]]], |tape, x| tape.concat(&[x[0], x[0]], 1);
    reflect_pad of reflect_pad: apart, &[&[&[1, 4, 5, 3]], &[&[2, 5, 2, 1]], &[&[1, 6, 4, 2]]], |tape, x| {
        let offset = tape.constant(&ndarray::arr1(&[1.0, 2.0]).mapv(T::from_f64));
        tape.reflect_pad(x[0], offset, [7, 9])
    };
    reflect_pad_further_than_the_image of reflect_pad: apart, &[&[&[1, 2, 3, 2]], &[&[1, 1, 1, 1]]], |tape, x| {
        let offset = tape.constant(&ndarray::arr1(&[5.0, 9.0]).mapv(T::from_f64));
        tape.reflect_pad(x[0], offset, [11, 14])
    };
    mask of mask: apart, &[&[&[2, 3, 4, 5]], &[&[1, 1, 1, 1]], &[&[1, 5, 3, 4]]], |tape, x| {
        let mut shape = tape.shape(x[0])?.to_vec();
        shape[3] = 1;
        let factors = tape.constant(&apart(&shape, 5).mapv(T::from_f64));
        tape.mask(x[0], factors)
    };
    // With another strength it is no derivative: this one is what the probe's gradient has by itself.
    normalize_gradient of normalize_gradient: apart, ANY, |tape, x| {
        let strength = positive(tape.shape(x[0])?, 3).sum();
        tape.normalize_gradient(x[0], T::from_f64(strength))
    };
    // With other factors it is no derivative.
    mask_gradient of mask_gradient: apart, &[&[&[2, 3, 4, 5]]], |tape, x| {
        let ones = tape.constant(&ndarray::Array4::from_elem((2, 3, 4, 1), T::one()));
        tape.mask_gradient(x[0], ones)
    };
    blend of blend: apart, &[&[&[2, 3, 4, 5], &[2, 3, 4, 5]], &[&[1, 7, 1, 3], &[1, 7, 1, 3]]], |tape, x| {
        let mut shape = tape.shape(x[0])?.to_vec();
        shape[3] = 1;
        let shares = tape.constant(&apart(&shape, 3).mapv(T::from_f64));
        tape.blend(x[0], x[1], shares)
    };
    blend_with_itself of blend: apart, &[&[&[1, 2, 3, 2]]], |tape, x| {
        let shares = tape.constant(&apart(&[1, 2, 3, 1], 3).mapv(T::from_f64));
        tape.blend(x[0], x[0], shares)
    };
    channel_means of channel_means: apart, &[&[&[1, 4, 5, 3]], &[&[1, 1, 1, 1]], &[&[1, 2, 3, 17]]], |tape, x| {
        tape.channel_means(x[0])
    };
    diagonal of diagonal: apart, &[&[&[4, 4]], &[&[1, 1]]], |tape, x| tape.diagonal(x[0]);
    wrap_pad of wrap_pad: apart, &[&[&[1, 4, 5, 3]], &[&[2, 5, 2, 1]], &[&[1, 1, 1, 2]]], |tape, x| {
        let offset = tape.constant(&ndarray::arr1(&[1.0, 3.0]).mapv(T::from_f64));
        tape.wrap_pad(x[0], offset, [12, 9])
    };
    log_softmax of log_softmax: apart, &[&[&[5]], &[&[3, 4]], &[&[2, 1, 3]], &[&[2, 1]]], |tape, x| {
        tape.log_softmax(x[0])
    };
    max_pool of max_pool: apart, &[&[&[1, 7, 8, 3]], &[&[2, 6, 6, 17]]], |tape, x| {
        tape.max_pool(x[0], [3, 3], [2, 2], PoolRounding::Floor)
    };
    max_pool_cut of max_pool: apart, &[&[&[1, 6, 8, 3]], &[&[1, 2, 2, 2]]], |tape, x| {
        tape.max_pool(x[0], [3, 3], [2, 2], PoolRounding::Ceil)
    };
    max_pool_apart of max_pool: apart, &[&[&[1, 7, 5, 2]]], |tape, x| {
        tape.max_pool(x[0], [1, 2], [3, 3], PoolRounding::Floor)
    };
    conv2d of conv2d: off_kinks, &[
        &[&[1, 4, 5, 2], &[3, 3, 2, 4], &[4]],
        &[&[2, 5, 3, 3], &[1, 1, 3, 2], &[2]],
        &[&[1, 9, 8, 5], &[3, 3, 5, 18], &[18]],
    ], |tape, x| tape.conv2d(x[0], filter(&x[1..], Padding::Valid), ConvOptions::default());
    conv2d_padded_with_stride of conv2d: off_kinks, &[
        &[&[1, 6, 5, 2], &[3, 3, 2, 3], &[3]],
        &[&[2, 5, 4, 1], &[2, 3, 1, 2], &[2]],
    ], |tape, x| {
        let options = ConvOptions { stride: [2, 1], activation: Activation::Relu };
        tape.conv2d(x[0], filter(&x[1..], Padding::Same), options)
    };
    conv2d_explicit_padding of conv2d: off_kinks, &[&[&[1, 4, 4, 2], &[3, 3, 2, 3], &[3]]], |tape, x| {
        let padding = Padding::Explicit { top: 2, bottom: 0, left: 1, right: 2 };
        let options = ConvOptions { stride: [1, 2], ..ConvOptions::default() };
        tape.conv2d(x[0], filter(&x[1..], padding), options)
    };
    conv2d_of_constants of conv2d: off_kinks, &[&[&[3, 3, 2, 3], &[3]]], |tape, x| {
        let image = tape.constant(&off_kinks(&[1, 5, 4, 2], 0).mapv(T::from_f64));
        let options = ConvOptions { activation: Activation::Relu, ..ConvOptions::default() };
        tape.conv2d(image, filter(x, Padding::Same), options)
    };
    conv2d_with_constants of conv2d: off_kinks, &[&[&[1, 5, 4, 2]]], |tape, x| {
        let weight = tape.constant(&off_kinks(&[3, 3, 2, 3], 1).mapv(T::from_f64));
        let bias = tape.constant(&off_kinks(&[3], 2).mapv(T::from_f64));
        let options = ConvOptions { activation: Activation::Relu, ..ConvOptions::default() };
        tape.conv2d(x[0], filter(&[weight, bias], Padding::Same), options)
    };
    conv2d_bank of conv2d_bank: off_kinks,
        &[&[&[1, 4, 5, 3], &[1, 1, 3, 4], &[4], &[3, 3, 3, 2], &[2]]],
        |tape, x| {
            let filters = [filter(&x[1..], Padding::Valid), filter(&x[3..], Padding::Same)];
            let options = ConvOptions { activation: Activation::Relu, ..ConvOptions::default() };
            tape.conv2d_bank(x[0], &filters, options)
        };
    conv2d_bank_in_phase of conv2d_bank_in_phase: off_kinks,
        &[&[&[1, 7, 5, 3], &[1, 1, 3, 4], &[4], &[3, 3, 3, 2], &[2]]],
        |tape, x| {
            let filters = [filter(&x[1..], Padding::Valid), filter(&x[3..], Padding::Same)];
            let options = ConvOptions { activation: Activation::Relu, ..ConvOptions::default() };
            tape.conv2d_bank_in_phase(x[0], &filters, options, [2, 1])
        };
    moments of moments: apart, &[&[&[5]], &[&[7, 3]], &[&[2, 3, 2, 17]], &[&[1, 4]]], |tape, x| {
        tape.moments(x[0])
    };
    normalize of normalize: positive, &[
        &[&[5, 3], &[2, 3], &[3], &[3]],
        &[&[2, 3, 2, 17], &[2, 17], &[17], &[17]],
    ], |tape, x| tape.normalize(x[0], x[1], [x[2], x[3]], NormalizeOptions::default());
    normalize_with_relu of normalize: apart, &[&[&[3, 5, 2], &[2], &[2]]], |tape, x| {
        let moments = tape.constant(&ndarray::array![[0.1, -0.2], [0.5, 1.5]].mapv(T::from_f64));
        let options = NormalizeOptions { epsilon: 0.01, activation: Activation::Relu };
        tape.normalize(x[0], moments, [x[1], x[2]], options)
    };
    batch_normalization of normalize: apart, &[&[&[2, 3, 4, 3], &[3], &[3]]], |tape, x| {
        let moments = tape.moments(x[0])?;
        let options = NormalizeOptions { epsilon: 1e-3, activation: Activation::Relu };
        tape.normalize(x[0], moments, [x[1], x[2]], options)
    };
    a_style_loss of gram: apart, &[&[&[1, 7, 8, 3], &[3, 3, 3, 5], &[5], &[5, 5]]], |tape, x| {
        let features = tape.conv2d(x[0], filter(&x[1..], Padding::Same), ConvOptions::default())?;
        let features = tape.relu(features)?;
        let features = tape.max_pool(features, [3, 3], [2, 2], PoolRounding::Ceil)?;
        let gram = tape.gram(features, T::from_f64(0.1))?;
        tape.squared_difference(gram, x[3])
    };
    a_classifier of log_softmax: apart, &[&[&[4, 3], &[3, 5], &[5], &[5, 2]]], |tape, x| {
        let hidden = tape.matmul(x[0], x[1])?;
        let hidden = tape.add(hidden, x[2])?;
        let mean = tape.mean_axes(hidden, &[0])?;
        let centered = tape.sub(hidden, mean)?;
        let squares = tape.square(centered)?;
        let variance = tape.mean_axes(squares, &[0])?;
        let deviation = tape.sqrt(variance)?;
        let normal = tape.div(centered, deviation)?;
        let scores = tape.matmul(normal, x[3])?;
        tape.log_softmax(scores)
    };
}

#[test]
fn no_operation_goes_unchecked() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/ops");
    let mut methods = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let names = text.lines().filter_map(|line| line.trim_start().strip_prefix("pub fn "));
        methods.extend(names.filter_map(|line| Some(line.split_once('(')?.0.to_string())));
    }
    assert!(methods.contains(&"conv2d_bank".to_string()), "{methods:?}");
    methods.retain(|method| !CHECKED.contains(&method.as_str()));
    assert!(methods.is_empty(), "without a check of gradients: {methods:?}");
}

fn filter(weights: &[Var], padding: Padding) -> ConvWeights {
    ConvWeights { weight: weights[0], bias: weights[1], padding }
}

/// Values between -1 and 1 in mixed order, each at least `2 / n` from every other and `0.4 / n` from
/// zero: far from ties and kinks, compared with the steps of a gradient check.
fn apart(shape: &[usize], index: usize) -> ArrayD<f64> {
    let count: usize = shape.iter().product();
    // Primes larger than any count here, so that no value comes twice.
    let factor = [7919, 6007, 4001, 9001, 5003, 8009][index];
    let values = (0..count).map(|i| ((i * factor + 17 * index) % count) as f64);
    as_f32(shape, values.map(|place| (place + 0.3) / count as f64 * 2.0 - 1.0).collect())
}

/// Values between 0.5 and 2.
fn positive(shape: &[usize], index: usize) -> ArrayD<f64> {
    as_f32(shape, apart(shape, index).iter().map(|value| 1.25 + 0.75 * value).collect())
}

/// An image, then weights and bias in turn: images and weights are multiples of 1/8, biases odd
/// multiples of 1/128, so that no sum of their products comes closer to zero than 1/128.
fn off_kinks(shape: &[usize], index: usize) -> ArrayD<f64> {
    let eighths = apart(shape, index).mapv(|value| (value * 8.0).round() / 8.0);
    if shape.len() == 1 { eighths / 4.0 + 1.0 / 128.0 } else { eighths }
}

/// Rounded to f32, so that both types start from the same values.
fn as_f32(shape: &[usize], values: Vec<f64>) -> ArrayD<f64> {
    let rounded = values.into_iter().map(|value| f64::from(value as f32)).collect();
    ArrayD::from_shape_vec(shape, rounded).unwrap()
}

type Record<T> = fn(&mut Tape<T>, &[Var]) -> Result<Var, TapeError>;

fn check(inputs: &[ArrayD<f64>], record: Record<f64>, record_f32: Record<f32>) {
    let shapes: Vec<_> = inputs.iter().map(|input| input.shape().to_vec()).collect();
    let checked = gradcheck(inputs, |tape, x| {
        let out = record(tape, x)?;
        probe(tape, out)
    });
    if let Err(error) = checked {
        panic!("inputs {shapes:?}: {error}");
    }
    assert_explained(inputs, record);
    let exact = run(inputs, record, false);
    assert_close(&exact, &run(inputs, record_f32, false), 1e-5, &format!("f32, inputs {shapes:?}"));
    assert_close(&exact, &run(inputs, record, true), 0.0, &format!("recycled, inputs {shapes:?}"));
}

/// Every operation says what it computes in both directions.
fn assert_explained(inputs: &[ArrayD<f64>], record: Record<f64>) {
    let mut tape = Tape::new();
    let variables: Vec<Var> = inputs.iter().map(|input| tape.variable(input)).collect();
    record(&mut tape, &variables).unwrap();
    for node in tape.inspect() {
        if let Some(operation) = node.operation {
            let Formulas { forward, backward } = node.formulas;
            assert!(!forward.is_empty() && !backward.is_empty(), "{operation} has no formulas");
        }
    }
}

/// One number that each value of `out` moves differently.
fn probe<T: Element>(tape: &mut Tape<T>, out: Var) -> Result<Var, TapeError> {
    let weights = positive(tape.shape(out)?, 3).mapv(T::from_f64);
    let weights = tape.constant(&weights);
    let weighted = tape.mul(out, weights)?;
    tape.sum(weighted)
}

/// The probe of a computation, its gradients and, unless buffers are recycled, its value, all in f64.
/// With recycled buffers, values that nobody claims to read are overwritten before backward.
fn run<T: Element>(inputs: &[ArrayD<f64>], record: Record<T>, recycled: bool) -> Vec<ArrayD<f64>> {
    let mut tape = Tape::new();
    let variables: Vec<Var> = inputs.iter().map(|input| tape.variable(&input.mapv(T::from_f64))).collect();
    // Leaves are never recycled, but copies of them are.
    let copies: Vec<Var> = variables.iter().map(|&x| tape.scale(x, T::one()).unwrap()).collect();
    let out = record(&mut tape, &copies).unwrap();
    let mut summands = vec![probe(&mut tape, out).unwrap()];
    let nodes: Vec<Var> = copies.iter().copied().chain([out]).collect();
    for node in nodes.iter().cycle().take(4 * nodes.len()) {
        let shape = tape.shape(*node).unwrap().to_vec();
        summands.push(tape.record(Noise { shape }, &[]).unwrap());
    }
    let result = tape.record(First, &summands).unwrap();
    if recycled {
        tape.recycle(result, &[]).unwrap();
    }
    // Twice, as a replay must not depend on what the buffers hold.
    for _ in 0..2 {
        tape.forward();
        tape.backward(result).unwrap();
    }
    let mut arrays = vec![tape.value(result).unwrap().mapv(T::as_f64)];
    arrays.extend(variables.iter().map(|&x| tape.gradient(x).unwrap().mapv(T::as_f64)));
    if !recycled {
        arrays.push(tape.value(out).unwrap().mapv(T::as_f64));
    }
    arrays
}

fn assert_close(expected: &[ArrayD<f64>], found: &[ArrayD<f64>], tolerance: f64, context: &str) {
    for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
        assert_eq!(expected.shape(), found.shape(), "{context}, array {index}");
        let scale = expected.iter().fold(1.0, |scale: f64, value| scale.max(value.abs()));
        for (expected, found) in expected.iter().zip(found) {
            let error = (expected - found).abs();
            assert!(error <= tolerance * scale, "{context}, array {index}: {expected} and {found}");
        }
    }
}

/// Large values that take whatever buffer is free.
struct Noise {
    shape: Vec<usize>,
}

impl<T: Element> Operation<T> for Noise {
    fn name(&self) -> &'static str {
        "noise"
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(self.shape.clone())
    }

    fn forward(&mut self, _: &Values<'_, T>, out: &mut [T]) {
        out.fill(T::from_f64(1e30));
    }

    fn backward(&mut self, _: &Values<'_, T>, _: &[T], _: &mut Gradients<'_, T>) {}
}

/// The first of its inputs.
struct First;

impl<T: Element> Operation<T> for First {
    fn name(&self) -> &'static str {
        "first"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        out.copy_from_slice(values.input(0));
    }

    fn backward(&mut self, _: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.write(0, |d_x, _| d_x.copy_from_slice(d_out));
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        false
    }

    fn reads_output(&self) -> bool {
        false
    }
}

/// What rustdoc shows of an operation is what it says of itself: each line of a file's `FORMULAS` is a line of its
/// documentation.
#[test]
fn documentation_shows_the_formulas() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/ops");
    let mut checked = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let Some((_, formulas)) = text.split_once("FORMULAS: Formulas =") else { continue };
        if !text.contains("pub fn ") {
            continue;
        }
        let (formulas, _) = formulas.split_once("};").unwrap();
        let documented: Vec<&str> =
            text.lines().filter_map(|line| line.trim_start().strip_prefix("/// ")).collect();
        // Between quotation marks is every second part.
        for formula in formulas.split('"').skip(1).step_by(2) {
            assert!(documented.contains(&formula), "{} does not document {formula:?}", path.display());
            checked += 1;
        }
    }
    assert!(checked >= 60, "only {checked} formulas were found");
}
