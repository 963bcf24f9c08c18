//! What functions of one value have in common: `out = f(x)`, value by value, for an array of any shape.

use crate::error::Mismatch;
use crate::formulas::Formulas;
use crate::operation::{Gradients, Operation, Values};
use impasto_kernels::Element;

/// A differentiable function of one value.
pub(super) trait Unary<T: Element>: Send + 'static {
    /// The operation's name.
    const NAME: &'static str;
    /// What it computes, for people.
    const FORMULAS: Formulas;
    /// Which value [`df`](Unary::df) is given.
    const READS: Reads;

    /// The value.
    fn f(&self, x: T) -> T;

    /// The gradient `d_x` from `d_out`. `read` is the value that [`READS`](Unary::READS) names, 0 if that is none.
    fn df(&self, read: T, d_out: T) -> T;
}

/// The value that a gradient is computed from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    X,
    Out,
    Neither,
}

/// The operation that applies a [`Unary`] function to each value of an array.
pub(super) struct Each<F>(pub(super) F);

impl<T: Element, F: Unary<T>> Operation<T> for Each<F> {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, Mismatch> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&mut self, values: &Values<'_, T>, out: &mut [T]) {
        for (out, &x) in out.iter_mut().zip(values.input(0)) {
            *out = self.0.f(x);
        }
    }

    fn backward(&mut self, values: &Values<'_, T>, d_out: &[T], gradients: &mut Gradients<'_, T>) {
        gradients.add(0, |d_x| {
            let terms = d_x.iter_mut().zip(d_out);
            let read = match F::READS {
                Reads::X => values.input(0),
                Reads::Out => values.output(),
                Reads::Neither => {
                    return terms.for_each(|(d_x, &d_out)| *d_x = *d_x + self.0.df(T::zero(), d_out));
                }
            };
            terms.zip(read).for_each(|((d_x, &d_out), &read)| *d_x = *d_x + self.0.df(read, d_out));
        });
    }

    fn reads_input(&self, _: usize, _: &[bool]) -> bool {
        F::READS == Reads::X
    }

    fn reads_output(&self) -> bool {
        F::READS == Reads::Out
    }

    fn formulas(&self) -> Formulas {
        F::FORMULAS
    }
}
