//! Sizes of convolutions and pools: what fits, what comes out, and errors that say what does not fit.
//! All tensors are NHWC; all sizes are counted in elements.

use thiserror::Error;

/// Sizes that do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// A window is larger than the (padded) image it should slide over.
    #[error(
        "a {kernel:?} window does not fit an image of {height}x{width} (padded {padded:?}): use a larger image"
    )]
    WindowTooLarge {
        /// Window height and width.
        kernel: [usize; 2],
        /// Image height.
        height: usize,
        /// Image width.
        width: usize,
        /// Image height and width with padding.
        padded: [usize; 2],
    },
    /// A size that must be at least one is zero.
    #[error("{0} must be at least 1")]
    Zero(&'static str),
    /// Padding as large as the window would make windows that see no pixel.
    #[error("padding {padding:?} (top, bottom, left, right) must be smaller than the {kernel:?} window")]
    PaddingTooLarge {
        /// Top, bottom, left, right.
        padding: [usize; 4],
        /// Window height and width.
        kernel: [usize; 2],
    },
    /// Filters of one bank give images of different sizes.
    #[error("filters side by side must give images of one size, but give {first:?} and {other:?}")]
    UnequalFilters {
        /// Height and width from the first filter.
        first: [usize; 2],
        /// Height and width from another filter.
        other: [usize; 2],
    },
    /// A window with more positions than the recorded index can tell apart.
    #[error("a pooling window of {0:?} has more than 256 positions")]
    WindowTooManyPositions([usize; 2]),
}

/// What surrounds an image when a window slides over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Padding {
    /// No padding: windows stay inside the image.
    #[default]
    Valid,
    /// As TensorFlow's `SAME`: the output has `ceil(size / stride)` rows and columns; an odd
    /// row or column of padding goes to the bottom and right.
    Same,
    /// So many rows and columns of zeros.
    Explicit {
        /// Rows above.
        top: usize,
        /// Rows below.
        bottom: usize,
        /// Columns to the left.
        left: usize,
        /// Columns to the right.
        right: usize,
    },
}

impl Padding {
    /// `[before, after]` along one axis of `size` for windows of `kernel` every `stride`.
    fn along(self, axis: usize, size: usize, kernel: usize, stride: usize) -> [usize; 2] {
        match self {
            Padding::Valid => [0, 0],
            Padding::Same => {
                let covered = (size.div_ceil(stride) - 1) * stride + kernel;
                let total = covered.saturating_sub(size);
                [total / 2, total - total / 2]
            }
            Padding::Explicit { top, bottom, left, right } => {
                if axis == 0 {
                    [top, bottom]
                } else {
                    [left, right]
                }
            }
        }
    }
}

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
    /// Window height and width.
    pub kernel: [usize; 2],
    /// Channels of the result.
    pub out_channels: usize,
    /// The first of them in the concatenated output.
    pub first_channel: usize,
    /// Rows of zeros above and columns of zeros to the left.
    pub before: [usize; 2],
}

/// A bank of convolutions over the same image, their results side by side along the channels.
///
/// One filter is an ordinary convolution; a SqueezeNet fire module's expansion is a bank of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// N, H, W, C of the input.
    pub input: [usize; 4],
    /// N, H, W, C of the output.
    pub output: [usize; 4],
    /// Rows and columns from one window to the next.
    pub stride: [usize; 2],
    /// The filters, in the order of their channels.
    pub filters: Vec<PlacedFilter>,
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
    /// assert_eq!(shape.output, [1, 95, 127, 64]);
    /// assert_eq!(shape.weight_len(0), 3 * 3 * 3 * 64);
    /// assert_eq!(shape.flops(), 2 * 95 * 127 * 3 * 3 * 3 * 64);
    ///
    /// // As TensorFlow's SAME, and why a shape may be refused.
    /// let same = Filter { padding: Padding::Same, ..filter };
    /// assert_eq!(ConvShape::new([1, 192, 256, 3], &[same], [2, 2])?.output, [1, 96, 128, 64]);
    /// let refused = ConvShape::new([1, 2, 2, 3], &[filter], [1, 1]);
    /// assert!(matches!(refused, Err(ShapeError::WindowTooLarge { .. })));
    /// # Ok::<(), impasto_kernels::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// A size of zero, a window larger than the padded image, padding as large as its window, or
    /// filters whose results differ in height or width.
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
        let mut placed = Vec::with_capacity(filters.len());
        let mut size = None;
        let mut out_channels = 0;
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
            let padded = [height + top + bottom, width + left + right];
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
            placed.push(PlacedFilter {
                kernel: filter.kernel,
                out_channels: filter.out_channels,
                first_channel: out_channels,
                before: [top, left],
            });
            out_channels += filter.out_channels;
        }
        let [out_height, out_width] = size.unwrap_or([0, 0]);
        Ok(ConvShape { input, output: [batch, out_height, out_width, out_channels], stride, filters: placed })
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
        let weights: usize = (0..self.filters.len()).map(|index| self.weight_len(index)).sum();
        2 * positions as u64 * weights as u64
    }
}

/// Whether a pool drops an incomplete window at the border or keeps what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum PoolRounding {
    /// Drop it, as TensorFlow's `VALID` does.
    #[default]
    Floor,
    /// Keep it, cut at the border, as PyTorch's `ceil_mode=True` does.
    Ceil,
}

/// Max pooling over windows of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolShape {
    /// N, H, W, C of the input.
    pub input: [usize; 4],
    /// N, H, W, C of the output.
    pub output: [usize; 4],
    /// Window height and width.
    pub kernel: [usize; 2],
    /// Rows and columns from one window to the next.
    pub stride: [usize; 2],
}

impl PoolShape {
    /// The shape of pooling an image of shape `input` (N, H, W, C).
    ///
    /// ```
    /// use impasto_kernels::{PoolRounding, PoolShape};
    ///
    /// // 96 rows: the window that would start at row 94 has two of its three.
    /// let floor = PoolShape::new([1, 96, 96, 64], [3, 3], [2, 2], PoolRounding::Floor)?;
    /// let ceil = PoolShape::new([1, 96, 96, 64], [3, 3], [2, 2], PoolRounding::Ceil)?;
    /// assert_eq!((floor.output, ceil.output), ([1, 47, 47, 64], [1, 48, 48, 64]));
    /// assert_eq!(ceil.window(0, 47), 94..96);
    /// # Ok::<(), impasto_kernels::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// A size of zero, a window larger than the image, or one of more than 256 positions.
    pub fn new(
        input: [usize; 4],
        kernel: [usize; 2],
        stride: [usize; 2],
        rounding: PoolRounding,
    ) -> Result<PoolShape, ShapeError> {
        let [batch, height, width, channels] = input;
        check_positive(&[
            (batch, "the number of images"),
            (height, "the image's height"),
            (width, "the image's width"),
            (channels, "the number of channels"),
            (kernel[0].min(kernel[1]), "the window's size"),
            (stride[0].min(stride[1]), "the stride"),
        ])?;
        if kernel[0].saturating_mul(kernel[1]) > 256 {
            return Err(ShapeError::WindowTooManyPositions(kernel));
        }
        let along = |size: usize, kernel: usize, stride: usize| match rounding {
            PoolRounding::Floor => Some(size.checked_sub(kernel)? / stride + 1),
            // A window may be cut at the border, but must start inside the image.
            PoolRounding::Ceil => {
                let windows = size.saturating_add(stride - 1).checked_sub(kernel)? / stride + 1;
                Some(windows.min((size - 1) / stride + 1))
            }
        };
        let (Some(out_height), Some(out_width)) =
            (along(height, kernel[0], stride[0]), along(width, kernel[1], stride[1]))
        else {
            return Err(ShapeError::WindowTooLarge { kernel, height, width, padded: [height, width] });
        };
        let output = [batch, out_height, out_width, channels];
        Ok(PoolShape { input, output, kernel, stride })
    }

    /// The rows (axis 0) or columns (axis 1) of the input that window `index` covers.
    ///
    /// # Panics
    /// If `axis` is neither 0 nor 1.
    pub fn window(&self, axis: usize, index: usize) -> std::ops::Range<usize> {
        let start = index * self.stride[axis];
        start..(start + self.kernel[axis]).min(self.input[1 + axis])
    }
}

fn check_positive(sizes: &[(usize, &'static str)]) -> Result<(), ShapeError> {
    match sizes.iter().find(|(size, _)| *size == 0) {
        Some((_, name)) => Err(ShapeError::Zero(name)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(kernel: usize, out_channels: usize, padding: Padding) -> Filter {
        Filter { kernel: [kernel, kernel], out_channels, padding }
    }

    #[test]
    fn valid_convolution_shrinks() {
        let shape = ConvShape::new([1, 192, 256, 3], &[filter(3, 64, Padding::Valid)], [2, 2]);
        assert_eq!(shape.unwrap().output, [1, 95, 127, 64]);
    }

    #[test]
    fn same_padding_is_tensorflows() {
        // Even sizes at stride 2 need one row of padding, and TensorFlow puts it at the bottom.
        let shape = ConvShape::new([1, 6, 5, 1], &[filter(3, 1, Padding::Same)], [2, 2]).unwrap();
        assert_eq!(shape.output, [1, 3, 3, 1]);
        assert_eq!(shape.filters[0].before, [0, 1]);
    }

    #[test]
    fn a_bank_concatenates_channels_and_refuses_unequal_sizes() {
        let bank = [filter(1, 8, Padding::Valid), filter(3, 8, Padding::Same)];
        let shape = ConvShape::new([1, 5, 7, 4], &bank, [1, 1]).unwrap();
        assert_eq!(shape.output, [1, 5, 7, 16]);
        assert_eq!(shape.filters[1].first_channel, 8);
        let unequal = [filter(1, 8, Padding::Valid), filter(3, 8, Padding::Valid)];
        assert_eq!(
            ConvShape::new([1, 5, 7, 4], &unequal, [1, 1]),
            Err(ShapeError::UnequalFilters { first: [5, 7], other: [3, 5] })
        );
    }

    #[test]
    fn windows_that_do_not_fit_are_refused() {
        assert!(matches!(
            ConvShape::new([1, 2, 9, 3], &[filter(3, 1, Padding::Valid)], [1, 1]),
            Err(ShapeError::WindowTooLarge { .. })
        ));
        assert_eq!(
            ConvShape::new([1, 2, 9, 3], &[filter(3, 1, Padding::Valid)], [0, 1]),
            Err(ShapeError::Zero("the stride"))
        );
        assert!(matches!(
            PoolShape::new([1, 2, 2, 1], [3, 3], [2, 2], PoolRounding::Floor),
            Err(ShapeError::WindowTooLarge { .. })
        ));
    }

    #[test]
    fn pools_floor_or_ceil() {
        let output =
            |size, rounding| PoolShape::new([1, size, size, 1], [3, 3], [2, 2], rounding).unwrap().output[1];
        assert_eq!(output(95, PoolRounding::Floor), 47);
        assert_eq!(output(95, PoolRounding::Ceil), 47);
        assert_eq!(output(96, PoolRounding::Floor), 47);
        assert_eq!(output(96, PoolRounding::Ceil), 48);
        // As in PyTorch, even the only window may be cut.
        assert_eq!(output(2, PoolRounding::Ceil), 1);
        assert!(PoolShape::new([1, 1, 1, 1], [3, 3], [2, 2], PoolRounding::Ceil).is_err());
        assert_eq!(
            PoolShape::new([1, 9, 9, 1], [usize::MAX, 2], [1, 1], PoolRounding::Floor),
            Err(ShapeError::WindowTooManyPositions([usize::MAX, 2]))
        );
        let single = PoolShape::new([1, 9, 9, 1], [3, 3], [usize::MAX, 1], PoolRounding::Ceil).unwrap();
        assert_eq!(single.output, [1, 1, 7, 1]);
        // With a stride longer than the window, the last window would start outside.
        let wide = PoolShape::new([1, 5, 5, 1], [1, 1], [4, 4], PoolRounding::Ceil).unwrap();
        assert_eq!(wide.output[1], 2);
        let gap = PoolShape::new([1, 4, 4, 1], [1, 1], [4, 4], PoolRounding::Ceil).unwrap();
        assert_eq!(gap.output[1], 1);
    }
}
