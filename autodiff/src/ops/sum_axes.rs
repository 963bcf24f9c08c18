//! Sums and means over some axes.
//!
//! It is broadcasting backwards: `out` is summed over the axes along which it would be repeated to
//! have the shape of `x`.

use super::broadcast::Broadcast;
use super::check_axis;
use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var, memory};

const FORMULAS: Formulas = Formulas {
    forward: &["out = sum of x over some axes; of a mean, divided by the count"],
    backward: &["d_x = the d_out of the sum that the value went into; of a mean, divided by the count"],
};

struct SumAxes<T> {
    mean: bool,
    /// 1, or one over the count.
    factor: T,
    broadcast: Broadcast,
    output: Vec<usize>,
}

impl<T: Element> Tape<T> {
    /// Records the sum of `x` over `axes`, which the output no longer has: the sum of (N, H, W, C)
    /// over `[1, 2]` is (N, C).
    ///
    /// ```text
    /// out = sum of x over some axes; of a mean, divided by the count
    /// d_x = the d_out of the sum that the value went into; of a mean, divided by the count
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if there is no such axis, or it is named twice.
    pub fn sum_axes(&mut self, x: Var, axes: &[usize]) -> Result<Var, TapeError> {
        self.record_with("sum_axes", &[x], |shapes| SumAxes::new(axes, false, shapes[0]))
    }

    /// Records the mean of `x` over `axes`, which the output no longer has.
    ///
    /// ```text
    /// out = sum of x over some axes; of a mean, divided by the count
    /// d_x = the d_out of the sum that the value went into; of a mean, divided by the count
    /// ```
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let x = tape.variable(&array![[1.0, 3.0], [5.0, 7.0]]);
    /// let sums = tape.sum_axes(x, &[0])?; // over the rows: one for each column
    /// let means = tape.mean_axes(x, &[1])?; // over the columns: one for each row
    /// tape.forward();
    /// assert_eq!(tape.value(sums)?, array![6.0, 10.0].into_dyn());
    /// assert_eq!(tape.value(means)?, array![2.0, 6.0].into_dyn());
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tape::sum_axes`], and if the axes have no positions.
    pub fn mean_axes(&mut self, x: Var, axes: &[usize]) -> Result<Var, TapeError> {
        self.record_with("mean_axes", &[x], |shapes| SumAxes::new(axes, true, shapes[0]))
    }
}

impl<T: Element> SumAxes<T> {
    fn new(axes: &[usize], mean: bool, x: &[usize]) -> Result<Self, Mismatch> {
        let mut with_ones = x.to_vec();
        for (index, &axis) in axes.iter().enumerate() {
            check_axis(axis, x)?;
            if axes[..index].contains(&axis) {
                return Err(Mismatch::new(format!("axis {axis} is named twice")));
            }
            with_ones[axis] = 1;
        }
        let mut factor = T::one();
        if mean {
            let count: f64 = axes.iter().map(|&axis| x[axis] as f64).product();
            if count == 0.0 {
                return Err(Mismatch::new("there are no values along these axes"));
            }
            factor = T::from_f64(1.0 / count);
        }
        let kept = x.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
        let output = memory::output::<T>(kept.map(|(_, &len)| len).collect())?;
        Ok(SumAxes { mean, factor, broadcast: Broadcast::new(x, &with_ones)?.0, output })
    }
}

impl<T: Element> Operation<T> for SumAxes<T> {
    fn name(&self) -> &'static str {
        if self.mean { "mean_axes" } else { "sum_axes" }
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(self.output.clone())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        out.fill(T::zero());
        self.broadcast.add_gradient(1, [None, None], values.input(0), out, |_, _, x| x);
        out.iter_mut().for_each(|out| *out = *out * self.factor);
    }

    fn backward(&mut self, _: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.add(0, |d_x| {
            self.broadcast.zip([None, Some(d_out)], d_x, |d_x, _, d_out| *d_x = *d_x + d_out * self.factor);
        });
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        false
    }

    fn reads_output(&self) -> bool {
        false
    }
}
