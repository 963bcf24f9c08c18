//! SqueezeNet 1.1 as a table: the thirteen feature layers, their channels, the arrays they need and the
//! sizes of their outputs. It holds no weights and computes no features.
//!
//! Source: Iandola et al. 2016, "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters"
//! (arXiv:1602.07360, section 3.2 for the fire module, table 1 for version 1.0), with the changes of version
//! 1.1 that the authors published beside it: a 3x3 first convolution of 64 filters, and pooling after layers
//! 1, 4 and 7. Layers are numbered as in the notebook and in torchvision's `features`.
//!
//! | layer | what it is | name in the paper | output for 192x256 (H, W, C) |
//! | --- | --- | --- | --- |
//! | 0 | 3x3 convolution, stride 2 | conv1 | 95, 127, 64 |
//! | 1 | ReLU | | 95, 127, 64 |
//! | 2 | 3x3 max pooling, stride 2 | | 47, 63, 64 |
//! | 3, 4 | fire modules: squeeze 16, expand 64 + 64 | fire2, fire3 | 47, 63, 128 |
//! | 5 | 3x3 max pooling, stride 2 | | 23, 31, 128 |
//! | 6, 7 | fire modules: squeeze 32, expand 128 + 128 | fire4, fire5 | 23, 31, 256 |
//! | 8 | 3x3 max pooling, stride 2 | | 11, 15, 256 |
//! | 9, 10 | fire modules: squeeze 48, expand 192 + 192 | fire6, fire7 | 11, 15, 384 |
//! | 11, 12 | fire modules: squeeze 64, expand 256 + 256 | fire8, fire9 | 11, 15, 512 |

pub use impasto_kernels::PoolRounding;

/// The thirteen feature layers, in order; the index is the layer's number everywhere in impasto.
///
/// ```
/// use impasto_squeezenet::architecture::{FEATURES, Layer};
///
/// assert_eq!(FEATURES[3], Layer::Fire { in_channels: 64, squeeze: 16, expand: 64 });
/// let fires = FEATURES.iter().filter(|layer| matches!(layer, Layer::Fire { .. }));
/// assert_eq!(fires.count(), 8);
/// ```
pub const FEATURES: [Layer; 13] = [
    convolution(3, 64, 3, 2), //  0  conv1
    Layer::Relu,              //  1
    max_pool(3, 2),           //  2
    fire(64, 16, 64),         //  3  fire2
    fire(128, 16, 64),        //  4  fire3
    max_pool(3, 2),           //  5
    fire(128, 32, 128),       //  6  fire4
    fire(256, 32, 128),       //  7  fire5
    max_pool(3, 2),           //  8
    fire(256, 48, 192),       //  9  fire6
    fire(384, 48, 192),       // 10  fire7
    fire(384, 64, 256),       // 11  fire8
    fire(512, 64, 256),       // 12  fire9
];

/// Color channels of the image that layer 0 reads.
pub const IMAGE_CHANNELS: usize = 3;

/// Classes of ImageNet: the output channels of the classifier's convolution.
pub const CLASSES: usize = 1000;

/// One layer of the network. Lengths are in pixels, the same vertically and horizontally.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// A convolution without padding, plus bias and *without* ReLU: that is the next layer.
    Convolution {
        /// Channels of the input.
        in_channels: usize,
        /// Channels of the output: the number of filters.
        out_channels: usize,
        /// Side of the filters.
        kernel: usize,
        /// Distance between neighbouring windows.
        stride: usize,
    },
    /// max(x, 0), element by element.
    Relu,
    /// The maximum of each window, channel by channel.
    MaxPool {
        /// Side of the windows.
        size: usize,
        /// Distance between neighbouring windows.
        stride: usize,
    },
    /// A fire module: a 1x1 convolution to `squeeze` channels, then a 1x1 and a 3x3 convolution (padded to
    /// keep the size) to `expand` channels each, concatenated in that order; ReLU after each convolution.
    Fire {
        /// Channels of the input.
        in_channels: usize,
        /// Channels after the squeeze convolution.
        squeeze: usize,
        /// Channels of *each* expand convolution; the output has twice as many.
        expand: usize,
    },
}

const fn convolution(in_channels: usize, out_channels: usize, kernel: usize, stride: usize) -> Layer {
    Layer::Convolution { in_channels, out_channels, kernel, stride }
}

const fn max_pool(size: usize, stride: usize) -> Layer {
    Layer::MaxPool { size, stride }
}

const fn fire(in_channels: usize, squeeze: usize, expand: usize) -> Layer {
    Layer::Fire { in_channels, squeeze, expand }
}

/// One convolution that needs weights: a filter bank and a bias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvolutionShape {
    /// torchvision's name of the convolution, such as `features.3.squeeze`.
    pub name: String,
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Side of the square filters, in pixels.
    pub kernel: usize,
}

impl ConvolutionShape {
    fn new(name: String, in_channels: usize, out_channels: usize, kernel: usize) -> Self {
        Self { name, in_channels, out_channels, kernel }
    }
}

/// The convolutions inside a feature layer, in the order in which they are applied: one for layer 0, three for
/// a fire module (`squeeze`, `expand1x1`, `expand3x3`), none for ReLU, pooling and layers that do not exist.
///
/// ```
/// use impasto_squeezenet::architecture::{FEATURES, convolutions};
///
/// let names: Vec<_> = convolutions(3).into_iter().map(|convolution| convolution.name).collect();
/// assert_eq!(names, ["features.3.squeeze", "features.3.expand1x1", "features.3.expand3x3"]);
///
/// // All parameters of the features: KH * KW * Cin weights and one bias for each filter.
/// let filters = (0..FEATURES.len()).flat_map(convolutions);
/// let count = filters.map(|of| (of.kernel * of.kernel * of.in_channels + 1) * of.out_channels);
/// assert_eq!(count.sum::<usize>(), 722_496);
/// ```
pub fn convolutions(layer: usize) -> Vec<ConvolutionShape> {
    match FEATURES.get(layer) {
        Some(&Layer::Convolution { in_channels, out_channels, kernel, .. }) => {
            let name = format!("features.{layer}");
            vec![ConvolutionShape::new(name, in_channels, out_channels, kernel)]
        }
        Some(&Layer::Fire { in_channels, squeeze, expand }) => {
            let part = |part: &str| format!("features.{layer}.{part}");
            vec![
                ConvolutionShape::new(part("squeeze"), in_channels, squeeze, 1),
                ConvolutionShape::new(part("expand1x1"), squeeze, expand, 1),
                ConvolutionShape::new(part("expand3x3"), squeeze, expand, 3),
            ]
        }
        Some(Layer::Relu | Layer::MaxPool { .. }) | None => Vec::new(),
    }
}

/// The convolution of the optional classifier, `classifier.1`: 1x1, from the last features to the classes.
pub fn classifier() -> ConvolutionShape {
    ConvolutionShape::new("classifier.1".to_owned(), 512, CLASSES, 1)
}

/// The name of a feature layer: what it is, and its number; `None` for a layer that does not exist.
///
/// ```
/// use impasto_squeezenet::architecture::layer_name;
///
/// let names: Vec<_> = (0..5).filter_map(layer_name).collect();
/// assert_eq!(names, ["conv0", "relu1", "pool2", "fire3", "fire4"]);
/// assert_eq!(layer_name(13), None);
/// ```
pub fn layer_name(layer: usize) -> Option<String> {
    let kind = match FEATURES.get(layer)? {
        Layer::Convolution { .. } => "conv",
        Layer::Relu => "relu",
        Layer::MaxPool { .. } => "pool",
        Layer::Fire { .. } => "fire",
    };
    Some(format!("{kind}{layer}"))
}

/// The feature layer of this name or number.
///
/// ```
/// use impasto_squeezenet::architecture::find_layer;
///
/// assert_eq!((find_layer("fire3"), find_layer("3")), (Some(3), Some(3)));
/// assert_eq!((find_layer("fire2"), find_layer("13")), (None, None)); // layer 2 is a pool
/// ```
pub fn find_layer(name: &str) -> Option<usize> {
    (0..FEATURES.len())
        .find(|&layer| name.parse() == Ok(layer) || layer_name(layer).is_some_and(|own| own == name))
}

/// The name of a feature layer in the paper, which counts convolutions and fire modules together; `None` for the others.
///
/// ```
/// use impasto_squeezenet::architecture::name_in_paper;
///
/// assert_eq!(name_in_paper(3).as_deref(), Some("fire2"));
/// assert_eq!(name_in_paper(2), None);
/// ```
pub fn name_in_paper(layer: usize) -> Option<String> {
    let has_name = |layer: &Layer| matches!(layer, Layer::Convolution { .. } | Layer::Fire { .. });
    let kind = match FEATURES.get(layer)? {
        Layer::Convolution { .. } => "conv",
        Layer::Fire { .. } => "fire",
        Layer::Relu | Layer::MaxPool { .. } => return None,
    };
    let number = FEATURES[..=layer].iter().filter(|layer| has_name(layer)).count();
    Some(format!("{kind}{number}"))
}

/// What one position of a feature layer sees of the image: the side of the square in pixels, and how far the squares of
/// neighboring positions are apart. `None` for a layer that does not exist.
///
/// ```
/// use impasto_squeezenet::architecture::receptive_field;
///
/// assert_eq!(receptive_field(0), Some((3, 2)));
/// assert_eq!(receptive_field(2), Some((7, 4)));
/// assert_eq!(receptive_field(3), Some((15, 4))); // its 3x3 windows reach one position further on each side
/// ```
pub fn receptive_field(layer: usize) -> Option<(usize, usize)> {
    let layers = FEATURES.get(..=layer)?;
    Some(layers.iter().fold((1, 1), |(side, step), layer| match *layer {
        Layer::Convolution { kernel: size, stride, .. } | Layer::MaxPool { size, stride } => {
            (side + (size - 1) * step, step * stride)
        }
        Layer::Relu => (side, step),
        Layer::Fire { .. } => (side + 2 * step, step),
    }))
}

/// Channels of a feature layer's output, or `None` for a layer that does not exist.
///
/// ```
/// use impasto_squeezenet::architecture::output_channels;
///
/// assert_eq!(output_channels(2), Some(64));
/// assert_eq!(output_channels(3), Some(128)); // 64 from each expansion
/// assert_eq!(output_channels(13), None);
/// ```
pub fn output_channels(layer: usize) -> Option<usize> {
    let layers = FEATURES.get(..=layer)?;
    Some(layers.iter().fold(IMAGE_CHANNELS, |channels, layer| match *layer {
        Layer::Convolution { out_channels, .. } => out_channels,
        Layer::Relu | Layer::MaxPool { .. } => channels,
        Layer::Fire { expand, .. } => 2 * expand,
    }))
}

/// The shape (H, W, C) of a feature layer's output for an image of `height` x `width` pixels.
///
/// `None` when the layer does not exist, or the image is too small for it (see [`minimum_image_size`]).
///
/// ```
/// use impasto_squeezenet::architecture::{PoolRounding, feature_shape};
///
/// assert_eq!(feature_shape(0, 192, 256, PoolRounding::Floor), Some((95, 127, 64)));
/// assert_eq!(feature_shape(3, 192, 256, PoolRounding::Floor), Some((47, 63, 128)));
/// assert_eq!(feature_shape(12, 192, 256, PoolRounding::Floor), Some((11, 15, 512)));
/// // Layer 1 gives 96 rows for 194: the window that would start at row 94 has two of its three.
/// assert_eq!(feature_shape(2, 194, 194, PoolRounding::Floor), Some((47, 47, 64)));
/// assert_eq!(feature_shape(2, 194, 194, PoolRounding::Ceil), Some((48, 48, 64)));
/// ```
pub fn feature_shape(
    layer: usize,
    height: usize,
    width: usize,
    rounding: PoolRounding,
) -> Option<(usize, usize, usize)> {
    let channels = output_channels(layer)?;
    let through_layers = |length| {
        FEATURES[..=layer].iter().try_fold(length, |length, layer| output_length(*layer, length, rounding))
    };
    Some((through_layers(height)?, through_layers(width)?, channels))
}

/// The shortest side, in pixels, that an image may have for a feature layer to exist: both sides must reach it.
///
/// `None` for a layer that does not exist.
///
/// ```
/// use impasto_squeezenet::architecture::{PoolRounding, feature_shape, minimum_image_size};
///
/// let side = minimum_image_size(7, PoolRounding::Floor).expect("layer 7 exists");
/// assert_eq!(feature_shape(7, side, side, PoolRounding::Floor), Some((1, 1, 256)));
/// assert_eq!(feature_shape(7, side - 1, side, PoolRounding::Floor), None);
/// ```
pub fn minimum_image_size(layer: usize, rounding: PoolRounding) -> Option<usize> {
    let layers = FEATURES.get(..=layer)?;
    Some(layers.iter().rev().fold(1, |length, layer| input_length(*layer, length, rounding)))
}

/// How many of an image's `length` rows (or columns), counted from the first, a feature layer sees: windows that do
/// not fit drop the rest. `None` when the layer does not exist or the image is too small for it.
///
/// ```
/// use impasto_squeezenet::architecture::{PoolRounding, seen_length};
///
/// // 3x3 windows every second pixel end at odd lengths: of 256 columns the last is not seen.
/// assert_eq!(seen_length(0, 256, PoolRounding::Floor), Some(255));
/// assert_eq!(seen_length(0, 255, PoolRounding::Floor), Some(255));
/// ```
pub fn seen_length(layer: usize, length: usize, rounding: PoolRounding) -> Option<usize> {
    let mut lengths = vec![length];
    for layer in FEATURES.get(..=layer)? {
        let length = output_length(*layer, *lengths.last()?, rounding)?;
        lengths.push(length);
    }
    let seen = lengths.last().copied()?;
    Some(FEATURES[..=layer].iter().zip(&lengths).rev().fold(seen, |seen, (layer, &length)| match *layer {
        Layer::Convolution { kernel: size, stride, .. } | Layer::MaxPool { size, stride } => {
            ((seen - 1) * stride + size).min(length)
        }
        Layer::Relu | Layer::Fire { .. } => seen,
    }))
}

/// Rows (or columns) of a layer's output for `length` rows of input; `None` if not one window fits.
fn output_length(layer: Layer, length: usize, rounding: PoolRounding) -> Option<usize> {
    let windows = |size, stride, overhang: usize| {
        length.checked_add(overhang)?.checked_sub(size).map(|slack| slack / stride + 1)
    };
    match layer {
        Layer::Convolution { kernel, stride, .. } => windows(kernel, stride, 0),
        Layer::MaxPool { size, stride } => {
            let out = windows(size, stride, pool_overhang(stride, rounding))?;
            // A window that starts beyond the last pixel would be empty; PyTorch drops it too.
            Some(if (out - 1) * stride < length { out } else { out - 1 })
        }
        Layer::Relu | Layer::Fire { .. } => (length > 0).then_some(length),
    }
}

/// The smallest input length that gives `length` rows of output, which is at least 1.
fn input_length(layer: Layer, length: usize, rounding: PoolRounding) -> usize {
    match layer {
        Layer::Convolution { kernel, stride, .. } => (length - 1) * stride + kernel,
        Layer::MaxPool { size, stride } => (length - 1) * stride + size - pool_overhang(stride, rounding),
        Layer::Relu | Layer::Fire { .. } => length,
    }
}

/// How far the last pooling window may reach over the border: rounding a quotient up is rounding it down after
/// adding one less than the divisor.
fn pool_overhang(stride: usize, rounding: PoolRounding) -> usize {
    match rounding {
        PoolRounding::Floor => 0,
        PoolRounding::Ceil => stride - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_do_not_fit_leave_pixels_unseen() {
        // 682 pixels: 340 windows of the first layer end at pixel 681, 169 pools at its window 339.
        assert_eq!(seen_length(0, 682, PoolRounding::Floor), Some(681));
        assert_eq!(seen_length(3, 682, PoolRounding::Floor), Some(679));
        assert_eq!(seen_length(3, 682, PoolRounding::Ceil), Some(681));
        assert_eq!(seen_length(3, 255, PoolRounding::Floor), Some(255));
        assert_eq!(seen_length(3, 6, PoolRounding::Floor), None);
        assert_eq!(seen_length(13, 682, PoolRounding::Floor), None);
    }

    #[test]
    fn each_layer_reads_what_the_layer_before_it_writes() {
        for (index, layer) in FEATURES.iter().enumerate() {
            let channels = match index {
                0 => IMAGE_CHANNELS,
                _ => output_channels(index - 1).unwrap(),
            };
            match *layer {
                Layer::Convolution { in_channels, .. } | Layer::Fire { in_channels, .. } => {
                    assert_eq!(in_channels, channels, "layer {index}");
                }
                Layer::Relu | Layer::MaxPool { .. } => {}
            }
        }
        assert_eq!(classifier().in_channels, output_channels(12).unwrap());
    }

    #[test]
    fn parameters_are_as_many_as_published() {
        let parameters = |c: ConvolutionShape| (c.in_channels * c.kernel * c.kernel + 1) * c.out_channels;
        let features: usize = (0..FEATURES.len()).flat_map(convolutions).map(parameters).sum();
        assert_eq!(features, 722_496);
        // torchvision's documentation gives 1,235,496 for the whole of squeezenet1_1.
        assert_eq!(features + parameters(classifier()), 1_235_496);
    }

    #[test]
    fn convolutions_have_torchvisions_names() {
        let names =
            |layer| -> Vec<String> { convolutions(layer).into_iter().map(|shape| shape.name).collect() };
        assert_eq!(names(0), ["features.0"]);
        assert_eq!(names(1), [""; 0]);
        assert_eq!(names(12), ["features.12.squeeze", "features.12.expand1x1", "features.12.expand3x3"]);
        assert_eq!(names(13), [""; 0]);
    }

    #[test]
    fn feature_shapes_of_a_192_by_256_image() {
        let floor = |layer| feature_shape(layer, 192, 256, PoolRounding::Floor).unwrap();
        assert_eq!(floor(0), (95, 127, 64));
        assert_eq!(floor(1), (95, 127, 64));
        assert_eq!(floor(2), (47, 63, 64));
        assert_eq!(floor(4), (47, 63, 128));
        assert_eq!(floor(5), (23, 31, 128));
        assert_eq!(floor(8), (11, 15, 256));
        assert_eq!(floor(12), (11, 15, 512));
        // The roundings part where a pool's input is even: 193 rows give 96 after layer 0, 195 columns 97.
        assert_eq!(feature_shape(2, 193, 195, PoolRounding::Floor), Some((47, 48, 64)));
        assert_eq!(feature_shape(2, 193, 195, PoolRounding::Ceil), Some((48, 48, 64)));
    }

    /// Places windows one after the other, as the definition says, instead of dividing.
    fn pooled_length_by_placing_windows(length: usize, rounding: PoolRounding) -> usize {
        let fits = |start: usize| match rounding {
            PoolRounding::Floor => start + 3 <= length,
            // One row may be missing: with two missing, the window would add no row of its own.
            PoolRounding::Ceil => start + 2 <= length,
        };
        (0..).step_by(2).take_while(|&start| fits(start)).count()
    }

    #[test]
    fn pooling_counts_the_windows_that_fit() {
        for rounding in [PoolRounding::Floor, PoolRounding::Ceil] {
            for length in 0..40 {
                let placed = pooled_length_by_placing_windows(length, rounding);
                let expected = (placed > 0).then_some(placed);
                assert_eq!(
                    output_length(max_pool(3, 2), length, rounding),
                    expected,
                    "{length} {rounding:?}"
                );
            }
        }
    }

    #[test]
    fn a_pooling_window_never_starts_outside_the_image() {
        // Two windows of one pixel, four apart: rounding up alone would place the second at pixel 4 of 2.
        assert_eq!(output_length(max_pool(1, 4), 2, PoolRounding::Ceil), Some(1));
        assert_eq!(output_length(max_pool(1, 4), 5, PoolRounding::Ceil), Some(2));
    }

    #[test]
    fn the_minimum_image_size_is_the_first_that_has_features() {
        for rounding in [PoolRounding::Floor, PoolRounding::Ceil] {
            for layer in 0..FEATURES.len() {
                let first = (0..100).find(|&side| feature_shape(layer, side, side, rounding).is_some());
                assert_eq!(minimum_image_size(layer, rounding), first, "{layer} {rounding:?}");
            }
        }
        assert_eq!(minimum_image_size(12, PoolRounding::Floor), Some(31));
        assert_eq!(minimum_image_size(12, PoolRounding::Ceil), Some(17));
    }

    #[test]
    fn absurd_requests_have_no_shape() {
        assert_eq!(output_channels(13), None);
        assert_eq!(output_channels(usize::MAX), None);
        assert_eq!(minimum_image_size(13, PoolRounding::Floor), None);
        assert_eq!(feature_shape(usize::MAX, 64, 64, PoolRounding::Floor), None);
        assert_eq!(feature_shape(0, 0, 64, PoolRounding::Floor), None);
        assert!(feature_shape(12, usize::MAX, usize::MAX, PoolRounding::Ceil).is_some());
    }
}
