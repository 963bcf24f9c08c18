//! The same values with the axes in another order.

use super::strided::{Axis, Walk, contiguous_strides};
use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas = Formulas {
    forward: &["axis i of out = axis axes[i] of x"],
    backward: &["d_x = d_out with the axes put back"],
};

struct Transpose {
    /// Strides of `x` and of the output.
    walk: Walk<2>,
    output: Vec<usize>,
}

impl<T: Element> Tape<T> {
    /// Records `x` with its axes in another order: axis `i` of the output is axis `axes[i]` of `x`.
    /// A matrix is transposed by `[1, 0]`; (N, H, W, C) becomes (N, C, H, W) by `[0, 3, 1, 2]`.
    ///
    /// ```text
    /// axis i of out = axis axes[i] of x
    /// d_x = d_out with the axes put back
    /// ```
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let x = tape.constant(&array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let columns = tape.transpose(x, &[1, 0])?;
    /// let pairs = tape.reshape(x, &[3, 2])?;
    /// tape.forward();
    /// assert_eq!(tape.value(columns)?, array![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]].into_dyn());
    /// assert_eq!(tape.value(pairs)?, array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]].into_dyn());
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if `axes` does not name each axis of `x` once.
    pub fn transpose(&mut self, x: Var, axes: &[usize]) -> Result<Var, TapeError> {
        self.record_with("transpose", &[x], |shapes| Transpose::new(axes, shapes[0]))
    }
}

impl Transpose {
    fn new(axes: &[usize], x: &[usize]) -> Result<Self, Mismatch> {
        if axes.len() != x.len() || (0..x.len()).any(|axis| !axes.contains(&axis)) {
            let reason = format!("{axes:?} does not name each of its {} axes once", x.len());
            return Err(Mismatch::new(reason));
        }
        let output: Vec<usize> = axes.iter().map(|&axis| x[axis]).collect();
        let (strides, output_strides) = (contiguous_strides(x), contiguous_strides(&output));
        let axes = axes.iter().zip(output_strides);
        let walk = Walk::new(axes.map(|(&from, to)| Axis { len: x[from], strides: [strides[from], to] }));
        Ok(Transpose { walk, output })
    }
}

impl<T: Element> Operation<T> for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(self.output.clone())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        let (walk, x) = (&self.walk, values.input(0));
        let [x_stride, out_stride] = walk.row().strides;
        walk.for_each_row(|[x_at, out_at]| {
            for step in 0..walk.row().len {
                out[out_at + step * out_stride] = x[x_at + step * x_stride];
            }
        });
    }

    fn backward(&mut self, _: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        let walk = &self.walk;
        let [x_stride, out_stride] = walk.row().strides;
        gradients.add(0, |d_x| {
            walk.for_each_row(|[x_at, out_at]| {
                for step in 0..walk.row().len {
                    let d_x = &mut d_x[x_at + step * x_stride];
                    *d_x = *d_x + d_out[out_at + step * out_stride];
                }
            });
        });
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        false
    }

    fn reads_output(&self) -> bool {
        false
    }
}
