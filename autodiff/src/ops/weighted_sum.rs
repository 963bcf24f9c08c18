//! The sum of single numbers, each with its weight.

use crate::error::shape;
use crate::{Element, Formulas, Gradients, Mismatch, Operation, Tape, TapeError, Values, Var};

const FORMULAS: Formulas = Formulas {
    forward: &["out = sum over i of weight[i] * x[i]"],
    backward: &["d_x[i] = weight[i] * d_out"],
};

struct WeightedSum<T> {
    weights: Vec<T>,
}

impl<T: Element> Tape<T> {
    /// Records the sum of single numbers, each times its weight: a loss made of several.
    ///
    /// ```text
    /// out = sum over i of weight[i] * x[i]
    /// d_x[i] = weight[i] * d_out
    /// ```
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let (content, style) = (tape.variable(&array![2.0]), tape.variable(&array![3.0]));
    /// let loss = tape.weighted_sum(&[(content, 1.0), (style, 10.0)])?;
    /// tape.forward();
    /// tape.backward(loss)?;
    /// assert_eq!(tape.number(loss)?, 32.0);
    /// assert_eq!(tape.gradient(style)?[[0]], 10.0);
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::Shape`] if there are no terms or one is an array of several values.
    pub fn weighted_sum(&mut self, terms: &[(Var, T)]) -> Result<Var, TapeError> {
        let (numbers, weights): (Vec<Var>, Vec<T>) = terms.iter().copied().unzip();
        self.record(WeightedSum { weights }, &numbers)
    }
}

impl<T: Element> Operation<T> for WeightedSum<T> {
    fn name(&self) -> &'static str {
        "weighted_sum"
    }

    fn formulas(&self) -> Formulas {
        FORMULAS
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        if inputs.is_empty() {
            return Err(Mismatch::new("there must be at least one term"));
        }
        match inputs.iter().find(|input| input.iter().any(|&len| len != 1)) {
            Some(array) => {
                Err(Mismatch::new(format!("{} is not a single number, sum it first", shape(array))))
            }
            None => Ok(Vec::new()),
        }
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        let terms = self.weights.iter().enumerate();
        let sum: f64 = terms.map(|(index, weight)| weight.as_f64() * values.input(index)[0].as_f64()).sum();
        out[0] = T::from_f64(sum);
    }

    fn backward(&mut self, _: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        for (index, &weight) in self.weights.iter().enumerate() {
            gradients.add(index, |d_x| d_x[0] = d_x[0] + weight * d_out[0]);
        }
    }

    fn arithmetic(&self, _: &[&[usize]], _: &[usize]) -> Vec<String> {
        let terms = self.weights.iter().enumerate();
        let terms: Vec<_> = terms.map(|(index, weight)| format!("{weight} * x[{index}]")).collect();
        vec![format!("out = {}", terms.join(" + "))]
    }

    fn flops(&self) -> u64 {
        2 * self.weights.len() as u64
    }

    fn backward_flops(&self, wanted: &[bool]) -> u64 {
        2 * wanted.iter().filter(|&&wanted| wanted).count() as u64
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        false
    }

    fn reads_output(&self) -> bool {
        false
    }
}
