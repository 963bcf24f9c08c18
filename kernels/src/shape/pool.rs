//! Sizes of pools.

use std::ops::Range;

use super::{ShapeError, check_len, check_positive};

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
    input: [usize; 4],
    output: [usize; 4],
    kernel: [usize; 2],
    stride: [usize; 2],
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
    /// assert_eq!((floor.output(), ceil.output()), ([1, 47, 47, 64], [1, 48, 48, 64]));
    /// assert_eq!(ceil.window(0, 47), 94..96);
    /// # Ok::<(), impasto_kernels::ShapeError>(())
    /// ```
    ///
    /// # Errors
    /// A size of zero, a window larger than the image or of more than 256 positions, or an image larger than memory can
    /// address.
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
        // The output is never larger.
        check_len("an image", &input)?;
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

    /// Window height and width.
    #[inline]
    pub fn kernel(&self) -> [usize; 2] {
        self.kernel
    }

    /// Rows and columns from one window to the next.
    #[inline]
    pub fn stride(&self) -> [usize; 2] {
        self.stride
    }

    /// The stride with which kernels compute: the shape's own wherever there is a second window, and never longer
    /// than the image.
    pub(crate) fn step(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.stride[axis].min(self.input[1 + axis]))
    }

    /// Panics unless an image, or its gradient, has the input's length.
    pub(crate) fn assert_input<T>(&self, image: &[T]) {
        assert_eq!(image.len(), self.input_len(), "the image is (N, H, W, C)");
    }

    /// Panics unless an output, or its gradient, and the places of the maxima have the output's length.
    pub(crate) fn assert_output<T>(&self, out: &[T], argmax: &[u8]) {
        assert_eq!(out.len(), self.output_len(), "the output is (N, H, W, C)");
        assert_eq!(argmax.len(), out.len(), "one place for each maximum");
    }

    /// The rows of the input that these rows of the output are computed from.
    pub fn input_rows(&self, output: Range<usize>) -> Range<usize> {
        if output.is_empty() {
            return 0..0;
        }
        self.window(0, output.start).start..self.window(0, output.end - 1).end
    }

    /// The rows of the output whose windows cover one of these rows of the input.
    pub fn output_rows(&self, input: Range<usize>) -> Range<usize> {
        if input.is_empty() {
            return 0..0;
        }
        let [stride, _] = self.step();
        let end = ((input.end - 1) / stride + 1).min(self.output[1]);
        (input.start + 1).saturating_sub(self.kernel[0]).div_ceil(stride).min(end)..end
    }

    /// The rows (axis 0) or columns (axis 1) of the input that window `index` covers.
    ///
    /// # Panics
    /// If `axis` is neither 0 nor 1, or there is no such window.
    pub fn window(&self, axis: usize, index: usize) -> Range<usize> {
        assert!(index < self.output[1 + axis], "there is no window {index}");
        let start = index * self.stride[axis];
        start..(start + self.kernel[axis]).min(self.input[1 + axis])
    }
}
