//! The gradient with respect to the image at stride 1: a convolution of `d_out` with the flipped windows of all
//! filters, added up in the image.

use crate::convolution::windows::{Filter, WindowProduct, Windows};
use crate::gemm::micro_kernel::Epilogue;
use crate::memory::parallel;
use crate::memory::tuning::MIN_STRIP;
use crate::options::Accumulate;
use crate::rows::Rows;
use crate::shape::ConvShape;
use crate::simd::Level;
use std::ops::Range;

/// The flipped weights of all filters.
pub(in crate::convolution) struct UnitStride {
    windows: Windows,
    filters: Vec<WindowProduct>,
}

impl UnitStride {
    /// The flipped windows of all filters over the output.
    pub(in crate::convolution) fn windows(shape: &ConvShape) -> (Windows, Vec<Filter>) {
        let flipped = shape.filters().iter().map(|filter| Filter {
            kernel: filter.kernel(),
            // Row i of a filter's window covers image row y for output row y + before - i.
            before: [0, 1].map(|axis| filter.kernel()[axis] - 1 - filter.before()[axis]),
            first_channel: filter.first_channel(),
            channels: filter.out_channels(),
            out_channels: shape.input()[3],
        });
        let filters: Vec<Filter> = flipped.collect();
        let max_rows = parallel::cached_rows(shape.output()[2] * shape.output()[3]).max(MIN_STRIP);
        let windows =
            Windows::new(shape.output(), shape.input(), [1, 1], &filters, (max_rows, shape.row_phases()[1]));
        (windows, filters)
    }

    pub(in crate::convolution) fn new(shape: &ConvShape, level: Level) -> Self {
        let (windows, filters) = UnitStride::windows(shape);
        let filters = filters.iter().map(|filter| windows.product(filter, level)).collect();
        UnitStride { windows, filters }
    }

    /// Packs the weights (KH, KW, Cin, Cout) of filter `index`.
    pub(in crate::convolution) fn set_weights(&mut self, shape: &ConvShape, index: usize, weights: &[f32]) {
        let filter = &shape.filters()[index];
        let ([height, width], channels, out_channels) =
            (filter.kernel(), shape.input()[3], filter.out_channels());
        self.filters[index].set_weights(filter.kernel(), out_channels, |[i, j], o| {
            let tap = (height - 1 - i) * width + (width - 1 - j);
            (0..channels).map(move |channel| weights[(tap * channels + channel) * out_channels + o])
        });
    }

    /// The first row of the image from `row` on that a strip may begin with.
    pub(in crate::convolution) fn next_strip(&self, row: usize) -> usize {
        self.windows.next_strip(row)
    }

    /// Values of the scratch buffer that each thread needs.
    pub(in crate::convolution) fn scratch_len(&self) -> usize {
        self.windows.scratch_len()
    }

    pub(in crate::convolution) fn run(
        &self,
        level: Level,
        d_out: Rows<'_>,
        relu_output: Option<&[f32]>,
        accumulate: Accumulate,
        d_image: (Range<usize>, &mut [f32]),
    ) {
        self.windows.for_each_strip(level, d_out, relu_output, d_image, |mut strip| {
            let mut epilogue = Epilogue::from(accumulate);
            for filter in &self.filters {
                filter.run(&mut strip, 0, epilogue);
                epilogue = Epilogue::Add;
            }
        });
    }
}
