//! The mean of each channel of an image.

use super::add_to;
use crate::{
    Accumulate, Element, Formulas, Gradients, Mismatch, Operation, RowOperation, RowValues, Rows, Tape,
    TapeError, Values, Var,
};
use rayon::prelude::*;
use std::ops::Range;

const FORMULAS: Formulas = Formulas {
    forward: &["out[c] = (sum over p of image[p, c]) / P"],
    backward: &["d_image[p, c] = d_out[c] / P"],
};

/// Values that one task works on, at least.
const TASK: usize = 1 << 15;

struct ChannelMeans {
    positions: usize,
    channels: usize,
}

impl<T: Element> Tape<T> {
    /// Records the mean of each channel, (C), of an image (1, H, W, C); unlike [`mean_axes`](Tape::mean_axes), also in strips
    /// of rows.
    ///
    /// ```text
    /// out[c] = (sum over p of image[p, c]) / P
    /// d_image[p, c] = d_out[c] / P
    /// ```
    ///
    /// Here p runs over all P positions.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let image = tape.variable(&array![[[[1.0, 5.0], [3.0, 7.0]]]]); // (1, 1, 2, 2)
    /// let means = tape.channel_means(image)?;
    /// tape.forward();
    /// assert_eq!(tape.value(means)?, array![2.0, 6.0].into_dyn());
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] for other shapes, or without positions or channels.
    pub fn channel_means(&mut self, image: Var) -> Result<Var, TapeError> {
        self.record_with("channel_means", &[image], |shapes| ChannelMeans::new(shapes[0]))
    }
}

impl ChannelMeans {
    fn new(image: &[usize]) -> Result<Self, Mismatch> {
        match *image {
            [1, height, width, channels] if height > 0 && width > 0 && channels > 0 => {
                Ok(ChannelMeans { positions: height * width, channels })
            }
            _ => Err(Mismatch::new("the image must be (1, H, W, C), with at least one position and channel")),
        }
    }

    /// Adds the part of some positions to the means.
    fn add<T: Element>(&self, image: &[T], out: &mut [T]) {
        let task = (TASK / self.channels).max(1) * self.channels;
        // Collected first: the order of the sum does not depend on the threads.
        let parts: Vec<Vec<T>> = image
            .par_chunks(task)
            .map(|part| {
                let mut sums = vec![T::zero(); self.channels];
                part.chunks_exact(self.channels).for_each(|position| add_to(&mut sums, position));
                sums
            })
            .collect();
        let share = T::from_f64(1.0 / self.positions as f64);
        for part in parts {
            out.iter_mut().zip(part).for_each(|(out, sum)| *out = *out + share * sum);
        }
    }

    fn gradient<T: Element>(&self, d_out: &[T], accumulate: Accumulate, d_image: &mut [T]) {
        let share = T::from_f64(1.0 / self.positions as f64);
        let task = (TASK / self.channels).max(1) * self.channels;
        d_image.par_chunks_mut(task).for_each(|part| {
            for position in part.chunks_exact_mut(self.channels) {
                for (value, &d_out) in position.iter_mut().zip(d_out) {
                    match accumulate {
                        Accumulate::Replace => *value = share * d_out,
                        Accumulate::Add => *value = *value + share * d_out,
                    }
                }
            }
        });
    }
}

impl<T: Element> Operation<T> for ChannelMeans {
    fn name(&self) -> &'static str {
        "channel_means"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(vec![self.channels])
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        out.fill(T::zero());
        self.add(values.input(0), out);
    }

    fn backward(&mut self, _: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.write(0, |d_image, update| self.gradient(d_out, update, d_image));
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

impl<T: Element> RowOperation<T> for ChannelMeans {
    fn is_sum(&self) -> bool {
        true
    }

    fn read_rows(&self, _: &Values<'_, T>, _: usize, _: Range<usize>) -> Option<Range<usize>> {
        None
    }

    fn forward_rows(&mut self, values: &RowValues<'_, T>, rows: Range<usize>, out: &mut [T]) {
        self.add(values.rows(0).select(rows, values.row_len(0)).values, out);
    }

    fn backward_rows(
        &mut self,
        _: &RowValues<'_, T>,
        d_out: Rows<'_, T>,
        _: usize,
        accumulate: Accumulate,
        (_, d_image): (Range<usize>, &mut [T]),
    ) {
        self.gradient(d_out.values, accumulate, d_image);
    }
}
