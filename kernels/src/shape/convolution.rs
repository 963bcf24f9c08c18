//! Sizes of convolutions.

use super::{Padding, ShapeError, check_len, check_positive};
use crate::rows::Rows;
use std::ops::Range;

/// One filter of a bank: a window, what surrounds the image, and how many channels come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Window height and width.
    pub kernel: [usize; 2],
    /// Channels of the result.
    pub out_channels: usize,
    /// What surrounds the image.
    pub padding: Padding,
}

/// A [`Filter`] with its padding in numbers and its place in the concatenated output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacedFilter {
    kernel: [usize; 2],
    out_channels: usize,
    first_channel: usize,
    before: [usize; 2],
}

impl PlacedFilter {
    /// Window height and width.
    #[inline]
    pub fn kernel(&self) -> [usize; 2] {
        self.kernel
    }

    /// Channels of the result.
    #[inline]
    pub fn out_channels(&self) -> usize {
        self.out_channels
    }

    /// The first of them in the concatenated output.
    #[inline]
    pub fn first_channel(&self) -> usize {
        self.first_channel
    }

    /// Rows of zeros above and columns of zeros to the left.
    #[inline]
    pub fn before(&self) -> [usize; 2] {
        self.before
    }
}

/// A bank of convolutions over the same image, their results side by side along the channels.
///
/// One filter is an ordinary convolution; a SqueezeNet fire module's expansion is a bank of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvShape {
    input: [usize; 4],
    output: [usize; 4],
    stride: [usize; 2],
    filters: Vec<PlacedFilter>,
    row_phases: [usize; 2],
}

impl ConvShape {
    /// The shape of `filters` over an image of shape `input` (N, H, W, C).
    ///
    /// ```
    /// use impasto_kernels::{ConvShape, Filter, Padding, ShapeError};
    ///
    /// // SqueezeNet's first layer: 64 filters of 3x3 over three channels, every second pixel.
    /// let filter = Filter { kernel: [3, 3], out_channels: 64, padding: Padding::Valid };
    /// let shape = ConvShape::new([1, 192, 256, 3], &[filter], [2, 2])?;
    /// assert_eq!(shape.output(), [1, 95, 127, 64]);
    /// assert_eq!(shape.weight_len(0), 3 * 3 * 3 * 64);
    /// assert_eq!(shape.flops(), 2 * 95 * 127 * 3 * 3 * 3 * 64);
    ///
    /// // As TensorFlow's SAME, and why a shape may be refused.
    /// let same = Filter { padding: Padding::Same, ..filter };
    /// assert_eq!(ConvShape::new([1, 192, 256, 3], &[same], [2, 2])?.output(), [1, 96, 128, 64]);
    /// let refused = ConvShape::new([1, 2, 2, 3], &[filter], [1, 1]);
    /// assert!(matches!(refused, Err(ShapeError::WindowTooLarge { .. })));
    /// # Ok::<(), impasto_kernels::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// A size of zero, a window larger than the padded image, padding as large as its window, filters whose results
    /// differ in height or width, or an image, output or weights larger than memory can address.
    pub fn new(input: [usize; 4], filters: &[Filter], stride: [usize; 2]) -> Result<ConvShape, ShapeError> {
        let [batch, height, width, channels] = input;
        check_positive(&[
            (batch, "the number of images"),
            (height, "the image's height"),
            (width, "the image's width"),
            (channels, "the number of input channels"),
            (stride[0].min(stride[1]), "the stride"),
            (filters.len(), "the number of filters"),
        ])?;
        check_len("an image", &input)?;
        let mut placed = Vec::with_capacity(filters.len());
        let mut size = None;
        let mut out_channels = 0usize;
        for filter in filters {
            check_positive(&[
                (filter.kernel[0].min(filter.kernel[1]), "the window's size"),
                (filter.out_channels, "the number of output channels"),
            ])?;
            let [top, bottom] = filter.padding.along(0, height, filter.kernel[0], stride[0]);
            let [left, right] = filter.padding.along(1, width, filter.kernel[1], stride[1]);
            if top.max(bottom) >= filter.kernel[0] || left.max(right) >= filter.kernel[1] {
                return Err(ShapeError::PaddingTooLarge {
                    padding: [top, bottom, left, right],
                    kernel: filter.kernel,
                });
            }
            let padded = [[height, top, bottom], [width, left, right]]
                .map(|sizes| sizes.into_iter().fold(0, usize::saturating_add));
            if filter.kernel[0] > padded[0] || filter.kernel[1] > padded[1] {
                return Err(ShapeError::WindowTooLarge { kernel: filter.kernel, height, width, padded });
            }
            let this = [
                (padded[0] - filter.kernel[0]) / stride[0] + 1,
                (padded[1] - filter.kernel[1]) / stride[1] + 1,
            ];
            let first = *size.get_or_insert(this);
            if first != this {
                return Err(ShapeError::UnequalFilters { first, other: this });
            }
            check_len("a filter", &[filter.kernel[0], filter.kernel[1], channels, filter.out_channels])?;
            placed.push(PlacedFilter {
                kernel: filter.kernel,
                out_channels: filter.out_channels,
                first_channel: out_channels,
                before: [top, left],
            });
            out_channels = out_channels.saturating_add(filter.out_channels);
        }
        let [out_height, out_width] = size.unwrap_or([0, 0]);
        let output = [batch, out_height, out_width, out_channels];
        check_len("an output", &output)?;
        let shape = ConvShape { input, output, stride, filters: placed, row_phases: [0, 0] };
        let [framed_height, framed_width] = shape.framed();
        check_len("a padded image", &[framed_height, framed_width, channels.max(out_channels)])?;
        Ok(shape)
    }

    /// The same, with another first row of the tiles that some kernels compute together (4x4 pixels), of the output and
    /// of the gradient with respect to the image.
    ///
    /// A walk in strips of rows can end a strip only where a tile ends. Where layers follow each other, each of which
    /// reads a row beyond, tiles that begin a row later from layer to layer let it keep fewer rows. Results differ by
    /// rounding.
    pub fn with_row_phases(self, output: usize, input: usize) -> ConvShape {
        ConvShape { row_phases: [output % MAX_UNIT, input % MAX_UNIT], ..self }
    }

    /// The first rows of tiles of the output and of the gradient with respect to the image.
    #[inline]
    pub fn row_phases(&self) -> [usize; 2] {
        self.row_phases
    }

    /// N, H, W, C of the input.
    #[inline]
    pub fn input(&self) -> [usize; 4] {
        self.input
    }

    /// Values in the input.
    pub fn input_len(&self) -> usize {
        self.input.iter().product()
    }

    /// N, H, W, C of the output.
    #[inline]
    pub fn output(&self) -> [usize; 4] {
        self.output
    }

    /// Values in the output.
    pub fn output_len(&self) -> usize {
        self.output.iter().product()
    }

    /// Rows and columns from one window to the next.
    #[inline]
    pub fn stride(&self) -> [usize; 2] {
        self.stride
    }

    /// The filters, in the order of their channels.
    #[inline]
    pub fn filters(&self) -> &[PlacedFilter] {
        &self.filters
    }

    /// Height and width that no frame around the input or the output exceeds: all windows lie inside, those that
    /// are only computed to fill up tiles included.
    fn framed(&self) -> [usize; 2] {
        [0, 1].map(|axis| {
            let window = self.filters.iter().map(|filter| filter.kernel[axis]).max().unwrap_or(0);
            self.input[1 + axis].saturating_add(window.saturating_mul(3)).saturating_add(MAX_UNIT)
        })
    }

    /// The stride with which kernels compute. It is the shape's own wherever there is a second window, and never so
    /// large that its products with the other sizes wrap.
    pub(crate) fn step(&self) -> [usize; 2] {
        let framed = self.framed();
        [0, 1].map(|axis| self.stride[axis].min(framed[axis]))
    }

    /// The rows of the input that these rows of the output are computed from.
    pub fn input_rows(&self, output: Range<usize>) -> Range<usize> {
        if output.is_empty() {
            return 0..0;
        }
        let [stride, _] = self.step();
        let filters = || self.filters.iter();
        let above = filters().map(|filter| filter.before[0]).max().unwrap_or(0);
        let below = filters().map(|filter| filter.kernel[0] - filter.before[0]).max().unwrap_or(1);
        let end = ((output.end - 1) * stride + below).min(self.input[1]);
        (output.start * stride).saturating_sub(above).min(end)..end
    }

    /// The rows of the output that depend on these rows of the input.
    pub fn output_rows(&self, input: Range<usize>) -> Range<usize> {
        if input.is_empty() {
            return 0..0;
        }
        let [stride, _] = self.step();
        let filters = || self.filters.iter();
        let above = filters().map(|filter| filter.before[0]).max().unwrap_or(0);
        let below = filters().map(|filter| filter.kernel[0] - filter.before[0]).max().unwrap_or(1);
        let end = ((input.end - 1 + above) / stride + 1).min(self.output[1]);
        (input.start + 1).saturating_sub(below).div_ceil(stride).min(end)..end
    }

    /// The rows of a single image that these rows of the output need, which `out` has.
    pub(crate) fn select_input<'a, T>(
        &self,
        image: Rows<'a, T>,
        rows: &Range<usize>,
        out: &[T],
    ) -> Rows<'a, T> {
        assert!(self.input[0] == 1 && rows.end <= self.output[1], "rows are of the output of one image");
        assert_eq!(out.len(), rows.len() * self.output[2] * self.output[3], "the output is those rows");
        image.select(self.input_rows(rows.clone()), self.input[2] * self.input[3])
    }

    /// The rows of a single output that the gradient of these rows of the image needs, which `d_image` has.
    pub(crate) fn select_output<'a, T>(
        &self,
        out: Rows<'a, T>,
        rows: &Range<usize>,
        d_image: &[T],
    ) -> Rows<'a, T> {
        assert!(self.input[0] == 1 && rows.end <= self.input[1], "rows are of one image");
        assert_eq!(d_image.len(), rows.len() * self.input[2] * self.input[3], "the gradient is those rows");
        out.select(self.output_rows(rows.clone()), self.output[2] * self.output[3])
    }

    /// Values in the weights of filter `index`: KH * KW * Cin * Cout, in that order.
    ///
    /// # Panics
    /// If there is no such filter.
    pub fn weight_len(&self, index: usize) -> usize {
        let filter = &self.filters[index];
        filter.kernel[0] * filter.kernel[1] * self.input[3] * filter.out_channels
    }

    /// Floating-point operations of one forward pass (a multiplication and an addition count two);
    /// the gradient with respect to the input costs the same, and so does that of the weights.
    pub fn flops(&self) -> u64 {
        let positions = self.output[0] * self.output[1] * self.output[2];
        let weights = (0..self.filters.len()).map(|index| self.weight_len(index) as u64);
        weights.fold(0, u64::saturating_add).saturating_mul(2).saturating_mul(positions as u64)
    }

    /// Panics unless an image, or its gradient, has the input's length.
    pub(crate) fn assert_input<T>(&self, image: &[T]) {
        assert_eq!(image.len(), self.input_len(), "the image is (N, H, W, Cin)");
    }

    /// Panics unless an output, or its gradient, and the output of ReLU that masks it have the output's length.
    pub(crate) fn assert_output<T>(&self, out: &[T], relu_output: Option<&[T]>) {
        let len = self.output_len();
        assert_eq!(out.len(), len, "the output is (N, H, W, Cout)");
        assert!(
            relu_output.is_none_or(|relu_output| relu_output.len() == len),
            "the output of ReLU is (N, H, W, Cout)"
        );
    }

    /// Panics unless the weights of filter `index`, or their gradient, have their length.
    pub(crate) fn assert_weights<T>(&self, index: usize, weights: &[T]) {
        assert_eq!(weights.len(), self.weight_len(index), "weights are (KH, KW, Cin, Cout)");
    }

    /// Panics unless the bias of filter `index`, or its gradient, has its length.
    pub(crate) fn assert_bias<T>(&self, index: usize, bias: &[T]) {
        assert_eq!(bias.len(), self.filters[index].out_channels, "one bias per output channel");
    }

    /// Panics unless there is one slice of weights per filter, of its length.
    pub(crate) fn assert_all_weights<T>(&self, weights: &[&[T]]) {
        assert_eq!(weights.len(), self.filters.len(), "one slice of weights per filter");
        weights.iter().enumerate().for_each(|(index, weights)| self.assert_weights(index, weights));
    }

    /// Panics unless there is one slice of biases per filter, of its length.
    pub(crate) fn assert_all_biases<T>(&self, biases: &[&[T]]) {
        assert_eq!(biases.len(), self.filters.len(), "one slice of biases per filter");
        biases.iter().enumerate().for_each(|(index, bias)| self.assert_bias(index, bias));
    }
}

/// Rows and columns of outputs that some kernels compute together, even if some lie beyond the output.
pub(crate) const MAX_UNIT: usize = 4;
