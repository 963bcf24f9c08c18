//! Convolution of an image with a bank of filters, with ReLU where it is fused.
//!
//! The operation takes a bank of filters over one image and lays their outputs side by side along
//! the channels; an ordinary convolution is a bank of one.

use crate::formulas::product;
use crate::{
    Accumulate, Activation, Element, Formulas, Gradients, Mismatch, Operation, Padding, RowOperation,
    RowValues, Rows, Tape, TapeError, Values, Var, memory,
};
use impasto_kernels::ConvolutionKernels;
use impasto_kernels::{ConvShape, Filter};
use std::ops::Range;

const FORMULAS: Formulas = Formulas {
    forward: &[
        "out[n, y, x, o] = bias[o] + sum over i, j, c of image[n, sy*y + i - top, sx*x + j - left, c] * weight[i, j, c, o]",
        "then max(out, 0), where ReLU is fused",
    ],
    backward: &[
        "g = d_out; 0 where a fused ReLU gave 0",
        "d_image[n, y, x, c] = sum over i, j, o of g[n, (y + top - i)/sy, (x + left - j)/sx, o] * weight[i, j, c, o]",
        "d_weight[i, j, c, o] = sum over n, y, x of image[n, sy*y + i - top, sx*x + j - left, c] * g[n, y, x, o]",
        "d_bias[o] = sum over n, y, x of g[n, y, x, o]",
    ],
};

/// The weights of one filter on a tape, and its padding.
#[derive(Clone, Copy, Debug)]
pub struct ConvWeights {
    /// Weights of shape (KH, KW, Cin, Cout).
    pub weight: Var,
    /// Bias of shape (Cout).
    pub bias: Var,
    /// What surrounds the image.
    pub padding: Padding,
}

/// How the windows of a convolution move, and what follows in the same pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvOptions {
    /// Rows and columns from one window to the next.
    pub stride: [usize; 2],
    /// Nothing, or ReLU.
    pub activation: Activation,
}

impl Default for ConvOptions {
    fn default() -> Self {
        ConvOptions { stride: [1, 1], activation: Activation::None }
    }
}

impl ConvOptions {
    /// The name of the operation that these options record.
    fn name(self) -> &'static str {
        match self.activation {
            Activation::None => "conv2d",
            Activation::Relu => "conv2d+relu",
            _ => "conv2d+activation",
        }
    }
}

/// A bank of convolutions, with ReLU fused where the options say so.
struct Conv2d<T: Element> {
    options: ConvOptions,
    paddings: Vec<Padding>,
    kernels: T::Convolution,
    output: [usize; 4],
    flops: u64,
    /// For each filter, the versions of the weights and biases that are packed.
    packed: Vec<Option<[u64; 2]>>,
}

impl<T: Element> Tape<T> {
    /// Records a convolution of `image` (N, H, W, Cin) with `weight` (KH, KW, Cin, Cout) and `bias`
    /// (Cout); the output is (N, OH, OW, Cout).
    ///
    /// ```text
    /// out[n, y, x, o] = bias[o] + sum over i, j, c of image[n, sy*y + i - top, sx*x + j - left, c] * weight[i, j, c, o]
    /// then max(out, 0), where ReLU is fused
    /// g = d_out; 0 where a fused ReLU gave 0
    /// d_image[n, y, x, c] = sum over i, j, o of g[n, (y + top - i)/sy, (x + left - j)/sx, o] * weight[i, j, c, o]
    /// d_weight[i, j, c, o] = sum over n, y, x of image[n, sy*y + i - top, sx*x + j - left, c] * g[n, y, x, o]
    /// d_bias[o] = sum over n, y, x of g[n, y, x, o]
    /// ```
    ///
    /// Values outside the image count as 0. `d_image` sums over the windows that cover the pixel.
    ///
    /// ```
    /// use impasto_autodiff::{ConvOptions, ConvWeights};
    /// use impasto_autodiff::{Padding, Tape};
    /// use ndarray::{Array1, Array4};
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let image = tape.variable(&Array4::ones((1, 4, 4, 1)));
    /// let weight = tape.variable(&Array4::ones((3, 3, 1, 1)));
    /// let bias = tape.variable(&Array1::zeros(1));
    /// let weights = ConvWeights { weight, bias, padding: Padding::Valid };
    /// let maps = tape.conv2d(image, weights, ConvOptions::default())?;
    /// let loss = tape.sum(maps)?;
    /// tape.forward();
    /// tape.backward(loss)?;
    /// assert_eq!(tape.shape(maps)?, [1, 2, 2, 1]);
    /// assert_eq!(tape.value(maps)?[[0, 0, 0, 0]], 9.0);
    /// assert_eq!(tape.gradient(image)?[[0, 0, 0, 0]], 1.0); // a corner is in one window,
    /// assert_eq!(tape.gradient(image)?[[0, 1, 1, 0]], 4.0); // the middle in all four
    /// assert_eq!(tape.gradient(weight)?[[0, 0, 0, 0]], 4.0); // each weight saw four ones
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if the shapes do not fit, the image is smaller than the window, or there is no memory for the
    /// output or for what the kernels work in.
    pub fn conv2d(
        &mut self,
        image: Var,
        weights: ConvWeights,
        options: ConvOptions,
    ) -> Result<Var, TapeError> {
        self.conv2d_bank(image, &[weights], options)
    }

    /// Records several convolutions of the same `image` whose outputs lie side by side along the
    /// channels, in the order of `filters`: their concatenation without the copy.
    ///
    /// Formulas as for [`Tape::conv2d`], filter by filter. Both expansions of a SqueezeNet fire module:
    ///
    /// ```
    /// use impasto_autodiff::{ConvOptions, ConvWeights};
    /// use impasto_autodiff::{Padding, Tape};
    /// use ndarray::{Array1, Array4};
    ///
    /// let mut tape = Tape::<f32>::new();
    /// let squeezed = tape.constant(&Array4::ones((1, 5, 5, 2)));
    /// let filter = |tape: &mut Tape<f32>, side| ConvWeights {
    ///     weight: tape.constant(&Array4::ones((side, side, 2, 3))),
    ///     bias: tape.constant(&Array1::zeros(3)),
    ///     padding: Padding::Same,
    /// };
    /// let filters = [filter(&mut tape, 1), filter(&mut tape, 3)];
    /// let expanded = tape.conv2d_bank(squeezed, &filters, ConvOptions::default())?;
    /// tape.forward();
    /// assert_eq!(tape.shape(expanded)?, [1, 5, 5, 6]); // 3 channels from 1x1, then 3 from 3x3
    /// assert_eq!(tape.value(expanded)?[[0, 2, 2, 0]], 2.0); // 1 * 1 * 2
    /// assert_eq!(tape.value(expanded)?[[0, 2, 2, 3]], 18.0); // 3 * 3 * 2
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tape::conv2d`], and if the outputs differ in height or width.
    pub fn conv2d_bank(
        &mut self,
        image: Var,
        filters: &[ConvWeights],
        options: ConvOptions,
    ) -> Result<Var, TapeError> {
        self.conv2d_bank_in_phase(image, filters, options, [0, 0])
    }

    /// As [`Tape::conv2d_bank`], with other first rows of the tiles that kernels compute together, of the output and of the
    /// image's gradient: a walk in strips then keeps fewer rows; see
    /// [`ConvShape::with_row_phases`](impasto_kernels::ConvShape::with_row_phases).
    ///
    /// # Errors
    /// As [`Tape::conv2d_bank`].
    pub fn conv2d_bank_in_phase(
        &mut self,
        image: Var,
        filters: &[ConvWeights],
        options: ConvOptions,
        [output, input]: [usize; 2],
    ) -> Result<Var, TapeError> {
        let paddings = filters.iter().map(|filter| filter.padding).collect();
        let weights = filters.iter().flat_map(|filter| [filter.weight, filter.bias]);
        let inputs: Vec<Var> = std::iter::once(image).chain(weights).collect();
        let phases = [output, input];
        self.record_with(options.name(), &inputs, |shapes| Conv2d::new(options, paddings, phases, shapes))
    }
}

impl<T: Element> Conv2d<T> {
    fn new(
        options: ConvOptions,
        paddings: Vec<Padding>,
        [output, input]: [usize; 2],
        inputs: &[&[usize]],
    ) -> Result<Self, Mismatch> {
        let &[n, h, w, channels] = inputs[0] else {
            return Err(Mismatch::new("the image must be (N, H, W, C)"));
        };
        let mut filters = Vec::new();
        for (pair, &padding) in inputs[1..].chunks_exact(2).zip(&paddings) {
            let &[kernel_height, kernel_width, weight_channels, out_channels] = pair[0] else {
                return Err(Mismatch::new("weights must be (KH, KW, Cin, Cout)"));
            };
            if weight_channels != channels {
                return Err(Mismatch::new(format!(
                    "the image has {channels} channels, the weights expect {weight_channels}"
                )));
            }
            if pair[1] != [out_channels] {
                return Err(Mismatch::new(format!("{out_channels} output channels need as many biases")));
            }
            filters.push(Filter { kernel: [kernel_height, kernel_width], out_channels, padding });
        }
        let shape = ConvShape::new([n, h, w, channels], &filters, options.stride)?;
        let shape = shape.with_row_phases(output, input);
        memory::output::<T>(shape.output().to_vec())?;
        memory::buffer::<T>("packed weights and padded images", T::Convolution::buffers_len(&shape))?;
        Ok(Conv2d {
            options,
            paddings,
            output: shape.output(),
            flops: shape.flops(),
            packed: vec![None; filters.len()],
            kernels: T::Convolution::new(shape),
        })
    }

    /// Packs the weights that changed since they were packed.
    fn pack(&mut self, values: &Values<'_, T>) {
        for (index, packed) in self.packed.iter_mut().enumerate() {
            let [weight, bias] = weight_inputs(index);
            let versions = Some([weight, bias].map(|input| values.input_version(input)));
            if *packed != versions {
                self.kernels.set_weights(index, values.input(weight), values.input(bias));
                *packed = versions;
            }
        }
    }

    /// The output, where a fused ReLU needs it to mask the gradient.
    fn relu_output<'a>(&self, values: &Values<'a, T>) -> Option<&'a [T]> {
        (self.options.activation == Activation::Relu).then(|| values.output())
    }
}

/// The inputs that hold weight and bias of filter `index`.
fn weight_inputs(index: usize) -> [usize; 2] {
    [1 + 2 * index, 2 + 2 * index]
}

impl<T: Element> Operation<T> for Conv2d<T> {
    fn name(&self) -> &'static str {
        self.options.name()
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(self.output.to_vec())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        self.pack(values);
        self.kernels.forward(self.options.activation, values.input(0), out);
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        let relu_output = self.relu_output(values);
        let kernels = &mut self.kernels;
        gradients.write(0, |d_image, update| kernels.input_gradient(d_out, relu_output, update, d_image));
        for index in 0..self.packed.len() {
            let [weight, bias] = weight_inputs(index);
            gradients.write(weight, |d_weight, update| {
                kernels.weight_gradient(index, values.input(0), d_out, relu_output, update, d_weight);
            });
            gradients.write(bias, |d_bias, update| {
                kernels.bias_gradient(index, d_out, relu_output, update, d_bias);
            });
        }
    }

    fn arithmetic(&self, inputs: &[&[usize]], output: &[usize]) -> Vec<String> {
        let weights = || inputs[1..].iter().step_by(2);
        let length = |name: &str, axis: usize| {
            let (size, out) = (inputs[0][1 + axis], output[1 + axis]);
            let (kernel, stride) = (inputs[1][axis], self.options.stride[axis]);
            match self.paddings[0] {
                Padding::Valid => format!("{name}: ({size} - {kernel}) / {stride} + 1 = {out}, rounded down"),
                Padding::Same => format!("{name}: {size} / {stride} = {out}, rounded up"),
                Padding::Explicit { top, bottom, left, right } => {
                    let [before, after] = if axis == 0 { [top, bottom] } else { [left, right] };
                    format!(
                        "{name}: ({before} + {size} + {after} - {kernel}) / {stride} + 1 = {out}, rounded down"
                    )
                }
            }
        };
        let filters = |text: fn(&[usize]) -> String| -> String {
            weights().map(|weight| text(weight)).collect::<Vec<_>>().join(" + ")
        };
        vec![
            length("height", 0),
            length("width", 1),
            match self.paddings.len() {
                1 => format!("channels: {}", output[3]),
                _ => format!("channels: {} = {}", filters(|weight| weight[3].to_string()), output[3]),
            },
            format!(
                "operations: 2 * {} * ({}) = {}",
                product(&output[..3]),
                filters(product),
                <Self as Operation<T>>::flops(self)
            ),
        ]
    }

    fn flops(&self) -> u64 {
        self.flops
    }

    fn backward_flops(&self, wanted: &[bool]) -> u64 {
        // The gradient of the image and that of all weights each cost as much as the forward pass.
        let weights = wanted.iter().skip(1).step_by(2).any(|&wanted| wanted);
        <Self as Operation<T>>::flops(self).saturating_mul(u64::from(wanted[0]) + u64::from(weights))
    }

    fn scratch_len(&self) -> usize {
        self.kernels.scratch_len()
    }

    fn reads_input(&self, index: usize, wanted: &[bool]) -> bool {
        // The packed weights serve the gradient of the image; that of the weights needs the image.
        index == 0 && wanted.iter().skip(1).step_by(2).any(|&wanted| wanted)
    }

    fn reads_output(&self) -> bool {
        self.options.activation == Activation::Relu
    }

    fn by_rows(&self) -> Option<&dyn RowOperation<T>> {
        Some(self)
    }

    fn by_rows_mut(&mut self) -> Option<&mut dyn RowOperation<T>> {
        Some(self)
    }
}

impl<T: Element> RowOperation<T> for Conv2d<T> {
    fn is_sum(&self) -> bool {
        false
    }

    fn next_strips(&self, row: usize) -> [usize; 2] {
        self.kernels.next_strips(row)
    }

    fn input_rows(&self, _: &Values<'_, T>, _: usize, rows: Range<usize>) -> Range<usize> {
        self.kernels.shape().input_rows(rows)
    }

    fn output_rows(&self, _: &Values<'_, T>, _: usize, rows: Range<usize>) -> Range<usize> {
        self.kernels.shape().output_rows(rows)
    }

    fn read_rows(&self, _: &Values<'_, T>, _: usize, _: Range<usize>) -> Option<Range<usize>> {
        None
    }

    fn forward_rows(&mut self, values: &RowValues<'_, T>, rows: Range<usize>, out: &mut [T]) {
        self.pack(values.whole());
        self.kernels.forward_rows(self.options.activation, values.rows(0), rows, out);
    }

    fn backward_rows(
        &mut self,
        values: &RowValues<'_, T>,
        d_out: Rows<'_, T>,
        _: usize,
        accumulate: Accumulate,
        (rows, d_image): (Range<usize>, &mut [T]),
    ) {
        let relu_output = (self.options.activation == Activation::Relu).then(|| values.output_rows());
        self.kernels.input_gradient_rows(d_out, relu_output, accumulate, rows, d_image);
    }
}
