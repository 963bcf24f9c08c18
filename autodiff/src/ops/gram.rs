//! The Gram matrix of features.

use super::add_to;
use crate::{
    Accumulate, Element, Formulas, Gradients, Mismatch, Operation, RowOperation, RowValues, Rows, Tape,
    TapeError, Values, Var, memory,
};
use impasto_kernels::GramKernels;
use std::ops::Range;

const FORMULAS: Formulas = Formulas {
    forward: &["out[i, j] = scale * sum over p of features[p, i] * features[p, j]"],
    backward: &["d_features[p, j] = scale * sum over i of features[p, i] * (d_out[i, j] + d_out[j, i])"],
};

struct GramMatrix<T: Element> {
    scale: T,
    positions: usize,
    channels: usize,
    kernels: T::Gram,
    /// The matrix of some rows, where these come one after the other.
    part: Vec<T>,
}

impl<T: Element> Tape<T> {
    /// Records the Gram matrix (C, C), times `scale`, of features (P, C) or (1, H, W, C): which
    /// channels are active at the same positions.
    ///
    /// ```text
    /// out[i, j] = scale * sum over p of features[p, i] * features[p, j]
    /// d_features[p, j] = scale * sum over i of features[p, i] * (d_out[i, j] + d_out[j, i])
    /// ```
    ///
    /// Here p runs over all positions.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let features = tape.variable(&array![[1.0, 2.0], [3.0, 0.0], [0.0, 1.0]]); // 3 positions, 2 channels
    /// let gram = tape.gram(features, 1.0)?;
    /// tape.forward();
    /// assert_eq!(tape.value(gram)?, array![[10.0, 2.0], [2.0, 5.0]].into_dyn());
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] for other shapes, several images, no positions or channels, or more channels than their
    /// matrix has memory for.
    pub fn gram(&mut self, features: Var, scale: T) -> Result<Var, TapeError> {
        self.record_with("gram", &[features], |shapes| GramMatrix::new(scale, shapes[0]))
    }
}

impl<T: Element> GramMatrix<T> {
    fn new(scale: T, features: &[usize]) -> Result<Self, Mismatch> {
        let (positions, channels) = match *features {
            [positions, channels] => (positions, channels),
            [1, height, width, channels] => (height * width, channels),
            [_, _, _, _] => return Err(Mismatch::new("a Gram matrix is of one image, narrow axis 0 to it")),
            _ => return Err(Mismatch::new("features must be (P, C) or (1, H, W, C)")),
        };
        if positions == 0 || channels == 0 {
            return Err(Mismatch::new("there must be at least one position and one channel"));
        }
        memory::output::<T>(vec![channels, channels])?;
        Ok(GramMatrix { scale, positions, channels, kernels: T::Gram::new(channels), part: Vec::new() })
    }
}

impl<T: Element> Operation<T> for GramMatrix<T> {
    fn name(&self) -> &'static str {
        "gram"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(vec![self.channels, self.channels])
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        self.kernels.forward(self.scale, values.input(0), out);
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.write(0, |d_features, update| {
            self.kernels.gradient(self.scale, values.input(0), d_out, update, d_features);
        });
    }

    fn arithmetic(&self, _: &[&[usize]], _: &[usize]) -> Vec<String> {
        let (positions, channels) = (self.positions, self.channels);
        vec![
            format!("{positions} positions of {channels} channels: ({channels}, {channels})"),
            format!(
                "operations: {positions} * {channels} * {} = {}, since one half mirrors the other",
                channels + 1,
                <Self as Operation<T>>::flops(self)
            ),
        ]
    }

    /// Those of one half of the product and its diagonal: the other half mirrors it.
    fn flops(&self) -> u64 {
        self.positions as u64 * (self.channels * (self.channels + 1)) as u64
    }

    fn backward_flops(&self, _: &[bool]) -> u64 {
        2 * self.positions as u64 * (self.channels * self.channels) as u64
    }

    fn scratch_len(&self) -> usize {
        self.kernels.scratch_len()
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

impl<T: Element> RowOperation<T> for GramMatrix<T> {
    fn is_sum(&self) -> bool {
        true
    }

    fn read_rows(&self, _: &Values<'_, T>, _: usize, rows: Range<usize>) -> Option<Range<usize>> {
        Some(rows)
    }

    fn forward_rows(&mut self, values: &RowValues<'_, T>, rows: Range<usize>, out: &mut [T]) {
        let features = values.rows(0).select(rows, values.row_len(0)).values;
        self.part.resize(out.len(), T::zero());
        self.kernels.forward(self.scale, features, &mut self.part);
        add_to(out, &self.part);
    }

    fn backward_rows(
        &mut self,
        values: &RowValues<'_, T>,
        d_out: Rows<'_, T>,
        _: usize,
        accumulate: Accumulate,
        (rows, d_features): (Range<usize>, &mut [T]),
    ) {
        let features = values.rows(0).select(rows, values.row_len(0)).values;
        self.kernels.gradient(self.scale, features, d_out.values, accumulate, d_features);
    }
}
