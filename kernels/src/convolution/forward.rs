//! The forward pass: each filter's windows over the image.

use super::windows::{Filter, WindowProduct, Windows};
use crate::gemm::micro_kernel::Epilogue;
use crate::memory::parallel;
use crate::options::Activation;
use crate::rows::Rows;
use crate::shape::ConvShape;
use crate::simd::Level;
use std::ops::Range;

/// The weights of every filter, packed.
pub(super) struct Forward {
    windows: Windows,
    filters: Vec<PackedFilter>,
}

struct PackedFilter {
    product: WindowProduct,
    bias: Vec<f32>,
    first_channel: usize,
}

impl Forward {
    /// The windows of all filters over the image.
    pub(super) fn windows(shape: &ConvShape) -> (Windows, Vec<Filter>) {
        let filters: Vec<Filter> = shape
            .filters()
            .iter()
            .map(|filter| Filter {
                kernel: filter.kernel(),
                before: filter.before(),
                first_channel: 0,
                channels: shape.input()[3],
                out_channels: filter.out_channels(),
            })
            .collect();
        let max_rows = parallel::cached_rows(shape.output()[2] * shape.output()[3]);
        let windows = Windows::new(
            shape.input(),
            shape.output(),
            shape.step(),
            &filters,
            (max_rows, shape.row_phases()[0]),
        );
        (windows, filters)
    }

    pub(super) fn new(shape: &ConvShape, level: Level) -> Self {
        let (windows, filters) = Forward::windows(shape);
        let placed = filters.iter().zip(shape.filters());
        let filters = placed.map(|(filter, placed)| PackedFilter {
            product: windows.product(filter, level),
            bias: vec![0.0; filter.out_channels],
            first_channel: placed.first_channel(),
        });
        Forward { filters: filters.collect(), windows }
    }

    /// Packs the weights (KH, KW, Cin, Cout) and the bias (Cout) of filter `index`.
    pub(super) fn set_weights(&mut self, shape: &ConvShape, index: usize, weights: &[f32], bias: &[f32]) {
        let (kernel, channels) = (shape.filters()[index].kernel(), shape.input()[3]);
        let filter = &mut self.filters[index];
        filter.bias.copy_from_slice(bias);
        filter.product.set_weights(kernel, channels, |[i, j], channel| {
            let row = (i * kernel[1] + j) * channels + channel;
            weights[row * bias.len()..][..bias.len()].iter().copied()
        });
    }

    /// The first row of the output from `row` on that a strip may begin with.
    pub(super) fn next_strip(&self, row: usize) -> usize {
        self.windows.next_strip(row)
    }

    /// Values of the scratch buffer that each thread needs.
    pub(super) fn scratch_len(&self) -> usize {
        self.windows.scratch_len()
    }

    pub(super) fn run(
        &self,
        level: Level,
        activation: Activation,
        image: Rows<'_>,
        out: (Range<usize>, &mut [f32]),
    ) {
        self.windows.for_each_strip(level, image, None, out, |mut strip| {
            for PackedFilter { product, bias, first_channel } in &self.filters {
                let epilogue = match activation {
                    Activation::None => Epilogue::Bias(bias),
                    Activation::Relu => Epilogue::BiasRelu(bias),
                };
                product.run(&mut strip, *first_channel, epilogue);
            }
        });
    }
}
