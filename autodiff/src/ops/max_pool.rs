//! The maximum of each window.

use crate::strips::few_rows;
use crate::{
    Accumulate, Element, Formulas, Gradients, Mismatch, Operation, PoolRounding, RowOperation, RowValues,
    Rows, Tape, TapeError, Values, Var, memory,
};
use impasto_kernels::PoolShape;
use std::ops::Range;

const FORMULAS: Formulas = Formulas {
    forward: &["out[n, y, x, c] = max over the window's i, j of image[n, sy*y + i, sx*x + j, c]"],
    backward: &[
        "d_image = at each pixel, the sum of d_out over the windows that it won; of equals the first wins",
    ],
};

struct MaxPool {
    kernel: [usize; 2],
    stride: [usize; 2],
    rounding: PoolRounding,
    shape: PoolShape,
    /// For each window, or those of some rows, the place of its winner.
    argmax: Vec<u8>,
}

impl<T: Element> Tape<T> {
    /// Records the maximum of each `kernel` window (height, width) of an image (N, H, W, C), one
    /// every `stride` rows and columns: (N, OH, OW, C).
    ///
    /// ```text
    /// out[n, y, x, c] = max over the window's i, j of image[n, sy*y + i, sx*x + j, c]
    /// d_image = at each pixel, the sum of d_out over the windows that it won; of equals the first wins
    /// ```
    ///
    /// ```
    /// use impasto_autodiff::{PoolRounding, Tape};
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let image = tape.variable(&array![[[[1.0], [4.0]], [[3.0], [2.0]]]]); // (1, 2, 2, 1)
    /// let pooled = tape.max_pool(image, [2, 2], [2, 2], PoolRounding::Floor)?;
    /// tape.forward();
    /// tape.backward(pooled)?;
    /// assert_eq!(tape.number(pooled)?, 4.0);
    /// assert_eq!(tape.gradient(image)?, array![[[[0.0], [1.0]], [[0.0], [0.0]]]].into_dyn());
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if the input is not (N, H, W, C), a size is zero, or the window is larger
    /// than the image or has more than 256 positions.
    pub fn max_pool(
        &mut self,
        image: Var,
        kernel: [usize; 2],
        stride: [usize; 2],
        rounding: PoolRounding,
    ) -> Result<Var, TapeError> {
        self.record_with("max_pool", &[image], |shapes| {
            let &[n, h, w, c] = shapes[0] else {
                return Err(Mismatch::new("the image must be (N, H, W, C)"));
            };
            let shape = PoolShape::new([n, h, w, c], kernel, stride, rounding)?;
            memory::output::<T>(shape.output().to_vec())?;
            Ok(MaxPool { kernel, stride, rounding, shape, argmax: Vec::new() })
        })
    }
}

impl<T: Element> Operation<T> for MaxPool {
    fn name(&self) -> &'static str {
        "max_pool"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(self.shape.output().to_vec())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        self.argmax.resize(out.len(), 0);
        T::max_pool(&self.shape, values.input(0), out, &mut self.argmax);
    }

    fn backward(&mut self, _: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        let MaxPool { shape, argmax, .. } = self;
        gradients.write(0, |d_image, update| T::max_pool_gradient(shape, d_out, argmax, update, d_image));
    }

    fn arithmetic(&self, inputs: &[&[usize]], output: &[usize]) -> Vec<String> {
        let rounded = match self.rounding {
            PoolRounding::Floor => "down",
            PoolRounding::Ceil => "up",
        };
        let length = |name: &str, axis: usize| {
            let (size, out) = (inputs[0][1 + axis], output[1 + axis]);
            let (kernel, stride) = (self.kernel[axis], self.stride[axis]);
            format!("{name}: ({size} - {kernel}) / {stride} + 1 = {out}, rounded {rounded}")
        };
        vec![length("height", 0), length("width", 1), format!("channels: {}, each by itself", output[3])]
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        false
    }

    fn reads_output(&self) -> bool {
        false
    }

    fn by_rows(&self) -> Option<&dyn RowOperation<T>> {
        Some(self)
    }

    fn by_rows_mut(&mut self) -> Option<&mut dyn RowOperation<T>> {
        Some(self)
    }
}

impl<T: Element> RowOperation<T> for MaxPool {
    fn is_sum(&self) -> bool {
        false
    }

    fn input_rows(&self, _: &Values<'_, T>, _: usize, rows: Range<usize>) -> Range<usize> {
        self.shape.input_rows(rows)
    }

    fn output_rows(&self, _: &Values<'_, T>, _: usize, rows: Range<usize>) -> Range<usize> {
        self.shape.output_rows(rows)
    }

    /// To find the winners again, which is less than remembering them.
    fn read_rows(&self, _: &Values<'_, T>, _: usize, rows: Range<usize>) -> Option<Range<usize>> {
        Some(self.shape.input_rows(self.shape.output_rows(rows)))
    }

    fn forward_rows(&mut self, values: &RowValues<'_, T>, rows: Range<usize>, out: &mut [T]) {
        self.argmax.resize(out.len(), 0);
        T::max_pool_rows(&self.shape, values.rows(0), rows, out, &mut self.argmax);
    }

    fn backward_rows(
        &mut self,
        values: &RowValues<'_, T>,
        d_out: Rows<'_, T>,
        _: usize,
        accumulate: Accumulate,
        (rows, d_image): (Range<usize>, &mut [T]),
    ) {
        let [_, _, width, channels] = self.shape.output();
        for (rows, d_image) in few_rows(rows, d_image) {
            let windows = self.shape.output_rows(rows.clone());
            let len = windows.len() * width * channels;
            self.argmax.resize(len, 0);
            // The maxima themselves are known; they are found only along with their places.
            let mut maxima = vec![T::zero(); len];
            T::max_pool_rows(&self.shape, values.rows(0), windows.clone(), &mut maxima, &mut self.argmax);
            let argmax = Rows { first: windows.start, values: &self.argmax[..] };
            T::max_pool_gradient_rows(&self.shape, d_out, argmax, accumulate, (rows, d_image));
        }
    }
}
