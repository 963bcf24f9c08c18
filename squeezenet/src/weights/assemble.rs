//! The common step behind every format: finds the arrays that the network needs by name, checks their shapes
//! against the architecture *before* any value is read, and puts the values in impasto's order.
//!
//! Memory follows from the architecture alone: the values of the largest array, beside the result.
//! What a file claims about itself is compared, never allocated.

use ndarray::{Array1, Array4, ArrayViewD, ArrayViewMutD, Dimension};

use super::error::{Origin, WeightsError};
use super::names::{Catalogue, FilterOrder, Part, torchvision};
use super::{Convolution, Layers, Weights};
use crate::architecture::ConvolutionShape;
use crate::arrays::{ArraySource, Buffers};

pub(super) fn assemble(
    source: &mut dyn ArraySource,
    origin: &Origin,
    layers: &Layers,
) -> Result<Weights, WeightsError> {
    let located = locate(source.names(), origin, layers)?;
    let mut reader = Reader { source, origin, buffers: Buffers::default() };
    let mut convolutions = Vec::with_capacity(located.len());
    for (shape, weight, bias) in located {
        let convolution = reader.convolution(shape, weight, bias)?;
        convolutions.push((shape.name.clone(), convolution));
    }
    Ok(Weights { convolutions })
}

/// Where a parameter is.
#[derive(Clone, Copy)]
struct Location {
    /// Position among the source's arrays.
    index: usize,
    order: FilterOrder,
}

/// Finds weight and bias of each convolution to be read, in the order of `layers`.
fn locate<'a>(
    names: &[String],
    origin: &Origin,
    layers: &'a Layers,
) -> Result<Vec<(&'a ConvolutionShape, Location, Location)>, WeightsError> {
    let shapes = || layers.required.iter().chain(&layers.optional);
    let catalogue = Catalogue::new(shapes());
    let mut found: Vec<[Option<Location>; 2]> = vec![[None; 2]; shapes().count()];
    for (index, name) in names.iter().enumerate() {
        let Some(parameter) = catalogue.find(name) else {
            continue;
        };
        let location = Location { index, order: parameter.order };
        let slot = &mut found[parameter.convolution][parameter.part as usize];
        if let Some(first) = slot.replace(location) {
            return Err(WeightsError::DuplicateArray {
                origin: origin.clone(),
                first: names[first.index].clone(),
                second: name.clone(),
            });
        }
    }

    let mut located = Vec::with_capacity(found.len());
    let mut missing = Vec::new();
    for (position, (shape, parts)) in shapes().zip(found).enumerate() {
        let is_optional = position >= layers.required.len();
        match parts {
            [Some(weight), Some(bias)] => located.push((shape, weight, bias)),
            [None, None] if is_optional => {}
            _ => {
                for (part, location) in Part::ALL.into_iter().zip(parts) {
                    if location.is_none() {
                        missing.push(torchvision(&shape.name, part));
                    }
                }
            }
        }
    }
    if missing.is_empty() {
        Ok(located)
    } else {
        Err(WeightsError::MissingArrays { origin: origin.clone(), missing, found: names.to_vec() })
    }
}

struct Reader<'a> {
    source: &'a mut dyn ArraySource,
    origin: &'a Origin,
    buffers: Buffers,
}

impl Reader<'_> {
    fn convolution(
        &mut self,
        shape: &ConvolutionShape,
        weight_at: Location,
        bias_at: Location,
    ) -> Result<Convolution, WeightsError> {
        let &ConvolutionShape { in_channels, out_channels, kernel, .. } = shape;
        let mut weight = Array4::zeros((kernel, kernel, in_channels, out_channels));
        let axes = match weight_at.order {
            FilterOrder::Oihw => [2, 3, 1, 0],
            FilterOrder::Hwio => [0, 1, 2, 3],
        };
        self.array(weight_at.index, &axes, weight.view_mut().into_dyn())?;
        let mut bias = Array1::zeros(out_channels);
        self.array(bias_at.index, &[0], bias.view_mut().into_dyn())?;
        Ok(Convolution { weight, bias })
    }

    /// Reads array `index` into `target`, whose axis k is the array's axis `axes[k]`.
    fn array(
        &mut self,
        index: usize,
        axes: &[usize],
        mut target: ArrayViewMutD<'_, f32>,
    ) -> Result<(), WeightsError> {
        let origin = self.origin.clone();
        let array = self.source.names()[index].clone();
        let mut expected = vec![0; axes.len()];
        for (&axis, &length) in axes.iter().zip(target.shape()) {
            expected[axis] = length as u64;
        }
        let stored = match self.source.open(index) {
            Ok(stored) => stored,
            Err(problem) => return Err(WeightsError::Array { origin, array, problem }),
        };
        if stored.shape != expected {
            return Err(WeightsError::Shape { origin, array, expected, found: stored.shape });
        }
        let values = match stored.read(&mut self.buffers) {
            Ok(values) => values,
            Err(problem) => return Err(WeightsError::Array { origin, array, problem }),
        };
        if let Some((index, value)) = first_not_finite(&values) {
            return Err(WeightsError::NonFinite { origin, array, index, value });
        }
        // Visited in the target's order, whose runs of output channels make long inner loops; a file's 3x3 and 1x1
        // filters would make short ones (layers 0 to 7: 0.6 ms instead of 0.9 ms).
        target.assign(&values.permuted_axes(axes));
        Ok(())
    }
}

/// The first value that is NaN or infinite, and its index.
fn first_not_finite(values: &ArrayViewD<'_, f32>) -> Option<(Vec<usize>, f32)> {
    // `fold` visits in whatever order is fastest; the index is worked out only when something is wrong.
    if values.fold(true, |finite, value| finite & value.is_finite()) {
        return None;
    }
    let (index, &value) = values.indexed_iter().find(|(_, value)| !value.is_finite())?;
    Some((index.slice().to_vec(), value))
}
