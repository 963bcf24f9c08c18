//! What functions of two values have in common: `out = f(a, b)`, value by value, for arrays whose shapes broadcast.

use super::broadcast::Broadcast;
use crate::error::{Mismatch, TapeError};
use crate::formulas::Formulas;
use crate::operation::{Gradients, Operation, Values};
use crate::tape::{Tape, Var};
use impasto_kernels::Element;
use std::marker::PhantomData;

/// A differentiable function of two values.
pub(super) trait Binary<T: Element>: Send + 'static {
    /// The operation's name.
    const NAME: &'static str;
    /// What it computes, for people.
    const FORMULAS: Formulas;
    /// Whether [`d_a`](Binary::d_a) reads `a`, and whether it reads `b`. What it does not read is given as 0.
    const D_A_READS: [bool; 2];
    /// Likewise for [`d_b`](Binary::d_b).
    const D_B_READS: [bool; 2];

    /// The value.
    fn f(a: T, b: T) -> T;

    /// The gradient of `a` from `d_out`.
    fn d_a(a: T, b: T, d_out: T) -> T;

    /// The gradient of `b` from `d_out`.
    fn d_b(a: T, b: T, d_out: T) -> T;
}

/// The operation that applies a [`Binary`] function to each pair of values.
struct Pairs<F> {
    function: PhantomData<F>,
    broadcast: Broadcast,
    output: Vec<usize>,
}

/// Records `F` of `a` and `b`.
pub(super) fn record<F: Binary<T>, T: Element>(
    tape: &mut Tape<T>,
    [a, b]: [Var; 2],
) -> Result<Var, TapeError> {
    tape.record_with(F::NAME, &[a, b], |shapes| {
        let (broadcast, output) = Broadcast::new(shapes[0], shapes[1])?;
        Ok(Pairs { function: PhantomData::<F>, broadcast, output })
    })
}

impl<T: Element, F: Binary<T>> Operation<T> for Pairs<F> {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(self.output.clone())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        self.broadcast
            .zip([Some(values.input(0)), Some(values.input(1))], out, |out, a, b| *out = F::f(a, b));
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        let read = |reads: [bool; 2]| [0, 1].map(|index| reads[index].then(|| values.input(index)));
        gradients.add(0, |d_a| self.broadcast.add_gradient(0, read(F::D_A_READS), d_out, d_a, F::d_a));
        gradients.add(1, |d_b| self.broadcast.add_gradient(1, read(F::D_B_READS), d_out, d_b, F::d_b));
    }

    fn reads_input(&self, index: usize, wanted: &[bool]) -> bool {
        wanted[0] && F::D_A_READS[index] || wanted[1] && F::D_B_READS[index]
    }

    fn reads_output(&self) -> bool {
        false
    }

    fn formulas(&self) -> Formulas {
        F::FORMULAS
    }
}
