//! SqueezeNet's features as they are trained: batch normalization and ReLU after every convolution, and two
//! linear heads that name the class, on the averages of layers 12 and 7. The second gives the layers that
//! style transfer reads a teacher of their own.

use crate::TrainingError;
use impasto_autodiff::{Activation, Padding, Tape, TapeError, Var};
use impasto_autodiff::{ConvOptions, ConvWeights, NormalizeOptions};
use impasto_pictures::random::Random;
use impasto_squeezenet::architecture::{self, ConvolutionShape, FEATURES, IMAGE_CHANNELS, Layer};
use impasto_squeezenet::{FeatureError, PoolRounding};
use ndarray::{Array1, Array2, Array4, ArrayD};

/// Keeps the normalization of channels that do not vary finite.
pub(crate) const EPSILON: f64 = 1e-5;

/// Tells the random numbers of parameters from those of pictures and crops.
const PARAMETERS: u64 = u64::MAX;

/// A classifier on the average of a layer over all positions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Head {
    /// The layer.
    pub layer: usize,
    /// What its loss counts.
    pub weight: f32,
}

/// The heads, in the order of what they count.
pub const HEADS: [Head; 2] = [Head { layer: 12, weight: 1.0 }, Head { layer: 7, weight: 0.5 }];

/// Values that training changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Such as `features.3.squeeze.weight`.
    pub name: String,
    /// The values; filters are (KH, KW, Cin, Cout), linear maps (Cin, Cout).
    pub value: ArrayD<f32>,
    /// Whether they decay.
    pub decays: bool,
}

/// Convolutions that are normalized together.
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) convolutions: Vec<ConvolutionShape>,
}

impl Group {
    pub(crate) fn channels(&self) -> usize {
        self.convolutions.iter().map(|convolution| convolution.out_channels).sum()
    }

    pub(crate) fn scale(&self) -> String {
        format!("{}.scale", self.name)
    }

    pub(crate) fn shift(&self) -> String {
        format!("{}.shift", self.name)
    }
}

pub(crate) fn weight(convolution: &ConvolutionShape) -> String {
    format!("{}.weight", convolution.name)
}

/// The groups of one layer, in the order in which they are applied.
pub(crate) fn groups(layer: usize) -> Vec<Group> {
    let mut convolutions = architecture::convolutions(layer);
    if convolutions.is_empty() {
        return Vec::new();
    }
    let expansions = convolutions.split_off(1);
    let first = Group { name: convolutions[0].name.clone(), convolutions };
    if expansions.is_empty() {
        return vec![first];
    }
    vec![first, Group { name: format!("features.{layer}.expand"), convolutions: expansions }]
}

/// All parameters before the first step: filters by He et al. 2015, heads small, scales 1, shifts 0.
pub fn initial_parameters(classes: usize, seed: u64) -> Vec<Parameter> {
    let mut random = Random::from_parts(&[seed, PARAMETERS]);
    let mut random_values = |shape: &[usize], deviation: f64| {
        let count = shape.iter().product();
        let values = (0..count).map(|_| random.bell() * deviation as f32).collect();
        ArrayD::from_shape_vec(shape, values).expect("as many values as the shape has")
    };
    let mut parameters = Vec::new();
    for group in (0..FEATURES.len()).flat_map(groups) {
        for convolution in &group.convolutions {
            let &ConvolutionShape { kernel, in_channels, out_channels, .. } = convolution;
            let fan_in = (kernel * kernel * in_channels) as f64;
            let value = random_values(&[kernel, kernel, in_channels, out_channels], (2.0 / fan_in).sqrt());
            parameters.push(Parameter { name: weight(convolution), value, decays: true });
        }
        let filled = |value| Array1::from_elem(group.channels(), value).into_dyn();
        parameters.push(Parameter { name: group.scale(), value: filled(1.0), decays: false });
        parameters.push(Parameter { name: group.shift(), value: filled(0.0), decays: false });
    }
    for head in HEADS {
        let channels = architecture::output_channels(head.layer).unwrap_or(0);
        let value = random_values(&[channels, classes], (1.0 / channels as f64).sqrt());
        parameters.push(Parameter { name: format!("heads.{}.weight", head.layer), value, decays: true });
        let value = Array1::zeros(classes).into_dyn();
        parameters.push(Parameter { name: format!("heads.{}.bias", head.layer), value, decays: false });
    }
    parameters
}

/// What gradients are wanted of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The parameters.
    Parameters,
    /// The crops.
    Images,
}

/// The network on a tape, recorded once for batches of one size.
pub struct Graph {
    /// The tape.
    pub tape: Tape<f32>,
    /// Crops (N, H, W, 3), preprocessed.
    pub images: Var,
    /// Probabilities (N, classes) that the heads are to give.
    pub targets: Var,
    /// In the order of the parameters it was recorded with.
    pub parameters: Vec<Var>,
    /// The output of each layer; a convolution's is that of the ReLU behind it.
    pub layers: Vec<Var>,
    /// The moments of each normalization, (2, C), in the order of the network.
    pub moments: Vec<Var>,
    /// The scores (N, classes) of each head.
    pub scores: Vec<Var>,
    /// The cross-entropy of each head.
    pub losses: Vec<Var>,
    /// Their weighted sum.
    pub loss: Var,
}

impl Graph {
    /// Records the network for batches of square crops.
    ///
    /// # Errors
    /// [`FeatureError::ImageTooSmall`] if the crops do not reach the last layer.
    pub fn record(
        parameters: &[Parameter],
        [batch, size]: [usize; 2],
        classes: usize,
        wanted: Wanted,
    ) -> Result<Graph, TrainingError> {
        check_size(size)?;
        let mut tape = Tape::new();
        let images = Array4::zeros((batch, size, size, IMAGE_CHANNELS));
        let images = match wanted {
            Wanted::Images => tape.variable(&images),
            Wanted::Parameters => tape.constant(&images),
        };
        let targets = tape.constant(&Array2::zeros((batch, classes)));
        let leaves = parameters.iter().map(|parameter| match wanted {
            Wanted::Parameters => tape.variable(&parameter.value),
            Wanted::Images => tape.constant(&parameter.value),
        });
        let leaves = leaves.collect();
        let mut recorder = Recorder { tape, parameters, leaves, moments: Vec::new() };
        let layers = recorder.features(images)?;
        let (mut scores, mut losses) = (Vec::new(), Vec::new());
        for head in HEADS {
            let (score, loss) = recorder.head(head, layers[head.layer], targets, batch)?;
            scores.push(score);
            losses.push(loss);
        }
        let Recorder { mut tape, leaves, moments, .. } = recorder;
        let summands = losses.iter().zip(HEADS).map(|(&loss, head)| (loss, head.weight));
        let loss = tape.weighted_sum(&summands.collect::<Vec<_>>())?;
        let kept: Vec<Var> = moments.iter().chain(&scores).chain(&losses).copied().collect();
        tape.recycle(loss, &kept)?;
        Ok(Graph { tape, images, targets, parameters: leaves, layers, moments, scores, losses, loss })
    }

    /// Sets a leaf.
    ///
    /// # Errors
    /// None in practice: leaves have the lengths of their values.
    pub fn set(&mut self, leaf: Var, values: &[f32]) -> Result<(), TapeError> {
        self.tape.update_leaf(leaf, |mut leaf, _| {
            if let Some(leaf) = leaf.as_slice_mut() {
                leaf.copy_from_slice(values);
            }
        })
    }
}

fn check_size(size: usize) -> Result<(), FeatureError> {
    let layer = FEATURES.len() - 1;
    match architecture::minimum_image_size(layer, PoolRounding::Floor) {
        Some(minimum) if size < minimum => {
            Err(FeatureError::ImageTooSmall { layer, height: size, width: size, minimum })
        }
        _ => Ok(()),
    }
}

/// A graph that is being recorded.
struct Recorder<'a> {
    tape: Tape<f32>,
    parameters: &'a [Parameter],
    leaves: Vec<Var>,
    moments: Vec<Var>,
}

impl Recorder<'_> {
    /// The output of each layer.
    fn features(&mut self, images: Var) -> Result<Vec<Var>, TapeError> {
        let mut outputs = Vec::new();
        let mut current = images;
        for (index, layer) in FEATURES.iter().enumerate() {
            let groups = groups(index);
            current = match *layer {
                Layer::Convolution { stride, .. } => {
                    self.normalized(current, &groups[0], &[Padding::Valid], stride)?
                }
                // In the same pass as the normalization.
                Layer::Relu => current,
                Layer::MaxPool { size, stride } => {
                    self.tape.max_pool(current, [size, size], [stride, stride], PoolRounding::Floor)?
                }
                Layer::Fire { .. } => {
                    let squeezed = self.normalized(current, &groups[0], &[Padding::Valid], 1)?;
                    self.normalized(squeezed, &groups[1], &[Padding::Valid, Padding::Same], 1)?
                }
            };
            outputs.push(current);
        }
        Ok(outputs)
    }

    /// Convolutions side by side, normalized by the moments of the batch and rectified.
    fn normalized(
        &mut self,
        input: Var,
        group: &Group,
        paddings: &[Padding],
        stride: usize,
    ) -> Result<Var, TapeError> {
        let mut filters = Vec::new();
        for (convolution, &padding) in group.convolutions.iter().zip(paddings) {
            // The normalization would take a bias away again.
            let bias = self.tape.constant(&Array1::zeros(convolution.out_channels));
            filters.push(ConvWeights { weight: self.leaf(&weight(convolution)), bias, padding });
        }
        let options = ConvOptions { stride: [stride, stride], activation: Activation::None };
        let convolved = self.tape.conv2d_bank(input, &filters, options)?;
        let moments = self.tape.moments(convolved)?;
        self.moments.push(moments);
        let scale_and_shift = [self.leaf(&group.scale()), self.leaf(&group.shift())];
        let options = NormalizeOptions { epsilon: EPSILON, activation: Activation::Relu };
        self.tape.normalize(convolved, moments, scale_and_shift, options)
    }

    /// The scores and the cross-entropy of a head.
    fn head(
        &mut self,
        head: Head,
        features: Var,
        targets: Var,
        batch: usize,
    ) -> Result<(Var, Var), TapeError> {
        let weight = self.leaf(&format!("heads.{}.weight", head.layer));
        let bias = self.leaf(&format!("heads.{}.bias", head.layer));
        let averages = self.tape.mean_axes(features, &[1, 2])?;
        let scores = self.tape.matmul(averages, weight)?;
        let scores = self.tape.add(scores, bias)?;
        let log_probabilities = self.tape.log_softmax(scores)?;
        let chosen = self.tape.mul(log_probabilities, targets)?;
        let sum = self.tape.sum(chosen)?;
        Ok((scores, self.tape.scale(sum, -1.0 / batch as f32)?))
    }

    fn leaf(&self, name: &str) -> Var {
        let index = self.parameters.iter().position(|parameter| parameter.name == name);
        self.leaves[index.expect("every layer has its parameters")]
    }
}
