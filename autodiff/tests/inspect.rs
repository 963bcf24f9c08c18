//! What a tape tells of itself: names, arithmetic, and the order of its walks.

use impasto_autodiff::{ConvOptions, ConvWeights};
use impasto_autodiff::{NodeInfo, Padding, PoolRounding, Tape, TapeError, Var};
use ndarray::{Array1, Array2, Array4, arr0};

fn weights(tape: &mut Tape, side: usize, channels: [usize; 2], padding: Padding) -> ConvWeights {
    let weight = tape.constant(&Array4::zeros((side, side, channels[0], channels[1])));
    ConvWeights { weight, bias: tape.constant(&Array1::zeros(channels[1])), padding }
}

/// The arithmetic of what `record` makes of an image of 9x12 pixels with 3 channels.
fn arithmetic(record: impl Fn(&mut Tape, Var) -> Result<Var, TapeError>) -> Vec<String> {
    let mut tape = Tape::new();
    let image = tape.variable(&Array4::zeros((1, 9, 12, 3)));
    let var = record(&mut tape, image).unwrap();
    tape.inspect().swap_remove(var.index()).arithmetic
}

#[test]
fn convolutions_show_how_their_shape_follows() {
    let stride_two = ConvOptions { stride: [2, 2], ..ConvOptions::default() };
    let valid = arithmetic(|tape, image| {
        let weights = weights(tape, 3, [3, 8], Padding::Valid);
        tape.conv2d(image, weights, stride_two)
    });
    assert_eq!(
        valid,
        [
            "height: (9 - 3) / 2 + 1 = 4, rounded down",
            "width: (12 - 3) / 2 + 1 = 5, rounded down",
            "channels: 8",
            "operations: 2 * 1 * 4 * 5 * (3 * 3 * 3 * 8) = 8640",
        ]
    );
    let same = arithmetic(|tape, image| {
        let weights = weights(tape, 3, [3, 8], Padding::Same);
        tape.conv2d(image, weights, stride_two)
    });
    assert_eq!(same[..2], ["height: 9 / 2 = 5, rounded up", "width: 12 / 2 = 6, rounded up"]);
    let explicit = arithmetic(|tape, image| {
        let padding = Padding::Explicit { top: 1, bottom: 0, left: 2, right: 1 };
        let weights = weights(tape, 3, [3, 8], padding);
        tape.conv2d(image, weights, stride_two)
    });
    assert_eq!(
        explicit[..2],
        [
            "height: (1 + 9 + 0 - 3) / 2 + 1 = 4, rounded down",
            "width: (2 + 12 + 1 - 3) / 2 + 1 = 7, rounded down"
        ]
    );
    let bank = arithmetic(|tape, image| {
        let filters = [weights(tape, 1, [3, 4], Padding::Valid), weights(tape, 3, [3, 8], Padding::Same)];
        tape.conv2d_bank(image, &filters, ConvOptions::default())
    });
    assert_eq!(
        bank[2..],
        ["channels: 4 + 8 = 12", "operations: 2 * 1 * 9 * 12 * (1 * 1 * 3 * 4 + 3 * 3 * 3 * 8) = 49248"]
    );
}

#[test]
fn other_operations_show_theirs() {
    let pool = |rounding| arithmetic(|tape, image| tape.max_pool(image, [3, 3], [2, 2], rounding));
    assert_eq!(
        pool(PoolRounding::Floor),
        [
            "height: (9 - 3) / 2 + 1 = 4, rounded down",
            "width: (12 - 3) / 2 + 1 = 5, rounded down",
            "channels: 3, each by itself"
        ]
    );
    assert_eq!(pool(PoolRounding::Ceil)[1], "width: (12 - 3) / 2 + 1 = 6, rounded up");
    assert_eq!(
        arithmetic(|tape, image| tape.gram(image, 1.0)),
        [
            "108 positions of 3 channels: (3, 3)",
            "operations: 108 * 3 * 4 = 1296, since one half mirrors the other"
        ]
    );
    assert_eq!(
        arithmetic(|tape, image| tape.total_variation(image)),
        ["vertical pairs: 1 * 8 * 12 * 3 = 288", "horizontal pairs: 1 * 9 * 11 * 3 = 297"]
    );
    assert_eq!(
        arithmetic(|tape, image| tape.squared_difference(image, image)),
        ["1 * 9 * 12 * 3 = 324 differences, squared and summed"]
    );
    let sum = arithmetic(|tape, image| {
        let (a, b) = (tape.sum(image)?, tape.mean(image)?);
        tape.weighted_sum(&[(a, 0.5), (b, 3.0)])
    });
    assert_eq!(sum, ["out = 0.5 * x[0] + 3 * x[1]"]);
}

#[test]
fn a_node_tells_what_it_is() {
    let mut tape = Tape::<f32>::new();
    let constant = tape.constant(&Array2::<f32>::zeros((2, 5)));
    let variable = tape.variable(&Array2::<f32>::zeros((5, 3)));
    let forward_only = tape.matmul(constant, constant).err();
    assert!(forward_only.is_some());
    let product = tape.matmul(constant, variable).unwrap();
    tape.name(product, "first").unwrap();
    tape.name(product, String::from("product")).unwrap();
    let nodes = tape.inspect();
    assert_eq!(nodes.len(), 3);
    let NodeInfo { name, operation, inputs, shape, differentiable, bytes, flops, backward_flops, .. } =
        &nodes[2];
    assert_eq!((name.as_deref(), *operation), (Some("product"), Some("matmul")));
    assert_eq!((&inputs[..], &shape[..]), (&[constant, variable][..], &[2, 3][..]));
    assert_eq!((*differentiable, nodes[0].differentiable, nodes[1].differentiable), (true, false, true));
    // Backward, only one of the two operands wants a gradient.
    assert_eq!((*bytes, *flops, *backward_flops), (24, 60, 60));
    assert_eq!(tape.flops() + tape.backward_flops(), 120);
    assert_eq!(Tape::<f32>::new().name(product, "x"), Err(TapeError::ForeignVariable));
}

#[test]
fn the_walks_visit_what_they_compute() {
    let mut tape = Tape::<f64>::new();
    let x = tape.variable(&arr0(3.0));
    let square = tape.square(x).unwrap();
    let cube = tape.mul(square, x).unwrap();
    let aside = tape.exp(x).unwrap();
    let mut visited = Vec::new();
    tape.forward_each(|var| visited.push(var));
    assert_eq!(visited, [square, cube, aside]);
    visited.clear();
    tape.backward_each(cube, |var| visited.push(var)).unwrap();
    // Not what the result does not depend on.
    assert_eq!(visited, [cube, square]);
    assert_eq!(tape.gradient(x).unwrap(), arr0(27.0).into_dyn());
}
