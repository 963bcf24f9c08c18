//! The product of two matrices.

use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};
use impasto_kernels::{Operand, matmul};

const FORMULAS: Formulas = Formulas {
    forward: &["out[i, j] = sum over l of a[i, l] * b[l, j]"],
    backward: &["d_a = d_out b^T", "d_b = a^T d_out"],
};

struct MatMul {
    /// Rows of a, columns of a and rows of b, columns of b.
    sizes: [usize; 3],
}

impl<T: Element> Tape<T> {
    /// Records the product (m, n) of the matrices `a` (m, k) and `b` (k, n).
    ///
    /// ```text
    /// out[i, j] = sum over l of a[i, l] * b[l, j]
    /// d_a = d_out b^T
    /// d_b = a^T d_out
    /// ```
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let a = tape.variable(&array![[1.0, 2.0]]);
    /// let b = tape.constant(&array![[3.0], [4.0]]);
    /// let product = tape.matmul(a, b)?; // (1, 1)
    /// tape.forward();
    /// tape.backward(product)?;
    /// assert_eq!(tape.number(product)?, 11.0);
    /// assert_eq!(tape.gradient(a)?, array![[3.0, 4.0]].into_dyn()); // b^T
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if an operand is not 2-D, or `a`'s columns differ from `b`'s rows.
    pub fn matmul(&mut self, a: Var, b: Var) -> Result<Var, TapeError> {
        self.record_with("matmul", &[a, b], MatMul::new)
    }
}

fn plain<T>(values: &[T]) -> Operand<'_, T> {
    Operand { values, transposed: false }
}

fn transposed<T>(values: &[T]) -> Operand<'_, T> {
    Operand { values, transposed: true }
}

impl MatMul {
    fn new(inputs: &[&[usize]]) -> Result<Self, Mismatch> {
        let (&[rows, columns], &[b_rows, b_columns]) = (inputs[0], inputs[1]) else {
            return Err(Mismatch::new("both must be matrices"));
        };
        if columns != b_rows {
            let reason = format!("the first has {columns} columns, the second {b_rows} rows");
            return Err(Mismatch::new(reason));
        }
        Ok(MatMul { sizes: [rows, columns, b_columns] })
    }
}

impl<T: Element> Operation<T> for MatMul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(vec![self.sizes[0], self.sizes[2]])
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        let (a, b) = (plain(values.input(0)), plain(values.input(1)));
        matmul(self.sizes, a, b, crate::Accumulate::Replace, out);
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        let [m, k, n] = self.sizes;
        gradients.write(0, |d_a, update| {
            matmul([m, n, k], plain(d_out), transposed(values.input(1)), update, d_a);
        });
        gradients.write(1, |d_b, update| {
            matmul([k, m, n], transposed(values.input(0)), plain(d_out), update, d_b);
        });
    }

    fn arithmetic(&self, _: &[&[usize]], _: &[usize]) -> Vec<String> {
        let [m, k, n] = self.sizes;
        vec![
            format!("({m}, {k}) x ({k}, {n}) = ({m}, {n})"),
            format!("operations: 2 * {m} * {k} * {n} = {}", <Self as Operation<T>>::flops(self)),
        ]
    }

    fn flops(&self) -> u64 {
        self.sizes.iter().fold(2, |flops, &size| flops.saturating_mul(size as u64))
    }

    fn backward_flops(&self, wanted: &[bool]) -> u64 {
        // The gradient of each operand is a product of the same size.
        let wanted = wanted.iter().filter(|&&wanted| wanted).count() as u64;
        <Self as Operation<T>>::flops(self).saturating_mul(wanted)
    }

    fn reads_input(&self, index: usize, wanted: &[bool]) -> bool {
        wanted[1 - index]
    }

    fn reads_output(&self) -> bool {
        false
    }
}
