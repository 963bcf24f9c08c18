//! Folding of each normalization into the convolutions before it: what the network is after training is
//! plain SqueezeNet.

use crate::TrainingError;
use crate::network::{EPSILON, Parameter, groups, weight};
use impasto::Weights;
use impasto_squeezenet::architecture::FEATURES;
use ndarray::{Array1, Array4, ArrayD, Axis, Ix4};

/// Moments of each normalization, averaged over batches.
pub(crate) struct Moments {
    /// For each normalization the sums over the batches: means, then mean squares.
    sums: Vec<Vec<f64>>,
    batches: usize,
}

impl Moments {
    pub(crate) fn new(normalizations: usize) -> Self {
        Moments { sums: vec![Vec::new(); normalizations], batches: 0 }
    }

    /// Adds the moments of normalization `place` in one batch: means, then variances.
    pub(crate) fn add(&mut self, place: usize, moments: impl Iterator<Item = f32>) {
        self.batches += usize::from(place == 0);
        let moments: Vec<f64> = moments.map(f64::from).collect();
        let (means, variances) = moments.split_at(moments.len() / 2);
        let mean_squares = means.iter().zip(variances).map(|(mean, variance)| variance + mean * mean);
        let sums = &mut self.sums[place];
        sums.resize(moments.len(), 0.0);
        sums.iter_mut().zip(means.iter().copied().chain(mean_squares)).for_each(|(sum, value)| *sum += value);
    }

    /// The moments of all batches together: for each normalization, mean and variance of each channel.
    pub(crate) fn averages(&self) -> Vec<Vec<[f64; 2]>> {
        let batches = self.batches as f64;
        let of_layer = |sums: &Vec<f64>| {
            let (means, squares) = sums.split_at(sums.len() / 2);
            let moments = means.iter().zip(squares).map(|(mean, square)| {
                let mean = mean / batches;
                [mean, (square / batches - mean * mean).max(0.0)]
            });
            moments.collect()
        };
        self.sums.iter().map(of_layer).collect()
    }
}

/// Convolutions with bias, `weight * s` and `shift - mean * s`, where `s = scale / sqrt(variance + epsilon)`;
/// `moments` are in the order of the network.
pub(crate) fn fold(parameters: &[Parameter], moments: &[Vec<[f64; 2]>]) -> Result<Weights, TrainingError> {
    let value = |name: &str| {
        let found = parameters.iter().find(|parameter| parameter.name == name);
        &found.expect("every layer has its parameters").value
    };
    let mut arrays = Vec::new();
    for (group, moments) in (0..FEATURES.len()).flat_map(groups).zip(moments) {
        let (scale, shift) = (value(&group.scale()), value(&group.shift()));
        let mut channels =
            scale.iter().zip(shift).zip(moments).map(|((&scale, &shift), [mean, variance])| {
                let factor = f64::from(scale) / (variance + EPSILON).sqrt();
                (factor, f64::from(shift) - mean * factor)
            });
        for convolution in &group.convolutions {
            let own: Vec<(f64, f64)> = channels.by_ref().take(convolution.out_channels).collect();
            let filters = value(&weight(convolution)).view().into_dimensionality::<Ix4>();
            let mut filters = filters.expect("filters are (KH, KW, Cin, Cout)").to_owned();
            for (mut filter, (factor, _)) in filters.axis_iter_mut(Axis(3)).zip(&own) {
                filter.mapv_inplace(|value| (f64::from(value) * factor) as f32);
            }
            let bias = own.iter().map(|&(_, bias)| bias as f32).collect();
            arrays.extend(named(&convolution.name, filters, bias));
        }
    }
    Ok(Weights::from_arrays(arrays)?)
}

/// A convolution's arrays under torchvision's names, filters from (KH, KW, Cin, Cout) to (Cout, Cin, KH, KW).
pub(crate) fn named(
    convolution: &str,
    filters: Array4<f32>,
    bias: Array1<f32>,
) -> [(String, ArrayD<f32>); 2] {
    let filters = filters.permuted_axes([3, 2, 0, 1]).as_standard_layout().into_owned();
    [(format!("{convolution}.weight"), filters.into_dyn()), (format!("{convolution}.bias"), bias.into_dyn())]
}
