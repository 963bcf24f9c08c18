//! What a solution is tried on, and what is seen of it.

use crate::exercise_6::Memory;
use crate::solutions;
use crate::work::{Backward, Forward, Work};
use impasto::arrays::ArrayArchive;
use impasto::autodiff::{Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};
use impasto::image::{ColorProfiles, LoadOptions, load_image, preprocess_image};
use impasto::samples::{SWIRL, TOWN};
use impasto::{SqueezeNet, Weights};
use ndarray::{Array2, Array3, Array4, ArrayD, ArrayView2, Axis, Ix2, Slice, arr2};
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Something that a solution is tried on.
#[derive(Debug, Clone)]
pub struct Test {
    /// What it is, for people.
    pub name: &'static str,
    /// 名称。
    pub name_zh: &'static str,
    /// The inputs.
    pub input: Input,
    /// What must come out; where it is not known beforehand, what our solution gives.
    pub expected: Option<Vec<f64>>,
}

/// The inputs of an exercise. Features and pictures are (1, H, W, C).
#[derive(Debug, Clone)]
pub enum Input {
    /// Of exercise 1.
    Content {
        /// The weight.
        weight: f64,
        /// Features and target.
        features: [ArrayD<f64>; 2],
    },
    /// Of exercise 2.
    Gram {
        /// The features.
        features: ArrayD<f64>,
        /// Whether to normalize.
        normalize: bool,
    },
    /// Of exercise 3.
    Style {
        /// Of every layer.
        features: Vec<ArrayD<f64>>,
        /// Which count.
        layers: Vec<usize>,
        /// Their targets, (C, C).
        targets: Vec<ArrayD<f64>>,
        /// Their weights.
        weights: Vec<f64>,
    },
    /// Of exercise 4.
    Tv {
        /// The picture.
        image: ArrayD<f64>,
        /// The weight.
        weight: f64,
    },
    /// Of exercise 5.
    Operation {
        /// The input, (P, C).
        x: Array2<f64>,
        /// What each number of the output counts, (C, C).
        d_out: Array2<f64>,
    },
    /// Of exercise 6.
    Adam {
        /// One for each step.
        gradients: Vec<Vec<f64>>,
    },
    /// Of exercise 7.
    Loop {
        /// Where it begins.
        x: Vec<f64>,
        /// Iterations, and the one at which the learning rate falls.
        iterations: [usize; 2],
    },
}

/// What is seen of a solution.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Of the result.
    pub shape: Vec<usize>,
    /// Its numbers; of an operation, also its gradients.
    pub values: Vec<f64>,
}

/// Why nothing is seen of a solution.
#[derive(Debug, Clone, PartialEq)]
pub enum Unseen {
    /// It is a `todo!()`.
    Unwritten,
    /// It failed, with this message.
    Failed(String),
}

/// An operation of the student's own.
struct Own {
    forward: Forward,
    backward: Backward,
}

impl Operation<f64> for Own {
    fn name(&self) -> &'static str {
        "own"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        match *inputs[0] {
            [_, channels] => Ok(vec![channels, channels]),
            _ => Err(Mismatch::new("x must be a matrix")),
        }
    }

    fn forward(&mut self, values: &Values<'_, f64>, out: &mut [f64]) {
        let result = (self.forward)(matrix(values));
        assert_eq!(result.len(), out.len(), "the output must be (C, C); this many numbers are");
        out.iter_mut().zip(&result).for_each(|(out, value)| *out = *value);
    }

    fn backward(&mut self, values: &Values<'_, f64>, d_out: &[f64], gradients: &mut Gradients<'_, f64>) {
        let x = matrix(values);
        let channels = x.len_of(Axis(1));
        let d_out = ArrayView2::from_shape((channels, channels), d_out).expect("the output's shape");
        gradients.add_array(0, |mut d_x| {
            let mut own = d_x.to_owned().into_dimensionality::<Ix2>().expect("x is a matrix");
            (self.backward)(x, d_out, &mut own);
            d_x.assign(&own);
        });
    }
}

fn matrix<'a>(values: &Values<'a, f64>) -> ArrayView2<'a, f64> {
    values.input_array(0).into_dimensionality::<Ix2>().expect("x is a matrix")
}

impl Input {
    /// The exercise that they are of.
    pub fn exercise(&self) -> usize {
        match self {
            Input::Content { .. } => 1,
            Input::Gram { .. } => 2,
            Input::Style { .. } => 3,
            Input::Tv { .. } => 4,
            Input::Operation { .. } => 5,
            Input::Adam { .. } => 6,
            Input::Loop { .. } => 7,
        }
    }

    /// The arrays that a gradient is checked for; none where there is no tape.
    pub fn arrays(&self) -> Vec<ArrayD<f64>> {
        match self {
            Input::Content { features, .. } => features.to_vec(),
            Input::Gram { features, .. } => vec![features.clone()],
            Input::Style { features, targets, .. } => features.iter().chain(targets).cloned().collect(),
            Input::Tv { image, .. } => vec![image.clone()],
            Input::Operation { x, .. } => vec![x.clone().into_dyn()],
            Input::Adam { .. } | Input::Loop { .. } => Vec::new(),
        }
    }

    /// Records what a solution computes from [`arrays`](Self::arrays).
    ///
    /// # Errors
    /// Those of the tape; [`TapeError::NoGradient`] if the solution is of another exercise.
    pub fn record(&self, work: &Work, tape: &mut Tape<f64>, vars: &[Var]) -> Result<Var, TapeError> {
        match (work, self) {
            (Work::Content(f), Input::Content { weight, .. }) => f(tape, *weight, vars[0], vars[1]),
            (Work::Gram(f), Input::Gram { normalize, .. }) => f(tape, vars[0], *normalize),
            (Work::Style(f), Input::Style { features, layers, weights, .. }) => {
                let (features, targets) = vars.split_at(features.len());
                f(tape, features, layers, targets, weights)
            }
            (Work::Tv(f), Input::Tv { weight, .. }) => f(tape, vars[0], *weight),
            (&Work::Operation(forward, backward), Input::Operation { .. }) => {
                tape.record(Own { forward, backward }, vars)
            }
            _ => Err(TapeError::NoGradient),
        }
    }

    /// What a solution gives for these inputs.
    ///
    /// # Errors
    /// [`Unseen`] if it is not written yet, fails or panics.
    pub fn observe(&self, work: &Work) -> Result<Seen, Unseen> {
        match catch_unwind(AssertUnwindSafe(|| self.observe_or_panic(work))) {
            Ok(Ok(seen)) => Ok(seen),
            Ok(Err(error)) => Err(Unseen::Failed(error.to_string())),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
                let text = text.unwrap_or_default();
                match text.starts_with("not yet implemented") {
                    true => Err(Unseen::Unwritten),
                    false => Err(Unseen::Failed(format!("it panicked: {text}"))),
                }
            }
        }
    }

    fn observe_or_panic(&self, work: &Work) -> Result<Seen, TapeError> {
        match (work, self) {
            (Work::Adam(step), Input::Adam { gradients }) => {
                let len = gradients.first().map_or(0, Vec::len);
                let mut memory = Memory { m: vec![0.0; len], v: vec![0.0; len], t: 0 };
                let (mut x, mut values) = (vec![1.0; len], Vec::new());
                for gradient in gradients {
                    step(&mut memory, 0.5, gradient, &mut x);
                    values.extend_from_slice(&x);
                }
                Ok(Seen { shape: vec![gradients.len(), len], values })
            }
            (Work::Loop(run), Input::Loop { x, iterations: [iterations, decay_at] }) => {
                let (mut x, mut steps) = (x.clone(), Vec::new());
                // Down a bowl around 0.5, by a part of the gradient; what is asked for is written down.
                let mut gradient = |x: &[f64]| x.iter().map(|value| value - 0.5).collect::<Vec<f64>>();
                let mut step = |learning_rate: f64, gradient: &[f64], x: &mut [f64]| {
                    x.iter_mut().zip(gradient).for_each(|(x, g)| *x -= 0.9 * learning_rate * g);
                    steps.push(learning_rate);
                };
                run(&mut x, *iterations, *decay_at, &mut gradient, &mut step);
                let shape = vec![steps.len()];
                Ok(Seen { shape, values: [x, steps].concat() })
            }
            _ => {
                let mut tape = Tape::new();
                let vars: Vec<Var> = self.arrays().iter().map(|array| tape.variable(array)).collect();
                let result = self.record(work, &mut tape, &vars)?;
                tape.forward();
                let value = tape.value(result)?;
                let mut seen =
                    Seen { shape: value.shape().to_vec(), values: value.iter().copied().collect() };
                if let Input::Operation { d_out, .. } = self {
                    let weights = tape.constant(d_out);
                    let weighted = tape.mul(result, weights)?;
                    let loss = tape.sum(weighted)?;
                    tape.forward();
                    tape.backward(loss)?;
                    seen.values.extend(tape.gradient(vars[0])?.iter());
                    // Something else that reads x adds its gradient first.
                    let squares = tape.square(vars[0])?;
                    let squares = tape.sum(squares)?;
                    let both = tape.add(loss, squares)?;
                    tape.forward();
                    tape.backward(both)?;
                    seen.values.extend(tape.gradient(vars[0])?.iter());
                }
                Ok(seen)
            }
        }
    }
}

/// Different numbers between -1 and 1.
fn made_up(shape: &[usize], seed: u64) -> ArrayD<f64> {
    let mut state = seed;
    ArrayD::from_shape_simple_fn(shape, || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1u32 << 23) - 1.0
    })
}

/// The features of `impasto explain step`, at 2x2 positions.
fn by_hand() -> ArrayD<f64> {
    features(&[[1.0, 2.0], [3.0, 0.0], [-1.0, 1.0], [1.0, 1.0]])
}

fn features(positions: &[[f64; 2]; 4]) -> ArrayD<f64> {
    arr2(positions).into_shape_with_order((1, 2, 2, 2)).expect("four positions").into_dyn()
}

fn gram(features: &ArrayD<f64>) -> ArrayD<f64> {
    let mut tape = Tape::new();
    let features = tape.constant(features);
    let gram = solutions::gram_matrix(&mut tape, features, true).expect("features are (1, H, W, C)");
    tape.forward();
    tape.value(gram).expect("it is on the tape").to_owned()
}

/// The tests of an exercise: by hand, on made-up numbers, on the project's pictures.
pub fn of(exercise: usize) -> Vec<Test> {
    let hand = |input, expected: &[f64]| Test {
        name: "by hand",
        name_zh: "手算",
        input,
        expected: Some(expected.to_vec()),
    };
    let random = |input| Test { name: "made-up numbers", name_zh: "随机数", input, expected: None };
    let pictures = |input, expected: &[f64]| Test {
        name: "town and swirl",
        name_zh: "小镇与漩涡",
        input,
        expected: Some(expected.to_vec()),
    };
    match exercise {
        1 => {
            let target = features(&[[0.0, 1.5], [1.0, 1.0], [-1.0, -1.0], [3.0, 0.5]]);
            let columns = |features: &ArrayD<f64>| features.slice_axis(Axis(2), Slice::from(..14)).to_owned();
            let features = samples().map(|of_sample| columns(&of_sample[3]));
            vec![
                hand(Input::Content { weight: 2.0, features: [by_hand(), target] }, &[29.0]),
                random(Input::Content {
                    weight: 0.7,
                    features: [3, 4].map(|seed| made_up(&[1, 3, 2, 4], seed)),
                }),
                pictures(Input::Content { weight: 6e-2, features }, ANSWERS[0]),
            ]
        }
        2 => {
            let [town, _] = samples();
            let few = town[3].slice_axis(Axis(3), Slice::from(..3)).to_owned();
            vec![
                hand(Input::Gram { features: by_hand(), normalize: true }, &[1.5, 0.25, 0.25, 0.75]),
                random(Input::Gram { features: made_up(&[1, 3, 2, 4], 5), normalize: true }),
                random(Input::Gram { features: made_up(&[1, 2, 3, 3], 6), normalize: false }),
                pictures(Input::Gram { features: few, normalize: true }, ANSWERS[1]),
            ]
        }
        3 => {
            let third = ArrayD::from_shape_vec(vec![1, 1, 2, 1], vec![1.0, 3.0]).expect("two positions");
            let identity = arr2(&[[1.0, 0.0], [0.0, 1.0]]).into_dyn();
            let of_hand = Input::Style {
                features: vec![made_up(&[1, 2, 2, 2], 1), by_hand(), third],
                layers: vec![1, 2],
                targets: vec![identity, arr2(&[[4.0]]).into_dyn()],
                weights: vec![8.0, 3.0],
            };
            let random_features: Vec<_> = (0..4).map(|seed| made_up(&[1, 3, 2, 2], seed + 9)).collect();
            let of_random = Input::Style {
                features: random_features,
                layers: vec![1, 3],
                targets: [20, 21].map(|seed| made_up(&[2, 2], seed)).to_vec(),
                weights: vec![2.0, 0.5],
            };
            let [town, swirl] = samples();
            let layers = vec![1, 4];
            let targets = layers.iter().map(|&layer| gram(&swirl[layer])).collect();
            let of_pictures =
                Input::Style { features: town, layers, targets, weights: vec![200_000.0, 800.0] };
            vec![hand(of_hand, &[6.5]), random(of_random), pictures(of_pictures, ANSWERS[2])]
        }
        4 => {
            let image = arr2(&[[1.0, 2.0, 4.0], [2.0, 0.0, 3.0], [1.0, 3.0, 2.0]]);
            let image = image.into_shape_with_order((1, 3, 3, 1)).expect("nine pixels").into_dyn();
            vec![
                hand(Input::Tv { image, weight: 0.25 }, &[10.0]),
                random(Input::Tv { image: made_up(&[1, 4, 3, 3], 7), weight: 0.3 }),
                pictures(Input::Tv { image: town().mapv(f64::from).into_dyn(), weight: 2e-2 }, ANSWERS[3]),
            ]
        }
        5 => {
            let of_hand = Input::Operation {
                x: arr2(&[[1.0, 2.0], [3.0, 0.0]]),
                d_out: arr2(&[[1.0, 0.0], [2.0, 1.0]]),
            };
            let matrix =
                |shape: &[usize], seed| made_up(shape, seed).into_dimensionality().expect("a matrix");
            let of_random = Input::Operation { x: matrix(&[4, 3], 30), d_out: matrix(&[3, 3], 31) };
            let expected = [10.0, 2.0, 2.0, 4.0, 6.0, 6.0, 6.0, 6.0, 8.0, 10.0, 12.0, 6.0];
            vec![hand(of_hand, &expected), random(of_random)]
        }
        6 => {
            let gradients = vec![vec![0.3], vec![-0.1]];
            let of_random = (0..5).map(|seed| made_up(&[4], 40 + seed).into_iter().collect()).collect();
            let by_tensorflow = [0.500_000_527, 0.299_894_0];
            vec![
                hand(Input::Adam { gradients }, &by_tensorflow),
                random(Input::Adam { gradients: of_random }),
            ]
        }
        7 => vec![
            hand(Input::Loop { x: vec![0.6], iterations: [1, 1] }, &[0.33, 3.0]),
            random(Input::Loop { x: made_up(&[5], 50).into_iter().collect(), iterations: [9, 6] }),
            random(Input::Loop { x: vec![40.0, -3.0], iterations: [5, 2] }),
            random(Input::Loop { x: vec![40.0, -3.0], iterations: [5, 0] }),
        ],
        _ => Vec::new(),
    }
}

/// What the losses of the project's pictures are with the built-in weights: content, Gram matrix, style, total variation.
const ANSWERS: [&[f64]; 4] = [
    &[3907.350],
    &[1.925_647, 0.628_842, 0.453_686, 0.628_842, 0.686_459, 0.342_091, 0.453_686, 0.342_091, 0.537_543],
    &[117_860.1],
    &[38.281_08],
];

fn town() -> Array4<f32> {
    let town = TOWN.decode(&LoadOptions::shorter_side(48)).expect("the sample is a picture");
    preprocess_image(town.view())
}

/// The features of town and swirl in each layer up to 4.
fn samples() -> [Vec<ArrayD<f64>>; 2] {
    let swirl = SWIRL.decode(&LoadOptions::shorter_side(48)).expect("the sample is a picture");
    let swirl: Array3<u8> = swirl;
    let network = SqueezeNet::new(Weights::built_in());
    [town(), preprocess_image(swirl.view())].map(|image| {
        let features = network.extract_features(image.view(), 4).expect("the pictures are large enough");
        features.into_iter().map(|features| features.mapv(f64::from).into_dyn()).collect()
    })
}

/// The notebook's own inputs and answers, with its network, where the folder around `notebook` is there.
///
/// # Errors
/// Those of reading its files.
pub fn of_the_notebook(exercise: usize, data: &Path) -> Result<Option<Test>, Box<dyn Error>> {
    const STYLE_LAYERS: [usize; 4] = [1, 4, 6, 7];
    let folder = data.join("notebook");
    let options = LoadOptions::shorter_side(192).with_color_profiles(ColorProfiles::Ignore);
    let image = |name: &str| {
        Ok::<_, Box<dyn Error>>(preprocess_image(load_image(&folder.join(name), &options)?.view()))
    };
    let network = SqueezeNet::new(Weights::load_features(folder.join("squeezenet1_1.npz"), 7)?);
    let features = |image: &Array4<f32>| -> Result<Vec<ArrayD<f64>>, Box<dyn Error>> {
        let features = network.extract_features(image.view(), 7)?;
        Ok(features.into_iter().map(|features| features.mapv(f64::from).into_dyn()).collect())
    };
    let content = image("tubingen.jpg")?;
    let (array, input) = match exercise {
        1 => {
            let blank = features(&Array4::zeros(content.dim()))?.swap_remove(3);
            let target = features(&content)?.swap_remove(3);
            ("cl_out", Input::Content { weight: 6e-2, features: [blank, target] })
        }
        2 => {
            let features = features(&image("starry_night.jpg")?)?.swap_remove(5);
            ("gm_out", Input::Gram { features, normalize: true })
        }
        3 => {
            let style = features(&image("starry_night.jpg")?)?;
            let targets = STYLE_LAYERS.iter().map(|&layer| gram(&style[layer])).collect();
            let weights = vec![300_000.0, 1000.0, 15.0, 3.0];
            let layers = STYLE_LAYERS.to_vec();
            ("sl_out", Input::Style { features: features(&content)?, layers, targets, weights })
        }
        4 => ("tv_out", Input::Tv { image: content.mapv(f64::from).into_dyn(), weight: 2e-2 }),
        _ => return Ok(None),
    };
    let mut archive = ArrayArchive::open(&folder.join("style-transfer-checks-tf.npz"))?;
    let expected = archive.read(array)?.iter().map(|&value| f64::from(value)).collect();
    Ok(Some(Test {
        name: "the notebook's answer", name_zh: "笔记本的答案", input, expected: Some(expected)
    }))
}
