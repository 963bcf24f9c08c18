//! Sizes of convolutions and pools: what fits, what comes out, and errors that say what does not fit.
//! All tensors are NHWC; all sizes are counted in elements.
//!
//! The kernels' unsafe code relies on these sizes: a shape cannot be changed once its constructor has checked it, and
//! no product of its sizes that a kernel computes wraps.

mod convolution;
mod pool;

pub(crate) use convolution::MAX_UNIT;
pub use convolution::{ConvShape, Filter, PlacedFilter};
pub use pool::{PoolRounding, PoolShape};

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
    /// More values than memory can address.
    #[error("{what} of {sizes:?} would be larger than memory can address: use smaller sizes")]
    TooLarge {
        /// What would be so large.
        what: &'static str,
        /// Its sizes, in elements.
        sizes: Vec<usize>,
    },
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
    /// Explicit numbers of rows and columns of zeros.
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
                // Less than `size` before the last window, whose own size may be any.
                let covered = ((size.div_ceil(stride) - 1) * stride).saturating_add(kernel);
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

fn check_positive(sizes: &[(usize, &'static str)]) -> Result<(), ShapeError> {
    match sizes.iter().find(|(size, _)| *size == 0) {
        Some((_, name)) => Err(ShapeError::Zero(name)),
        None => Ok(()),
    }
}

/// The most values that a slice can have of f64, the widest type that kernels exist for.
const MAX_VALUES: usize = isize::MAX as usize / size_of::<f64>();

/// The product of all sizes, zero if one of them is; `None` if it, or a product on the way to it, is more than the values
/// that a slice can have.
pub(crate) fn checked_len(sizes: &[usize]) -> Option<usize> {
    if sizes.contains(&0) {
        return Some(0);
    }
    sizes.iter().try_fold(1, |len: usize, &size| len.checked_mul(size).filter(|&len| len <= MAX_VALUES))
}

/// The same with an error that names what would be too large.
fn check_len(what: &'static str, sizes: &[usize]) -> Result<usize, ShapeError> {
    checked_len(sizes).ok_or_else(|| ShapeError::TooLarge { what, sizes: sizes.to_vec() })
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
        assert_eq!(shape.unwrap().output(), [1, 95, 127, 64]);
    }

    #[test]
    fn same_padding_is_tensorflows() {
        // Even sizes at stride 2 need one row of padding, and TensorFlow puts it at the bottom.
        let shape = ConvShape::new([1, 6, 5, 1], &[filter(3, 1, Padding::Same)], [2, 2]).unwrap();
        assert_eq!(shape.output(), [1, 3, 3, 1]);
        assert_eq!(shape.filters()[0].before(), [0, 1]);
    }

    #[test]
    fn a_bank_concatenates_channels_and_refuses_unequal_sizes() {
        let bank = [filter(1, 8, Padding::Valid), filter(3, 8, Padding::Same)];
        let shape = ConvShape::new([1, 5, 7, 4], &bank, [1, 1]).unwrap();
        assert_eq!(shape.output(), [1, 5, 7, 16]);
        assert_eq!(shape.filters()[1].first_channel(), 8);
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
        let output = |size, rounding| {
            PoolShape::new([1, size, size, 1], [3, 3], [2, 2], rounding).unwrap().output()[1]
        };
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
        assert_eq!(single.output(), [1, 1, 7, 1]);
        // With a stride longer than the window, the last window would start outside.
        let wide = PoolShape::new([1, 5, 5, 1], [1, 1], [4, 4], PoolRounding::Ceil).unwrap();
        assert_eq!(wide.output()[1], 2);
        let gap = PoolShape::new([1, 4, 4, 1], [1, 1], [4, 4], PoolRounding::Ceil).unwrap();
        assert_eq!(gap.output()[1], 1);
    }
    #[test]
    fn what_memory_cannot_address_is_refused() {
        let too_large = |result: Result<ConvShape, ShapeError>| match result {
            Err(ShapeError::TooLarge { what, .. }) => what,
            other => panic!("{other:?}"),
        };
        let valid = |kernel, out_channels| Filter { kernel, out_channels, padding: Padding::Valid };
        let most = MAX_VALUES;

        // Products that are small only because they wrapped.
        let wide = ConvShape::new([1, 6, (1 << 60) + 6, 16], &[valid([3, 3], 16)], [1, 1]);
        assert_eq!(too_large(wide), "an image");
        let deep = ConvShape::new([1, 1, 32, (1 << 59) + 1], &[valid([1, 1], 32)], [1, 1]);
        assert_eq!(too_large(deep), "an image");
        let wide = ConvShape::new([1, 1, (1 << 61) + 9, 8], &[valid([1, 1], 16)], [1, (1 << 58) + 1]);
        assert_eq!(too_large(wide), "an image");
        let batch = ConvShape::new([usize::MAX, 3, 3, 3], &[valid([1, 1], 1)], [1, 1]);
        assert_eq!(too_large(batch), "an image");

        // The image is not all that must fit.
        let weights = ConvShape::new([1, 1, 1, 32], &[valid([1, 1], usize::MAX / 32)], [1, 1]);
        assert_eq!(too_large(weights), "a filter");
        let outputs = ConvShape::new([1, 1, 32, 1], &[valid([1, 1], most / 16)], [1, 1]);
        assert_eq!(too_large(outputs), "an output");
        let bank = [valid([1, 1], most / 2), valid([1, 1], most / 2 + 2)];
        assert_eq!(too_large(ConvShape::new([1, 1, 1, 1], &bank, [1, 1])), "an output");
        let many = [valid([1, 1], most); 20];
        assert_eq!(too_large(ConvShape::new([1, 1, 1, 1], &many, [1, 1])), "an output");
        let frame = Padding::Explicit { top: (1 << 31) - 1, bottom: 0, left: 0, right: (1 << 31) - 1 };
        let padded = [
            Filter { kernel: [1 << 31, 1], out_channels: 1, padding: Padding::Same },
            Filter { kernel: [1, 1 << 31], out_channels: 1, padding: Padding::Same },
        ];
        assert_eq!(too_large(ConvShape::new([1, 1, 1, 1], &padded, [1, 1])), "a padded image");
        let filter = Filter { kernel: [1 << 31, 1 << 31], out_channels: 1, padding: frame };
        assert_eq!(too_large(ConvShape::new([1, 1, 1, 1], &[filter], [1, 1])), "a filter");

        // Windows and padding near the end of all numbers.
        let (top, bottom) = (usize::MAX - 1, usize::MAX - 1);
        let all = Padding::Explicit { top, bottom, left: 0, right: 0 };
        for padding in [Padding::Same, all] {
            let filter = Filter { kernel: [usize::MAX, 1], out_channels: 1, padding };
            assert_eq!(too_large(ConvShape::new([1, 5, 5, 1], &[filter], [1, 1])), "a filter");
        }

        assert_eq!(
            PoolShape::new([1, 1 << 32, 1 << 32, 16], [1, 1], [1, 1], PoolRounding::Floor),
            Err(ShapeError::TooLarge { what: "an image", sizes: vec![1, 1 << 32, 1 << 32, 16] })
        );
        let message = ShapeError::TooLarge { what: "an image", sizes: vec![1, 2] }.to_string();
        assert_eq!(message, "an image of [1, 2] would be larger than memory can address: use smaller sizes");
    }

    #[test]
    fn what_memory_can_address_is_not() {
        let most = MAX_VALUES;
        assert!(ConvShape::new([1, 1, 1, most], &[filter(1, 1, Padding::Valid)], [1, 1]).is_err());
        let shape = ConvShape::new([1, 1, 1, most / 64], &[filter(1, 1, Padding::Valid)], [1, 1]).unwrap();
        assert_eq!((shape.input_len(), shape.weight_len(0)), (most / 64, most / 64));
        assert_eq!(shape.flops(), 2 * (most / 64) as u64);
        let pool = PoolShape::new([1, 1, most, 1], [1, 1], [1, 1], PoolRounding::Ceil).unwrap();
        assert_eq!(pool.output_len(), most);
    }

    #[test]
    fn strides_of_any_length() {
        let long = [usize::MAX, usize::MAX - 1];
        let shape = ConvShape::new([1, 5, 6, 1], &[filter(3, 1, Padding::Same)], long).unwrap();
        assert_eq!((shape.output(), shape.stride()), ([1, 1, 1, 1], long));
        assert_eq!(shape.step(), [18, 19]);
        // Where there are two windows, the step is the stride.
        let shape = ConvShape::new([1, 5, 6, 1], &[filter(3, 1, Padding::Valid)], [2, 3]).unwrap();
        assert_eq!((shape.output(), shape.step()), ([1, 2, 2, 1], [2, 3]));
    }
}
