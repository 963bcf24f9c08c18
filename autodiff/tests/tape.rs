//! The tape itself: replaying, recycling, several results.

use impasto_autodiff::{ConvOptions, ConvWeights, Padding, Tape, TapeError, Var};
use ndarray::{Array, ArrayD, arr0, array};

fn filled(shape: &[usize]) -> ArrayD<f64> {
    let count: usize = shape.iter().product();
    Array::from_iter((0..count).map(|i| 0.5 + (i * 7 % 11) as f64 / 8.0))
        .into_shape_with_order(shape)
        .unwrap()
}

#[test]
fn a_replay_follows_the_leaves() {
    let mut tape = Tape::<f64>::new();
    let x = tape.variable(&array![1.0, 2.0]);
    let scale = tape.constant(&arr0(3.0));
    let scaled = tape.mul(x, scale).unwrap();
    let loss = tape.squared_difference(scaled, x).unwrap(); // (3x - x)^2
    tape.forward();
    tape.backward(loss).unwrap();
    assert_eq!(tape.number(loss).unwrap(), 20.0);
    assert_eq!(tape.gradient(x).unwrap(), array![8.0, 16.0].into_dyn());

    tape.set_value(x, &array![-1.0, 0.5]).unwrap();
    tape.set_value(scale, &arr0(2.0)).unwrap();
    assert_eq!(tape.value(x).unwrap(), array![-1.0, 0.5].into_dyn());
    assert_eq!(tape.number(loss).unwrap(), 20.0, "computed values follow at forward");
    tape.forward();
    assert_eq!(tape.gradient(x), Err(TapeError::NoGradient), "gradients follow at backward");
    tape.backward(loss).unwrap();
    assert_eq!(tape.number(loss).unwrap(), 1.25);
    assert_eq!(tape.gradient(x).unwrap(), array![-2.0, 1.0].into_dyn());
}

#[test]
fn a_convolution_follows_its_weights() {
    let mut tape = Tape::<f32>::new();
    let image = tape.constant(&Array::from_elem((1, 2, 2, 1), 1.0));
    let weight = tape.variable(&Array::from_elem((1, 1, 1, 1), 2.0));
    let bias = tape.variable(&array![0.0]);
    let weights = ConvWeights { weight, bias, padding: Padding::Valid };
    let out = tape.conv2d(image, weights, ConvOptions::default()).unwrap();
    let sum = tape.sum(out).unwrap();
    tape.forward();
    assert_eq!(tape.number(sum).unwrap(), 8.0);
    tape.set_value(weight, &Array::from_elem((1, 1, 1, 1), 5.0)).unwrap();
    tape.set_value(bias, &array![0.5]).unwrap();
    tape.forward();
    assert_eq!(tape.number(sum).unwrap(), 22.0);
}

#[test]
fn recording_may_go_on_after_a_walk() {
    let mut tape = Tape::<f64>::new();
    let x = tape.variable(&array![1.0, 2.0]);
    let sum = tape.sum(x).unwrap();
    tape.forward();
    tape.backward(sum).unwrap();
    let squares = tape.square(x).unwrap();
    let y = tape.variable(&array![3.0]);
    assert_eq!(tape.value(sum), Err(TapeError::NoValue), "the plan has changed");
    let total = tape.add(squares, y).unwrap();
    let total = tape.sum(total).unwrap();
    tape.forward();
    tape.backward(total).unwrap();
    assert_eq!(tape.number(total).unwrap(), 11.0);
    assert_eq!(tape.gradient(y).unwrap(), array![2.0].into_dyn());
}

#[test]
fn update_leaf_steps_like_an_optimizer() {
    let mut tape = Tape::<f64>::new();
    let x = tape.variable(&array![4.0, -2.0]);
    let goal = tape.constant(&array![1.0, 1.0]);
    let loss = tape.squared_difference(x, goal).unwrap();
    tape.recycle(loss, &[]).unwrap();
    for _ in 0..60 {
        tape.forward();
        tape.backward(loss).unwrap();
        let seen = tape.update_leaf(x, |mut x, gradient| {
            let gradient = gradient.expect("x is a variable");
            x.scaled_add(-0.25, &gradient);
            gradient.len()
        });
        assert_eq!(seen, Ok(2));
    }
    for x in tape.value(x).unwrap() {
        assert!((x - 1.0).abs() < 1e-12, "{x}");
    }
    tape.update_leaf(goal, |_, gradient| assert!(gradient.is_none(), "constants have no gradient")).unwrap();
}

#[test]
fn backward_may_start_from_one_result_after_another() {
    let mut tape = Tape::<f64>::new();
    let x = tape.variable(&array![1.0, 2.0]);
    let y = tape.variable(&array![5.0]);
    let squares = tape.square(x).unwrap();
    let first = tape.sum(squares).unwrap();
    let product = tape.mul(x, y).unwrap();
    let second = tape.sum(product).unwrap();
    tape.forward();
    tape.backward(second).unwrap();
    assert_eq!(tape.gradient(x).unwrap(), array![5.0, 5.0].into_dyn());
    assert_eq!(tape.gradient(y).unwrap(), array![3.0].into_dyn());
    assert_eq!(tape.gradient(product).unwrap(), array![1.0, 1.0].into_dyn());
    tape.backward(first).unwrap();
    assert_eq!(tape.gradient(x).unwrap(), array![2.0, 4.0].into_dyn());
    assert_eq!(tape.gradient(y), Err(TapeError::NoGradient), "the first sum does not depend on y");
    tape.backward(first).unwrap();
    assert_eq!(tape.gradient(x).unwrap(), array![2.0, 4.0].into_dyn(), "gradients do not pile up");
    assert_eq!(tape.number(second).unwrap(), 15.0, "values survive");
}

#[test]
fn backward_from_a_leaf_or_through_constants_alone() {
    let mut tape = Tape::<f64>::new();
    let x = tape.variable(&arr0(3.0));
    let c = tape.constant(&array![1.0, 2.0]);
    let sum = tape.sum(c).unwrap();
    tape.forward();
    tape.backward(x).unwrap();
    assert_eq!(tape.gradient(x).unwrap(), arr0(1.0).into_dyn());
    tape.backward(sum).unwrap();
    assert_eq!(tape.gradient(c), Err(TapeError::NoGradient));
    assert_eq!(tape.gradient(x), Err(TapeError::NoGradient));
}

/// A graph with branches that meet again; its result and a value in the middle.
fn branching(tape: &mut Tape<f64>, x: Var, y: Var) -> Result<[Var; 2], TapeError> {
    let product = tape.matmul(x, y)?;
    let exp = tape.exp(product)?;
    let root = tape.sqrt(exp)?;
    let ratio = tape.div(product, root)?;
    let kept = tape.concat(&[ratio, root, product], 1)?;
    let gram = tape.gram(kept, 0.01)?;
    let unused = tape.square(gram)?;
    tape.sum(unused)?;
    let back = tape.transpose(product, &[1, 0])?;
    let back = tape.matmul(back, exp)?;
    let first = tape.sum(gram)?;
    let second = tape.mean(back)?;
    Ok([tape.weighted_sum(&[(first, 0.5), (second, 2.0)])?, kept])
}

#[test]
fn recycling_changes_no_result() {
    let mut runs = Vec::new();
    for recycled in [false, true] {
        let mut tape = Tape::new();
        let x = tape.variable(&(filled(&[3, 4]) / 4.0));
        let y = tape.variable(&(filled(&[4, 2]) / 5.0));
        let [result, kept] = branching(&mut tape, x, y).unwrap();
        if recycled {
            tape.recycle(result, &[kept]).unwrap();
        }
        for _ in 0..2 {
            tape.forward();
            tape.backward(result).unwrap();
        }
        runs.push([
            tape.value(result).unwrap().to_owned(),
            tape.value(kept).unwrap().to_owned(),
            tape.gradient(x).unwrap().to_owned(),
            tape.gradient(y).unwrap().to_owned(),
        ]);
    }
    assert_eq!(runs[0], runs[1]);
}

#[test]
fn recycling_changes_no_result_of_random_graphs() {
    let mut state = 1u64;
    let mut below = |end: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % end
    };
    for graph in 0..200 {
        let steps: Vec<[usize; 3]> =
            (0..2 + below(20)).map(|_| [below(8), below(1000), below(1000)]).collect();
        let keep = below(1000);
        let mut runs = Vec::new();
        for recycled in [false, true] {
            let mut tape = Tape::<f64>::new();
            let x = tape.variable(&array![[0.5, 1.5], [-1.0, 0.25]]);
            let y = tape.variable(&array![[1.0, -0.5]]);
            let mut nodes = vec![x, y];
            for &[kind, a, b] in &steps {
                let (a, b) = (nodes[a % nodes.len()], nodes[b % nodes.len()]);
                let node = match kind {
                    0 => tape.add(a, b),
                    1 => tape.mul(a, b).and_then(|product| tape.log_softmax(product)),
                    2 => tape.sub(a, b),
                    3 => tape.relu(a),
                    4 => tape.log_softmax(a).and_then(|log| tape.exp(log)),
                    5 => tape.concat(&[a, b], 0).and_then(|both| tape.narrow(both, 0, 0, 1)),
                    6 => tape.mean_axes(a, &[0]),
                    _ => tape.scale(a, -0.5),
                };
                nodes.push(node.unwrap_or(a));
            }
            let last = nodes[nodes.len() - 1];
            let result = tape.sum(last).unwrap();
            let kept = nodes[keep % nodes.len()];
            if recycled {
                tape.recycle(result, &[kept]).unwrap();
            }
            tape.forward();
            tape.backward(result).unwrap();
            let gradients = [x, y].map(|leaf| tape.gradient(leaf).map(|gradient| gradient.to_owned()));
            runs.push((tape.number(result), tape.value(kept).map(|value| value.to_owned()), gradients));
        }
        assert_eq!(runs[0], runs[1], "graph {graph}: {steps:?}");
    }
}

#[test]
fn recycled_values_cannot_be_read() {
    let mut tape = Tape::<f64>::new();
    let x = tape.variable(&array![1.0, 2.0]);
    let squares = tape.square(x).unwrap();
    let kept = tape.scale(squares, 2.0).unwrap();
    let result = tape.sum(kept).unwrap();
    let other = tape.sum(squares).unwrap();
    tape.recycle(result, &[kept]).unwrap();
    tape.forward();
    tape.backward(result).unwrap();
    assert_eq!(tape.value(squares), Err(TapeError::Recycled));
    assert_eq!(tape.value(kept).unwrap(), array![2.0, 8.0].into_dyn());
    assert_eq!(tape.gradient(kept), Err(TapeError::Recycled));
    assert_eq!(tape.gradient(x).unwrap(), array![4.0, 8.0].into_dyn());
    assert_eq!(tape.backward(other), Err(TapeError::OtherResult));
    assert_eq!(tape.value(other), Err(TapeError::Recycled));
}

#[test]
fn backward_refuses_values_that_are_out_of_date() {
    let mut tape = Tape::<f64>::new();
    let x = tape.variable(&array![3.0]);
    let squares = tape.square(x).unwrap();
    let result = tape.sum(squares).unwrap();
    tape.forward();
    tape.set_value(x, &array![4.0]).unwrap();
    assert_eq!(tape.backward(result), Err(TapeError::OutOfDate));
    tape.recycle(result, &[]).unwrap();
    tape.forward();
    tape.backward(result).unwrap();
    assert_eq!(tape.backward(result), Err(TapeError::OutOfDate), "gradients have taken the values' place");
    tape.forward();
    tape.backward(result).unwrap();
    assert_eq!(tape.gradient(x).unwrap(), array![8.0].into_dyn());
}

#[test]
fn other_tapes_are_foreign() {
    let mut tape = Tape::<f64>::new();
    let own = tape.variable(&array![1.0]);
    let foreign = Tape::<f64>::new().variable(&array![1.0]);
    assert_eq!(tape.add(own, foreign), Err(TapeError::ForeignVariable));
    assert_eq!(tape.recycle(foreign, &[]), Err(TapeError::ForeignVariable));
    assert_eq!(tape.recycle(own, &[foreign]), Err(TapeError::ForeignVariable));
    tape.forward();
    assert_eq!(tape.backward(foreign), Err(TapeError::ForeignVariable));
    assert_eq!(tape.shape(foreign), Err(TapeError::ForeignVariable));
    assert_eq!(tape.value(foreign), Err(TapeError::ForeignVariable));
    assert_eq!(tape.gradient(foreign), Err(TapeError::ForeignVariable));
    assert_eq!(tape.set_value(foreign, &array![2.0]), Err(TapeError::ForeignVariable));
}

#[test]
fn the_tape_says_what_is_missing() {
    let mut tape = Tape::<f64>::new();
    assert!(tape.is_empty());
    let x = tape.variable(&array![1.0, 2.0]);
    let sum = tape.sum(x).unwrap();
    assert_eq!(tape.len(), 2);
    assert_eq!(tape.value(sum), Err(TapeError::NoValue));
    assert_eq!(tape.backward(sum), Err(TapeError::NoValue));
    assert_eq!(tape.gradient(x), Err(TapeError::NoGradient));
    tape.forward();
    assert_eq!(tape.gradient(x), Err(TapeError::NoGradient));
    assert_eq!(tape.backward(x), Err(TapeError::NotAScalar(vec![2])));
    assert_eq!(tape.number(x), Err(TapeError::NotAScalar(vec![2])));
    assert_eq!(tape.set_value(sum, &arr0(1.0)), Err(TapeError::NotALeaf("sum")));
    let error = tape.set_value(x, &array![[1.0, 2.0]]).unwrap_err();
    assert_eq!(error, TapeError::LeafShape { given: vec![1, 2], expected: vec![2] });
    assert_eq!(error.to_string(), "an array of shape (1, 2) cannot become the value of a leaf of shape (2)");
}

#[test]
fn flops_are_counted() {
    let mut tape = Tape::<f32>::new();
    let a = tape.variable(&Array::zeros((3, 4)));
    let b = tape.variable(&Array::zeros((4, 5)));
    let product = tape.matmul(a, b).unwrap();
    tape.gram(product, 1.0).unwrap();
    // Of the Gram matrix one half and the diagonal; its gradient is a whole product, and matmul's two.
    assert_eq!(tape.flops(), 2 * 3 * 4 * 5 + 3 * 5 * 6);
    assert_eq!(tape.backward_flops(), 2 * (2 * 3 * 4 * 5) + 2 * 3 * 5 * 5);
}
