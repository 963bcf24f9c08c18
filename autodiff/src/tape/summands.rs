//! The summands of a gradient, for people: what came from each operation that reads a node.

use super::{Tape, Var};
use crate::error::TapeError;
use crate::graph::Kind;
use crate::operation::{Gradients, Loan, Values};
use crate::plan::Loans;
use impasto_kernels::Element;
use ndarray::ArrayD;

impl<T: Element> Tape<T> {
    /// What each operation that reads a node added to the node's gradient in the last backward walk, in the order of
    /// that walk: the summands of [`Tape::gradient`]. An operation that reads the node twice adds once.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// # fn main() -> Result<(), impasto_autodiff::TapeError> {
    /// let mut tape = Tape::<f64>::new();
    /// let x = tape.variable(&array![2.0]);
    /// let square = tape.square(x)?;
    /// let tripled = tape.scale(x, 3.0)?;
    /// let both = tape.add(square, tripled)?;
    /// let y = tape.sum(both)?;
    /// tape.forward();
    /// tape.backward(y)?;
    /// let summands = tape.summands(x)?;
    /// assert_eq!(summands, [(tripled, array![3.0].into_dyn()), (square, array![4.0].into_dyn())]);
    /// assert_eq!(tape.gradient(x)?, array![7.0].into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Tape::gradient`]; [`TapeError::Recycled`] for every node of a tape that recycles buffers.
    pub fn summands(&mut self, var: Var) -> Result<Vec<(Var, ArrayD<T>)>, TapeError> {
        let index = self.index(var)?;
        self.gradient(var)?;
        if self.recycling.is_some() {
            return Err(TapeError::Recycled);
        }
        let Some(plan) = &self.plan else { return Err(TapeError::NoGradient) };
        let mut summands = Vec::new();
        for user in (index + 1..self.nodes.len()).rev() {
            let Loans { distinct, inputs } = &plan.loans[user];
            let (Some(buffer), true) = (plan.gradients[user], plan.started[user]) else { continue };
            let Some(place) = distinct.iter().position(|&(node, _)| node == index) else { continue };
            let node = &mut self.nodes[user];
            let Kind::Operation(operation) = &mut node.kind else { continue };
            // Fresh memory for all that the step adds to, so that no gradient of the walk changes.
            let mut loans: Vec<Loan<T>> = distinct
                .iter()
                .map(|&(node, _)| Loan {
                    node,
                    buffer: vec![T::zero(); self.places[node].len],
                    started: false,
                })
                .collect();
            let values = Values {
                buffers: &self.buffers,
                places: &self.places,
                inputs: &node.inputs,
                output: Some(user),
            };
            let mut gradients = Gradients { places: &self.places, inputs, loans: &mut loans };
            operation.backward(&values, &self.buffers[buffer][..self.places[user].len], &mut gradients);
            let Loan { buffer, started, .. } = loans.swap_remove(place);
            if started {
                let shape = self.places[index].shape.as_slice();
                let summand =
                    ArrayD::from_shape_vec(shape, buffer).expect("a gradient has its value's shape");
                summands.push((Var { tape: self.id, index: user }, summand));
            }
        }
        Ok(summands)
    }
}

#[cfg(test)]
mod tests {
    use crate::Tape;
    use ndarray::{Array2, array};

    #[test]
    fn summands_add_up_and_change_nothing() {
        let mut tape = Tape::<f64>::new();
        let x = tape.variable(&array![[1.0, -2.0], [0.5, 3.0]]);
        let y = tape.variable(&array![[2.0, 1.0], [-1.0, 0.25]]);
        let product = tape.matmul(x, y).unwrap();
        let square = tape.mul(product, product).unwrap();
        let sum = tape.add(square, x).unwrap();
        let masked = tape.relu(product).unwrap();
        let both = tape.add(sum, masked).unwrap();
        let loss = tape.sum(both).unwrap();
        let beside = tape.sum(x).unwrap();
        tape.forward();
        tape.backward(loss).unwrap();
        let before = [x, y, product].map(|var| tape.gradient(var).unwrap().to_owned());
        for (var, users) in [(x, vec![sum, product]), (product, vec![masked, square]), (y, vec![product])] {
            let summands = tape.summands(var).unwrap();
            assert_eq!(summands.iter().map(|(user, _)| *user).collect::<Vec<_>>(), users);
            let total = summands.into_iter().map(|(_, summand)| summand).reduce(|a, b| a + b).unwrap();
            assert_eq!(total, tape.gradient(var).unwrap());
        }
        assert_eq!([x, y, product].map(|var| tape.gradient(var).unwrap().to_owned()), before);
        // Nothing came back from what the loss does not depend on.
        assert!(tape.summands(beside).is_err());
        assert_eq!(tape.summands(loss).unwrap(), []);
    }

    #[test]
    fn of_recycled_buffers_nothing_is_told() {
        let mut tape = Tape::<f64>::new();
        let x = tape.variable(&Array2::ones((2, 2)));
        let loss = tape.sum(x).unwrap();
        assert!(tape.summands(x).is_err());
        tape.recycle(loss, &[]).unwrap();
        tape.forward();
        tape.backward(loss).unwrap();
        assert!(matches!(tape.summands(x), Err(crate::TapeError::Recycled)));
    }
}
