//! The network's layers recorded on a tape: the notebook's `extract_features`. Weights are constants
//! here; nothing trains them.

use crate::architecture::{self, FEATURES, IMAGE_CHANNELS, Layer, PoolRounding};
use crate::weights::{Weights, WeightsError};
use impasto_autodiff::{Activation, Element, Padding, Tape, TapeError, Var};
use impasto_autodiff::{ConvOptions, ConvWeights};
use ndarray::{Array4, ArrayView4, Ix4};
use std::collections::BTreeMap;
use thiserror::Error;

/// Why features could not be recorded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// A layer beyond the last.
    #[error("there is no layer {layer}: the layers are 0 to {}", FEATURES.len() - 1)]
    NoSuchLayer {
        /// The layer asked for.
        layer: usize,
    },
    /// The image vanishes before it reaches the layer.
    #[error(
        "an image of {height}x{width} is too small for layer {layer}: both sides must be at least {minimum} pixels"
    )]
    ImageTooSmall {
        /// The layer asked for.
        layer: usize,
        /// The image's height in pixels.
        height: usize,
        /// The image's width in pixels.
        width: usize,
        /// The shortest side that reaches the layer, in pixels.
        minimum: usize,
    },
    /// The input is not an image.
    #[error("the network takes images of shape (N, H, W, 3), not {shape:?}")]
    NotAnImage {
        /// The shape given.
        shape: Vec<usize>,
    },
    /// Weights of a layer that was not read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The tape refused an operation.
    #[error(transparent)]
    Tape(#[from] TapeError),
}

/// SqueezeNet 1.1 with its weights, ready to be recorded.
///
/// See [`SqueezeNet::record`] for gradients, [`SqueezeNet::extract_features`] for values alone.
#[derive(Debug, Clone)]
pub struct SqueezeNet {
    weights: Weights,
    rounding: PoolRounding,
}

/// The layers that were recorded, by their numbers.
#[derive(Debug, Clone, Default)]
pub struct Features {
    layers: BTreeMap<usize, Var>,
    nodes: Vec<NetworkNode>,
}

/// A node that the network put on a tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetworkNode {
    /// The node.
    pub var: Var,
    /// Its layer; of the output of a convolution with the ReLU that follows it, the ReLU's.
    pub layer: usize,
    /// What it is within the layer.
    pub part: LayerPart,
}

/// What a node is within its layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LayerPart {
    /// The output of a layer that is a single node.
    Whole,
    /// The output of a fire module's squeeze convolution.
    Squeeze,
    /// The output of a fire module: both expand convolutions side by side.
    Expand,
    /// The weights of a convolution, which is the only one of its layer or one of a fire module's three.
    Weight {
        /// Whether the convolution is part of a fire module.
        in_fire: bool,
    },
    /// The bias of a convolution, likewise.
    Bias {
        /// Whether the convolution is part of a fire module.
        in_fire: bool,
    },
}

impl LayerPart {
    /// Whether the node belongs to a fire module.
    pub fn is_in_fire(self) -> bool {
        match self {
            LayerPart::Whole => false,
            LayerPart::Squeeze | LayerPart::Expand => true,
            LayerPart::Weight { in_fire } | LayerPart::Bias { in_fire } => in_fire,
        }
    }
}

impl Features {
    /// The output of a layer, if it was asked for.
    pub fn get(&self, layer: usize) -> Option<Var> {
        self.layers.get(&layer).copied()
    }

    /// All recorded layers with their numbers, from the first to the deepest.
    pub fn iter(&self) -> impl Iterator<Item = (usize, Var)> {
        self.layers.iter().map(|(&layer, &var)| (layer, var))
    }

    /// Every node that was recorded, weights included, in the order of the tape.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use impasto_squeezenet::{LayerPart, SqueezeNet, Weights};
    /// use ndarray::Array4;
    ///
    /// let network = SqueezeNet::new(Weights::built_in());
    /// let mut tape = Tape::<f32>::new();
    /// let image = tape.constant(&Array4::zeros((1, 32, 32, 3)));
    /// let features = network.record(&mut tape, image, &[3])?;
    /// let parts: Vec<_> = features.nodes().iter().map(|node| (node.layer, node.part)).collect();
    /// assert_eq!(parts[0], (0, LayerPart::Weight { in_fire: false }));
    /// assert_eq!(parts[2..4], [(1, LayerPart::Whole), (2, LayerPart::Whole)]);
    /// assert_eq!(parts.last(), Some(&(3, LayerPart::Expand)));
    /// # Ok::<(), impasto_squeezenet::FeatureError>(())
    /// ```
    pub fn nodes(&self) -> &[NetworkNode] {
        &self.nodes
    }

    /// The weights and bias of a convolution, recorded as constants.
    fn convolution<T: Element>(
        &mut self,
        tape: &mut Tape<T>,
        weights: &Weights,
        name: &str,
        padding: Padding,
        (layer, in_fire): (usize, bool),
    ) -> Result<ConvWeights, FeatureError> {
        let convolution = constants(tape, weights, name, padding)?;
        self.node(convolution.weight, layer, LayerPart::Weight { in_fire });
        self.node(convolution.bias, layer, LayerPart::Bias { in_fire });
        Ok(convolution)
    }

    fn node(&mut self, var: Var, layer: usize, part: LayerPart) {
        self.nodes.push(NetworkNode { var, layer, part });
    }
}

/// The first rows of the tiles of an expansion's output and of its image's gradient.
///
/// Where a picture is walked over in strips, each layer runs ahead of the next by the rows that this one reads beyond its
/// own. Were all tiles of four rows to begin with row 0, each layer would wait for a whole tile more: 167 rows of the
/// picture in all, down to layer 7, instead of 63. At small sizes, which fit into memory anyway, the incomplete first
/// tiles would cost more than they save.
fn row_phases(layer: usize, rows: usize) -> [usize; 2] {
    /// Rows of the features of a tall picture, of about 480 rows, at the strides 4, 8 and 16.
    const TALL: [usize; 3] = [120, 60, 30];
    match layer {
        3 if rows >= TALL[0] => [2, 1],
        4 if rows >= TALL[0] => [1, 2],
        6 if rows >= TALL[1] => [1, 2],
        7 if rows >= TALL[1] => [0, 3],
        9 if rows >= TALL[2] => [1, 2],
        10 if rows >= TALL[2] => [0, 3],
        11 if rows >= TALL[2] => [3, 0],
        12 if rows >= TALL[2] => [2, 1],
        _ => [0, 0],
    }
}

impl SqueezeNet {
    /// The network with these weights. Its pools round down, as in the TensorFlow notebook.
    pub fn new(weights: Weights) -> Self {
        SqueezeNet { weights, rounding: PoolRounding::Floor }
    }

    /// The same with pools that round otherwise: up, as torchvision's and the PyTorch notebook's.
    pub fn with_pooling(mut self, rounding: PoolRounding) -> Self {
        self.rounding = rounding;
        self
    }

    /// How pools treat windows that do not fit.
    pub fn rounding(&self) -> PoolRounding {
        self.rounding
    }

    /// The weights.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Checks that an image of this size reaches all of `layers`.
    ///
    /// ```
    /// use impasto_squeezenet::{FeatureError, SqueezeNet, Weights};
    ///
    /// let network = SqueezeNet::new(Weights::built_in());
    /// assert!(network.check_size(192, 256, &[1, 4, 6, 7]).is_ok());
    /// assert!(matches!(network.check_size(8, 256, &[7]), Err(FeatureError::ImageTooSmall { layer: 7, .. })));
    /// assert!(matches!(network.check_size(192, 256, &[13]), Err(FeatureError::NoSuchLayer { layer: 13 })));
    /// ```
    ///
    /// # Errors
    /// [`FeatureError::NoSuchLayer`] or [`FeatureError::ImageTooSmall`].
    pub fn check_size(&self, height: usize, width: usize, layers: &[usize]) -> Result<(), FeatureError> {
        for &layer in layers {
            let minimum = architecture::minimum_image_size(layer, self.rounding)
                .ok_or(FeatureError::NoSuchLayer { layer })?;
            if height.min(width) < minimum {
                return Err(FeatureError::ImageTooSmall { layer, height, width, minimum });
            }
        }
        Ok(())
    }

    /// Records the network on `image`, preprocessed and of shape (N, H, W, 3), up to the deepest of
    /// `layers`; nothing beyond it is recorded. Layer `l`'s output has the shape that
    /// [`architecture::feature_shape`] gives. Nodes are named after the layers: `features.0+1` is a convolution with
    /// the ReLU that follows it, `features.3.expand` both expansions of a fire module, `features.3.squeeze.weight` an
    /// array of weights.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use impasto_squeezenet::{SqueezeNet, Weights};
    /// use ndarray::Array4;
    ///
    /// let network = SqueezeNet::new(Weights::built_in());
    /// let mut tape = Tape::<f32>::new();
    /// let image = tape.variable(&Array4::zeros((1, 32, 32, 3)));
    /// let features = network.record(&mut tape, image, &[1, 4])?;
    /// let layers: Vec<_> = features.iter().map(|(layer, _)| layer).collect();
    /// assert_eq!(layers, [1, 4]); // and nothing beyond 4 is on the tape
    ///
    /// let names: Vec<_> = tape.inspect().into_iter().filter_map(|node| node.name).collect();
    /// assert_eq!(names[..3], ["features.0.weight", "features.0.bias", "features.0+1"]);
    /// assert_eq!(names.last().map(String::as_str), Some("features.4.expand"));
    /// # Ok::<(), impasto_squeezenet::FeatureError>(())
    /// ```
    ///
    /// # Errors
    /// [`FeatureError::NotAnImage`], [`FeatureError::NoSuchLayer`], [`FeatureError::ImageTooSmall`], and
    /// [`WeightsError::NotLoaded`] for a layer whose weights were not read.
    pub fn record<T: Element>(
        &self,
        tape: &mut Tape<T>,
        image: Var,
        layers: &[usize],
    ) -> Result<Features, FeatureError> {
        self.record_each(tape, image, layers, |_, _, _| Ok(()))
    }

    /// As [`SqueezeNet::record`], calling `visit` with the tape, the layer and its output right after
    /// each of `layers` is recorded. What `visit` records there goes backward just before the layer
    /// does, so that the layer's gradient need not exist any earlier.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use impasto_squeezenet::{SqueezeNet, Weights};
    /// use ndarray::Array4;
    ///
    /// let network = SqueezeNet::new(Weights::built_in());
    /// let mut tape = Tape::<f32>::new();
    /// let image = tape.constant(&Array4::zeros((1, 32, 32, 3)));
    /// let mut energies = Vec::new();
    /// network.record_each(&mut tape, image, &[1, 4], |tape, _, features| {
    ///     let squares = tape.square(features)?;
    ///     energies.push(tape.mean(squares)?);
    ///     Ok(())
    /// })?;
    /// assert_eq!(energies.len(), 2);
    /// # Ok::<(), impasto_squeezenet::FeatureError>(())
    /// ```
    ///
    /// # Errors
    /// As [`SqueezeNet::record`], and what `visit` returns.
    pub fn record_each<T: Element>(
        &self,
        tape: &mut Tape<T>,
        image: Var,
        layers: &[usize],
        mut visit: impl FnMut(&mut Tape<T>, usize, Var) -> Result<(), TapeError>,
    ) -> Result<Features, FeatureError> {
        let &[_, height, width, IMAGE_CHANNELS] = tape.shape(image)? else {
            return Err(FeatureError::NotAnImage { shape: tape.shape(image)?.to_vec() });
        };
        self.check_size(height, width, layers)?;
        let mut features = Features::default();
        let Some(&deepest) = layers.iter().max() else { return Ok(features) };
        let mut current = image;
        let mut rectified = false;
        for (index, layer) in FEATURES[..=deepest].iter().enumerate() {
            current = match *layer {
                Layer::Convolution { stride, .. } => {
                    // ReLU follows in the same pass, unless somebody asks for what comes before it.
                    let relu_follows = index < deepest && FEATURES[index + 1] == Layer::Relu;
                    rectified = relu_follows && !layers.contains(&index);
                    let activation = if rectified { Activation::Relu } else { Activation::None };
                    let name = format!("features.{index}");
                    let last = if rectified { index + 1 } else { index };
                    let weights =
                        features.convolution(tape, &self.weights, &name, Padding::Valid, (index, false))?;
                    let maps =
                        tape.conv2d(current, weights, ConvOptions { stride: [stride, stride], activation })?;
                    features.node(maps, last, LayerPart::Whole);
                    tape.name(maps, if rectified { format!("{name}+{last}") } else { name })?
                }
                Layer::Relu if std::mem::take(&mut rectified) => current,
                Layer::Relu => {
                    let maps = tape.relu(current)?;
                    features.node(maps, index, LayerPart::Whole);
                    tape.name(maps, format!("features.{index}"))?
                }
                Layer::MaxPool { size, stride } => {
                    let maps = tape.max_pool(current, [size, size], [stride, stride], self.rounding)?;
                    features.node(maps, index, LayerPart::Whole);
                    tape.name(maps, format!("features.{index}"))?
                }
                Layer::Fire { .. } => self.fire(tape, &mut features, current, index)?,
            };
            if layers.contains(&index) {
                features.layers.insert(index, current);
                visit(tape, index, current)?;
            }
        }
        Ok(features)
    }

    /// A fire module: squeeze, then both expansions side by side, with ReLU after each.
    fn fire<T: Element>(
        &self,
        tape: &mut Tape<T>,
        features: &mut Features,
        input: Var,
        layer: usize,
    ) -> Result<Var, FeatureError> {
        let options = ConvOptions { stride: [1, 1], activation: Activation::Relu };
        let name = |part: &str| format!("features.{layer}.{part}");
        let convolution = |features: &mut Features, tape: &mut Tape<T>, part: &str, padding| {
            features.convolution(tape, &self.weights, &name(part), padding, (layer, true))
        };
        let squeeze = convolution(features, tape, "squeeze", Padding::Valid)?;
        let squeezed = tape.conv2d(input, squeeze, options)?;
        features.node(squeezed, layer, LayerPart::Squeeze);
        tape.name(squeezed, name("squeeze"))?;
        let expand1x1 = convolution(features, tape, "expand1x1", Padding::Valid)?;
        let expand3x3 = convolution(features, tape, "expand3x3", Padding::Same)?;
        let phases = row_phases(layer, tape.shape(squeezed)?[1]);
        let expanded = tape.conv2d_bank_in_phase(squeezed, &[expand1x1, expand3x3], options, phases)?;
        features.node(expanded, layer, LayerPart::Expand);
        Ok(tape.name(expanded, name("expand"))?)
    }

    /// Records the classifier on the output of layer 12: a 1x1 convolution, ReLU, and the average
    /// over all positions. The result, of shape (N, 1000), holds a score for each class of ImageNet.
    ///
    /// # Errors
    /// [`WeightsError::NotLoaded`] if the weights hold no classifier.
    pub fn record_classifier<T: Element>(
        &self,
        tape: &mut Tape<T>,
        features: Var,
    ) -> Result<Var, FeatureError> {
        let weights = constants(tape, &self.weights, &architecture::classifier().name, Padding::Valid)?;
        let options = ConvOptions { stride: [1, 1], activation: Activation::Relu };
        let maps = tape.conv2d(features, weights, options)?;
        tape.name(maps, architecture::classifier().name)?;
        let scores = tape.mean_axes(maps, &[1, 2])?;
        Ok(tape.name(scores, "scores")?)
    }

    /// Computes the outputs of layers 0 to `deepest` for one preprocessed image (1, H, W, 3): the
    /// notebook's `extract_features`, whose list holds layer `l` at index `l`.
    ///
    /// ```
    /// use impasto_squeezenet::{SqueezeNet, Weights};
    /// use ndarray::Array4;
    ///
    /// let network = SqueezeNet::new(Weights::built_in());
    /// let image = Array4::zeros((1, 48, 64, 3)); // preprocessed
    /// let features = network.extract_features(image.view(), 4)?;
    /// assert_eq!(features.len(), 5);
    /// assert_eq!(features[0].dim(), (1, 23, 31, 64)); // before ReLU
    /// assert!(features[1].iter().all(|&value| value >= 0.0)); // after it
    /// assert_eq!(features[4].dim(), (1, 11, 15, 128));
    /// # Ok::<(), impasto_squeezenet::FeatureError>(())
    /// ```
    ///
    /// # Errors
    /// As [`SqueezeNet::record`].
    pub fn extract_features(
        &self,
        image: ArrayView4<'_, f32>,
        deepest: usize,
    ) -> Result<Vec<Array4<f32>>, FeatureError> {
        let mut tape = Tape::<f32>::new();
        let image = tape.constant(&image);
        let layers: Vec<usize> = (0..=deepest).collect();
        let features = self.record(&mut tape, image, &layers)?;
        tape.forward();
        let vars: Vec<Var> = features.iter().map(|(_, var)| var).collect();
        let values = tape.into_values(&vars)?.into_iter();
        values
            .map(|value| {
                let shape = value.shape().to_vec();
                value.into_dimensionality::<Ix4>().map_err(|_| FeatureError::NotAnImage { shape })
            })
            .collect()
    }
}

/// The weights and bias of a convolution as constants on a tape.
fn constants<T: Element>(
    tape: &mut Tape<T>,
    weights: &Weights,
    name: &str,
    padding: Padding,
) -> Result<ConvWeights, FeatureError> {
    let convolution = weights.convolution(name)?;
    let weight = tape.constant(&convolution.weight.mapv(|value| T::from_f64(f64::from(value))));
    let bias = tape.constant(&convolution.bias.mapv(|value| T::from_f64(f64::from(value))));
    tape.name(weight, format!("{name}.weight"))?;
    tape.name(bias, format!("{name}.bias"))?;
    Ok(ConvWeights { weight, bias, padding })
}
