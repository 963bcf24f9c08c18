//! Any bytes as a program for the tape: each operation is recorded or refused, and what was recorded is computed forward
//! and backward without a panic.
#![no_main]

use impasto_autodiff::{ConvOptions, ConvWeights};
use impasto_autodiff::{Activation, Padding, PoolRounding, Tape, TapeError, Var};
use libfuzzer_sys::fuzz_target;
use ndarray::{ArrayD, IxDyn};

/// The sides of arrays; the huge ones, which no memory holds, only beside a 0.
const SIDES: [usize; 12] = [0, 1, 2, 3, 4, 5, 7, 16, 17, 1 << 40, 1 << 60, 1 << 62];

/// The most values of an array that is computed.
const MOST_VALUES: usize = 1 << 14;

struct Program<'a>(&'a [u8]);

impl Program<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    fn below(&mut self, count: usize) -> Option<usize> {
        Some(usize::from(self.byte()?) % count)
    }

    fn side(&mut self) -> Option<usize> {
        Some(SIDES[self.below(SIDES.len())?])
    }

    fn shape(&mut self) -> Option<Vec<usize>> {
        let axes = self.below(5)?;
        (0..axes).map(|_| self.side()).collect()
    }
}

fuzz_target!(|bytes: &[u8]| {
    let _ = run(&mut Program(bytes));
});

/// Runs a program to its end, or to the first thing that it leaves unsaid.
fn run(program: &mut Program<'_>) -> Option<()> {
    let mut tape = Tape::<f32>::new();
    let mut vars: Vec<Var> = Vec::new();
    for _ in 0..1 + program.below(3)? {
        let shape = program.shape()?;
        // ndarray itself makes no array whose sides other than 0 multiply to more than an address.
        let room = shape
            .iter()
            .filter(|&&side| side > 0)
            .try_fold(1_isize, |room, &side| room.checked_mul(side as isize));
        let count: usize = if shape.contains(&0) { 0 } else { room.map_or(usize::MAX, |room| room as usize) };
        if room.is_none() || count > MOST_VALUES {
            return None;
        }
        let seed = f32::from(program.byte()?);
        let mut value = 0.0;
        let leaf = ArrayD::from_shape_simple_fn(IxDyn(&shape), || {
            value += 0.37;
            (value * seed).sin()
        });
        vars.push(tape.variable(&leaf));
    }
    while let Some(operation) = program.byte() {
        let Some(recorded) = record(&mut tape, operation, &vars, program) else { break };
        let Ok(var) = recorded else { continue };
        let count = tape.shape(var).ok()?.iter().try_fold(1_usize, |count, &side| count.checked_mul(side));
        if count.is_none_or(|count| count > MOST_VALUES) {
            return None;
        }
        vars.push(var);
        if vars.len() > 32 {
            break;
        }
    }
    tape.forward();
    let last = *vars.last()?;
    let total = tape.sum(last).ok()?;
    tape.forward();
    tape.backward(total).expect("a number that was computed");
    for &var in &vars {
        let shape = tape.shape(var).expect("a node of this tape").to_vec();
        assert_eq!(tape.value(var).expect("a value that was computed").shape(), shape);
        if let Ok(gradient) = tape.gradient(var) {
            assert_eq!(gradient.shape(), shape);
        }
    }
    Some(())
}

/// Records one operation on earlier nodes; `None` at the end of the program.
fn record(
    tape: &mut Tape<f32>,
    operation: u8,
    vars: &[Var],
    program: &mut Program<'_>,
) -> Option<Result<Var, TapeError>> {
    let [x, y, z] = [program.below(vars.len())?, program.below(vars.len())?, program.below(vars.len())?]
        .map(|index| vars[index]);
    let axes = |program: &mut Program<'_>| -> Option<Vec<usize>> {
        let count = program.below(4)?;
        (0..count).map(|_| program.below(5)).collect()
    };
    Some(match operation % 24 {
        0 => tape.add(x, y),
        1 => tape.sub(x, y),
        2 => tape.mul(x, y),
        3 => tape.div(x, y),
        4 => tape.exp(x),
        5 => tape.ln(x),
        6 => tape.sqrt(x),
        7 => tape.square(x),
        8 => tape.relu(x),
        9 => tape.scale(x, f32::from(program.byte()?) - 128.0),
        10 => tape.sum(x),
        11 => tape.mean(x),
        12 => tape.sum_axes(x, &axes(program)?),
        13 => tape.mean_axes(x, &axes(program)?),
        14 => tape.reshape(x, &program.shape()?),
        15 => tape.transpose(x, &axes(program)?),
        16 => tape.narrow(x, program.below(5)?, program.side()?, program.side()?),
        17 => tape.concat(&[x, y, z], program.below(5)?),
        18 => tape.matmul(x, y),
        19 => tape.gram(x, 0.5),
        20 => tape.log_softmax(x),
        21 => tape.total_variation(x),
        22 => tape.squared_difference(x, y),
        _ => {
            let window = [program.side()?, program.side()?];
            let stride = [program.side()?, program.side()?];
            if program.byte()? % 2 == 0 {
                let padding = if program.byte()? % 2 == 0 { Padding::Same } else { Padding::Valid };
                {
                    let weights = ConvWeights { weight: y, bias: z, padding };
                    tape.conv2d(x, weights, ConvOptions { stride, activation: Activation::Relu })
                }
            } else {
                let rounding =
                    if program.byte()? % 2 == 0 { PoolRounding::Floor } else { PoolRounding::Ceil };
                tape.max_pool(x, window, stride, rounding)
            }
        }
    })
}
