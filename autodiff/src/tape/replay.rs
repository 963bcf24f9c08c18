//! Replaying: the two walks over the list of nodes, forward from first to last, backward from last to first.

use super::{Progress, Tape, Var};
use crate::error::TapeError;
use crate::graph::Kind;
use crate::operation::{Gradients, Loan, Values};
use crate::plan::{self, Loans, Plan};
use impasto_kernels::Element;

/// Replaying.
impl<T: Element> Tape<T> {
    /// Computes every value, from the first node to the last.
    pub fn forward(&mut self) {
        self.forward_each(|_| ());
    }

    /// As [`Tape::forward`], calling `visit` right after each operation: a clock there finds what each costs.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let x = tape.variable(&array![3.0]);
    /// let square = tape.square(x)?;
    /// let loss = tape.sum(square)?;
    /// let mut walk = Vec::new();
    /// tape.forward_each(|var| walk.push(var));
    /// tape.backward_each(loss, |var| walk.push(var))?;
    /// assert_eq!(walk, [square, loss, loss, square]); // there and back
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    pub fn forward_each(&mut self, mut visit: impl FnMut(Var)) {
        let plan = match self.plan.take() {
            Some(plan) => plan,
            None => self.make_plan(self.recycling.as_ref().map(|recycling| recycling.result)),
        };
        for index in (0..self.nodes.len()).filter(|&index| plan.needed[index]) {
            if matches!(self.nodes[index].kind, Kind::Leaf) {
                continue;
            }
            self.compute(index);
            visit(Var { tape: self.id, index });
        }
        self.plan = Some(plan);
        self.progress = Progress::Computed;
        self.out_of_date = false;
    }

    /// Computes the value of one operation; leaves stay as they are.
    pub(crate) fn compute(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        let Kind::Operation(operation) = &mut node.kind else { return };
        let place = &mut self.places[index];
        place.version += 1;
        // On loan, so that the operation can read the other buffers meanwhile.
        let mut out = std::mem::take(&mut self.buffers[place.buffer]);
        let (buffer, len) = (place.buffer, place.len);
        let values =
            Values { buffers: &self.buffers, places: &self.places, inputs: &node.inputs, output: None };
        operation.forward(&values, &mut out[..len]);
        self.buffers[buffer] = out;
    }

    /// Computes the gradient of `result`, a single number, with respect to every variable that it
    /// depends on, from the last node to the first. [`Tape::forward`] must have been called; the
    /// gradients of an earlier backward walk are replaced.
    ///
    /// One forward walk serves any number of backward walks, each from a result of its own. Only
    /// where buffers are recycled each needs a forward walk before it: gradients take the place of values.
    ///
    /// ```
    /// use impasto_autodiff::Tape;
    /// use ndarray::array;
    ///
    /// let mut tape = Tape::<f64>::new();
    /// let x = tape.variable(&array![1.0, 2.0]);
    /// let sum = tape.sum(x)?;
    /// let squares = tape.square(x)?;
    /// let energy = tape.sum(squares)?;
    ///
    /// tape.forward();
    /// tape.backward(sum)?;
    /// assert_eq!(tape.gradient(x)?, array![1.0, 1.0].into_dyn());
    /// tape.backward(energy)?;
    /// assert_eq!(tape.gradient(x)?, array![2.0, 4.0].into_dyn());
    /// # Ok::<(), impasto_autodiff::TapeError>(())
    /// ```
    ///
    /// # Errors
    /// [`TapeError::NoValue`] before forward; [`TapeError::NotAScalar`] if the result is an array;
    /// [`TapeError::OtherResult`] if the buffers are recycled for another result;
    /// [`TapeError::OutOfDate`] if a leaf was set after forward, or its values were recycled.
    pub fn backward(&mut self, result: Var) -> Result<(), TapeError> {
        self.backward_each(result, |_| ())
    }

    /// As [`Tape::backward`], calling `visit` right after each operation that a gradient went through.
    ///
    /// # Errors
    /// As [`Tape::backward`].
    pub fn backward_each(&mut self, result: Var, mut visit: impl FnMut(Var)) -> Result<(), TapeError> {
        let result = self.index(result)?;
        if self.places[result].len != 1 {
            return Err(TapeError::NotAScalar(self.places[result].shape.clone()));
        }
        if self.progress == Progress::Recorded {
            return Err(TapeError::NoValue);
        }
        if self.recycling.as_ref().is_some_and(|recycling| recycling.result != result) {
            return Err(TapeError::OtherResult);
        }
        if self.out_of_date {
            return Err(TapeError::OutOfDate);
        }
        let mut plan = match self.plan.take() {
            Some(plan) if plan.result == Some(result) => plan,
            _ => self.make_plan(Some(result)),
        };
        plan.started.fill(false);
        if let Some(buffer) = plan.gradients[result] {
            self.buffers[buffer][0] = T::one();
            plan.started[result] = true;
        }
        for index in (0..=result).rev() {
            let (Some(d_out_buffer), true) = (plan.gradients[index], plan.started[index]) else { continue };
            let node = &mut self.nodes[index];
            let Kind::Operation(operation) = &mut node.kind else { continue };
            let Loans { distinct, inputs } = &plan.loans[index];
            // The gradient that arrives and those that are added to are on loan, so that the
            // operation can read the values meanwhile.
            let d_out = std::mem::take(&mut self.buffers[d_out_buffer]);
            self.loans.extend(distinct.iter().map(|&(node, buffer)| Loan {
                node,
                buffer: std::mem::take(&mut self.buffers[buffer]),
                started: plan.started[node],
            }));
            let values = Values {
                buffers: &self.buffers,
                places: &self.places,
                inputs: &node.inputs,
                output: Some(index),
            };
            let mut gradients = Gradients { places: &self.places, inputs, loans: &mut self.loans };
            operation.backward(&values, &d_out[..self.places[index].len], &mut gradients);
            for (loan, &(node, buffer)) in self.loans.drain(..).zip(distinct) {
                plan.started[node] = loan.started;
                self.buffers[buffer] = loan.buffer;
            }
            self.buffers[d_out_buffer] = d_out;
            visit(Var { tape: self.id, index });
        }
        self.plan = Some(plan);
        self.progress = Progress::Differentiated;
        self.out_of_date = self.recycling.is_some();
        Ok(())
    }

    /// Lets every thread of the current rayon pool allocate the scratch memory of this tape's operations now, so that
    /// none does so during a walk. Nothing else needs this call.
    pub fn reserve_scratch(&self) {
        impasto_kernels::reserve_scratch(self.scratch_len());
    }

    /// Values of scratch memory that each thread needs.
    pub(crate) fn scratch_len(&self) -> usize {
        self.operations().map(|(operation, _)| operation.scratch_len()).max().unwrap_or(0)
    }

    /// Plans the walks, backward from `result`, and moves the values to their new buffers.
    fn make_plan(&mut self, result: Option<usize>) -> Plan {
        let computed = self.progress != Progress::Recorded;
        let plan = plan::make(&self.nodes, &self.places, self.recycling.as_ref(), result);
        let mut old = std::mem::take(&mut self.buffers);
        self.buffers = plan.buffer_lens.iter().map(|_| Vec::new()).collect();
        for (index, place) in self.places.iter_mut().enumerate() {
            if (computed || matches!(self.nodes[index].kind, Kind::Leaf))
                && let (Some(old), Some(new)) = (old.get_mut(place.buffer), plan.values[index])
            {
                self.buffers[new] = std::mem::take(old);
            }
            place.buffer = plan.values[index].unwrap_or(usize::MAX);
        }
        for (buffer, &len) in self.buffers.iter_mut().zip(&plan.buffer_lens) {
            // Only what is missing: a leaf keeps its value.
            buffer.resize(len.max(buffer.len()), T::zero());
        }
        self.loans.reserve(plan.loans.iter().map(|loans| loans.distinct.len()).max().unwrap_or(0));
        plan
    }
}
